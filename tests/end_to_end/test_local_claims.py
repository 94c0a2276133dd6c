"""Volume claims on a laptop: directories of the run, or those that the caller gives."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import argosy as api
from cli_processes import argosy
from sdk_compiled import compile_with_sdk

SOURCE = """
from kfp import dsl, kubernetes

@dsl.container_component
def sh(script: str, said: dsl.OutputPath(str), folder: str = "/data"):
    return dsl.ContainerSpec(
        image="alpine:3.20",
        command=["sh", "-ec", "exec > \\"$1\\"\\n" + "cd /data\\n" + "eval \\"$0\\""],
        args=[script, said, folder],
    )

@dsl.pipeline(name="claims")
def pipeline({inputs}):
    {body}
"""
MADE = """
    made = kubernetes.CreatePVC(pvc_name_suffix="-work", access_modes=["ReadWriteOnce"], size="1Gi")
    first = sh(script='echo hello > "$2"/word; echo "$2"/word')
    second = sh(script='cat "$2/word"; ls /data/').after(first)
    for task in (first, second):
        kubernetes.mount_pvc(task, made.outputs["name"], "/data")
"""
DELETED = f"""{MADE}
    kubernetes.DeletePVC(pvc_name=made.outputs["name"]).after(second)
"""
CHANGED = """
    made = kubernetes.CreatePVC(pvc_name_suffix="-work", access_modes=["ReadWriteOnce"], size="1Gi")
    earlier = made
    for script in ("echo one >> word", "cat word", "echo two >> word", "cat word"):
        task = sh(script=script).after(earlier)
        kubernetes.mount_pvc(task, made.outputs["name"], "/data")
        earlier = task
"""
MOUNTED = """
    task = sh(script="cat word")
    kubernetes.mount_pvc(task, {claim}, "/data")
"""


@pytest.fixture
def compiled(tmp_path: Path) -> Path:
    return tmp_path / "sdk_pipeline.yaml"


def compile_body(directory: Path, body: str, inputs: str = "") -> None:
    compile_with_sdk(directory, SOURCE.format(body=body.strip(), inputs=inputs))


def test_a_claim_that_the_run_makes_is_a_directory_until_it_is_deleted(
    tmp_path: Path, compiled: Path
) -> None:
    compile_body(tmp_path, DELETED)

    ended = argosy("run", str(compiled), "-o", "json", cwd=tmp_path)

    assert ended.status == 0, ended.err
    states = {task["path"]: task["state"] for task in ended.result["tasks"]}
    assert states == dict.fromkeys(("createpvc", "deletepvc", "sh", "sh-2"), "SUCCEEDED")
    claims = tmp_path / ".argosy" / "runs" / ended.result["run_id"] / "claims"
    name = ended.task("createpvc")["outputs"]["parameters"]["name"]
    assert ended.task("sh")["outputs"]["parameters"]["said"] == f"{claims}/{name}/word\n"
    assert ended.task("sh-2")["outputs"]["parameters"]["said"] == "hello\nword\n"
    assert list(claims.iterdir()) == []
    assert ended.notes == []


def test_the_name_of_a_claim_may_come_from_a_task(tmp_path: Path, compiled: Path) -> None:
    body = MADE.replace('pvc_name_suffix="-work"', "pvc_name=name.output")
    source = """
@dsl.container_component
def name(value: dsl.OutputPath(str)):
    return dsl.ContainerSpec(
        image="alpine:3.20", command=["sh", "-c", 'printf work > "$0"'], args=[value]
    )

