"""The client of the Kubernetes API against a server, and what its refusals say."""

from __future__ import annotations

import json
from typing import Any

import pytest

from argosy_cluster.cluster import Change, StaleVersionError
from argosy_cluster.kubernetes.client import KubernetesCluster
from argosy_cluster.resources import PODS, WORKFLOWS
from argosy_schemas.errors import (
    AccessDeniedError,
    ClusterError,
    MissingObjectError,
    NameTakenError,
    RefusedObjectError,
    UnreachableClusterError,
)
from argosy_store.fakes import FakeClock
from kube_server import Canned, KubeServer

HELLO: dict[str, Any] = {
    "apiVersion": "argoproj.io/v1alpha1",
    "kind": "Workflow",
    "metadata": {"name": "hello", "labels": {"team": "a"}},
    "spec": {},
}


def name_of(document: Any) -> str:
    return str(document["metadata"]["name"])


def test_an_object_is_created_read_changed_and_deleted(cluster: KubernetesCluster) -> None:
    made: Any = cluster.create(WORKFLOWS, HELLO)
    cluster.patch(WORKFLOWS, "hello", {"spec": {"shutdown": "Stop"}})
    changed: Any = cluster.get(WORKFLOWS, "hello")
    cluster.delete(WORKFLOWS, "hello")

    assert made["metadata"]["uid"] == changed["metadata"]["uid"]
    assert changed["spec"] == {"shutdown": "Stop"}
    with pytest.raises(MissingObjectError):
        cluster.get(WORKFLOWS, "hello")


def test_a_dry_run_creates_nothing(cluster: KubernetesCluster, server: KubeServer) -> None:
    made = cluster.create(WORKFLOWS, HELLO, dry_run=True)

    assert name_of(made) == "hello"
    assert server.objects["workflows"] == {}


def test_a_list_has_all_pages(cluster: KubernetesCluster, server: KubeServer) -> None:
    server.page_size = 3
    for number in range(8):
        server.put("pods", {"metadata": {"name": f"p{number}", "labels": {"w": "x"}}})
    server.put("pods", {"metadata": {"name": "other"}})

    listing = cluster.list(PODS, labels="w=x")

    assert [name_of(each) for each in listing.items] == [f"p{number}" for number in range(8)]
    assert listing.version == str(server.version)
    assert len(server.asked("list")) == 3


def test_a_list_that_is_too_old_goes_on_with_the_token_that_is_offered(
    cluster: KubernetesCluster, server: KubeServer
) -> None:
    server.page_size = 1
    for name in ("a", "b"):
        server.put("pods", {"metadata": {"name": name}})
    rows = cluster.list_rows(PODS)

    first = next(rows)
    body = '{"kind": "Status", "code": 410, "metadata": {"continue": "1"}}'
    server.canned["list"] = [Canned(code=410, text=body)]

    assert (first["name"], [row["name"] for row in rows]) == ("a", ["b"])


def test_a_watch_that_follows_such_a_list_misses_nothing(
    cluster: KubernetesCluster, server: KubeServer
) -> None:
    server.page_size = 1
    for name in ("a", "b"):
        server.put("pods", {"metadata": {"name": name}})
    began_at = server.version
    page = {
        "metadata": {"resourceVersion": str(began_at), "continue": "1"},
        "items": [{"metadata": {"name": "a", "resourceVersion": "1"}}],
    }
    body = '{"kind": "Status", "code": 410, "metadata": {"continue": "1"}}'
    server.canned["list"] = [Canned(code=200, text=json.dumps(page)), Canned(code=410, text=body)]
    server.put("pods", {"metadata": {"name": "a"}, "spec": {"changed": True}})

    listing = cluster.list(PODS)

    assert [name_of(each) for each in listing.items] == ["a", "b"]
    assert listing.version == str(began_at)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"kind": "Status", "code": 410, "message": "The list is too old."}', "list is too old"),
        ("<html><body>Gone</body></html>", "Gone"),
    ],
)
def test_a_list_that_cannot_go_on_is_made_again_later(
    cluster: KubernetesCluster, server: KubeServer, text: str, said: str
) -> None:
    server.canned["list"] = [Canned(code=410, text=text)]

    with pytest.raises(UnreachableClusterError, match=said):
        cluster.list(PODS)


def test_rows_have_metadata_and_the_columns_of_kubectl(
    cluster: KubernetesCluster, server: KubeServer
) -> None:
    server.put("workflows", {**HELLO, "status": {"phase": "Failed", "message": "it broke"}})

    (row,) = cluster.list_rows(WORKFLOWS)

    cells: Any = row["cells"]
    assert row["name"] == "hello"
    assert (cells["status"], cells["message"]) == ("Failed", "it broke")


def test_long_answers_come_compressed(cluster: KubernetesCluster, server: KubeServer) -> None:
    server.put("pods", {"metadata": {"name": "p"}, "text": "x" * 1_000_000})

    pod: Any = cluster.get(PODS, "p")

    assert len(pod["text"]) == 1_000_000


