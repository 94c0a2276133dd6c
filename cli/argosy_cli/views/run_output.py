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


def print_result(result: RunResult, output: str, *, go_on: str) -> None:
    """Print a run to standard output.

    Args:
        result: The run, with values unless ``output`` is ``text``.
        output: ``text``, ``json``, ``yaml``, or ``name``, which prints nothing.
        go_on: The command that goes on with the run.
    """
    match output:
        case "json":
            print_json(result)
        case "yaml":
            print_yaml(result.to_json())
        case "text":
            from argosy_cli.views.summary import format_summary

            print(format_summary(result, go_on), flush=True)
        case _:
            pass


def print_yaml(document: object) -> None:
    """Print a document as YAML, its members in their order."""
    import yaml  # 20 ms, for those who ask for it

    print(yaml.safe_dump(document, sort_keys=False, allow_unicode=True), end="", flush=True)


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
    from argosy_runs.local.place import LocalRuns
    from argosy_runs.places import RunReference

    go_on = LocalRuns(home).command("retry", RunReference(run_id=result.run_id))
    print_result(result, output, go_on=go_on)
    return _to_exit_code(result)


def _to_exit_code(result: RunResult) -> ExitCode:
    match result.state:
        case RunState.SUCCEEDED:
            return ExitCode.SUCCEEDED
        case RunState.CANCELED:
            return ExitCode.INTERRUPTED
        case RunState.FAILED | RunState.PENDING | RunState.RUNNING:
            return ExitCode.FAILED
