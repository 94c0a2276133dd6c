"""The logs of a run on a cluster: from pods while these last, then as stored; each line once."""

from __future__ import annotations

from typing import Any

import pytest

from argosy_cluster.cluster import Cluster
from argosy_cluster.fakes import FakeCluster
from argosy_cluster.kubernetes.client import KubernetesCluster
from argosy_cluster.resources import PODS
from argosy_cluster.runs.logs import ClusterLogReader, read_last_pod_lines
from argosy_schemas.errors import AccessDeniedError, UnreachableClusterError
from argosy_schemas.names import TaskPath
from argosy_store.fakes import FlakyStore, MemoryStore
from argosy_store.objects import ObjectStore
from kube_server import KubeServer

RUN = "7f3a"
NOISE = b'time="2026-12-01T12:00:00.000Z" level=info msg="capturing logs" argo=true'
SLOG = b'{"time":"2026-12-01T12:00:00Z","level":"INFO","msg":"capturing logs","argo":true}'


def pod(name: str, path: str, state: str, *, uid: str = "", decides: bool = False) -> Any:
    """Return a pod of Argosy; ``state`` is that of its main container."""
    own = {"name": "launcher", "env": [{"name": "ARGOSY_TASK", "value": path}]}
    containers = [{"name": "main"}] if decides else [{"name": "main"}, own]
    document: dict[str, Any] = {
        "metadata": {
            "name": name,
            "uid": uid or f"uid-{name}",
            "creationTimestamp": "2026-12-01T12:00:00Z",
            "labels": {"workflows.argoproj.io/workflow": "run"},
        },
        "spec": {"containers": containers},
        "status": {"containerStatuses": [{"name": "main", "state": {state: {}}}]},
    }
    return document


def log(*lines: str, second: int = 0, noise: bytes = b"") -> bytes:
    """Return the log of a container, each line a nanosecond after the one before."""
    texts = [*(line.encode() for line in lines), *([noise] if noise else [])]
    return b"".join(
        b"2026-12-01T12:00:%02d.%09dZ %s\n" % (second, number, text)
        for number, text in enumerate(texts)
    )


@pytest.fixture
def fake() -> FakeCluster:
    return FakeCluster()


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


def reader(
    cluster: Cluster | None, store: ObjectStore | None, task: str | None = None, **options: Any
) -> ClusterLogReader:
    return ClusterLogReader(cluster, store, workflow="run", run_id=RUN, task=task, **options)


def texts(reader: ClusterLogReader, *, is_over: bool = False) -> list[str]:
    return [f"{line.path} {line.text}" for line in reader.read(is_over=is_over)]


def test_a_running_task_is_read_from_its_pod_each_line_once(
    fake: FakeCluster, store: MemoryStore
) -> None:
    fake.put(PODS, pod("p", "train", "running"))
    fake.logs["p", "main"] = log("one", "two", noise=NOISE)
    logs = reader(fake, store)

    first = texts(logs)
    fake.logs["p", "main"] += log("three", second=0) + log("four", second=1)
    second = texts(logs)

    assert first == ["train one", "train two"]
    assert second == ["train four"]


def test_lines_of_one_moment_are_told_apart(fake: FakeCluster, store: MemoryStore) -> None:
    fake.put(PODS, pod("p", "train", "running"))
    at = b"2026-12-01T12:00:00.5Z "
    fake.logs["p", "main"] = at + b"a\n" + at + b"b\n"
    logs = reader(fake, store)

    first = texts(logs)
    fake.logs["p", "main"] += at + b"c\n" + at + b"d\n"
    second = texts(logs)

    assert first == ["train a", "train b"]
    assert second == ["train c", "train d"]
    assert texts(logs) == []


def test_half_a_line_waits_for_its_end(fake: FakeCluster, store: MemoryStore) -> None:
    fake.put(PODS, pod("p", "train", "running"))
    fake.logs["p", "main"] = log("one") + b"2026-12-01T12:00:01.5Z tw"
    logs = reader(fake, store)

    first = texts(logs)
    fake.put(PODS, pod("p", "train", "terminated"))
    fake.logs["p", "main"] += b"o"
    second = texts(logs)

    assert first == ["train one"]
    assert second == ["train two"]


def test_what_a_pod_did_not_show_comes_from_the_store(
    fake: FakeCluster, store: MemoryStore
) -> None:
    fake.put(PODS, pod("p", "train", "running", uid="a1"))
    fake.logs["p", "main"] = log("one", "two", noise=SLOG)
    logs = reader(fake, store)

    first = texts(logs)
    fake.delete(PODS, "p")
    store.put(f"runs/{RUN}/tasks/train/a1.log", b"one\ntwo\nthree\rfour\n")
    second = texts(logs)

    assert first == ["train one", "train two"]
    assert second == ["train three\rfour"]
    assert texts(logs, is_over=True) == []


def test_a_pod_that_is_gone_at_once_has_only_its_stored_log(
    fake: FakeCluster, store: MemoryStore
) -> None:
    logs = reader(fake, store)
    first = texts(logs)
    store.put(f"runs/{RUN}/tasks/train/a1.log", b"one\n")

    assert first == []
    assert texts(logs, is_over=True) == ["train one"]


