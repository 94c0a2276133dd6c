"""Pods that something outside of them ended: a node that went away, a deadline, a deletion."""

from __future__ import annotations

import re
from typing import Final

from argosy_runs.argo.pods.documents import Pod
from argosy_runs.argo.pods.evidence import Evidence, quote_message
from argosy_runs.causes import Diagnosis
from argosy_schemas.formats.records import Reason

POD_DELETED: Final = "pod deleted"
"""What Argo's controller says of a node whose pod is gone."""
_DEADLINES: Final = ("longer than the specified deadline", "exceeded its deadline")
_LOST: Final = "the node that it ran on went away"


def explain_stop(evidence: Evidence) -> Diagnosis | None:
    """Explain what ended a pod from outside; ``None``: nothing did."""
    pod = evidence.pod
    if pod is not None:
        found = _explain_disruption(pod, evidence) or _explain_status(pod, evidence)
        if found is not None:
            return found
    return _explain_message(evidence) or _explain_events(evidence)


def explain_unknown_stop(evidence: Evidence) -> Diagnosis | None:
    """Explain a pod of which only its record says that it was stopped; ``None``: it was not."""
    failure = evidence.failure
    if failure is None or failure.reason is not Reason.CANCELED or not evidence.has_ended:
        return None
    return _again(
        f"its pod was stopped from outside, as when somebody deletes it: "
        f"{quote_message(failure.message)}",
        evidence,
    )


def _explain_disruption(pod: Pod, evidence: Evidence) -> Diagnosis | None:
    """Explain by the condition that Kubernetes sets before it ends a pod by itself."""
    condition = pod.conditions.get("DisruptionTarget")
    if condition is None or condition.status != "True":
        return None
    said = quote_message(condition.message)
    match condition.reason:
        case "PreemptionByScheduler":
            return _preempted(said, evidence)
        case "EvictionByEvictionAPI":
            return _again(
                f"the pod was evicted, as when a node is drained or scaled down: {said}", evidence
            )
        case "DeletionByTaintManager":
            return _again(f"its node was tainted, and the pod had to go: {said}", evidence)
        case "DeletionByPodGC":
            return _again(f"{_LOST}: {said}", evidence)
        case "TerminationByKubelet":
            return _evicted(pod, evidence)
        case _:
            return _again(f"the cluster ended the pod ({condition.reason}): {said}", evidence)


def _explain_status(pod: Pod, evidence: Evidence) -> Diagnosis | None:
    match pod.reason:
        case "Evicted":
            return _evicted(pod, evidence)
        case "DeadlineExceeded":
            return _late(pod.deadline_seconds)
        case "Preempting" | "Preempted":
            return _preempted(quote_message(pod.message), evidence)
        case "NodeLost" | "Terminated" | "NodeShutdown" | "Shutdown":
            said = f": {quote_message(pod.message)}" if pod.message else ""
            return _again(f"{_LOST}{said}", evidence)
        case "UnexpectedAdmissionError" | "NodeAffinity" | "OutOfcpu" | "OutOfmemory" | "OutOfpods":
            return _again(
                f"the node refused the pod ({pod.reason}): {quote_message(pod.message)}", evidence
            )
        case _:
            pass
    unknown = next(
        (each.name for each in pod.containers if each.ended_reason == "ContainerStatusUnknown"),
        None,
    )
    if unknown is not None or pod.phase == "Unknown":
        return _again(f"{_LOST}, and nobody knows what became of the pod", evidence)
    return None


def _explain_message(evidence: Evidence) -> Diagnosis | None:
    """Explain by the node's message: the pod may be gone."""
    text = evidence.message
    if any(part in text for part in _DEADLINES):
        return _late(None if evidence.pod is None else evidence.pod.deadline_seconds)
    if "The node was low on resource" in text:
        return _again(f"the pod was evicted: {quote_message(text)}", evidence)
    if text.startswith(POD_DELETED):
        return _explain_events(evidence) or _again(
            "its pod was deleted while it ran, by a person or by the cluster", evidence
        )
    return None


def _explain_events(evidence: Evidence) -> Diagnosis | None:
    pod = evidence.pod
    for event in evidence.find_events("Preempted", "TaintManagerEviction", "Evicted"):
        if event.reason == "Preempted":
            return _preempted(quote_message(event.message), evidence)
        if event.reason == "Evicted":
            return _again(f"the pod was evicted: {quote_message(event.message)}", evidence)
        if "Cancelling" not in event.message:
            return _again("its node was tainted, and the pod had to go", evidence)
    ready = None if pod is None else pod.conditions.get("Ready")
    for _ in evidence.find_events("NodeNotReady"):
        if pod is not None and pod.phase == "Running" and ready is not None:
            if ready.status != "True":
                return Diagnosis(
                    cause="its node does not answer, and the task may have ended or not",
                    next_step="wait until the node is back, or delete the pod, which gives the "
                    "task up",
                )
        elif pod is None:
            return _again(_LOST, evidence)
    if pod is not None and pod.is_deleted and not evidence.has_ended:
        return Diagnosis(
            cause="its pod is being deleted, by a person or by the cluster",
            next_step="wait for its end",
        )
    return None


def _evicted(pod: Pod, evidence: Evidence) -> Diagnosis:
    message = pod.message or evidence.message
    local = re.search(r"ephemeral|emptyDir|disk", message, re.IGNORECASE)
    resource = "ephemeral storage" if local else "memory"
    return Diagnosis(
        cause=f"the node evicted the pod: {quote_message(message) or 'it was low on a resource'}",
        next_step=f"request as much {resource} as the task needs, so that it comes to a node that "
        f"has it; then '{evidence.retry}'",
    )


def _preempted(said: str, evidence: Evidence) -> Diagnosis:
    return _again(
        f"the pod had to make room for one of a higher priority: {said}",
        evidence,
        first="set retries on the task, or a priority class in the patch of the workflow",
    )


def _late(seconds: int | None) -> Diagnosis:
    within = "its time" if seconds is None else f"{seconds:,} s"
    return Diagnosis(
        cause=f"the task did not end within {within}, and was stopped",
        next_step="make it faster, or give it more time with 'set_timeout'",
    )


def _again(cause: str, evidence: Evidence, *, first: str = "") -> Diagnosis:
    again = f"go on from here with '{evidence.retry}'"
    step = f"{first}; {again}" if first else f"{again}; with retries on the task Argo does so"
    return Diagnosis(cause=cause, next_step=step)
