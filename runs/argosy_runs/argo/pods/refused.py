"""Pods that the API server does not make: a quota, a policy or a webhook refuses them.

There is no pod then; the message of the node has the words of the API server. Argo tries again
where it waits for room in a quota, and the node stays Pending.
"""

from __future__ import annotations

import re

from argosy_runs.argo.pods.evidence import Evidence, find_quoted, quote_message
from argosy_runs.causes import Diagnosis


def explain_refusal(evidence: Evidence) -> Diagnosis | None:
    """Explain why there is no pod; ``None``: nothing says so."""
    text = evidence.message
    if evidence.pod is not None or not text:
        return None
    if "exceeded quota" in text:
        return _explain_quota(text, evidence)
    if "failed quota" in text:
        return Diagnosis(
            cause=f"a quota of the namespace demands what the pod does not say: {_after(text)}",
            next_step="set requests and limits of the task, and of the other containers by a "
            "LimitRange of the namespace",
        )
    if "violates PodSecurity" in text:
        level = find_quoted(text, "violates PodSecurity").partition(":")[0]
        violations = text.partition(f'"{level}')[2].partition(": ")[2]
        return Diagnosis(
            cause=f"the Pod Security level '{level}' of the namespace refuses the pod: "
            f"{quote_message(violations)}",
            next_step="take out what it names, and compile without '--pod-security baseline' where "
            "the level is 'restricted'; or run in a namespace of another level",
        )
    if "admission webhook" in text and "denied the request" in text:
        webhook = find_quoted(text, "admission webhook")
        return Diagnosis(
            cause=f"the admission webhook '{webhook}' refuses the pod: "
            f"{quote_message(text.partition('denied the request: ')[2])}",
            next_step="change the pipeline as it says, or ask who runs the webhook for an "
            "exception",
        )
    policy = re.search(r"ValidatingAdmissionPolicy '([^']+)' .*?denied request: (.*)", text)
    if policy is not None:
        return Diagnosis(
            cause=f"the policy '{policy[1]}' of the cluster refuses the pod: "
            f"{quote_message(policy[2])}",
            next_step="change the pipeline as it says, or ask who runs the cluster for an "
            "exception",
        )
    if "failed calling webhook" in text:
        webhook = find_quoted(text, "failed calling webhook")
        said = quote_message(text.partition(f'"{webhook}": ')[2])
        return Diagnosis(
            cause=f"the admission webhook '{webhook}' does not answer, so no pod can be made: "
            f"{said}",
            next_step="ask who runs the webhook to repair it",
        )
    return _explain_name(text) or _explain_other(text, evidence)


def _explain_quota(text: str, evidence: Evidence) -> Diagnosis:
    found = re.search(
        r"exceeded quota: ([^,]+), requested: (.+), used: (.+), limited: ([^;\n]+)", text
    )
    if found is None:
        return Diagnosis(
            cause=f"a quota of the namespace has no room for the pod: {_after(text)}",
            next_step="ask for less, or wait until other pods have ended",
        )
    quota, requested, used, limited = (part.strip() for part in found.groups())
    waits = "it starts when there is room" if not evidence.has_ended else f"then '{evidence.retry}'"
    return Diagnosis(
        cause=f"the quota '{quota}' of namespace '{evidence.namespace}' has no room for the pod: "
        f"it asks for {requested}, {used} of {limited} are used",
        next_step=f"ask for less, end other pods, or have the quota raised; {waits}",
    )


def _explain_name(text: str) -> Diagnosis | None:
    """Explain a pod that names what does not exist."""
    if "error looking up service account" in text:
        name = find_quoted(text, "serviceaccount") or "?"
        return Diagnosis(
            cause=f"the service account '{name}' does not exist in the namespace",
            next_step="apply the output of 'argosy manifests' there, or compile with another "
            "--service-account",
        )
    if "no PriorityClass with name" in text:
        name = text.partition("no PriorityClass with name ")[2].split(" ")[0]
        return Diagnosis(
            cause=f"the priority class '{name}' does not exist in the cluster",
            next_step="create it, or name another one in the patch of the workflow",
        )
    return None


def _explain_other(text: str, evidence: Evidence) -> Diagnosis | None:
    if re.search(r"(?:maximum|minimum) \S+ usage per |LimitRange", text):
        return Diagnosis(
            cause=f"a LimitRange of the namespace refuses the pod: {_after(text)}",
            next_step="set requests and limits of the task within it, or have it changed",
        )
    if re.search(r'cannot create resource "pods"', text):
        return Diagnosis(
            cause=f"Argo's controller may not make pods: {_after(text)}",
            next_step="give the controller its rights back: Argo's manifests have its Role",
        )
    if re.search(r'Pod "[^"]+" is invalid', text):
        return Diagnosis(
            cause="the cluster takes no such pod: "
            f"{quote_message(text.partition('is invalid: ')[2])}",
            next_step="correct the setting of the task that the message names",
        )
    if "is forbidden: " in text and "pods " in text:
        return Diagnosis(
            cause=f"the cluster refuses the pod: {_after(text)}",
            next_step="change the pipeline as it says, or ask who runs the cluster",
        )
    if not evidence.has_ended and "Waiting for" in text and "lock" in text:
        return Diagnosis(
            cause=f"the task waits for a lock: {quote_message(text)}",
            next_step="it starts when other workflows release it",
        )
    return None


def _after(text: str) -> str:
    """Return the words of the API server, without the name of the pod."""
    rest = text.partition("is forbidden: ")[2] or text
    return quote_message(rest)
