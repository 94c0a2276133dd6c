"""Pods whose containers ended badly: out of memory, or with an exit code and last words."""

from __future__ import annotations

from typing import Final

from argosy_runs.argo.pods.documents import Container, Pod
from argosy_runs.argo.pods.evidence import Evidence, find_quoted, quote_message
from argosy_runs.causes import Diagnosis
from argosy_schemas.formats.records import Reason
from argosy_schemas.pod import (
    DRIVER_CONTAINER,
    FINAL_MARK,
    LAUNCHER_CONTAINER,
    MAIN_CONTAINER,
)

_INIT: Final = "init"
_WAIT: Final = "wait"
"""Argo's own containers."""
_NOT_FROM_OUTSIDE: Final = frozenset({0, 143})
"""Exit codes of a sidecar that Argo ended."""


def explain_memory(evidence: Evidence) -> Diagnosis | None:
    """Explain a container that was killed for want of memory; ``None``: none was."""
    pod = evidence.pod
    if pod is None:
        return None
    # A launcher or driver that is killed takes main with it, not the other way round.
    order = {_INIT: 0, DRIVER_CONTAINER: 1, LAUNCHER_CONTAINER: 2, _WAIT: 3}
    for container in sorted(pod.containers, key=lambda each: order.get(each.name, 4)):
        if container.ended_reason != "OOMKilled" or not _had_effect(container, evidence):
            continue
        limit = container.limits.get("memory")
        bound = f"its limit of {limit}" if limit else "what its node has left"
        if container.name == MAIN_CONTAINER:
            step = "raise its limit with 'set_memory_limit', or let it use less"
        else:
            step = (
                f"raise the memory limit of container '{container.name}': a LimitRange of the "
                "namespace or a patch of the workflow sets it"
            )
        return Diagnosis(
            cause=f"container '{container.name}' was killed because it needed more memory than "
            f"{bound}",
            next_step=step,
        )
    return None


def _had_effect(container: Container, evidence: Evidence) -> bool:
    """Return whether the death of a container ended the task, and not one process in it."""
    return container.has_failed or evidence.failure is not None


def explain_driver(evidence: Evidence) -> Diagnosis | None:
    """Explain an init container that failed, the driver among them; ``None``: none did."""
    pod = evidence.pod
    if pod is None or evidence.failure is not None:
        return None
    for container in pod.containers:
        if not container.is_init or not container.has_failed:
            continue
        words = _last_words(container)
        if container.name == DRIVER_CONTAINER and words:
            return Diagnosis(cause=words, next_step=_after_driver(container, evidence))
        said = f": {words}" if words else ""
        return Diagnosis(
            cause=f"init container '{container.name}' ended with exit code "
            f"{container.exit_code}{said}",
            next_step=_read_log(evidence, pod, container),
        )
    return None


def explain_wait(evidence: Evidence) -> Diagnosis | None:
    """Explain Argo's own container that cannot report; ``None``: it could."""
    pod = evidence.pod
    container = None if pod is None else pod.container(_WAIT)
    text = "" if container is None or not container.has_failed else container.ended_message
    text = text or (evidence.message if evidence.message.startswith(f"{_WAIT}: ") else "")
    if "workflowtaskresults" in text and "forbidden" in text:
        user = find_quoted(text, "User").rpartition(":")[2]
        account = user or ("default" if pod is None else pod.service_account)
        return Diagnosis(
            cause=f"the service account '{account}' may not write workflowtaskresults, so Argo "
            "does not learn how the task ended",
            next_step="make one that has the rights: argosy manifests | "
            f"{evidence.kubectl} apply -f -, and compile with --service-account argosy",
        )
    if container is None or container.exit_code in (None, *_NOT_FROM_OUTSIDE):
        return None
    return Diagnosis(
        cause=f"Argo's container 'wait' failed, so Argo does not know how the task ended: "
        f"{quote_message(container.ended_message) or f'exit code {container.exit_code}'}",
        next_step=_read_log(evidence, pod, container) if pod is not None else f"'{evidence.retry}'",
    )


def explain_record(evidence: Evidence) -> Diagnosis | None:
    """Explain by the record of the attempt; ``None``: it says nothing, or that it was stopped."""
    failure = evidence.failure
    if failure is None or failure.reason is Reason.CANCELED:
        return None
    return Diagnosis(cause=failure.message)


def explain_end(evidence: Evidence) -> Diagnosis | None:
    """Explain main or launcher by how they ended; ``None``: they did not fail."""
    pod = evidence.pod
    if pod is None:
        return None
    launcher, main = pod.container(LAUNCHER_CONTAINER), pod.container(MAIN_CONTAINER)
    if launcher is not None and launcher.exit_code not in (None, *_NOT_FROM_OUTSIDE):
        words = _last_words(launcher)
        return Diagnosis(
            cause=words or f"the launcher ended with exit code {launcher.exit_code}",
            next_step=_read_log(evidence, pod, launcher),
        )
    if main is not None and main.has_failed:
        words = _last_words(main)
        return Diagnosis(
            cause=words or f"the container ended with exit code {main.exit_code}",
            next_step=None if words else _read_log(evidence, pod, main),
        )
    return None


def _after_driver(container: Container, evidence: Evidence) -> str:
    if container.ended_message.rstrip().endswith(FINAL_MARK):
        return "correct it and run the pipeline again; what succeeded comes from the cache"
    return f"go on from here with '{evidence.retry}'"


def _last_words(container: Container) -> str:
    return quote_message(container.ended_message.strip().removesuffix(FINAL_MARK).strip())


def _read_log(evidence: Evidence, pod: Pod, container: Container) -> str:
    return f"read its log: {evidence.kubectl} logs {pod.name} -c {container.name}"
