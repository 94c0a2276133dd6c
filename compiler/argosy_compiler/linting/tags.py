"""Tags: ``{{name}}`` and ``{{=expression}}`` in the strings of templates.

Argo's validation looks at simple tags alone; an expression that reads what is not there fails, or
is handed on as literal text, when its turn comes. So the paths that an expression reads are held to
the same rules here.

Sources: ``util/template``, ``workflow/validate/validate.go``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from argosy_compiler.linting.scope import Scope, read_scope
from argosy_compiler.linting.subject import Subject, WorkflowTask, walk_strings
from argosy_expressions.argo.ast import Name, Node, get_path, walk_nodes
from argosy_expressions.argo.parser import parse
from argosy_expressions.errors import ExpressionSyntaxError, UnsupportedExpressionError
from argosy_schemas.errors import Problem

_TAG = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_ITEM = "item"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """One tag of a string."""

    text: str
    """What stands between the braces, without the sign of an expression."""
    is_expression: bool


def read_tags(string: str) -> tuple[Tag, ...]:
    """Return the tags of a string, as Argo finds them: from braces to the next closing ones."""
    return tuple(
        Tag(text=match[1].removeprefix("=").strip(), is_expression=match[1].startswith("="))
        for match in _TAG.finditer(string)
    )


def check_tags(subject: Subject) -> Iterator[Problem]:
    """Yield tags that do not end, do not parse, or read what is not there."""
    for template in subject.templates:
        scope = read_scope(subject, template)
        for field, value in template.json.items():
            if field in ("dag", "steps"):
                continue
            within = scope.of_outputs() if field == "outputs" else scope
            for place, string in walk_strings(value, f"{template.path}.{field}"):
                if place.endswith(".valueFrom.expression"):
                    yield from _expression(string, place, within)
                elif not place.endswith(".retryStrategy.expression"):
                    yield from _string(subject, string, place, within)
        for task in (*template.tasks, *template.steps):
            yield from _task(subject, task, scope)


def _task(subject: Subject, task: WorkflowTask, scope: Scope) -> Iterator[Problem]:
    of_task = scope.of_task(task)
    for field, value in task.json.items():
        if field == "depends":
            continue
        within = of_task if field in ("arguments", "when") else scope.of_fan_out(task)
        for place, string in walk_strings(value, f"{task.path}.{field}"):
            yield from _string(subject, string, place, within)


def _string(subject: Subject, string: str, place: str, scope: Scope) -> Iterator[Problem]:
    if "{{" not in string:
        return
    if "{{" in _TAG.sub("", string):
        yield Problem(path=place, message="opens '{{' and never closes it; Argo fails on it")
    for tag in read_tags(string):
        if not tag.is_expression:
            yield from _simple(tag.text, place, scope)
            continue
        yield from _expression(tag.text, place, scope)
        if not subject.is_at_least(4, 0):
            yield from _mixed(tag.text, place)


def _simple(name: str, place: str, scope: Scope) -> Iterator[Problem]:
    missing = scope.missing_tag(name)
    if missing:
        yield Problem(path=place, message=f"'{{{{{name}}}}}' cannot be resolved: {missing}")


def _expression(text: str, place: str, scope: Scope) -> Iterator[Problem]:
    try:
        root = parse(text)
    except UnsupportedExpressionError:
        return  # valid, and of a part of the language that is not read here
    except ExpressionSyntaxError as error:
        advice = "; mind that the first '}}' ends it" if text.count("{") > text.count("}") else ""
        yield Problem(path=place, message=f"{error}{advice}")
        return
    for name in sorted(_read(root)):
        missing = scope.missing(name)
        if missing:
            yield Problem(path=place, message=f"'{name}' cannot be resolved: {missing}")


def read_paths(string: str) -> set[str]:
    """Return the paths that the tags of a string read, e.g. ``tasks.a.outputs.parameters.x``."""
    found: set[str] = set()
    for tag in read_tags(string):
        if not tag.is_expression:
            found.add(tag.text)
            continue
        try:
            found |= _read(parse(tag.text))
        except (ExpressionSyntaxError, UnsupportedExpressionError):
            continue  # the one is reported, the other is not read here
    return found


def _read(root: Node) -> set[str]:
    """Return the paths that an expression reads, each as far as it is literal."""
    whole = {
        found
        for node, _ in walk_nodes(root)
        if (found := get_path(node)) is not None and "." in found
    }
    # ``a.b.c`` is a chain of accesses, and each of them was found.
    return {one for one in whole if not any(other.startswith(f"{one}.") for other in whole)}


def _mixed(text: str, place: str) -> Iterator[Problem]:
    """Yield a problem where ``item`` stands in an expression with anything else.

    Argo 3.5, 3.6 before 3.6.14 and 3.7 before 3.7.5 know nothing else at that time.
    """
    try:
        root = parse(text)
    except (ExpressionSyntaxError, UnsupportedExpressionError):
        return
    names = {node.name for node, _ in walk_nodes(root) if isinstance(node, Name)}
    if _ITEM in names and names & {"inputs", "tasks", "workflow"}:
        yield Problem(
            path=place,
            message="reads 'item' beside other values, which this line of Argo cannot; hand both"
            " on and let the template pick",
        )
