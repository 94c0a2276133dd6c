"""A plan as lines: one for each task, large loops summed up."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence

from argosy_driver.planning.foreseen import Foreseen, Verdict
from argosy_schemas.ir.task_kind import TaskKind

SHORT_FINGERPRINT = 12
LONGEST_PADDED_PATH = 40
"""Beyond it what is said of a task no longer stands in a column."""
MOST_ITERATIONS = 10
"""A loop with more is summed up behind the first ones."""
SHOWN_ITERATIONS = 3

_WORD_WIDTH = max(len(verdict.value) for verdict in Verdict)


def plan_lines(tasks: Sequence[Foreseen], columns: int | None = None) -> list[str]:
    """Return a line for each task, and last the counts of all.

    A group has a line only where it explains why nothing in it is known, or would run; the tasks
    of that group stand below it.

    Args:
        tasks: By path.
        columns: What is said of a task goes below it where it would not fit; ``None``: never.
    """
    shown = list(_summed_up([task for task in tasks if _is_told(task)], tasks))
    width = max((len(one.path) for one in shown if isinstance(one, Foreseen)), default=0)
    lines = [
        line
        for one in shown
        for line in (
            _lines(one, min(width, LONGEST_PADDED_PATH), columns)
            if isinstance(one, Foreseen)
            else [one]
        )
    ]
    return [*lines, _counts(tasks)]


def _is_told(task: Foreseen) -> bool:
    if task.kind not in (TaskKind.DAG, TaskKind.LOOP):
        return True
    return task.reason is not None or task.verdict in (
        Verdict.SKIPPED,
        Verdict.UNKNOWN,
        Verdict.NOT_RUN,
        Verdict.FAIL,
        Verdict.EMPTY,
    )


def _summed_up(told: Sequence[Foreseen], tasks: Sequence[Foreseen]) -> Iterator[Foreseen | str]:
    """Yield the tasks to be shown, and a line for the rest of each large loop."""
    large = _large_loops(tasks)
    left_out: dict[str, list[Foreseen]] = {}
    for task in told:
        loop = _left_out_of(task, large)
        if loop is None:
            yield from _rest(left_out, large)
            yield task
            continue
        if loop not in left_out:
            yield from _rest(left_out, large)
        left_out.setdefault(loop, []).append(task)
    yield from _rest(left_out, large)


def _rest(left_out: dict[str, list[Foreseen]], large: dict[str, int]) -> Iterator[str]:
    for loop, tasks in left_out.items():
        number = large[loop] - SHOWN_ITERATIONS
        yield f"{'…':{_WORD_WIDTH}}  {loop}: {number:,} more iterations, {_counts(tasks)}"
    left_out.clear()


def _large_loops(tasks: Sequence[Foreseen]) -> dict[str, int]:
    """Return the loops with too many iterations to show them all, with their number."""
    loops = {task.path for task in tasks if task.kind is TaskKind.LOOP}
    found: dict[str, set[str]] = {}
    for task in tasks:
        for loop, index in _iterations(task.path):
            if loop in loops:
                found.setdefault(loop, set()).add(index)
    return {loop: len(seen) for loop, seen in found.items() if len(seen) > MOST_ITERATIONS}


def _left_out_of(task: Foreseen, large: dict[str, int]) -> str | None:
    for loop, index in _iterations(task.path):
        if loop in large and int(index) >= SHOWN_ITERATIONS:
            return loop
    return None


def _iterations(path: str) -> Iterator[tuple[str, str]]:
    """Yield the places of a path where an iteration may stand, the outermost first."""
    segments = path.split("/")
    for at, segment in enumerate(segments):
        if segment.isdecimal():
            yield "/".join(segments[:at]), segment


def _lines(task: Foreseen, width: int, columns: int | None) -> list[str]:
    line = f"{task.verdict.value:{_WORD_WIDTH}}  {task.path:{width}}"
    if task.fingerprint is not None:
        line = f"{line}  {task.fingerprint[:SHORT_FINGERPRINT]}"
    told = [] if task.reason is None else [task.reason]
    if task.cached_from is not None:
        told.insert(0, f"from run {task.cached_from.run_id}")
    whole = "  ".join([line, *told]).rstrip()
    if columns is None or len(whole) <= columns:
        return [whole]
    indent = " " * (_WORD_WIDTH + 4)
    below = [part for one in told for part in wrapped(one, columns, first=indent, others=indent)]
    if len(line.rstrip()) <= columns or task.fingerprint is None:
        return [line.rstrip(), *below]
    # Out of its column, or below the path, which nobody could copy from two lines.
    head = f"{task.verdict.value:{_WORD_WIDTH}}  {task.path}"
    fingerprint = task.fingerprint[:SHORT_FINGERPRINT]
    if len(head) + 2 + len(fingerprint) <= columns:
        return [f"{head}  {fingerprint}", *below]
    return [head, f"{indent}{fingerprint}", *below]


def wrapped(text: str, columns: int | None, *, first: str, others: str) -> list[str]:
    """Return a text as lines of whole words, those after the first one with an indent of theirs.

    Args:
        text: One line.
        columns: As many characters as a line may have, unless a word is longer; ``None``: any.
        first: Stands before the first line.
        others: Stands before the others.
    """
    if columns is None:
        return [f"{first}{text}"]
    return textwrap.wrap(
        text,
        columns,
        initial_indent=first,
        subsequent_indent=others,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _counts(tasks: Sequence[Foreseen]) -> str:
    """Return e.g. ``3 tasks: 2 run, 1 unknown``; groups do not count."""
    counts = Counter(
        task.verdict for task in tasks if task.kind not in (TaskKind.DAG, TaskKind.LOOP)
    )
    total = sum(counts.values())
    told = ", ".join(f"{counts[verdict]:,} {verdict}" for verdict in Verdict if counts[verdict])
    return f"{total:,} task{'' if total == 1 else 's'}{f': {told}' if told else ''}"
