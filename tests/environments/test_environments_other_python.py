"""Requirements that have no build for the Python that runs Argosy."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from argosy_engine.environments.environments import Environments
from argosy_schemas.errors import FinalTaskError, Reason
from package_index import Index, Run, component

IMAGE = "python:3.11"
OWN = sys.version_info[1]
VERSION = ".".join(map(str, sys.version_info[:3]))
KFP = "'kfp==2.14.3' '--no-deps'"
PROGRAM = 'python3 -c "import colours, kfp, old, sys; print(old.__version__, sys.version_info[1])"'


def starts(program: str) -> bool:
    return subprocess.run([program, "-c", ""], check=False, capture_output=True).returncode == 0


def find_other_python() -> tuple[int, str] | None:
    """Return minor version and directory of a Python that is not ours."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    directories = [*os.environ["PATH"].split(os.pathsep), *map(str, pyenv.glob("3.*/bin"))]
    for minor in (10, 12, 13, 9):
        for directory in directories:
            program = shutil.which(f"python3.{minor}", path=directory)
            if minor != OWN and program is not None and starts(program):
                return minor, directory
    return None


OTHER = find_other_python()


def environments(variables: dict[str, str], tmp_path: Path) -> Environments:
    return Environments(tmp_path / "cache", environment=variables)


@pytest.mark.skipif(OTHER is None, reason="needs another Python than that of the tests")
def test_a_component_runs_with_a_python_that_has_builds_of_its_pins(
    variables: dict[str, str], index: Index, tmp_path: Path, run: Run
) -> None:
    assert OTHER is not None
    minor, directory = OTHER
    variables["PATH"] = f"{directory}{os.pathsep}{variables['PATH']}"
    index.add("old", "1.0", tag=f"cp3{minor}-none-any")
    argv = component(KFP, "'old==1.0' colours", program=PROGRAM)

    first = environments(variables, tmp_path).prepare_environment(
        argv, IMAGE, task_directory=tmp_path / "1"
    )
    index.withdraw()
    second = environments(variables, tmp_path).prepare_environment(
        argv, IMAGE, task_directory=tmp_path / "2"
    )

    assert [run(argv, each).output for each in (first, second)] == [f"1.0 {minor}\n"] * 2
    assert first.description.startswith(f"Python 3.{minor}.")


@pytest.mark.skipif(OTHER is None, reason="needs another Python than that of the tests")
def test_other_components_keep_their_python(
    variables: dict[str, str], index: Index, tmp_path: Path
) -> None:
    assert OTHER is not None
    minor, directory = OTHER
    variables["PATH"] = f"{directory}{os.pathsep}{variables['PATH']}"
    index.add("old", "1.0", tag=f"cp3{minor}-none-any")
    shared = environments(variables, tmp_path)
    shared.prepare_environment(component(KFP, "old==1.0"), IMAGE, task_directory=tmp_path / "1")

    environment = shared.prepare_environment(
        component(KFP, "colours"), IMAGE, task_directory=tmp_path / "2"
    )

    assert environment.description.startswith(f"Python {VERSION} with ")


@pytest.mark.skipif(OTHER is None, reason="needs another Python than that of the tests")
def test_a_python_of_pyenv_is_found_behind_a_shim_that_fails(
    variables: dict[str, str], index: Index, tmp_path: Path
) -> None:
    assert OTHER is not None
    minor, directory = OTHER
    shims, installed = tmp_path / "shims", tmp_path / "pyenv" / "versions" / f"3.{minor}.1" / "bin"
    for path in (shims, installed):
        path.mkdir(parents=True)
    (shims / f"python3.{minor}").write_text("#!/bin/sh\nexit 127\n")
    (shims / f"python3.{minor}").chmod(0o755)
    (installed / f"python3.{minor}").symlink_to(Path(directory, f"python3.{minor}").resolve())
    variables |= {"PATH": os.fspath(shims), "PYENV_ROOT": os.fspath(tmp_path / "pyenv")}
    index.add("old", "1.0", tag=f"cp3{minor}-none-any")

    environment = environments(variables, tmp_path).prepare_environment(
        component(KFP, "old==1.0"), IMAGE, task_directory=tmp_path / "1"
    )

    assert environment.description.startswith(f"Python 3.{minor}.")


def test_a_python_that_is_not_here_is_named_with_the_package_that_needs_it(
    variables: dict[str, str], index: Index, tmp_path: Path
) -> None:
    # No Python of the person, and none that uv brought, is on this path.
    variables["PATH"] = variables["PYENV_ROOT"] = str(tmp_path / "empty")
    minor = 9 if OWN != 9 else 10
    index.add("old", "1.0", tag=f"cp3{minor}-none-any")

    with pytest.raises(FinalTaskError) as caught:
        environments(variables, tmp_path).prepare_environment(
            component(KFP, "old==1.0 colours"), IMAGE, task_directory=tmp_path / "1"
        )

    assert str(caught.value) == (
        f"the component needs old==1.0, which has builds for Python 3.{minor} and not for Python"
        f" {VERSION}; install Python 3.{minor} (uv python install 3.{minor}), or pin a newer"
        " release in packages_to_install"
    )
    assert caught.value.reason == Reason.ENVIRONMENT_FAILED
    assert not (tmp_path / ".local").exists()


def test_the_python_of_the_image_is_the_one_to_have(
    variables: dict[str, str], index: Index, tmp_path: Path
) -> None:
    variables["PATH"] = variables["PYENV_ROOT"] = str(tmp_path / "empty")
    for minor in {8, 9, 10, 12, 13} - {OWN}:
        index.add("old", "1.0", tag=f"cp3{minor}-none-any")

    with pytest.raises(FinalTaskError, match=r"builds for Python 3\.9 and not"):
        environments(variables, tmp_path).prepare_environment(
            component(KFP, "old==1.0"), "registry/ubi9/python-39:1", task_directory=tmp_path / "1"
        )
