"""Secrets, ConfigMaps and fields of a pod on a laptop: what stands in for them, what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import argosy as api
from cli_processes import Ended, argosy
from corpus_runs import CORPUS
from sdk_compiled import compile_with_sdk

SOURCE = """
from kfp import dsl, kubernetes

@dsl.container_component
def show(
    said: dsl.OutputPath(str),
    script: str = 'printf "${{TOKEN-none}} ${{MODE-none}} ${{NODE-none}}"',
):
    return dsl.ContainerSpec(
        image="alpine:3.20", command=["sh", "-c", 'eval "$1" > "$0"'], args=[said, script]
    )

@dsl.pipeline(name="secrets")
def pipeline({inputs}):
    {body}
"""
VARIABLES = """task = show()
    kubernetes.use_secret_as_env(task, "login", {"token": "TOKEN"})
    kubernetes.use_config_map_as_env(task, "settings", {"mode": "MODE"})
    kubernetes.use_field_path_as_env(task, "NODE", "spec.nodeName")
"""
VOLUMES = """task = show(script="cat /login/token /settings/mode")
    kubernetes.use_secret_as_volume(task, "login", "/login")
    kubernetes.use_config_map_as_volume(task, "settings", "/settings")
"""


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A directory with a Secret and a ConfigMap in directories, and an environment file."""
    for name, key, value in (("login", "token", "top secret"), ("settings", "mode", "fast")):
        (tmp_path / name).mkdir()
        (tmp_path / name / key).write_text(f"{value}\n")
    (tmp_path / "variables").write_text(
        "# by hand\n\nTOKEN=x=y \nNODE=laptop\nnot_named=1\n", encoding="utf-8"
    )
    return tmp_path


def run(here: Path, body: str, *words: str, inputs: str = "") -> Ended:
    compile_with_sdk(here, SOURCE.format(body=body.strip(), inputs=inputs))
    return argosy("run", "sdk_pipeline.yaml", *words, "-o", "json", cwd=here)


def said(ended: Ended, task: str = "show") -> Any:
    assert ended.status == 0, ended.err
    return ended.task(task)["outputs"]["parameters"]["said"]


GIVEN = ("--secret", "login=login", "--config-map", "settings=settings")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (GIVEN, "top secret fast none"),
        (("--env-file", "variables"), "x=y  none laptop"),
        ((*GIVEN, "--env-file", "variables"), "x=y  fast laptop"),
        ((), "none none none"),
    ],
    ids=["directories", "file", "both", "neither"],
)
def test_variables_come_from_what_stands_in(
    words: Sequence[str], expected: str, here: Path
) -> None:
    assert said(run(here, VARIABLES, *words)) == expected


def test_directories_stand_in_for_volumes(here: Path) -> None:
    ended = run(here, VOLUMES, *GIVEN)

    assert said(ended) == "top secret\nfast\n"
    assert ended.notes == []


def test_what_is_missing_is_said_in_one_line_before_the_run_starts(here: Path) -> None:
    ended = run(here, VARIABLES)

    lines = ended.err.splitlines()
    assert ended.notes == [
        "not on this machine: secret 'login' (show), config map 'settings' (show), variable 'NODE'"
        " (show); give --secret login=DIR, --config-map settings=DIR, --env-file FILE"
    ]
    assert lines.index(f"note: {ended.notes[0]}") < min(
        number for number, line in enumerate(lines) if "RUNNING" in line
    )


def test_nothing_is_missing_that_is_optional_or_given_as_a_variable(here: Path) -> None:
    body = """task = show()
    kubernetes.use_secret_as_env(task, "login", {"token": "TOKEN"})
    kubernetes.use_secret_as_env(task, "other", {"token": "OTHER"}, optional=True)
    kubernetes.use_secret_as_volume(task, "other", "/other", optional=True)
    kubernetes.use_field_path_as_env(task, "NODE", "spec.nodeName")
    """

    assert run(here, body, "--env-file", "variables").notes == []


def test_a_task_reads_the_id_of_its_run_from_a_label_of_its_pod(here: Path) -> None:
    body = """task = show()
    kubernetes.use_field_path_as_env(task, "NODE", "metadata.labels['pipeline/runid']")
    """

    ended = run(here, body)

    assert said(ended) == f"none none {ended.result['run_id']}"
    assert ended.notes == []


def test_the_name_of_a_secret_may_be_a_parameter(here: Path) -> None:
    body = """with dsl.ParallelFor(["a", "b"]) as item:
        task = show()
        kubernetes.use_secret_as_env(task, name, {"token": "TOKEN"})
    """
    inputs = 'name: str = "other"'

    missing = run(here, body, inputs=inputs)
    ended = run(here, body, "-p", "name=login", "--secret", "login=login", inputs=inputs)

    assert missing.notes == ["not on this machine: secret 'other' (show); give --secret other=DIR"]
    assert said(ended, "for-loop-2/1/show").startswith("top secret ")


