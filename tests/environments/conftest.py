"""Environments built from an index of the tests' own."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from argosy_engine.environments.environments import Environment, Environments
from package_index import Index, Ran, Run


@pytest.fixture
def index(tmp_path: Path) -> Index:
    directory = tmp_path / "index"
    directory.mkdir()
    offered = Index(directory=directory)
    for version in ("2.14.3", "2.16.0", "2.17.3", "3.0.0"):
        offered.add_kfp(version)
    offered.add("colours", "1.0")
    offered.add("colours", "2.0")
    return offered


@pytest.fixture
def variables(index: Index, tmp_path: Path) -> dict[str, str]:
    """The environment of a person who told pip of the index, and has a virtual one active."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(index.directory),
        "UV_CACHE_DIR": str(tmp_path / "uv"),
        "VIRTUAL_ENV": str(tmp_path / "theirs"),
        "PYTHONPATH": str(tmp_path / "theirs"),
    }


@pytest.fixture
def environments(variables: dict[str, str], tmp_path: Path) -> Environments:
    return Environments(tmp_path / "cache", environment=variables)


@pytest.fixture
def run(variables: dict[str, str], tmp_path: Path) -> Run:
    """Runs a command as the engine does, in an environment."""

    def call(argv: Sequence[str], environment: Environment) -> Ran:
        path = ":".join((*environment.path_entries, variables["PATH"]))
        done = subprocess.run(
            argv,
            env=variables | {"PATH": path, "TMPDIR": str(tmp_path)} | dict(environment.env),
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        return Ran(status=done.returncode, output=done.stdout)

    return call
