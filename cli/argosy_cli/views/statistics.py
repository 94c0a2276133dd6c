"""What a compiled workflow costs, as lines."""

from __future__ import annotations

from argosy_compiler.stats import Limit, Stats


def statistics_lines(stats: Stats) -> list[str]:
    """Return the counts, sizes and limits of a workflow."""
    tasks = stats.steps + stats.claims
    lines = [
        f"pods: {stats.pods} for {tasks} task{'' if tasks == 1 else 's'},"
        f" {stats.pods_per_task:.2f} per task"
        f" ({stats.deciding} decide, {stats.claims} are volume claims)",
    ]
    if stats.open_loops:
        lines.append(f"loops of a length known at run time, counted once: {stats.open_loops}")
    return [*lines, *size_lines(stats)]


def size_lines(stats: Stats) -> list[str]:
    """Return how large a workflow is, and how far Argo's limits are."""
    return [
        f"workflow: {stats.workflow_bytes:,} bytes; the pipeline, packed: {stats.ir_bytes:,}",
        *(_limit_line(limit) for limit in stats.limits),
    ]


def _limit_line(limit: Limit) -> str:
    if limit.maximum is None:
        return f"{limit.name}: {limit.value:,}, which nothing limits"
    return f"{limit.name}: {limit.value:,} of {limit.maximum:,} ({limit.percent:.1f} %)"
