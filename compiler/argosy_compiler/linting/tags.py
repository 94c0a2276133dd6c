"""Tags: ``{{name}}`` and ``{{=expression}}`` in the strings of templates.

Argo validates simple tags only. An expression that reads what is not there fails, or is passed on
as literal text, when Argo evaluates it. So the paths that an expression reads follow the same rules
here.

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
            for path, string in walk_strings(value, f"{template.path}.{field}"):
                if path.endswith(".valueFrom.expression"):
                    yield from _check_expression(string, path, within)
                elif not path.endswith(".retryStrategy.expression"):
                    yield from _check_string(subject, string, path, within)
        for task in (*template.tasks, *template.steps):
            yield from _check_task(subject, task, scope)


def _check_task(subject: Subject, task: WorkflowTask, scope: Scope) -> Iterator[Problem]:
    of_task = scope.of_task(task)
    for field, value in task.json.items():
        if field == "depends":
            continue
        within = of_task if field in ("arguments", "when") else scope.of_fan_out(task)
        for path, string in walk_strings(value, f"{task.path}.{field}"):
            yield from _check_string(subject, string, path, within)


def _check_string(subject: Subject, string: str, path: str, scope: Scope) -> Iterator[Problem]:
    if "{{" not in string:
        return
    if "{{" in _TAG.sub("", string):
        yield Problem(path=path, message="opens '{{' and never closes it; Argo fails on it")
    for tag in read_tags(string):
        if not tag.is_expression:
            yield from _check_simple_tag(tag.text, path, scope)
            continue
        yield from _check_expression(tag.text, path, scope)
        if not subject.is_at_least(4, 0):
            yield from _check_mixed_item(tag.text, path)


def _check_simple_tag(name: str, path: str, scope: Scope) -> Iterator[Problem]:
    missing = scope.missing_tag(name)
    if missing:
        yield Problem(path=path, message=f"'{{{{{name}}}}}' cannot be resolved: {missing}")


def _check_expression(text: str, path: str, scope: Scope) -> Iterator[Problem]:
    try:
        root = parse(text)
    except UnsupportedExpressionError:
        return  # valid, in a part of the language that Argosy does not read
    except ExpressionSyntaxError as error:
        advice = "; mind that the first '}}' ends it" if text.count("{") > text.count("}") else ""
        yield Problem(path=path, message=f"{error}{advice}")
        return
    for name in sorted(_find_paths(root)):
        missing = scope.missing(name)
        if missing:
            yield Problem(path=path, message=f"'{name}' cannot be resolved: {missing}")


def read_paths(string: str) -> set[str]:
    """Return the paths that the tags of a string read, e.g. ``tasks.a.outputs.parameters.x``."""
    found: set[str] = set()
    for tag in read_tags(string):
        if not tag.is_expression:
            found.add(tag.text)
            continue
        try:
            found |= _find_paths(parse(tag.text))
        except (ExpressionSyntaxError, UnsupportedExpressionError):
            continue  # a syntax error is reported elsewhere
    return found


def _find_paths(root: Node) -> set[str]:
    """Return the paths that an expression reads, each as far as it is literal."""
    whole = {
        found
        for node, _ in walk_nodes(root)
        if (found := get_path(node)) is not None and "." in found
    }
    # ``a.b.c`` is a chain of accesses, and each of them was found.
    return {one for one in whole if not any(other.startswith(f"{one}.") for other in whole)}


def _check_mixed_item(text: str, path: str) -> Iterator[Problem]:
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
            path=path,
            message="reads 'item' beside other values, which this version of Argo cannot do;"
            " pass both on and let the template choose",
        )
