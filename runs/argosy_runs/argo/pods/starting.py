"""Pods on a node whose containers do not start: images, secrets, volumes, the sandbox."""

from __future__ import annotations

import re
from typing import Final

from argosy_runs.argo.pods.documents import Container, Pod
from argosy_runs.argo.pods.evidence import Evidence, find_quoted, name_origin, quote_message
from argosy_runs.causes import Diagnosis
from argosy_schemas.pod import DRIVER_CONTAINER, LAUNCHER_CONTAINER, MAIN_CONTAINER

PULLING: Final = frozenset(
    {"ErrImagePull", "ImagePullBackOff", "ImageInspectError", "RegistryUnavailable"}
)
"""Why a container waits whose image does not come."""
_MISSING: Final = ("not found", "manifest unknown", "manifest invalid", "NAME_UNKNOWN")
_REFUSED: Final = (
    "unauthorized", "authentication required", "no basic auth credentials",
    "401 Unauthorized", "403 Forbidden", "authorization failed", "access denied", "denied",
)  # fmt: skip
_UNREACHED: Final = (
    "no such host", "connection refused", "i/o timeout", "x509", "TLS", "no route to host",
    "server gave HTTP response to HTTPS client", "deadline exceeded", "connection reset",
    "failed to do request",
)  # fmt: skip


def explain_start(evidence: Evidence) -> Diagnosis | None:
    """Explain why a container does not start; ``None``: nothing says that one does not."""
    pod = evidence.pod
    if pod is None:
        return _explain_message(evidence)
    for container in pod.containers:
        found = _explain_waiting(container, pod, evidence)
        if found is not None:
            return found
    return _explain_volumes(pod, evidence) or _explain_start_error(pod)


def _explain_waiting(container: Container, pod: Pod, evidence: Evidence) -> Diagnosis | None:
    message = container.waiting_message
    match container.waiting_reason:
        case reason if reason in PULLING:
            return _explain_pull(container, _pull_error(container, evidence), evidence)
        case "InvalidImageName":
            return Diagnosis(
                cause=f"'{container.image}' is not the name of an image",
                next_step=f"correct {name_origin(container)}",
            )
        case "ErrImageNeverPull":
            return Diagnosis(
                cause=f"the image '{container.image}' is not on the node, and the pull policy is "
                "Never",
                next_step="load it on all nodes, or set another pull policy",
            )
        case "CreateContainerConfigError":
            return _explain_config(container, message, pod)
        case "CreateContainerError" | "RunContainerError":
            return Diagnosis(
                cause=f"the node cannot start container '{container.name}': "
                f"{quote_message(message)}",
                next_step=f"correct {name_origin(container)} or the settings of the task",
            )
        case _:
            return None


def _pull_error(container: Container, evidence: Evidence) -> str:
    """Return why an image was not pulled: the state itself forgets it while it waits."""
    failed = (
        event.message.partition('": ')[2] or event.message
        for event in evidence.find_events("Failed")
        if "pull image" in event.message and container.image in event.message
    )
    if container.waiting_reason == "ImagePullBackOff":
        return next(failed, container.waiting_message)
    return container.waiting_message or next(failed, "")


def _explain_pull(container: Container, text: str, evidence: Evidence) -> Diagnosis:
    image, origin = container.image, name_origin(container)
    if any(part in text for part in ("toomanyrequests", "429 Too Many", "rate limit")):
        return Diagnosis(
            cause=f"the registry gives no more of image '{image}' for now: too many requests",
            next_step="wait, sign in to the registry by a pull secret, or mirror the image",
        )
    if "no match for platform" in text:
        return Diagnosis(
            cause=f"the image '{image}' is not made for the processor of the node",
            next_step=f"build it for that platform, or correct {origin}",
        )
    if "may require authorization" in text:
        return Diagnosis(
            cause=f"the registry refuses the image '{image}': it does not exist, or needs "
            "credentials",
            next_step=f"correct {origin}, or {_sign_in(container, evidence)}",
        )
    if any(part in text for part in _UNREACHED):
        return Diagnosis(
            cause=f"the registry of image '{image}' cannot be reached from the node: "
            f"{_last_part(text)}",
            next_step=f"correct {origin}, or let the nodes reach the registry",
        )
    if any(part in text for part in _REFUSED):
        return Diagnosis(
            cause=f"the registry refuses the image '{image}': {_last_part(text)}",
            next_step=_sign_in(container, evidence),
        )
    if any(part in text for part in _MISSING):
        return Diagnosis(
            cause=f"the image '{image}' does not exist in its registry",
            next_step=f"correct {origin}, or push the image",
        )
    return Diagnosis(
        cause=f"the image '{image}' cannot be pulled: {quote_message(text)}",
        next_step=f"correct {origin}",
    )


