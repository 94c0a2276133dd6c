"""What ``argosy doctor cluster`` finds, in installations of all kinds."""

from __future__ import annotations

from typing import Any

import pytest

from argosy_cluster.fakes import FakeCluster
from argosy_cluster.installation.check import check_installation
from argosy_cluster.installation.controller import DEPLOYMENTS
from argosy_cluster.installation.expectations import Expectations
from argosy_cluster.installation.namespace import LIMIT_RANGES, QUOTAS
from argosy_cluster.resources import (
    CUSTOM_RESOURCES,
    EVENTS,
    NAMESPACES,
    PODS,
    SECRETS,
    SERVICE_ACCOUNTS,
    WORKFLOWS,
)
from argosy_schemas.check_results import CheckVerdict
from argosy_schemas.errors import AccessDeniedError, UnreachableClusterError

Json = dict[str, Any]
OK, WARNING, FAILURE, NOT_SEEN = CheckVerdict

EXPECTED = Expectations(
    service_account="argosy", store_secret="argosy-store", image="registry.example.org/argosy:1"
)
CONTROLLER = "/api/v1/namespaces/argo/configmaps/workflow-controller-configmap"


def named(name: str, **members: Any) -> Json:
    return {"metadata": {"name": name}, **members}


def deployment(
    *, image: str = "quay.io/argoproj/workflow-controller:v3.7.18", ready: int = 1,
    args: tuple[str, ...] = (), env: Json | None = None,
) -> Json:  # fmt: skip
    container = {
        "image": image,
        "command": ["workflow-controller"],
        "args": list(args),
        "env": [{"name": name, "value": value} for name, value in (env or {}).items()],
    }
    return {
        "metadata": {
            "name": "workflow-controller",
            "namespace": "argo",
            "labels": {"app": "workflow-controller"},
        },
        "spec": {"template": {"spec": {"containers": [container]}}},
        "status": {"readyReplicas": ready},
    }


@pytest.fixture
def cluster() -> FakeCluster:
    """A cluster on which all is as the manual says."""
    cluster = FakeCluster()
    cluster.paths["/apis/argoproj.io/v1alpha1"] = {
        "resources": [{"name": "workflows"}, {"name": "workflowtaskresults"}]
    }
    cluster.paths[CONTROLLER] = {"data": {"config": "executor: {securityContext: {a: 1}}\n"}}
    cluster.put(
        CUSTOM_RESOURCES,
        named("workflows.argoproj.io", spec={"versions": [{"schema": {}}]}),
    )
    cluster.put(DEPLOYMENTS, deployment(env={"DEFAULT_REQUEUE_TIME": "1s"}))
    cluster.put(NAMESPACES, named("ml"))
    cluster.put(SERVICE_ACCOUNTS, named("argosy"))
    cluster.put(SECRETS, named("argosy-store", data={"AWS_ACCESS_KEY_ID": "a"}))
    status = {"name": "driver", "imageID": "sha256:1", "image": EXPECTED.image}
    cluster.put(
        PODS,
        named(
            "run-1",
            spec={"initContainers": [{"name": "driver", "image": EXPECTED.image}]},
            status={"initContainerStatuses": [status]},
        ),
    )
    return cluster


def found(
    cluster: FakeCluster, expected: Expectations = EXPECTED
) -> dict[str, list[tuple[CheckVerdict, str]]]:
    results: dict[str, list[tuple[CheckVerdict, str]]] = {}
    for each in check_installation(cluster, expected):
        results.setdefault(each.name, []).append((each.verdict, each.message))
    return results


def verdict(cluster: FakeCluster, name: str) -> CheckVerdict:
    ((verdict, _),) = found(cluster)[name]
    return verdict


def message(cluster: FakeCluster, name: str) -> str:
    return "; ".join(message for _, message in found(cluster)[name])


def test_an_installation_as_the_manual_has_it_is_in_order(cluster: FakeCluster) -> None:
    assert found(cluster) == {
        "kubernetes": [(OK, "v1.34.0")],
        "argo's kinds": [(OK, "minimal definitions, which limit nothing")],
        "controller": [(OK, "Argo v3.7.18, in namespace 'argo'")],
        "requeue time": [(OK, "the controller looks at a workflow again after 1s")],
        "controller's settings": [
            (OK, "no archive of workflows, Argo's containers have a security context")
        ],
        "pod security": [(OK, "the level 'privileged' takes pods as they are compiled")],
        "quotas": [(OK, "there are none")],
        "your rights": [(OK, "you may submit, watch, explain, stop and delete runs")],
        "service account": [(OK, "'argosy' may write task results")],
        "store's secret": [(OK, "secret 'argosy-store' has AWS_ACCESS_KEY_ID")],
        "images": [(OK, f"'{EXPECTED.image}' has been pulled for a pod of the namespace")],
    }


