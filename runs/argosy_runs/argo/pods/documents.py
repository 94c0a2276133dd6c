"""Pods and events of the Kubernetes API, as far as they say why a pod does not run, or failed.

Whatever is absent or of another type reads as empty: a pod that was just made has no status, and an
explanation that fails explains nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, cast

NODE_NAME_ANNOTATION: Final = "workflows.argoproj.io/node-name"
"""On a pod of Argo: the name of its node."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """A container of a pod, as it stands."""

    name: str
    image: str = ""
    is_init: bool = False
    is_pulled: bool = False
    """Whether its image has come to the node."""
    waiting_reason: str = ""
    waiting_message: str = ""
    exit_code: int | None = None
    """``None``: it has not ended."""
    ended_reason: str = ""
    ended_message: str = ""
    """Its last words: what it wrote to its termination log."""
    requests: Mapping[str, str] = field(default_factory=dict[str, str])
    limits: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def has_failed(self) -> bool:
        """Whether it ended with another exit code than 0."""
        return self.exit_code not in (None, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A condition of a pod."""

    status: str
    reason: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pod:
    """A pod, as it stands."""

    name: str
    namespace: str = ""
    node_name: str = ""
    """Of its annotation: the name of the node of the workflow."""
    service_account: str = "default"
    phase: str = ""
    reason: str = ""
    message: str = ""
    is_deleted: bool = False
    """Whether somebody asked for its deletion."""
    deadline_seconds: int | None = None
    conditions: Mapping[str, Condition] = field(default_factory=dict[str, Condition])
    containers: tuple[Container, ...] = ()
    """Init containers first."""
    claims: tuple[str, ...] = ()
    """The volume claims that it mounts."""
    created_at: str = ""
    """As the API has it."""

    def container(self, name: str) -> Container | None:
        """Return the container of a name."""
        return next((each for each in self.containers if each.name == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened to a pod, or to a volume claim that it mounts."""

    kind: str
    """Of the object."""
    object_name: str
    reason: str
    message: str


def read_pod_status(document: Mapping[str, Any]) -> Pod:
    """Return a pod from its JSON."""
    metadata, spec, status = (
        read_member(document, name) for name in ("metadata", "spec", "status")
    )
    statuses = {
        each.get("name"): each
        for kind in ("initContainerStatuses", "containerStatuses")
        for each in read_members(status, kind)
    }
    conditions = {
        each.get("type", ""): Condition(
            status=each.get("status") or "",
            reason=each.get("reason") or "",
            message=each.get("message") or "",
        )
        for each in read_members(status, "conditions")
    }
    volumes = read_members(spec, "volumes")
    claims = (read_member(volume, "persistentVolumeClaim").get("claimName") for volume in volumes)
    return Pod(
        name=metadata.get("name") or "",
        namespace=metadata.get("namespace") or "",
        node_name=read_member(metadata, "annotations").get(NODE_NAME_ANNOTATION) or "",
        service_account=spec.get("serviceAccountName") or "default",
        phase=status.get("phase") or "",
        reason=status.get("reason") or "",
        message=status.get("message") or "",
        is_deleted=bool(metadata.get("deletionTimestamp")),
        deadline_seconds=spec.get("activeDeadlineSeconds"),
        conditions=conditions,
        containers=tuple(
            _container(each, statuses.get(each.get("name"), {}), is_init=kind == "initContainers")
            for kind in ("initContainers", "containers")
            for each in read_members(spec, kind)
        ),
        claims=tuple(claim for claim in claims if claim),
        created_at=metadata.get("creationTimestamp") or "",
    )


def read_events(documents: Iterable[Mapping[str, Any]]) -> tuple[Event, ...]:
    """Return events from their JSON, the last to happen last."""
    return tuple(
        Event(
            kind=read_member(each, "involvedObject").get("kind") or "",
            object_name=read_member(each, "involvedObject").get("name") or "",
            reason=each.get("reason") or "",
            message=each.get("message") or "",
        )
        for each in sorted(documents, key=_last_at)
    )


def _container(spec: Mapping[str, Any], status: Mapping[str, Any], *, is_init: bool) -> Container:
    state = read_member(status, "state")
    waiting, ended = read_member(state, "waiting"), read_member(state, "terminated")
    resources = read_member(spec, "resources")
    return Container(
        name=spec.get("name") or "",
        image=spec.get("image") or "",
        is_init=is_init,
        is_pulled=bool(status.get("imageID")),
        waiting_reason=waiting.get("reason") or "",
        waiting_message=waiting.get("message") or "",
        exit_code=ended.get("exitCode"),
        ended_reason=ended.get("reason") or "",
        ended_message=ended.get("message") or "",
        requests=read_member(resources, "requests"),
        limits=read_member(resources, "limits"),
    )


def _last_at(event: Mapping[str, Any]) -> str:
    """Return when an event happened last, as the API has it: a text in the order of the times."""
    times = (event.get("lastTimestamp"), event.get("eventTime"), event.get("firstTimestamp"))
    return next((time for time in times if time), "")


def read_member(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return the object that is a member of another one; empty if there is none."""
    return _as_mapping(document.get(name))


def read_members(document: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """Return the objects in a list that is a member of another one; empty if there is none."""
    value = document.get(name)
    if not isinstance(value, list):
        return []
    return [_as_mapping(each) for each in cast("list[object]", value)]


def _as_mapping(value: object) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}
