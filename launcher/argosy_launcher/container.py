"""The launcher as a sidecar: wait for ``exec``, finish the step, let main end."""

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
from argosy_schemas.errors import ArgosyError, InvalidArgumentError
from argosy_schemas.formats.failures import make_failure
from argosy_schemas.formats.step import Decision, Step
from argosy_schemas.formats.step_directory import read_step
from argosy_schemas.pod import (
    CONTROL_PATH,
    ENV_STORE,
    SHARED_PATH,
    STEP_PATH,
    STORE_PARAMETER,
    WORKSPACE_PATH,
    format_pod_message,
)
from argosy_store.objects import ObjectStore
from argosy_store.stores import Stores

ENV_MOUNTED_AT: Final = "ARGOSY_MOUNTED_AT"
"""For tests: a directory in place of ``/`` for the paths of the pod, as the driver knows it."""

SHARED_VOLUMES: Final = (SHARED_PATH, "/gcs", "/s3", "/minio", WORKSPACE_PATH)
"""Mounted in main and in the launcher, at the same paths, if at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LauncherContainer:
    """Everything around one step."""

    step: Step

    shared: Path
    """Where main has the shared volume, ``/argosy`` in a pod."""
    exchange: Exchange
    stores: Stores
    store: ObjectStore
    now: Callable[[], datetime]
    say: Callable[[str], None]
    """Writes a line for people who read the log of this container."""
    volumes: tuple[Path, ...]
    """Where main has the volumes that this container mounts too."""
    mounted_at: Path = Path("/")
    """Below which this process finds main's volumes, ``/`` in a pod."""

    def run(self) -> StepOutcome:
        """Finish the step of this pod and let its main container end."""
        self.exchange.start()
        ended = self._end_of_command() if self.step.decision is Decision.RUN else None
        finished = self._finished(ended)
        for warning in finished.warnings:
            self.say(warning)
        if finished.control:
            name = Path(CONTROL_PATH).name
            # Argo's container sees all of it or nothing, whatever its UID.
            control = self.exchange.directory.parent / name
            write_atomically(control, finished.control.encode(), mode=0o644)
        reason = ""
        if finished.failure is not None:
            reason = format_pod_message(finished.failure.message, final=finished.failure.final)
        self.say(reason or "the task succeeded")
        self.exchange.send_verdict(finished.exit_code, reason)
        return finished

    def _finished(self, ended: ProcessEnd | None) -> StepOutcome:
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
            # The command is done, but files in its image cannot be had any more.
            return finish(
                self.step,
                make_vanished_end(asked_to_stop=self.exchange.asked_to_stop.is_set()),
                stores=self.stores,
                store=self.store,
                now=self.now,
            )

    def _end_of_command(self) -> ProcessEnd:
        try:
            report = self.exchange.wait_for_exit()
        except ExecDiedError:
            end = make_vanished_end(asked_to_stop=self.exchange.asked_to_stop.is_set())
            return ProcessEnd(exit_code=None, failure=end.failure, log=self._whole_log())
        if report.leftover:
            self.say(f"{report.leftover} processes outlived the command and were ended")
        return interpret_exit_report(report, command=self.step.argv[0], log=self._whole_log())

    def _whole_log(self) -> Path | None:
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
        arguments: Of the command line: the shared volume, then the others; none are the pod's.
        environment: Names the store.
        asked_to_stop: Set by signals.
        tick_seconds: The protocol's second.
    """
    shared = Path(arguments[0] if arguments else SHARED_PATH)
    mounted_at = Path(environment.get(ENV_MOUNTED_AT) or "/")
    here = mounted_at / str(shared).lstrip("/")
    exchange = Exchange(here / "exchange", tick_seconds=tick_seconds, asked_to_stop=asked_to_stop)
    try:
        url = environment.get(ENV_STORE)
        if not url:
            raise InvalidArgumentError(
                f"the variable '{ENV_STORE}' of container 'launcher' is empty; submit the workflow "
                f"with the parameter '{STORE_PARAMETER}'"
            )
        step = read_step(here / Path(STEP_PATH).name)
        with Stores(*filter(None, (url, step.root))) as stores:
            LauncherContainer(
                step=step,
                shared=shared,
                exchange=exchange,
                stores=stores,
                store=stores.open(url),
                now=lambda: datetime.now(UTC),
                say=_say,
                volumes=(shared, *map(Path, arguments[1:])) if arguments else _mounted(mounted_at),
                mounted_at=mounted_at,
            ).run()
    except ArgosyError as error:
        return _give_up(exchange, str(error), final=make_failure(error).final)
    except Exception as error:
        # The edge of the process: main must not wait for a launcher that is gone.
        traceback.print_exc()
        return _give_up(exchange, f"{type(error).__name__}: {error}; this is a fault of Argosy")
    return 0


def _mounted(mounted_at: Path) -> tuple[Path, ...]:
    # Without a volume the path is one in the user's image, which main alone sees.
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
    """Return one file with the whole log; what is missing in its middle is said there."""
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
