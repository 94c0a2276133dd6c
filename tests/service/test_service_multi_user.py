"""Users of a cluster, whose namespaces are kept apart, by REST and by gRPC."""

from __future__ import annotations

import collections
import http.client
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import json_format
from sqlalchemy import insert

from argosy_cluster.fakes import FakeCluster
from argosy_schemas.errors import UnreachableClusterError
from argosy_service.access.access import Action, Caller
from argosy_service.access.cluster_users import REMEMBERED_SECONDS, ClusterAccess
from argosy_service.api.methods import FUNCTIONS, FUNCTIONS_OF_CALLS, Method, list_methods
from argosy_service.database.database import open_database
from argosy_service.database.tables import ARTIFACT_LINKS, ARTIFACTS, TASKS
from argosy_service.errors import AccessRefusedError, UnauthenticatedError, UnavailableError
from argosy_service.resources.permissions import RULES
from argosy_service.settings import ServiceSettings, UserSettings
from service_running import Answer, Client, call_grpc, run_service

HELLO = Path(__file__).parents[2] / "examples" / "01-hello" / "pipeline.yaml"
ANN = {"kubeflow-userid": "ann@example.com"}
BOB = {"kubeflow-userid": "bob@example.com"}
ATTRIBUTES = {"group": "pipelines.kubeflow.org", "version": "v1beta1"}


def test_every_method_has_its_rule() -> None:
    served = FUNCTIONS.keys() | FUNCTIONS_OF_CALLS.keys()

    assert served - RULES.keys() == {"GetHealthz"}


# Who asks, and what is asked of the cluster.


@pytest.fixture
def cluster() -> FakeCluster:
    return FakeCluster(namespace="kubeflow")


def test_the_header_says_who_asks(cluster: FakeCluster) -> None:
    access = ClusterAccess(cluster, UserSettings())

    assert access.identify([("kubeflow-userid", "ann")]) == Caller(user="ann")
    assert cluster.calls == []


def test_the_header_may_have_another_name_and_a_prefix(cluster: FakeCluster) -> None:
    settings = UserSettings(header="X-Goog-User", prefix="accounts.google.com:")
    access = ClusterAccess(cluster, settings)

    assert access.identify([("x-goog-user", "accounts.google.com:ann")]) == Caller(user="ann")
    for value in ("ann", "accounts.google.com:", ""):
        with pytest.raises(UnauthenticatedError):
            access.identify([("x-goog-user", value)])


def test_a_header_that_comes_twice_is_refused(cluster: FakeCluster) -> None:
    access = ClusterAccess(cluster, UserSettings())

    with pytest.raises(UnauthenticatedError, match="has 2 headers 'kubeflow-userid'; send one"):
        access.identify([("kubeflow-userid", "ann"), ("kubeflow-userid", "bob")])


def test_without_a_header_the_cluster_reviews_the_token(cluster: FakeCluster) -> None:
    cluster.tokens = {"abc": ("system:serviceaccount:ml:editor", "pipelines.kubeflow.org")}
    access = ClusterAccess(cluster, UserSettings())

    caller = access.identify([("authorization", "Bearer abc")])

    assert caller == Caller(user="system:serviceaccount:ml:editor")
    assert cluster.reviewed == [
        {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenReview",
            "spec": {"token": "abc", "audiences": ["pipelines.kubeflow.org"]},
        }
    ]


@pytest.mark.parametrize("token", ["wrong", "of another audience"])
def test_a_token_that_the_cluster_does_not_accept_is_refused(
    cluster: FakeCluster, token: str
) -> None:
    cluster.tokens = {"of another audience": ("ann", "kubernetes")}
    access = ClusterAccess(cluster, UserSettings())

    with pytest.raises(UnauthenticatedError, match="does not accept the bearer token"):
        access.identify([("authorization", f"Bearer {token}")])


def test_without_a_name_of_the_header_only_tokens_count(cluster: FakeCluster) -> None:
    access = ClusterAccess(cluster, UserSettings(header=""))

    with pytest.raises(UnauthenticatedError, match="no bearer token"):
        access.identify([("kubeflow-userid", "ann")])


