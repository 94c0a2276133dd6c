"""Show runs as a table or as JSON, for ``argosy list``."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import pairwise

from argosy_cli.views.words import format_duration, strip_controls
from argosy_runs.places import RunEntry
from argosy_runs.results import format_time_for_json
from argosy_schemas.values import JsonValue, to_json

_SHORTEST_ID = 8
_HEADINGS = ("RUN", "NAME", "PIPELINE", "STATE", "STARTED", "TIME", "WHY")


def format_run_table(runs: Sequence[RunEntry], ids: Iterable[str]) -> str:
    """Return a line of headings and one line for each run; empty without runs.

    Args:
        runs: In the order to show.
        ids: The ids of all runs of the home; shown ids are as short as these allow.
    """
    if not runs:
        return ""
    length = _distinct_length(list(ids))
    rows = [_HEADINGS, *(_row(run, length) for run in runs)]
    if not any(run.name for run in runs):
        # On this machine runs have no names.
        rows = [(row[0], *row[2:]) for row in rows]
    return _align(rows)


def runs_to_json(runs: Iterable[RunEntry], *, left_out: int) -> str:
    """Return a JSON object with an entry for each run; see ``docs/json-output.md``."""
    return to_json({"runs": [_run_to_json(run) for run in runs], "left_out": left_out})


def _run_to_json(run: RunEntry) -> dict[str, JsonValue]:
    return {
        "run_id": run.run_id,
        **({} if run.name is None else {"name": run.name}),
        "pipeline": run.pipeline,
        "state": run.state.value,
        "created_at": format_time_for_json(run.created_at),
        "started_at": format_time_for_json(run.started_at),
        "finished_at": format_time_for_json(run.finished_at),
        "error": run.error,
    }


def _row(run: RunEntry, length: int) -> tuple[str, ...]:
    end = run.finished_at
    if end is None and not run.state.is_final:
        end = datetime.now(UTC)
    return (
        run.run_id[:length],
        run.name or "",
        strip_controls(run.pipeline),
        run.state.value,
        run.started_at.astimezone().strftime("%Y-%m-%d %H:%M"),
        "" if end is None else format_duration(end - run.started_at),
        strip_controls(run.error or ""),
    )


def _distinct_length(ids: Sequence[str]) -> int:
    """Return how many first characters make all ids different."""
    ordered = sorted(ids)
    length = _SHORTEST_ID
    for one, other in pairwise(ordered):
        while length < len(one) and one[:length] == other[:length]:
            length += 1
    return length


def _align(rows: Sequence[tuple[str, ...]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    if sys.stdout.isatty():
        # Only the reason is long, and a cut line is easier to read than a wrapped one.
        width = shutil.get_terminal_size().columns
        lines = [line if len(line) <= width else f"{line[: width - 1]}…" for line in lines]
    return "\n".join(lines)
