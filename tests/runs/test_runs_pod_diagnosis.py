"""Why a pod does not run, or failed, by what the Kubernetes API says of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from argosy_runs.argo.pods.diagnose import diagnose
from argosy_runs.argo.pods.documents import read_events, read_pod_status
from argosy_runs.argo.pods.evidence import Evidence
from argosy_runs.causes import Diagnosis
from argosy_schemas.formats.records import Failure, Reason

Json = dict[str, Any]

INIT = ("init", "driver")
MAIN = ("wait", "main", "launcher")


def pod(
    states: Mapping[str, Json] | None = None,
    *,
    phase: str = "Pending",
    requests: Mapping[str, str] | None = None,
    limits: Mapping[str, str] | None = None,
    claim: str = "",
    spec: Json | None = None,
    deleted: bool = False,
    **status: Any,
) -> Json:
    """Return a pod as Argo makes it; ``states`` are those of its containers."""

    def container(name: str) -> Json:
        resources = {"requests": dict(requests or {}), "limits": dict(limits or {})}
        return {
            "name": name,
            "image": "python:3.12" if name == "main" else f"{name}:1",
            "resources": resources if name == "main" else {},
        }

    def statuses(names: tuple[str, ...]) -> list[Json]:
        return [
            {"name": name, "state": states[name]} for name in names if states and name in states
        ]

    volumes = [{"name": "data", "persistentVolumeClaim": {"claimName": claim}}] if claim else []
    metadata: Json = {
        "name": "run-pod-1",
        "namespace": "ml",
        "annotations": {"workflows.argoproj.io/node-name": "run.train"},
    }
    if deleted:
        metadata["deletionTimestamp"] = "2026-12-01T12:00:00Z"
    return {
        "metadata": metadata,
        "spec": {
            "serviceAccountName": "argosy",
            "initContainers": [container(name) for name in INIT],
            "containers": [container(name) for name in MAIN],
            "volumes": volumes,
            **(spec or {}),
        },
        "status": {
            "phase": phase,
            "initContainerStatuses": statuses(INIT),
            "containerStatuses": statuses(MAIN),
            **status,
        },
    }


def event(reason: str, message: str, *, kind: str = "Pod", name: str = "run-pod-1") -> Json:
    return {
        "involvedObject": {"kind": kind, "name": name},
        "reason": reason,
        "message": message,
        "lastTimestamp": "2026-12-01T12:00:00Z",
    }


def explain(
    document: Json | None = None,
    *events: Json,
    message: str = "",
    failure: Failure | None = None,
    ended: bool = False,
) -> Diagnosis | None:
    return diagnose(
        Evidence(
            namespace="ml",
            kubectl="kubectl -n ml",
            message=message,
            has_ended=ended,
            pod=None if document is None else read_pod_status(document),
            events=read_events(events),
            failure=failure,
            retry="argosy retry run -n ml",
        )
    )


def waiting(reason: str, message: str = "") -> Json:
    return {"waiting": {"reason": reason, "message": message}}


def ended(code: int, reason: str = "Error", message: str = "") -> Json:
    return {"terminated": {"exitCode": code, "reason": reason, "message": message}}


def unscheduled(message: str, reason: str = "Unschedulable") -> Json:
    return {
        "conditions": [
            {"type": "PodScheduled", "status": "False", "reason": reason, "message": message}
        ]
    }


def disrupted(reason: str, message: str) -> Json:
    return {
        "conditions": [
            {"type": "DisruptionTarget", "status": "True", "reason": reason, "message": message}
        ]
    }


# No pod.

FORBIDDEN = 'pods "run-pod-1" is forbidden: '


@pytest.mark.parametrize(
    ("message", "cause", "step"),
    [
        (
            f"{FORBIDDEN}exceeded quota: team, requested: requests.memory=4Gi, used: "
            "requests.memory=6Gi, limited: requests.memory=8Gi",
            "the quota 'team' of namespace 'ml' has no room for the pod: it asks for "
            "requests.memory=4Gi, requests.memory=6Gi of requests.memory=8Gi are used",
            "ask for less, end other pods, or have the quota raised; it starts when there is room",
        ),
        (
            f"{FORBIDDEN}failed quota: team: must specify limits.memory for: main",
            "a quota of the namespace demands what the pod does not say: failed quota: team: must "
            "specify limits.memory for: main",
            "set requests and limits of the task, and of the other containers by a LimitRange of "
            "the namespace",
        ),
        (
            f'{FORBIDDEN}violates PodSecurity "restricted:latest": allowPrivilegeEscalation != '
            'false (containers "init", "driver")',
            "the Pod Security level 'restricted' of the namespace refuses the pod: "
            'allowPrivilegeEscalation != false (containers "init", "driver")',
            "take out what it names, and compile without '--pod-security baseline' where the level "
            "is 'restricted'; or run in a namespace of another level",
        ),
        (
            'admission webhook "policy.example.org" denied the request: no image of docker.io',
            "the admission webhook 'policy.example.org' refuses the pod: no image of docker.io",
            "change the pipeline as it says, or ask who runs the webhook for an exception",
        ),
        (
            f"{FORBIDDEN}ValidatingAdmissionPolicy 'images' with binding 'images' denied request: "
            "no image of docker.io",
            "the policy 'images' of the cluster refuses the pod: no image of docker.io",
            "change the pipeline as it says, or ask who runs the cluster for an exception",
        ),
        (
            'Internal error occurred: failed calling webhook "inject.example.org": Post '
            '"https://inject.mesh.svc": dial tcp: connection refused',
            "the admission webhook 'inject.example.org' does not answer, so no pod can be made: "
            'Post "https://inject.mesh.svc": dial tcp: connection refused',
            "ask who runs the webhook to repair it",
        ),
        (
            f"{FORBIDDEN}error looking up service account ml/argosi: serviceaccount "
            '"argosi" not found',
            "the service account 'argosi' does not exist in the namespace",
            "apply the output of 'argosy manifests' there, or compile with another "
            "--service-account",
        ),
        (
            f"{FORBIDDEN}no PriorityClass with name urgent was found",
            "the priority class 'urgent' does not exist in the cluster",
            "create it, or name another one in the patch of the workflow",
        ),
        (
            f"{FORBIDDEN}maximum memory usage per Container is 1Gi, but limit is 4Gi",
            "a LimitRange of the namespace refuses the pod: maximum memory usage per Container is "
            "1Gi, but limit is 4Gi",
            "set requests and limits of the task within it, or have it changed",
        ),
        (
            'pods is forbidden: User "system:serviceaccount:argo:argo" cannot create resource '
            '"pods" in API group "" in the namespace "ml"',
            'Argo\'s controller may not make pods: User "system:serviceaccount:argo:argo" cannot '
            'create resource "pods" in API group "" in the namespace "ml"',
            "give the controller its rights back: Argo's manifests have its Role",
        ),
        (
            'Pod "run-pod-1" is invalid: spec.containers[1].resources.requests: Invalid value: '
            '"2": must be less than or equal to cpu limit of 1',
            "the cluster takes no such pod: spec.containers[1].resources.requests: Invalid value: "
            '"2": must be less than or equal to cpu limit of 1',
            "correct the setting of the task that the message names",
        ),
        (
            f"{FORBIDDEN}because I say so",
            "the cluster refuses the pod: because I say so",
            "change the pipeline as it says, or ask who runs the cluster",
        ),
        (
            "Waiting for ml/Mutex/one lock. Lock status: 0/1",
            "the task waits for a lock: Waiting for ml/Mutex/one lock. Lock status: 0/1",
            "it starts when other workflows release it",
        ),
    ],
)
def test_a_pod_that_is_refused_says_by_whom(message: str, cause: str, step: str) -> None:
    assert explain(message=message) == Diagnosis(cause=cause, next_step=step)


# On no node.


@pytest.mark.parametrize(
    ("message", "cause", "step"),
    [
        (
            "0/3 nodes are available: 1 Insufficient cpu, 3 Insufficient memory. no new claims to "
            "deallocate, preemption: 0/3 nodes are available: 3 No preemption victims found.",
            "no node has enough cpu for the pod (main 8): 1 Insufficient cpu, 3 Insufficient "
            "memory",
            "ask for less with 'set_cpu_request', or add a node that has it; until then it waits",
        ),
        (
            "0/1 nodes are available: 1 Insufficient nvidia.com/gpu. preemption: 0/1 nodes are "
            "available: 1 Preemption is not helpful for scheduling.",
            "no node has enough nvidia.com/gpu for the pod (main 1): 1 Insufficient nvidia.com/gpu",
            "ask for less with 'set_accelerator_limit', or add a node that has it; until then it "
            "waits",
        ),
        (
            "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector. "
            "preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.",
            "no node has the labels that the task selects: 1 node(s) didn't match Pod's node "
            "affinity/selector",
            "correct 'add_node_selector' of the task, or label a node",
        ),
        (
            "0/1 nodes are available: 1 node(s) had untolerated taint {pool: gpu}. preemption: "
            "0/1 nodes are available: 1 Preemption is not helpful for scheduling.",
            "all nodes have taints that the task does not tolerate: 1 node(s) had untolerated "
            "taint {pool: gpu}",
            "add the toleration with 'add_toleration', or remove the taint",
        ),
        (
            "0/2 nodes are available: 2 node(s) had volume node affinity conflict. preemption: "
            "none",
            "the volume of the pod is where the pod may not run: 2 node(s) had volume node "
            "affinity conflict",
            "let the task run in the zone of the volume, or mount one of another zone",
        ),
        (
            '0/1 nodes are available: persistentvolumeclaim "data" not found. preemption: none',
            "the volume claim 'data' does not exist in namespace 'ml'",
            "create it, or mount another one",
        ),
        (
            "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims. "
            "preemption: none",
            "the volume claim 'data' has no volume yet",
            "look at it: kubectl -n ml describe pvc",
        ),
        (
            "0/1 nodes are available: 1 Too many pods. preemption: none",
            "no node takes the pod: 1 Too many pods",
            "it starts when other pods have ended; or add a node",
        ),
        (
            "0/1 nodes are available: 1 node(s) were unschedulable. preemption: none",
            "no node takes the pod: 1 node(s) were unschedulable",
            "change what the task asks of a node, or add one that has it",
        ),
    ],
)
def test_a_pod_that_no_node_takes_says_what_is_missing(message: str, cause: str, step: str) -> None:
    document = pod(
        requests={"cpu": "8"},
        limits={"nvidia.com/gpu": "1"},
        claim="data",
        **unscheduled(message),
    )

    assert explain(document) == Diagnosis(cause=cause, next_step=step)


def test_a_claim_without_a_volume_says_why_it_has_none() -> None:
    document = pod(
        claim="data",
        **unscheduled("0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims."),
    )
    text = 'storageclass.storage.k8s.io "fast" not found'

    found = explain(
        document,
        event("ProvisioningFailed", text, kind="PersistentVolumeClaim", name="data"),
    )

    assert found == Diagnosis(
        cause=f"the volume claim 'data' gets no volume: {text}",
        next_step="name a storage class that exists and has room; 'kubectl get storageclass' "
        "lists them",
    )


def test_a_pod_behind_gates_waits_for_a_queue() -> None:
    found = explain(pod(**unscheduled("Scheduling is blocked", "SchedulingGated")))

    assert found is not None
    assert found.cause.startswith("the pod waits for who holds its scheduling gates")


# On a node, not started.


@pytest.mark.parametrize(
    ("text", "cause", "step"),
    [
        (
            'failed to resolve reference "r.io/x:9": r.io/x:9: not found',
            "the image 'python:3.12' does not exist in its registry",
            "correct the component's image, or push the image",
        ),
        (
            "failed to authorize: failed to fetch oauth token: unexpected status: 401 Unauthorized",
            "the registry refuses the image 'python:3.12': unexpected status: 401 Unauthorized",
            "name a pull secret with 'set_image_pull_secrets'",
        ),
        (
            "pull access denied, repository does not exist or may require authorization: server "
            "message: insufficient_scope: authorization failed",
            "the registry refuses the image 'python:3.12': it does not exist, or needs credentials",
            "correct the component's image, or name a pull secret with 'set_image_pull_secrets'",
        ),
        (
            'failed to do request: Head "https://r.example/v2/x": dial tcp: lookup r.example: no '
            "such host",
            "the registry of image 'python:3.12' cannot be reached from the node: lookup r.example"
            ": no such host",
            "correct the component's image, or let the nodes reach the registry",
        ),
        (
            "unexpected status from HEAD request: 429 Too Many Requests - toomanyrequests",
            "the registry gives no more of image 'python:3.12' for now: too many requests",
            "wait, sign in to the registry by a pull secret, or mirror the image",
        ),
        (
            "no match for platform in manifest: not found",
            "the image 'python:3.12' is not made for the processor of the node",
            "build it for that platform, or correct the component's image",
        ),
        (
            "something new",
            "the image 'python:3.12' cannot be pulled: something new",
            "correct the component's image",
        ),
    ],
)
def test_an_image_that_is_not_pulled_says_why(text: str, cause: str, step: str) -> None:
    at_once = pod({"main": waiting("ErrImagePull", text)})
    later = pod({"main": waiting("ImagePullBackOff", 'Back-off pulling image "python:3.12"')})
    failed = event("Failed", f'Failed to pull image "python:3.12": {text}')

    assert explain(at_once) == Diagnosis(cause=cause, next_step=step)
    assert explain(later, failed) == Diagnosis(cause=cause, next_step=step)


@pytest.mark.parametrize(
    ("container", "step"),
    [
        ("driver", "add a pull secret to the service account 'argosy'"),
        ("init", "add a pull secret to the service account 'argosy'"),
    ],
)
def test_an_image_that_is_not_the_components_is_corrected_elsewhere(
    container: str, step: str
) -> None:
    found = explain(pod({container: waiting("ErrImagePull", "401 Unauthorized")}))

    assert found is not None
    assert found.next_step == step


@pytest.mark.parametrize(
    ("state", "cause"),
    [
        (waiting("InvalidImageName"), "'python:3.12' is not the name of an image"),
        (
            waiting("ErrImageNeverPull"),
            "the image 'python:3.12' is not on the node, and the pull policy is Never",
        ),
        (
            waiting("CreateContainerConfigError", 'secret "token" not found'),
            "the secret 'token' is missing in namespace 'ml'",
        ),
        (
            waiting("CreateContainerConfigError", 'configmap "settings" not found'),
            "the config map 'settings' is missing in namespace 'ml'",
        ),
        (
            waiting("CreateContainerConfigError", "couldn't find key KEY in Secret ml/token"),
            "the secret 'token' has no key 'KEY'",
        ),
        (
            waiting(
                "CreateContainerConfigError",
                'container has runAsNonRoot and image will run as root (pod: "run_ml(1)")',
            ),
            "container 'main' may not run as root, and the image 'python:3.12' does, or does not "
            "say as whom: container has runAsNonRoot and image will run as root",
        ),
        (
            waiting("CreateContainerConfigError", "failed to prepare subPath"),
            "the node cannot set up container 'main': failed to prepare subPath",
        ),
        (
            waiting("CreateContainerError", "name is reserved"),
            "the node cannot start container 'main': name is reserved",
        ),
        (
            ended(128, "StartError", 'exec: "x": no such file'),
            "the node cannot start container 'main': exec: \"x\": no such file",
        ),
    ],
)
def test_a_container_that_does_not_start_says_why(state: Json, cause: str) -> None:
    found = explain(pod({"main": state}))

    assert found is not None
    assert found.cause == cause


@pytest.mark.parametrize(
    ("reason", "message", "cause"),
    [
        (
            "FailedMount",
            'MountVolume.SetUp failed for volume "token" : secret "token" not found',
            "the secret 'token' is missing in namespace 'ml'",
        ),
        (
            "FailedMount",
            'MountVolume.SetUp failed for volume "nfs" : mount failed: exit status 32',
            "the volume 'nfs' of the pod cannot be mounted: mount failed: exit status 32",
        ),
        (
            "FailedAttachVolume",
            'Multi-Attach error for volume "pvc-1" Volume is already used by pod(s) other',
            "the volume 'pvc-1' of the pod cannot be mounted: Multi-Attach error for volume "
            '"pvc-1" Volume is already used by pod(s) other',
        ),
        (
            "FailedMount",
            "Unable to attach or mount volumes: timed out waiting for the condition",
            "the volumes of the pod cannot be mounted: Unable to attach or mount volumes: timed "
            "out waiting for the condition",
        ),
        (
            "FailedCreatePodSandBox",
            "Failed to create pod sandbox: no IP addresses available",
            "the node cannot set up the pod: Failed to create pod sandbox: no IP addresses "
            "available",
        ),
    ],
)
def test_a_pod_whose_volumes_do_not_come_says_which(reason: str, message: str, cause: str) -> None:
    states = {name: waiting("PodInitializing") for name in (*INIT, *MAIN)}

    found = explain(pod(states), event(reason, message))

    assert found is not None
    assert found.cause == cause


def test_an_image_of_a_pod_that_is_gone_is_known_from_argo() -> None:
    found = explain(message='ImagePullBackOff: Back-off pulling image "nope:1"', ended=True)

    assert found is not None
    assert found.cause == (
        'a container of the pod did not start (ImagePullBackOff): Back-off pulling image "nope:1"'
    )


# Stopped from outside.

AGAIN = "go on from here with 'argosy retry run -n ml'; with retries on the task Argo does so"
STOPPED = Failure(reason=Reason.CANCELED, message="the pod was stopped: the command got SIGTERM")


@pytest.mark.parametrize(
    ("document", "cause"),
    [
        (
            pod(**disrupted("EvictionByEvictionAPI", "Eviction API: evicting")),
            "the pod was evicted, as when a node is drained or scaled down: Eviction API: evicting",
        ),
        (
            pod(**disrupted("DeletionByTaintManager", "Taint manager: deleting due to NoExecute")),
            "its node was tainted, and the pod had to go: Taint manager: deleting due to NoExecute",
        ),
        (
            pod(**disrupted("DeletionByPodGC", "PodGC: node no longer exists")),
            "the node that it ran on went away: PodGC: node no longer exists",
        ),
        (
            pod(**disrupted("NewReason", "because")),
            "the cluster ended the pod (NewReason): because",
        ),
        (
            pod(phase="Failed", reason="NodeLost", message="Node n1 is gone"),
            "the node that it ran on went away: Node n1 is gone",
        ),
        (
            pod(phase="Failed", reason="OutOfmemory", message="Node didn't have enough resource"),
            "the node refused the pod (OutOfmemory): Node didn't have enough resource",
        ),
        (
            pod({"main": ended(137, "ContainerStatusUnknown")}, phase="Failed"),
            "the node that it ran on went away, and nobody knows what became of the pod",
        ),
    ],
)
def test_a_pod_that_its_node_ended_can_go_on(document: Json, cause: str) -> None:
    assert explain(document, failure=STOPPED) == Diagnosis(cause=cause, next_step=AGAIN)


@pytest.mark.parametrize(
    "document",
    [
        pod(phase="Failed", reason="Evicted", message="The node was low on resource: memory."),
        pod(
            phase="Failed",
            message="The node was low on resource: memory.",
            **disrupted("TerminationByKubelet", "kubelet"),
        ),
    ],
)
def test_an_eviction_says_what_to_request(document: Json) -> None:
    assert explain(document, failure=STOPPED) == Diagnosis(
        cause="the node evicted the pod: The node was low on resource: memory",
        next_step="request as much memory as the task needs, so that it comes to a node that has "
        "it; then 'argosy retry run -n ml'",
    )


def test_a_preemption_is_known_from_the_pod_or_from_an_event() -> None:
    said = "Preempted by pod 1 on node n1"

    by_pod = explain(pod(**disrupted("PreemptionByScheduler", said)))
    by_event = explain(None, event("Preempted", said), message="pod deleted", ended=True)

    assert by_pod == by_event
    assert by_pod is not None
    assert by_pod.cause == f"the pod had to make room for one of a higher priority: {said}"


@pytest.mark.parametrize(
    "document",
    [
        pod(phase="Failed", reason="DeadlineExceeded", spec={"activeDeadlineSeconds": 15}),
        pod(spec={"activeDeadlineSeconds": 15}),
    ],
)
def test_a_deadline_says_how_long_it_was(document: Json) -> None:
    text = "Pod was active on the node longer than the specified deadline"

    assert explain(document, message=text, failure=STOPPED) == Diagnosis(
        cause="the task did not end within 15 s, and was stopped",
        next_step="make it faster, or give it more time with 'set_timeout'",
    )


@pytest.mark.parametrize(
    ("events", "cause"),
    [
        ((), "its pod was deleted while it ran, by a person or by the cluster"),
        (
            (event("TaintManagerEviction", "Marking for deletion Pod ml/run-pod-1"),),
            "its node was tainted, and the pod had to go",
        ),
        (
            (event("Evicted", "Usage of EmptyDir volume exceeds 1Gi"),),
            "the pod was evicted: Usage of EmptyDir volume exceeds 1Gi",
        ),
        ((event("NodeNotReady", "Node is not ready"),), "the node that it ran on went away"),
    ],
)
def test_a_pod_that_was_deleted_says_by_whom_if_an_event_does(
    events: tuple[Json, ...], cause: str
) -> None:
    found = explain(None, *events, message="pod deleted", failure=STOPPED, ended=True)

    assert found == Diagnosis(cause=cause, next_step=AGAIN)


@pytest.mark.parametrize("document", [None, pod({"main": ended(143)}, phase="Failed")])
def test_a_pod_that_only_its_record_knows_to_be_stopped_says_so(document: Json | None) -> None:
    found = explain(document, message="the pod was stopped", failure=STOPPED, ended=True)

    assert found == Diagnosis(
        cause="its pod was stopped from outside, as when somebody deletes it: the pod was stopped: "
        "the command got SIGTERM",
        next_step=AGAIN,
    )
    assert explain(None, failure=STOPPED) is None


def test_a_node_that_does_not_answer_is_no_end() -> None:
    document = pod(phase="Running", conditions=[{"type": "Ready", "status": "False"}])

    found = explain(document, event("NodeNotReady", "Node is not ready"))

    assert found is not None
    assert found.cause == "its node does not answer, and the task may have ended or not"


def test_a_pod_that_is_being_deleted_says_so() -> None:
    found = explain(pod(phase="Running", deleted=True))

    assert found is not None
    assert found.cause == "its pod is being deleted, by a person or by the cluster"


# Ended badly.


@pytest.mark.parametrize(
    ("states", "cause", "step"),
    [
        (
            {"main": ended(137, "OOMKilled")},
            "container 'main' was killed because it needed more memory than its limit of 100Mi",
            "raise its limit with 'set_memory_limit', or let it use less",
        ),
        (
            {
                "main": ended(1, message="the launcher of this pod ended without a word"),
                "launcher": ended(137, "OOMKilled"),
            },
            "container 'launcher' was killed because it needed more memory than what its node has "
            "left",
            "raise the memory limit of container 'launcher': a LimitRange of the namespace or a "
            "patch of the workflow sets it",
        ),
        (
            {"driver": ended(137, "OOMKilled"), "main": waiting("PodInitializing")},
            "container 'driver' was killed because it needed more memory than what its node has "
            "left",
            "raise the memory limit of container 'driver': a LimitRange of the namespace or a "
            "patch of the workflow sets it",
        ),
    ],
)
def test_a_container_without_memory_is_named_with_its_limit(
    states: Mapping[str, Json], cause: str, step: str
) -> None:
    found = explain(pod(states, phase="Failed", limits={"memory": "100Mi"}))

    assert found == Diagnosis(cause=cause, next_step=step)


def test_rights_that_argos_container_lacks_are_named() -> None:
    text = (
        'workflowtaskresults.argoproj.io is forbidden: User "system:serviceaccount:ml:plain" '
        'cannot create resource "workflowtaskresults"'
    )
    states = {"wait": ended(64, message=text), "main": ended(0, "Completed")}

    assert explain(pod(states, phase="Failed")) == Diagnosis(
        cause="the service account 'plain' may not write workflowtaskresults, so Argo does not "
        "learn how the task ended",
        next_step="make one that has the rights: argosy manifests | kubectl -n ml apply -f -, and "
        "compile with --service-account argosy",
    )
    assert explain(None, message=f"wait: Error (exit code 64): {text}") == explain(
        pod(states, phase="Failed")
    )


@pytest.mark.parametrize(
    ("states", "cause", "step"),
    [
        (
            {"driver": ended(1, message="parameter 'rows' is required; give a value (final)")},
            "parameter 'rows' is required; give a value",
            "correct it and run the pipeline again; what succeeded comes from the cache",
        ),
        (
            {"driver": ended(1, message="http://s3 cannot be reached; check the endpoint")},
            "http://s3 cannot be reached; check the endpoint",
            "go on from here with 'argosy retry run -n ml'",
        ),
        (
            {"init": ended(2)},
            "init container 'init' ended with exit code 2",
            "read its log: kubectl -n ml logs run-pod-1 -c init",
        ),
        (
            {"wait": ended(1, message="no such file")},
            "Argo's container 'wait' failed, so Argo does not know how the task ended: no such "
            "file",
            "read its log: kubectl -n ml logs run-pod-1 -c wait",
        ),
        (
            {"launcher": ended(1, message="the store is full"), "main": ended(1)},
            "the store is full",
            "read its log: kubectl -n ml logs run-pod-1 -c launcher",
        ),
        ({"main": ended(7, message="the command ended")}, "the command ended", None),
        (
            {"main": ended(139)},
            "the container ended with exit code 139",
            "read its log: kubectl -n ml logs run-pod-1 -c main",
        ),
    ],
)
def test_what_ended_badly_is_quoted(
    states: Mapping[str, Json], cause: str, step: str | None
) -> None:
    assert explain(pod(states, phase="Failed")) == Diagnosis(cause=cause, next_step=step)


def test_the_record_says_more_than_the_container() -> None:
    failure = Failure(reason=Reason.COMMAND_FAILED, message="exit code 7: the disk is full")

    found = explain(pod({"main": ended(7, message="other")}, phase="Failed"), failure=failure)

    assert found == Diagnosis(cause="exit code 7: the disk is full")


# Nothing wrong.


@pytest.mark.parametrize(
    "document",
    [
        None,
        {},
        pod(),
        pod({"main": {"running": {}}}, phase="Running"),
        pod(
            {
                "main": ended(0, "Completed"),
                "wait": ended(0, "Completed"),
                "launcher": ended(143),
            },
            phase="Succeeded",
        ),
        {"metadata": None, "spec": [], "status": {"conditions": "x", "containerStatuses": [1]}},
    ],
)
def test_a_pod_without_fault_has_no_diagnosis(document: Json | None) -> None:
    assert explain(document) is None
