"""What Argosy costs on a cluster: ``python benchmarks/cluster_overhead.py [--shape NAME]``.

Each shape is run as a pipeline that Argosy compiled and as a plain Argo workflow with the same
containers, in turns, ``--rounds`` times; the seconds are those from the creation of the workflow to
its end, as Argo writes them. Nothing is cached. The shapes:

* ``chain``: ten tasks in sequence that do nothing
* ``artifacts``: six tasks with five artifacts of some bytes, five levels deep; in the plain
  workflow Argo's own artifacts
* ``parallel``: a hundred tasks at once

The cluster is the one of ``tests/cluster/conftest.py``: ``ARGOSY_TEST_KUBECONFIG``,
``ARGOSY_TEST_STORE`` (``s3://``, whose secret has ``AWS_ACCESS_KEY_ID`` and
``AWS_SECRET_ACCESS_KEY``), ``ARGOSY_TEST_NAMESPACE`` and the others. Most of the time is the
controller's: run it with the ``DEFAULT_REQUEUE_TIME`` that you mean to measure, 10 s as shipped.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import parse_qs, urlsplit

from argosy_compiler import CompileOptions, compile_pipeline
from argosy_compiler.emit import emit
from argosy_compiler.options import DEFAULT_IMAGE
from argosy_schemas.reading.pipeline import read_pipeline

IMAGE = "busybox:1.36"
CHAIN, PARALLEL = 10, 100
COMPLETED = "workflows.argoproj.io/completed"

PIPELINES = f"""
from kfp import compiler, dsl
from kfp.dsl import Artifact, Input, Output


@dsl.container_component
def nothing():
    return dsl.ContainerSpec(image="{IMAGE}", command=["true"])


@dsl.container_component
def make(out: Output[Artifact]):
    return dsl.ContainerSpec(
        image="{IMAGE}", command=["sh", "-c", "echo data > $0", out.path]
    )


@dsl.container_component
def extend(given: Input[Artifact], out: Output[Artifact]):
    return dsl.ContainerSpec(
        image="{IMAGE}",
        command=["sh", "-c", "cat $0 > $1; echo more >> $1", given.path, out.path],
    )


@dsl.pipeline(name="chain")
def chain():
    last = nothing()
    for _ in range({CHAIN - 1}):
        last = nothing().after(last)


@dsl.pipeline(name="artifacts")
def artifacts():
    b = extend(given=make().outputs["out"])
    extend(given=b.outputs["out"])
    d = extend(given=b.outputs["out"])
    extend(given=extend(given=d.outputs["out"]).outputs["out"])


@dsl.pipeline(name="parallel")
def parallel():
    for _ in range({PARALLEL}):
        nothing()


for pipeline in (chain, artifacts, parallel):
    compiler.Compiler().compile(pipeline, f"{{pipeline.name}}.yaml")
