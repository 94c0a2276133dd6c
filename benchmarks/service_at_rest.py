"""What the service takes to start on an empty home, and while nobody asks it anything.

    python benchmarks/service_at_rest.py [ROUNDS]

Starts `argosy serve` ROUNDS times, 3 unless told, each time on an empty home, and lets it be for
half a minute. Prints a table of Markdown: the time until it answers, the processor time until then,
its resident memory, and its processor time while it rests.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SECONDS = 30


def main() -> None:
    print("| ready after, s | of them processor, s | resident, MiB | at rest, % of a core |")
    print("| --- | --- | --- | --- |")
    for _ in range(int(sys.argv[1]) if len(sys.argv) > 1 else 3):
        with tempfile.TemporaryDirectory() as home:
            measure(home)


def measure(home: str) -> None:
    command = [str(Path(sys.executable).with_name("argosy")), "serve", "--home", home]
    command += ["--port", "0", "--grpc-port", "0"]
    begun_at = time.monotonic()
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        process.stderr.readline()
        ready, started = time.monotonic() - begun_at, read_processor_seconds(process.pid)
        time.sleep(SECONDS)
        share = (read_processor_seconds(process.pid) - started) / SECONDS
        memory = read_resident_bytes(process.pid) / 2**20
        process.terminate()
    print(f"| {ready:.1f} | {started:.2f} | {memory:.0f} | {share:.1%} |", flush=True)


def read_processor_seconds(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def read_resident_bytes(process: int) -> int:
    return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    main()
