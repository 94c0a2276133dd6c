"""Run the launcher as a sidecar: wait for ``exec``, finish the step, let main end."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import Final

from argosy_launcher.exchange import Exchange, ExecDiedError
from argosy_launcher.exit_report import interpret_exit_report, make_vanished_end
from argosy_launcher.finish import StepOutcome, finish
from argosy_launcher.main_files import MainFiles
from argosy_launcher.process_end import ProcessEnd
from argosy_schemas.atomic_files import write_atomically
from argosy_schemas.errors import ArgosyError
from argosy_schemas.formats.failures import make_failure
from argosy_schemas.formats.step import Decision, Step
from argosy_schemas.formats.step_directory import read_step
from argosy_schemas.pod import (
    CONTROL_PATH,
    SHARED_PATH,
    STEP_PATH,
    WORKSPACE_PATH,
    format_pod_message,
)
from argosy_store.objects import ObjectStore
from argosy_store.pod_store import read_pod_store
from argosy_store.stores import Stores

ENV_MOUNTED_AT: Final = "ARGOSY_MOUNTED_AT"
"""For tests: a directory that replaces ``/`` in the paths of the pod, as for the driver."""

SHARED_VOLUMES: Final = (SHARED_PATH, "/gcs", "/s3", "/minio", WORKSPACE_PATH)
"""The volumes that main and the launcher mount at the same paths, where a pod has them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LauncherContainer:
    """The launcher of one step and everything that it needs."""

    step: Step

    shared: Path
    """The path of the shared volume in main, ``/argosy`` in a pod."""
    exchange: Exchange
    stores: Stores
    store: ObjectStore
    now: Callable[[], datetime]
    say: Callable[[str], None]
    """Writes a line to the log of this container."""
    volumes: tuple[Path, ...]
    """The paths in main of the volumes that this container mounts too."""
    mounted_at: Path = Path("/")
    """The directory below which this process finds main's volumes, ``/`` in a pod."""

    def run(self) -> StepOutcome:
        """Finish the step of this pod and let its main container end."""
        self.exchange.start()
        ended = self._wait_for_command() if self.step.decision is Decision.RUN else None
        finished = self._finish(ended)
        for warning in finished.warnings:
            self.say(warning)
        if finished.control:
            name = Path(CONTROL_PATH).name
            # Argo's container must read the whole file or none, whatever its UID.
            control = self.exchange.directory.parent / name
            write_atomically(control, finished.control.encode(), mode=0o644)
        reason = ""
        if finished.failure is not None:
            reason = format_pod_message(finished.failure.message, final=finished.failure.final)
        self.say(reason or "the task succeeded")
        self.exchange.send_verdict(finished.exit_code, reason)
        return finished

    def _finish(self, ended: ProcessEnd | None) -> StepOutcome:
        files = MainFiles(self.exchange, self.shared, self.volumes, self.mounted_at)
        try:
            return finish(
                self.step,
                ended,
                stores=self.stores,
                store=self.store,
                now=self.now,
                locate=files.locate,
            )
        except ExecDiedError:
            # The command has ended, but nobody can read the files in its image any more.
            return finish(
                self.step,
                make_vanished_end(stop_came_first=self.exchange.stop_came_first),
                stores=self.stores,
                store=self.store,
                now=self.now,
            )

    def _wait_for_command(self) -> ProcessEnd:
        try:
            report = self.exchange.wait_for_exit()
        except ExecDiedError:
            end = make_vanished_end(stop_came_first=self.exchange.stop_came_first)
            return ProcessEnd(exit_code=None, failure=end.failure, log=self._join_log())
        if report.leftover:
            self.say(f"{report.leftover} processes outlived the command and were ended")
        return interpret_exit_report(report, command=self.step.argv[0], log=self._join_log())

    def _join_log(self) -> Path | None:
        return join_log(self.exchange.list_log_parts(), self.exchange.directory / "log.whole")


def run_container(
    arguments: Sequence[str],
    environment: Mapping[str, str],
    *,
    asked_to_stop: Event,
    tick_seconds: float,
) -> int:
    """Finish the step of this pod and return the exit code of the process.

    Args:
        arguments: The command line: the shared volume, then the others; empty: those of a pod.
        environment: Has the URL of the store.
        asked_to_stop: Set by signals.
        tick_seconds: The length of the protocol's second.
    """
    shared = Path(arguments[0] if arguments else SHARED_PATH)
    mounted_at = Path(environment.get(ENV_MOUNTED_AT) or "/")
    here = mounted_at / str(shared).lstrip("/")
    exchange = Exchange(here / "exchange", tick_seconds=tick_seconds, asked_to_stop=asked_to_stop)
    try:
        url = read_pod_store(environment)
        step = read_step(here / Path(STEP_PATH).name)
        with Stores(*filter(None, (url, step.root)), in_pod=True) as stores:
            LauncherContainer(
                step=step,
                shared=shared,
                exchange=exchange,
                stores=stores,
                store=stores.open(url),
                now=lambda: datetime.now(UTC),
                say=_say,
                volumes=(shared, *map(Path, arguments[1:]))
                if arguments
                else _find_volumes(mounted_at),
                mounted_at=mounted_at,
            ).run()
    except ArgosyError as error:
        return _give_up(exchange, str(error), final=make_failure(error).final)
    except Exception as error:
        # The edge of the process: main must not wait for a launcher that has died.
        traceback.print_exc()
        return _give_up(exchange, f"{type(error).__name__}: {error}; this is a bug in Argosy")
    return 0


def _find_volumes(mounted_at: Path) -> tuple[Path, ...]:
    # Where the pod has no such volume, the path is in the user's image, which only main sees.
    exists = os.path.ismount if mounted_at == Path("/") else os.path.isdir
    return tuple(Path(path) for path in SHARED_VOLUMES if exists(mounted_at / path.lstrip("/")))


def _give_up(exchange: Exchange, reason: str, *, final: bool = False) -> int:
    reason = format_pod_message(reason, final=final)
    _say(reason)
    if not exchange.directory.parent.is_dir():
        return 1  # no volume, no main
    exchange.start()
    exchange.send_verdict(1, reason)
    return 1


def _say(line: str) -> None:
    print(f"argosy: {line}", file=sys.stderr, flush=True)


def join_log(parts: Mapping[int, Path], target: Path) -> Path | None:
    """Return one file with all parts of the log, and a line where parts are missing."""
    if len(parts) < 2:
        return next(iter(parts.values()), None)
    previous = -1
    with target.open("wb") as whole:
        for number, part in parts.items():
            if number != previous + 1:
                whole.write(b"\n[argosy: the log is longer than what was kept of it]\n")
            previous = number
            with part.open("rb") as source:
                while chunk := source.read(1 << 20):
                    whole.write(chunk)
    return target