"""

Json = dict[str, Any]


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shape", action="append", choices=[*PLAIN], help="default: all")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args(arguments)
    if not os.environ.get("ARGOSY_TEST_KUBECONFIG"):
        raise SystemExit("error: ARGOSY_TEST_KUBECONFIG names no cluster; set it")
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        (folder / "pipelines.py").write_text(PIPELINES)
        subprocess.run([sys.executable, "pipelines.py"], cwd=folder, check=True)
        print("| shape | plain Argo | Argosy | adds per level | ratio |")
        print("| --- | --- | --- | --- | --- |")
        for shape in given.shape or PLAIN:
            measure(shape, (folder / f"{shape}.yaml").read_bytes(), given.rounds)
    return 0


def measure(shape: str, pipeline: bytes, rounds: int) -> None:
    """Run a shape both ways in turns, and print its row."""
    build, levels = PLAIN[shape]
    compiled = json.loads(
        emit(compile_pipeline(read_pipeline(pipeline, file=f"{shape}.yaml"), read_options()))
    )
    parameters = compiled["spec"]["arguments"]["parameters"]
    next(each for each in parameters if each["name"] == "argosy-cache")["value"] = "false"
    seconds: dict[str, list[float]] = {"plain": [], "argosy": []}
    for _ in range(rounds):
        seconds["plain"].append(run(build()))
        seconds["argosy"].append(run(compiled))
    plain, ours = median(seconds["plain"]), median(seconds["argosy"])
    load = os.getloadavg()[1]
    adds = (ours - plain) / levels
    print(
        f"| {shape}, load {load:.0f} | {plain:.0f} s | {ours:.0f} s | {adds:.1f} s "
        f"| {ours / plain:.2f} |",
        flush=True,
    )


def read_options() -> CompileOptions:
    get = os.environ.get
    return CompileOptions(
        store=os.environ["ARGOSY_TEST_STORE"],
        store_secret=get_secret(),
        service_account=get_account(),
        image=get("ARGOSY_TEST_IMAGE", DEFAULT_IMAGE),
    )


def get_secret() -> str:
    return os.environ.get("ARGOSY_TEST_STORE_SECRET", "argosy-store")


def get_account() -> str:
    return os.environ.get("ARGOSY_TEST_SERVICE_ACCOUNT", "argosy")


# The same in plain Argo.


def make_chain() -> Json:
    tasks: list[Json] = [{"name": "t0", "template": "nothing"}]
    for number in range(1, CHAIN):
        tasks.append({"name": f"t{number}", "template": "nothing", "depends": f"t{number - 1}"})
    return make_workflow(tasks, [make_container("nothing", "true")])


def make_parallel() -> Json:
    tasks = [{"name": f"t{number}", "template": "nothing"} for number in range(PARALLEL)]
    return make_workflow(tasks, [make_container("nothing", "true")])


def make_artifacts() -> Json:
    url = urlsplit(os.environ["ARGOSY_TEST_STORE"])
    endpoint = urlsplit(parse_qs(url.query)["endpoint"][0])
    keys = {
        field: {"name": get_secret(), "key": key}
        for field, key in (
            ("accessKeySecret", "AWS_ACCESS_KEY_ID"),
            ("secretKeySecret", "AWS_SECRET_ACCESS_KEY"),
        )
    }
    where: Json = {
        "endpoint": endpoint.netloc,
        "insecure": endpoint.scheme == "http",
        "bucket": url.netloc,
        "key": "plain/{{workflow.name}}/{{pod.name}}/out",
        **keys,
    }
    out: Json = {
        "artifacts": [{"name": "out", "path": "/tmp/out", "archive": {"none": {}}, "s3": where}]
    }
    make: Json = {**make_container("make", "sh", "-c", "echo data > /tmp/out"), "outputs": out}
    extend: Json = {
        **make_container("extend", "sh", "-c", "cat /tmp/in > /tmp/out; echo more >> /tmp/out"),
        "inputs": {"artifacts": [{"name": "in", "path": "/tmp/in"}]},
        "outputs": out,
    }
    tasks: list[Json] = [{"name": "a", "template": "make"}]
    for name, above in ("ba", "cb", "db", "ed", "fe"):
        passed = {"name": "in", "from": f"{{{{tasks.{above}.outputs.artifacts.out}}}}"}
        tasks.append(
            {
                "name": name,
                "template": "extend",
                "depends": above,
                "arguments": {"artifacts": [passed]},
            }
        )
    return make_workflow(tasks, [make, extend])


def make_container(name: str, *command: str) -> Json:
    return {"name": name, "container": {"image": IMAGE, "command": list(command)}}


def make_workflow(tasks: Sequence[Json], templates: Sequence[Json]) -> Json:
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"generateName": "plain-"},
        "spec": {
            "entrypoint": "root",
            "serviceAccountName": get_account(),
            "templates": [{"name": "root", "dag": {"tasks": list(tasks)}}, *templates],
        },
    }


PLAIN: Mapping[str, tuple[Callable[[], Json], int]] = {
    "chain": (make_chain, CHAIN),
    "artifacts": (make_artifacts, 5),
    "parallel": (make_parallel, 1),
}
"""Shape to what makes its plain workflow, and the number of its levels."""


# The cluster.


def run(workflow: Json) -> float:
    """Run a workflow, delete it, and return its seconds."""
    name = kubectl("create", "-f", "-", "-o", "name", text=json.dumps(workflow)).strip()
    try:
        while True:
            found = json.loads(kubectl("get", name, "-o", "json"))
            if found["metadata"].get("labels", {}).get(COMPLETED) == "true":
                break
            time.sleep(1)
    finally:
        kubectl("delete", name, "--wait=false")
    status = found["status"]
    if status["phase"] != "Succeeded":
        raise SystemExit(f"error: {name} ended {status['phase']}: {status.get('message')}")
    began = datetime.fromisoformat(found["metadata"]["creationTimestamp"])
    return (datetime.fromisoformat(status["finishedAt"]) - began).total_seconds()


def kubectl(*words: str, text: str | None = None) -> str:
    namespace = os.environ.get("ARGOSY_TEST_NAMESPACE", "default")
    return subprocess.run(
        ["kubectl", "--namespace", namespace, *words],
        input=text,
        env={**os.environ, "KUBECONFIG": os.environ["ARGOSY_TEST_KUBECONFIG"]},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
