"""Names of objects that pods ask the cluster for: Secrets, ConfigMaps, claims, service accounts.

Only the cluster knows whether they exist; what is not a valid name exists in none.
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
    yield from _check_value(own, "spec", "spec")
    for template in subject.templates:
        yield from _check_value(template.json, "templates", template.path)


def _check_value(value: object, name: str, path: str) -> Iterator[Problem]:
    for holder, holder_name, holder_path in walk_objects(value, name, path):
        for field, given in holder.items():
            if (holder_name, field) not in _NAMES or not isinstance(given, str):
                continue
            if "{{" not in given and not is_subdomain(given):
                yield Problem(
                    path=f"{holder_path}.{field}",
                    message=f"'{given}' is not a name that Kubernetes takes; {SUBDOMAIN_ADVICE}",
                )