@dsl.pipeline"""
    compile_with_sdk(
        tmp_path,
        SOURCE.replace("@dsl.pipeline", source).format(
            body="named = name()\n    " + body.replace("name.output", "named.output").strip(),
            inputs="",
        ),
    )

    ended = argosy("run", str(compiled), "-o", "json", cwd=tmp_path)

    assert ended.status == 0, ended.err
    assert ended.task("createpvc")["outputs"]["parameters"]["name"] == "work"
    assert ended.notes == []


def test_a_claim_that_is_not_deleted_stays_with_the_run(tmp_path: Path, compiled: Path) -> None:
    compile_body(tmp_path, MADE)

    ended = argosy("run", str(compiled), "-o", "json", cwd=tmp_path)

    (claim,) = (tmp_path / ".argosy" / "runs" / ended.result["run_id"] / "claims").iterdir()
    assert (claim / "word").read_text() == "hello\n"


def test_a_run_that_goes_on_finds_its_claim_as_it_was(tmp_path: Path, compiled: Path) -> None:
    mark = tmp_path / "mark"
    compile_body(tmp_path, DELETED.replace("ls /data/", f"ls {mark}"))
    failed = argosy("run", str(compiled), "-o", "json", cwd=tmp_path)
    mark.touch()

    ended = argosy("run", "--resume", failed.result["run_id"], "-o", "json", cwd=tmp_path)

    assert (failed.status, ended.status) == (1, 0), ended.err
    assert ended.task("sh-2")["outputs"]["parameters"]["said"] == f"hello\n{mark}\n"


def test_nothing_that_uses_a_claim_of_a_run_is_cached(tmp_path: Path, compiled: Path) -> None:
    """Also if its name is the same in each run: the next run begins with an empty directory."""
    compile_body(tmp_path, DELETED.replace('pvc_name_suffix="-work"', 'pvc_name="work"'))
    argosy("run", str(compiled), cwd=tmp_path)

    planned = argosy("plan", str(compiled), "-o", "json", cwd=tmp_path)
    ended = argosy("run", str(compiled), "-o", "json", cwd=tmp_path)

    assert {task["path"]: task["verdict"] for task in planned.result["tasks"]}["sh"] == "run"
    assert [task["cached"] for task in ended.result["tasks"]] == [False] * 4


def test_a_task_sees_what_a_later_one_of_its_run_left_in_a_claim(
    tmp_path: Path, compiled: Path
) -> None:
    """Although an equal task ran before."""
    compile_body(tmp_path, CHANGED)

    ended = argosy("run", str(compiled), "-o", "json", cwd=tmp_path)

    said = {
        task["path"]: task["outputs"]["parameters"].get("said") for task in ended.result["tasks"]
    }
    assert (said["sh-2"], said["sh-4"]) == ("one\n", "one\ntwo\n")


@pytest.mark.parametrize(
    ("claim", "inputs", "words"),
    [
        ('"data"', "", ()),
        ("claim", 'claim: str = "other"', ("-p", "claim=data")),
    ],
    ids=["constant", "parameter"],
)
def test_a_directory_stands_in_for_a_claim_of_the_cluster(
    claim: str, inputs: str, words: tuple[str, ...], tmp_path: Path, compiled: Path
) -> None:
    body = MOUNTED.format(claim=claim)
    compile_body(tmp_path, body, inputs)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "word").write_text("mine\n")

    ended = argosy("run", str(compiled), *words, "--claim", "data=data", "-o", "json", cwd=tmp_path)

    assert ended.status == 0, ended.err
    assert ended.task("sh")["outputs"]["parameters"]["said"] == "mine\n"
    assert ended.notes == []


def test_a_mount_path_above_the_home_and_the_root_hides_neither(tmp_path: Path) -> None:
    """As in a container for development, whose checkout is where pipelines mount their data."""
    (tmp_path / "mine").mkdir()
    source = f"""
from kfp import dsl, kubernetes

@dsl.container_component
def make(model: dsl.Output[dsl.Artifact]):
    return dsl.ContainerSpec(
        image="alpine:3.20",
        command=["sh", "-ec", 'cat {tmp_path}/word > "$0"'],
        args=[model.path],
    )

@dsl.container_component
def show(model: dsl.Input[dsl.Artifact], said: dsl.OutputPath(str)):
    return dsl.ContainerSpec(
        image="alpine:3.20", command=["sh", "-ec", 'cat "$0" > "$1"'], args=[model.path, said]
    )

@dsl.pipeline(name="claims")
def pipeline():
    made = make()
    shown = show(model=made.outputs["model"])
    for task in (made, shown):
        kubernetes.mount_pvc(task, "data", "{tmp_path}")
"""
    (tmp_path / "mine" / "word").write_text("mine")

    result = api.run(
        compile_with_sdk(tmp_path, source),
        claims={"data": tmp_path / "mine"},
        home=tmp_path / "home",
        root=f"file://{tmp_path}/artifacts",
    )

    assert result.error is None
    assert result.tasks[1].outputs.parameters == {"said": "mine"}


def test_another_directory_in_place_of_a_claim_gives_another_result(
    tmp_path: Path, compiled: Path
) -> None:
    compile_body(tmp_path, MOUNTED.format(claim='"data"'))
    for word in ("one", "two"):
        (tmp_path / word).mkdir()
        (tmp_path / word / "word").write_text(word)

    said = [
        api.run(str(compiled), claims={"data": tmp_path / word}, home=tmp_path / "home").tasks[0]
        for word in ("one", "two", "two")
    ]

    assert [task.outputs.parameters["said"] for task in said] == ["one", "two", "two"]
    assert [task.cached for task in said] == [False, False, True]


def test_a_claim_that_is_not_here_is_named_before_the_run_starts(
    tmp_path: Path, compiled: Path
) -> None:
    compile_body(tmp_path, MOUNTED.format(claim='"data"'))

    ended = argosy("run", str(compiled), "-o", "json", cwd=tmp_path)

    assert ended.notes == ["not on this machine: claim 'data' (sh); give --claim data=DIR"]


def test_a_claim_that_is_used_too_late_is_told_with_the_task_that_deleted_it(
    tmp_path: Path, compiled: Path
) -> None:
    late = (
        DELETED.replace("kubernetes.DeletePVC", "gone = kubernetes.DeletePVC")
        + """
    late = sh(script="cat word").after(gone)
    kubernetes.mount_pvc(late, made.outputs["name"], "/data")
