"""Random pipelines end in the engine as the plainest reading of their IR says."""

from __future__ import annotations

import ast
import inspect
import json
import os
import random
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any, TypeAlias

import pytest
import yaml
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

import naive_evaluator
import random_pipelines
from argosy_compiler.compile import compile_pipeline
from argosy_compiler.compiled_pipeline import CompiledPipeline
from argosy_compiler.options import CompileOptions, IrPlacement
from argosy_engine.run import run_workflow
from argosy_engine.settings import RunSettings
from argosy_runs.results import RunResult
from argosy_runs.states import TaskState
from argosy_schemas.errors import InvalidPipelineError
from argosy_schemas.formats.records import Values
from argosy_schemas.ir.model import Pipeline
from argosy_schemas.reading.pipeline import read_pipeline
from argosy_schemas.values import JsonValue
from forced_sharing import compile_shared
from naive_evaluator import Origin, Run, evaluate
from random_pipelines import DATASET, IN_ANY_CASE, RandomPipeline, random_pipeline
from read_back import read_back
from workflow_oracle import check_workflow

Compiler: TypeAlias = Callable[[Pipeline, CompileOptions], CompiledPipeline]

# As the command line compiles for this engine.
OPTIONS = CompileOptions(ir=IrPlacement.STORE, max_nodes=None)

LOOP_THAT_NEVER_RAN = """\
pipelineInfo: {name: never}
schemaVersion: 2.1.0
sdkVersion: kfp-2.14.0
deploymentSpec:
  executors:
    exec-leaf:
      container: {image: busybox, command: [sh, -c, 'exit 3'], args: [echo, '', x, '', '']}
components:
  comp-leaf:
    executorLabel: exec-leaf
    outputDefinitions: &outputs
      parameters: {Output: {parameterType: LIST}}
      artifacts: {data: {artifactType: {schemaTitle: system.Dataset, schemaVersion: 0.0.1}}}
  comp-loop:
    dag:
      tasks:
        leaf: {taskInfo: {name: leaf}, componentRef: {name: comp-leaf}}
      outputs:
        parameters:
          Output: {valueFromParameter: {producerSubtask: leaf, outputParameterKey: Output}}
        artifacts:
          data: {artifactSelectors: [{producerSubtask: leaf, outputArtifactKey: data}]}
    inputDefinitions: {parameters: {item: {parameterType: NUMBER_INTEGER}}}
    outputDefinitions: *outputs
  comp-condition:
    dag:
      tasks:
        loop:
          taskInfo: {name: loop}
          componentRef: {name: comp-loop}
          parameterIterator: {itemInput: item, items: {raw: '[1, 2]'}}
      outputs:
        parameters:
          Output: {valueFromParameter: {producerSubtask: loop, outputParameterKey: Output}}
        artifacts:
          data: {artifactSelectors: [{producerSubtask: loop, outputArtifactKey: data}]}
    inputDefinitions: {parameters: {flag: {parameterType: BOOLEAN}}}
    outputDefinitions: *outputs
root:
  dag:
    tasks:
      condition:
        taskInfo: {name: condition}
        componentRef: {name: comp-condition}
        inputs: {parameters: {flag: {componentInputParameter: flag}}}
        triggerPolicy: {condition: "inputs.parameter_values['flag'] == true"}
    outputs:
      parameters:
        Output: {valueFromParameter: {producerSubtask: condition, outputParameterKey: Output}}
      artifacts:
        data: {artifactSelectors: [{producerSubtask: condition, outputArtifactKey: data}]}
  inputDefinitions: {parameters: {flag: {parameterType: BOOLEAN}}}
  outputDefinitions: *outputs
"""