def _sign_in(container: Container, evidence: Evidence) -> str:
    if container.name == MAIN_CONTAINER:
        return "name a pull secret with 'set_image_pull_secrets'"
    account = "default" if evidence.pod is None else evidence.pod.service_account
    return f"add a pull secret to the service account '{account}'"


def _last_part(text: str) -> str:
    """Return the innermost of errors that stand in one another, each behind a colon."""
    parts = quote_message(text).split(": ")
    return ": ".join(parts[-2:])


def _explain_config(container: Container, text: str, pod: Pod) -> Diagnosis:
    if (missing := _explain_missing(text, pod)) is not None:
        return missing
    key = re.search(r"couldn't find key (\S+) in (Secret|ConfigMap) [^/]+/(\S+)", text)
    if key is not None:
        words = "secret" if key[2] == "Secret" else "config map"
        return Diagnosis(
            cause=f"the {words} '{key[3]}' has no key '{key[1]}'",
            next_step=f"add the key, or take another one of {words} '{key[3]}'",
        )
    if "runAsNonRoot" in text or "run as root" in text:
        return Diagnosis(
            cause=f"container '{container.name}' may not run as root, and the image "
            f"'{container.image}' does, or does not say as whom: "
            f"{quote_message(text.partition(' (pod: ')[0])}",
            next_step="set 'runAsUser' in the security context, or build the image with a numeric "
            "USER",
        )
    return Diagnosis(
        cause=f"the node cannot set up container '{container.name}': {quote_message(text)}",
        next_step="correct the setting that the message names",
    )


def _explain_missing(text: str, pod: Pod) -> Diagnosis | None:
    """Explain a message that finds no secret or config map; ``None``: it says nothing of one."""
    for kind, words in (("secret", "secret"), ("configmap", "config map")):
        name = find_quoted(text, kind)
        if name and "not found" in text:
            return Diagnosis(
                cause=f"the {words} '{name}' is missing in namespace '{pod.namespace}'",
                next_step="create it there, or name another one; the pod starts as soon as it "
                "exists",
            )
    return None


def _explain_volumes(pod: Pod, evidence: Evidence) -> Diagnosis | None:
    if not _is_starting(pod):
        return None
    for event in evidence.find_events("FailedMount", "FailedAttachVolume", "FailedMapVolume"):
        if (missing := _explain_missing(event.message, pod)) is not None:
            return missing
        if "timed out" in event.message or "timeout expired" in event.message:
            continue  # An earlier event says why.
        volume = find_quoted(event.message, "for volume")
        return Diagnosis(
            cause=f"the volume '{volume or '?'}' of the pod cannot be mounted: "
            f"{quote_message(event.message.partition(' : ')[2] or event.message)}",
            next_step="correct the volume; one that another node holds is free when the pod there "
            "has ended",
        )
    for event in evidence.find_events("FailedMount"):
        return Diagnosis(
            cause=f"the volumes of the pod cannot be mounted: {quote_message(event.message)}",
            next_step=f"look at them: {evidence.kubectl} describe pod {pod.name}",
        )
    for event in evidence.find_events("FailedCreatePodSandBox"):
        return Diagnosis(
            cause=f"the node cannot set up the pod: {quote_message(event.message)}",
            next_step="this is the node's own trouble; ask who runs the cluster",
        )
    return None


def _is_starting(pod: Pod) -> bool:
    """Return whether no container of a pod on a node has begun."""
    waiting = ("ContainerCreating", "PodInitializing", "")
    return pod.phase == "Pending" and all(
        each.exit_code is None and each.waiting_reason in waiting for each in pod.containers
    )


def _explain_start_error(pod: Pod) -> Diagnosis | None:
    """Explain a container that the node could not start, and did not try again."""
    for container in pod.containers:
        if container.ended_reason in ("StartError", "ContainerCannotRun"):
            return Diagnosis(
                cause=f"the node cannot start container '{container.name}': "
                f"{quote_message(container.ended_message)}",
                next_step=f"correct {name_origin(container)}",
            )
    return None


def _explain_message(evidence: Evidence) -> Diagnosis | None:
    """Explain by what Argo's controller kept of a pod that is gone."""
    reason, _, message = evidence.message.partition(": ")
    if reason not in PULLING and reason not in ("InvalidImageName", "CreateContainerConfigError"):
        return None
    return Diagnosis(
        cause=f"a container of the pod did not start ({reason}): {quote_message(message)}",
        next_step=f"correct the component's image, or that of {DRIVER_CONTAINER} and "
        f"{LAUNCHER_CONTAINER}",
    )