RUN = Action(resource="runs", verb="retry", namespace="ml", name="r-1")


def test_a_right_is_asked_for_with_the_attributes_of_kfp(cluster: FakeCluster) -> None:
    ClusterAccess(cluster, UserSettings()).check(Caller(user="ann"), RUN)

    assert cluster.reviewed == [
        {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SubjectAccessReview",
            "spec": {
                "user": "ann",
                "resourceAttributes": {
                    **ATTRIBUTES,
                    "resource": "runs",
                    "verb": "retry",
                    "namespace": "ml",
                    "name": "r-1",
                },
            },
        }
    ]


def test_an_answer_holds_for_a_short_while(cluster: FakeCluster) -> None:
    now = 100.0
    access = ClusterAccess(cluster, UserSettings(), monotonic=lambda: now)
    access.check(Caller(user="ann"), RUN)
    cluster.denied = {("ann", "retry", "runs")}
    now += REMEMBERED_SECONDS - 0.1
    access.check(Caller(user="ann"), RUN)
    now += 0.2

    with pytest.raises(AccessRefusedError) as caught:
        access.check(Caller(user="ann"), RUN)

    assert str(caught.value) == (
        "user 'ann' may not retry runs in namespace 'ml'; ask for a role with the verb 'retry' on "
        "runs.pipelines.kubeflow.org"
    )
    assert len(cluster.reviewed) == 2


def test_no_answer_holds_for_another_user_or_object(cluster: FakeCluster) -> None:
    access = ClusterAccess(cluster, UserSettings())
    for user, name in (("ann", "a"), ("bob", "a"), ("ann", "b")):
        access.check(
            Caller(user=user), Action(resource="runs", verb="get", namespace="ml", name=name)
        )

    assert len(cluster.reviewed) == 3


def test_no_namespace_is_not_all_of_them(cluster: FakeCluster) -> None:
    access = ClusterAccess(cluster, UserSettings())

    with pytest.raises(AccessRefusedError, match="in no namespace"):
        access.check(Caller(user="ann"), Action(resource="runs", verb="get", namespace=""))

    assert cluster.reviewed == []


def test_a_cluster_that_does_not_answer_is_asked_later(cluster: FakeCluster) -> None:
    cluster.failures = {
        ("create", "subjectaccessreviews"): [UnreachableClusterError("it does not answer")],
        ("create", "tokenreviews"): [UnreachableClusterError("it does not answer")],
    }
    access = ClusterAccess(cluster, UserSettings())

    with pytest.raises(UnavailableError, match="does not say who may do what: it does not"):
        access.check(Caller(user="ann"), RUN)
    with pytest.raises(UnavailableError):
        access.identify([("authorization", "Bearer abc")])

    access.check(Caller(user="ann"), RUN)


# The service. Ann works in `team-a`, and Bob in `team-b`; both may read what is shared.


