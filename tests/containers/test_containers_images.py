"""Images: found, pulled, refused; and programs that are missing."""

from __future__ import annotations

import json
import os
import threading
import time
from pathlib import Path

import pytest

from argosy_engine.containers.images import make_pull_error, qualify_name
from argosy_engine.containers.program import ContainerProgram
from argosy_engine.containers.run_arguments import Mount, make_run_arguments, split_variables
from argosy_engine.pods.programs import ProgramEnd
from argosy_runs.events import Notice
from argosy_schemas.errors import MachineError
from argosy_schemas.formats.failures import make_failure
from cli_processes import argosy, shell_pipeline
from container_programs import Program, Registry
from engine_steps import Machine, Step

HELLO = shell_pipeline("hello", {"a": "printf hi > $0"})


def test_an_image_is_pulled_once_and_before_the_time_of_its_tasks(
    machine: Machine, registry: Registry, program: Program
) -> None:
    # Two answers, one after the other, take longer than the task may.
    registry.delay_seconds = 8
    step = Step(image=registry.image, script="echo $PULLED", pod={"activeDeadlineSeconds": 15})

    result = machine.run({"a": step, "b": step})

    assert result.error is None, result.tasks
    assert sum(path.endswith("/manifests/1") for path in registry.requests) <= 2
    assert [e.message for e in machine.events if isinstance(e, Notice)] == [
        f"image '{registry.image}' is not on this machine and is being pulled"
    ]
    program.call("rmi", registry.image)


def test_a_stop_ends_a_pull(program: Program, registry: Registry, tmp_path: Path) -> None:
    registry.delay_seconds = 60
    document = json.loads(HELLO)
    document["deploymentSpec"]["executors"]["exec-a"]["container"]["image"] = registry.image
    (tmp_path / "hello.json").write_text(json.dumps(document))
    started = time.monotonic()

    def stop() -> None:
        while len(registry.requests) < 2:
            time.sleep(0.05)
        argosy("stop", "@latest", cwd=tmp_path, environment=os.environ)

    stopping = threading.Thread(target=stop)
    stopping.start()
    ended = argosy(
        "run",
        "hello.json",
        f"--runner={program.name}",
        "-ojson",
        cwd=tmp_path,
        environment=os.environ,
    )
    stopping.join()

    assert ended.result["state"] == "CANCELED"
    assert time.monotonic() - started < 30


@pytest.mark.parametrize("status", [401, 404])
def test_an_image_that_must_not_be_pulled_fails_its_task_for_good(
    machine: Machine, registry: Registry, status: int, program: Program
) -> None:
    registry.status = status

    result = machine.run({"a": Step(image=registry.image, retries=3)})

    (task,) = result.tasks
    assert task.attempts == 1
    assert task.error is not None
    assert task.error.startswith(f"image '{registry.image}' cannot be pulled (")
    assert task.error.endswith(
        f"); check its name, log in with '{program.name} login' if it is private, or build it here"
    )


def test_an_image_for_another_machine_is_named_with_its_platform(
    machine: Machine, registry: Registry, program: Program
) -> None:
    registry.architecture = "s390x"

    result = machine.run({"a": Step(image=registry.image, command=["/no-program"])})

    program.call("rmi", registry.image)
    (task,) = result.tasks
    assert task.error is not None
    assert task.error.startswith(
        f"the command '/no-program' of image '{registry.image}' cannot be started, for the image "
        "is for linux/s390x and this machine is linux/"
    )
    assert task.error.endswith("; use an image for this machine")


@pytest.mark.parametrize(
    ("said", "is_final", "message"),
    [
        (
            "Error response from daemon: no matching manifest for linux/amd64 in the manifest list "
            "entries",
            True,
            "image 'x' is not there for this machine's platform (no matching manifest",
        ),
        (
            "Error: choosing an image from manifest list docker://x: no image found in manifest "
            'list for architecture amd64, variant "", OS linux',
            True,
            "image 'x' is not there for this machine's platform (choosing an image",
        ),
        (
            "Error response from daemon: pull access denied for x, repository does not exist or "
            "may require 'docker login': denied: requested access to the resource is denied",
            True,
            "image 'x' cannot be pulled (pull access denied",
        ),
        (
            'Error response from daemon: Get "https://r/v2/": dial tcp: lookup r: no such host',
            False,
            "image 'x' could not be fetched (Get",
        ),
    ],
)
def test_what_the_programs_say_of_a_pull_tells_whether_to_try_again(
    said: str, is_final: bool, message: str
) -> None:
    ended = ProgramEnd(status=1, output="", errors=f"Warning: slow\n{said}\n")

    failure = make_failure(make_pull_error("x", ended, "docker"))

    assert failure.final is is_final
    assert failure.message.startswith(message)