def test_a_watch_yields_what_happens_after_a_version(
    cluster: KubernetesCluster, server: KubeServer
) -> None:
    server.put("pods", {"metadata": {"name": "old"}})
    version = cluster.list(PODS).version
    server.put("pods", {"metadata": {"name": "new"}})
    server.remove("pods", "old")

    events = list(cluster.watch(PODS, version=version))

    assert [(event.change, name_of(event.document)) for event in events] == [
        (Change.ADDED, "new"),
        (Change.DELETED, "old"),
    ]


def test_a_watch_that_is_cut_ends(cluster: KubernetesCluster, server: KubeServer) -> None:
    version = cluster.list(PODS).version
    server.watch_events = 1
    for name in ("a", "b"):
        server.put("pods", {"metadata": {"name": name}})

    assert [name_of(event.document) for event in cluster.watch(PODS, version=version)] == ["a"]


def test_a_watch_from_a_forgotten_version_is_stale(
    cluster: KubernetesCluster, server: KubeServer
) -> None:
    version = cluster.list(PODS).version
    server.put("pods", {"metadata": {"name": "a"}})
    server.forget_history()

    with pytest.raises(StaleVersionError):
        list(cluster.watch(PODS, version=version))


def test_the_log_of_a_container_is_read(cluster: KubernetesCluster, server: KubeServer) -> None:
    server.logs["p", "main"] = b"one\ntwo\nthree\n"

    assert b"".join(cluster.read_log("p", "main")) == b"one\ntwo\nthree\n"
    assert b"".join(cluster.read_log("p", "main", tail=1)) == b"three\n"


def test_a_container_that_has_not_started_has_no_log(
    cluster: KubernetesCluster, server: KubeServer
) -> None:
    server.put("pods", {"metadata": {"name": "p"}})

    with pytest.raises(MissingObjectError, match=r"pod 'p' has no log yet: .* is waiting to start"):
        list(cluster.read_log("p", "main"))
    with pytest.raises(MissingObjectError, match="there is no pod 'gone' in namespace 'ml'"):
        list(cluster.read_log("gone", "main"))


def test_paths_are_read(cluster: KubernetesCluster) -> None:
    assert cluster.read_path("/version") == {"gitVersion": "v1.34.4"}


# What an API server refuses.


REFUSALS: list[tuple[str, Canned, type[ClusterError], str]] = [
    (
        "create",
        Canned(code=401, reason="Unauthorized", message="Unauthorized"),
        AccessDeniedError,
        "cluster 'test' does not accept the credentials of the kubeconfig; they may have expired: "
        "log in again",
    ),
    (
        "create",
        Canned(
            code=403,
            reason="Forbidden",
            message='workflows.argoproj.io is forbidden: User "ann" cannot create resource '
            '"workflows" in API group "argoproj.io" in the namespace "ml"',
        ),
        AccessDeniedError,
        "user 'ann' may not create workflows.argoproj.io in namespace 'ml'; ask for a Role with "
        "the rule {apiGroups: ['argoproj.io'], resources: [workflows], verbs: [create]}",
    ),
    (
        "create",
        Canned(
            code=403,
            reason="Forbidden",
            message='workflows "hello" is forbidden: unable to create new content in namespace ml '
            "because it is being terminated",
            details={"causes": [{"reason": "NamespaceTerminating"}]},
        ),
        RefusedObjectError,
        "namespace 'ml' is being deleted, so it takes no new objects; choose another one with "
        "--namespace",
    ),
    (
        "create",
        Canned(
            code=403,
            reason="Forbidden",
            message='workflows.argoproj.io "hello" is forbidden: exceeded quota: few, requested: '
            "count/workflows.argoproj.io=1, used: count/workflows.argoproj.io=2, limited: "
            "count/workflows.argoproj.io=2",
        ),
        RefusedObjectError,
        "a quota of namespace 'ml' refuses the workflow 'hello': exceeded quota: few, requested: "
        "count/workflows.argoproj.io=1, used: count/workflows.argoproj.io=2, limited: "
        "count/workflows.argoproj.io=2; delete what is no longer needed, or ask for more",
    ),
    (
        "create",
        Canned(
            code=403,
            reason="Forbidden",
            message='workflows.argoproj.io "quota-run" is forbidden: failed quota: few: must '
            "specify limits.memory",
        ),
        RefusedObjectError,
        "a quota of namespace 'ml' refuses the workflow 'hello': failed quota: few: must specify "
        "limits.memory; delete what is no longer needed, or ask for more",
    ),
    (
        "create",
        Canned(
            code=400,
            message='admission webhook "policy.example.com" denied the request: no team label',
        ),
        RefusedObjectError,
        "webhook 'policy.example.com' of the cluster refuses the workflow 'hello': no team label",
    ),
    (
        "create",
        Canned(
            code=500,
            reason="InternalError",
            message='Internal error occurred: failed calling webhook "policy.example.com": failed '
            'to call webhook: Post "https://…": connection refused',
        ),
        RefusedObjectError,
        "cluster 'test' cannot check the workflow 'hello': Internal error occurred: failed calling "
        'webhook "policy.example.com": failed to call webhook: Post "https://…": connection '
        "refused; ask its operator about this webhook",
    ),
    (
        "create",
        Canned(
            code=422,
            reason="Invalid",
            message='Workflow.argoproj.io "hello" is invalid: spec.templates: Too many: 201: must '
            "have at most 200 items",
        ),
        RefusedObjectError,
        "the cluster refuses the workflow 'hello': Workflow.argoproj.io \"hello\" is invalid: "
        "spec.templates: Too many: 201: must have at most 200 items",
    ),
    (
        "create",
        Canned(code=404, text="404 page not found\n"),
        MissingObjectError,
        "cluster 'test' has no workflows.argoproj.io, version v1alpha1; install Argo Workflows 3.5 "
        "or later in it, or choose another --context",
    ),
    (
        "create",
        Canned(
            code=404,
            reason="NotFound",
            message='namespaces "ml" not found',
            details={"name": "ml", "kind": "namespaces"},
        ),
        MissingObjectError,
        "cluster 'test' has no namespace 'ml'; choose another one with --namespace",
    ),
    (
        "create",
        Canned(code=500, message="etcdserver: leader changed"),
        UnreachableClusterError,
        "the API server of cluster 'test' failed (500 etcdserver: leader changed); try again later",
    ),
    (
        "create",
        Canned(code=413, text="<html><body><h1>413 Request Entity Too Large</h1></body></html>"),
        RefusedObjectError,
        "the cluster refuses the workflow 'hello': 413 Request Entity Too Large",
    ),
]


