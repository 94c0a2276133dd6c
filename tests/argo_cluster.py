"""A cluster with Argo, driven by ``kubectl`` and ``argo`` as a person would drive it."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from argosy_compiler import CompileOptions, compile_pipeline
from argosy_compiler.emit import emit
from argosy_schemas.formats.records import AttemptRecord, AttemptState
from argosy_schemas.formats.records_json import record_from_json
from argosy_schemas.ir.model import Pipeline
from argosy_store.objects import ObjectStore
from argosy_store.stores import Stores

Json = dict[str, Any]

POLL_SECONDS = 2
"""Each question is a process, which takes a third of a second of a processor that pods need."""

NODE_NAME = "workflows.argoproj.io/node-name"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """``argo submit`` did not take a workflow."""

    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ArgoCluster:
    """One namespace of a cluster, and how pipelines are compiled for it."""

    namespace: str
    options: CompileOptions
    environment: Mapping[str, str]
    url: str
    """Of the store."""
    stores: Stores
    started: list[str] = field(default_factory=list[str])
    """Workflows to delete."""

    @property
    def store(self) -> ObjectStore:
        """The store of the pods, seen from here."""
        return self.stores.open(self.url)

    def compile(self, pipeline: Pipeline, **options: Any) -> Json:
        """Return the workflow, made with other ``options`` than those of the cluster."""
        compiled = compile_pipeline(pipeline, replace(self.options, **options))
        return dict(json.loads(emit(compiled)))

    def submit(self, workflow: Json, *words: str) -> ArgoRun:
        """Submit a workflow by ``argo submit`` with these options."""
        submitted = self.try_submit(workflow, *words)
        assert isinstance(submitted, ArgoRun), submitted
        return submitted

    def try_submit(self, workflow: Json, *words: str) -> ArgoRun | Refused:
        done = self._run("argo", "submit", *words, "-o", "name", "-", text=json.dumps(workflow))
        if done.returncode != 0:
            return Refused(message=done.stderr)
        return self._started(done.stdout)

    def start(self, pipeline: Pipeline, *words: str, **options: Any) -> ArgoRun:
        """Compile and submit."""
        return self.submit(self.compile(pipeline, **options), *words)

    def submit_from(self, source: str, *words: str) -> ArgoRun:
        """Submit a workflow from a template, e.g. ``workflowtemplate/train``."""
        return self._started(self.argo("submit", "--from", source, *words, "-o", "name"))

    def wait_for_workflow(self, selector: str) -> str:
        """Return the name of a workflow with these labels, as soon as there is one."""
        deadline = time.monotonic() + 120
        while True:
            names = self.kubectl("get", "workflows", "-l", selector, "-o", "name").split()
            if names:
                return self._started(names[0]).name
            assert time.monotonic() < deadline, f"no workflow has {selector}"
            time.sleep(POLL_SECONDS)

    def argo(self, *words: str) -> str:
        return self._checked("argo", *words)

    def kubectl(self, *words: str, timeout_seconds: float = 120) -> str:
        return self._checked("kubectl", *words, timeout_seconds=timeout_seconds)

    def read_log(self, pod: str, *, container: str = "main") -> list[str]:
        """Return what a container of a pod has printed; nothing before it has begun."""
        return self._run("kubectl", "logs", pod, "-c", container).stdout.splitlines()

    def resubmit(self, run: ArgoRun, *words: str) -> ArgoRun:
        return self._started(self.argo("resubmit", run.name, *words, "-o", "name"))

    def clean(self) -> None:
        """Delete what was submitted."""
        for name in self.started:
            self._run("argo", "delete", name)
        self.started.clear()

    def _started(self, printed: str) -> ArgoRun:
        name = printed.split()[-1].rpartition("/")[2]
        self.started.append(name)
        return ArgoRun(cluster=self, name=name)

    def _checked(self, *words: str, timeout_seconds: float = 120) -> str:
        done = self._run(*words, timeout_seconds=timeout_seconds)
        assert done.returncode == 0, f"{words}: {done.stderr}"
        return done.stdout

    def _run(
        self, program: str, *words: str, text: str | None = None, timeout_seconds: float = 120
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [program, "--namespace", self.namespace, *words],
            input=text,
            env=dict(self.environment),
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout_seconds,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ArgoRun:
    """One workflow, by its name."""

    cluster: ArgoCluster
    name: str

    def get(self) -> Json:
        """Return the ``Workflow`` as it is now."""
        return dict(json.loads(self.cluster.kubectl("get", "workflow", self.name, "-o", "json")))

    def end(self, *, timeout_seconds: float = 600) -> str:
        """Wait until Argo is done with it; return its phase."""
        self.cluster.kubectl(
            "wait",
            "--for=condition=Completed",
            f"--timeout={timeout_seconds:.0f}s",
            f"workflow/{self.name}",
            timeout_seconds=timeout_seconds + 60,
        )
        return str(self.get()["status"]["phase"])

    def wait_until(self, holds: Callable[[], bool], *, timeout_seconds: float = 300) -> None:
        deadline = time.monotonic() + timeout_seconds
        while not holds():
            assert time.monotonic() < deadline, self.cluster.argo("get", self.name)
            time.sleep(POLL_SECONDS)

    def node(self, path: str) -> Json:
        """Return the node of a task; its phase is that of its last attempt where it has several."""
        nodes: Iterable[Json] = self.get().get("status", {}).get("nodes", {}).values()
        name = f"{self.name}.{path.replace('/', '.')}"
        return next(each for each in nodes if each["name"] == name)

    def pods(self) -> list[Json]:
        selector = f"workflows.argoproj.io/workflow={self.name}"
        listed = self.cluster.kubectl("get", "pods", "-l", selector, "-o", "json")
        return list(json.loads(listed)["items"])

    def wait_for_pods(self) -> list[str]:
        """Return the phases of all pods when they have ended: a run may end a moment before."""
        phases: list[str] = []

        def have_ended() -> bool:
            phases[:] = [pod["status"]["phase"] for pod in self.pods()]
            return not {*phases} - {"Succeeded", "Failed"}

        self.wait_until(have_ended, timeout_seconds=60)
        return phases

    def pod(self, path: str) -> str:
        """Return the name of the newest pod of a task, or nothing."""
        name = f"{self.name}.{path.replace('/', '.')}"
        of_task = sorted(
            (each["metadata"]["creationTimestamp"], each["metadata"]["name"])
            for each in self.pods()
            if each["metadata"]["annotations"][NODE_NAME].partition("(")[0] == name
        )
        return of_task[-1][1] if of_task else ""

    def wait_for_line(self, path: str, line: str) -> str:
        """Wait until the command of a task has printed a line; return the name of its pod."""

        def printed() -> bool:
            pod = self.pod(path)
            return bool(pod) and line in self.cluster.read_log(pod)

        self.wait_until(printed)
        return self.pod(path)

    def ended_attempts(self, path: str) -> list[AttemptRecord]:
        """Return the attempt records of a task when the launcher of each has written its last.

        Argo may call a node failed while its launcher still stores log and record.
        """
        running = AttemptState.RUNNING
        self.wait_until(lambda: all(each.state is not running for each in self.attempts(path)))
        return self.attempts(path)

    def attempts(self, path: str) -> list[AttemptRecord]:
        """Return the records of the attempts at a task, in order of their beginnings.

        The success record is the last in the order of keys, so that it replaces what the driver
        wrote of the same attempt.
        """
        keys = (info.key for info in self.cluster.store.list(self._records(path)))
        texts = (self.cluster.store.get(key) for key in keys if key.endswith(".json"))
        records = (record_from_json(text) for text in texts if text is not None)
        found = {record.attempt_id: record for record in records}
        return sorted(found.values(), key=lambda record: record.started_at)

    def log(self, path: str) -> str:
        """Return the stored log of the last attempt at a task."""
        key = self.ended_attempts(path)[-1].log
        return "" if key is None else (self.cluster.store.get(key) or b"").decode()

    def _records(self, path: str) -> str:
        return f"runs/{self.get()['metadata']['uid']}/tasks/{path}"