def test_nothing_is_written(cluster: FakeCluster) -> None:
    found(cluster)

    written = {
        (verb, kind) for verb, kind, _ in cluster.calls if verb in ("create", "patch", "delete")
    }
    assert written == {
        ("create", "selfsubjectaccessreviews"),
        ("create", "localsubjectaccessreviews"),
    }


def test_a_cluster_that_is_gone_is_one_line(cluster: FakeCluster) -> None:
    cluster.failures["get", "/version"] = [UnreachableClusterError("there is no answer")]

    assert found(cluster) == {"cluster": [(FAILURE, "there is no answer")]}


def test_an_old_kubernetes_is_said(cluster: FakeCluster) -> None:
    cluster.paths["/version"] = {"gitVersion": "v1.18.2"}

    assert verdict(cluster, "kubernetes") is WARNING


@pytest.mark.parametrize(
    ("served", "begin"),
    [
        (None, "the cluster has no Argo Workflows"),
        ({"resources": [{"name": "workflows"}]}, "the cluster has no workflowtaskresults"),
    ],
)
def test_kinds_that_are_missing_are_named(
    cluster: FakeCluster, served: Json | None, begin: str
) -> None:
    if served is None:
        del cluster.paths["/apis/argoproj.io/v1alpha1"]
    else:
        cluster.paths["/apis/argoproj.io/v1alpha1"] = served

    ((verdict, message),) = found(cluster)["argo's kinds"]

    assert (verdict, message.startswith(begin)) == (FAILURE, True)


def test_full_definitions_are_told_from_minimal_ones(cluster: FakeCluster) -> None:
    spec = {"properties": {"spec": {"properties": {"templates": {"maxItems": 200}}}}}
    full = {"versions": [{"schema": {"openAPIV3Schema": spec}}]}
    cluster.put(CUSTOM_RESOURCES, named("workflows.argoproj.io", spec=full))

    assert message(cluster, "argo's kinds").startswith("full definitions")


@pytest.mark.parametrize(
    ("changes", "verdict", "part"),
    [
        ({"image": "argo/workflow-controller:v3.4.9"}, FAILURE, "Argo v3.4.9 in namespace"),
        ({"image": "argo/workflow-controller:v5.0.1"}, WARNING, "is newer than what"),
        ({"image": "argo/workflow-controller@sha256:12"}, OK, "names no version"),
        ({"ready": 0}, FAILURE, "is not running; see why: kubectl -n argo get pods"),
    ],
)
def test_the_version_of_the_controller_is_judged(
    cluster: FakeCluster, changes: Json, verdict: CheckVerdict, part: str
) -> None:
    cluster.put(DEPLOYMENTS, deployment(**changes))

    ((actual, message),) = found(cluster)["controller"]

    assert (actual, part in message) == (verdict, True), message


@pytest.mark.parametrize(
    ("args", "config", "part"),
    [
        (("--namespaced",), "", "it looks at namespace 'argo' only, not at 'ml'"),
        (
            ("--namespaced", "--managed-namespace", "other"),
            "",
            "it looks at namespace 'other' only",
        ),
        ((), "instanceID: blue", "controller-instanceid: blue"),
        (
            (),
            "workflowRestrictions: {templateReferencing: Strict}",
            "refer to a WorkflowTemplate (Strict)",
        ),
    ],
)
def test_a_controller_that_does_not_take_the_workflows_is_a_failure(
    cluster: FakeCluster, args: tuple[str, ...], config: str, part: str
) -> None:
    cluster.put(DEPLOYMENTS, deployment(args=args))
    cluster.paths[CONTROLLER] = {"data": {"config": config}}

    ((verdict, message),) = found(cluster)["controller's scope"]

    assert (verdict, part in message) == (FAILURE, True), message


def test_a_controller_of_the_namespace_is_no_failure(cluster: FakeCluster) -> None:
    cluster.put(DEPLOYMENTS, deployment(args=("--namespaced", "--managed-namespace=ml")))

    assert "controller's scope" not in found(cluster)


