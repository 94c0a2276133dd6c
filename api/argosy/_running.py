"""Run a pipeline on this machine, or go on with a run."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from argosy._pipelines import Pipeline, PipelineSource
from argosy._run_inputs import prepare_run_inputs
from argosy_driver.stand_ins import Directories, make_stand_ins
from argosy_engine.run import resume_run, run_workflow
from argosy_engine.settings import RunnerName, RunSettings, get_default_jobs
from argosy_runs.events import Listener, ignore
from argosy_runs.results import RunResult
from argosy_schemas.errors import InvalidArgumentError
from argosy_schemas.values import JsonValue


def run(
    pipeline: Pipeline | PipelineSource,
    arguments: Mapping[str, JsonValue] | None = None,
    *,
    artifacts: Mapping[str, str | os.PathLike[str]] | None = None,
    home: str | os.PathLike[str] = ".argosy",
    root: str | None = None,
    cache: bool = True,
    jobs: int | None = None,
    runner: str = "process",
    keep_pins: bool = False,
    claims: Directories | None = None,
    secrets: Directories | None = None,
    config_maps: Directories | None = None,
    env_file: str | os.PathLike[str] | None = None,
    environment: Mapping[str, str] | None = None,
    on_event: Listener | None = None,
) -> RunResult:
    """Run a pipeline to its end and return what became of it.

    A run that fails is a result whose ``state`` is ``FAILED``, not an exception. In the main thread
    Ctrl-C and SIGTERM stop the run, which ends as ``CANCELED``; a second one kills its tasks.
    Nothing is printed: what tasks write is in ``on_event`` and in their logs.

    Args:
        pipeline: What :func:`argosy.read` returned, or takes.
        arguments: Parameter to its value, as JSON has it: text, numbers, booleans, lists, dicts.
            A parameter that is left out has its default.
        artifacts: Input artifact of the pipeline to its URI or local path.
        home: Directory of records, cache, logs and artifacts; shared by runs and processes.
        root: URI below which artifacts are written; ``pipeline``: the one that the pipeline names;
            ``None``: inside ``home``.
        cache: Whether results of earlier runs may be reused.
        jobs: How many tasks may run at once; ``None``: as many as there are processors.
        runner: How commands of tasks start: ``process``, as processes of this machine; ``docker``
            or ``podman``, in containers of their images.
        keep_pins: Whether a component gets the very ``kfp`` version, from 2.5 on, that its file
            pins.
        claims: Volume claim of the cluster to the directory that is mounted in its place.
        secrets: Secret of the cluster to a directory with a file for each key.
        config_maps: Likewise, ConfigMaps.
        env_file: Lines ``NAME=value``: variables that tasks take from Secrets, ConfigMaps and
            fields of their pods.
        environment: Variables, of which tasks inherit what makes a machine usable, such as ``HOME``
            and proxies, see ``docs/embedded-engine.md``; ``None``: those of this process.
        on_event: Called with each event, from threads of the run, one call at a time. It must be
            quick. If it raises, it gets no further event, and ``listener_failure`` says why.

    Raises:
        InvalidPipelineError: The pipeline breaks rules of the format; all of them, with file and
            line.
        InvalidArgumentError: There is no such file, an argument is missing, not declared or of the
            wrong type, ``jobs`` is below 1, or there is no such runner.
        MachineError: This machine lacks something, e.g. the right to write ``home``, or the
            program that runs containers.
        StoreError: The root cannot be reached.
    """
    inputs = prepare_run_inputs(pipeline, arguments, artifacts, Path(home))
    settings = RunSettings(
        home=Path(home),
        root=root,
        cache=cache,
        jobs=_check_jobs(jobs),
        runner=_check_runner(runner),
        keep_pins=keep_pins,
        stand_ins=make_stand_ins(
            claims=claims, secrets=secrets, config_maps=config_maps, env_file=env_file
        ),
        environment=environment,
    )
    return run_workflow(
        inputs.pipeline.workflow,
        inputs.pipeline.ir,
        settings=settings,
        parameters=inputs.parameters,
        artifacts=inputs.artifacts,
        listener=on_event or ignore,
    )


def resume(
    run_id: str,
    *,
    again: Sequence[str] = (),
    home: str | os.PathLike[str] = ".argosy",
    jobs: int | None = None,
    runner: str = "process",
    keep_pins: bool = False,
    claims: Directories | None = None,
    secrets: Directories | None = None,
    config_maps: Directories | None = None,
    env_file: str | os.PathLike[str] | None = None,
    environment: Mapping[str, str] | None = None,
    on_event: Listener | None = None,
) -> RunResult:
    """Go on with a run that was stopped, killed or failed, and return what became of it.

    Tasks that succeeded do not run again. Arguments, root and cache setting are the run's own.

    Args:
        run_id: The id of the run, or its first characters if no other run has the same.
        again: Paths of tasks that run again, with all that follows them, although they succeeded.
        home: Where the run was started.
        jobs: As for :func:`argosy.run`.
        runner: Likewise.
        keep_pins: Likewise.
        claims: As for :func:`argosy.run`; in addition to those that the run was started with.
        secrets: Likewise.
        config_maps: Likewise.
        env_file: As for :func:`argosy.run`; in place of the one that the run was started with.
        environment: Likewise.
        on_event: Likewise.

    Raises:
        InvalidArgumentError: No run, or more than one, has such an id; or a process works on it.
        MachineError: As for :func:`argosy.run`.
        StoreError: Likewise.
    """
    settings = RunSettings(
        home=Path(home),
        jobs=_check_jobs(jobs),
        runner=_check_runner(runner),
        keep_pins=keep_pins,
        stand_ins=make_stand_ins(
            claims=claims, secrets=secrets, config_maps=config_maps, env_file=env_file
        ),
        environment=environment,
    )
    return resume_run(run_id, settings=settings, again=again, listener=on_event or ignore)


def _check_jobs(jobs: int | None) -> int:
    if jobs is not None and jobs < 1:
        raise InvalidArgumentError(f"jobs: {jobs} is too few; use 1 or more")
    return get_default_jobs() if jobs is None else jobs


def _check_runner(runner: str) -> RunnerName:
    try:
        return RunnerName(runner)
    except ValueError as error:
        raise InvalidArgumentError(
            f"runner: '{runner}' is unknown; use one of {', '.join(RunnerName)}"
        ) from error
