"""A service that is killed at any moment loses no run, starts none twice, and forgets no state."""

from __future__ import annotations

import http.client
import json
import random
import re
import subprocess
import threading
import time
import uuid
from pathlib import Path
from typing import Any

import pytest

from cli_processes import ARGOSY, shell_pipeline

KILLS = 3
NIGHTLY_KILLS = 50
RUNS_FOR_EACH_KILL = 2


class Served:
    """A service that somebody else starts and kills; asked until it answers."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._port = 0
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        command = [ARGOSY, "serve", "--home", str(self._home), "--port", "0", "--grpc-port", "0"]
        self.process = subprocess.Popen(
            [*command, "--max-runs", "3", "--no-request-log"], stderr=subprocess.PIPE, text=True
        )
        assert self.process.stderr is not None
        found = re.search(r"http://\S+:(\d+),", self.process.stderr.readline())
        assert found is not None
        self._port = int(found[1])

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.communicate()

    def ask(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """Return status and body of an answer, however often the service is killed meanwhile."""
        give_up_at = time.monotonic() + 300
        while True:
            connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
            try:
                data = None if body is None else json.dumps(body).encode()
                connection.request(method, f"/apis/v2beta1{path}", data)
                answer = connection.getresponse()
                return answer.status, json.loads(answer.read())
            except (OSError, http.client.HTTPException, ValueError):
                assert time.monotonic() < give_up_at
                time.sleep(0.05)
            finally:
                connection.close()


def check(directory: Path, kills: int) -> None:
    served = Served(directory / "home")
    served.start()
    seen = directory / "seen"
    fails = {str(uuid.uuid4()): number % 3 == 0 for number in range(kills * RUNS_FOR_EACH_KILL)}
    statuses: list[int] = []

    def create() -> None:
        for run_id, is_bad in fails.items():
            script = f"echo {run_id} >> {seen}; {'exit 1' if is_bad else 'echo > $0'}"
            spec = json.loads(shell_pipeline("shell", {"say": script}))
            run = {"run_id": run_id, "display_name": run_id, "pipeline_spec": spec}
            statuses.append(served.ask("POST", "/runs", run)[0])

    creator = threading.Thread(target=create)
    creator.start()
    moments = random.Random(7)
    for _ in range(kills):
        time.sleep(moments.uniform(0.2, 3))
        served.kill()
        served.start()
    creator.join()
    give_up_at = time.monotonic() + 60 + 20 * len(fails)
    states: dict[str, str] = {}
    while len(states) < len(fails) and time.monotonic() < give_up_at:
        time.sleep(0.5)
        for run_id in fails.keys() - states.keys():
            _, run = served.ask("GET", f"/runs/{run_id}")
            if run["state"] in ("SUCCEEDED", "FAILED"):
                states[run_id] = run["state"]
    served.kill()

    # One that was stored before the service could answer is there already.
    assert set(statuses) <= {200, 409}
    assert states == {key: "FAILED" if bad else "SUCCEEDED" for key, bad in fails.items()}
    assert sorted(seen.read_text().split()) == sorted(fails)


def test_runs_survive_a_few_kills(tmp_path: Path) -> None:
    check(tmp_path, KILLS)


@pytest.mark.nightly
@pytest.mark.timeout(3000)
def test_runs_survive_many_kills(tmp_path: Path) -> None:
    check(tmp_path, NIGHTLY_KILLS)
