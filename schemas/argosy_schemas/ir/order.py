"""Sort the tasks of a DAG by their dependencies."""

from __future__ import annotations

from collections.abc import Iterator

from argosy_schemas.ir.model import Dag


def order_tasks(dag: Dag) -> Iterator[str]:
    """Yield the task keys of a DAG, each after those that it depends on."""
    done: set[str] = set()
    for first in dag.tasks:
        stack = [first]
        while stack:
            key = stack[-1]
            if key in done:
                stack.pop()
                continue
            waiting = [
                upstream
                for upstream in dag.tasks[key].dependencies
                if upstream in dag.tasks and upstream not in done
            ]
            if waiting:
                stack.extend(waiting)
            else:
                done.add(key)
                stack.pop()
                yield key
