"""What ``exec`` adds to a command: ``python benchmarks/exec_overhead.py [--rounds N]``.

The same command is run bare and under ``exec``, in turns: one that ends at once, and one that
prints 2 GiB, which a reader takes from a pipe, as the container runtime does. The launcher's word
is there before ``exec`` asks for it. The log is kept below the directory for temporary files, in
parts of 64 MiB, as in a pod.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import argosy_launcher
from argosy_schemas.formats.step import Decision, Step
from argosy_schemas.formats.step_files import write_step
from argosy_schemas.names import AttemptId, RunId, TaskPath

EXEC = Path(argosy_launcher.__file__).parent / "bin" / f"exec-{platform.machine()}"
GIB = 2
PRINTING = ("head", "-c", f"{GIB}G", "/dev/zero")


@dataclass(frozen=True, slots=True)
class Cost:
    """What one run took."""

    seconds: float
    cpu_seconds: float
    """Of the command, and of ``exec`` where it ran under it."""


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    rounds: int = parser.parse_args(arguments).rounds
    print("| command | bare | under `exec` | adds | ratio |")
    print("| --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        bare, under = alternate(("true",), folder / "true", rounds)
        print_row("ends at once", bare, under, scale=1000, unit="ms")
        bare, under = alternate(PRINTING, folder / "head", max(3, rounds // 40))
        print_row(f"prints {GIB} GiB", bare, under, scale=1, unit="s")
        print(f"\n{speed_of(under):.2f} GB/s pass; {speed_of(bare):.2f} GB/s without `exec`.")
    return 0


def speed_of(costs: Sequence[Cost]) -> float:
    """Return the median of bytes per nanosecond."""
    return GIB * 1.073741824 / median(each.seconds for each in costs)


def alternate(argv: Sequence[str], directory: Path, rounds: int) -> tuple[list[Cost], list[Cost]]:
    """Return the costs of a bare command, and of the same one under ``exec``."""
    bare: list[Cost] = []
    under: list[Cost] = []
    for number in range(rounds + 1):
        costs = (measure(argv), measure(wrap(argv, directory / str(number))))
        if number:  # the first one warms up
            bare.append(costs[0])
            under.append(costs[1])
    return bare, under


def wrap(argv: Sequence[str], volumes: Path) -> list[str]:
    """Return the command line of ``exec`` for a step whose verdict is known."""
    for old in volumes.parent.glob("*/exchange/log*"):
        old.unlink()
    private, published, exchange = (volumes / name for name in ("private", "published", "exchange"))
    for path in (private, published, exchange):
        path.mkdir(parents=True)
    step = Step(
        run_id=RunId("run-1"),
        pipeline="demo",
        task_path=TaskPath("train"),
        attempt_id=AttemptId("attempt-1"),
        decision=Decision.RUN,
        started_at=datetime.now(UTC),
        argv=tuple(argv),
        env=(("PATH", os.environ["PATH"]),),
        log_key="log",
    )
    write_step(step, private=private, published=published)
    (published / "launcher-alive").touch()
    (published / "verdict").write_text("0\n")
    return [str(EXEC), "-d", str(volumes), "-t", str(exchange / "termination-log")]


def measure(command: Sequence[str]) -> Cost:
    """Run a command whose output a reader takes from a pipe."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        descriptor = process.stdout.fileno()
        buffer = bytearray(1 << 20)
        while os.readv(descriptor, [buffer]):
            pass
    seconds = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if process.returncode:
        raise SystemExit(f"{command[0]} ended with {process.returncode}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(seconds, cpu)


def print_row(
    what: str, bare: Sequence[Cost], under: Sequence[Cost], *, scale: int, unit: str
) -> None:
    readings: dict[str, Callable[[Sequence[Cost]], float]] = {
        "median": lambda costs: median(each.seconds for each in costs),
        "fastest": lambda costs: min(each.seconds for each in costs),
        "CPU": lambda costs: median(each.cpu_seconds for each in costs),
    }
    for name, take in readings.items():
        one, other = take(bare) * scale, take(under) * scale
        print(
            f"| {what}, {name} | {one:.2f} {unit} | {other:.2f} {unit} | {other - one:.2f} {unit} "
            f"| {other / one:.2f} |"
        )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
