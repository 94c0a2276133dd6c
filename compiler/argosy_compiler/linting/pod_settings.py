"""Settings of pods that the API server refuses one by one: labels, tolerations, resources.

Sources: ``k8s.io/apimachinery/pkg/util/validation`` and ``pkg/apis/core/validation`` of Kubernetes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from argosy_compiler.linting.subject import (
    Json,
    Subject,
    get_object,
    get_text,
    list_containers,
    list_objects,
)
from argosy_schemas.errors import Problem
from argosy_schemas.quantities import is_quantity, read_quantity

_NAME: Final = re.compile(r"[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_PREFIX: Final = re.compile(
    r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*"
)
_STANDARD_RESOURCES: Final = ("cpu", "memory", "ephemeral-storage")
_KEY_ADVICE: Final = (
    "use at most 63 letters, digits, '-', '_' and '.', behind an optional DNS name and '/'"
)
_VALUE_ADVICE: Final = "use at most 63 letters, digits, '-', '_' and '.'"


def check_pod_settings(subject: Subject) -> Iterator[Problem]:
    """Yield settings that Kubernetes would refuse."""
    for template in subject.templates:
        metadata = get_object(template.json, "metadata")
        path = f"{template.path}.metadata"
        yield from _check_labels(get_object(metadata, "labels"), f"{path}.labels")
        yield from _check_keys(get_object(metadata, "annotations"), f"{path}.annotations")
        selector = get_object(template.json, "nodeSelector")
        yield from _check_labels(selector, f"{template.path}.nodeSelector")
        for toleration in list_objects(template.json, "tolerations"):
            if key := get_text(toleration, "key"):  # without one it is for every taint
                value = get_text(toleration, "value")
                yield from _check_labels({key: value}, f"{template.path}.tolerations")
        for container_path, container in list_containers(template):
            yield from _check_resources(
                get_object(container, "resources"), f"{container_path}.resources"
            )


def _check_labels(labels: Json, path: str) -> Iterator[Problem]:
    yield from _check_keys(labels, path)
    for key, value in labels.items():
        if isinstance(value, str) and value and not _is_tag(value) and not _NAME.fullmatch(value):
            message = f"'{value}' is not a label value in Kubernetes; {_VALUE_ADVICE}"
            yield Problem(path=f"{path}.{key}", message=message)


def _check_keys(settings: Json, path: str) -> Iterator[Problem]:
    for key in settings:
        prefix, slash, name = key.rpartition("/")
        is_valid = _NAME.fullmatch(name) and (
            not slash or (len(prefix) <= 253 and _PREFIX.fullmatch(prefix))
        )
        if not is_valid and not _is_tag(key):
            message = f"'{key}' is not a label key in Kubernetes; {_KEY_ADVICE}"
            yield Problem(path=path, message=message)


def _check_resources(resources: Json, path: str) -> Iterator[Problem]:
    limits, requests = get_object(resources, "limits"), get_object(resources, "requests")
    for side, amounts in (("limits", limits), ("requests", requests)):
        for name in amounts:
            if not _is_resource(name) and not _is_tag(name):
                yield Problem(
                    path=f"{path}.{side}",
                    message=f"'{name}' is not a resource in Kubernetes; use one of "
                    f"{', '.join(_STANDARD_RESOURCES)}, or a name with a domain such as "
                    "'nvidia.com/gpu'",
                )
    for name, amount in requests.items():
        limit = limits.get(name)
        if _is_above(amount, limit):
            yield Problem(
                path=f"{path}.requests.{name}",
                message=f"'{amount}' is more than the limit '{limit}'; raise the limit, or request "
                "less",
            )


def _is_resource(name: str) -> bool:
    if name in _STANDARD_RESOURCES or name.startswith("hugepages-"):
        return True
    domain, slash, own = name.partition("/")
    return bool(slash) and bool(_PREFIX.fullmatch(domain)) and bool(_NAME.fullmatch(own))


def _is_above(amount: object, limit: object) -> bool:
    texts = [str(value) for value in (amount, limit) if value is not None]
    if len(texts) < 2 or not all(is_quantity(text) for text in texts):
        return False
    requested, allowed = map(read_quantity, texts)
    return requested > allowed


def _is_tag(text: str) -> bool:
    """Return whether a text is known only in the cluster."""
    return "{{" in text
