"""A Workflow as the rules see it.

Rules look at JSON, since a workflow that is wrong has no typed form. The functions here answer
whether a member is there and of the right kind; a member of the wrong kind reads as absent, since
:mod:`argosy_compiler.linting.fields` has reported it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

from argosy_schemas.errors import Problem

Json: TypeAlias = Mapping[str, Any]

KINDS = ("container", "dag", "resource", "steps")
"""What the compiler makes templates of; each has exactly one."""
_FOREIGN_IN_TASKS = (
    "continueOn",
    "dependencies",
    "hooks",
    "inline",
    "onExit",
    "templateRef",
    "withItems",
    "withParam",
)
"""Fields of tasks and steps that the compiler never writes."""
_USE_ARGO_LINT = "check this workflow with 'argo lint'"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowTask:
    """A task of a DAG template, or a step of a template of steps."""

    name: str
    json: Json
    path: str
    """Where it stands, e.g. ``spec.templates.root.dag.tasks.train``."""

    @property
    def fans_out(self) -> bool:
        """Whether it runs once for each of several items."""
        return "withSequence" in self.json


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A template of the workflow."""

    name: str
    json: Json
    path: str

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds that it declares; one, in a valid template."""
        return tuple(kind for kind in KINDS if kind in self.json)

    @property
    def tasks(self) -> tuple[WorkflowTask, ...]:
        """The tasks of a DAG template; nothing for other kinds."""
        return tuple(
            WorkflowTask(
                name=get_text(task, "name"),
                json=task,
                path=f"{self.path}.dag.tasks.{get_text(task, 'name') or number}",
            )
            for number, task in enumerate(list_objects(get_object(self.json, "dag"), "tasks"))
        )

    @property
    def steps(self) -> tuple[WorkflowTask, ...]:
        """The steps of a steps template, all groups in one row."""
        return tuple(step for group in self.step_groups for step in group)

    @property
    def step_groups(self) -> tuple[tuple[WorkflowTask, ...], ...]:
        """The steps of a steps template; those of a group run at once, after the groups before."""
        groups: list[tuple[WorkflowTask, ...]] = []
        count = 0
        for group in as_list(self.json.get("steps")) or ():
            row: list[WorkflowTask] = []
            for step in as_list(group) or ():
                json = as_object(step) or {}
                name = get_text(json, "name")
                row.append(
                    WorkflowTask(name=name, json=json, path=f"{self.path}.steps.{name or count}")
                )
                count += 1
            groups.append(tuple(row))
        return tuple(groups)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A workflow, and the line of Argo that it is checked for."""

    document: Json
    version: tuple[int, int]
    metadata: Json
    spec: Json
    templates: tuple[Template, ...]

    def template(self, name: str) -> Template | None:
        """Return a template of the workflow by name."""
        return next((one for one in self.templates if one.name == name), None)

    def is_at_least(self, major: int, minor: int) -> bool:
        """Return whether the line is this one or a later one."""
        return self.version >= (major, minor)


def read_subject(workflow: Json, version: tuple[int, int]) -> Subject | tuple[Problem, ...]:
    """Return the subject, or why the rules cannot judge the document.

    It is not a Workflow, or it uses what the compiler never writes.
    """
    if workflow.get("kind") != "Workflow":
        return (Problem(path="kind", message="is not 'Workflow'; give a compiled pipeline"),)
    if workflow.get("apiVersion") != "argoproj.io/v1alpha1":
        return (Problem(path="apiVersion", message="is not 'argoproj.io/v1alpha1'; set it"),)
    spec = get_object(workflow, "spec")
    templates = [
        Template(name=name, json=json, path=f"spec.templates.{name or number}")
        for number, json in enumerate(list_objects(spec, "templates"))
        for name in (get_text(json, "name"),)
    ]
    subject = Subject(
        document=workflow,
        version=version,
        metadata=get_object(workflow, "metadata"),
        spec=spec,
        templates=tuple(templates),
    )
    return tuple(_find_unsupported(subject)) or subject


def _find_unsupported(subject: Subject) -> Iterator[Problem]:
    """Yield what the compiler never writes, so that no rule knows it."""
    if "workflowTemplateRef" in subject.spec:
        yield Problem(
            path="spec.workflowTemplateRef",
            message=f"Argosy writes whole workflows; {_USE_ARGO_LINT}",
        )
    for template in subject.templates:
        if not template.kinds:
            yield Problem(
                path=template.path,
                message=f"is none of the templates that Argosy writes ({', '.join(KINDS)});"
                f" {_USE_ARGO_LINT}",
            )
        for task in (*template.tasks, *template.steps):
            for field in _FOREIGN_IN_TASKS:
                if field in task.json:
                    yield Problem(
                        path=f"{task.path}.{field}",
                        message=f"Argosy writes no '{field}'; {_USE_ARGO_LINT}",
                    )


def as_object(value: object) -> Json | None:
    """Return a value that is a JSON object; ``None`` for others."""
    return cast("Json", value) if isinstance(value, Mapping) else None


def as_list(value: object) -> Sequence[object] | None:
    """Return a value that is a JSON list; ``None`` for others."""
    return cast("Sequence[object]", value) if isinstance(value, list | tuple) else None


def get_object(holder: Json, name: str) -> Json:
    """Return an object member, empty where there is none."""
    return as_object(holder.get(name)) or {}


def list_objects(holder: Json, name: str) -> tuple[Json, ...]:
    """Return the objects in a list member, empty where there is none."""
    items = as_list(holder.get(name)) or ()
    return tuple(json for item in items if (json := as_object(item)) is not None)


def get_text(holder: Json, name: str) -> str:
    """Return a string member, empty where there is none."""
    value = holder.get(name)
    return value if isinstance(value, str) else ""


def locate_item(path: str, item: object, number: int) -> str:
    """Return the path of an item of a list: by its name, if it has one.

    Groups of steps have no part in the path, as in :attr:`Template.steps`.
    """
    if as_list(item) is not None:
        return path
    return f"{path}.{get_text(as_object(item) or {}, 'name') or number}"


def walk_strings(value: object, path: str) -> Iterator[tuple[str, str]]:
    """Yield every string in a JSON value behind its path, with list items by name if they have one.

    Args:
        value: The value.
        path: Where it stands.
    """
    if isinstance(value, str):
        yield path, value
    for name, inner in (as_object(value) or {}).items():
        yield from walk_strings(inner, f"{path}.{name}")
    for number, inner in enumerate(as_list(value) or ()):
        yield from walk_strings(inner, locate_item(path, inner, number))


def walk_objects(value: object, name: str, path: str) -> Iterator[tuple[Json, str, str]]:
    """Yield each object with the name of the field that holds it and its path.

    An object in a list has the name of the field that holds the list.
    """
    holder = as_object(value)
    if holder is not None:
        yield holder, name, path
        for inner_name, inner in holder.items():
            yield from walk_objects(inner, inner_name, f"{path}.{inner_name}")
    for number, inner in enumerate(as_list(value) or ()):
        yield from walk_objects(inner, name, locate_item(path, inner, number))


def list_containers(template: Template) -> Iterator[tuple[str, Json]]:
    """Yield the containers of a pod template, each behind its path."""
    if "container" not in template.json:
        return
    yield f"{template.path}.container", get_object(template.json, "container")
    for field in ("initContainers", "sidecars"):
        for container in list_objects(template.json, field):
            yield f"{template.path}.{field}.{get_text(container, 'name')}", container
