"""Read the template of a pod: its driver's environment, its retries, its Kubernetes settings."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, Final, TypeAlias

from argosy_engine.workflow.model import ClaimChange, Output, PodTemplate, RetryStrategy
from argosy_schemas.pod import (
    EXCHANGE_VOLUME,
    PRIVATE_VOLUME,
    PUBLISHED_VOLUME,
    SCRATCH_VOLUME,
    SUMMARY,
    WORKSPACE_VOLUME,
)

Object: TypeAlias = Mapping[str, Any]

_POD_SETTINGS: Final = frozenset(
    {"affinity", "metadata", "nodeSelector", "podSpecPatch", "tolerations"}
)
_CONTAINER_SETTINGS: Final = frozenset({"imagePullPolicy", "resources", "securityContext"})
# Volumes between the containers, directories at the roots of the SDK's paths, and the workspace,
# which is a local directory.
_OWN_VOLUMES: Final = frozenset(
    {PRIVATE_VOLUME, PUBLISHED_VOLUME, EXCHANGE_VOLUME, SCRATCH_VOLUME, WORKSPACE_VOLUME}
)
_LOCAL_VOLUMES: Final = frozenset({"configMap", "persistentVolumeClaim", "secret"})
"""Kinds of volumes for which directories stand in."""


def read_pod(template: Object) -> PodTemplate:
    """Return the template of a pod."""
    main, others = template["container"], template.get("initContainers", ())
    # Init containers after the driver run on Kubernetes only.
    driver = others[0] if others else main
    return PodTemplate(
        name=template["name"],
        inputs=read_parameters(template, "inputs", "default"),
        # The cluster fills in the others.
        environment=tuple(
            (variable["name"], variable["value"])
            for variable in driver.get("env", ())
            if "value" in variable
        ),
        image=main.get("image", ""),
        outputs=tuple(
            Output(name=name, default=source.get("default"))
            for name, source in read_parameters(template, "outputs", "valueFrom").items()
            if name != SUMMARY
        ),
        retry=_read_retry(template["retryStrategy"]) if "retryStrategy" in template else None,
        deadline_seconds=template.get("activeDeadlineSeconds"),
        decides=not others,
        settings=tuple(sorted(_find_settings(template))),
    )


def read_claim(template: Object) -> PodTemplate:
    """Return the template of a pod that creates or deletes a volume claim."""
    resource = template["resource"]
    if resource["action"] == "create":
        claim = ClaimChange("create", json.loads(resource["manifest"])["metadata"]["name"])
    else:
        claim = ClaimChange("delete", resource["flags"][0].partition("/")[2])
    inputs = read_parameters(template, "inputs", "default")
    return PodTemplate(name=template["name"], inputs=inputs, environment=(), claim=claim)


def read_parameters(holder: Object, group: str, member: str) -> dict[str, Any]:
    """Return the parameters of a group: name to what it has for ``member``, if anything."""
    parameters = holder.get(group, {}).get("parameters", ())
    return {parameter["name"]: parameter.get(member) for parameter in parameters}


def _read_retry(strategy: Object) -> RetryStrategy:
    backoff = strategy.get("backoff", {})
    seconds = int(backoff.get("duration", "0").removesuffix("s"))
    return RetryStrategy(
        limit=int(strategy["limit"]),
        expression=strategy.get("expression"),
        backoff=timedelta(seconds=seconds),
        factor=int(backoff.get("factor", "1")),
    )


def _find_settings(template: Object) -> Iterator[str]:
    """Yield the names of the Kubernetes settings for which nothing stands in here."""
    yield from _POD_SETTINGS & template.keys()
    yield from _CONTAINER_SETTINGS & template["container"].keys()
    for volume in template.get("volumes", ()):
        if volume["name"] not in _OWN_VOLUMES:
            yield from (f"volumes.{kind}" for kind in volume.keys() - {"name", *_LOCAL_VOLUMES})
    if len(template.get("initContainers", ())) > 1:
        yield "initContainers"
