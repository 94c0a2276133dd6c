"""What must hold in the Kubernetes part of a platform spec."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from argosy_schemas.findings import Findings, did_you_mean

Json = Mapping[str, Any]

_EXECUTORS: Final = ("platforms", "kubernetes", "deploymentSpec", "executors")
_PULL_POLICIES: Final = ("Always", "IfNotPresent", "Never")


def check_kubernetes(platform: Json, findings: Findings) -> None:
    """Add what is wrong in the settings of executors."""
    executors: Json = platform.get("deploymentSpec", {}).get("executors", {})
    for label, settings in executors.items():
        policy: str = settings.get("imagePullPolicy", "")
        if policy and policy not in _PULL_POLICIES:
            todo = did_you_mean(
                policy, _PULL_POLICIES, otherwise=f"write one of {', '.join(_PULL_POLICIES)}"
            )
            findings.add(
                (
                    "platforms",
                    "kubernetes",
                    "deploymentSpec",
                    "executors",
                    label,
                    "imagePullPolicy",
                ),
                f"'{policy}' is no pull policy; {todo}",
            )