STATUS_OF_AN_IMPORTER = """\
pipelineInfo: {name: status}
schemaVersion: 2.1.0
sdkVersion: kfp-2.14.0
deploymentSpec:
  executors:
    exec-fail:
      container: {image: busybox, command: [sh, -c, 'exit 3'], args: [fail, '', '', '', '']}
    exec-import:
      importer: {artifactUri: {constant: file:///x}, typeSchema: {schemaTitle: system.Dataset}}
    exec-status:
      container:
        image: busybox
        command: [sh, -c, 'printf %s "$2" > "$3"']
        args:
        - echo
        - ''
        - "{{$.inputs.parameters['status']}}"
        - "{{$.outputs.parameters['Output'].output_file}}"
components:
  comp-fail: {executorLabel: exec-fail}
  comp-group:
    dag:
      tasks:
        fail: {taskInfo: {name: fail}, componentRef: {name: comp-fail}}
    inputDefinitions: {parameters: {flag: {parameterType: BOOLEAN}}}
  comp-import:
    executorLabel: exec-import
    outputDefinitions:
      artifacts: {artifact: {artifactType: {schemaTitle: system.Dataset}}}
  comp-status:
    executorLabel: exec-status
    inputDefinitions: {parameters: {status: {parameterType: TASK_FINAL_STATUS}}}
    outputDefinitions: {parameters: {Output: {parameterType: STRING}}}
root:
  dag:
    tasks:
      condition:
        taskInfo: {name: condition}
        componentRef: {name: comp-group}
        inputs: {parameters: {flag: {componentInputParameter: flag}}}
        triggerPolicy: {condition: "inputs.parameter_values['flag'] == true"}
      first:
        taskInfo: {name: first}
        componentRef: {name: comp-import}
        dependentTasks: [condition]
      second:
        taskInfo: {name: second}
        componentRef: {name: comp-import}
        dependentTasks: [first]
      status:
        taskInfo: {name: status}
        componentRef: {name: comp-status}
        dependentTasks: [second]
        triggerPolicy: {strategy: ALL_UPSTREAM_TASKS_COMPLETED}
        inputs: {parameters: {status: {taskFinalStatus: {producerTask: second}}}}
  inputDefinitions: {parameters: {flag: {parameterType: BOOLEAN}}}
"""

STATUS_WITHIN = """\
pipelineInfo: {name: within}
schemaVersion: 2.1.0
sdkVersion: kfp-2.14.0
deploymentSpec:
  executors:
    exec-fail:
      container: {image: busybox, command: [sh, -c, 'exit 3'], args: [fail, '', '', '', '']}
    exec-ok:
      container: {image: busybox, command: [sh, -c, ':'], args: [echo, '', '', '', '']}
    exec-status:
      container:
        image: busybox
        command: [sh, -c, 'printf %s "$2" > "$3"']
        args:
        - echo
        - ''
        - "{{$.inputs.parameters['status']}}"
        - "{{$.outputs.parameters['Output'].output_file}}"
components:
  comp-fail: {executorLabel: exec-fail}
  comp-ok: {executorLabel: exec-ok}
  comp-status:
    executorLabel: exec-status
    inputDefinitions: {parameters: {status: {parameterType: STRUCT}}}
    outputDefinitions: {parameters: {Output: {parameterType: STRUCT}}}
  comp-loop:
    dag:
      tasks:
        last: &last
          taskInfo: {name: last}
          componentRef: {name: comp-status}
          inputs: {parameters: {status: {componentInputParameter: status}}}
    inputDefinitions:
      parameters: {status: {parameterType: STRUCT}, item: {parameterType: NUMBER_INTEGER}}
  comp-cleanup:
    dag:
      tasks:
        train: {taskInfo: {name: train}, componentRef: {name: comp-ok}}
        last:
          <<: *last
          dependentTasks: [train]
          triggerPolicy: &in-any-case {strategy: ALL_UPSTREAM_TASKS_COMPLETED}
        loop:
          taskInfo: {name: loop}
          componentRef: {name: comp-loop}
          dependentTasks: [train]
          triggerPolicy: *in-any-case
          inputs: {parameters: {status: {componentInputParameter: status}}}
          parameterIterator: {itemInput: item, items: {raw: '[1, 2]'}}
    inputDefinitions: {parameters: {status: {parameterType: STRUCT}}}
root:
  dag:
    tasks:
      train: {taskInfo: {name: train}, componentRef: {name: comp-fail}}
      cleanup:
        taskInfo: {name: cleanup}
        componentRef: {name: comp-cleanup}
        dependentTasks: [train]
        triggerPolicy: *in-any-case
        inputs: {parameters: {status: {taskFinalStatus: {producerTask: train}}}}
"""

