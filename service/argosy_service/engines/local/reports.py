"""What the service is told of runs of this machine, from their journals and records."""

from __future__ import annotations

from pathlib import Path

from argosy_runs.local.home import RunFiles
from argosy_runs.local.reading import read_run
from argosy_runs.results import RunResult
from argosy_runs.states import RunState
from argosy_schemas.names import RunId
from argosy_service.engines.local.journals import count_ends
from argosy_service.engines.protocol import RunReport


class LocalRunSource:
    """What a home keeps of runs."""

    def __init__(self, home: Path) -> None:
        self._home = home.absolute()

    def read(self, run_id: str, *, namespace: str = "") -> RunReport | None:
        """Return what became of a run so far; ``None``: the home has nothing of it.

        Raises:
            ArgosyError: It cannot be read.
        """
        files = RunFiles(self._home, RunId(run_id))
        if not files.spec.exists():
            return None
        result = read_run(self._home, files.run_id)
        return _report_end(result, files) if result.state.is_final else report_running(result)


def report_running(result: RunResult) -> RunReport:
    """Return the report of a run that goes on."""
    return RunReport(
        run_id=result.run_id,
        state="RUNNING",
        tasks=result.tasks,
        started_at=result.started_at,
    )


def read_ended_run(home: Path, run_id: RunId) -> RunReport:
    """Return the report of a run on which nobody works any more.

    Raises:
        ArgosyError: It cannot be read.
    """
    return _report_end(read_run(home, run_id), RunFiles(home, run_id))


def _report_end(result: RunResult, files: RunFiles) -> RunReport:
    is_failed = result.state not in (RunState.SUCCEEDED, RunState.CANCELED)
    return RunReport(
        run_id=result.run_id,
        state="FAILED" if is_failed else result.state.value,
        error=result.error or "",
        tasks=result.tasks,
        started_at=result.started_at,
        finished_at=result.finished_at,
        ends=count_ends(files.journal),
    )


def report_unbegun(run_id: str, log: Path) -> RunReport:
    """Return the report of a run that could not begin.

    Args:
        run_id: Of the run.
        log: What its worker wrote.
    """
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    last = lines[-1].removeprefix("error: ") if lines else "its process was killed; retry the run"
    return RunReport(run_id=run_id, state="FAILED", error=last)
