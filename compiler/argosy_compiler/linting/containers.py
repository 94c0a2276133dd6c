"""Containers of pod templates: images, mounts, volumes, resources.

Sources: ``workflow/validate/validate.go``, ``workflow/controller/workflowpod.go``; quantities as in
the 4.x CRDs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from argosy_compiler.argo.cluster_names import is_image
from argosy_compiler.linting.subject import (
    Json,
    Subject,
    get_object,
    get_text,
    list_containers,
    list_objects,
)
from argosy_schemas.errors import Problem
from argosy_schemas.quantities import is_quantity

_PULL_POLICIES = ("Always", "IfNotPresent", "Never")
_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")


def check_containers(subject: Subject) -> Iterator[Problem]:
    """Yield containers that make no valid pod."""
    shared = {get_text(one, "name") for one in list_objects(subject.spec, "volumes")}
    shared |= {
        get_text(get_object(claim, "metadata"), "name")
        for claim in list_objects(subject.spec, "volumeClaimTemplates")
    }
    for template in subject.templates:
        if "container" not in template.json:
            continue
        volumes = list_objects(template.json, "volumes")
        known = shared | {get_text(volume, "name") for volume in volumes}
        for volume in volumes:
            yield from _check_volume_name(
                volume, f"{template.path}.volumes.{get_text(volume, 'name')}"
            )
        for path, container in list_containers(template):
            yield from _check_container(container, path, known)


def _check_container(container: Json, path: str, volumes: set[str]) -> Iterator[Problem]:
    image, policy = get_text(container, "image"), get_text(container, "imagePullPolicy")
    if not image:
        yield Problem(path=f"{path}.image", message="is missing; name an image")
    elif not is_image(image):
        yield Problem(
            path=f"{path}.image",
            message=f"'{image}' is not an image reference; write it like 'python:3.11'",
        )
    if policy and policy not in _PULL_POLICIES and "{{" not in policy:
        yield Problem(
            path=f"{path}.imagePullPolicy",
            message=f"is '{policy}'; use one of {', '.join(_PULL_POLICIES)}",
        )
    mount_paths: set[str] = set()
    for mount in list_objects(container, "volumeMounts"):
        mount_path, name = get_text(mount, "mountPath"), get_text(mount, "name")
        if mount_path in mount_paths:
            yield Problem(
                path=f"{path}.volumeMounts",
                message=f"'{mount_path}' is mounted twice; choose another path",
            )
        mount_paths.add(mount_path)
        if name not in volumes:
            yield Problem(
                path=f"{path}.volumeMounts",
                message=f"there is no volume '{name}' in the template or the workflow; add it",
            )
    for side in ("limits", "requests"):
        for resource, amount in get_object(get_object(container, "resources"), side).items():
            if isinstance(amount, str):
                yield from _check_quantity(amount, f"{path}.resources.{side}.{resource}")


def _check_volume_name(volume: Json, path: str) -> Iterator[Problem]:
    name = get_text(volume, "name")
    if not _LABEL.fullmatch(name):
        yield Problem(
            path=path,
            message=f"'{name}' is not a volume name; use at most 63 lower case letters, digits"
            " and '-'",
        )
    limit = get_object(volume, "emptyDir").get("sizeLimit")
    if isinstance(limit, str):
        yield from _check_quantity(limit, f"{path}.emptyDir.sizeLimit")


def _check_quantity(amount: str, path: str) -> Iterator[Problem]:
    if "{{" in amount:
        yield Problem(
            path=path, message="cannot hold a tag, which Argo 4 refuses here; use 'podSpecPatch'"
        )
    elif not is_quantity(amount):
        yield Problem(
            path=path, message=f"'{amount}' is not a quantity; write e.g. '500m' or '1Gi'"
        )
