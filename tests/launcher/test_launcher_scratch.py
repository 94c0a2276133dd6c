"""``exec`` as the first process of a container whose image has one program and nothing else.

No shell, no libc, no writable ``/tmp``, no ``/proc``, no ``/dev``, no ``/etc/passwd``; the root
cannot be written, and the user is nobody that anything knows.
"""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from argosy_schemas.formats.records import AttemptState
from argosy_schemas.formats.step import OutputArtifact, OutputParameter, Step
from argosy_schemas.ir.model import ArtifactType, ParameterType
from argosy_schemas.names import ArtifactUri
from launcher_pods import EXEC, SYSTEM_PATH, UNSHARE, Pod, step_of

ENTER = """
set -e
root=$1 user=$2
shift 2
mount --make-rprivate /
mount --bind "$root" "$root"
while [ "$1" != -- ]; do
    mount --bind "$1" "$root$1"
    shift
done
shift
mount -o remount,bind,ro "$root"
exec chroot --userspec="$user" "$root" "$@"
"""


@pytest.fixture(scope="session")
def probe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("probe")
    source, target = Path(__file__).parent / "probe" / "probe.c", directory / "probe"
    compiler = [
        *(sys.executable, "-m", "ziglang", "cc"),
        *("-target", f"{os.uname().machine}-linux-musl", "-Wall", "-Wextra", "-Werror", "-Os"),
    ]
    # Two commands, since the compiler hides the system's headers from what links no libc.
    subprocess.run([*compiler, "-fno-builtin", "-c", source, "-o", f"{target}.o"], check=True)
    subprocess.run([*compiler, "-static", "-nostdlib", f"{target}.o", "-o", target], check=True)
    return target


@pytest.fixture
def scratch(own_mounts: None, make_pod: Callable[..., Pod], probe: Path, tmp_path: Path) -> Pod:
    """A pod whose main container is in such an image, as user 12345."""
    root = tmp_path / "image"
    pod = make_pod()
    volumes = [str(path) for path in (pod.published, pod.exchange, pod.volume)]
    for volume in volumes:
        (root / volume.lstrip("/")).mkdir(parents=True)
    for directory in (root, tmp_path, *tmp_path.parents):
        # Of pytest's own directories only this user may pass.
        if directory.is_relative_to(Path("/tmp")) and directory != Path("/tmp"):
            directory.chmod(directory.stat().st_mode | 0o111)
    (root / "bin").mkdir()
    shutil.copy(probe, root / "bin" / "probe")
    shutil.copy(EXEC, pod.published / "exec")
    (pod.published / "exec").chmod(0o555)
    pod.command_prefix = [*UNSHARE, ENTER, "enter", str(root), "12345:12345", *volumes, "--"]
    pod.environment = {"PATH": SYSTEM_PATH}
    return pod


def step(pod: Pod, *words: str) -> Step:
    outputs = pod.volume / "outputs"
    outputs.mkdir()
    outputs.chmod(0o777)
    return step_of(
        *("probe", str(outputs), *words),
        output_parameters=(
            OutputParameter(name="n", type=ParameterType.NUMBER_INTEGER, path=f"{outputs}/n"),
        ),
        output_artifacts=(
            OutputArtifact(
                name="model",
                type=ArtifactType(schema_title="system.Model"),
                is_list=False,
                metadata={},
                path=f"{outputs}/model",
                uri=ArtifactUri(f"file://{pod.store}/artifacts/model"),
                seen_uri=f"file://{outputs}/model",
            ),
        ),
    )


def test_a_task_runs_in_an_image_that_has_nothing(scratch: Pod) -> None:
    end = scratch.run(step(scratch, "orphan"))

    record = scratch.record("success")
    assert end.stdout.decode().splitlines() == [
        "uid 12345, parent 1",
        f"root: error {errno.EROFS}",
        f"/tmp: error {errno.EACCES}",
    ]
    assert (end.exit_code, end.reason) == (0, "")
    assert record is not None
    assert record.outputs.parameters == {"n": 5}
    assert (scratch.store / "artifacts" / "model").read_bytes() == b"weights"
    # Written 0600 by a user whom the launcher need not be.
    assert (scratch.volume / "outputs" / "model").stat().st_mode & 0o777 == 0o644


def test_as_the_first_process_it_takes_and_passes_on_signals(scratch: Pod) -> None:
    scratch.start_main(step(scratch, "wait"))
    scratch.start_launcher()
    assert scratch.main is not None
    log = scratch.exchange / "log"
    while not (log.exists() and b"waiting" in log.read_bytes()):
        assert scratch.main.poll() is None
    (first,) = psutil.Process(scratch.main.pid).children()

    first.send_signal(signal.SIGTERM)
    end = scratch.end()

    record = scratch.record()
    assert end.stdout.endswith(b"waiting\ngot 15\n")
    assert end.exit_code == 7
    assert record is not None
    assert record.state is AttemptState.CANCELED


def test_a_command_that_is_not_in_the_image_is_named(scratch: Pod) -> None:
    end = scratch.run(step_of("python3", "-c", "1"))

    assert (end.exit_code, end.reason) == (
        127,
        "the command 'python3' does not exist on the PATH in the image; name one that does (final)",
    )