IMPORTED = {"artifacts": {"artifact": DATASET}}


def of_tasks(*tasks: str) -> RandomPipeline:
    """Return a pipeline of tasks, each written as ``key: those before``.

    A key says what the task does: with ``fail`` in it it fails, with ``any`` it runs in any case,
    with ``if`` its condition is false, with ``import`` it is an importer.
    """
    flag = {"parameters": {"flag": {"parameterType": "BOOLEAN"}}}
    optional = {"parameters": {"flag": {"parameterType": "BOOLEAN", "isOptional": True}}}
    document: dict[str, Any] = {
        "pipelineInfo": {"name": "tasks"},
        "schemaVersion": "2.1.0",
        "sdkVersion": "kfp-2.14.0",
        "deploymentSpec": {"executors": {}},
        "components": {
            "comp-fail": {"executorLabel": "fail", "inputDefinitions": optional},
            "comp-end": {"executorLabel": "end", "inputDefinitions": optional},
            "comp-import": {"executorLabel": "import", "outputDefinitions": IMPORTED},
        },
        "root": {"dag": {"tasks": {}}, "inputDefinitions": flag},
    }
    for label, behaviour, script in (("fail", "fail", "exit 3"), ("end", "echo", ":")):
        container = {"image": "busybox", "command": ["sh", "-c", script]}
        container["args"] = [behaviour, "", "", "", ""]
        document["deploymentSpec"]["executors"][label] = {"container": container}
    importer = {"artifactUri": {"constant": "file:///x"}, "typeSchema": DATASET["artifactType"]}
    document["deploymentSpec"]["executors"]["import"] = {"importer": importer}
    for text in tasks:
        key, _, before = text.partition(":")
        kind = next((one for one in ("fail", "import") if one in key), "end")
        task: dict[str, Any] = {
            "taskInfo": {"name": key},
            "componentRef": {"name": f"comp-{kind}"},
            "dependentTasks": before.split(),
        }
        if "any" in key:
            task["triggerPolicy"] = IN_ANY_CASE
        if "if" in key:
            task["triggerPolicy"] = {"condition": "inputs.parameter_values['flag'] == true"}
            task["inputs"] = {"parameters": {"flag": {"componentInputParameter": "flag"}}}
        document["root"]["dag"]["tasks"][key] = task
    return RandomPipeline(document, {"flag": False})


_MEMORY = Path("/dev/shm")
# Each task makes and removes dozens of small files, and a disk takes more time over them than all
# else does together; what survives of them is not asked here.
HOMES = _MEMORY if os.access(_MEMORY, os.W_OK | os.X_OK) else None

SEEDS = st.integers(0, 2**64 - 1)
# A smaller seed is not a smaller pipeline.
FAST = (Phase.explicit, Phase.reuse, Phase.generate)


def run(pipeline: RandomPipeline, options: CompileOptions, compiler: Compiler) -> RunResult:
    """Return what the engine makes of a pipeline."""
    read = read_pipeline(json.dumps(pipeline.document).encode(), file="random.json")
    compiled = compiler(read, options)
    check_workflow(compiled.workflow)
    texts = {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in pipeline.parameters.items()
    }
    with tempfile.TemporaryDirectory(dir=HOMES) as home:
        settings = RunSettings(home=Path(home), cache=False)
        result = run_workflow(compiled.workflow, compiled.ir, settings=settings, parameters=texts)
        return read_back(Path(home), result)


def worked_out(expected: Run) -> dict[str, Any]:
    """Return what is compared of the tasks, and of the run as the task without a path."""
    return {
        path: {
            "state": ended.state,
            "kind": ended.kind,
            "attempts": ended.attempts,
            "parameters": ended.parameters,
            "artifacts": ended.artifacts,
        }
        for path, ended in {**expected.tasks, "": expected.outputs}.items()
    }


