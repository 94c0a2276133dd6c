"""The tree of the image: what a pod needs, for both machines, and nothing of a laptop."""

from __future__ import annotations

import importlib.util
import os
import platform
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]
NOT_OF_A_POD = ("argosy_cli", "argosy_compiler", "argosy_engine", "click", "hera", "jsonschema")


@pytest.fixture(scope="module")
def script() -> ModuleType:
    path = ROOT / "scripts" / "build_image_tree.py"
    spec = importlib.util.spec_from_file_location("build_image_tree", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def tree(script: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("tree")
    script.build_tree(directory, platform.machine(), installed=True)
    return directory


def run(tree: Path, command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the image with this machine's Python, and nothing that it has installed."""
    program = tree / "opt/argosy/bin" / command
    return subprocess.run(
        [sys.executable, "-I", "-S", "-B", program],
        env={"PATH": os.environ["PATH"], "ARGOSY_MOUNTED_AT": str(tree / "pod"), **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_driver_and_launcher_start_with_what_is_in_the_tree_alone(tree: Path) -> None:
    driver = run(tree, "argosy-driver")
    launcher = run(tree, "argosy-launcher", ARGOSY_STORE="s3://bucket")

    assert (driver.returncode, launcher.returncode) == (1, 1)
    assert driver.stderr.startswith("argosy: the variable 'ARGOSY_CREATED' of container 'driver'")
    assert "private/step.json' is missing" in launcher.stderr


def test_every_module_of_the_tree_can_be_imported(tree: Path) -> None:
    """But for the parts that read pipelines, which a pod never does."""
    source = """
import importlib, pkgutil, sys
sys.path.insert(0, sys.argv[1])
for name in ("argosy_driver", "argosy_launcher", "argosy_store", "argosy_schemas.formats"):
    package = importlib.import_module(name)
    for module in pkgutil.walk_packages(package.__path__, f"{name}."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
print("all")
"""
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-B", "-c", source, tree / "opt/argosy"],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    assert (done.stdout, done.stderr) == ("all\n", "")


def test_it_is_small_compiled_and_readable_for_every_user(tree: Path) -> None:
    files = [path for path in tree.rglob("*") if path.is_file()]

    assert sum(path.stat().st_size for path in files) < 25 << 20
    names = {path.name for path in (tree / "opt/argosy").iterdir()}
    assert not names & set(NOT_OF_A_POD)
    sources = [path for path in files if path.suffix == ".py"]
    tag = sys.implementation.cache_tag
    for path in sources:
        assert (path.parent / "__pycache__" / f"{path.stem}.{tag}.pyc").exists(), path
    assert all(path.stat().st_mode & 0o044 == 0o044 for path in files)


def test_it_has_exec_for_its_machine_alone(tree: Path) -> None:
    found = [path.name for path in (tree / "opt/argosy/argosy_launcher/bin").glob("exec-*")]

    assert found == [f"exec-{platform.machine()}"]