def test_a_secret_whose_name_a_task_puts_out_is_named_when_it_is_known(here: Path) -> None:
    body = """name = show(script="printf login")
    for number in range(2):
        task = show()
        kubernetes.use_secret_as_env(task, name.output, {"token": "TOKEN"})
        task.after(name)
    """

    missing = run(here, body)
    ended = run(here, body, "--secret", "login=login")

    assert len(missing.notes) == 1
    assert missing.notes[0].endswith(
        ": secret 'login' is not on this machine; give --secret login=DIR"
    )
    assert said(ended, "show-2") == "top secret none none"
    assert ended.notes == []


def test_a_component_s_own_variable_takes_precedence(here: Path) -> None:
    body = VARIABLES + '    task.set_env_variable("TOKEN", "own")\n'

    assert said(run(here, body, *GIVEN)) == "own fast none"


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (
            None,
            "task 'show': the secret in '{here}/login' has no key 'token'; add a file of that name",
        ),
        (
            b"\xff",
            "task 'show': '{here}/login/token' cannot be the value of a variable: it is not UTF-8",
        ),
        (
            b"a\0b",
            "task 'show': '{here}/login/token' cannot be the value of a variable: it has a NUL "
            "character",
        ),
    ],
)
def test_a_key_that_gives_no_value_fails_the_task(
    content: bytes | None, error: str, here: Path
) -> None:
    key = here / "login" / "token"
    if content is None:
        key.unlink()
    else:
        key.write_bytes(content)

    ended = run(here, VARIABLES, *GIVEN)

    assert ended.status == 1
    assert ended.task("show")["error"] == error.format(here=here)


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (None, "--env-file '{file}' cannot be read: No such file or directory"),
        (b"A=1\nB\n", "--env-file '{file}', line 2: write it as NAME=VALUE"),
        (b"A=\xff\n", "--env-file '{file}' cannot be read: it is not UTF-8"),
    ],
)
def test_a_wrong_environment_file_is_wrong_usage(
    content: bytes | None, error: str, here: Path
) -> None:
    file = here / "broken"
    if content is not None:
        file.write_bytes(content)

    ended = run(here, VARIABLES, "--env-file", "broken")

    assert (ended.status, ended.errors) == (2, [error.format(file=file)])


def test_where_a_secret_comes_from_counts_for_the_cache_and_its_content_does_not(
    here: Path,
) -> None:
    compile_with_sdk(here, SOURCE.format(body=VARIABLES.strip(), inputs=""))
    file, home = here / "sdk_pipeline.yaml", here / "home"

    def cached(**given: Any) -> bool:
        planned = api.plan(file, home=home, **given).tasks[0].verdict
        task = api.run(file, home=home, **given).tasks[0]
        assert (planned is api.Verdict.CACHED) == task.cached
        return task.cached

    assert not cached()
    assert not cached(secrets={"login": here / "login"})
    (here / "login" / "token").write_text("other")
    assert cached(secrets={"login": here / "login"})
    assert not cached(env_file=here / "variables")
    assert cached()


def test_no_value_of_a_secret_is_stored(here: Path) -> None:
    ended = run(here, VARIABLES.replace("show()", 'show(script="true")'), *GIVEN)

    assert said(ended) == ""
    kept = [path for path in (here / ".argosy").rglob("*") if path.is_file()]
    assert kept
    assert [path for path in kept if b"top secret" in path.read_bytes()] == []


@pytest.mark.skipif(not CORPUS.is_dir(), reason="needs ../shared/kfp-pipelines")
def test_a_real_pipeline_takes_its_secret_from_a_directory(tmp_path: Path) -> None:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "username").write_text("user1")
    file = CORPUS / "valid" / "parallel_and_nested" / "parallel_for_secret.yaml"

    ended = argosy(
        *("run", str(file), "--secret", "test-secret-1=secret", "-o", "json"), cwd=tmp_path
    )

    found = [ended.task(f"for-loop-2/{item}/example-component") for item in range(3)]
    assert [task["outputs"]["parameters"]["Output"] for task in found] == ["user1"] * 3


SNAPSHOTS = "kubernetes_platform/python/test/snapshot/data"
REAL = [
    "valid/pipeline_with_volume.yaml",
    "valid/pipeline_with_volume_no_cache.yaml",
    "valid/critical/pipeline_with_volume_long_name.yaml",
    "valid/parallel_and_nested/parallel_for_mount_pvc.yaml",
    f"{SNAPSHOTS}/create_mount_delete_existing_pvc.yaml",
    f"{SNAPSHOTS}/create_mount_delete_existing_pvc_from_task_output.yaml",
]


@pytest.mark.skipif(not CORPUS.is_dir(), reason="needs ../shared/kfp-pipelines")
@pytest.mark.parametrize("file", REAL)
def test_a_real_pipeline_has_its_claim(file: str, tmp_path: Path) -> None:
    ended = argosy("run", str(CORPUS / file), "-o", "json", cwd=tmp_path)

    assert ended.status == 0, ended.err
    assert ended.notes == []
