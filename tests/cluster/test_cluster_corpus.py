"""Real pipelines end on a cluster as they do under ``argosy run``: states and outputs.

Each is submitted twice: with nothing in its cache, then with a random half of its results there.
``ARGOSY_TEST_PARALLEL`` pipelines run at a time, 4 if it is not set. The folder is the one of
``tests/end_to_end/test_corpus.py``.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest

from argo_cluster import ArgoCluster
from argosy_client import ArgosyClient
from argosy_store.locations import join_uri
from argosy_store.objects import ObjectStore
from argosy_store.stores import open_store
from cli_processes import Ended, argosy
from corpus_expectations import Expected, differences
from corpus_runs import CORPUS, FRESH, expectations, input_artifacts, is_slow, write_arguments
from known_results import make_plain

pytestmark = [pytest.mark.nightly, pytest.mark.timeout(3000)]

OTHER_ENDS: Final[Mapping[str, str]] = {
    # It opens URIs of artifacts as files.
    "valid/artifacts_simple.yaml": "FAILED",
    # It counts its attempts in a file, and each pod has files of its own.
    "valid/local_execution/local_execution_pipeline_with_retry.yaml": "FAILED",
    # It asks for NVIDIA_TESLA_P4, which is no name of a resource.
    "valid/pipeline_with_string_machine_fields_task_output.yaml": "FAILED",
}
"""How those end on a cluster that end otherwise on one machine."""
NEEDS: Final[Mapping[str, str]] = {
    "valid/local_execution/local_execution_pipeline_with_k8s_only_methods.yaml": "a GPU",
    "valid/parallel_and_nested/parallel_for_secret.yaml": "a secret, and prints whether it has it",
}
"""What those need that is without effect on one machine."""
OWN_PLACES: Final = frozenset({"valid/critical/pipeline_with_workspace.yaml"})
"""Those whose outputs are paths of the machine that they ran on."""
_LARGEST_CONTENT: Final = 1 << 16
_LEAVES: Final = ("container", "importer")

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """A pipeline that ran twice."""

    plain: Ended
    half: Ended
    url: str
    """Of its own store."""


class CorpusRuns:
    """Runs pipelines on the cluster, several at a time, in the order in which they are wanted."""

    def __init__(self, client: ArgosyClient, wanted: list[Expected], width: int) -> None:
        self._client = client
        self._executor = ThreadPoolExecutor(width)
        self._runs: dict[str, Future[Ran]] = {
            each.file: self._executor.submit(self._run, each) for each in wanted
        }

    def __getitem__(self, expected: Expected) -> Ran:
        return self._runs[expected.file].result()

    def close(self) -> None:
        self._executor.shutdown(cancel_futures=True)

    def _run(self, expected: Expected) -> Ran:
        slug = re.sub(r"\W+", "-", expected.file)
        base, _, options = self._client.cluster.url.partition("?")
        url = f"{base}/corpus/{slug}-{os.getpid()}" + (f"?{options}" if options else "")
        store = open_store(url)
        parameters = self._client.directory / f"{slug}.json"
        parameters.write_text(
            json.dumps(
                {
                    name: f"/tmp/{slug}" if value == FRESH else value
                    for name, value in expected.parameters.items()
                }
            )
        )
        file = CORPUS / expected.file
        words = [str(file), "-f", str(parameters), "--store", url, "--wait", "-o", "json"]
        for name in input_artifacts(file) if expected.wants_artifacts else []:
            store.put(f"given/{name}", f"content of {name}".encode())
            words += ["--artifact", f"{name}={join_uri(url, f'given/{name}')}"]
        plain = self._client.run("submit", *words, timeout_seconds=2400)
        forget_half(store, Random(expected.file))
        half = self._client.run("submit", *words, timeout_seconds=2400)
        return Ran(plain=plain, half=half, url=url)


def forget_half(store: ObjectStore, random: Random) -> None:
    """Remove a random half of the cache."""
    for entry in sorted(info.key for info in store.list("cache")):
        if random.random() < 0.5:
            store.delete(entry)


def is_comparable(expected: Expected) -> bool:
    """Return whether each of its runs ends alike: it tosses no coin, and names no place."""
    return bool(expected.tasks) and expected.file not in OWN_PLACES


@pytest.fixture(scope="session")
def runs(
    request: pytest.FixtureRequest, namespace: ArgoCluster, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[CorpusRuns]:
    wanted: dict[str, Expected] = {}
    for item in request.session.items:
        if isinstance(item, pytest.Function) and item.path == Path(__file__):
            expected: Any = item.callspec.params["expected"]
            wanted[expected.file] = expected
    # Tests delete what the cluster has started.
    client = ArgosyClient(replace(namespace, started=[]), tmp_path_factory.mktemp("client"))
    width = int(os.environ.get("ARGOSY_TEST_PARALLEL", "4"))
    runs = CorpusRuns(client, list(wanted.values()), width)
    yield runs
    runs.close()


each_pipeline = pytest.mark.parametrize(
    "expected",
    [
        pytest.param(one, id=one.file)
        for one in expectations()
        if not is_slow(one) and one.file not in NEEDS
    ],
)


@each_pipeline
def test_a_real_pipeline_ends_on_a_cluster_as_on_one_machine(
    expected: Expected, runs: CorpusRuns, tmp_path: Path
) -> None:
    here = run_here(expected, tmp_path)
    ran = runs[expected]

    assert list(differences(expected, here)) == []
    found = read_result(ran.plain)
    if expected.file in OTHER_ENDS:
        assert found["state"] == OTHER_ENDS[expected.file]
        return
    assert found["state"] == expected.state, found["error"]
    if is_comparable(expected):
        assert comparable(found, ran.url) == comparable(here)


@each_pipeline
def test_a_real_pipeline_ends_likewise_with_half_of_its_results_known(
    expected: Expected, runs: CorpusRuns
) -> None:
    ran = runs[expected]

    plain, half = read_result(ran.plain), read_result(ran.half)
    assert half["state"] == plain["state"]
    if is_comparable(expected):
        assert comparable(half, ran.url) == comparable(plain, ran.url)


def read_result(ended: Ended) -> Json:
    assert ended.status in (0, 1), ended.err
    return dict(ended.result)


def run_here(expected: Expected, directory: Path) -> Json:
    """Return the result of ``argosy run``."""
    words = write_arguments(expected, directory)
    return dict(argosy("run", *words, cwd=directory, timeout_seconds=900).result)


def comparable(result: Json, url: str | None = None) -> Json:
    """Return what a run has in common with others of its pipeline, wherever they ran.

    Args:
        result: The JSON of a run.
        url: Of the store, of a run on a cluster.
    """
    own = ("kind", "item", "state")
    return {
        "outputs": make_plain(result["outputs"]["parameters"]),
        **{
            task["path"]: {
                **{name: make_plain(task[name]) for name in own},
                "parameters": make_plain(task["outputs"]["parameters"]),
                "artifacts": {
                    name: [read_content(one["uri"], url) for one in artifacts]
                    for name, artifacts in task["outputs"]["artifacts"].items()
                },
            }
            for task in result["tasks"]
            if task["kind"] in _LEAVES or task["state"] != "SUCCEEDED"
        },
    }


def read_content(uri: str, url: str | None) -> str:
    """Return the beginning of a small artifact, without what a run has for itself."""
    if url is None:
        path = Path(uri.removeprefix("file://"))
        data = path.read_bytes() if path.is_file() else b""
    else:
        base = url.partition("?")[0]
        inside = uri.startswith(f"{base}/")
        data = (open_store(url).get(uri.removeprefix(f"{base}/")) or b"") if inside else b""
    return str(make_plain(data[:_LARGEST_CONTENT].decode(errors="replace")))
