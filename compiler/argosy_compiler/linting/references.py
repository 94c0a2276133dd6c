"""Names of objects that pods ask the cluster for: Secrets, ConfigMaps, claims, service accounts.

Whether they exist only the cluster knows; one that is no name can exist in none.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from argosy_compiler.argo.cluster_names import SUBDOMAIN_ADVICE, is_subdomain
from argosy_compiler.linting.subject import Subject, walk_objects
from argosy_schemas.errors import Problem

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


def check_references(subject: Subject) -> Iterator[Problem]:
    """Yield names that no object of Kubernetes can have."""
    own = {name: value for name, value in subject.spec.items() if name != "templates"}
    yield from _within(own, "spec", "spec")
    for template in subject.templates:
        yield from _within(template.json, "templates", template.path)


def _within(value: object, name: str, path: str) -> Iterator[Problem]:
    for holder, holder_name, place in walk_objects(value, name, path):
        for field, given in holder.items():
            if (holder_name, field) not in _NAMES or not isinstance(given, str):
                continue
            if "{{" not in given and not is_subdomain(given):
                yield Problem(
                    path=f"{place}.{field}",
                    message=f"'{given}' is no name that Kubernetes takes; {SUBDOMAIN_ADVICE}",
                )