class Teams:
    """A service with something of both in it, and the ids of what is Ann's."""

    def __init__(self, client: Client, cluster: FakeCluster) -> None:
        self.client = client
        self.cluster = cluster
        self.ids = {
            "shared": self._upload("shared", "", {"kubeflow-userid": "admin"})["pipeline_id"]
        }
        self.ids |= self._fill("team-a", ANN)
        self.of_bob = self._fill("team-b", BOB)

    def ask(
        self, user: Mapping[str, str], method: str, path: str, *rest: Any, **query: Any
    ) -> Answer:
        return self.client.ask(method, path, *rest, query=query, headers=user)

    def _upload(self, name: str, namespace: str, user: Mapping[str, str]) -> Any:
        answer = upload(self.client, user, "upload", name=name, namespace=namespace)
        assert answer.status == 200, answer
        return answer.body

    def _fill(self, namespace: str, user: Mapping[str, str]) -> dict[str, str]:
        def post(path: str, body: object) -> Any:
            answer = self.ask(user, "POST", path, body)
            assert answer.status == 200, answer
            return answer.body

        pipeline = self._upload("p", namespace, user)["pipeline_id"]
        versions = self.ask(user, "GET", f"/pipelines/{pipeline}/versions").body
        version = versions["pipeline_versions"][0]["pipeline_version_id"]
        experiment = post("/experiments", {"display_name": "e", "namespace": namespace})
        source = {
            "experiment_id": experiment["experiment_id"],
            "pipeline_version_reference": {"pipeline_version_id": version},
        }
        run = post("/runs", {"display_name": "r", **source})
        artifact_id = self._add_task(namespace, run["run_id"])
        recurring = {"display_name": "j", "max_concurrency": 1, "mode": "DISABLE", **source}
        return {
            "namespace": namespace,
            "pipeline_id": pipeline,
            "pipeline_version_id": version,
            "experiment_id": experiment["experiment_id"],
            "run_id": run["run_id"],
            "task_id": f"{run['run_id']}-a",
            "artifact_id": artifact_id,
            "recurring_run_id": post("/recurringruns", recurring)["recurring_run_id"],
        }

    def _add_task(self, namespace: str, run_id: str) -> str:
        """Give a run a task, and return an artifact that it made."""
        task, artifact = f"{run_id}-a", str(ord(namespace[-1]))
        made = {"id": artifact, "namespace": namespace, "name": "m", "type": "Model"}
        link = {"id": run_id, "artifact_id": artifact, "task_id": task, "type": "OUTPUT"}
        database = open_database(self.client.settings.database_url)
        with database.write() as connection:
            row = {"run_id": run_id, "path": "a", "id": task, "position": 0, "state": "PENDING"}
            connection.execute(insert(TASKS).values(**row))
            connection.execute(insert(ARTIFACTS).values(**made))
            connection.execute(insert(ARTIFACT_LINKS).values(run_id=run_id, position=0, **link))
        database.close()
        return artifact


def upload(client: Client, user: Mapping[str, str], path: str, **query: str) -> Answer:
    part = b'--x\r\nContent-Disposition: form-data; name="uploadfile"; filename="p.yaml"\r\n\r\n'
    return client.ask(
        "POST",
        f"/pipelines/{path}",
        part + HELLO.read_bytes() + b"\r\n--x--\r\n",
        query=query,
        headers={"Content-Type": "multipart/form-data; boundary=x", **user},
    )


@pytest.fixture(scope="module")
def teams(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Teams]:
    cluster = FakeCluster(namespace="kubeflow")
    cluster.members = {ANN["kubeflow-userid"]: {"team-a"}, BOB["kubeflow-userid"]: {"team-b"}}
    settings = ServiceSettings(
        home=tmp_path_factory.mktemp("home"), http_port=0, grpc_port=0, max_runs=0
    )
    with run_service(settings, access=ClusterAccess(cluster, UserSettings())) as client:
        yield Teams(client, cluster)