@pytest.mark.parametrize(
    ("env", "verdict"),
    [
        ({}, WARNING),
        ({"DEFAULT_REQUEUE_TIME": "10s"}, WARNING),
        ({"DEFAULT_REQUEUE_TIME": "1m30s"}, WARNING),
        ({"DEFAULT_REQUEUE_TIME": "nonsense"}, WARNING),
        ({"DEFAULT_REQUEUE_TIME": "500ms"}, OK),
    ],
)
def test_a_long_requeue_time_is_said(
    cluster: FakeCluster, env: Json, verdict: CheckVerdict
) -> None:
    cluster.put(DEPLOYMENTS, deployment(env=env))

    ((actual, _),) = found(cluster)["requeue time"]

    assert actual is verdict


def test_settings_are_read_whole_or_member_by_member(cluster: FakeCluster) -> None:
    persistence = "archive: true\nnodeStatusOffLoad: true\n"
    cluster.paths[CONTROLLER] = {
        "data": {"persistence": persistence, "parallelism": "20", "executor": "a: [b"}
    }

    first, second = found(cluster)["controller's settings"]

    assert first[0] is WARNING
    assert second == (
        OK,
        "workflows are archived, Argo's containers have no security context, parallelism 20",
    )


def test_a_controller_without_settings_has_the_defaults(cluster: FakeCluster) -> None:
    del cluster.paths[CONTROLLER]

    assert message(cluster, "controller's settings").startswith("no archive of workflows")


def test_a_controller_in_the_usual_namespace_is_found_there(cluster: FakeCluster) -> None:
    cluster.delete(DEPLOYMENTS, "workflow-controller")
    path = "/apis/apps/v1/namespaces/argo/deployments"
    cluster.paths[path] = {"items": [{**deployment(), "metadata": {"namespace": "argo"}}]}

    assert verdict(cluster, "controller") is OK


def test_without_a_deployment_the_work_of_a_controller_shows(cluster: FakeCluster) -> None:
    cluster.delete(DEPLOYMENTS, "workflow-controller")
    without = found(cluster)["controller"]
    labels = {"workflows.argoproj.io/phase": "Succeeded"}
    cluster.put(WORKFLOWS, {"metadata": {"name": "hello", "labels": labels}})
    ((verdict, message),) = found(cluster)["controller"]

    assert [each[0] for each in without] == [NOT_SEEN]
    assert (
        verdict,
        message.startswith("one takes the workflows of the namespace, as 'hello'"),
    ) == (
        OK,
        True,
    )


def test_a_restricted_namespace_takes_pods_as_they_are_compiled(cluster: FakeCluster) -> None:
    level = {"pod-security.kubernetes.io/enforce": "restricted"}
    cluster.put(NAMESPACES, {"metadata": {"name": "ml", "labels": level}})

    ((verdict, message),) = found(cluster)["pod security"]

    assert (verdict, message) == (
        OK,
        "the level 'restricted' takes pods as they are compiled; it refuses those of "
        "'--pod-security baseline', and of workflows without security contexts",
    )


def test_a_namespace_that_is_gone_is_a_failure(cluster: FakeCluster) -> None:
    cluster.delete(NAMESPACES, "ml")

    assert verdict(cluster, "pod security") is FAILURE


def test_a_quota_that_demands_what_pods_may_not_say_is_a_warning(cluster: FakeCluster) -> None:
    hard = {"limits.memory": "8Gi", "requests.cpu": "4", "pods": "10"}
    cluster.put(QUOTAS, named("team", spec={"hard": hard}))
    (verdict, without), *_ = found(cluster)["quotas"]
    limits = [{"default": {"memory": "128Mi", "cpu": "1"}}]
    cluster.put(LIMIT_RANGES, named("defaults", spec={"limits": limits}))

    assert verdict is WARNING
    assert without.startswith(
        "a quota counts limits.memory, requests.cpu, so it refuses pods in which"
    )
    assert found(cluster)["quotas"] == [(OK, "1 quotas leave room")]


def test_a_quota_that_is_used_up_is_said(cluster: FakeCluster) -> None:
    full = {"hard": {"pods": "10"}, "used": {"pods": "10"}}
    cluster.put(QUOTAS, named("team", spec={"hard": full["hard"]}, status=full))

    assert found(cluster)["quotas"] == [
        (WARNING, "no room is left (team: pods 10), so pods wait; end other pods")
    ]


