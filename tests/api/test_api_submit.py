"""``argosy.submit`` and ``argosy.runs`` on a cluster."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import argosy
from cli_processes import shell_pipeline
from kube_server import KubeServer, kube_server

OPTIONS = argosy.CompileOptions(store="s3://bucket/argosy")


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[KubeServer]:
    with kube_server() as server:
        monkeypatch.setenv("KUBECONFIG", str(server.write_kubeconfig(tmp_path / "kubeconfig")))
        yield server


PIPELINE = shell_pipeline(
    "hello", {"say": "true"}, inputs='{"word": {"parameterType": "STRING"}}'
).encode()


def test_a_run_is_submitted_and_listed(server: KubeServer) -> None:
    run = argosy.submit(
        PIPELINE, {"word": "hi"}, options=OPTIONS, namespace="ml", labels={"team": "a"}
    )

    assert (run.namespace, run.name[:6]) == ("ml", "hello-")
    (entry,) = argosy.runs.list(namespace="ml")
    assert (entry.run_id, entry.name, entry.state) == (
        run.run_id,
        run.name,
        argosy.RunState.PENDING,
    )


def test_a_run_is_read(server: KubeServer) -> None:
    run = argosy.submit(PIPELINE, {"word": "hi"}, options=OPTIONS, namespace="ml")

    result = argosy.runs.get(run.name, namespace="ml")

    assert (result.run_id, result.state) == (run.run_id, argosy.RunState.PENDING)
    assert [task.state for task in result.tasks] == [argosy.TaskState.PENDING]


def test_an_argument_that_is_missing_is_refused(server: KubeServer) -> None:
    with pytest.raises(argosy.InvalidArgumentError, match="parameter 'word' is required"):
        argosy.submit(PIPELINE, options=OPTIONS)

    assert server.questions == []


def test_a_run_that_is_not_there_is_a_cluster_error(server: KubeServer) -> None:
    with pytest.raises(argosy.MissingObjectError):
        argosy.runs.get("gone", context="test")
