"""Run Kubeflow pipelines on this machine, or compile and submit them for Argo Workflows.

>>> import argosy
>>> result = argosy.run("pipeline.yaml", {"name": "World"})  # doctest: +SKIP
>>> result.outputs.parameters["Output"]  # doctest: +SKIP
'Hello, World!'

The names in ``__all__`` are the public API, see ``docs/python-api.md``. All other modules, in this
package and in the ``argosy_…`` packages, are internal and change without notice.

A name is imported when it is first used, so that ``import argosy`` itself loads nothing.
"""

from __future__ import annotations

# Not typing's own, which takes longer to import than all that is here.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from argosy import runs
    from argosy._compiling import compile
    from argosy._pipelines import Pipeline, read
    from argosy._planning import plan
    from argosy._running import resume, run
    from argosy._submitting import SubmittedRun, submit
    from argosy_compiler.compiled_pipeline import CompiledPipeline, Note
    from argosy_compiler.container_resources import ContainerResources
    from argosy_compiler.emit import TextFormat, emit
    from argosy_compiler.options import CompileOptions, IrPlacement, PodSecurity
    from argosy_driver.planning.planned_task import PlannedTask, Verdict
    from argosy_engine.plan import RunPlan
    from argosy_runs.events import (
        Event,
        Listener,
        Notice,
        RunFinished,
        RunStarted,
        Stopping,
        TaskFinished,
        TaskLogLine,
        TaskRetrying,
        TaskStarted,
    )
    from argosy_runs.places import RunEntry
    from argosy_runs.results import RunResult, TaskResult
    from argosy_runs.states import RunState, TaskState
    from argosy_schemas.errors import (
        AccessDeniedError,
        ArgosyError,
        ClusterError,
        InvalidArgumentError,
        InvalidPipelineError,
        MachineError,
        MissingObjectError,
        NameTakenError,
        Problem,
        RefusedObjectError,
        StoreError,
        UnreachableClusterError,
        UnsupportedError,
    )
    from argosy_schemas.formats.records import Artifact, Values
    from argosy_schemas.ir.model import ArtifactSpec, ParameterSpec, ParameterType
    from argosy_schemas.ir.task_kind import TaskKind

_MODULES = {
    "AccessDeniedError": "argosy_schemas.errors",
    "ArgosyError": "argosy_schemas.errors",
    "Artifact": "argosy_schemas.formats.records",
    "ArtifactSpec": "argosy_schemas.ir.model",
    "ClusterError": "argosy_schemas.errors",
    "CompileOptions": "argosy_compiler.options",
    "CompiledPipeline": "argosy_compiler.compiled_pipeline",
    "ContainerResources": "argosy_compiler.container_resources",
    "Event": "argosy_runs.events",
    "InvalidArgumentError": "argosy_schemas.errors",
    "InvalidPipelineError": "argosy_schemas.errors",
    "IrPlacement": "argosy_compiler.options",
    "Listener": "argosy_runs.events",
    "MachineError": "argosy_schemas.errors",
    "MissingObjectError": "argosy_schemas.errors",
    "NameTakenError": "argosy_schemas.errors",
    "Note": "argosy_compiler.compiled_pipeline",
    "Notice": "argosy_runs.events",
    "ParameterSpec": "argosy_schemas.ir.model",
    "ParameterType": "argosy_schemas.ir.model",
    "Pipeline": "argosy._pipelines",
    "PlannedTask": "argosy_driver.planning.planned_task",
    "PodSecurity": "argosy_compiler.options",
    "Problem": "argosy_schemas.errors",
    "RefusedObjectError": "argosy_schemas.errors",
    "RunEntry": "argosy_runs.places",
    "RunFinished": "argosy_runs.events",
    "RunPlan": "argosy_engine.plan",
    "RunResult": "argosy_runs.results",
    "RunStarted": "argosy_runs.events",
    "RunState": "argosy_runs.states",
    "Stopping": "argosy_runs.events",
    "StoreError": "argosy_schemas.errors",
    "SubmittedRun": "argosy._submitting",
    "TaskFinished": "argosy_runs.events",
    "TaskKind": "argosy_schemas.ir.task_kind",
    "TaskLogLine": "argosy_runs.events",
    "TaskResult": "argosy_runs.results",
    "TaskRetrying": "argosy_runs.events",
    "TaskStarted": "argosy_runs.events",
    "TaskState": "argosy_runs.states",
    "TextFormat": "argosy_compiler.emit",
    "UnreachableClusterError": "argosy_schemas.errors",
    "UnsupportedError": "argosy_schemas.errors",
    "Values": "argosy_schemas.formats.records",
    "Verdict": "argosy_driver.planning.planned_task",
    "compile": "argosy._compiling",
    "emit": "argosy_compiler.emit",
    "plan": "argosy._planning",
    "read": "argosy._pipelines",
    "resume": "argosy._running",
    "run": "argosy._running",
    "submit": "argosy._submitting",
}
"""Public name to the module that defines it; but for ``runs``, which is a module."""

__all__ = [
    "AccessDeniedError",
    "ArgosyError",
    "Artifact",
    "ArtifactSpec",
    "ClusterError",
    "CompileOptions",
    "CompiledPipeline",
    "ContainerResources",
    "Event",
    "InvalidArgumentError",
    "InvalidPipelineError",
    "IrPlacement",
    "Listener",
    "MachineError",
    "MissingObjectError",
    "NameTakenError",
    "Note",
    "Notice",
    "ParameterSpec",
    "ParameterType",
    "Pipeline",
    "PlannedTask",
    "PodSecurity",
    "Problem",
    "RefusedObjectError",
    "RunEntry",
    "RunFinished",
    "RunPlan",
    "RunResult",
    "RunStarted",
    "RunState",
    "Stopping",
    "StoreError",
    "SubmittedRun",
    "TaskFinished",
    "TaskKind",
    "TaskLogLine",
    "TaskResult",
    "TaskRetrying",
    "TaskStarted",
    "TaskState",
    "TextFormat",
    "UnreachableClusterError",
    "UnsupportedError",
    "Values",
    "Verdict",
    "compile",
    "emit",
    "plan",
    "read",
    "resume",
    "run",
    "runs",
    "submit",
]


def __getattr__(name: str) -> object:
    """Import a public name when it is first used."""
    if name not in __all__:
        raise AttributeError(f"module 'argosy' has no attribute '{name}'")
    import importlib

    if name == "runs":
        return importlib.import_module("argosy.runs")
    value: object = getattr(importlib.import_module(_MODULES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Return the public names, which completion in a notebook offers."""
    return __all__
