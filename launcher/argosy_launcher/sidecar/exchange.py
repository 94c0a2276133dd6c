"""The launcher's side of the protocol with ``exec``, over files on two volumes of the pod.

``docs/container-contract.md`` specifies it. The launcher writes to the published volume, which main
only reads. ``exec`` writes to the exchange volume, and so can the user's code: nothing there is
trusted to be what ``exec`` writes. Neither side compares clocks: a side counts as dead when the
other has *checked* its heartbeat often enough without a change, so that a pod may be frozen for
hours.
"""

from __future__ import annotations

import os
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from argosy_launcher.sidecar.exit_report import ExitReport, parse_exit_report
from argosy_schemas.atomic_files import write_atomically
from argosy_schemas.errors import TaskError
from argosy_schemas.formats.records import Reason
from argosy_schemas.untrusted_files import UntrustedFileError, UntrustedPath

EXEC_SILENCE: Final = 30
"""The number of checks without a heartbeat after which ``exec`` counts as dead."""
STOPPED_SILENCE: Final = 5
"""The same, after this launcher was asked to stop."""
MAX_MESSAGE_BYTES: Final = 4096
"""The most that ``exec`` has to say at a time."""


class ExecDiedError(Exception):
    """``exec`` has died and will not answer."""


@dataclass(slots=True)
class Exchange:
    """The two volumes of a pod, from the launcher's side."""

    published: Path
    """Where this launcher writes."""
    foreign: Path
    """The exchange volume, where ``exec`` and the user's code write."""
    tick_seconds: float = 1.0
    asked_to_stop: threading.Event = field(default_factory=threading.Event)
    _requests: int = 0
    _request_lock: threading.Lock = field(default_factory=threading.Lock)
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
        """Start the heartbeat of this launcher; ``exec`` waits for it to run the command."""
        self._beat()
        threading.Thread(target=self._keep_beating, name="beat", daemon=True).start()

    def wait_for_exit(self) -> ExitReport:
        """Wait for the report of ``exec`` and return it; main may take any time to start.

        Raises:
            ExecDiedError: ``exec`` died without a report.
            TaskError: The report is not one that ``exec`` writes.
        """
        data = self._wait_for("exit")
        try:
            return parse_exit_report(data)
        except ValueError as error:
            raise self._make_error("exit", str(error)) from error

    def request_copy(self, path: str) -> tuple[UntrustedPath, str]:
        """Let ``exec`` copy a file or directory of main's file system to the exchange volume.

        Returns:
            The place of the copy, and ``file``, ``directory``, ``absent``, or what went wrong.

        Raises:
            ExecDiedError: ``exec`` died without an answer.
            TaskError: The answer is not one that ``exec`` gives to this request.
        """
        # It answers one after the other.
        with self._request_lock:
            self._requests += 1
            number, nonce = self._requests, os.urandom(16).hex()
            self._publish(f"request-{number}", f"{nonce}\0{path}\0".encode())
            name = f"answer-{number}"
            answer = self._wait_for(name).decode(errors="replace").split("\0")
        if len(answer) != 3 or answer[0] != nonce:
            raise self._make_error(name, "does not belong to its request")
        return UntrustedPath(self.foreign, f"copies/{number}"), answer[1]

    def publish_output(self, name: str, text: str) -> None:
        """Give Argo an output parameter of this pod."""
        self._publish(name, text.encode())

    def send_verdict(self, exit_code: int, reason: str) -> None:
        """Let main end with this exit code, and with ``reason`` in its termination log."""
        self._publish("verdict", f"{exit_code}\n{reason}".encode(errors="replace"))
        self._over.set()

    def _wait_for(self, name: str) -> bytes:
        path = UntrustedPath(self.foreign, name)
        pause, is_last_look = 0.001, False
        while True:
            try:
                return path.read(most=MAX_MESSAGE_BYTES)
            except FileNotFoundError:
                if is_last_look:
                    raise ExecDiedError from None
            except UntrustedFileError as error:
                raise self._make_error(name, str(error)) from error
            except OSError as error:
                raise self._make_error(name, f"cannot be read ({error.strerror})") from error
            # A dead ``exec`` may have written the file after the look above.
            is_last_look = self._is_dead()
            if not is_last_look:
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
        # The image of main may still be on its way; only a stop ends the waiting.
        status = UntrustedPath(self.foreign, "exec-alive").find_status()
        beat = None if status is None else status.st_mtime_ns
        if beat is not None and beat != self._seen:
            self._seen = beat
            self._silent = 0
            self._outlived_stop = stopped and not stop_is_new
            return False
        if stopped:
            self._silent += 1
            return self._silent > STOPPED_SILENCE
        if self._seen is not None:
            self._silent += 1
        return self._silent > EXEC_SILENCE

    def _keep_beating(self) -> None:
        while not self._over.wait(self.tick_seconds):
            self._beat()

    def _beat(self) -> None:
        path = self.published / "launcher-alive"
        # Only its time: replacing the file would write to the disk every second.
        path.touch(0o644)

    def _publish(self, name: str, data: bytes) -> None:
        """Write a file atomically, readable by main and Argo under any UID."""
        write_atomically(self.published / name, data, mode=0o644)

    def _make_error(self, name: str, problem: str) -> TaskError:
        return TaskError(
            f"'{self.foreign / name}' {problem}; the file is Argosy's, let the command write to "
            "its outputs alone",
            reason=Reason.INVALID_OUTPUT,
        )
