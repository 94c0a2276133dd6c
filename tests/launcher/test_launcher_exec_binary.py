"""What is kept of ``exec`` is what its sources give."""

from __future__ import annotations

import importlib.util
import json
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def build_exec() -> ModuleType:
    spec = importlib.util.spec_from_file_location("build_exec", ROOT / "scripts" / "build_exec.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def built(build_exec: ModuleType) -> dict[str, str]:
    document: dict[str, str] = json.loads((build_exec.BINARIES / "built.json").read_text())
    return document


def test_the_binaries_were_built_from_these_sources(
    build_exec: ModuleType, built: dict[str, str]
) -> None:
    assert build_exec.source_digest() == built["sources"], "run scripts/build_exec.py"


# A minute of two cores where the compiler's own cache is empty.
@pytest.mark.nightly
def test_the_same_compiler_gives_the_same_bytes(
    build_exec: ModuleType, built: dict[str, str], tmp_path: Path
) -> None:
    try:
        compiler = f"ziglang {version('ziglang')}"
    except PackageNotFoundError:
        pytest.skip("the compiler is not installed")
    if compiler != built["compiler"]:
        pytest.skip(f"the binaries were built with {built['compiler']}, here is {compiler}")

    build_exec.build(tmp_path)

    assert {path.name: path.read_bytes() for path in tmp_path.glob("exec-*")} == {
        path.name: path.read_bytes() for path in build_exec.BINARIES.glob("exec-*")
    }


def test_they_are_static_and_small(build_exec: ModuleType) -> None:
    for machine in build_exec.MACHINES:
        data = (build_exec.BINARIES / f"exec-{machine}").read_bytes()

        assert data[:4] == b"\x7fELF"
        assert b"ld-musl" not in data
        assert len(data) < 40_000
