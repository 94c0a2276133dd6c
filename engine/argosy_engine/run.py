"""Run a compiled workflow on this machine."""

from __future__ import annotations

from collections.abc import Mapping

from argosy_engine.events import Listener, ignore
from argosy_engine.results import RunResult
from argosy_engine.settings import RunSettings
from argosy_schemas.values import JsonValue


def run_workflow(
    workflow: Mapping[str, JsonValue],
    ir: bytes,
    *,
    settings: RunSettings,
    parameters: Mapping[str, str] | None = None,
    artifacts: Mapping[str, str] | None = None,
    listener: Listener = ignore,
) -> RunResult:
    """Run ``workflow`` to its end and return what became of it.

    SIGINT and SIGTERM stop the run while it lasts, when called in the main thread: the first ends
    what runs and lets the run end as CANCELED, the second kills at once. Handlers are restored.

    Args:
        workflow: What the compiler made, unchanged.
        ir: The packed IR that belongs to it.
        settings: Where and how.
        parameters: Name to text, as ``argo submit -p`` takes it: a STRING as it is, all else JSON.
        artifacts: Input artifact of the pipeline to URI or local path.
        listener: Told of everything that happens.

    Raises:
        EngineRefusal: The workflow uses something that this engine does not interpret.
        InvalidArgumentError: A parameter is missing, not declared, or of the wrong type.
        MachineError: The home cannot be written.
        StoreError: The root cannot be reached.
    """
    raise NotImplementedError


def resume_run(run: str, *, settings: RunSettings, listener: Listener = ignore) -> RunResult:
    """Go on with a run that was stopped, killed or failed, and return what became of it.

    Tasks that have a success record do not run again. Root and cache setting are the run's own.

    Args:
        run: The id of the run, or as many of its first characters as no other run shares.
        settings: As for :func:`run_workflow`.
        listener: Told of everything that happens.

    Raises:
        InvalidArgumentError: No run, or more than one, has such an id; or an engine works on it.
    """
    raise NotImplementedError
