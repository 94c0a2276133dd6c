"""Pods and events of a real cluster, as it had them, give the cause that was true.

``data/pods`` was recorded by ``tests/cluster/test_cluster_why.py`` on Kubernetes 1.34 with Argo
3.7.18: one file for each seed that was recorded, with what ``argosy why`` said there.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from argosy_runs.argo.pods.diagnose import diagnose
from argosy_runs.argo.pods.documents import read_events, read_pod_status
from argosy_runs.argo.pods.evidence import Evidence
from argosy_runs.causes import Diagnosis
from argosy_schemas.formats.records import Failure, Reason

RECORDED = sorted((Path(__file__).parent / "data" / "pods").glob("*.json"))
STOPPED = Failure(reason=Reason.CANCELED, message="the pod was stopped")


def test_at_least_twenty_failures_were_recorded() -> None:
    assert len(RECORDED) >= 20


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: str(path.stem))
def test_a_recorded_failure_is_explained_as_on_the_cluster(path: Path) -> None:
    seen: dict[str, Any] = json.loads(path.read_text())
    pods = [read_pod_status(pod) for pod in seen["pods"]]

    found = diagnose(
        Evidence(
            namespace=seen["namespace"],
            kubectl=f"kubectl -n {seen['namespace']}",
            message=seen["message"],
            has_ended=seen["phase"] not in ("Pending", "Running"),
            pod=pods[-1] if pods else None,
            events=read_events(seen["events"]),
            failure=STOPPED if seen["state"] == "CANCELED" else None,
            retry=seen["retry"],
        )
    )

    assert found == Diagnosis(cause=seen["cause"], next_step=seen["next_step"])
