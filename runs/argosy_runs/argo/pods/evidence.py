"""What is known of a task whose pod is to be explained."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from argosy_runs.argo.pods.documents import Container, Event, Pod
from argosy_schemas.formats.records import Failure
from argosy_schemas.message_text import to_one_line

_LONGEST = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What the cluster and the store say of the last attempt at a task."""

    namespace: str
    kubectl: str
    """How commands begin, e.g. ``kubectl -n ml``: with what chooses the cluster and namespace."""
    message: str = ""
    """Of its node in the workflow, as Argo's controller wrote it."""
    has_ended: bool = False
    """Whether its node has."""
    pod: Pod | None = None
    """``None``: it was not made, or is gone."""
    events: tuple[Event, ...] = ()
    """Of the pod and of the claims that it mounts, the last to happen last."""
    failure: Failure | None = None
    """Of the attempt's record."""
    retry: str = "argosy retry"
    """The command that goes on with the run."""

    def find_events(self, *reasons: str) -> Iterator[Event]:
        """Yield the events of the pod with these reasons, the last to happen first."""
        for event in reversed(self.events):
            if event.kind == "Pod" and event.reason in reasons:
                yield event


def quote_message(text: str) -> str:
    """Return what a machine said, as the end of a sentence: one line, without its full stop."""
    return to_one_line(text, most=_LONGEST).rstrip(". ")


def find_quoted(text: str, before: str) -> str:
    """Return what stands between double quotes behind some words; empty if nothing does."""
    found = re.search(rf'{re.escape(before)} "([^"]+)"', text)
    return found[1] if found else ""


def name_origin(container: Container) -> str:
    """Return what to correct where the image or a setting of a container is wrong."""
    match container.name:
        case "main":
            return "the component's image"
        case "driver" | "launcher":
            return "'argosy compile --image'"
        case "init" | "wait":
            return "the executor image of Argo's controller"
        case _:
            return "the image in the patch of the workflow"
