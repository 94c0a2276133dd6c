"""Format a plan as lines: one for each task, large loops summarized."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence

from argosy_driver.planning.planned_task import PlannedTask, Verdict
from argosy_schemas.ir.task_kind import TaskKind

SHORT_FINGERPRINT = 12
LONGEST_PADDED_PATH = 40
"""A longer path pushes the rest of its line out of the column."""
MOST_ITERATIONS = 10
"""A loop with more iterations is summarized after the first ones."""
SHOWN_ITERATIONS = 3

_WORD_WIDTH = max(len(verdict.value) for verdict in Verdict)


def format_plan(tasks: Sequence[PlannedTask], columns: int | None = None) -> list[str]:
    """Return a line for each task, and a last line with the counts.

    A group has a line only if it explains why its tasks do not run or are not known.

    Args:
        tasks: In the order of their paths.
        columns: The width of the terminal: longer lines continue below; ``None``: no limit.
    """
    shown = list(_summarize_loops([task for task in tasks if _has_line(task)], tasks))
    width = max((len(one.path) for one in shown if isinstance(one, PlannedTask)), default=0)
    lines = [
        line
        for one in shown
        for line in (
            _format_task(one, min(width, LONGEST_PADDED_PATH), columns)
            if isinstance(one, PlannedTask)
            else [one]
        )
    ]
    return [*lines, _format_counts(tasks)]


def _has_line(task: PlannedTask) -> bool:
    if task.kind not in (TaskKind.DAG, TaskKind.LOOP):
        return True
    return task.reason is not None or task.verdict in (
        Verdict.SKIPPED,
        Verdict.UNKNOWN,
        Verdict.NOT_RUN,
        Verdict.FAIL,
        Verdict.EMPTY,
    )


def _summarize_loops(
    shown: Sequence[PlannedTask], tasks: Sequence[PlannedTask]
) -> Iterator[PlannedTask | str]:
    """Yield the tasks to show, and a line for the other iterations of each large loop."""
    large = _count_large_loops(tasks)
    left_out: dict[str, list[PlannedTask]] = {}
    for task in shown:
        loop = _summarized_loop(task, large)
        if loop is None:
            yield from _summary_lines(left_out, large)
            yield task
            continue
        if loop not in left_out:
            yield from _summary_lines(left_out, large)
        left_out.setdefault(loop, []).append(task)
    yield from _summary_lines(left_out, large)


def _summary_lines(left_out: dict[str, list[PlannedTask]], large: dict[str, int]) -> Iterator[str]:
    for loop, tasks in left_out.items():
        number = large[loop] - SHOWN_ITERATIONS
        yield f"{'…':{_WORD_WIDTH}}  {loop}: {number:,} more iterations, {_format_counts(tasks)}"
    left_out.clear()


def _count_large_loops(tasks: Sequence[PlannedTask]) -> dict[str, int]:
    """Return the path of each loop with too many iterations to show, to their number."""
    loops = {task.path for task in tasks if task.kind is TaskKind.LOOP}
    found: dict[str, set[str]] = {}
    for task in tasks:
        for loop, index in _possible_iterations(task.path):
            if loop in loops:
                found.setdefault(loop, set()).add(index)
    return {loop: len(seen) for loop, seen in found.items() if len(seen) > MOST_ITERATIONS}


def _summarized_loop(task: PlannedTask, large: dict[str, int]) -> str | None:
    for loop, index in _possible_iterations(task.path):
        if loop in large and int(index) >= SHOWN_ITERATIONS:
            return loop
    return None


def _possible_iterations(path: str) -> Iterator[tuple[str, str]]:
    """Yield the prefixes of a path that may be loops, each with the index after it."""
    segments = path.split("/")
    for at, segment in enumerate(segments):
        if segment.isdecimal():
            yield "/".join(segments[:at]), segment


def _format_task(task: PlannedTask, width: int, columns: int | None) -> list[str]:
    line = f"{task.verdict.value:{_WORD_WIDTH}}  {task.path:{width}}"
    if task.fingerprint is not None:
        line = f"{line}  {task.fingerprint[:SHORT_FINGERPRINT]}"
    notes = [] if task.reason is None else [task.reason]
    if task.cached_from is not None:
        notes.insert(0, f"from run {task.cached_from.run_id}")
    whole = "  ".join([line, *notes]).rstrip()
    if columns is None or len(whole) <= columns:
        return [whole]
    indent = " " * (_WORD_WIDTH + 4)
    below = [
        part for note in notes for part in wrap_words(note, columns, first=indent, others=indent)
    ]
    if len(line.rstrip()) <= columns or task.fingerprint is None:
        return [line.rstrip(), *below]
    # The fingerprint leaves its column, or moves below the path, so that neither is broken.
    head = f"{task.verdict.value:{_WORD_WIDTH}}  {task.path}"
    fingerprint = task.fingerprint[:SHORT_FINGERPRINT]
    if len(head) + 2 + len(fingerprint) <= columns:
        return [f"{head}  {fingerprint}", *below]
    return [head, f"{indent}{fingerprint}", *below]


def wrap_words(text: str, columns: int | None, *, first: str, others: str) -> list[str]:
    """Break a line at blanks.

    Args:
        text: One line.
        columns: The maximum length of a line, unless a word is longer; ``None``: no limit.
        first: The indent of the first line.
        others: The indent of the other lines.
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


def _format_counts(tasks: Sequence[PlannedTask]) -> str:
    """Return e.g. ``3 tasks: 2 run, 1 unknown``, without groups."""
    counts = Counter(
        task.verdict for task in tasks if task.kind not in (TaskKind.DAG, TaskKind.LOOP)
    )
    total = sum(counts.values())
    parts = ", ".join(f"{counts[verdict]:,} {verdict}" for verdict in Verdict if counts[verdict])
    return f"{total:,} task{'' if total == 1 else 's'}{f': {parts}' if parts else ''}"
