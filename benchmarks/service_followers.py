"""The memory and time that many followers cost the service.

    python benchmarks/service_followers.py [FOLLOWERS]

Starts `argosy serve` on an empty home with a run whose task writes a line a second, and opens
FOLLOWERS streams, 200 unless told: half of them of events of that run, a quarter of its log, a
quarter of the list of runs. After half a minute it prints a table of Markdown: resident memory of
the service and its processor time in a second, without followers and with them, and how many bytes
each kind of follower got.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

SECONDS = 30
PIPELINE = {
    "pipelineInfo": {"name": "talk"},
    "schemaVersion": "2.1.0",
    "sdkVersion": "kfp-2.17.3",
    "deploymentSpec": {
        "executors": {
            "exec": {
                "container": {
                    "image": "busybox",
                    "command": ["sh", "-c", "for i in $(seq 600); do echo $i; sleep 1; done"],
                }
            }
        }
    },
    "components": {"comp-talk": {"executorLabel": "exec"}},
    "root": {
        "dag": {
            "tasks": {"talk": {"componentRef": {"name": "comp-talk"}, "taskInfo": {"name": "talk"}}}
        }
    },
}


def main() -> None:
    followers = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    with tempfile.TemporaryDirectory() as home:
        command = [str(Path(sys.executable).with_name("argosy")), "serve", "--home", home]
        command += ["--port", "0", "--grpc-port", "0"]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
            try:
                assert process.stderr is not None
                found = re.search(r"http://127\.0\.0\.1:(\d+)", process.stderr.readline())
                assert found is not None
                asyncio.run(measure(process.pid, int(found[1]), followers))
            finally:
                process.terminate()


async def measure(process: int, port: int, followers: int) -> None:
    run_id = create_run(port)
    await asyncio.sleep(5)
    before = await sample(process, 5)
    paths = [f"/runs/{run_id}/events"] * (followers // 2)
    paths += [f"/apis/v1alpha1/runs/{run_id}/nodes/talk/log?follow=true"] * (followers // 4)
    paths += ["/runs/events"] * (followers - len(paths))
    counts = dict.fromkeys(paths, 0)
    tasks = [asyncio.create_task(follow(port, path, counts)) for path in paths]
    await asyncio.sleep(5)
    after = await sample(process, SECONDS)
    for task in tasks:
        task.cancel()
    print("| followers | resident MB | processor seconds in a second |\n| --- | --- | --- |")
    for count, (memory, spent) in ((0, before), (followers, after)):
        print(f"| {count} | {memory:.0f} | {spent:.3f} |")
    for path, count in counts.items():
        print(f"\n{path.replace(run_id, '…')}: {count // paths.count(path):,} bytes each")


async def follow(port: int, path: str, counts: dict[str, int]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    while data := await reader.read(65536):
        counts[path] += len(data)


async def sample(process: int, seconds: float) -> tuple[float, float]:
    """Return resident megabytes, the most that were seen, and processor seconds in a second."""
    began, spent, most = time.monotonic(), read_processor_seconds(process), 0.0
    while time.monotonic() - began < seconds:
        await asyncio.sleep(0.5)
        text = Path(f"/proc/{process}/status").read_text()
        found = re.search(r"VmRSS:\s+(\d+) kB", text)
        assert found is not None
        most = max(most, int(found[1]) / 1024)
    return most, (read_processor_seconds(process) - spent) / (time.monotonic() - began)


def read_processor_seconds(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def create_run(port: int) -> str:
    body = json.dumps({"display_name": "talk", "pipeline_spec": PIPELINE}).encode()
    url = f"http://127.0.0.1:{port}/apis/v2beta1/runs"
    with urllib.request.urlopen(urllib.request.Request(url, body)) as answer:
        run_id: str = json.load(answer)["run_id"]
    return run_id


if __name__ == "__main__":
    main()