def make_requests(ids: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Return a request of each method that concerns what has these ids, as JSON of its message."""
    experiment = {"experiment_id": ids["experiment_id"]}
    pipeline = {"pipeline_id": ids["pipeline_id"]}
    version = {**pipeline, "pipeline_version_id": ids["pipeline_version_id"]}
    run = {"run_id": ids["run_id"]}
    recurring = {"recurring_run_id": ids["recurring_run_id"]}
    namespace = {"namespace": ids["namespace"]}
    url = {"package_url": {"pipeline_url": "https://raw.githubusercontent.com/x"}}
    source = {"display_name": "x", **experiment, "pipeline_version_reference": version}
    return {
        "CreateExperiment": {"experiment": {"display_name": "x", **namespace}},
        "GetExperiment": experiment,
        "ListExperiments": namespace,
        "ArchiveExperiment": experiment,
        "UnarchiveExperiment": experiment,
        "DeleteExperiment": experiment,
        "CreatePipeline": {"pipeline": {"name": "x", **namespace}},
        "CreatePipelineAndVersion": {
            "pipeline": {"name": "x", **namespace},
            "pipeline_version": url,
        },
        "GetPipeline": pipeline,
        "GetPipelineByName": {"name": "p", **namespace},
        "ListPipelines": namespace,
        "UpdatePipeline": {"pipeline": {"display_name": "x", **pipeline}},
        "DeletePipeline": pipeline,
        "CreatePipelineVersion": {**pipeline, "pipeline_version": {"name": "x", **url}},
        "GetPipelineVersion": version,
        "ListPipelineVersions": pipeline,
        "UpdatePipelineVersion": {"pipeline_version": {"display_name": "x", **version}},
        "DeletePipelineVersion": version,
        "CreateRun": {"run": source},
        "GetRun": run,
        "GetTask": {**run, "task_id": ids["task_id"]},
        "ListTasks": run,
        "GetArtifact": {"artifact_id": ids["artifact_id"]},
        "ListArtifacts": namespace,
        "ListArtifactTasks": {"run_ids": [ids["run_id"]]},
        "ListRuns": namespace,
        "ArchiveRun": run,
        "UnarchiveRun": run,
        "TerminateRun": run,
        "RetryRun": run,
        "DeleteRun": run,
        "CreateRecurringRun": {"recurring_run": {**source, "max_concurrency": 1}},
        "GetRecurringRun": recurring,
        "ListRecurringRuns": namespace,
        "EnableRecurringRun": recurring,
        "DisableRecurringRun": recurring,
        "DeleteRecurringRun": recurring,
    }


METHODS = {method.name: method for method in list_methods()}
SERVED = sorted((FUNCTIONS.keys() | FUNCTIONS_OF_CALLS.keys()) - {"GetHealthz"})
Sender = Callable[[Teams, Mapping[str, str], str, dict[str, Any]], tuple[int, Any]]


def send_by_rest(
    teams: Teams, user: Mapping[str, str], name: str, request: dict[str, Any]
) -> tuple[int, Any]:
    """Return the status and the body of an answer."""
    method = METHODS[name]
    path, rest = fill_path(method, request)
    if "run_ids" in rest:
        rest["run_ids"] = rest["run_ids"][0]
    body: Any = None
    if method.body == "*":
        body, rest = rest, {}
    elif method.body:
        body = rest.pop(method.body, {})
    answer = teams.client.ask(method.verb, path, body, query=rest, headers=user)
    return answer.status, answer.body


def fill_path(method: Method, request: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the path of a request, and what of it is not in the path."""
    path, rest = method.path, json.loads(json.dumps(request))
    for name in (
        "experiment_id",
        "run_id",
        "recurring_run_id",
        "pipeline_id",
        "name",
        "task_id",
        "artifact_id",
    ):
        if f"{{{name}}}" in path:
            path = path.replace(f"{{{name}}}", rest.pop(name))
    for holder in ("pipeline", "pipeline_version"):
        for name in ("pipeline_id", "pipeline_version_id"):
            if f"{{{holder}.{name}}}" in path:
                path = path.replace(f"{{{holder}.{name}}}", rest[holder].pop(name))
    if "{pipeline_version_id}" in path:
        path = path.replace("{pipeline_version_id}", rest.pop("pipeline_version_id"))
    return path, rest


def send_by_grpc(
    teams: Teams, user: Mapping[str, str], name: str, request: dict[str, Any]
) -> tuple[int, Any]:
    method = METHODS[name]
    message = json_format.ParseDict(request, method.request())
    try:
        response = call_grpc(
            teams.client,
            method.service.rpartition(".")[2],
            name,
            message,
            method.response,
            metadata=tuple(user.items()),
        )
    except grpc.RpcError as error:
        failure: Any = error
        statuses = {
            grpc.StatusCode.PERMISSION_DENIED: 403,
            grpc.StatusCode.UNAUTHENTICATED: 401,
            grpc.StatusCode.INVALID_ARGUMENT: 400,
            grpc.StatusCode.NOT_FOUND: 404,
        }
        return statuses[failure.code()], {"message": failure.details()}
    return 200, json_format.MessageToDict(response, preserving_proto_field_name=True)


SENDERS: list[Sender] = [send_by_rest, send_by_grpc]
both = pytest.mark.parametrize("send", SENDERS, ids=["rest", "grpc"])


@pytest.mark.parametrize(
    "path",
    [
        "/runs/{run_id}/events",
        "/runs/events?namespace={namespace}",
        "/runs/events?experiment_id={experiment_id}",
        "/apis/v2beta1/runs/{run_id}/nodes/a/artifacts/m:read",
        "/apis/v2beta1/runs/{run_id}/nodes/a/artifacts/m:download",
    ],
)
def test_a_stranger_follows_nothing_and_reads_no_artifact(teams: Teams, path: str) -> None:
    url = path.format_map(teams.ids)
    with closing(
        http.client.HTTPConnection("127.0.0.1", teams.client.service.http_port, timeout=30)
    ) as connection:
        connection.request("GET", url, headers=dict(BOB))
        assert connection.getresponse().status == 403


def test_there_is_a_request_of_every_method() -> None:
    ids: dict[str, str] = collections.defaultdict(str)

    assert sorted(make_requests(ids)) == SERVED


@both
@pytest.mark.parametrize("name", SERVED)
def test_a_stranger_is_refused_and_shown_nothing(teams: Teams, name: str, send: Sender) -> None:
    request = make_requests(teams.ids)[name]

    status, body = send(teams, BOB, name, request)

    assert status == 403, body
    assert body["message"].startswith("user 'bob@example.com' may not ")
    assert "team-a" in body["message"]


@both
@pytest.mark.parametrize("name", SERVED)
def test_nobody_is_refused(teams: Teams, name: str, send: Sender) -> None:
    status, body = send(teams, {}, name, make_requests(teams.ids)[name])

    assert status == 401, body


@both
@pytest.mark.parametrize(
    "name",
    [each for each in SERVED if each.startswith(("Get", "List"))],
)
def test_an_owner_is_answered(teams: Teams, name: str, send: Sender) -> None:
    status, body = send(teams, ANN, name, make_requests(teams.ids)[name])

    assert status == 200
    assert teams.of_bob["namespace"] not in json.dumps(body)


@both
@pytest.mark.parametrize(
    ("name", "members", "member"),
    [
        ("ListExperiments", "experiments", "experiment_id"),
        ("ListPipelines", "pipelines", "pipeline_id"),
        ("ListRuns", "runs", "run_id"),
        ("ListRecurringRuns", "recurringRuns", "recurring_run_id"),
    ],
)
def test_a_list_is_that_of_its_namespace(
    teams: Teams, name: str, members: str, member: str, send: Sender
) -> None:
    _, body = send(teams, ANN, name, {"namespace": "team-a"})

    assert [each[member] for each in body[members]] == [teams.ids[member]]
    assert body["total_size"] == 1


@both
@pytest.mark.parametrize("name", ["ListRuns", "ListRecurringRuns"])
def test_an_experiment_of_a_stranger_lists_nothing(teams: Teams, name: str, send: Sender) -> None:
    request = {"namespace": "team-b", "experiment_id": teams.ids["experiment_id"]}

    status, body = send(teams, BOB, name, request)

    assert status == 403, body


@both
@pytest.mark.parametrize(
    "name", ["CreateExperiment", "ListExperiments", "ListRuns", "ListRecurringRuns"]
)
def test_a_namespace_has_to_be_named(teams: Teams, name: str, send: Sender) -> None:
    request = {"experiment": {"display_name": "x"}} if name == "CreateExperiment" else {}

    status, body = send(teams, ANN, name, request)

    assert (status, body["message"][:36]) == (400, "namespace: must not be empty with --")


@both
@pytest.mark.parametrize("name", ["CreateRun", "CreateRecurringRun"])
def test_an_experiment_has_to_be_named(teams: Teams, name: str, send: Sender) -> None:
    request = {"run" if name == "CreateRun" else "recurring_run": {"display_name": "x"}}

    status, body = send(teams, ANN, name, request)

    assert (status, body["message"].partition(";")[0]) == (
        400,
        "Experiment id can not be empty in multi-user mode",
    )


@both
@pytest.mark.parametrize("name", ["CreateRun", "CreateRecurringRun"])
@pytest.mark.parametrize(
    "member", ["pipeline_version_reference", "pipeline_version_id", "pipeline"]
)
def test_a_pipeline_of_a_stranger_does_not_run(
    teams: Teams, name: str, member: str, send: Sender
) -> None:
    version = teams.ids["pipeline_version_id"]
    source: dict[str, Any] = {
        "pipeline_version_reference": {member: {"pipeline_version_id": version}},
        "pipeline_version_id": {member: version},
        "pipeline": {"pipeline_version_reference": {"pipeline_id": teams.ids["pipeline_id"]}},
    }[member]
    given = {"display_name": "x", "experiment_id": teams.of_bob["experiment_id"], **source}
    request = {"run": given} if name == "CreateRun" else {"recurring_run": given}

    status, body = send(teams, BOB, name, request)

    assert status == 403, body
    assert "may not get pipelines in namespace 'team-a'" in body["message"]


@both
def test_a_run_does_not_count_as_one_of_a_stranger(teams: Teams, send: Sender) -> None:
    given = {
        "display_name": "x",
        "experiment_id": teams.of_bob["experiment_id"],
        "pipeline_version_reference": {"pipeline_version_id": teams.of_bob["pipeline_version_id"]},
        "recurring_run_id": teams.ids["recurring_run_id"],
    }

    status, body = send(teams, BOB, "CreateRun", {"run": given})

    assert status == 403
    assert body["message"].startswith("recurring_run_id: ")


@both
def test_what_is_shared_is_read_by_all_and_changed_by_its_owners(
    teams: Teams, send: Sender
) -> None:
    shared = {"pipeline_id": teams.ids["shared"]}

    _, page = send(teams, BOB, "ListPipelines", {})
    read = [
        send(teams, BOB, "GetPipeline", shared),
        send(teams, BOB, "GetPipelineByName", {"name": "shared"}),
        send(teams, BOB, "ListPipelineVersions", shared),
    ]
    status, body = send(teams, BOB, "DeletePipeline", shared)

    assert [each["name"] for each in page["pipelines"]] == ["shared"]
    assert [each for each, _ in read] == [200, 200, 200]
    assert (status, "in namespace 'kubeflow'" in body["message"]) == (403, True)


def test_a_stranger_uploads_nothing(teams: Teams) -> None:
    answers = [
        upload(teams.client, BOB, "upload", name="x", namespace="team-a"),
        upload(teams.client, BOB, "upload", name="x"),
        upload(teams.client, BOB, "upload_version", name="x", pipelineid=teams.ids["pipeline_id"]),
    ]

    assert [each.status for each in answers] == [403, 403, 403]
    assert teams.ask(ANN, "GET", "/pipelines", namespace="team-a").body["total_size"] == 1


def test_a_stranger_reads_no_log(teams: Teams) -> None:
    path = f"/apis/v1alpha1/runs/{teams.ids['run_id']}/nodes/hello/log"

    assert teams.ask(BOB, "GET", path).status == 403
    assert teams.ask(ANN, "GET", path).status == 404  # it has not begun


def test_names_are_taken_in_their_namespace_only(teams: Teams) -> None:
    by_name = [
        teams.ask(user, "GET", "/pipelines/names/p", namespace=namespace).body["pipeline_id"]
        for user, namespace in ((ANN, "team-a"), (BOB, "team-b"))
    ]
    again = upload(teams.client, ANN, "upload", name="p", namespace="team-a")

    assert by_name == [teams.ids["pipeline_id"], teams.of_bob["pipeline_id"]]
    assert again.status == 409


def test_things_say_their_namespace(teams: Teams) -> None:
    ids = teams.ids
    paths = [
        f"/experiments/{ids['experiment_id']}",
        f"/pipelines/{ids['pipeline_id']}",
        f"/recurringruns/{ids['recurring_run_id']}",
    ]

    assert [teams.ask(ANN, "GET", path).body["namespace"] for path in paths] == ["team-a"] * 3


def test_healthz_says_that_there_are_many_users(teams: Teams) -> None:
    assert teams.client.get("/apis/v2beta1/healthz")["multi_user"] is True


def test_there_is_no_default_experiment(teams: Teams) -> None:
    page = teams.ask(ANN, "GET", "/experiments", namespace="team-a").body

    assert [each["display_name"] for each in page["experiments"]] == ["e"]
