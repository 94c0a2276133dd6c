"""What the page of the API says, its rows and the tests agree."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "scripts" / "generate_kfp_api_rows.py"


def test_the_page_has_the_rows_and_each_row_its_tests() -> None:
    ended = subprocess.run([sys.executable, SCRIPT, "--check"], capture_output=True, text=True)

    assert (ended.stdout, ended.returncode) == ("", 0), ended.stderr
