"""Pods that no node takes."""

from __future__ import annotations

import re
from typing import Final

from argosy_runs.argo.pods.documents import Pod
from argosy_runs.argo.pods.evidence import Evidence, quote_message
from argosy_runs.causes import Diagnosis

_SETTERS: Final = {
    "cpu": "'set_cpu_request'",
    "memory": "'set_memory_request'",
    "ephemeral-storage": "an ephemeral-storage request",
}


def explain_scheduling(evidence: Evidence) -> Diagnosis | None:
    """Explain why a pod is on no node; ``None``: it is on one, or has not been looked at yet."""
    pod = evidence.pod
    scheduled = None if pod is None else pod.conditions.get("PodScheduled")
    if pod is None or scheduled is None or scheduled.status != "False":
        return None
    if scheduled.reason == "SchedulingGated":
        return Diagnosis(
            cause="the pod waits for who holds its scheduling gates, as a queue of jobs does",
            next_step="look at the queue, e.g. Kueue's Workload of this pod",
        )
    text = scheduled.message.partition("preemption:")[0].partition("no new claims to")[0]
    reasons = quote_message(text.partition("are available: ")[2] or text)
    return (
        _explain_claim(text, pod, evidence)
        or _explain_resource(text, reasons, pod)
        or _explain_choice(text, reasons)
        or Diagnosis(
            cause=f"no node takes the pod: {reasons}",
            next_step="change what the task asks of a node, or add one that has it",
        )
    )


def _explain_claim(text: str, pod: Pod, evidence: Evidence) -> Diagnosis | None:
    found = re.search(r'persistentvolumeclaim "([^"]+)" (not found|is being deleted)', text)
    if found is not None:
        what = "does not exist" if found[2] == "not found" else "is being deleted"
        return Diagnosis(
            cause=f"the volume claim '{found[1]}' {what} in namespace '{evidence.namespace}'",
            next_step="create it, or mount another one",
        )
    if "unbound immediate PersistentVolumeClaims" not in text and "bind" not in text:
        return None
    for event in reversed(evidence.events):
        if event.kind == "PersistentVolumeClaim" and event.reason in (
            "ProvisioningFailed",
            "FailedBinding",
        ):
            return Diagnosis(
                cause=f"the volume claim '{event.object_name}' gets no volume: "
                f"{quote_message(event.message)}",
                next_step="name a storage class that exists and has room; 'kubectl get "
                "storageclass' lists them",
            )
    claims = ", ".join(f"'{claim}'" for claim in pod.claims) or "of the pod"
    return Diagnosis(
        cause=f"the volume claim {claims} has no volume yet",
        next_step=f"look at it: {evidence.kubectl} describe pvc",
    )


def _explain_resource(text: str, reasons: str, pod: Pod) -> Diagnosis | None:
    names = re.findall(r"Insufficient ([\w./-]+?)[.,;]?(?:\s|$)", text)
    if not names:
        if "Too many pods" in text:
            return Diagnosis(
                cause=f"no node takes the pod: {reasons}",
                next_step="it starts when other pods have ended; or add a node",
            )
        return None
    resource = names[0]
    asked = ", ".join(
        f"{each.name} {quantity}"
        for each in pod.containers
        if (quantity := each.requests.get(resource) or each.limits.get(resource))
    )
    setter = _SETTERS.get(resource, "'set_accelerator_limit'")
    return Diagnosis(
        cause=f"no node has enough {resource} for the pod"
        f"{f' ({asked})' if asked else ''}: {reasons}",
        next_step=f"ask for less with {setter}, or add a node that has it; until then it waits",
    )


def _explain_choice(text: str, reasons: str) -> Diagnosis | None:
    if "node affinity" in text and "volume" in text:
        return Diagnosis(
            cause=f"the volume of the pod is where the pod may not run: {reasons}",
            next_step="let the task run in the zone of the volume, or mount one of another zone",
        )
    if "node affinity/selector" in text or "node selector" in text:
        return Diagnosis(
            cause=f"no node has the labels that the task selects: {reasons}",
            next_step="correct 'add_node_selector' of the task, or label a node",
        )
    if "untolerated taint" in text or "taint" in text:
        return Diagnosis(
            cause=f"all nodes have taints that the task does not tolerate: {reasons}",
            next_step="add the toleration with 'add_toleration', or remove the taint",
        )
    return None
