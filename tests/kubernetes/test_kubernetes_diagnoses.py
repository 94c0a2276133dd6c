"""The cluster's part of ``argosy why``: which pods and events it looks at, and what they say."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from argosy_cluster.fakes import FakeCluster
from argosy_cluster.resources import EVENTS, PODS
from argosy_cluster.runs.diagnoses import diagnose_tasks
from argosy_runs.causes import Diagnosis, explain_run, find_causes
from argosy_runs.results import RunResult, TaskResult
from argosy_runs.states import RunState, TaskState
from argosy_schemas.errors import AccessDeniedError
from argosy_schemas.formats.records import Failure, Reason
from argosy_schemas.ir.task_kind import TaskKind
from argosy_schemas.names import RunId, TaskPath

Json = dict[str, Any]

AT = datetime(2026, 12, 1, 12, tzinfo=UTC)
MISSING = Diagnosis(
    cause="the secret 'token' is missing in namespace 'ml'",
    next_step="create it there, or name another one; the pod starts as soon as it exists",
)


def node(name: str, phase: str, *, number: int = 1, **members: Any) -> Json:
    """Return the node of a pod of the task ``train``."""
    parameters = [{"name": "task", "value": "train"}]
    return {
        "id": f"run-{number}",
        "name": name,
        "displayName": name,
        "type": "Pod",
        "phase": phase,
        "boundaryID": "run",
        "templateName": "pod",
        "inputs": {"parameters": parameters},
        "startedAt": f"2026-12-01T12:00:0{number}Z",
        **members,
    }


def workflow(*nodes: Json) -> Json:
    root = {"id": "run", "name": "run", "type": "DAG", "phase": "Running", "templateName": "root"}
    return {
        "metadata": {"name": "run", "uid": "7f3a"},
        "spec": {"templates": [{"name": "pod", "container": {}}]},
        "status": {"nodes": {each["id"]: each for each in (root, *nodes)}},
    }


def pod(name: str, node_name: str, state: Json, *, claim: str = "") -> Json:
    volumes = [{"name": "v", "persistentVolumeClaim": {"claimName": claim}}] if claim else []
    return {
        "metadata": {
            "name": name,
            "namespace": "ml",
            "labels": {"workflows.argoproj.io/workflow": "run"},
            "annotations": {"workflows.argoproj.io/node-name": node_name},
        },
        "spec": {"containers": [{"name": "main", "image": "python:3"}], "volumes": volumes},
        "status": {
            "phase": "Pending",
            "containerStatuses": [{"name": "main", "state": state}] if state else [],
        },
    }


def event(name: str, reason: str, message: str, kind: str = "Pod") -> Json:
    return {
        "metadata": {"name": f"{name}.{reason}"},
        "involvedObject": {"kind": kind, "name": name},
        "reason": reason,
        "message": message,
        "lastTimestamp": "2026-12-01T12:00:00Z",
    }


def result(state: TaskState, *, run: RunState = RunState.RUNNING, **task: Any) -> RunResult:
    """Return a run whose only task, ``train``, is in a state."""
    error = "the workflow ended as Error" if run is RunState.FAILED else None
    train = TaskResult(
        path=TaskPath("train"),
        kind=TaskKind.CONTAINER,
        name="train",
        display_name="train",
        state=state,
        **task,
    )
    return RunResult(
        run_id=RunId("7f3a"),
        pipeline="demo",
        state=run,
        started_at=AT,
        finished_at=None,
        error=error,
        tasks=(train,),
    )


WAITING = {
    "waiting": {"reason": "CreateContainerConfigError", "message": 'secret "token" not found'}
}


@pytest.fixture
def cluster() -> FakeCluster:
    return FakeCluster()


def found(cluster: FakeCluster, workflow: Json, run: RunResult) -> Diagnosis | None:
    diagnoses = diagnose_tasks(cluster, workflow, run, go_on="argosy retry run -n ml")
    return diagnoses.by_path.get(TaskPath("train"))


def test_a_pod_that_does_not_start_explains_itself_while_the_run_goes_on(
    cluster: FakeCluster,
) -> None:
    cluster.put(PODS, pod("run-pod-1", "run.train", WAITING))
    run = result(TaskState.PENDING)

    diagnoses = diagnose_tasks(
        cluster, workflow(node("run.train", "Pending")), run, go_on="argosy retry run"
    )
    causes = find_causes(run, diagnoses.by_path, go_on="argosy retry run")

    assert diagnoses.by_path == {TaskPath("train"): MISSING}
    assert diagnoses.pods == {TaskPath("train"): "run-pod-1"}
    assert [(each.task.path, each.error) for each in causes] == [("train", MISSING.cause)]
    assert explain_run(run, causes) == "the run goes on; 1 task is in trouble"


def test_the_last_attempt_is_explained(cluster: FakeCluster) -> None:
    cluster.put(PODS, pod("run-pod-1", "run.train(0)", {"terminated": {"exitCode": 1}}))
    cluster.put(PODS, pod("run-pod-2", "run.train(1)", WAITING))
    nodes = node("run.train(0)", "Failed"), node("run.train(1)", "Pending", number=2)

    assert found(cluster, workflow(*nodes), result(TaskState.RUNNING)) == MISSING


def test_events_count_for_their_own_pod_and_its_claims(cluster: FakeCluster) -> None:
    document = pod("run-pod-1", "run.train", {}, claim="data")
    message = "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims."
    condition = {
        "type": "PodScheduled",
        "status": "False",
        "reason": "Unschedulable",
        "message": message,
    }
    document["status"]["conditions"] = [condition]
    cluster.put(PODS, document)
    claim = "PersistentVolumeClaim"
    cluster.put(EVENTS, event("other", "ProvisioningFailed", "not this one", claim))
    cluster.put(EVENTS, event("data", "ProvisioningFailed", "no such class", claim))

    diagnosis = found(cluster, workflow(node("run.train", "Pending")), result(TaskState.PENDING))

    assert diagnosis is not None
    assert diagnosis.cause == "the volume claim 'data' gets no volume: no such class"


def test_a_pod_that_is_gone_is_explained_by_its_events(cluster: FakeCluster) -> None:
    cluster.put(EVENTS, event("run-pod-1", "Preempted", "Preempted by pod 2"))
    run = result(TaskState.CANCELED, run=RunState.FAILED, reason="the pod was stopped")
    document = workflow(node("run.train", "Error", message="pod deleted"))

    diagnosis = found(cluster, document, run)
    causes = find_causes(
        run, {TaskPath("train"): diagnosis} if diagnosis else {}, go_on="argosy retry run"
    )

    assert diagnosis is not None
    assert diagnosis.cause == (
        "the pod had to make room for one of a higher priority: Preempted by pod 2"
    )
    assert explain_run(run, causes) == f"'train' did not end: {diagnosis.cause}"


def test_a_task_that_the_stop_of_the_run_ended_is_in_no_trouble() -> None:
    run = result(TaskState.CANCELED, run=RunState.CANCELED, reason="the run was stopped")

    assert find_causes(run, {TaskPath("train"): MISSING}, go_on="argosy retry run") == ()


def test_a_failure_is_explained_by_its_pod_rather_than_by_its_node(cluster: FakeCluster) -> None:
    cluster.put(
        PODS,
        pod("run-pod-1", "run.train", {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}),
    )
    failure = Failure(reason=Reason.COMMAND_KILLED, message="the command was killed")
    run = result(TaskState.FAILED, run=RunState.FAILED, error="killed", failure=failure)

    diagnosis = found(cluster, workflow(node("run.train", "Failed", message="main: x")), run)

    assert diagnosis is not None
    assert diagnosis.cause.startswith("container 'main' was killed because it needed more memory")


def test_nothing_is_asked_where_no_pod_is_in_question(cluster: FakeCluster) -> None:
    run = result(TaskState.SUCCEEDED, run=RunState.SUCCEEDED)

    assert found(cluster, workflow(node("run.train", "Succeeded")), run) is None
    assert cluster.calls == []


def test_who_may_not_look_at_pods_or_events_learns_what_argo_says(cluster: FakeCluster) -> None:
    cluster.failures["list", "pods"] = [AccessDeniedError("you may not list pods")]
    cluster.failures["list", "events"] = [AccessDeniedError("you may not list events")]
    document = workflow(node("run.train", "Pending", message="ImagePullBackOff: no such image"))

    diagnoses = diagnose_tasks(
        cluster, document, result(TaskState.PENDING), go_on="argosy retry run"
    )

    assert diagnoses.by_path[TaskPath("train")].cause == (
        "a container of the pod did not start (ImagePullBackOff): no such image"
    )
    assert diagnoses.notices == (
        "why pods do not start cannot be seen: you may not list pods",
        "events cannot be seen: you may not list events",
    )