def found(result: RunResult, expected: Run) -> dict[str, Any]:
    """Return the same of a run, without the tasks below those that never began."""
    run_id = str(result.run_id)
    tasks = {
        str(task.path): {
            "state": str(task.state),
            "kind": str(task.kind),
            "attempts": task.attempts,
            **_values(task.outputs, run_id),
        }
        for task in result.tasks
        if not (task.state is TaskState.NOT_RUN and _is_below_nothing(str(task.path), expected))
    }
    for path, ended in expected.tasks.items():
        if ended.attempts is None and path in tasks:
            tasks[path]["attempts"] = None
    outputs = _values(result.outputs, run_id)
    tasks[""] = {"state": str(result.state), "kind": "dag", "attempts": 0, **outputs}
    return tasks


def _is_below_nothing(path: str, expected: Run) -> bool:
    outer = path
    while outer := outer.rpartition("/")[0]:
        if outer in expected.tasks:
            return not expected.tasks[outer].began
    return False


def _values(outputs: Values, run_id: str) -> dict[str, Any]:
    return {
        "parameters": {name: _without_job(value) for name, value in outputs.parameters.items()},
        "artifacts": {
            name: [_origin(artifact.uri, run_id) for artifact in artifacts]
            for name, artifacts in outputs.artifacts.items()
        },
    }


def _without_job(value: JsonValue) -> JsonValue:
    """Return a final status with what is known of it before the run."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_without_job(item) for item in value]
    if isinstance(value, Mapping) and "pipelineTaskName" in value:
        return {"state": value["state"], "pipelineTaskName": value["pipelineTaskName"]}
    if isinstance(value, str) and "pipelineTaskName" in value:
        status = json.loads(value)
        known = {"state": status["state"], "pipelineTaskName": status["pipelineTaskName"]}
        return json.dumps(known, sort_keys=True, separators=(",", ":"))
    return value


def _origin(uri: str, run_id: str) -> Origin:
    if f"/{run_id}/" not in uri:
        return "", uri
    *path, _attempt, output = uri.partition(f"/{run_id}/")[2].split("/")
    return "/".join(path), output


@pytest.mark.parametrize("module", [naive_evaluator, random_pipelines])
def test_what_judges_the_engine_shares_no_code_with_it(module: ModuleType) -> None:
    imports: set[str] = set()
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        match node:
            case ast.Import(names=names):
                imports |= {alias.name for alias in names}
            case ast.ImportFrom(module=name):
                imports.add(name or "")
            case _:
                pass

    assert {name.partition(".")[0] for name in imports} <= sys.stdlib_module_names


def assert_same(
    pipeline: RandomPipeline,
    options: CompileOptions = OPTIONS,
    compiler: Compiler = compile_pipeline,
) -> None:
    expected = evaluate(pipeline.document, pipeline.parameters)

    result = run(pipeline, options, compiler)

    assert found(result, expected) == worked_out(expected)


def assert_same_or_refused(
    pipeline: RandomPipeline, max_dag_tasks: int, compiler: Compiler = compile_pipeline
) -> None:
    """A DAG divided is the same; only one whose last tasks decide something outside cannot be."""
    try:
        assert_same(pipeline, replace(OPTIONS, max_dag_tasks=max_dag_tasks), compiler)
    except InvalidPipelineError as error:
        if "conditions or loops outside read values of its last tasks" not in str(error):
            raise


def test_a_loop_that_never_ran_collects_nothing_not_an_empty_list() -> None:
    assert_same(RandomPipeline(yaml.safe_load(LOOP_THAT_NEVER_RAN), {"flag": False}))


@pytest.mark.parametrize("flag", [True, False])
def test_an_importer_that_never_came_has_a_final_status(flag: bool) -> None:
    assert_same(RandomPipeline(yaml.safe_load(STATUS_OF_AN_IMPORTER), {"flag": flag}))


def test_a_final_status_reaches_what_runs_in_any_case_within_an_exit_task() -> None:
    assert_same(RandomPipeline(yaml.safe_load(STATUS_WITHIN), {}))


LACKING = """\
pipelineInfo: {name: lacking}
schemaVersion: 2.1.0
sdkVersion: kfp-2.14.0
deploymentSpec:
  executors:
    exec-say:
      container:
        image: busybox
        command: [sh, -c, 'printf %s "$2" > "$3"']
        args:
        - echo
        - ''
        - said
        - "{{$.outputs.parameters['Output'].output_file}}"
    exec-repeat:
      container:
        image: busybox
        command: [sh, -c, 'printf %s "$2" > "$3"']
        args:
        - echo
        - ''
        - "{{$.inputs.parameters['text']}}"
        - "{{$.outputs.parameters['Output'].output_file}}"
