"""What the README says about the service, as it stands there."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

from argosy_service.settings import ServiceSettings
from service_running import run_service

ROOT = Path(__file__).parents[2]
HOST = "http://127.0.0.1:8888"


def test_the_lines_for_the_stock_client_work(tmp_path: Path) -> None:
    (lines,) = re.findall(
        r"```python\n(import kfp\n.*?)```", (ROOT / "README.md").read_text(), re.S
    )
    shutil.copy(ROOT / "examples" / "01-hello" / "pipeline.yaml", tmp_path)
    settings = ServiceSettings(home=tmp_path / "home", http_port=0, grpc_port=0)
    assert HOST in lines

    with run_service(settings) as client:
        ended = subprocess.run(
            [sys.executable, "-c", lines.replace(HOST, client.service.url)],
            cwd=tmp_path,
            env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            timeout=300,
        )

    assert ended.stdout.splitlines()[-1:] == ["SUCCEEDED"], ended.stderr
    assert len([line for line in lines.splitlines() if line]) == 4


def test_the_third_command_after_the_installation_is_serve() -> None:
    (block,) = re.findall(r"## Use it\n\n```sh\n(.*?)```", (ROOT / "README.md").read_text(), re.S)

    commands = [line.split("#")[0].strip() for line in block.splitlines()]

    assert commands[0] == "pip install '.[service]'"
    assert commands[3] == "argosy serve"
