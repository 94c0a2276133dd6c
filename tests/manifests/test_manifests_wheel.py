"""The wheel has the manifests: an installation prints them without a checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from argosy_manifests.catalog import OVERLAYS
from kustomize import ROOT, TREE


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with what a wheel of this checkout puts into site-packages."""
    wheels = tmp_path_factory.mktemp("wheels")
    words = ["-m", "hatchling", "build", "-t", "wheel", "-d", str(wheels)]
    subprocess.run([sys.executable, *words], cwd=ROOT, check=True, capture_output=True)
    (wheel,) = wheels.glob("*.whl")
    directory = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(directory)
    return directory


def argosy(installed: Path, cwd: Path, *words: str) -> str:
    environment = os.environ | {"PYTHONPATH": str(installed)}
    code = "import argosy_manifests, sys; from argosy_cli.main import main;"
    code += f"assert argosy_manifests.__file__.startswith({str(installed)!r});"
    code += f"sys.exit(main({list(words)!r}))"
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=cwd,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    ).stdout


def test_it_prints_an_overlay(installed: Path, tmp_path: Path) -> None:
    printed = argosy(installed, tmp_path, "manifests")

    assert printed == (TREE / "rendered" / "base.yaml").read_text()


def test_it_writes_the_tree(installed: Path, tmp_path: Path) -> None:
    argosy(installed, tmp_path, "manifests", "-o", "deploy")

    for folder in ("base", "components", "overlays"):
        expected = {
            path.relative_to(TREE): path.read_bytes()
            for path in (TREE / folder).rglob("*")
            if path.is_file()
        }
        written = {
            path.relative_to(tmp_path / "deploy"): path.read_bytes()
            for path in (tmp_path / "deploy" / folder).rglob("*")
            if path.is_file()
        }
        assert written == expected


def test_it_knows_every_overlay(installed: Path) -> None:
    rendered = installed / "argosy_manifests" / "rendered"

    assert {path.stem for path in rendered.iterdir()} == {overlay.name for overlay in OVERLAYS}
