"""Read the template of a pod: its driver's environment, its retries, its Kubernetes settings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from argosy_engine.workflow.durations import parse_duration
from argosy_engine.workflow.fields import Field, Object, check_expressions, parse_expression
from argosy_engine.workflow.model import PodTemplate, RetryStrategy
from argosy_engine.workflow.parameters import read_inputs, read_pod_outputs
from argosy_expressions.argo import check
from argosy_schemas.pod import (
    DRIVER_CONTAINER,
    EXCHANGE_VOLUME,
    LAUNCHER_CONTAINER,
    PRIVATE_VOLUME,
    PUBLISHED_VOLUME,
    SCRATCH_VOLUME,
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
_OURS = frozenset({"name", "image", "command", "env", "envFrom", "volumeMounts"})
# A driver alone in its pod is the main container, and may have a secret as other drivers do.
_DECIDER = frozenset({"envFrom"})
# Volumes between the containers, directories at the roots of the SDK's paths, and the workspace,
# which is a local directory.
_OWN_VOLUMES = frozenset(
    {PRIVATE_VOLUME, PUBLISHED_VOLUME, EXCHANGE_VOLUME, SCRATCH_VOLUME, WORKSPACE_VOLUME}
)
_LOCAL_VOLUMES = frozenset({"configMap", "persistentVolumeClaim", "secret"})
"""Kinds of volumes for which directories stand in."""
_VARIABLE = frozenset({"name", "value", "valueFrom"})
_RETRY = frozenset({"limit", "retryPolicy", "expression", "backoff"})
_BACKOFF = frozenset({"duration", "factor"})


def read_pod(template: Object, name: str, field: Field) -> PodTemplate:
    """Return the template of a pod."""
    field.refuse_unknown(template, _POD_TEMPLATE | _POD_SETTINGS)
    main = field.get_object(template, "container")
    others = field.get_objects(template, "initContainers")
    sidecars = field.get_objects(template, "sidecars")
    decides = not others and not sidecars
    known = _MAIN | _CONTAINER_SETTINGS | (_DECIDER if decides else set[str]())
    field.at("container").refuse_unknown(main, known)
    driver, driver_field = main, field.at("container")
    if not decides:
        # Init containers after the driver run on Kubernetes only.
        driver, driver_field = _read_own(field, "initContainers", others, DRIVER_CONTAINER)
        _read_own(field, "sidecars", sidecars, LAUNCHER_CONTAINER)
        if len(sidecars) > 1:
            raise field.at("sidecars").refuse(
                f"has to hold '{LAUNCHER_CONTAINER}' alone; compile again"
            )
    deadline = template.get("activeDeadlineSeconds")
    return PodTemplate(
        name=name,
        inputs=read_inputs(template, field),
        environment=tuple(_read_environment(driver, driver_field)),
        image=field.at("container").get_optional_text(main, "image") or "",
        outputs=tuple(read_pod_outputs(template, field)),
        retry=read_retry(template, field),
        deadline_seconds=None if deadline is None else str(deadline),
        decides=decides,
        settings=tuple(sorted(_find_settings(template, field))),
    )


def _read_own(
    field: Field, group: str, containers: Sequence[Object], name: str
) -> tuple[Object, Field]:
    """Return the first container of a list, which has to have a name, with its field."""
    if not containers or containers[0].get("name") != name:
        raise field.at(group).refuse(f"has to begin with '{name}'; compile again")
    here = field.at(group).at(name)
    here.refuse_unknown(containers[0], _OURS)
    return containers[0], here


def _read_environment(driver: Object, field: Field) -> Iterator[tuple[str, str]]:
    """Yield the driver's variables, without those whose values come from the cluster."""
    here = field.at("env")
    for name, one in field.get_named(driver, "env"):
        here.at(name).refuse_unknown(one, _VARIABLE)
        if "valueFrom" not in one:
            text = here.at(name).get_text(one, "value")
            check_expressions(text, here.at(name))
            yield name, text


def _find_settings(template: Object, field: Field) -> Iterator[str]:
    """Yield the names of the Kubernetes settings for which nothing stands in here."""
    yield from _POD_SETTINGS & template.keys() - {"volumes"}
    container = field.get_object(template, "container")
    yield from _CONTAINER_SETTINGS & container.keys()
    for volume in field.get_objects(template, "volumes"):
        if volume.get("name") not in _OWN_VOLUMES:
            yield from (f"volumes.{kind}" for kind in volume.keys() - {"name", *_LOCAL_VOLUMES})
    if len(field.get_objects(template, "initContainers")) > 1:
        yield "initContainers"


def read_retry(template: Object, field: Field) -> RetryStrategy | None:
    """Return the retry strategy of a template; ``None`` if it has none."""
    if template.get("retryStrategy") is None:
        return None
    strategy, here = field.get_object(template, "retryStrategy"), field.at("retryStrategy")
    here.refuse_unknown(strategy, _RETRY)
    backoff, at_backoff = here.get_object(strategy, "backoff"), here.at("backoff")
    at_backoff.refuse_unknown(backoff, _BACKOFF)
    duration = at_backoff.get_optional_text(backoff, "duration")
    if duration is not None and parse_duration(duration) is None:
        raise at_backoff.at("duration").refuse(f"is '{duration}', not a duration such as '5s'")
    factor = at_backoff.get_integer(backoff, "factor", least=1)
    limit = here.get_integer(strategy, "limit", least=0)
    expression = here.get_optional_text(strategy, "expression")
    if expression is not None:
        parse_expression(check, expression, here.at("expression"))
    policy = here.get_optional_text(strategy, "retryPolicy")
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
