"""``argosy why`` on a real cluster: each seeded failure gives a true line, as text and as JSON.

All seeds are submitted at once, and each waits until what it seeds has happened. Where
``ARGOSY_TEST_RECORD`` names a directory, what the API said of each seed is written there, for
``tests/runs/test_runs_recorded_pods.py``.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest

from argo_cluster import POLL_SECONDS, ArgoCluster, ArgoRun, Json
from argosy_compiler.options import PodSecurity
from argosy_schemas.ir.model import Pipeline
from cli_processes import ARGOSY
from driver_support import dag, leaf, pipeline, task
from recorded_pods import scrub

SLEEP: Final = "echo ready; i=0; while [ $i -lt 600 ]; do sleep 1; i=$((i+1)); done"
LABEL: Final = "argosy-seed"
"""On pods that a webhook or a policy of the seeds is about."""
STOPPED: Final = ("CANCELED", "FAILED", "RUNNING")
"""As what a task stands whose pod was stopped, by what its launcher could still record."""
SCARCE: Final = "example.org/seat"
"""A resource of the node of which there is one."""


def shell(script: str, **container: Any) -> Pipeline:
    """A pipeline of one task that runs a script."""
    return pipeline(
        dag({"work": task("comp-work")}),
        {"comp-work": leaf(command=["sh", "-c", script], **container)},
    )


def _patch_pod(patch: Json) -> Callable[[Json], None]:
    """Return what merges a patch into the pods of a workflow."""

    def change(workflow: Json) -> None:
        workflow["spec"]["podSpecPatch"] = json.dumps(patch)

    return change


def _patch_template(members: Json) -> Callable[[Json], None]:
    """Return what adds to the pod template of a workflow."""

    def change(workflow: Json) -> None:
        (template,) = [each for each in workflow["spec"]["templates"] if "container" in each]
        template.update(members)

    return change


def _name_missing_bucket(workflow: Json) -> None:
    for each in workflow["spec"]["arguments"]["parameters"]:
        if each["name"] == "argosy-store":
            each["value"] = re.sub("://[^/?]+", "://no-such-bucket", each["value"], count=1)


def _container(name: str, **members: Any) -> Json:
    kind = "initContainers" if name in ("driver", "broken") else "containers"
    return {kind: [{"name": name, **members}]}


def _memory(container: str, limit: str) -> Json:
    return _container(
        container, resources={"limits": {"memory": limit}, "requests": {"memory": limit}}
    )


def _variable(source: Json) -> Json:
    return _container("main", env=[{"name": "X", "valueFrom": source}])


def _volume(source: Json) -> Json:
    return {"volumes": [{"name": "seed", **source}]} | _container(
        "main", volumeMounts=[{"name": "seed", "mountPath": "/seed"}]
    )


GONE: Final = (
    "its pod was deleted while it ran, by a person or by the cluster|"
    "its pod was stopped from outside, as when somebody deletes it: .*"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seed:
    """A failure that is caused on purpose, and what is said of it."""

    cause: str
    """The whole error, as a regular expression."""
    step: str
    """Part of the next step."""
    states: tuple[str, ...] = ("FAILED",)
    pipeline: Pipeline = field(default_factory=lambda: shell("true"))
    options: Json = field(default_factory=dict[str, Any])
    """Of ``argosy compile``."""
    change: Callable[[Json], None] = lambda _: None
    label: str = ""
    """The value of :data:`LABEL` on its pods."""
    begun: Callable[[ArgoRun], None] = lambda _: None
    """Called when it has been submitted."""
    lines: tuple[str, ...] = ()
    """The last lines that are shown."""


def _delete_pod(run: ArgoRun) -> None:
    run.cluster.kubectl("delete", "pod", run.wait_for_line("work", "ready"), "--wait=false")


def _evict_pod(run: ArgoRun) -> None:
    pod = run.wait_for_line("work", "ready")
    namespace = run.cluster.namespace
    document = {
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {"name": pod, "namespace": namespace},
    }
    path = f"/api/v1/namespaces/{namespace}/pods/{pod}/eviction"
    subprocess.run(
        ["kubectl", "create", "--raw", path, "-f", "-"],
        input=json.dumps(document),
        env=dict(run.cluster.environment),
        capture_output=True,
        check=True,
        text=True,
    )


def _preempt(run: ArgoRun) -> None:
    """Let a pod of a higher priority take the only seat."""
    run.wait_for_line("work", "ready")
    limits = {SCARCE: "1"}
    main = {
        "name": "main",
        "image": "busybox",
        "command": ["sleep", "1"],
        "resources": {"limits": limits},
    }
    _apply(
        run.cluster,
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "seed-preemptor"},
            "spec": {
                "priorityClassName": "argosy-seed-high",
                "restartPolicy": "Never",
                "containers": [main],
            },
        },
    )


SEEDS: Final[dict[str, Seed]] = {
    "image-missing": Seed(
        states=("PENDING",),
        pipeline=shell("true", image="busybox:no-such-tag"),
        cause=r"the image 'busybox:no-such-tag' does not exist in its registry",
        step="correct the component's image",
    ),
    "registry-unknown": Seed(
        states=("PENDING",),
        pipeline=shell("true", image="registry.invalid/team/app:1"),
        # Where all registries are mirrored, the mirror answers.
        cause=r"the registry of image 'registry.invalid/team/app:1' cannot be reached from the "
        r"node: .*no such host|the image 'registry.invalid/team/app:1' does not exist in its .*",
        step="correct the component's image",
    ),
    "image-name-wrong": Seed(
        states=("PENDING",),
        change=_patch_pod(_container("main", image="No/Such Name")),
        cause=r"'No/Such Name' is not the name of an image",
        step="correct the component's image",
    ),
    "driver-image-missing": Seed(
        states=("PENDING",),
        options={"image": "busybox:no-such-argosy"},
        cause=r"the image 'busybox:no-such-argosy' does not exist in its registry",
        step="correct 'argosy compile --image'",
    ),
    "secret-missing": Seed(
        states=("PENDING",),
        change=_patch_pod(_variable({"secretKeyRef": {"name": "no-secret", "key": "k"}})),
        cause=r"the secret 'no-secret' is missing in namespace '.*'",
        step="create it there",
    ),
    "key-missing": Seed(
        states=("PENDING",),
        change=_patch_pod(_variable({"secretKeyRef": {"name": "argosy-store", "key": "NO_KEY"}})),
        cause=r"the secret 'argosy-store' has no key 'NO_KEY'",
        step="add the key",
    ),
    "config-map-missing": Seed(
        states=("PENDING",),
        change=_patch_pod(_variable({"configMapKeyRef": {"name": "no-map", "key": "k"}})),
        cause=r"the config map 'no-map' is missing in namespace '.*'",
        step="create it there",
    ),
    "volume-of-missing-secret": Seed(
        states=("PENDING",),
        change=_patch_pod(_volume({"secret": {"secretName": "no-volume-secret"}})),
        cause=r"the secret 'no-volume-secret' is missing in namespace '.*'",
        step="create it there",
    ),
    "volume-not-mountable": Seed(
        states=("PENDING",),
        change=_patch_pod(_volume({"hostPath": {"path": "/no/such", "type": "Directory"}})),
        cause=r"the volume 'seed' of the pod cannot be mounted: hostPath type check failed.*",
        step="correct the volume",
    ),
    "root-refused": Seed(
        states=("PENDING",),
        options={"pod_security": PodSecurity.BASELINE},
        change=_patch_pod(_container("main", securityContext={"runAsNonRoot": True})),
        cause=r"container 'main' may not run as root, and the image 'busybox' does, or .*",
        step="set 'runAsUser'",
    ),
    "memory-for-no-node": Seed(
        states=("PENDING",),
        pipeline=shell("true", resources={"resourceMemoryRequest": "900Gi"}),
        cause=r"no node has enough memory for the pod \(driver 64Mi, main 900Gi, launcher 64Mi\): "
        r"1 Insufficient memory",
        step="'set_memory_request'",
    ),
    "gpu-for-no-node": Seed(
        states=("PENDING",),
        pipeline=shell(
            "true", resources={"accelerator": {"resourceType": "nvidia.com/gpu", "count": "1"}}
        ),
        cause=r"no node has enough nvidia.com/gpu for the pod \(main 1\): 1 Insufficient "
        r"nvidia.com/gpu",
        step="'set_accelerator_limit'",
    ),
    "selector-of-no-node": Seed(
        states=("PENDING",),
        change=_patch_template({"nodeSelector": {"pool": "no-such-pool"}}),
        cause=r"no node has the labels that the task selects: .*",
        step="'add_node_selector'",
    ),
    "claim-missing": Seed(
        states=("PENDING",),
        change=_patch_pod(_volume({"persistentVolumeClaim": {"claimName": "no-claim"}})),
        cause=r"the volume claim 'no-claim' does not exist in namespace '.*'",
        step="create it",
    ),
    "claim-pending": Seed(
        states=("PENDING",),
        change=_patch_pod(_volume({"persistentVolumeClaim": {"claimName": "seed-claim"}})),
        cause=r"the volume claim 'seed-claim' gets no volume: .*no-such-class.* not found",
        step="storage class",
    ),
    "quota-full": Seed(
        states=("PENDING",),
        change=_patch_pod(_container("main", resources={"limits": {"example.org/desk": "1"}})),
        cause=r"the quota 'seed-quota' of namespace '.*' has no room for the pod: it asks for "
        r"requests.example.org/desk=1, requests.example.org/desk=0 of requests.example.org/desk=0 "
        "are used",
        step="have the quota raised",
    ),
    "policy": Seed(
        label="policy",
        cause=r"the policy 'argosy-seed-policy' of the cluster refuses the pod: no seeds here",
        step="ask who runs the cluster",
    ),
    "webhook-gone": Seed(
        label="webhook",
        cause=r"the admission webhook 'seed.example.org' does not answer, so no pod can be made: "
        ".*",
        step="ask who runs the webhook",
    ),
    "account-missing": Seed(
        options={"service_account": "no-account"},
        cause=r"the service account 'no-account' does not exist in the namespace",
        step="argosy manifests",
    ),
    "account-without-rights": Seed(
        options={"service_account": "seed-plain"},
        cause=r"the service account 'seed-plain' may not write workflowtaskresults, .*",
        step="argosy manifests",
    ),
    "priority-class-missing": Seed(
        change=lambda workflow: workflow["spec"].update(podPriorityClassName="no-class"),
        cause=r"the priority class 'no-class' does not exist in the cluster",
        step="create it",
    ),
    "command-fails": Seed(
        pipeline=shell("echo loading; echo the disk is full; exit 7"),
        cause=r"the command ended with exit code 7: the disk is full",
        step="correct the component",
        lines=("loading", "the disk is full"),
    ),
    "command-missing": Seed(
        pipeline=pipeline(
            dag({"work": task("comp-work")}), {"comp-work": leaf(command=["/no/such/program"])}
        ),
        cause=r".*'/no/such/program' does not exist in the image; name one that does",
        step="correct the pipeline",
    ),
    "main-out-of-memory": Seed(
        pipeline=shell("echo ready; tail /dev/zero", resources={"resourceMemoryLimit": "64Mi"}),
        cause=r"container 'main' was killed because it needed more memory than its limit of 64Mi|"
        r"the command was killed because the container ran out of memory; .*",
        step="",
    ),
    "driver-out-of-memory": Seed(
        change=_patch_pod(_memory("driver", "12Mi")),
        cause=r"container 'driver' was killed because it needed more memory than its limit of "
        "12Mi",
        step="raise the memory limit of container 'driver'",
    ),
    "init-container-fails": Seed(
        change=_patch_pod(
            _container("broken", image="busybox", command=["sh", "-c", "echo no; exit 3"])
        ),
        cause=r"init container 'broken' ended with exit code 3",
        step="read its log: kubectl",
    ),
    "bucket-missing": Seed(
        change=_name_missing_bucket,
        cause=r".*there is no such bucket at .*; create it or correct the URL",
        step="correct",
    ),
    "too-slow": Seed(
        states=STOPPED,
        pipeline=shell(SLEEP),
        change=_patch_template({"activeDeadlineSeconds": 60}),
        cause=r"the task did not end within \d+ s, and was stopped",
        step="'set_timeout'",
    ),
    "pod-deleted": Seed(
        states=STOPPED,
        pipeline=shell(SLEEP),
        begun=_delete_pod,
        cause=GONE,
        step="go on from here with 'argosy retry",
    ),
    "pod-evicted": Seed(
        states=STOPPED,
        pipeline=shell(SLEEP),
        begun=_evict_pod,
        cause=rf"the pod was evicted, as when a node is drained or scaled down: .*|{GONE}",
        step="go on from here with 'argosy retry",
    ),
    "volume-too-full": Seed(
        states=STOPPED,
        pipeline=shell(f"dd if=/dev/zero of=/seed/x bs=1M count=20; {SLEEP}"),
        change=_patch_pod(_volume({"emptyDir": {"sizeLimit": "1Mi"}})),
        cause=r"the node evicted the pod: Usage of EmptyDir volume .* exceeds the limit .*",
        step="request as much ephemeral storage",
    ),
    "preempted": Seed(
        states=STOPPED,
        pipeline=shell(SLEEP),
        change=_patch_pod(_container("main", resources={"limits": {SCARCE: "1"}})),
        begun=_preempt,
        cause=rf"the pod had to make room for one of a higher priority: .*|{GONE}",
        step="'argosy retry",
    ),
}


_OF_RECORDS: Final = frozenset({"command-fails", "command-missing", "bucket-missing"})
"""Seeds that the record of the attempt explains."""


def _apply(cluster: ArgoCluster, *documents: Json) -> None:
    _give(cluster, "apply", documents)


def _create(cluster: ArgoCluster, documents: Sequence[Json]) -> list[str]:
    """Create objects and return their names."""
    lines = _give(cluster, "create", documents, "-o", "name").split()
    return [line.rpartition("/")[2] for line in lines]


def _give(cluster: ArgoCluster, verb: str, documents: Sequence[Json], *words: str) -> str:
    listing = {"apiVersion": "v1", "kind": "List", "items": list(documents)}
    done = subprocess.run(
        ["kubectl", "-n", cluster.namespace, verb, "-f", "-", *words],
        input=json.dumps(listing),
        env=dict(cluster.environment),
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _soil(namespace: str) -> list[Json]:
    """Return the objects of the cluster that seeds need."""
    here = {"matchLabels": {"kubernetes.io/metadata.name": namespace}}
    pods = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"]}
    return [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "seed-plain"}},
        {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {"name": "seed-claim"},
            "spec": {
                "accessModes": ["ReadWriteOnce"],
                "storageClassName": "no-such-class",
                "resources": {"requests": {"storage": "1Gi"}},
            },
        },
        {
            "apiVersion": "v1",
            "kind": "ResourceQuota",
            "metadata": {"name": "seed-quota"},
            "spec": {"hard": {"requests.example.org/desk": "0"}},
        },
        {
            "apiVersion": "scheduling.k8s.io/v1",
            "kind": "PriorityClass",
            "metadata": {"name": "argosy-seed-high"},
            "value": 1000,
        },
        {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingAdmissionPolicy",
            "metadata": {"name": "argosy-seed-policy"},
            "spec": {
                "failurePolicy": "Fail",
                "matchConstraints": {
                    "namespaceSelector": here,
                    "objectSelector": {"matchLabels": {LABEL: "policy"}},
                    "resourceRules": [{**pods, "resources": ["pods"]}],
                },
                "validations": [{"expression": "false", "message": "no seeds here"}],
            },
        },
        {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingAdmissionPolicyBinding",
            "metadata": {"name": "argosy-seed-policy"},
            "spec": {"policyName": "argosy-seed-policy", "validationActions": ["Deny"]},
        },
        {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingWebhookConfiguration",
            "metadata": {"name": "argosy-seed-webhook"},
            "webhooks": [
                {
                    "name": "seed.example.org",
                    "admissionReviewVersions": ["v1"],
                    "sideEffects": "None",
                    "failurePolicy": "Fail",
                    "timeoutSeconds": 1,
                    "clientConfig": {"service": {"name": "seed", "namespace": namespace}},
                    "namespaceSelector": here,
                    "objectSelector": {"matchLabels": {LABEL: "webhook"}},
                    "rules": [{**pods, "resources": ["pods"]}],
                }
            ],
        },
    ]


@pytest.fixture(scope="module")
def runs(request: pytest.FixtureRequest, namespace: ArgoCluster) -> Iterator[dict[str, ArgoRun]]:
    """The seeds of the tests that were selected, submitted."""
    items = (item for item in request.session.items if isinstance(item, pytest.Function))
    names = [str(item.callspec.params["name"]) for item in items if item.path == request.path]
    soil = _soil(namespace.namespace)
    _apply(namespace, *soil)
    patch = json.dumps({"status": {"capacity": {SCARCE: "1"}, "allocatable": {SCARCE: "1"}}})
    for node in namespace.kubectl("get", "nodes", "-o", "name").split()[:1]:
        namespace.kubectl("patch", node, "--subresource=status", "--type=merge", "-p", patch)
    workflows = [_make_workflow(namespace, name) for name in names]
    # In one call, and without the checks of `argo submit`.
    created = _create(namespace, workflows)
    try:
        yield {
            name: ArgoRun(cluster=namespace, name=each)
            for name, each in zip(names, created, strict=True)
        }
    finally:
        namespace.kubectl("delete", "workflow", *created, "--ignore-not-found", "--wait=false")
        namespace.kubectl("delete", "pod", "seed-preemptor", "--ignore-not-found", "--wait=false")
        for each in reversed(soil):
            kind, name = each["kind"], each["metadata"]["name"]
            namespace.kubectl("delete", kind, name, "--ignore-not-found", "--wait=false")


def _make_workflow(cluster: ArgoCluster, name: str) -> Json:
    seed = SEEDS[name]
    workflow = cluster.compile(seed.pipeline, **seed.options)
    seed.change(workflow)
    if seed.label:
        workflow["spec"]["podMetadata"]["labels"][LABEL] = seed.label
    workflow["metadata"]["generateName"] = f"seed-{name}-"
    return workflow


def why(run: ArgoRun, *words: str) -> str:
    done = subprocess.run(
        [ARGOSY, "why", run.name, "-n", run.cluster.namespace, *words],
        env=dict(run.cluster.environment) | dict(os.environ) | _kubeconfig(run),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _kubeconfig(run: ArgoRun) -> dict[str, str]:
    return {"KUBECONFIG": run.cluster.environment["KUBECONFIG"]}


@pytest.mark.parametrize("name", SEEDS)
def test_a_seeded_failure_is_explained(name: str, runs: dict[str, ArgoRun]) -> None:
    seed, run = SEEDS[name], runs[name]
    seed.begun(run)

    cause, text = _wait_for_cause(run, seed)

    assert cause["path"] == "work"
    assert seed.step in cause["next_step"]
    assert cause["last_lines"] == list(seed.lines) or not seed.lines
    assert f"  next: {cause['next_step']}\n" in f"{text}\n"
    _record(name, run, cause)


def _wait_for_cause(run: ArgoRun, seed: Seed) -> tuple[Json, str]:
    """Return the only cause, and the text that was printed of it.

    A pod says more of its end from moment to moment, so the two are asked for until they agree.
    """
    deadline = time.monotonic() + 240
    while True:
        told: Json = json.loads(why(run, "-o", "json"))
        text = why(run, "work")
        if len(told["causes"]) == 1:
            (cause,) = told["causes"]
            error = cause["error"] or ""
            is_seeded = re.fullmatch(seed.cause, error, re.DOTALL) and cause["state"] in seed.states
            if is_seeded and f": {error}\n" in text:
                return cause, text
        assert time.monotonic() < deadline, (told, text)
        time.sleep(POLL_SECONDS)


def _record(name: str, run: ArgoRun, cause: Json) -> None:
    """Write what the API says of a seed that follows from pods and events alone."""
    directory = os.environ.get("ARGOSY_TEST_RECORD")
    if not directory or name in _OF_RECORDS:
        return
    node, namespace = run.node("work"), run.cluster.namespace
    pods = run.pods()
    listed = json.loads(run.cluster.kubectl("get", "events", "-o", "json"))["items"]
    names = {pod["metadata"]["name"] for pod in pods} | (
        {"seed-claim"} if name == "claim-pending" else set[str]()
    )
    seen = {
        "namespace": namespace,
        "message": node.get("message", ""),
        "phase": node["phase"],
        "pods": pods,
        "events": [each for each in listed if each["involvedObject"]["name"] in names],
        "retry": f"argosy retry {run.name} -n {namespace}",
        "state": cause["state"],
        "cause": cause["error"],
        "next_step": cause["next_step"],
    }
    text = json.dumps(scrub(seen), indent=1, sort_keys=True)
    Path(directory, f"{name}.json").write_text(f"{text}\n")
