"""The runs of a home, as a place."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from argosy_runs.causes import Explanation, explain_run, find_causes, select_causes
from argosy_runs.local.commands import write_local_command
from argosy_runs.local.deleting import delete_run
from argosy_runs.local.home import RunFiles
from argosy_runs.local.listing import list_runs
from argosy_runs.local.logs import LogReader, read_last_lines
from argosy_runs.local.reading import read_run
from argosy_runs.local.selecting import select_run
from argosy_runs.places import Deletion, RunEntry, RunLog, RunReference
from argosy_runs.results import RunResult
from argosy_schemas.errors import InvalidArgumentError

_PATIENCE_SECONDS: Final = 5.0
_LOOK_SECONDS: Final = 0.05
_FOLLOW_SECONDS: Final = 0.5


class LocalRuns:
    """The runs of one home."""

    # The methods of `RunPlace` are documented there, once.

    def __init__(self, home: Path) -> None:
        self.home = home

    @property
    def label(self) -> str:
        return f"'{self.home}'"

    def list(self) -> Sequence[RunEntry]:
        return list_runs(self.home)

    def select(self, text: str) -> RunReference:
        return RunReference(run_id=select_run(self.home, text))

    def read(self, run: RunReference, *, with_values: bool = True) -> RunResult:
        return read_run(self.home, run.run_id)

    def explain(self, run: RunReference, *, task: str | None, tail: int) -> Explanation:
        result, files = self.read(run), self._files(run)
        causes = find_causes(result, go_on=self.command("retry", run))
        wanted = select_causes(causes, task)
        paths = [cause.task.path for cause in wanted]
        return Explanation(
            run=result,
            causes=wanted,
            summary=explain_run(result, causes),
            last_lines={path: read_last_lines(files, path, tail) for path in paths},
            logs=self.command("logs", run),
        )

    def is_over(self, run: RunReference) -> bool:
        return not self._files(run).is_locked()

    def follow(self, run: RunReference) -> Iterator[RunResult]:
        while True:
            # Asked before: an engine that ends meanwhile has written all of it.
            is_over = self.is_over(run)
            yield self.read(run)
            if is_over:
                return
            time.sleep(_FOLLOW_SECONDS)

    def open_log(
        self, run: RunReference, task: str | None = None, *, sdk_lines: bool = False
    ) -> RunLog:
        return LogReader(self._files(run), task, sdk_lines=sdk_lines)

    def command(self, verb: str, run: RunReference | None = None) -> str:
        return write_local_command(verb, run, self.home)

    def stop(self, run: RunReference, *, at_once: bool) -> None:
        files = self._files(run)
        if not files.is_locked():
            state = self.read(run).state
            raise InvalidArgumentError(
                f"run '{run.run_id}' is {state}; only a run that has not ended can be stopped"
            )
        files.request_stop()
        if at_once:
            # The second request kills; the engine must have seen the first one before.
            give_up_at = time.monotonic() + _PATIENCE_SECONDS
            while files.stop_request.exists() and time.monotonic() < give_up_at:
                time.sleep(_LOOK_SECONDS)
            files.request_stop()

    def delete(self, run: RunReference, *, artifacts: bool) -> Deletion:
        return delete_run(self.home, run.run_id, artifacts=artifacts)

    def _files(self, run: RunReference) -> RunFiles:
        return RunFiles(self.home, run.run_id)
