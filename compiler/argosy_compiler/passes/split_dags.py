"""Take DAGs apart that have more tasks than stock Argo 4 takes in one template.

The surplus moves into DAG templates of its own, which stand in the DAG as tasks named ``part-N``
and have its path, so that no task changes its own. See :mod:`argosy_compiler.large.folding` for
what changes nothing, and :mod:`argosy_compiler.large.dividing` for the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count

from argosy_compiler.argo.names import Names
from argosy_compiler.argo.template_names import MET_TEMPLATE
from argosy_compiler.compiled import Note
from argosy_compiler.large.dividing import MET, divided
from argosy_compiler.large.folding import folded
from argosy_compiler.large.part_templates import PartTemplates
from argosy_compiler.large.task_graph import Part, TaskGraph, read_graph, read_names
from argosy_compiler.plan import Plan, Template
from argosy_compiler.structure import dag_text
from argosy_schemas.errors import InvalidArgumentError, InvalidPipelineError, Problem
from argosy_schemas.ir.from_json import ROOT

FEWEST = 3
"""A task, the stand-in of its gate, and the part that holds the others."""
_DEEPEST = 80
"""Argo stops at 100 templates within templates, and some are around these."""


def split_dags(plan: Plan) -> Plan:
    """Return the plan with no more than ``max_dag_tasks`` tasks in any DAG template.

    Raises:
        InvalidArgumentError: ``max_dag_tasks`` is too small for anything.
        InvalidPipelineError: A DAG would have to nest deeper than Argo goes.
    """
    most = plan.options.max_dag_tasks
    if most < FEWEST:
        raise InvalidArgumentError(f"--max-dag-tasks {most}: use {FEWEST} or more")
    if all(len(_tasks(template)) <= most for template in plan.templates):
        return plan
    template_names = Names(str(template["name"]) for template in plan.templates)
    paths = {name: dag_text(use.component) for use, name in plan.uses.items()}
    templates: list[Template] = []
    notes: list[Note] = []
    for template in plan.templates:
        if len(_tasks(template)) <= most:
            templates.append(template)
            continue
        path = paths.get(str(template["name"]), dag_text(ROOT))
        split = _Split(template, most, path=path)
        templates += PartTemplates(template, template_names).templates(split.graph)
        if split.waiting:
            notes.append(Note(path=path, message=split.note()))
    if any(task.get("template") == MET_TEMPLATE for one in templates for task in _tasks(one)):
        templates.append(MET)
    return replace(plan, templates=tuple(templates), notes=(*plan.notes, *notes))


def taken_apart(template: Template, most: int) -> TaskGraph:
    """Return the graph of a DAG template in which no part has more than ``most`` tasks.

    Raises:
        InvalidPipelineError: It would have to nest deeper than Argo goes.
    """
    return _Split(template, most, path=str(template["name"])).graph


def _tasks(template: Template) -> list[Template]:
    tasks: list[Template] = template.get("dag", {}).get("tasks", [])
    return tasks


class _Split:
    """One DAG, taken apart."""

    def __init__(self, template: Template, most: int, *, path: str) -> None:
        self._most = most
        self._path = path
        self._total = len(_tasks(template))
        self.waiting: frozenset[str] = frozenset()
        self._awaited: frozenset[str] = frozenset()
        taken = {str(task["name"]) for task in _tasks(template)}
        self._part_name = _numbered("part", taken)
        self._gate_name = _numbered("met", taken)
        read_by_outputs = frozenset(read_names(template.get("outputs")))
        self.graph = self._small(read_graph(_tasks(template)), read_by_outputs, 0)

    def note(self) -> str:
        return (
            f"has {self._total:,} tasks in one DAG, and Argo takes {self._most:,}:"
            f" {len(self.waiting):,} of them also wait for some of {len(self._awaited):,} that they"
            " do not need; raise --max-dag-tasks where the cluster takes more"
        )

    def _small(self, graph: TaskGraph, pinned: frozenset[str], depth: int) -> TaskGraph:
        if depth > _DEEPEST:
            raise InvalidPipelineError(
                Problem(
                    path=self._path,
                    message=f"has {self._total:,} tasks in one DAG, which Argo cannot nest deep"
                    f" enough with {self._most:,} in each; raise --max-dag-tasks, or group them in"
                    " pipelines of their own",
                )
            )
        if graph.size > self._most:
            graph = folded(graph, self._most, pinned, self._part_name)
        if graph.size > self._most:
            result = divided(
                graph,
                self._most,
                pinned,
                part_name=self._part_name,
                gate_name=self._gate_name,
            )
            graph = result.graph
            self.waiting |= result.waiting
            self._awaited |= result.awaited
        members = {
            name: self._small_part(member, depth) if isinstance(member, Part) else member
            for name, member in graph.members.items()
        }
        return replace(graph, members=members)

    def _small_part(self, part: Part, depth: int) -> Part:
        return replace(part, graph=self._small(part.graph, frozenset(), depth + 1))


def _numbered(base: str, taken: set[str]) -> Callable[[], str]:
    free: Iterator[str] = (name for n in count(1) if (name := f"{base}-{n}") not in taken)
    return lambda: next(free)
