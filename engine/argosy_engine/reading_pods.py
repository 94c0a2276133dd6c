"""Read the template of a pod: what its driver is told, its retries, what only Kubernetes can do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from argosy_engine.reading_fields import (
    Object,
    Place,
    checked,
    default_of,
    inputs_of,
    object_at,
    objects,
    whole_number,
)
from argosy_engine.retrying import parse_duration
from argosy_engine.workflow import Output, PodTemplate, RetryStrategy
from argosy_expressions.argo import check
from argosy_schemas.pod import DRIVER_CONTAINER, LAUNCHER_CONTAINER, SHARED_VOLUME

_POD_TEMPLATE = frozenset(
    {
        "name",
        "inputs",
        "outputs",
        "container",
        "initContainers",
        "sidecars",
        "retryStrategy",
        "activeDeadlineSeconds",
    }
)
_POD_SETTINGS = frozenset(
    {
        "affinity",
        "annotations",
        "automountServiceAccountToken",
        "metadata",
        "nodeSelector",
        "podSpecPatch",
        "securityContext",
        "serviceAccountName",
        "tolerations",
        "volumes",
    }
)
# What containers share, the directories that the SDK's paths begin with, and the workspace, which
# is a directory here.
_OWN_VOLUMES = frozenset({SHARED_VOLUME, "scratch", "kfp-workspace"})
_RETRY = frozenset({"limit", "retryPolicy", "expression", "backoff"})
_BACKOFF = frozenset({"duration", "factor"})


def read_pod(template: Object, name: str, place: Place) -> PodTemplate:
    """Return the template of a pod."""
    place.refuse_unknown(template, _POD_TEMPLATE | _POD_SETTINGS)
    initial = objects(template, "initContainers")
    drivers = [one for one in initial if one.get("name") == DRIVER_CONTAINER]
    sidecars = objects(template, "sidecars")
    launchers = [one for one in sidecars if one.get("name") == LAUNCHER_CONTAINER]
    decides = not drivers and not launchers
    driver = drivers[0] if drivers else object_at(template, "container")
    deadline = template.get("activeDeadlineSeconds")
    return PodTemplate(
        name=name,
        inputs=inputs_of(template),
        environment=tuple(
            (str(one["name"]), str(one["value"]))
            for one in objects(driver, "env")
            if "value" in one
        ),
        image=str(object_at(template, "container").get("image") or ""),
        outputs=tuple(_outputs(template, place)),
        retry=read_retry(template, place),
        deadline_seconds=None if deadline is None else str(deadline),
        decides=decides,
        settings=tuple(sorted(_settings(template, initial, sidecars))),
    )


def _settings(
    template: Object, initial: Sequence[Object], sidecars: Sequence[Object]
) -> Iterator[str]:
    """Yield what the template asks of Kubernetes, in Kubernetes' words."""
    yield from _POD_SETTINGS & template.keys() - {"volumes"}
    container = object_at(template, "container")
    yield from {"imagePullPolicy", "resources", "securityContext"} & container.keys()
    for volume in objects(template, "volumes"):
        if volume.get("name") not in _OWN_VOLUMES:
            yield from (f"volumes.{kind}" for kind in volume.keys() - {"name"})
    for variable in objects(container, "env"):
        yield from (f"env.{kind}" for kind in object_at(variable, "valueFrom"))
    if len(initial) > 1:
        yield "initContainers"
    if len(sidecars) > 1:
        yield "sidecars"


def _outputs(template: Object, place: Place) -> Iterator[Output]:
    for one in objects(object_at(template, "outputs"), "parameters"):
        here = place.at(f"outputs.{one.get('name')}")
        source = object_at(one, "valueFrom")
        here.refuse_unknown(source, {"path", "default"})
        yield Output(name=str(one["name"]), default=default_of(source))


def read_retry(template: Object, place: Place) -> RetryStrategy | None:
    """Return the retry strategy of a template; ``None`` where it has none."""
    strategy: Object | None = template.get("retryStrategy")
    if strategy is None:
        return None
    here = place.at("retryStrategy")
    here.refuse_unknown(strategy, _RETRY)
    backoff = object_at(strategy, "backoff")
    here.at("backoff").refuse_unknown(backoff, _BACKOFF)
    duration = None if backoff.get("duration") is None else str(backoff["duration"])
    if duration is not None and parse_duration(duration) is None:
        raise here.at("backoff.duration").refuse(f"is '{duration}', not a duration such as '5s'")
    factor = whole_number(here.at("backoff.factor"), backoff, "factor")
    limit = whole_number(here.at("limit"), strategy, "limit")
    expression = strategy.get("expression")
    if expression is not None:
        checked(check, str(expression), here.at("expression"))
    policy = str(strategy.get("retryPolicy") or ("Always" if expression else "OnFailure"))
    if policy not in ("Always", "OnFailure", "OnError"):
        raise here.at("retryPolicy").refuse(f"is '{policy}'; use Always, OnFailure or OnError")
    return RetryStrategy(
        limit=None if limit is None else str(limit),
        policy=policy,
        expression=None if expression is None else str(expression),
        backoff=duration,
        factor=None if factor is None else str(factor),
    )
