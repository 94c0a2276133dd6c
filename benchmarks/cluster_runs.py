"""How long commands take on the runs of a cluster, beside ``argosy --help``.

    python benchmarks/cluster_runs.py [--runs N] [--nodes N] [--kubeconfig FILE --namespace NAME]

Lists N workflows and reads a run of N nodes, from an API server in this process, or from a real
one that a kubeconfig names: then it creates the workflows in the namespace, without a controller
taking note of them, and deletes them. ``get`` is also timed without process and network: what it
costs after the object has come. Prints a table of Markdown.
"""

from __future__ import annotations

import argparse
import copy
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from argosy_cluster.cluster import Cluster
from argosy_cluster.fakes import FakeCluster
from argosy_cluster.resources import WORKFLOWS
from argosy_cluster.runs.place import ClusterRuns
from argosy_cluster.targets import Target, connect_cluster
from argosy_compiler.compile import compile_pipeline
from argosy_compiler.options import CompileOptions
from argosy_runs.places import RunReference
from argosy_schemas.names import RunId
from argosy_schemas.reading.pipeline import read_pipeline
from argosy_store.parallel import for_each
from kube_server import kube_server

Json = dict[str, Any]

ARGOSY = str(Path(sys.executable).with_name("argosy"))
HELLO = Path(__file__).resolve().parents[1] / "examples" / "01-hello" / "pipeline.yaml"
REPEATS = 5
LOOP = b"""\
pipelineInfo: {name: loop}
schemaVersion: 2.1.0
sdkVersion: kfp-2.14.0
deploymentSpec: {executors: {exec: {container: {image: i, command: [c]}}}}
components:
  comp-loop:
    inputDefinitions: {parameters: {item: {parameterType: STRING}}}
    dag: {tasks: {task: {componentRef: {name: comp-task}, taskInfo: {name: task}}}}
  comp-task: {executorLabel: exec}
root:
  dag:
    tasks:
      loop:
        componentRef: {name: comp-loop}
        taskInfo: {name: loop}
        parameterIterator: {itemInput: item, items: {raw: '[]'}}
"""
AT = "2026-01-01T00:00:00Z"
INSTANCE = "workflows.argoproj.io/controller-instanceid"
"""A controller takes no note of the workflows of another instance."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, usage="%(prog)s [OPTIONS]")
    parser.add_argument("--runs", type=int, default=5_000)
    parser.add_argument("--nodes", type=int, default=4_000)
    parser.add_argument("--kubeconfig")
    parser.add_argument("--namespace", default="ml")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        store = Path(directory, "store")
        large = make_loop(chosen.nodes, store)
        small = make_hello(store)
        parts = seconds_to_read(large)
        with api_server(Path(directory), chosen) as (cluster, environment):
            names = fill(cluster, small, large, chosen.runs)
            try:
                measured = {
                    f"`list`, {chosen.runs:,} workflows": ("list", *environment),
                    f"`get`, {chosen.nodes:,} nodes": ("get", "bench-large", *environment),
                    "`submit --dry-run` of hello": (
                        *("submit", str(HELLO), "--param", "name=x", "--store", "s3://bucket/x"),
                        *("--dry-run", *environment),
                    ),
                    "`submit --help`": ("submit", "--help"),
                    "`--help`": ("--help",),
                }
                times = {what: seconds(*words) for what, words in measured.items()}
            finally:
                for_each(lambda name: cluster.delete(WORKFLOWS, name), names, width=8)
    print("| what | seconds |")
    print("| --- | --- |")
    for what, value in {**times, f"reading {chosen.nodes:,} nodes, in process": parts}.items():
        print(f"| {what} | {value:.2f} |")


@contextmanager
def api_server(
    directory: Path, chosen: argparse.Namespace
) -> Generator[tuple[Cluster, tuple[str, ...]]]:
    """Yield a cluster, and the options that name it."""
    if chosen.kubeconfig:
        target = Target(namespace=chosen.namespace, kubeconfig=chosen.kubeconfig)
        yield (
            connect_cluster(target),
            ("-n", chosen.namespace, "--kubeconfig", chosen.kubeconfig),
        )
        return
    with kube_server() as server:
        kubeconfig = str(server.write_kubeconfig(directory / "kubeconfig"))
        target = Target(namespace="ml", kubeconfig=kubeconfig)
        yield connect_cluster(target), ("-n", "ml", "--kubeconfig", kubeconfig)


def make_hello(store: Path) -> Json:
    options = CompileOptions(store=str(store))
    pipeline = read_pipeline(HELLO.read_bytes(), file=HELLO.name)
    workflow: Json = json.loads(json.dumps(compile_pipeline(pipeline, options).workflow))
    workflow["metadata"]["labels"][INSTANCE] = "benchmark"
    workflow["status"] = {"phase": "Succeeded", "startedAt": AT, "finishedAt": AT}
    return workflow


def make_loop(nodes: int, store: Path) -> Json:
    """Return the workflow of a loop whose nodes have ended, as Argo has them."""
    pipeline = read_pipeline(LOOP, file="loop.yaml")
    compiled = compile_pipeline(pipeline, CompileOptions(store=str(store)))
    workflow: Json = json.loads(json.dumps(compiled.workflow))
    workflow["metadata"]["labels"][INSTANCE] = "benchmark"
    workflow["status"] = {
        "phase": "Succeeded",
        "startedAt": AT,
        "finishedAt": AT,
        "nodes": dict(loop_nodes(nodes)),
    }
    return workflow


def loop_nodes(count: int) -> Iterator[tuple[str, Json]]:
    """Yield nodes by id: of the root, the loop, its iterations, and a pod in each."""

    def node(key: str, name: str, kind: str, boundary: str, path: str | None, **more: Any) -> Any:
        inputs = (
            [] if path is None else [{"name": "task" if kind == "Pod" else "path", "value": path}]
        )
        return key, {
            "id": key,
            "name": name,
            "displayName": name.rpartition(".")[2],
            "type": kind,
            "phase": "Succeeded",
            "boundaryID": boundary,
            "templateName": "x",
            "startedAt": AT,
            "finishedAt": AT,
            "inputs": {"parameters": inputs},
            **more,
        }

    iterations = (count - 3) // 2
    summary = json.dumps({"state": "succeeded", "outputs": {}})
    outputs = {"parameters": [{"name": "summary", "value": summary}]}
    top = "bench-large"
    yield node("r", top, "DAG", "", "")
    yield node("l", f"{top}.loop", "DAG", "r", "loop/")
    groups = [f"i{number}" for number in range(iterations)]
    yield node("g", f"{top}.loop.iteration", "TaskGroup", "l", "loop/", children=groups)
    for number in range(iterations):
        name = f"{top}.loop.iteration({number}:{number})"
        yield node(f"i{number}", name, "DAG", "l", f"loop/{number}/")
        path = f"loop/{number}/task"
        yield node(f"p{number}", f"{name}.task", "Pod", f"i{number}", path, outputs=outputs)


def seconds_to_read(workflow: Json) -> float:
    """Return what reading a run takes when its object has come."""
    document = copy.deepcopy(workflow)
    document["metadata"] |= {"name": "bench-large", "uid": "u", "creationTimestamp": AT}
    cluster = FakeCluster()
    cluster.put(WORKFLOWS, document)
    times: list[float] = []
    for _ in range(REPEATS):
        with ClusterRuns(cluster) as place:
            began_at = time.perf_counter()
            reference = RunReference(run_id=RunId("u"), name="bench-large")
            result = place.read(reference, with_values=False)
            times.append(time.perf_counter() - began_at)
            assert len(result.tasks) > len(document["status"]["nodes"]) // 2
    return statistics.median(times)


def fill(cluster: Cluster, small: Json, large: Json, count: int) -> list[str]:
    """Create workflows, and return their names."""

    def create(name: str) -> None:
        template = large if name == "bench-large" else small
        metadata = {**template["metadata"], "name": name}
        metadata.pop("generateName", None)
        cluster.create(WORKFLOWS, {**template, "metadata": metadata})

    names = [f"bench-{uuid.uuid4().hex[:10]}" for _ in range(count - 1)]
    for_each(create, ["bench-large", *names], width=8)
    return ["bench-large", *names]


def seconds(*words: str) -> float:
    environment: Mapping[str, str] = {**os.environ, "XDG_CONFIG_HOME": "/nonexistent"}
    times: list[float] = []
    for _ in range(REPEATS):
        began_at = time.perf_counter()
        done = subprocess.run([ARGOSY, *words], capture_output=True, text=True, env=environment)
        times.append(time.perf_counter() - began_at)
        assert done.returncode == 0, done.stderr
    return statistics.median(times)


if __name__ == "__main__":
    main()