@pytest.mark.parametrize(("verb", "canned", "kind", "message"), REFUSALS)
def test_a_refusal_says_who_must_act(
    cluster: KubernetesCluster,
    server: KubeServer,
    verb: str,
    canned: Canned,
    kind: type[ClusterError],
    message: str,
) -> None:
    server.canned[verb] = [canned]

    with pytest.raises(kind) as caught:
        cluster.create(WORKFLOWS, HELLO)

    assert str(caught.value) == message


def test_a_right_on_the_log_of_pods_is_named_whole(
    cluster: KubernetesCluster, server: KubeServer
) -> None:
    server.canned["log"] = [Canned(code=403, message='User "ann" cannot get pods/log')]

    with pytest.raises(AccessDeniedError, match=r"resources: \[pods/log\], verbs: \[get\]"):
        list(cluster.read_log("p", "main"))


def test_a_taken_name_is_its_own_error(cluster: KubernetesCluster) -> None:
    cluster.create(WORKFLOWS, HELLO)

    with pytest.raises(NameTakenError) as caught:
        cluster.create(WORKFLOWS, HELLO)

    assert str(caught.value) == (
        "workflow 'hello' exists already in namespace 'ml'; choose another name"
    )


def test_a_cluster_without_argo_says_so(cluster: KubernetesCluster, server: KubeServer) -> None:
    server.has_argo = False

    with pytest.raises(MissingObjectError, match=r"install Argo Workflows 3\.5 or later"):
        cluster.list(WORKFLOWS)


# What is tried again.


@pytest.mark.parametrize("code", [429, 503])
def test_a_busy_server_is_asked_again(
    cluster: KubernetesCluster, server: KubeServer, clock: FakeClock, code: int
) -> None:
    server.canned["create"] = [Canned(code=code, retry_after=2), Canned(code=code)]

    cluster.create(WORKFLOWS, HELLO)

    assert len(clock.slept) == 2
    assert clock.slept[0] >= 2


def test_a_server_that_stays_busy_is_given_up_after_the_patience(
    cluster: KubernetesCluster, server: KubeServer, clock: FakeClock
) -> None:
    server.canned["get"] = [Canned(code=429, message="too many requests")] * 1000

    with pytest.raises(UnreachableClusterError, match=r"is too busy \(429 too many requests\)"):
        cluster.get(WORKFLOWS, "hello")

    assert 5 < clock.now <= 15


def test_a_call_whose_answer_was_lost_is_repeated(
    cluster: KubernetesCluster, server: KubeServer
) -> None:
    server.canned["patch"] = [Canned(code=0, after=True)]
    server.put("workflows", HELLO)

    changed: Any = cluster.patch(WORKFLOWS, "hello", {"spec": {"shutdown": "Stop"}})

    assert changed["spec"] == {"shutdown": "Stop"}


def test_a_server_that_is_not_there_is_unreachable(
    cluster: KubernetesCluster, server: KubeServer, clock: FakeClock
) -> None:
    server.shutdown()
    server.server_close()

    with pytest.raises(UnreachableClusterError) as caught:
        cluster.get(WORKFLOWS, "hello")

    assert str(caught.value) == (
        f"cluster 'test' ({server.url}) cannot be reached: the connection was refused; check that "
        "it runs"
    )
    assert clock.now <= 15


def test_an_answer_that_is_no_json_comes_from_something_else(
    cluster: KubernetesCluster, server: KubeServer
) -> None:
    server.canned["get"] = [Canned(code=200, text="<html>Sign in</html>")]

    with pytest.raises(RefusedObjectError, match="with something that is not JSON"):
        cluster.get(WORKFLOWS, "hello")
