"""The Pod Security Standard *restricted*, as Kubernetes checks it when a pod is created.

Source: https://kubernetes.io/docs/concepts/security/pod-security-standards/, restricted and, with
it, baseline.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Object = Mapping[str, Any]

VOLUME_TYPES = {
    "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim",
    "projected", "secret",
}  # fmt: skip
HOST_NAMESPACES = ("hostNetwork", "hostPID", "hostIPC")
PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
SECCOMP_TYPES = ("RuntimeDefault", "Localhost")
SELINUX_TYPES = (
    None,
    "",
    "container_t",
    "container_init_t",
    "container_kvm_t",
    "container_engine_t",
)
SYSCTLS = {
    "kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.tcp_syncookies", "net.ipv4.ping_group_range", "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes", "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem",
}  # fmt: skip


def find_violations(pod: Object) -> Iterator[str]:
    """Yield one line for each rule that the specification of a pod breaks; nothing: it is admitted.

    Args:
        pod: The ``spec`` of a pod or of a pod template.
    """
    of_pod: Object = _member(pod, "securityContext")
    yield from (f"pod: {name}" for name in HOST_NAMESPACES if pod.get(name))
    for volume in pod.get("volumes", ()):
        types = volume.keys() - {"name"}
        if not types <= VOLUME_TYPES:
            yield f"volume {volume['name']}: type {', '.join(sorted(types))}"
    for sysctl in of_pod.get("sysctls", ()):
        if sysctl["name"] not in SYSCTLS:
            yield f"pod: sysctl {sysctl['name']}"
    yield from (f"pod: {problem}" for problem in _find_in_context(of_pod))
    for kind in ("initContainers", "containers", "ephemeralContainers"):
        for container in pod.get(kind, ()):
            found = _find_in_container(container, of_pod)
            yield from (f"container {container['name']}: {problem}" for problem in found)


def _find_in_context(context: Object) -> Iterator[str]:
    """What neither a pod's nor a container's own context may say."""
    if context.get("runAsUser") == 0:
        yield "runAsUser 0"
    if context.get("runAsNonRoot") is False:
        yield "runAsNonRoot false"
    if _member(context, "seccompProfile").get("type", "RuntimeDefault") not in SECCOMP_TYPES:
        yield "seccompProfile"
    if _member(context, "appArmorProfile").get("type") == "Unconfined":
        yield "appArmorProfile"
    selinux: Object = _member(context, "seLinuxOptions")
    if selinux.get("type") not in SELINUX_TYPES or selinux.get("user") or selinux.get("role"):
        yield "seLinuxOptions"
    if _member(context, "windowsOptions").get("hostProcess"):
        yield "hostProcess"


def _find_in_container(container: Object, of_pod: Object) -> Iterator[str]:
    context: Object = _member(container, "securityContext")
    yield from _find_in_context(context)
    if context.get("privileged"):
        yield "privileged"
    if context.get("allowPrivilegeEscalation") is not False:
        yield "allowPrivilegeEscalation"
    if context.get("procMount", "Default") != "Default":
        yield "procMount"
    capabilities: Object = _member(context, "capabilities")
    if "ALL" not in capabilities.get("drop", ()):
        yield "capabilities: ALL is not dropped"
    if not set(capabilities.get("add", ())) <= {"NET_BIND_SERVICE"}:
        yield "capabilities: added"
    if context.get("runAsNonRoot", of_pod.get("runAsNonRoot")) is not True:
        yield "runAsNonRoot"
    if not (context.get("seccompProfile") or of_pod.get("seccompProfile")):
        yield "seccompProfile"
    if any(port.get("hostPort") for port in container.get("ports", ())):
        yield "hostPort"
    hooks: Object = _member(container, "lifecycle")
    handlers = [_member(container, name) for name in PROBES]
    handlers += [_member(hooks, name) for name in ("postStart", "preStop")]
    if any(_member(one, how).get("host") for one in handlers for how in ("httpGet", "tcpSocket")):
        yield "host of a probe or hook"


def _member(holder: Object, name: str) -> Object:
    """An object in an object; none, or null: an empty one."""
    found: Object | None = holder.get(name)
    return found or {}