def test_rights_that_the_caller_lacks_are_named(cluster: FakeCluster) -> None:
    cluster.denied |= {("", "create", "workflows"), ("", "get", "pods/log")}

    assert found(cluster)["your rights"] == [
        (
            FAILURE,
            "you may not create workflows in namespace 'ml'; ask for a Role with the rule "
            "{apiGroups: [argoproj.io], resources: [workflows], verbs: [create]}",
        ),
        (
            WARNING,
            "you lack rights in namespace 'ml'; ask for a Role with get pods/log (argosy logs "
            "--follow)",
        ),
    ]


def test_rights_that_the_service_account_lacks_are_named(cluster: FakeCluster) -> None:
    cluster.denied.add(("system:serviceaccount:ml:argosy", "patch", "workflowtaskresults"))

    assert found(cluster)["service account"] == [
        (
            FAILURE,
            "'argosy' may not patch workflowtaskresults.argoproj.io, so that no task ends well; "
            "argosy manifests | kubectl apply -n ml -f -",
        )
    ]


def test_a_service_account_or_secret_that_is_missing_is_a_failure(cluster: FakeCluster) -> None:
    cluster.delete(SERVICE_ACCOUNTS, "argosy")
    cluster.delete(SECRETS, "argosy-store")

    assert verdict(cluster, "service account") is FAILURE
    assert verdict(cluster, "store's secret") is FAILURE


def test_a_secret_for_something_else_is_a_failure(cluster: FakeCluster) -> None:
    cluster.put(SECRETS, named("argosy-store", data={"password": "x"}))

    assert message(cluster, "store's secret").startswith(
        "no key of secret 'argosy-store' is a variable that a store reads (password)"
    )


def test_without_a_secret_there_is_no_check_of_one(cluster: FakeCluster) -> None:
    expected = Expectations(service_account="argosy", image=EXPECTED.image)

    assert "store's secret" not in found(cluster, expected)


def test_images_show_what_pods_of_the_namespace_show(cluster: FakeCluster) -> None:
    account = {"imagePullSecrets": [{"name": "absent"}]}
    cluster.put(SERVICE_ACCOUNTS, named("argosy", **account))
    waiting = {"waiting": {"reason": "ImagePullBackOff"}}
    status = {"name": "main", "state": waiting}
    spec = {"containers": [{"name": "main", "image": "nope:1"}]}
    pod = named("run-1", spec=spec, status={"containerStatuses": [status]})
    cluster.put(PODS, pod)

    results = found(cluster)

    assert [verdict for verdict, _ in results["images"]] == [FAILURE, WARNING, NOT_SEEN]
    assert "pods of the namespace wait for nope:1" in results["images"][1][1]
    assert results["service account"][0][1].endswith("with the pull secrets absent")


def test_who_may_see_nothing_learns_who_can(cluster: FakeCluster) -> None:
    denied = [AccessDeniedError("you may not")] * 100
    for verb in ("get", "list"):
        for kind in (
            CUSTOM_RESOURCES, DEPLOYMENTS, EVENTS, NAMESPACES, PODS, SECRETS, SERVICE_ACCOUNTS,
            WORKFLOWS, QUOTAS, LIMIT_RANGES,
        ):  # fmt: skip
            cluster.failures[verb, kind.plural] = list(denied)
    cluster.failures["create", "localsubjectaccessreviews"] = list(denied)
    cluster.failures["create", "selfsubjectaccessreviews"] = list(denied)
    cluster.failures["get", CONTROLLER] = list(denied)

    results = found(cluster)

    verdicts = {name: {verdict for verdict, _ in each} for name, each in results.items()}
    assert verdicts.pop("kubernetes") == {OK}
    assert set(map(frozenset, verdicts.values())) == {frozenset({NOT_SEEN})}
    assert all(
        "kubectl" in each[0][1] or "you may not" in each[0][1]
        for each in results.values()
        if each[0][0] is NOT_SEEN
    )


def test_settings_that_may_not_be_read_are_not_seen(cluster: FakeCluster) -> None:
    cluster.failures["get", CONTROLLER] = [AccessDeniedError("you may not")]

    assert verdict(cluster, "controller's settings") is NOT_SEEN
