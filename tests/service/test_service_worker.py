"""The process that runs one run, in the process of the tests."""

from __future__ import annotations

import io
import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from argosy_runs.local.home import RunFiles
from argosy_runs.local.reading import read_run
from argosy_runs.states import RunState
from argosy_schemas.names import RunId
from argosy_service.engines.local.journals import count_ends, is_stopping
from argosy_service.engines.local.worker import main, work
from cli_processes import shell_pipeline

RUN = RunId("4c8d6a2e-0000-4000-8000-000000000000")


def make_order(tmp_path: Path, script: str, **members: object) -> Any:
    return {
        "home": str(tmp_path / "home"),
        "log": str(tmp_path / "log"),
        "run_id": RUN,
        "spec": shell_pipeline("shell", {"say": f"echo x >> {tmp_path}/seen; {script}"}),
        "parameters": {},
        "root": "",
        "ends": 0,
        "cache": False,
        "jobs": 1,
        "runner": "process",
        **members,
    }


def count_seen(tmp_path: Path) -> int:
    return len((tmp_path / "seen").read_text().splitlines())


def test_a_run_is_done_once_however_often_it_is_started(tmp_path: Path) -> None:
    order = make_order(tmp_path, "echo > $0")

    work(order)
    work(order)

    assert count_seen(tmp_path) == 1
    assert read_run(tmp_path / "home", RUN).state is RunState.SUCCEEDED


def test_a_run_that_two_workers_begin_at_once_is_done_once(tmp_path: Path) -> None:
    """The first was started by a service that was killed before the worker got to work."""
    order = make_order(tmp_path, f"until [ -e {tmp_path}/ends ]; do sleep 0.05; done; exit 1")
    with ThreadPoolExecutor(2) as pool:
        calls = [pool.submit(work, order) for _ in range(2)]
        while not (tmp_path / "seen").exists():
            time.sleep(0.01)
        (tmp_path / "ends").touch()
        for call in calls:
            call.result()

    assert (count_ends(RunFiles(tmp_path / "home", RUN).journal), count_seen(tmp_path)) == (1, 1)


def test_a_run_that_ended_as_often_as_ordered_goes_on(tmp_path: Path) -> None:
    work(make_order(tmp_path, "exit 1"))
    journal = RunFiles(tmp_path / "home", RUN).journal

    work(make_order(tmp_path, "exit 1", ends=1))
    work(make_order(tmp_path, "exit 1", ends=1))

    assert (count_ends(journal), is_stopping(journal)) == (2, False)
    assert count_seen(tmp_path) == 2


@pytest.mark.parametrize(
    ("text", "status", "error"),
    [
        ('{"home": ', 1, ""),
        ("wrong root", 1, "error: "),
        ("right", 0, ""),
    ],
)
def test_the_status_says_whether_it_could_begin(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    text: str,
    status: int,
    error: str,
) -> None:
    root = "gopher://x" if text == "wrong root" else ""
    order = json.dumps(make_order(tmp_path, "echo > $0", root=root))
    monkeypatch.setattr(sys, "stdin", io.StringIO(order if "{" not in text else text))

    ended = main()

    assert ended == status
    assert capsys.readouterr().err[: len(error) or 1] == error
