"""Run the launcher as a sidecar: wait for ``exec``, finish the step, let main end."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import Final

from argosy_launcher.endings.process_end import ProcessEnd
from argosy_launcher.finish import StepOutcome, finish
from argosy_launcher.sidecar.exchange import Exchange, ExecDiedError
from argosy_launcher.sidecar.exit_report import interpret_exit_report, make_vanished_end
from argosy_launcher.sidecar.log_parts import take_log
from argosy_launcher.sidecar.main_files import MainFiles
from argosy_launcher.sidecar.own_step import check_own_step
from argosy_launcher.sidecar.summary import summarize
from argosy_schemas.errors import ArgosyError, TaskError
from argosy_schemas.formats.failures import make_failure
from argosy_schemas.formats.step import Decision, Step
from argosy_schemas.formats.step_files import read_step
from argosy_schemas.pod import (
    CONTROL_NAME,
    EXCHANGE_PATH,
    OWN_PATH,
    PRIVATE_PATH,
    PUBLISHED_PATH,
    SUMMARY_NAME,
    WORKSPACE_PATH,
    format_pod_message,
)
from argosy_store.objects import ObjectStore
from argosy_store.pod_store import read_accesses, read_pod_store
from argosy_store.stores import Stores

ENV_MOUNTED_AT: Final = "ARGOSY_MOUNTED_AT"
"""For tests: a directory that replaces ``/`` in the paths of the pod, as for the driver."""

FOREIGN_VOLUMES: Final = (EXCHANGE_PATH, "/gcs", "/s3", "/minio", WORKSPACE_PATH)
"""The volumes that main and the launcher mount at the same paths, where a pod has them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LauncherContainer:
    """The launcher of one step and everything that it needs."""

    step: Step
    private: Path
    """A directory that main cannot see."""
    exchange: Exchange
    files: MainFiles
    stores: Stores
    store: ObjectStore
    now: Callable[[], datetime]
    say: Callable[[str], None]
    """Writes a line to the log of this container."""

    def run(self) -> StepOutcome:
        """Finish the step of this pod and let its main container end."""
        ended = self._wait_for_command() if self.step.decision is Decision.RUN else None
        finished = self._finish(ended)
        for warning in finished.warnings:
            self.say(warning)
        if finished.control:
            self.exchange.publish_output(CONTROL_NAME, finished.control)
        if finished.failure is None:
            self.exchange.publish_output(SUMMARY_NAME, summarize(self.step, finished.record))
        reason = ""
        if finished.failure is not None:
            reason = format_pod_message(finished.failure.message, final=finished.failure.final)
        self.say(reason or "the task succeeded")
        self.exchange.send_verdict(finished.exit_code, reason)
        return finished

    def _finish(self, ended: ProcessEnd | None) -> StepOutcome:
        try:
            return finish(
                self.step,
                ended,
                stores=self.stores,
                store=self.store,
                now=self.now,
                locate=self.files.locate,
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
            return replace(end, log=self._take_log())
        except TaskError as error:
            return ProcessEnd(exit_code=None, failure=make_failure(error), log=self._take_log())
        if report.leftover:
            self.say(f"{report.leftover} processes outlived the command and were ended")
        return interpret_exit_report(report, command=self.step.argv[0], log=self._take_log())

    def _take_log(self) -> Path | None:
        try:
            return take_log(self.exchange.foreign, self.private / "log")
        except OSError as error:
            self.say(f"the log was not taken over: {error.strerror}")
            return None


def run_container(
    arguments: Sequence[str],
    environment: Mapping[str, str],
    *,
    asked_to_stop: Event,
    tick_seconds: float,
) -> int:
    """Finish the step of this pod and return the exit code of the process.

    Args:
        arguments: The command line: the directory of our own volumes, then the paths of the others
            that main mounts too; empty: those of a pod.
        environment: Has the URL of the store, and the ids of the attempt.
        asked_to_stop: Set by signals.
        tick_seconds: The length of the protocol's second.
    """
    mounted_at = Path(environment.get(ENV_MOUNTED_AT) or "/")
    in_main = Path(arguments[0] if arguments else OWN_PATH)
    private, published, foreign = (
        mounted_at / str(in_main / Path(path).name).lstrip("/")
        for path in (PRIVATE_PATH, PUBLISHED_PATH, EXCHANGE_PATH)
    )
    exchange = Exchange(published, foreign, tick_seconds=tick_seconds, asked_to_stop=asked_to_stop)
    volumes = (in_main / foreign.name, *map(Path, arguments[1:]))
    try:
        if exchange.published.is_dir():
            exchange.start()  # at once: the command waits for it
        url = read_pod_store(environment)
        step = read_step(private)
        check_own_step(step, environment)
        roots = filter(None, (url, step.root))
        with Stores(*roots, accesses=read_accesses(environment), in_pod=True) as stores:
            LauncherContainer(
                step=step,
                private=private,
                exchange=exchange,
                files=MainFiles(
                    exchange, volumes if arguments else _find_volumes(mounted_at), mounted_at
                ),
                stores=stores,
                store=stores.open(url),
                now=lambda: datetime.now(UTC),
                say=_say,
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
    return tuple(Path(path) for path in FOREIGN_VOLUMES if exists(mounted_at / path.lstrip("/")))


def _give_up(exchange: Exchange, reason: str, *, final: bool = False) -> int:
    reason = format_pod_message(reason, final=final)
    _say(reason)
    if exchange.published.is_dir():  # no volume, no main
        exchange.send_verdict(1, reason)
    return 1


def _say(line: str) -> None:
    print(f"argosy: {line}", file=sys.stderr, flush=True)
