"""A Workflow as the rules see it.

Rules look at JSON, since a workflow that is wrong has no typed form; this module spares them the
questions whether a member is there and of the right kind. What is of the wrong kind reads as
absent: :mod:`argosy_compiler.linting.fields` has reported it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

from argosy_schemas.errors import Problem

Json: TypeAlias = Mapping[str, Any]

KINDS = (
    "container",
    "containerSet",
    "dag",
    "data",
    "http",
    "plugin",
    "resource",
    "script",
    "steps",
    "suspend",
)
"""Exactly one of these makes a template."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A task of a DAG template."""

    name: str
    json: Json
    path: str
    """Where it stands, e.g. ``spec.templates.root.dag.tasks.train``."""

    @property
    def fans_out(self) -> bool:
        """Whether it runs once for each of several items."""
        return any(name in self.json for name in ("withItems", "withParam", "withSequence"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A template, also one that is written inline in a task."""

    name: str
    json: Json
    path: str
    is_inline: bool = False

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds that it declares; one, in a valid template."""
        return tuple(kind for kind in KINDS if kind in self.json)

    @property
    def tasks(self) -> tuple[Task, ...]:
        """The tasks of a DAG template; nothing for other kinds."""
        return tuple(
            Task(
                name=text(task, "name"),
                json=task,
                path=f"{self.path}.dag.tasks.{text(task, 'name') or number}",
            )
            for number, task in enumerate(objects(member(self.json, "dag"), "tasks"))
        )

    @property
    def steps(self) -> tuple[Task, ...]:
        """The steps of a steps template, all groups in one row."""
        groups = self.json.get("steps")
        rows: list[Task] = []
        for group in cast("Sequence[object]", groups) if isinstance(groups, list) else ():
            for step in cast("Sequence[object]", group) if isinstance(group, list) else ():
                if isinstance(step, Mapping):
                    json = cast("Json", step)
                    rows.append(
                        Task(
                            name=text(json, "name"),
                            json=json,
                            path=f"{self.path}.steps.{text(json, 'name') or len(rows)}",
                        )
                    )
        return tuple(rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A workflow, and the line of Argo that it is checked for."""

    document: Json
    version: tuple[int, int]
    metadata: Json
    spec: Json
    templates: tuple[Template, ...]
    """Those of the workflow, each followed by what is inline in it."""

    def template(self, name: str) -> Template | None:
        """Return a template of the workflow by name."""
        return next((one for one in self.templates if one.name == name and not one.is_inline), None)

    def is_at_least(self, major: int, minor: int) -> bool:
        """Return whether the line is this one or a later one."""
        return self.version >= (major, minor)


def read_subject(workflow: Json, version: tuple[int, int]) -> Subject | Problem:
    """Return the subject, or what keeps the document from being a Workflow at all."""
    if workflow.get("kind") != "Workflow":
        return Problem(path="kind", message="is not 'Workflow'; give a compiled pipeline")
    if not str(workflow.get("apiVersion", "")).startswith("argoproj.io/"):
        return Problem(path="apiVersion", message="is not 'argoproj.io/v1alpha1'; set it")
    spec = member(workflow, "spec")
    templates: list[Template] = []
    for number, json in enumerate(objects(spec, "templates")):
        name = text(json, "name")
        template = Template(name=name, json=json, path=f"spec.templates.{name or number}")
        templates += [template, *_inline(template)]
    return Subject(
        document=workflow,
        version=version,
        metadata=member(workflow, "metadata"),
        spec=spec,
        templates=tuple(templates),
    )


def _inline(template: Template) -> Iterator[Template]:
    for task in (*template.tasks, *template.steps):
        json = task.json.get("inline")
        if isinstance(json, Mapping):
            inner = Template(
                name=f"{template.name}.{task.name}",
                json=cast("Json", json),
                path=f"{task.path}.inline",
                is_inline=True,
            )
            yield inner
            yield from _inline(inner)


def member(holder: Json, name: str) -> Json:
    """Return an object member, empty where there is none."""
    value = holder.get(name)
    return cast("Json", value) if isinstance(value, Mapping) else {}


def objects(holder: Json, name: str) -> tuple[Json, ...]:
    """Return the objects in a list member, empty where there is none."""
    value = holder.get(name)
    if not isinstance(value, list | tuple):
        return ()
    items = cast("Sequence[object]", value)
    return tuple(cast("Json", item) for item in items if isinstance(item, Mapping))


def text(holder: Json, name: str) -> str:
    """Return a string member, empty where there is none."""
    value = holder.get(name)
    return value if isinstance(value, str) else ""


def strings(value: object, path: str) -> Iterator[tuple[str, str]]:
    """Yield every string in a JSON value, with its place; list members by name where they have one.

    Objects under ``inline`` are left out: they are templates of their own.
    """
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for name, inner in cast("Json", value).items():
            if name != "inline":
                yield from strings(inner, f"{path}.{name}")
    elif isinstance(value, list | tuple):
        for number, inner in enumerate(cast("Sequence[object]", value)):
            named = isinstance(inner, Mapping) and text(cast("Json", inner), "name")
            yield from strings(cast("object", inner), f"{path}.{named or number}")
