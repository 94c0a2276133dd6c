"""The command killed at any moment: what has succeeded stays, and the run ends."""

import json
import random
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from cli_processes import ARGOSY, argosy, shell_pipeline

TASKS: tuple[str, ...] = ("first", "second", "third", "fourth")
LONGEST_SECONDS = 1.2


def pipeline(tmp_path: Path) -> str:
    scripts = {
        task: f"echo x >> '{tmp_path}/ran-{task}'; sleep 0.1; printf {task} > \"$0\""
        for task in TASKS
    }
    after: dict[str, str] = dict(zip(TASKS[1:], TASKS[:-1], strict=True))
    return shell_pipeline("killed", scripts, after=after)


def runs(tmp_path: Path) -> list[Path]:
    return list((tmp_path / ".argosy" / "runs").glob("*/run.json"))


def counts(tmp_path: Path) -> dict[str, int]:
    """Return how often each task that has a success record ran."""
    return {
        task: len((tmp_path / f"ran-{task}").read_text().splitlines())
        for task in TASKS
        if any((tmp_path / ".argosy" / "runs").glob(f"*/tasks/{task}/success.json"))
    }


def left_behind(tmp_path: Path) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        try:
            if str(tmp_path) in " ".join(process.cmdline()) and process.status() != "zombie":
                yield process
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue


def kill_once(moment: float, tmp_path: Path) -> None:
    (tmp_path / "pipeline.json").write_text(pipeline(tmp_path))
    process = subprocess.Popen(
        [ARGOSY, "run", "pipeline.json"],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    time.sleep(moment)
    process.kill()
    process.wait()
    deadline = time.monotonic() + 10
    while any(left_behind(tmp_path)) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert list(left_behind(tmp_path)) == []
    if not runs(tmp_path):
        return  # killed before the run began
    before = counts(tmp_path)
    run_id = json.loads(runs(tmp_path)[0].read_text())["run_id"]

    resumed = argosy("run", "--resume", run_id, "--output", "json", cwd=tmp_path)

    assert resumed.status == 0, resumed.err
    assert [task["outputs"]["parameters"] for task in resumed.result["tasks"]] == [
        {"text": task} for task in sorted(TASKS)
    ]
    after = counts(tmp_path)
    assert {task: after[task] for task in before} == before


@pytest.mark.parametrize("moment", [0.3, 0.5, 0.7])
def test_a_killed_run_is_resumed_without_doing_work_again(moment: float, tmp_path: Path) -> None:
    kill_once(moment, tmp_path)


@pytest.mark.nightly
def test_fifty_kills_of_the_command_at_random_moments_do_no_harm(tmp_path: Path) -> None:
    chance = random.Random(7)
    for number in range(50):
        place = tmp_path / str(number)
        place.mkdir()
        kill_once(chance.uniform(0.1, LONGEST_SECONDS), place)
