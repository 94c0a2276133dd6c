"""Run exit tasks of the pipeline itself also after a stop, or after the deadline.

No version of Argo then starts anything more in the DAG. It runs the ``onExit`` template, if that is
a template of steps (a DAG fails at once on 3.5 and 3.6). So that template holds a twin of each exit
task, with the same path, which is skipped without a pod unless the run was stopped or passed its
deadline. If the exit task has already ended, in success or by a failure of its own, the driver of
the twin finds
its record and does nothing.

A step before the twins finds out once whether the run was stopped: Argo evaluates the ``when`` of a
step again whenever it looks at the step, gives up a running step whose ``when`` became false, and
forgets that it stopped a pod when it learns the exit code. The step looks for the beginning of
messages that Argo itself gives to nodes: what a command printed stands later in a message, and its
quotes are escaped once more than those around messages.

Exit tasks in nested DAGs have no twin: Argo abandons nested DAGs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from argosy_compiler.argo.expressions import make_control_text, make_tag
from argosy_compiler.argo.names import Names, make_task_name
from argosy_compiler.argo.template_names import ON_EXIT, STOPPED_TEMPLATE
from argosy_compiler.compilation import Compilation, Template
from argosy_expressions.terms import quote
from argosy_schemas.ir.from_json import ROOT
from argosy_schemas.ir.model import TriggerStrategy
from argosy_schemas.pod import PATH_INPUT, UPSTREAM_AT_EXIT, UPSTREAM_INPUT
from argosy_schemas.values import to_json

_HANDLER = "exit-handler-"
"""The prefix of the group that an exit task follows, as the SDK names it."""
_STOPPED = make_tag(
    " || ".join(
        # The variable is JSON, quoted as a whole.
        f"workflow.failures contains {quote(to_json(text)[1:-1])}"
        for text in (
            '"message":"workflow shutdown with strategy:',
            '"message":"Stopped with strategy ',
            '"message":"Step exceeded its deadline"',
            '"message":"retry exceeded workflow deadline ',
        )
    )
)


def add_exit_twins(compilation: Compilation) -> Compilation:
    """Return the compilation with the template ``on-exit``, if the pipeline has exit tasks."""
    twins = list(_list_twins(compilation))
    if not twins:
        return compilation
    asks = Names(twin["name"] for twin in twins).new(STOPPED_TEMPLATE)
    steps = [
        [_make_stop_step(asks, _STOPPED)],
        [{**twin, "when": make_tag(f"steps['{asks}'].status == 'Succeeded'")} for twin in twins],
    ]
    # It ends at once, without a pod. As a DAG it would fail, on 3.5 and 3.6.
    nothing: Template = {
        "name": STOPPED_TEMPLATE,
        "inputs": {"parameters": [{"name": PATH_INPUT}]},
        "steps": [[_make_stop_step("nothing", "false")]],
    }
    templates = (*compilation.templates, {"name": ON_EXIT, "steps": steps}, nothing)
    return replace(compilation, templates=templates)


def _make_stop_step(name: str, when: str) -> Template:
    # Its path is that of the DAG, so that readers do not take it for a task.
    arguments = {"parameters": [{"name": PATH_INPUT, "value": ""}]}
    return {"name": name, "template": STOPPED_TEMPLATE, "when": when, "arguments": arguments}


def _list_twins(compilation: Compilation) -> Iterator[Template]:
    root: Template = next(one for one in compilation.templates if one["name"] == ROOT)
    written = {task["name"]: task for task in root["dag"]["tasks"]}
    for key, task in compilation.structure.dag(ROOT).tasks.items():
        follows = [one for one in task.dependencies if one.startswith(_HANDLER)]
        if task.strategy is not TriggerStrategy.ALL_UPSTREAM_TASKS_COMPLETED or not follows:
            continue
        original = written.get(make_task_name(key))
        if original is None or "when" in original:
            continue
        # Only the status of the whole workflow is known there, not that of its tasks.
        statuses = make_control_text({UPSTREAM_AT_EXIT: "workflow.status"})
        parameters: list[dict[str, Any]] = [
            {**one, "value": make_tag(statuses)} if one["name"] == UPSTREAM_INPUT else one
            for one in original["arguments"]["parameters"]
        ]
        yield {
            "name": original["name"],
            "template": original["template"],
            "arguments": {"parameters": parameters},
        }
