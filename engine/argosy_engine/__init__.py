"""The embedded engine: interprets the compiled workflow and runs its pods as local processes."""

from argosy_engine.events import Event, Listener
from argosy_engine.refusal import EngineRefusal
from argosy_engine.results import RunResult, TaskResult
from argosy_engine.run import resume_run, run_workflow
from argosy_engine.settings import RunSettings
from argosy_engine.states import RunState, TaskKind, TaskState

__all__ = [
    "EngineRefusal",
    "Event",
    "Listener",
    "RunResult",
    "RunSettings",
    "RunState",
    "TaskKind",
    "TaskResult",
    "TaskState",
    "resume_run",
    "run_workflow",
]
