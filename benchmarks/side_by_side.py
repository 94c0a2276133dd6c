"""Whole processes, warm, side by side with ``kfp.local``: hello, and six tasks with artifacts.

Usage: ``python benchmarks/side_by_side.py [--rounds N]``. Each command is run once to warm up and
then N times, alternating; medians and their ratios are printed. ``kfp.local`` runs with its
``SubprocessRunner``, without and with a virtual environment per task. Argosy runs with
``--no-cache``, so that it does the work each time.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

PIPELINES = """
from kfp import dsl
from kfp.dsl import Dataset, Input, Output


@dsl.component(base_image="python:3.11")
def hello(name: str) -> str:
    return f"Hello, {name}!"


@dsl.component(base_image="python:3.11")
def make(rows: int, data: Output[Dataset]):
    with open(data.path, "w") as file:
        file.writelines(f"{row}\\n" for row in range(rows))


@dsl.component(base_image="python:3.11")
def double(data: Input[Dataset], doubled: Output[Dataset]):
    with open(data.path) as source, open(doubled.path, "w") as target:
        target.writelines(f"{2 * int(line)}\\n" for line in source)


@dsl.component(base_image="python:3.11")
def total(left: Input[Dataset], right: Input[Dataset]) -> int:
    return sum(int(line) for each in (left, right) for line in open(each.path))


@dsl.pipeline(name="hello")
def one(name: str = "World") -> str:
    return hello(name=name).output


@dsl.pipeline(name="six")
def six(rows: int = 100) -> int:
    first = double(data=make(rows=rows).outputs["data"])
    second = double(data=make(rows=rows).outputs["data"])
    third = double(data=second.outputs["doubled"])
    return total(left=first.outputs["doubled"], right=third.outputs["doubled"]).output
"""

KFP_LOCAL = """
import sys
from kfp import local
import pipelines
local.init(runner=local.SubprocessRunner(use_venv={venv}), pipeline_root="outputs")
pipelines.{name}()
"""

COMPILE = """
from kfp import compiler
import pipelines
for name in ("one", "six"):
    compiler.Compiler().compile(getattr(pipelines, name), f"{name}.yaml")
"""


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds: int = parser.parse_args(arguments).rounds
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        (folder / "pipelines.py").write_text(PIPELINES)
        run([sys.executable, "-c", COMPILE], folder)
        for name, title in (("one", "hello"), ("six", "six tasks with artifacts")):
            report(title, measure(name, folder, rounds))
    return 0


def measure(name: str, folder: Path, rounds: int) -> Mapping[str, float]:
    """Return command to the median of its seconds; the one with virtual environments runs once."""
    argosy = str(Path(sys.executable).with_name("argosy"))
    commands = {
        "argosy run": [argosy, "run", f"{name}.yaml", "--no-cache", "--quiet"],
        "kfp.local": [sys.executable, "-c", KFP_LOCAL.format(venv=False, name=name)],
    }
    actions = {key: partial(run, command, folder) for key, command in commands.items()}
    medians = alternate(actions, rounds)
    venv = [sys.executable, "-c", KFP_LOCAL.format(venv=True, name=name)]
    return medians | {"kfp.local, venv": timed(lambda: run(venv, folder))}


def alternate(actions: Mapping[str, Callable[[], None]], rounds: int) -> dict[str, float]:
    times: dict[str, list[float]] = {name: [] for name in actions}
    for action in actions.values():
        action()
    for _ in range(rounds):
        for name, action in actions.items():
            times[name].append(timed(action))
    return {name: statistics.median(seconds) for name, seconds in times.items()}


def timed(action: Callable[[], None]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def run(command: Sequence[str], folder: Path) -> None:
    subprocess.run(command, cwd=folder, check=True, capture_output=True)


def report(title: str, seconds: Mapping[str, float]) -> None:
    ours = seconds["argosy run"]
    print(title)
    for name, median in seconds.items():
        print(f"  {name:18} {median:7.2f} s   {median / ours:6.1f} x")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