def test_a_stored_log_is_preferred_to_that_of_an_ended_pod(
    fake: FakeCluster, store: MemoryStore
) -> None:
    fake.put(PODS, pod("p", "train", "terminated", uid="a1"))
    fake.logs["p", "main"] = log("two")  # its node kept the end only
    store.put(f"runs/{RUN}/tasks/train/a1.log", b"one\ntwo\n")

    assert texts(reader(fake, store)) == ["train one", "train two"]


def test_all_attempts_are_read_in_their_order(fake: FakeCluster, store: MemoryStore) -> None:
    store.put(f"runs/{RUN}/tasks/train/a1.log", b"first\n")
    store.put(f"runs/{RUN}/tasks/train/a2.log", b"second\n")
    fake.put(PODS, pod("p3", "train", "running", uid="a3"))
    fake.logs["p3", "main"] = log("third")

    assert texts(reader(fake, store)) == ["train first", "train second", "train third"]


def test_only_the_tasks_that_are_asked_for_are_read(fake: FakeCluster, store: MemoryStore) -> None:
    store.put(f"runs/{RUN}/tasks/for-loop-1/0/train/a1.log", b"one\n")
    store.put(f"runs/{RUN}/tasks/score/a2.log", b"other\n")
    fake.put(PODS, pod("p", "for-loop-1/1/train", "running"))
    fake.logs["p", "main"] = log("two")
    fake.put(PODS, pod("q", "score", "running"))
    fake.put(PODS, pod("d", "for-loop-1", "running", decides=True))
    fake.put(PODS, pod("w", "train", "waiting"))

    assert texts(reader(fake, store, "train")) == [
        "for-loop-1/0/train one",
        "for-loop-1/1/train two",
    ]


def test_lines_of_the_sdk_are_left_out_as_in_local_logs(
    fake: FakeCluster, store: MemoryStore
) -> None:
    text = "[KFP Executor 2026-12-01 12:00:00,000 INFO]: Did not write output file."
    store.put(f"runs/{RUN}/tasks/train/a1.log", f"{text}\nmine\n".encode())

    assert texts(reader(fake, store, sdk_lines=False)) == ["train mine"]
    assert texts(reader(fake, store)) == [f"train {text}", "train mine"]


def test_an_api_server_that_is_away_costs_no_line(fake: FakeCluster, store: MemoryStore) -> None:
    fake.put(PODS, pod("p", "train", "running"))
    fake.logs["p", "main"] = log("one")
    logs = reader(fake, store)
    fake.failures["list", "pods"] = [UnreachableClusterError("it is away")]

    assert texts(logs) == []
    assert texts(logs) == ["train one"]
    assert logs.notices == ["it is away"]


def test_who_may_not_read_pods_reads_stored_logs(fake: FakeCluster, store: MemoryStore) -> None:
    store.put(f"runs/{RUN}/tasks/train/a1.log", b"one\n")
    fake.failures["list", "pods"] = [AccessDeniedError("you may not")] * 2
    logs = reader(fake, store)

    assert texts(logs, is_over=True) == ["train one"]
    assert texts(logs, is_over=True) == []
    assert logs.notices == ["the logs of running tasks cannot be read: you may not"]


@pytest.mark.parametrize("operation", ["list", "get"])
def test_a_store_that_is_out_of_reach_leaves_the_pods(
    operation: str, fake: FakeCluster, store: MemoryStore
) -> None:
    store.put(f"runs/{RUN}/tasks/train/a1.log", b"one\n")
    flaky = FlakyStore(store, failures=-1, operations=[operation])
    fake.put(PODS, pod("p", "score", "running"))
    fake.logs["p", "main"] = log("two")
    logs = reader(fake, flaky)

    assert texts(logs) == ["score two"]
    assert len(logs.notices) == 1
    assert logs.notices[0].startswith("stored logs cannot be read from here: ")


def test_without_cluster_or_store_the_other_one_is_read(
    fake: FakeCluster, store: MemoryStore
) -> None:
    store.put(f"runs/{RUN}/tasks/train/a1.log", b"stored\n")
    fake.put(PODS, pod("p", "score", "running"))
    fake.logs["p", "main"] = log("running")

    assert texts(reader(None, store)) == ["train stored"]
    assert texts(reader(fake, None)) == ["score running"]


def test_the_last_lines_of_a_pod_are_those_of_its_command(fake: FakeCluster) -> None:
    others = b"argosy: the command ended with exit code 7\nError: exit status 7\n"
    fake.logs["p", "main"] = b"one\ntwo\nthree\n" + NOISE + b"\n" + others

    assert read_last_pod_lines(fake, "p", TaskPath("train"), 2) == ("two", "three")
    assert read_last_pod_lines(fake, "absent", TaskPath("train"), 2) == ()


def test_the_api_of_a_server_gives_the_same(cluster: KubernetesCluster, server: KubeServer) -> None:
    server.put("pods", pod("p", "train", "running"))
    server.logs["p", "main"] = log("one", "two", noise=NOISE)
    logs = reader(cluster, None)

    first = texts(logs)
    server.logs["p", "main"] += log("three", second=2)
    second = texts(logs)

    assert first == ["train one", "train two"]
    assert second == ["train three"]
    assert server.asked("log")[-1].query == {
        "container": "main",
        "sinceTime": "2026-12-01T12:00:00.000000002Z",
        "timestamps": "true",
    }
