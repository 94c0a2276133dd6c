"""What many runs of one pipeline, created at once, take of the service and of the machine.

    python benchmarks/service_many_runs.py [--runs N] [--max-runs N]

Starts 'argosy serve' on an empty home, creates RUNS runs (1,000 unless told) of a pipeline with two
small tasks, and waits for their ends. Prints a table of Markdown: how many ended in which state,
how long it took, the largest resident memory of the service and of all its processes together, and
the processor time of the service itself.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from cli_processes import ARGOSY, shell_pipeline

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
LOOK_SECONDS = 2


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, usage="%(prog)s [OPTIONS]")
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--max-runs", type=int, default=4)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        words = ["--port", "0", "--grpc-port", "0", "--max-runs", str(chosen.max_runs)]
        command = [ARGOSY, "serve", "--home", home, *words, "--no-request-log"]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
            try:
                assert process.stderr is not None
                found = re.search(r"http://\S+:(\d+),", process.stderr.readline())
                assert found is not None
                measure(int(found[1]), process.pid, chosen.runs)
            finally:
                process.terminate()


def measure(port: int, pid: int, runs: int) -> None:
    """Create the runs, and print what came of them."""
    scripts = {"one": "echo > $0", "two": "echo > $0"}
    spec = json.loads(shell_pipeline("many", scripts, after={"two": "one"}))
    began = time.perf_counter()
    for number in range(runs):
        ask(port, "POST", "/runs", {"display_name": f"run-{number}", "pipeline_spec": spec})
    created = time.perf_counter() - began
    own, whole = 0, 0
    states = Counter[str]()
    while sum(states[each] for each in ("SUCCEEDED", "FAILED", "CANCELED")) < runs:
        time.sleep(LOOK_SECONDS)
        sizes = [read_resident(each) for each in list_processes(pid)]
        own, whole = max(own, read_resident(pid)), max(whole, sum(sizes))
        states = count_states(port)
    passed = time.perf_counter() - began
    print("| what | figure |")
    print("| --- | --- |")
    print(f"| runs by state | {', '.join(f'{each} {states[each]:,}' for each in sorted(states))} |")
    print(f"| created in; all ended after | {created:.0f} s; {passed:.0f} s |")
    print(f"| most memory of the service; with its runs | {own >> 20} MiB; {whole >> 20} MiB |")
    print(f"| processor time of the service for a run | {read_used(pid) / runs * 1000:.0f} ms |")


def ask(port: int, method: str, path: str, body: object = None) -> Any:
    """Return the answer of the service."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
    try:
        data = None if body is None else json.dumps(body).encode()
        connection.request(method, path if path == "/metrics" else f"/apis/v2beta1{path}", data)
        answer = connection.getresponse()
        content = answer.read()
        assert answer.status == 200, content
        return content.decode() if path == "/metrics" else json.loads(content)
    finally:
        connection.close()


def count_states(port: int) -> Counter[str]:
    """Return how many runs there are by state."""
    found = re.findall(r'^argosy_runs\{state="(\w+)"\} (\d+)$', ask(port, "GET", "/metrics"), re.M)
    return Counter({state: int(count) for state, count in found})


def list_processes(pid: int) -> Iterator[int]:
    """Yield a process and all below it."""
    yield pid
    # Each thread has its own.
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            text = children.read_text()
        except OSError:
            continue  # it has ended meanwhile
        for each in text.split():
            yield from list_processes(int(each))


def read_resident(pid: int) -> int:
    """Return the resident bytes of a process; 0: it has ended."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_BYTES
    except OSError:
        return 0


def read_used(pid: int) -> float:
    """Return the processor time of a process, in seconds, without that of others below it."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
