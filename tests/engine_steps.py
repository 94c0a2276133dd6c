"""Pipelines of shell commands, and the workflows for them, made without SDK and compiler."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from argosy_engine.controller.nodes import PodNode, Spot
from argosy_engine.run import resume_run, run_workflow
from argosy_engine.settings import RunnerName, RunSettings
from argosy_engine.workflow.model import PodTemplate
from argosy_runs.events import Event
from argosy_runs.results import RunResult
from argosy_schemas.formats.packed_ir import pack
from argosy_schemas.names import TaskPath
from argosy_schemas.reading.pipeline import read_pipeline
from read_back import read_back


@dataclass(frozen=True, kw_only=True)
class Step:
    """A task that runs a shell script."""

    script: str = "true"
    after: Sequence[str] = ()
    outputs: Sequence[str] = ()
    """Parameters, all STRING: ``$out_NAME`` is the file."""
    artifacts: Sequence[str] = ()
    """Output artifacts: ``$out_NAME`` is the path."""
    inputs: Mapping[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])
    """Input parameter to producer and output: ``$in_NAME`` is the value."""
    reads: Mapping[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])
    """Input artifact to producer, which ``after`` names too, and output: ``$in_NAME`` is a path."""
    command: Sequence[str] | None = None
    """In place of the script; empty: that of the image."""
    args: Sequence[str] = ()
    """Of ``command``."""
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    image: str = "alpine"
    retries: int | None = None
    pod: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """More fields of the pod template."""


def document(steps: Mapping[str, Step], *, root_inputs: Sequence[str] = ()) -> dict[str, Any]:
    """Return the IR of a pipeline."""
    parameters = {name: {"parameterType": "STRING"} for name in root_inputs}
    return {
        "pipelineInfo": {"name": "steps"},
        "schemaVersion": "2.1.0",
        "sdkVersion": "kfp-2.13.0",
        "root": {
            "dag": {"tasks": {name: _task(name, step) for name, step in steps.items()}},
            **({"inputDefinitions": {"parameters": parameters}} if parameters else {}),
        },
        "components": {f"comp-{name}": _component(name, step) for name, step in steps.items()},
        "deploymentSpec": {
            "executors": {
                f"exec-{name}": {"container": _container(step)} for name, step in steps.items()
            }
        },
    }


def _task(name: str, step: Step) -> dict[str, Any]:
    upstream = [*step.after, *(producer for producer, _ in step.inputs.values())]
    inputs = {
        each: {"taskOutputParameter": {"producerTask": producer, "outputParameterKey": output}}
        for each, (producer, output) in step.inputs.items()
    }
    artifacts = {
        each: {"taskOutputArtifact": {"producerTask": producer, "outputArtifactKey": output}}
        for each, (producer, output) in step.reads.items()
    }
    return {
        "taskInfo": {"name": name},
        "componentRef": {"name": f"comp-{name}"},
        "dependentTasks": sorted(set(upstream)),
        "cachingOptions": {"enableCache": True},
        "inputs": {"parameters": inputs, "artifacts": artifacts},
    }


def _component(name: str, step: Step) -> dict[str, Any]:
    string = {"parameterType": "STRING"}
    artifact = {"artifactType": {"schemaTitle": "system.Artifact", "schemaVersion": "0.0.1"}}
    made: dict[str, Any] = {"executorLabel": f"exec-{name}"}
    if step.inputs or step.reads:
        made["inputDefinitions"] = {
            "parameters": {each: string for each in step.inputs},
            "artifacts": {each: artifact for each in step.reads},
        }
    outputs: dict[str, Any] = {}
    if step.outputs:
        outputs["parameters"] = {each: string for each in step.outputs}
    if step.artifacts:
        outputs["artifacts"] = {each: artifact for each in step.artifacts}
    if outputs:
        made["outputDefinitions"] = outputs
    return made


def _container(step: Step) -> dict[str, Any]:
    common = {
        "image": step.image,
        "env": [{"name": name, "value": value} for name, value in step.env.items()],
    }
    if step.command is not None:
        return {**common, "command": list(step.command), "args": list(step.args)}
    values = [
        *((f"in_{each}", f"{{{{$.inputs.parameters['{each}']}}}}") for each in step.inputs),
        *((f"in_{each}", f"{{{{$.inputs.artifacts['{each}'].path}}}}") for each in step.reads),
        *(
            (f"out_{each}", f"{{{{$.outputs.parameters['{each}'].output_file}}}}")
            for each in step.outputs
        ),
        *(
            (f"out_{each}", f"{{{{$.outputs.artifacts['{each}'].path}}}}")
            for each in step.artifacts
        ),
    ]
    names = "; ".join(f"{name}=${{{position}}}" for position, (name, _) in enumerate(values))
    script = f"{names}; {step.script}" if values else step.script
    return {
        **common,
        "command": ["sh", "-c", script],
        "args": [value for _, value in values],
    }


def workflow(steps: Mapping[str, Step], **spec: Any) -> dict[str, Any]:
    """Return the workflow: a pod template for each task."""
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"generateName": "steps-"},
        "spec": {
            "entrypoint": "root",
            "templates": [
                {
                    "name": "root",
                    "dag": {
                        "failFast": False,
                        "tasks": [
                            {
                                "name": name,
                                "template": f"pod-{name}",
                                "depends": " && ".join(
                                    f"{each}.Succeeded"
                                    for each in sorted(
                                        {*step.after, *(p for p, _ in step.inputs.values())}
                                    )
                                ),
                                "arguments": {"parameters": [{"name": "task", "value": name}]},
                            }
                            for name, step in steps.items()
                        ],
                    },
                },
                *(_pod(name, step) for name, step in steps.items()),
            ],
            **spec,
        },
    }


def _pod(name: str, step: Step) -> dict[str, Any]:
    made: dict[str, Any] = {
        "name": f"pod-{name}",
        "inputs": {"parameters": [{"name": "task"}]},
        "initContainers": [
            {
                "name": "driver",
                "image": "argosy",
                "command": ["argosy-driver"],
                "env": [{"name": "ARGOSY_TASK", "value": "{{inputs.parameters.task}}"}],
            }
        ],
        "container": {"name": "main", "image": step.image, "command": ["/argosy/published/exec"]},
        "sidecars": [{"name": "launcher", "image": "argosy", "command": ["argosy-launcher"]}],
        **step.pod,
    }
    if step.retries is not None:
        made["retryStrategy"] = {
            "limit": str(step.retries),
            "retryPolicy": "Always",
            "expression": "!(lastRetry.message endsWith '(final)')",
        }
    return made


@dataclass(frozen=True)
class Machine:
    """Runs pipelines of steps in one home, and remembers what it was told."""

    home: Path
    events: list[Event] = field(default_factory=list[Event])
    runner: RunnerName = RunnerName.PROCESS

    def run(
        self,
        steps: Mapping[str, Step],
        *,
        jobs: int = 4,
        cache: bool = False,
        root: str | None = None,
        parameters: Mapping[str, str] | None = None,
        declared: Sequence[str] | None = None,
        environment: Mapping[str, str] | None = None,
        grace: timedelta = timedelta(seconds=5),
        **spec: Any,
    ) -> RunResult:
        before = len(self.events)
        result = run_workflow(
            workflow(steps, **spec),
            packed(steps, tuple(parameters or ()) if declared is None else declared),
            settings=RunSettings(
                home=self.home,
                jobs=jobs,
                cache=cache,
                root=root,
                runner=self.runner,
                grace=grace,
                environment=environment,
            ),
            parameters=parameters,
            listener=self.events.append,
        )
        return read_back(self.home, result, self.events[before:])

    def resume(self, run: str) -> RunResult:
        before = len(self.events)
        result = resume_run(
            run,
            settings=RunSettings(home=self.home, jobs=4, runner=self.runner),
            listener=self.events.append,
        )
        return read_back(self.home, result, self.events[before:])


def packed(steps: Mapping[str, Step], root_inputs: Sequence[str] = ()) -> bytes:
    """Return the packed IR of steps."""
    ir = json.dumps(document(steps, root_inputs=root_inputs)).encode()
    return pack(read_pipeline(ir, file="steps.json"))


def pod_node(path: str) -> PodNode:
    """Return the node of a step, outside any DAG."""
    spot = Spot(label=path, boundary=None, owner=None, position=0, task=None, path=TaskPath(path))
    return PodNode(spot, PodTemplate(name="pod", inputs={}, environment=()), {})
