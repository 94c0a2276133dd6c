"""Read the template of a pod: what its driver is told, its retries, what only Kubernetes can do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from argosy_engine.workflow.durations import parse_duration
from argosy_engine.workflow.fields import Object, Place, check_tags, checked
from argosy_engine.workflow.model import PodTemplate, RetryStrategy
from argosy_engine.workflow.parameters import inputs_of, pod_outputs
from argosy_expressions.argo import check
from argosy_schemas.pod import (
    DRIVER_CONTAINER,
    LAUNCHER_CONTAINER,
    SCRATCH_VOLUME,
    SHARED_VOLUME,
    WORKSPACE_VOLUME,
)

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
    {"affinity", "metadata", "nodeSelector", "podSpecPatch", "tolerations", "volumes"}
)
_CONTAINER_SETTINGS = frozenset({"imagePullPolicy", "resources", "securityContext"})
_MAIN = frozenset({"name", "image", "command", "env", "volumeMounts"})
_OURS = frozenset({"name", "image", "command", "env", "envFrom", "mirrorVolumeMounts"})
# A driver alone in its pod is the main container, and is given a secret as drivers are.
_DECIDER = frozenset({"envFrom"})
# What containers share, the directories that the SDK's paths begin with, and the workspace, which
# is a directory here.
_OWN_VOLUMES = frozenset({SHARED_VOLUME, SCRATCH_VOLUME, WORKSPACE_VOLUME})
_VARIABLE = frozenset({"name", "value", "valueFrom"})
_RETRY = frozenset({"limit", "retryPolicy", "expression", "backoff"})
_BACKOFF = frozenset({"duration", "factor"})


def read_pod(template: Object, name: str, place: Place) -> PodTemplate:
    """Return the template of a pod."""
    place.refuse_unknown(template, _POD_TEMPLATE | _POD_SETTINGS)
    main = place.object_at(template, "container")
    others = place.objects(template, "initContainers")
    sidecars = place.objects(template, "sidecars")
    decides = not others and not sidecars
    known = _MAIN | _CONTAINER_SETTINGS | (_DECIDER if decides else set[str]())
    place.at("container").refuse_unknown(main, known)
    driver, driver_place = main, place.at("container")
    if not decides:
        # Those behind the driver are for Kubernetes alone.
        driver, driver_place = _ours(place, "initContainers", others, DRIVER_CONTAINER)
        _ours(place, "sidecars", sidecars, LAUNCHER_CONTAINER)
        if len(sidecars) > 1:
            raise place.at("sidecars").refuse(
                f"has to hold '{LAUNCHER_CONTAINER}' alone; compile again"
            )
    deadline = template.get("activeDeadlineSeconds")
    return PodTemplate(
        name=name,
        inputs=inputs_of(template, place),
        environment=tuple(_environment(driver, driver_place)),
        image=place.at("container").optional_text(main, "image") or "",
        outputs=tuple(pod_outputs(template, place)),
        retry=read_retry(template, place),
        deadline_seconds=None if deadline is None else str(deadline),
        decides=decides,
        settings=tuple(sorted(_settings(template, place, decides=decides))),
    )


def _ours(
    place: Place, field: str, containers: Sequence[Object], name: str
) -> tuple[Object, Place]:
    """Return the first container of a list, which has to be ours, with its place."""
    if not containers or containers[0].get("name") != name:
        raise place.at(field).refuse(f"has to hold '{name}', and hold it first; compile again")
    here = place.at(field).at(name)
    here.refuse_unknown(containers[0], _OURS)
    return containers[0], here


def _environment(driver: Object, place: Place) -> Iterator[tuple[str, str]]:
    """Yield what the driver is told; what only a cluster can fill in is not."""
    here = place.at("env")
    for name, one in place.named(driver, "env"):
        here.at(name).refuse_unknown(one, _VARIABLE)
        if "valueFrom" not in one:
            text = here.at(name).text(one, "value")
            check_tags(text, here.at(name))
            yield name, text


def _settings(template: Object, place: Place, *, decides: bool) -> Iterator[str]:
    """Yield what the template asks of Kubernetes, in Kubernetes' words.

    The variables of a pod that decides are the driver's.
    """
    yield from _POD_SETTINGS & template.keys() - {"volumes"}
    container = place.object_at(template, "container")
    yield from _CONTAINER_SETTINGS & container.keys()
    for volume in place.objects(template, "volumes"):
        if volume.get("name") not in _OWN_VOLUMES:
            yield from (f"volumes.{kind}" for kind in volume.keys() - {"name"})
    for variable in () if decides else place.at("container").objects(container, "env"):
        yield from (f"env.{kind}" for kind in place.at("env").object_at(variable, "valueFrom"))
    if len(place.objects(template, "initContainers")) > 1:
        yield "initContainers"


def read_retry(template: Object, place: Place) -> RetryStrategy | None:
    """Return the retry strategy of a template; ``None`` where it has none."""
    if template.get("retryStrategy") is None:
        return None
    strategy, here = place.object_at(template, "retryStrategy"), place.at("retryStrategy")
    here.refuse_unknown(strategy, _RETRY)
    backoff, at_backoff = here.object_at(strategy, "backoff"), here.at("backoff")
    at_backoff.refuse_unknown(backoff, _BACKOFF)
    duration = at_backoff.optional_text(backoff, "duration")
    if duration is not None and parse_duration(duration) is None:
        raise at_backoff.at("duration").refuse(f"is '{duration}', not a duration such as '5s'")
    factor = at_backoff.whole_number(backoff, "factor", least=1)
    limit = here.whole_number(strategy, "limit", least=0)
    expression = here.optional_text(strategy, "expression")
    if expression is not None:
        checked(check, expression, here.at("expression"))
    policy = here.optional_text(strategy, "retryPolicy")
    policy = policy or ("Always" if expression else "OnFailure")
    if policy not in ("Always", "OnFailure", "OnError"):
        raise here.at("retryPolicy").refuse(f"is '{policy}'; use Always, OnFailure or OnError")
    return RetryStrategy(
        limit=None if limit is None else str(limit),
        policy=policy,
        expression=expression,
        backoff=duration,
        factor=None if factor is None else str(factor),
    )
