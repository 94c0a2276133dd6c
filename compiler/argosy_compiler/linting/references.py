"""Names of objects that pods ask the cluster for, and their keys: Secrets, ConfigMaps and so on.

Only the cluster knows whether they exist; what is not a valid name exists in none.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from argosy_compiler.argo.cluster_names import (
    KEY_ADVICE,
    SUBDOMAIN_ADVICE,
    is_key,
    is_subdomain,
)
from argosy_compiler.linting.subject import (
    Subject,
    Template,
    get_object,
    get_text,
    list_objects,
    walk_objects,
)
from argosy_compiler.linting.tags import read_tags
from argosy_expressions.argo.ast import Literal
from argosy_expressions.argo.parser import parse
from argosy_expressions.errors import ExpressionSyntaxError, UnsupportedExpressionError
from argosy_schemas.errors import Problem
from argosy_schemas.pod import PATCH_INPUT
from argosy_schemas.values import parse_json

_NAMES: Final = frozenset(
    {
        ("configMap", "name"),
        ("configMapKeyRef", "name"),
        ("imagePullSecrets", "name"),
        ("persistentVolumeClaim", "claimName"),
        ("secret", "secretName"),
        ("secretKeyRef", "name"),
        ("secretRef", "name"),
        ("spec", "serviceAccountName"),
    }
)
"""The name of the object that holds the field, and the field."""
_KEYS: Final = frozenset({("configMapKeyRef", "key"), ("secretKeyRef", "key")})
"""As above, for the fields that hold a key of an object."""


def check_references(subject: Subject) -> Iterator[Problem]:
    """Yield names and keys that no object of Kubernetes can have."""
    own = {name: value for name, value in subject.spec.items() if name != "templates"}
    yield from _check_value(own, "spec", "spec")
    for template in subject.templates:
        yield from _check_value(template.json, "templates", template.path)
        for path, patch in _list_constant_patches(template):
            yield from _check_value(patch, PATCH_INPUT, path)


def _check_value(value: object, name: str, path: str) -> Iterator[Problem]:
    for holder, holder_name, holder_path in walk_objects(value, name, path):
        for field, given in holder.items():
            if not isinstance(given, str) or "{{" in given:
                continue
            path = f"{holder_path}.{field}"
            if (holder_name, field) in _NAMES and not is_subdomain(given):
                message = f"'{given}' is not a name that Kubernetes takes; {SUBDOMAIN_ADVICE}"
                yield Problem(path=path, message=message)
            if (holder_name, field) in _KEYS and not is_key(given):
                message = f"'{given}' is not a key that Kubernetes takes; {KEY_ADVICE}"
                yield Problem(path=path, message=message)


def _list_constant_patches(template: Template) -> Iterator[tuple[str, object]]:
    """Yield the patches of pods that a DAG passes on, as JSON, unless they read something.

    A patch alone can hold what Argo's template has no field for, such as ``imagePullSecrets``.
    """
    for task in template.tasks:
        for argument in list_objects(get_object(task.json, "arguments"), "parameters"):
            if get_text(argument, "name") != PATCH_INPUT:
                continue
            for tag in read_tags(get_text(argument, "value")):
                patch = _read_constant(tag.text)
                if patch is not None:
                    yield f"{task.path}.arguments.parameters.{PATCH_INPUT}", patch


def _read_constant(expression: str) -> object:
    """Return the JSON value of an expression that is one text; ``None`` for others."""
    try:
        root = parse(expression)
        text = root.value if isinstance(root, Literal) else None
        return parse_json(text) if isinstance(text, str) else None
    except (ExpressionSyntaxError, UnsupportedExpressionError, ValueError):
        return None  # a syntax error is reported elsewhere
