"""Where a command starts that writes to a relative path, in an image that has no place for it."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from launcher_pods import EXEC, SYSTEM_PATH, Pod, step_of

NOBODY = 65534
AT_ROOT = ("sh", "-c", 'cd / && exec "$0" "$@"')
"""As a container starts whose image sets no working directory."""


@pytest.fixture
def pod(linux: None) -> Iterator[Pod]:
    # Not below pytest's own directories, which are closed to other users.
    with tempfile.TemporaryDirectory(prefix="argosy-pod-") as directory:
        Path(directory).chmod(0o711)
        made = Pod(
            directory=Path(directory),
            command_prefix=AT_ROOT,
            user=NOBODY if os.getuid() == 0 else None,
            environment={"PATH": SYSTEM_PATH, "HOME": f"{directory}/volume"},
        )
        shutil.copy(EXEC, made.published / "exec")
        yield made
        made.kill()


def test_a_command_at_a_root_that_it_cannot_write_starts_in_its_home(pod: Pod) -> None:
    end = pod.run(step_of("sh", "-c", "echo x > relative.txt; pwd"))

    assert end.reason == ""
    assert end.stdout.decode() == f"{pod.volume}\n"
    assert (pod.volume / "relative.txt").read_text() == "x\n"


@pytest.mark.parametrize("home", [None, "/", "/nowhere"])
def test_a_command_without_a_home_that_it_can_write_stays_where_it_is(
    pod: Pod, home: str | None
) -> None:
    pod.environment = {"PATH": SYSTEM_PATH, **({} if home is None else {"HOME": home})}

    assert pod.run(step_of("pwd")).stdout == b"/\n"


def test_a_working_directory_of_the_image_stays(pod: Pod) -> None:
    pod.command_prefix = ("sh", "-c", 'cd /usr && exec "$0" "$@"')

    assert pod.run(step_of("pwd")).stdout == b"/usr\n"
