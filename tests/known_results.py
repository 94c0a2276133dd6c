"""Run a pipeline once more in a workflow that leaves out the tasks whose results are known."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, cast

from argosy_compiler.compile import compile_pipeline
from argosy_compiler.compiled_pipeline import CompiledPipeline
from argosy_compiler.options import CompileOptions, IrPlacement
from argosy_driver.planning.settled import find_settled_tasks
from argosy_driver.preparing.paths import LocalPaths
from argosy_driver.resolving.run_context import RunContext
from argosy_engine.home.local_run import create_run
from argosy_engine.run import run_workflow
from argosy_engine.settings import RunSettings
from argosy_engine.workflow.reading import read_workflow
from argosy_runs.results import RunResult, find_own_failures, format_failure
from argosy_schemas.ir.known import KnownTask
from argosy_schemas.ir.model import Pipeline
from argosy_schemas.names import TaskPath
from argosy_store.stores import Stores

OPTIONS = CompileOptions(ir=IrPlacement.STORE, max_nodes=None)

Json = dict[str, Any]

_OWN = re.compile(
    r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?<=-)[0-9a-f]{5}(?![-\w])|work/[0-9a-f]{8}"
)
"""Ids of runs and attempts, the last part of a run's name, and the directory of an attempt."""


@dataclass(frozen=True, kw_only=True)
class Machine:
    """One pipeline and one home."""

    pipeline: Pipeline
    home: Path
    parameters: Mapping[str, str]
    artifacts: Mapping[str, str] | None = None

    @property
    def settings(self) -> RunSettings:
        """One task at a time, since of equal tasks side by side each would run."""
        return RunSettings(home=self.home, jobs=1)

    def compile(self, known: Mapping[TaskPath, KnownTask] | None = None) -> CompiledPipeline:
        """Return the workflow for a run of which this much is known."""
        arguments = {**self.parameters, **(self.artifacts or {})}
        return compile_pipeline(self.pipeline, OPTIONS, known=known, arguments=arguments)

    def run(self, compiled: CompiledPipeline) -> RunResult:
        """Run a workflow to its end."""
        return run_workflow(
            compiled.workflow,
            compiled.ir,
            settings=self.settings,
            parameters=self.parameters,
            artifacts=self.artifacts,
        )

    def settle(self) -> Mapping[TaskPath, KnownTask]:
        """Return what the cache knows for certain."""
        compiled = self.compile()
        run = create_run(
            read_workflow(compiled.workflow),
            compiled.workflow,
            compiled.ir,
            settings=self.settings,
            parameters=self.parameters,
            artifacts=self.artifacts,
        )

        def make_paths(context: RunContext) -> LocalPaths:
            return LocalPaths(self.home / "plan", workspace=Path(context.workspace))

        with Stores(run.spec.root) as stores:
            return find_settled_tasks(
                run.pipeline,
                run.context,
                store=stores.open(self.home),
                stores=stores,
                make_paths=make_paths,
            ).tasks

    def forget(self, random: Random) -> None:
        """Remove a random half of the cache."""
        for entry in sorted((self.home / "cache").glob("*.json")):
            if random.random() < 0.5:
                entry.unlink()


def leave_some(known: Mapping[TaskPath, KnownTask], random: Random) -> dict[TaskPath, KnownTask]:
    """Return a random part of known tasks: with each group that is left, all that is in it."""
    dropped = {path for path in known if random.random() < 0.5}
    kept: dict[TaskPath, KnownTask] = {}
    for path, task in known.items():
        parts = path.split("/")
        around = {TaskPath("/".join(parts[:end])) for end in range(1, len(parts) + 1)}
        outer = next((one for one in sorted(around, key=len) if one in known), path)
        if outer not in dropped or path not in dropped:
            kept[path] = task
    # A group counts only with everything in it.
    return {
        path: task
        for path, task in kept.items()
        if all(one in kept for one in known if one.startswith(f"{path}/"))
    }


def comparable(result: RunResult) -> Json:
    """Return what two runs of a pipeline have in common, of which one was served by the other."""
    document: Any = result.to_json()
    own = ("kind", "name", "display_name", "item", "state", "reason", "cached", "outputs")
    return {
        "state": document["state"],
        "error": make_plain(find_kind_of_error(result)),
        "outputs": make_plain(document["outputs"]),
        **{
            task["path"]: {name: make_plain(task[name]) for name in own}
            for task in document["tasks"]
        },
    }


def find_kind_of_error(result: RunResult) -> str | None:
    """Return the error of a run without the task that it names, if that task failed with it.

    It names the first task to fail: which one that is depends on the tasks that have pods.
    """
    failures = [format_failure(task.path, task.error) for task in find_own_failures(result.tasks)]
    return "a task failed" if result.error in failures else result.error


def make_plain(value: Any) -> Any:
    """Return JSON without the names that a run has for itself."""
    if isinstance(value, str):
        return _OWN.sub("<own>", value)
    if isinstance(value, Mapping):
        members = cast("Mapping[str, Any]", value)
        return {make_plain(key): make_plain(each) for key, each in members.items()}
    if isinstance(value, list | tuple):
        items = cast("Sequence[Any]", value)
        return [make_plain(each) for each in items]
    return value
