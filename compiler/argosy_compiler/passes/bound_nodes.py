"""Refuse pipelines that make more nodes than an engine can hold.

Argo keeps every node of a run in the status of one object, which holds some thousands: so loops
over items in the pipeline may make ``--max-nodes``. Loops over values of the run are checked by the
workflow itself, see :mod:`argosy_compiler.control_flow.loop_counts`. A few nested pipelines, each
used twice, make a billion nodes: no engine begins to walk those.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from argosy_compiler.compilation import Compilation, ControlFlow, DagVariant
from argosy_compiler.control_flow.loop_counts import COMPRESSED_BYTES, COPIED_BYTES_OF_A_NODE
from argosy_compiler.passes.list_dag_variants import get_variant
from argosy_compiler.structure import locate_task
from argosy_schemas.errors import Problem
from argosy_schemas.ir.from_json import ROOT
from argosy_schemas.ir.model import Task

MOST_NODES: Final = 1_000_000
"""How many nodes any engine takes: the tasks of as many are planned in minutes."""


def bound_nodes(compilation: Compilation) -> Compilation:
    """Return the compilation; too many nodes, of a loop or in all, are problems."""
    problems: dict[str, Problem] = {}
    total = compilation.node_counts[DagVariant(component=ROOT)].nodes
    if total > MOST_NODES:
        message = (
            f"makes {total:,} nodes, and no engine takes more than {MOST_NODES:,}; use fewer nested"
            " pipelines, or shorter loops"
        )
        problems["root.dag"] = Problem(path="root.dag", message=message)
    most = compilation.options.max_nodes
    if most is not None:
        problems |= _large_loops(compilation, most)
    return replace(compilation, problems=(*compilation.problems, *problems.values()))


def _large_loops(compilation: Compilation, most: int) -> dict[str, Problem]:
    """Return the loops that make more nodes than ``most``, by path."""
    # A component that is used twice is reported once.
    problems: dict[str, Problem] = {}
    for variant in compilation.dag_variants:
        for task, count in _list_static_loops(compilation, variant):
            path = locate_task(variant.component, task.key)
            message = _explain_excess(compilation, variant, task, count, most)
            if message is not None:
                problems.setdefault(path, Problem(path=path, message=message))
    return problems


def _list_static_loops(compilation: Compilation, variant: DagVariant) -> Iterator[tuple[Task, int]]:
    """Yield the loops of a DAG whose number of iterations is known, with that number."""
    for task in compilation.structure.tasks_of(variant.component):
        count = compilation.control_flows.get((variant.component, task.key), ControlFlow()).count
        if isinstance(count, int):
            yield task, count


def _explain_excess(
    compilation: Compilation, variant: DagVariant, task: Task, count: int, most: int
) -> str | None:
    nodes = compilation.node_counts[get_variant(variant, task)].nodes
    copied = _count_copied_bytes(compilation, variant, task)
    most_copied = most * COPIED_BYTES_OF_A_NODE
    if count * nodes > most:
        has = f"{count:,} iterations of {nodes:,} nodes, {count * nodes:,} in all"
        allowed = f"--max-nodes allows {most:,}"
    elif copied > COMPRESSED_BYTES and count * copied > most_copied:
        has = (
            f"{count:,} iterations with {copied:,} bytes each to decide by,"
            f" {count * copied:,} in all"
        )
        allowed = f"--max-nodes {most} leaves room for {most_copied:,}"
    else:
        return None
    return (
        f"has {has}, and {allowed}, since Argo keeps all in one object; make the loop shorter, or"
        " raise --max-nodes where Argo offloads its status to a database"
    )


def _count_copied_bytes(compilation: Compilation, variant: DagVariant, task: Task) -> int:
    """Return the bytes of the lists in the pipeline that each iteration of a loop carries."""
    texts = compilation.control_arguments.get((variant.component, task.key), {}).values()
    return sum(
        len(items.encode()) * 4 // 3
        for name, items in compilation.list_parameters.items()
        if any(f"'{name}'" in text for text in texts)
    )
