"""Pods that leave nothing behind."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from launcher_pods import Pod

MakePod = Callable[..., Pod]


@pytest.fixture
def make_pod(tmp_path: Path) -> Iterator[MakePod]:
    if sys.platform != "linux":
        pytest.skip("'exec' runs in containers, which are Linux")
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