"""
    )
    compile_body(tmp_path, late)

    ended = argosy("run", str(compiled), "-o", "json", cwd=tmp_path)

    name = ended.task("createpvc")["outputs"]["parameters"]["name"]
    assert ended.notes == [
        f"sh-3: claim '{name}' was deleted by task 'deletepvc'; let that task run after this one"
    ]


def test_a_claim_that_was_deleted_is_not_served_from_the_cache(
    tmp_path: Path, compiled: Path
) -> None:
    """A task that mounts it gets nothing, not what an equal task found there before."""
    body = """
    made = kubernetes.CreatePVC(pvc_name_suffix="-work", access_modes=["ReadWriteOnce"], size="1Gi")
    first = sh(script="ls").after(made)
    gone = kubernetes.DeletePVC(pvc_name=made.outputs["name"]).after(first)
    second = sh(script="ls").after(gone)
    for task in (first, second):
        kubernetes.mount_pvc(task, made.outputs["name"], "/data")
"""
    compile_body(tmp_path, body)

    ended = argosy("run", str(compiled), "-o", "json", cwd=tmp_path)

    assert ended.task("sh")["state"] == "SUCCEEDED"
    assert ended.task("sh-2")["state"] == "FAILED"


def test_a_given_claim_outlives_the_task_that_deletes_it(tmp_path: Path, compiled: Path) -> None:
    body = (
        MOUNTED.format(claim='"data"') + '    kubernetes.DeletePVC(pvc_name="data").after(task)\n'
    )
    compile_body(tmp_path, body)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "word").touch()

    ended = argosy("run", str(compiled), "--claim", "data=data", cwd=tmp_path)

    assert ended.status == 0, ended.err
    assert (tmp_path / "data" / "word").exists()


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("data", "--claim 'data': write it as NAME=DIR"),
        (
            "data=nowhere",
            "--claim data: '{here}/nowhere' is not a directory; make it, or give another",
        ),
        (
            "../x=.",
            "--claim: '../x' cannot name an object of Kubernetes; use lower case letters, digits,"
            " '-' and '.'",
        ),
    ],
)
def test_a_wrong_stand_in_is_wrong_usage(
    word: str, message: str, tmp_path: Path, compiled: Path
) -> None:
    compile_body(tmp_path, MOUNTED.format(claim='"data"'))

    ended = argosy("run", str(compiled), "--claim", word, cwd=tmp_path)

    assert (ended.status, ended.errors) == (2, [message.format(here=tmp_path)])


def test_a_resumed_run_has_the_claims_that_it_was_given(tmp_path: Path, compiled: Path) -> None:
    compile_body(tmp_path, MOUNTED.format(claim='"data"'))
    (tmp_path / "data").mkdir()
    failed = argosy("run", str(compiled), "--claim", "data=data", "-o", "json", cwd=tmp_path)
    (tmp_path / "data" / "word").write_text("late\n")

    ended = argosy("run", "--resume", failed.result["run_id"], "-o", "json", cwd=tmp_path)

    assert (failed.status, ended.status) == (1, 0), ended.err
    spec = json.loads((tmp_path / f".argosy/runs/{failed.result['run_id']}/run.json").read_text())
    assert spec["stand_ins"]["claims"] == {"data": str(tmp_path / "data")}


def test_a_claim_may_be_given_to_a_run_that_goes_on(tmp_path: Path, compiled: Path) -> None:
    compile_body(tmp_path, MOUNTED.format(claim='"data"'))
    failed = argosy("run", str(compiled), "-o", "json", cwd=tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "word").write_text("mine\n")

    ended = argosy(
        *("run", "--resume", failed.result["run_id"], "--claim", "data=data", "-o", "json"),
        cwd=tmp_path,
    )

    assert (failed.status, ended.status) == (1, 0), ended.err
