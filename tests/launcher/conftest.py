"""Pods that leave nothing behind."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from launcher_pods import SYSTEM_PATH, UNSHARE, Pod

MakePod = Callable[..., Pod]


@pytest.fixture(scope="session")
def linux() -> None:
    if sys.platform != "linux":
        pytest.skip("'exec' runs in containers, which are Linux")


@pytest.fixture(scope="session")
def own_mounts(linux: None) -> None:
    """Skip where tests cannot mount what they alone see; who is not root cannot."""
    script = (
        "mount --make-rprivate / && mount --bind / /mnt && mount -t tmpfs tmpfs /mnt && "
        "exec chroot --userspec=12345:12345 / true"
    )
    try:
        subprocess.run(
            [*UNSHARE, script], env={"PATH": SYSTEM_PATH}, capture_output=True, check=True
        )
    except FileNotFoundError as error:
        pytest.skip(f"there is no {error.filename}")
    except subprocess.CalledProcessError as error:
        pytest.skip(f"mounts of one's own are not allowed here: {error.stderr!r}")


@pytest.fixture
def make_pod(linux: None, tmp_path: Path) -> Iterator[MakePod]:
    pods: list[Pod] = []

    def make(name: str = "pod", **changes: Any) -> Pod:
        pods.append(Pod(directory=tmp_path / name, **changes))
        return pods[-1]

    yield make
    for pod in pods:
        pod.kill()


@pytest.fixture
def pod(make_pod: MakePod) -> Pod:
    return make_pod()
