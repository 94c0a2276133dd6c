"""``argosy submit`` and ``argosy retry`` on a cluster, where the store says what is known."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from argosy_store.stores import Stores
from cli_processes import Ended, argosy, shell_pipeline
from kube_server import KubeServer, kube_server
from servers import S3Server

TASKS = [f"task-{number}" for number in range(20)]


class World:
    """An API server, a store in a bucket, and a run of this machine whose records are in it."""

    def __init__(self, server: KubeServer, s3: S3Server, url: str, directory: Path) -> None:
        self.server, self.url, self.directory = server, url, directory
        self.environment = os.environ | s3.environment

    def write(self, last: str) -> None:
        """Write a chain of twenty tasks, of which the last one prints this."""
        scripts = {task: 'echo x > "$0"' for task in TASKS[:-1]} | {
            TASKS[-1]: f'echo {last} > "$0"'
        }
        after = dict(zip(TASKS[1:], TASKS[:-1], strict=True))
        document: Any = json.loads(shell_pipeline("chain", scripts, after=after))
        for task in document["root"]["dag"]["tasks"].values():
            task["cachingOptions"] = {"enableCache": True}
        (self.directory / "chain.json").write_text(json.dumps(document))

    def fill_cache(self) -> None:
        """Run the chain on this machine, and copy what it left to the store."""
        assert argosy("run", "chain.json", "-q", cwd=self.directory).status == 0
        home = self.directory / ".argosy"
        with Stores(self.url) as stores:
            store = stores.open(self.url)
            for file in (*home.glob("cache/*.json"), *home.glob("runs/*/tasks/**/*.json")):
                store.put(str(file.relative_to(home)), file.read_bytes())

    def submit(self, *words: str) -> Ended:
        return argosy(
            *("submit", "chain.json", "--store", self.url, *words),
            cwd=self.directory,
            environment=self.environment,
        )

    def workflow(self) -> Any:
        return list(self.server.objects["workflows"].values())[-1]


@pytest.fixture
def world(moto: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    for name, value in moto.environment.items():
        monkeypatch.setenv(name, value)
    bucket = f"known-{os.getpid()}-{abs(hash(str(tmp_path)))}"
    moto.client().create_bucket(Bucket=bucket)
    with kube_server() as server:
        monkeypatch.setenv("KUBECONFIG", str(server.write_kubeconfig(tmp_path / "kubeconfig")))
        monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
        yield World(server, moto, moto.url(bucket, "argosy"), tmp_path)


def pods(workflow: Any) -> list[str]:
    """Return the tasks of the root that have pods."""
    templates = {one["name"]: one for one in workflow["spec"]["templates"]}
    return [
        task["name"]
        for task in templates["root"]["dag"]["tasks"]
        if "container" in templates[task["template"]]
    ]


def test_only_what_is_not_cached_has_a_pod(world: World) -> None:
    world.write("once")
    world.fill_cache()

    whole = world.submit()
    none = pods(world.workflow())
    world.write("twice")
    most = world.submit()
    one = pods(world.workflow())
    world.submit("--pods-for-cached")
    all_of_them = pods(world.workflow())

    assert whole.err.splitlines()[0] == "20 cached tasks need no pod"
    assert most.err.splitlines()[0] == "19 cached tasks need no pod"
    assert (none, one, sorted(all_of_them)) == ([], ["task-19"], sorted(TASKS))


def test_the_run_keeps_what_it_goes_on_with(world: World) -> None:
    world.write("once")
    world.fill_cache()
    world.submit()
    uid = world.workflow()["metadata"]["uid"]

    with Stores(world.url) as stores:
        keys = sorted(info.key for info in stores.open(world.url).list(f"runs/{uid}"))

    tasks = sorted(f"runs/{uid}/tasks/{task}/success.json" for task in TASKS)
    assert keys == [*tasks, f"runs/{uid}/workflow.json"]


def test_a_store_that_cannot_be_reached_costs_pods(world: World, tmp_path: Path) -> None:
    world.write("once")
    world.url = "s3://bucket/argosy?endpoint=http://127.0.0.1:9"

    ended = world.submit()

    assert ended.status == 0
    assert ended.err.startswith(
        "note: the store cannot be read from here, so each cached task has its pod, as with "
        "--pods-for-cached: "
    )
    assert len(pods(world.workflow())) == 20


@pytest.mark.parametrize(
    ("words", "option"),
    [(("-j", "3"), "--jobs"), (("--sdk-logs",), "--sdk-logs"), (("--secret", "a=b"), "--secret")],
)
def test_an_option_of_local_runs_is_refused_for_a_run_on_a_cluster(
    words: tuple[str, ...], option: str, world: World
) -> None:
    ended = argosy(
        *("retry", "train-1", "-n", "ml", *words),
        cwd=world.directory,
        environment=world.environment,
    )

    assert (ended.status, ended.out) == (2, "")
    assert ended.errors == [
        f"{option} is for runs of this machine, and a cluster was chosen; leave it out"
    ]


def test_a_run_is_retried_by_a_new_workflow(world: World) -> None:
    world.write("once")
    world.fill_cache()
    world.write("twice")
    world.submit()
    failed = world.workflow()
    failed["status"] = {"phase": "Failed"}

    ended = argosy(
        *("retry", failed["metadata"]["name"], "-n", "ml"),
        cwd=world.directory,
        environment=world.environment,
    )

    made = world.workflow()
    name, uid = made["metadata"]["name"], failed["metadata"]["uid"]
    assert (ended.status, ended.out) == (0, f"run {uid} goes on as workflow '{name}'\n")
    assert ended.err.splitlines() == [
        "19 known tasks need no pod",
        f"see it with: argosy get {name} -n ml",
    ]
    assert pods(made) == ["task-19"]
