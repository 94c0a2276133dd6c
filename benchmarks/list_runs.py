"""How long ``argosy list`` takes over many runs, beside ``argosy --help``.

    python benchmarks/list_runs.py [--runs N]

Copies one small run N times, then times whole processes: the first list makes the index, later ones
read it. Prints a table of Markdown with the ratio to the start of the command line alone.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

ARGOSY = str(Path(sys.executable).with_name("argosy"))
EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "05-containers" / "pipeline.yaml"
REPEATS = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, usage="%(prog)s [--runs N]")
    parser.add_argument("--runs", type=int, default=10_000)
    runs: int = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as directory:
        home = Path(directory, "home")
        copy_a_run(home, runs)
        first = seconds("list", "--home", str(home), repeats=1)
        later = seconds("list", "--home", str(home))
        start = seconds("--help")
    print("| what | seconds | beside `argosy --help` |")
    print("| --- | --- | --- |")
    for what, value in (("no index yet", first), ("with its index", later), ("--help", start)):
        print(f"| {runs:,} runs, {what} | {value:.2f} | {value / start:.1f} |")


def copy_a_run(home: Path, count: int) -> None:
    subprocess.run(
        [ARGOSY, "run", str(EXAMPLE), "--home", str(home), "--quiet"],
        check=True,
        capture_output=True,
    )
    (run,) = [path for path in (home / "runs").iterdir() if path.is_dir()]
    spec = (run / "run.json").read_text()
    for _ in range(count - 1):
        run_id = str(uuid.uuid4())
        copy = run.parent / run_id
        copy.mkdir()
        (copy / "run.json").write_text(spec.replace(run.name, run_id))
        for name in ("ir", "journal.jsonl"):
            shutil.copy(run / name, copy / name)


def seconds(*words: str, repeats: int = REPEATS) -> float:
    """Return the median time of a whole process."""
    times: list[float] = []
    for _ in range(repeats):
        began = time.perf_counter()
        subprocess.run([ARGOSY, *words], check=True, capture_output=True)
        times.append(time.perf_counter() - began)
    return statistics.median(times)


if __name__ == "__main__":
    main()
