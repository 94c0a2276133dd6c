"""What a namespace refuses that enforces a Pod Security Standard.

A workflow that asks for pods without root is checked for *restricted*, any other for *baseline*.
The compiler writes no breach of either: it refuses a pipeline that asks for one.

Source: https://kubernetes.io/docs/concepts/security/pod-security-standards/.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from argosy_compiler.linting.subject import (
    Json,
    Subject,
    Template,
    as_list,
    as_object,
    get_object,
    get_text,
    list_containers,
    list_objects,
)
from argosy_compiler.options import PodSecurity
from argosy_schemas.errors import Problem

_ARGO: Final = (("initContainers", "init"), ("containers", "wait"))
_HOST_NAMESPACES: Final = ("hostNetwork", "hostPID", "hostIPC")
_VOLUMES: Final = frozenset(
    {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral"}
    | {"persistentVolumeClaim", "projected", "secret"}
)
_CAPABILITIES: Final = frozenset(
    {"AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD"}
    | {"NET_BIND_SERVICE", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"}
)
"""Those that *baseline* lets a container add."""
_NAMED_TASKS: Final = 3


def check_pod_standard(subject: Subject) -> Iterator[Problem]:
    """Yield settings for which such a namespace refuses a pod, with the tasks that have it."""
    whole = get_object(subject.spec, "securityContext")
    is_restricted = whole.get("runAsNonRoot") is True
    level = PodSecurity.RESTRICTED if is_restricted else PodSecurity.BASELINE
    patch = _read_patch(subject)
    for path, fault in _find_workflow_faults(subject, whole):
        yield _make_problem(path, fault, level, "all pods")
    for template in subject.templates:
        for path, fault in _find_template_faults(template, patch, level):
            yield _make_problem(path, fault, level, _name_tasks(subject, template))
    if is_restricted and not all(_is_unprivileged(patch.get(one, {})) for _, one in _ARGO):
        yield Problem(
            path="spec.podSpecPatch",
            message="leaves out the security contexts of Argo's own containers 'init' and 'wait', "
            "so a namespace that enforces 'restricted' refuses all pods unless the controller's "
            "configuration has 'executor.securityContext'; compile again, or set that",
        )


def _read_patch(subject: Subject) -> dict[str, Json]:
    """Return the security contexts that the patch of the workflow gives to containers, by name."""
    # It parses slowly, and most workflows have one.
    import yaml

    try:
        patch = as_object(yaml.safe_load(get_text(subject.spec, "podSpecPatch")))
    except yaml.YAMLError:
        return {}
    return {
        get_text(container, "name"): get_object(container, "securityContext")
        for kind, _ in _ARGO
        for container in list_objects(patch or {}, kind)
    }


def _name_tasks(subject: Subject, template: Template) -> str:
    users = [
        task.name
        for holder in subject.templates
        for task in (*holder.tasks, *holder.steps)
        if get_text(task.json, "template") == template.name
    ]
    more = f" and {len(users) - _NAMED_TASKS} more" if len(users) > _NAMED_TASKS else ""
    named = ", ".join(f"'{name}'" for name in users[:_NAMED_TASKS])
    return f"task{'s' if len(users) > 1 else ''} {named}{more}" if users else "no task uses it"


def _make_problem(path: str, fault: str, level: PodSecurity, tasks: str) -> Problem:
    return Problem(
        path=path,
        message=f"{fault}, which a namespace that enforces '{level.value}' refuses ({tasks}); leave"
        " it out",
    )


def _find_workflow_faults(subject: Subject, context: Json) -> Iterator[tuple[str, str]]:
    for name in _HOST_NAMESPACES:
        if subject.spec.get(name):
            yield f"spec.{name}", "is true"
    if context.get("runAsUser") == 0 and context.get("runAsNonRoot"):
        yield "spec.securityContext.runAsUser", "is 0"
    if get_text(get_object(context, "seccompProfile"), "type") == "Unconfined":
        yield "spec.securityContext.seccompProfile.type", "is 'Unconfined'"


def _find_template_faults(
    template: Template, patch: dict[str, Json], level: PodSecurity
) -> Iterator[tuple[str, str]]:
    for volume in list_objects(template.json, "volumes"):
        path = f"{template.path}.volumes.{get_text(volume, 'name')}"
        kinds = volume.keys() - {"name"}
        refused = kinds - _VOLUMES if level is PodSecurity.RESTRICTED else kinds & {"hostPath"}
        for kind in sorted(refused):
            yield path, f"is a volume of the kind '{kind}'"
    for path, container in list_containers(template):
        own = get_object(container, "securityContext")
        name = get_text(container, "name") or "main"
        yield from _find_container_faults(f"{path}.securityContext", own, level)
        if level is PodSecurity.RESTRICTED and not _is_unprivileged({**own, **patch.get(name, {})}):
            yield (
                f"{path}.securityContext",
                "lacks 'allowPrivilegeEscalation: false', or 'ALL' in 'capabilities.drop'",
            )
        for port in list_objects(container, "ports"):
            if port.get("hostPort"):
                yield f"{path}.ports", f"has the host port {port['hostPort']}"


def _find_container_faults(
    path: str, context: Json, level: PodSecurity
) -> Iterator[tuple[str, str]]:
    if context.get("privileged"):
        yield f"{path}.privileged", "is true"
    if (mount := get_text(context, "procMount")) not in ("", "Default"):
        yield f"{path}.procMount", f"is '{mount}'"
    if get_text(get_object(context, "seccompProfile"), "type") == "Unconfined":
        yield f"{path}.seccompProfile.type", "is 'Unconfined'"
    added: set[Any] = set(as_list(get_object(context, "capabilities").get("add")) or ())
    allowed = _CAPABILITIES if level is PodSecurity.BASELINE else {"NET_BIND_SERVICE"}
    if more := sorted(map(str, added - allowed)):
        yield f"{path}.capabilities.add", f"has '{more[0]}'"
    if level is PodSecurity.RESTRICTED:
        if context.get("runAsUser") == 0:
            yield f"{path}.runAsUser", "is 0"
        if context.get("runAsNonRoot") is False:
            yield f"{path}.runAsNonRoot", "is false"


def _is_unprivileged(context: Json) -> bool:
    dropped = as_list(get_object(context, "capabilities").get("drop")) or ()
    return context.get("allowPrivilegeEscalation") is False and "ALL" in dropped
