"""``kubectl kustomize``, for the tests of the manifests."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TREE = ROOT / "manifests" / "argosy_manifests"


def build(directory: Path) -> str:
    """Return what ``kubectl kustomize`` makes of a directory; skip the test where it is missing."""
    unpacked = ROOT / ".tools" / "kubectl" / "kubectl"
    kubectl = shutil.which("kubectl") or (str(unpacked) if unpacked.exists() else None)
    if kubectl is None:
        pytest.skip("there is no kubectl on this machine; 'make kubectl' gets one for Linux")
    return subprocess.run(
        [kubectl, "kustomize", str(directory)], capture_output=True, text=True, check=True
    ).stdout
