"""The check for Pod Security finds each thing that the standard forbids."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from pod_security import find_violations

ADMITTED: dict[str, Any] = {
    "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
    "volumes": [{"name": "work", "emptyDir": {}}],
    "containers": [
        {
            "name": "main",
            "securityContext": {
                "allowPrivilegeEscalation": False,
                "capabilities": {"drop": ["ALL"]},
            },
        }
    ],
}


def test_a_restricted_pod_is_admitted() -> None:
    assert list(find_violations(ADMITTED)) == []


@pytest.mark.parametrize(
    ("place", "value", "violation"),
    [
        ("hostNetwork", True, "pod: hostNetwork"),
        ("volumes.0", {"name": "host", "hostPath": {}}, "volume host: type hostPath"),
        ("securityContext.sysctls", [{"name": "kernel.msgmax"}], "pod: sysctl kernel.msgmax"),
        ("securityContext.runAsUser", 0, "pod: runAsUser 0"),
        ("securityContext.runAsNonRoot", None, "container main: runAsNonRoot"),
        ("securityContext.seccompProfile", None, "container main: seccompProfile"),
        ("securityContext.seccompProfile", {"type": "Unconfined"}, "pod: seccompProfile"),
        ("securityContext.appArmorProfile", {"type": "Unconfined"}, "pod: appArmorProfile"),
        ("securityContext.seLinuxOptions", {"role": "r"}, "pod: seLinuxOptions"),
        ("securityContext.windowsOptions", {"hostProcess": True}, "pod: hostProcess"),
        ("containers.0.securityContext.runAsNonRoot", False, "container main: runAsNonRoot false"),
        ("containers.0.securityContext.privileged", True, "container main: privileged"),
        (
            "containers.0.securityContext.allowPrivilegeEscalation",
            None,
            "container main: allowPrivilegeEscalation",
        ),
        ("containers.0.securityContext.procMount", "Unmasked", "container main: procMount"),
        (
            "containers.0.securityContext.capabilities",
            {"drop": ["KILL"]},
            "container main: capabilities: ALL is not dropped",
        ),
        (
            "containers.0.securityContext.capabilities.add",
            ["SYS_ADMIN"],
            "container main: capabilities: added",
        ),
        ("containers.0.ports", [{"hostPort": 80}], "container main: hostPort"),
        (
            "containers.0.livenessProbe",
            {"httpGet": {"host": "10.0.0.1"}},
            "container main: host of a probe or hook",
        ),
        (
            "containers.0.lifecycle",
            {"preStop": {"tcpSocket": {"host": "10.0.0.1"}}},
            "container main: host of a probe or hook",
        ),
        ("initContainers", [{"name": "bare"}], "container bare: allowPrivilegeEscalation"),
    ],
)
def test_what_the_standard_forbids_is_found(place: str, value: object, violation: str) -> None:
    pod = copy.deepcopy(ADMITTED)
    *parents, last = place.split(".")
    target: Any = pod
    for name in parents:
        target = target[int(name) if isinstance(target, list) else name]
    target[int(last) if isinstance(target, list) else last] = value

    assert violation in list(find_violations(pod))