components:
  comp-say:
    executorLabel: exec-say
    outputDefinitions: &outputs {parameters: {Output: {parameterType: STRING}}}
  comp-repeat:
    executorLabel: exec-repeat
    inputDefinitions:
      parameters: {text: {parameterType: STRING, isOptional: true, defaultValue: by default}}
    outputDefinitions: *outputs
  comp-condition:
    dag:
      tasks:
        say: {taskInfo: {name: say}, componentRef: {name: comp-say}}
      outputs:
        parameters:
          Output: {valueFromParameter: {producerSubtask: say, outputParameterKey: Output}}
    inputDefinitions: &flag {parameters: {flag: {parameterType: BOOLEAN}}}
    outputDefinitions: *outputs
  comp-nested:
    dag:
      tasks:
        condition:
          taskInfo: {name: condition}
          componentRef: {name: comp-condition}
          inputs: &given {parameters: {flag: {componentInputParameter: flag}}}
          triggerPolicy: {condition: "inputs.parameter_values['flag'] == true"}
      outputs:
        parameters:
          Output: {valueFromParameter: {producerSubtask: condition, outputParameterKey: Output}}
    inputDefinitions: *flag
    outputDefinitions: *outputs
  comp-group:
    dag:
      tasks:
        say: {taskInfo: {name: say}, componentRef: {name: comp-say}}
        repeat: &inner
          taskInfo: {name: repeat}
          componentRef: {name: comp-repeat}
          inputs: {parameters: {text: {componentInputParameter: text}}}
        repeat-in-any-case:
          <<: *inner
          taskInfo: {name: repeat-in-any-case}
          dependentTasks: [say]
          triggerPolicy: {strategy: ALL_UPSTREAM_TASKS_COMPLETED}
    inputDefinitions: {parameters: {text: {parameterType: STRING}}}
root:
  dag:
    tasks:
      nested: {taskInfo: {name: nested}, componentRef: {name: comp-nested}, inputs: *given}
      group:
        taskInfo: {name: group}
        componentRef: {name: comp-group}
        dependentTasks: [nested]
        inputs: &lacking
          parameters:
            text: {taskOutputParameter: {producerTask: nested, outputParameterKey: Output}}
      repeat: &repeat
        taskInfo: {name: repeat}
        componentRef: {name: comp-repeat}
        dependentTasks: [nested]
        inputs: *lacking
      repeat-in-any-case:
        <<: *repeat
        taskInfo: {name: repeat-in-any-case}
        triggerPolicy: {strategy: ALL_UPSTREAM_TASKS_COMPLETED}
  inputDefinitions: *flag
