"""What a command in a container sees, and what of it is kept."""

from __future__ import annotations

import os
import re
import threading
import time
from pathlib import Path

import psutil
import pytest

from argosy_engine.settings import RunnerName
from argosy_runs.events import Notice, TaskLogLine
from argosy_runs.results import RunResult
from argosy_runs.states import RunState
from cli_processes import argosy
from container_programs import IMAGE, Program
from engine_steps import Machine, Step
from sdk_packages import write_sdk_wheel

EXAMPLE = Path(__file__).parents[2] / "examples" / "13-secrets-and-claims"


def log(result: RunResult, path: str) -> str:
    (task,) = [task for task in result.tasks if task.path == path]
    assert task.log is not None
    return Path(task.log).read_text()


def test_values_and_artifacts_go_from_container_to_container(machine: Machine) -> None:
    steps = {
        "a": Step(
            image=IMAGE,
            script="printf hello > $out_word; mkdir $out_data; echo x > $out_data/file",
            outputs=("word",),
            artifacts=("data",),
        ),
        "b": Step(image=IMAGE, script='echo "got $in_w"', inputs={"w": ("a", "word")}),
    }

    result = machine.run(steps)

    assert (result.state, result.error) == (RunState.SUCCEEDED, None)
    assert log(result, "b") == "got hello\n"
    (stored,) = result.tasks[0].outputs.artifacts["data"]
    file = Path(stored.uri.removeprefix("file://"), "file")
    assert file.read_text() == "x\n"
    assert file.stat().st_uid == os.geteuid()


def test_a_command_has_the_files_the_variables_and_the_directory_of_its_image(
    machine: Machine,
) -> None:
    script = f"echo $FROM_IMAGE; pwd; id -u; [ -e {__file__} ] || echo no file of this machine"

    result = machine.run({"a": Step(image=IMAGE, script=script)})

    assert log(result, "a").splitlines() == [
        "yes",
        "/work",
        str(os.geteuid()),
        "no file of this machine",
    ]


def test_a_command_inherits_of_the_caller_what_reaches_the_network(
    machine: Machine, tmp_path: Path
) -> None:
    credentials = tmp_path / "credentials.json"
    credentials.write_text("secret of a cloud\n")
    environment = {
        "PATH": os.environ["PATH"],
        "LANG": "de_DE.UTF-8",
        "https_proxy": "http://proxy:3128",
        "GOOGLE_APPLICATION_CREDENTIALS": str(credentials),
    }
    script = "echo $https_proxy $LANG; cat $GOOGLE_APPLICATION_CREDENTIALS"

    result = machine.run({"a": Step(image=IMAGE, script=script)}, environment=environment)

    assert log(result, "a") == "http://proxy:3128\nsecret of a cloud\n"


def test_variables_reach_a_container_as_they_are_and_no_list_of_processes(
    machine: Machine,
) -> None:
    values = {
        "PLAIN": "word of 17 secrets",
        "LINES": "first of 17 secrets\nsecond",
        "QUOTED": "'17 secrets' \"and\" $more \\",
        "LONG": "17 secrets " * 8000,
        "EMPTY": "",
    }
    seen: list[str] = []

    def watch() -> None:
        while not any(isinstance(event, TaskLogLine) for event in machine.events):
            time.sleep(0.05)
        for process in psutil.process_iter():
            try:
                seen.extend(process.cmdline())
            except psutil.Error:
                continue

    watcher = threading.Thread(target=watch)
    watcher.start()
    script = 'echo up; sleep 1; printf "%s|" "$PLAIN" "$LINES" "$QUOTED" "$LONG" "$EMPTY"'
    result = machine.run({"a": Step(image=IMAGE, script=script, env=values)})
    watcher.join()

    assert log(result, "a") == "up\n" + "".join(f"{value}|" for value in values.values())
    assert any("argosy.engine" in word for word in seen)
    assert not any("17 secrets" in word for word in seen)


@pytest.mark.parametrize(
    ("args", "printed"),
    [([], "default command\n"), (["echo argument"], "argument\n")],
)
def test_a_component_without_a_command_runs_the_entry_point_of_its_image(
    machine: Machine, args: list[str], printed: str
) -> None:
    result = machine.run({"a": Step(image=IMAGE, command=[], args=args)})

    assert (result.error, log(result, "a")) == (None, printed)


def test_a_file_that_only_the_container_has_is_an_artifact_where_a_link_leads_to_it(
    machine: Machine, tmp_path: Path
) -> None:
    # The same path on this machine is another file.
    (tmp_path / "model").write_text("of this machine")
    script = (
        f"mkdir -p {tmp_path}; echo of the container > {tmp_path}/model; "
        f"ln -s {tmp_path}/model $out_model"
    )

    result = machine.run({"a": Step(image=IMAGE, script=script, artifacts=("model",))})

    assert result.error is None
    (stored,) = result.tasks[0].outputs.artifacts["model"]
    assert Path(stored.uri.removeprefix("file://")).read_text() == "of the container\n"


def test_links_below_an_output_directory_are_followed_within_it(machine: Machine) -> None:
    script = "mkdir $out_model; echo weights > $out_model/blob; ln -s blob $out_model/latest"

    result = machine.run({"a": Step(image=IMAGE, script=script, artifacts=("model",))})

    assert result.error is None
    (stored,) = result.tasks[0].outputs.artifacts["model"]
    assert Path(stored.uri.removeprefix("file://"), "latest").read_text() == "weights\n"


def test_a_link_below_an_output_directory_never_leads_to_this_machine(
    machine: Machine, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("of this machine")
    script = f"mkdir $out_model; ln -s {tmp_path}/secret $out_model/secret"

    result = machine.run({"a": Step(image=IMAGE, script=script, artifacts=("model",))})

    assert result.error is not None
    assert result.error.endswith("is a link; write files and directories only")


def test_components_of_the_sdk_run_with_what_stands_in_for_claims_and_secrets(
    program: Program, python_image: str, tmp_path: Path
) -> None:
    packages = tmp_path / "packages"
    packages.mkdir()
    version = write_sdk_wheel(packages)
    text = (EXAMPLE / "pipeline.yaml").read_text()
    text = text.replace("image: python:3.11", f"image: {python_image}")
    (tmp_path / "pipeline.yaml").write_text(re.sub(r"kfp==[\d.]+", f"kfp=={version}", text))

    ended = argosy(
        *("run", "pipeline.yaml", "--runner", program.name, "--output", "json"),
        *("--secret", f"warehouse={EXAMPLE / 'warehouse'}"),
        *("--config-map", f"settings={EXAMPLE / 'settings'}"),
        cwd=tmp_path,
        environment={**os.environ, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(packages)},
    )

    assert ended.result["error"] is None, ended.err
    assert ended.result["outputs"]["parameters"] == {"Output": 24}
    assert program.containers() == []


def test_the_notice_on_settings_without_effect_does_not_speak_of_images(machine: Machine) -> None:
    result = machine.run({"a": Step(image=IMAGE)})

    assert machine.runner is not RunnerName.PROCESS
    assert [event for event in machine.events if isinstance(event, Notice)] == []
    assert result.notices == ()
