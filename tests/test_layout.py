"""The folders, the wheel, the layers and the import names agree."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
CONFIGURATION = tomllib.loads((ROOT / "pyproject.toml").read_text())
PACKAGES = {path.parent.relative_to(ROOT).as_posix() for path in ROOT.glob("*/argosy*/__init__.py")}


def test_every_package_ships() -> None:
    """A folder that hatch does not list would be missing from the wheel without a word."""
    listed = set(CONFIGURATION["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"])

    assert listed == PACKAGES


def test_every_package_is_measured() -> None:
    """Coverage says nothing of a package that it does not list."""
    assert set(CONFIGURATION["tool"]["coverage"]["run"]["source"]) == PACKAGES


def test_every_package_is_in_the_layers_contract() -> None:
    listed = set(CONFIGURATION["tool"]["importlinter"]["root_packages"])

    assert listed == {package.split("/")[1] for package in PACKAGES}


def test_outer_folders_are_not_packages() -> None:
    """``compiler/__init__.py`` would give one file two module names."""
    assert [path.parent.name for path in ROOT.glob("*/__init__.py")] == []


def test_every_package_is_typed() -> None:
    assert {package for package in PACKAGES if not (ROOT / package / "py.typed").exists()} == set()
