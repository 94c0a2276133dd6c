"""Store what pods have written, where their launchers could not."""

from __future__ import annotations

import tempfile
from pathlib import Path

from argosy_cluster.cluster import Cluster
from argosy_cluster.resources import PODS, WORKFLOW_LABEL
from argosy_cluster.runs.logs import find_pod_task, read_own_lines
from argosy_runs.argo.pods.documents import read_member
from argosy_schemas.errors import MissingObjectError
from argosy_schemas.names import AttemptId, RunId
from argosy_store.objects import ObjectStore
from argosy_store.run_records import RunRecords


def store_lost_logs(cluster: Cluster, store: ObjectStore, *, workflow: str, run_id: str) -> int:
    """Store the logs of attempts that have a pod and no stored log; return how many.

    A launcher stores the log of its attempt, unless its node or its pod was lost before it could.

    Raises:
        ClusterError: The pods cannot be read.
        StoreError: The store cannot be read or written.
    """
    records = RunRecords(store, RunId(run_id))
    stored = {info.key for info in store.list(f"runs/{run_id}/tasks")}
    count = 0
    for pod in cluster.list(PODS, labels=f"{WORKFLOW_LABEL}={workflow}").items:
        path, metadata = find_pod_task(pod), read_member(pod, "metadata")
        if path is None:
            continue
        key = records.log_key(path, AttemptId(str(metadata.get("uid"))))
        if key in stored:
            continue
        with tempfile.TemporaryDirectory() as directory:
            file = Path(directory, "log")
            try:
                with file.open("wb") as target:
                    for line in read_own_lines(cluster, str(metadata.get("name"))):
                        target.write(line + b"\n")
            except MissingObjectError:
                continue  # its container did not start, or it went meanwhile
            store.put_file(key, file)
        count += 1
    return count