@pytest.mark.parametrize(
    ("name", "whole"),
    [
        ("python:3.11", "docker.io/library/python:3.11"),
        ("org/train", "docker.io/org/train"),
        ("localhost/train:1", "localhost/train:1"),
        ("registry:5000/train", "registry:5000/train"),
        ("ghcr.io/org/train@sha256:0", "ghcr.io/org/train@sha256:0"),
    ],
)
def test_a_name_without_a_registry_is_one_of_docker_hub(name: str, whole: str) -> None:
    assert qualify_name(name) == whole


@pytest.mark.parametrize("name", ["docker", "podman"])
def test_a_missing_program_is_an_error_before_anything_is_written(
    tmp_path: Path, name: str
) -> None:
    (tmp_path / "hello.json").write_text(HELLO)
    environment = {**os.environ, "PATH": str(tmp_path)}

    ended = argosy("run", "hello.json", "--runner", name, cwd=tmp_path, environment=environment)

    assert ended.errors == [
        f"the program '{name}' is not on PATH; install it, or choose another --runner"
    ]
    assert not (tmp_path / ".argosy" / "runs").exists()


def test_a_daemon_that_does_not_answer_is_an_error(tmp_path: Path, program: Program) -> None:
    (tmp_path / "hello.json").write_text(HELLO)
    nowhere = f"unix://{tmp_path}/nobody.sock"
    environment = {**os.environ, "DOCKER_HOST": nowhere, "CONTAINER_HOST": nowhere}
    command = "docker" if program.name == "docker" else "podman"

    ended = argosy("run", "hello.json", "--runner", command, cwd=tmp_path, environment=environment)

    (error,) = ended.errors
    assert error.startswith(f"'{command}' cannot run containers here (")
    assert error.endswith(
        f"); start its service, and check that '{command} info' works for this user"
    )


DOCKER = ContainerProgram(name="docker", environment={})


def run_arguments(program: ContainerProgram, *mounts: Mount) -> tuple[str, ...]:
    return make_run_arguments(
        program,
        container="run-1",
        label="argosy.engine=7",
        image="train",
        argv=("python", "-m", "train"),
        user=(1000, 1000),
        mounts=mounts,
        variables_file=Path("/variables"),
        passed=("PEM",),
    )


def test_an_outer_directory_is_mounted_before_what_is_in_it() -> None:
    outer, inner = Mount(path=Path("/a")), Mount(path=Path("/a/b"), is_writable=True)

    arguments = run_arguments(DOCKER, inner, outer, Mount(path=Path("/a/b")))

    assert [word for word in arguments if word.startswith("--mount")] == [
        "--mount=type=bind,source=/a,target=/a,readonly",
        "--mount=type=bind,source=/a/b,target=/a/b",
    ]


def test_a_path_that_no_option_can_hold_is_refused() -> None:
    with pytest.raises(MachineError, match="the path '/a,b' cannot be mounted into a container"):
        run_arguments(DOCKER, Mount(path=Path("/a,b")))


def test_rootless_podman_keeps_the_user() -> None:
    rootless = ContainerProgram(name="podman", environment={}, is_podman=True, is_rootless=True)

    assert {"--userns=keep-id", "--user=1000:1000"} <= set(run_arguments(rootless))
    assert "--userns=keep-id" not in run_arguments(DOCKER)


def test_what_no_variables_file_can_hold_is_passed_on_by_the_client() -> None:
    split = split_variables({"A": "x=y z", "B": "a\nb", "c d": "e", "C": "'q'", "D": ""})

    assert split.file == "A=x=y z\nD=\n"
    assert split.passed == {"B": "a\nb", "c d": "e", "C": "'q'"}
