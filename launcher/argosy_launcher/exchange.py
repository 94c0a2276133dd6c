"""The launcher's side of the protocol with ``exec``, over files on the shared volume.

``docs/container-contract.md`` specifies it. Each side writes its own files, atomically, and touches
a heartbeat file about once a second. Neither side compares clocks: a side counts as dead when the
other has *checked* its heartbeat often enough without a change, so that a pod may be frozen for
hours.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from argosy_launcher.exit_report import ExitReport, parse_exit_report
from argosy_schemas.atomic_files import write_atomically

EXEC_SILENCE: Final = 30
"""The number of checks without a heartbeat after which ``exec`` counts as dead."""
STOPPED_SILENCE: Final = 5
"""The same, after this launcher was asked to stop."""


class ExecDiedError(Exception):
    """``exec`` has died and will not answer."""


@dataclass(slots=True)
class Exchange:
    """The directory ``exchange`` of a pod, from the launcher's side."""

    directory: Path
    tick_seconds: float = 1.0
    asked_to_stop: threading.Event = field(default_factory=threading.Event)
    _requests: int = 0
    _seen: int | None = None
    _silent: int = 0
    _stop_seen: bool = False
    _outlived_stop: bool = False
    _next_look: float = 0.0
    _over: threading.Event = field(default_factory=threading.Event)

    @property
    def stop_came_first(self) -> bool:
        """Whether the death of ``exec`` may be due to a stop of the pod.

        It is not if ``exec`` had died when this launcher was asked to stop: Argo asks every sidecar
        to stop as soon as main has ended, whatever ended it.
        """
        return self.asked_to_stop.is_set() and (self._seen is None or self._outlived_stop)

    def start(self) -> None:
        """Start the heartbeat of this launcher."""
        self.directory.mkdir(exist_ok=True)
        self._open_to_all(self.directory, 0o777)
        self._beat()
        threading.Thread(target=self._keep_beating, name="beat", daemon=True).start()

    def wait_for_exit(self) -> ExitReport:
        """Wait for the report of ``exec`` and return it; main may take any time to start.

        Raises:
            ExecDiedError: ``exec`` died without a report.
        """
        return parse_exit_report(self._wait_for("exit"))

    def request(self, *words: str) -> tuple[str, ...]:
        """Let ``exec`` act in main's file system and return its answers.

        Args:
            words: One or more commands: ``open`` and a path, or ``copy`` and two paths.

        Raises:
            ExecDiedError: ``exec`` died without an answer.
        """
        self._requests += 1
        self._publish(f"request-{self._requests}", b"".join(w.encode() + b"\0" for w in words))
        answer = self._wait_for(f"answer-{self._requests}")
        return tuple(answer.decode().split("\0")[:-1])

    def send_verdict(self, exit_code: int, reason: str) -> None:
        """Let main end with this exit code, and with ``reason`` in its termination log."""
        self._publish("verdict", f"{exit_code}\n{reason}".encode(errors="replace"))
        self._over.set()

    def list_log_parts(self) -> Mapping[int, Path]:
        """Return the parts of the log by number: 0 is its beginning, the largest its end."""
        parts = {0: self.directory / "log"}
        parts |= {int(path.suffix[1:]): path for path in self.directory.glob("log.[0-9]*")}
        return {number: parts[number] for number in sorted(parts) if parts[number].exists()}

    def _wait_for(self, name: str) -> bytes:
        path = self.directory / name
        pause = 0.001
        while True:
            try:
                return path.read_bytes()
            except FileNotFoundError:
                pass
            if self._is_dead():
                # It may have written the file after the check above.
                if path.exists():
                    continue
                raise ExecDiedError
            # Short commands should not wait for us; the checks should not slow long ones down.
            time.sleep(pause)
            pause = min(pause * 1.1, 0.05)

    def _is_dead(self) -> bool:
        now = time.monotonic()
        stopped = self.asked_to_stop.is_set()
        stop_is_new = stopped and not self._stop_seen
        # What this look sees was before the stop; so it is not put off.
        if now < self._next_look and not stop_is_new:
            return False
        self._stop_seen = stopped
        self._next_look = now + self.tick_seconds
        try:
            beat = (self.directory / "exec-alive").stat().st_mtime_ns
        except FileNotFoundError:
            # The image of main may still be on its way; only a stop ends the waiting.
            beat = None
        if beat is not None and beat != self._seen:
            self._seen = beat
            self._silent = 0
            self._outlived_stop = stopped and not stop_is_new
            return False
        if stopped:
            self._silent += 1
            return self._silent > STOPPED_SILENCE
        if beat is not None:
            self._silent += 1
        return self._silent > EXEC_SILENCE

    def _keep_beating(self) -> None:
        while not self._over.wait(self.tick_seconds):
            self._beat()

    def _beat(self) -> None:
        path = self.directory / "launcher-alive"
        # Only its time: replacing the file would write to the disk every second.
        path.touch(0o666)

    def _publish(self, name: str, data: bytes) -> None:
        """Write a file atomically, readable by ``exec`` under any UID."""
        write_atomically(self.directory / name, data, mode=0o666)

    @staticmethod
    def _open_to_all(path: Path, mode: int) -> None:
        try:
            path.chmod(mode)
        except PermissionError:
            return  # the other side created it, and opened it itself