"""


@pytest.mark.parametrize("flag", [True, False])
def test_what_a_nested_pipeline_lacks_fails_what_reads_it_and_is_a_default_in_any_case(
    flag: bool,
) -> None:
    assert_same(RandomPipeline(yaml.safe_load(LACKING), {"flag": flag}))


SPLIT = [
    ["fail-a", "b: fail-a", "any-c: b", "d", "e: d"],
    ["a", "fail-b: a", "c: fail-b", "any-d: c", "e: any-d", "f: a", "g: f"],
    ["a", "fail-b: a", "any-c: a", "any-d: a", "e: fail-b any-c", "f: e", "g: f any-d"],
    ["a", "fail-b: a", "any-c: a", "any-d: a", "e: fail-b any-c", "f: e", "g: f", "h: g"],
    # What is left out must not look to the others as if it had succeeded.
    ["a", "if-b: a", "c: if-b", "d: c"],
    # A row ends before a task that waits for a gate.
    [
        *["t0", "if-t1", "t2: if-t1 t0", "t3: t0", "t4", "fail-t5: if-t1"],
        *["fail-t6: t3 fail-t5", "fail-t7: fail-t5", "t8: t4 fail-t6"],
    ],
    # A gate behind a gate asks for both.
    ["a", "b: a", "if-c: a", "d", "fail-e: d if-c", "f", "fail-g: if-c fail-e", "h: fail-g"],
]


@pytest.mark.parametrize("tasks", SPLIT)
@pytest.mark.parametrize("limit", [3, 4, 5])
def test_a_dag_in_parts_leaves_out_what_the_whole_does(tasks: list[str], limit: int) -> None:
    assert_same(of_tasks(*tasks), replace(OPTIONS, max_dag_tasks=limit))


def leaves(seed: int) -> list[str]:
    """Return tasks without groups, some with a condition that is false, some that fail."""
    choose = random.Random(seed)
    keys: list[str] = []
    found: list[str] = []
    for number in range(choose.randint(5, 9)):
        kind = choose.choice(["if-", "", "", "fail-"]) if number else ""
        above = choose.sample(keys, min(len(keys), choose.choice([0, 1, 1, 1, 2])))
        keys.append(f"{kind}t{number}")
        found.append(f"{keys[-1]}: {' '.join(above)}")
    return found


@settings(max_examples=60, deadline=None, phases=FAST)
@given(SEEDS, st.sampled_from([3, 4]))
def test_tasks_in_parts_end_as_in_the_whole(seed: int, limit: int) -> None:
    assert_same(of_tasks(*leaves(seed)), replace(OPTIONS, max_dag_tasks=limit))


IMPORTERS = [
    ["fail-a", "any-import-b: fail-a", "c: any-import-b"],
    ["fail-a", "b", "any-import-c: fail-a", "import-d: any-import-c", "e: import-d b", "f: e"],
    ["a", "fail-b: a", "import-c: fail-b", "any-import-d: import-c", "any-e: any-import-d a"],
    ["fail-a", "b", "any-import-c: fail-a", "d: any-import-c fail-a", "e: any-import-c b"],
]


@pytest.mark.parametrize("tasks", IMPORTERS)
@pytest.mark.parametrize("limit", [3, 200])
def test_what_follows_an_importer_runs_when_that_came_in_any_case(
    tasks: list[str], limit: int
) -> None:
    assert_same(of_tasks(*tasks), replace(OPTIONS, max_dag_tasks=limit))


@settings(
    max_examples=100,
    deadline=None,
    phases=FAST,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(SEEDS)
@example(3186626251608415232)  # a group without one of its inputs
def test_a_pipeline_ends_as_its_ir_says(seed: int) -> None:
    assert_same(random_pipeline(seed, budget=15))


@settings(
    max_examples=30,
    deadline=None,
    phases=FAST,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(SEEDS)
def test_a_pipeline_in_parts_of_few_tasks_ends_the_same(seed: int) -> None:
    assert_same_or_refused(random_pipeline(seed, budget=15), 4)


@settings(
    max_examples=30,
    deadline=None,
    phases=FAST,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(SEEDS, st.sampled_from([4, 200]))
def test_a_pipeline_whose_templates_are_shared_ends_the_same(seed: int, limit: int) -> None:
    assert_same_or_refused(random_pipeline(seed, budget=15), limit, compile_shared)


@pytest.mark.nightly
@pytest.mark.timeout(0)
@settings(
    max_examples=2000,
    deadline=None,
    phases=FAST,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(SEEDS, st.sampled_from([4, 200]))
@example(98470563, 4)  # a loop in a branch that a nested pipeline skipped
def test_larger_pipelines_end_as_their_ir_says(seed: int, limit: int) -> None:
    assert_same_or_refused(random_pipeline(seed, budget=25), limit)
