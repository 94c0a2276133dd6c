"""Format what a compiled workflow costs on Argo as lines."""

from __future__ import annotations

from argosy_compiler.stats import Limit, Stats


def format_statistics(stats: Stats) -> list[str]:
    """Return the counts, sizes and limits of a workflow."""
    counts = stats.counts
    tasks = counts.steps + counts.claims
    lines = [
        f"pods: {stats.pods} for {tasks} task{'' if tasks == 1 else 's'},"
        f" {stats.pods_per_task:.2f} per task"
        f" ({counts.deciding} decide, {counts.claims} are volume claims)",
    ]
    if counts.open_loops:
        lines.append(f"loops of a length known at run time, counted once: {counts.open_loops}")
    return [
        *lines,
        f"workflow: {stats.workflow_bytes:,} bytes; the pipeline, packed: {stats.ir_bytes:,}",
        *(_format_limit(limit) for limit in stats.limits),
    ]


def _format_limit(limit: Limit) -> str:
    if limit.maximum is None:
        return f"{limit.name}: {limit.value:,} (no limit)"
    return f"{limit.name}: {limit.value:,} of {limit.maximum:,} ({limit.percent:.1f} %)"
