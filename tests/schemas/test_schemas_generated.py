"""The schemas of KFP's documents are what the script makes of the descriptors."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "scripts" / "generate_schemas.py"


def test_the_committed_schemas_are_not_stale() -> None:
    pytest.importorskip("kfp.kubernetes.kubernetes_executor_config_pb2")

    checked = subprocess.run(
        [sys.executable, SCRIPT, "--check"], capture_output=True, text=True, check=False
    )

    assert (checked.returncode, checked.stderr) == (0, "")
