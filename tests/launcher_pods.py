"""Pods without Kubernetes: ``exec`` and the launcher as processes around their volumes."""

from __future__ import annotations

import os
import platform
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from argosy_schemas.formats.records import AttemptRecord
from argosy_schemas.formats.records_json import record_from_json
from argosy_schemas.formats.step import Decision, Step
from argosy_schemas.formats.step_files import write_step
from argosy_schemas.names import AttemptId, RunId, TaskPath

EXEC = (
    Path(__file__).parents[1]
    / "launcher"
    / "argosy_launcher"
    / "bin"
    / f"exec-{platform.machine()}"
)
SYSTEM_PATH = "/usr/bin:/bin:/usr/sbin:/sbin"
UNSHARE = ("unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c")
"""Runs a script as the first process of a container, with mounts of its own."""
# A step of a pod is not slower for it: it only takes longer to hold what is silent for dead.
TICK_MS = 1000
SHORT_TICK_MS = 150
STARTED_AT = datetime(2024, 5, 1, 12, tzinfo=UTC)
TASK = "runs/run-1/tasks/train"


def step_of(*argv: str, **changes: Any) -> Step:
    """A step that runs ``argv`` and has no outputs, but for ``changes``."""
    step = Step(
        run_id=RunId("run-1"),
        pipeline="demo",
        task_path=TaskPath("train"),
        attempt_id=AttemptId("attempt-1"),
        decision=Decision.RUN if argv else Decision.CACHED,
        started_at=STARTED_AT,
        argv=argv,
        log_key=f"{TASK}/attempt-1.log",
    )
    return replace(step, **changes)


@dataclass(frozen=True, slots=True, kw_only=True)
class PodEnd:
    """How main ended, and what can be seen from outside."""

    exit_code: int
    """Of main; minus the signal that killed it."""
    reason: str
    """In the termination log."""
    stdout: bytes
    stderr: bytes
    launcher_code: int | None


@dataclass(slots=True)
class Pod:
    """One pod: Argosy's three volumes, another volume, a store, two processes."""

    directory: Path
    command_prefix: Sequence[str] = ()
    """Goes before ``exec``, e.g. to enter another root."""
    tick_ms: int = TICK_MS
    """The protocol's second."""
    grace_ticks: int = 50
    user: int | None = None
    """The UID of main; ``None``: ours. It may then write to the exchange and its volume only."""
    log_limit: int = 64 << 20
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    main: subprocess.Popen[bytes] | None = None
    launcher: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        for path in (self.private, self.published, self.exchange, self.volume):
            path.mkdir(parents=True, exist_ok=True)
            path.chmod(0o777)
        if self.user is not None:
            # As mounts do it in a pod.
            self.private.chmod(0o700)
            self.published.chmod(0o755)

    @property
    def own(self) -> Path:
        """As ``/argosy``, which holds the three volumes."""
        return self.directory / "argosy"

    @property
    def private(self) -> Path:
        return self.own / "private"

    @property
    def published(self) -> Path:
        return self.own / "published"

    @property
    def volume(self) -> Path:
        """As main's ``/s3``: mounted at one path in both containers."""
        return self.directory / "volume"

    @property
    def store(self) -> Path:
        return self.directory / "store"

    @property
    def exchange(self) -> Path:
        return self.own / "exchange"

    def start_main(self, step: Step) -> None:
        """Do the driver's part, then start ``exec``."""
        write_step(step, private=self.private, published=self.published)
        (self.exchange / "termination-log").touch()
        (self.exchange / "termination-log").chmod(0o666)
        options = {
            "-d": str(self.own),
            "-g": str(self.grace_ticks),
            "-l": str(self.log_limit),
            "-m": str(self.tick_ms),
            "-t": f"{self.exchange}/termination-log",
        }
        self.main = subprocess.Popen(
            [
                *self.command_prefix,
                str(EXEC) if not self.command_prefix else f"{self.published}/exec",
                *(word for pair in options.items() for word in pair),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=dict(self.environment),
            user=self.user,
            group=self.user,
        )

    def start_launcher(self, *program: str) -> None:
        """Start the launcher, or another ``program`` of Python with its arguments."""
        program = program or ("-m", "argosy_launcher")
        self.launcher = subprocess.Popen(
            [sys.executable, *program, str(self.own), str(self.volume)],
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env={
                **os.environ,
                "ARGOSY_STORE": str(self.store),
                "ARGOSY_TICK_SECONDS": str(self.tick_ms / 1000),
            },
        )

    def end(self, *, timeout_seconds: float = 60) -> PodEnd:
        """Wait for both containers."""
        assert self.main is not None
        stdout, stderr = self.main.communicate(timeout=timeout_seconds)
        launcher_code = None
        if self.launcher is not None:
            self.launcher.communicate(timeout=timeout_seconds)
            launcher_code = self.launcher.returncode
        return PodEnd(
            exit_code=self.main.returncode,
            reason=(self.exchange / "termination-log").read_text(),
            stdout=stdout,
            stderr=stderr,
            launcher_code=launcher_code,
        )

    def run(self, step: Step) -> PodEnd:
        """Run a whole pod."""
        self.start_main(step)
        self.start_launcher()
        return self.end()

    def kill(self) -> None:
        """Leave nothing behind, whatever a test did."""
        for process in (self.main, self.launcher):
            if process is not None:
                if process.poll() is None:
                    process.send_signal(signal.SIGKILL)
                process.communicate()

    def record(self, name: str = "attempt-1") -> AttemptRecord | None:
        """The record of an attempt; ``success`` is the one that readers take."""
        for file in ("success", name):
            path = self.store / TASK / f"{file}.json"
            record = record_from_json(path.read_bytes()) if path.exists() else None
            if record is not None and name in ("success", record.attempt_id):
                return record
        return None

    def stored_log(self, attempt: str = "attempt-1") -> bytes:
        return (self.store / TASK / f"{attempt}.log").read_bytes()
