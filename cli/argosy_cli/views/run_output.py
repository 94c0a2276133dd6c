"""What a command that runs a pipeline on this machine shows of the end of the run."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

from argosy_cli.exit_codes import ExitCode
from argosy_runs.results import RunResult
from argosy_runs.states import RunState
from argosy_schemas.names import RunId


def print_json(result: RunResult) -> None:
    """Print the JSON of a run to standard output."""
    # JSON has its own escapes for characters that the encoding lacks.
    is_utf8 = sys.stdout.encoding.lower().replace("-", "") == "utf8"
    print(json.dumps(result.to_json(), ensure_ascii=not is_utf8), flush=True)


def make_failed_result(error: str) -> RunResult:
    """Return the result of a run that could not start."""
    now = datetime.now(UTC)
    return RunResult(
        run_id=RunId(""),
        pipeline="",
        state=RunState.FAILED,
        started_at=now,
        finished_at=now,
        error=error,
    )


def show_result(result: RunResult, home: Path, output: str) -> ExitCode:
    """Print what became of a run, as ``--output`` asks for it; return the exit status."""
    if result.listener_failure is not None:
        print(f"note: {result.listener_failure}; this is a bug in Argosy", file=sys.stderr)
    if output == "json":
        print_json(result)
    else:
        from argosy_cli.views.summary import format_summary
        from argosy_runs.local.place import LocalRuns
        from argosy_runs.places import RunReference

        command = LocalRuns(home).resume_command(RunReference(run_id=result.run_id))
        print(format_summary(result, command), flush=True)
    return _to_exit_code(result)


def _to_exit_code(result: RunResult) -> ExitCode:
    match result.state:
        case RunState.SUCCEEDED:
            return ExitCode.SUCCEEDED
        case RunState.CANCELED:
            return ExitCode.INTERRUPTED
        case RunState.FAILED | RunState.PENDING | RunState.RUNNING:
            return ExitCode.FAILED
