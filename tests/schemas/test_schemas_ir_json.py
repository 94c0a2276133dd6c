"""The canonical JSON of the IR as immutable values."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from argosy_schemas.ir.from_json import (
    component_from_json,
    duration_from_json,
    executor_from_json,
    parameter_input_from_json,
    parse_raw_items,
)
from argosy_schemas.ir.model import (
    ArtifactSource,
    ArtifactSpec,
    ArtifactType,
    Caching,
    Component,
    ComponentInput,
    Constant,
    ContainerExecutor,
    Dag,
    DagOutputs,
    Executor,
    FinalStatus,
    ImporterExecutor,
    InputItems,
    Interface,
    Iterator,
    ParameterInput,
    ParameterSource,
    ParameterSpec,
    ParameterType,
    RawItems,
    Resources,
    RetryPolicy,
    RuntimeParameter,
    Task,
    TaskConfigPassthrough,
    TaskOutput,
    TriggerStrategy,
)
from argosy_schemas.values import UNSET, JsonValue, Unset

DATASET = ArtifactType(schema_title="system.Dataset", schema_version="0.0.1")
DATASET_JSON = {"artifactType": {"schemaTitle": "system.Dataset", "schemaVersion": "0.0.1"}}


def task(**fields: Any) -> Task:
    """The only task, ``t``, of a DAG."""
    json = {"dag": {"tasks": {"t": {"componentRef": {"name": "comp-t"}, **fields}}}}
    dag = component_from_json("root", json, {}).dag
    assert dag is not None
    return dag.tasks["t"]


def parameter(**fields: Any) -> ParameterSpec:
    json = {"inputDefinitions": {"parameters": {"p": fields}}}
    return component_from_json("c", json, {}).inputs.parameters["p"]


def resources(**fields: Any) -> Resources:
    executor = executor_from_json({"container": {"image": "i", "resources": fields}})
    assert isinstance(executor, ContainerExecutor)
    return executor.resources


def test_a_leaf_has_its_interface_and_its_executor() -> None:
    json = {
        "executorLabel": "exec-c",
        "inputDefinitions": {
            "artifacts": {"data": {**DATASET_JSON, "isArtifactList": True, "isOptional": True}},
            "parameters": {
                "b": {"parameterType": "LIST", "isOptional": True, "description": "many"},
                "a": {"parameterType": "NUMBER_INTEGER", "defaultValue": 2.0, "literals": [1.0, 2]},
            },
        },
        "outputDefinitions": {
            "artifacts": {
                "model": {
                    "artifactType": {"instanceSchema": "title: M"},
                    "metadata": {"b": 1.0, "a": [None]},
                }
            },
            "parameters": {"Output": {"parameterType": "STRING"}},
        },
        "taskConfigPassthroughs": [{"field": "ENV"}, {"field": "RESOURCES", "applyToTask": True}],
    }
    executors = {
        "exec-c": {
            "container": {
                "image": "python:3.11",
                "command": ["sh", "-c"],
                "args": ["{{$}}"],
                "env": [{"name": "A", "value": "1"}, {"name": "B"}, {"name": "A", "value": "2"}],
            }
        }
    }

    component = component_from_json("comp-c", json, executors)

    assert component == Component(
        name="comp-c",
        inputs=Interface(
            parameters={
                "a": ParameterSpec(type=ParameterType.NUMBER_INTEGER, default=2, literals=(1, 2)),
                "b": ParameterSpec(type=ParameterType.LIST, optional=True, description="many"),
            },
            artifacts={"data": ArtifactSpec(type=DATASET, is_list=True, optional=True)},
        ),
        outputs=Interface(
            parameters={"Output": ParameterSpec(type=ParameterType.STRING)},
            artifacts={
                "model": ArtifactSpec(
                    type=ArtifactType(instance_schema="title: M"), metadata={"a": [None], "b": 1}
                )
            },
        ),
        executor_label="exec-c",
        executor=ContainerExecutor(
            image="python:3.11",
            command=("sh", "-c"),
            args=("{{$}}",),
            env=(("A", "1"), ("B", ""), ("A", "2")),
        ),
        task_config_passthroughs=(
            TaskConfigPassthrough(field="ENV"),
            TaskConfigPassthrough(field="RESOURCES", apply_to_task=True),
        ),
    )
    assert list(component.inputs.parameters) == ["a", "b"]


def test_a_dag_has_its_tasks_and_passes_their_outputs_on() -> None:
    json = {
        "dag": {
            "tasks": {
                "b": {"componentRef": {"name": "comp-b"}, "dependentTasks": ["a"]},
                "a": {"componentRef": {"name": "comp-a"}, "taskInfo": {"name": "First"}},
            },
            "outputs": {
                "parameters": {
                    "one": {
                        "valueFromParameter": {"producerSubtask": "a", "outputParameterKey": "x"}
                    },
                    "of": {
                        "valueFromOneof": {
                            "parameterSelectors": [
                                {"producerSubtask": "b", "outputParameterKey": "y"},
                                {"producerSubtask": "a", "outputParameterKey": "x"},
                            ]
                        }
                    },
                },
                "artifacts": {
                    "data": {
                        "artifactSelectors": [{"producerSubtask": "a", "outputArtifactKey": "d"}]
                    }
                },
            },
        }
    }

    assert component_from_json("root", json, {}).dag == Dag(
        tasks={
            "a": Task(key="a", display_name="First", component="comp-a"),
            "b": Task(key="b", display_name="b", component="comp-b", dependencies=("a",)),
        },
        outputs=DagOutputs(
            parameters={
                "of": (TaskOutput("b", "y"), TaskOutput("a", "x")),
                "one": (TaskOutput("a", "x"),),
            },
            artifacts={"data": (TaskOutput("a", "d"),)},
        ),
    )


def test_a_task_depends_on_whatever_its_inputs_come_from() -> None:
    found = task(
        dependentTasks=["z", "maker"],
        inputs={
            "parameters": {
                "x": {"taskOutputParameter": {"producerTask": "maker", "outputParameterKey": "o"}},
                "status": {"taskFinalStatus": {"producerTask": "handled"}},
                "own": {"componentInputParameter": "p"},
            },
            "artifacts": {
                "data": {"taskOutputArtifact": {"producerTask": "loader", "outputArtifactKey": "d"}}
            },
        },
    )

    assert found.dependencies == ("handled", "loader", "maker", "z")


@pytest.mark.parametrize(
    ("json", "source"),
    [
        ({"runtimeValue": {"constant": [1.0]}}, Constant([1])),
        ({"runtimeValue": {"constant": None}}, Constant(None)),
        ({"runtimeValue": {"runtimeParameter": "x"}}, RuntimeParameter("x")),
        ({"runtimeValue": {"constantValue": {"intValue": "5"}}}, Constant(5)),
        ({"runtimeValue": {"constantValue": {"intValue": 5}}}, Constant(5)),
        ({"runtimeValue": {"constantValue": {"doubleValue": 5.0}}}, Constant(5)),
        ({"runtimeValue": {"constantValue": {"stringValue": "5"}}}, Constant("5")),
        ({"componentInputParameter": "x"}, ComponentInput("x")),
        (
            {"taskOutputParameter": {"producerTask": "a", "outputParameterKey": "o"}},
            TaskOutput("a", "o"),
        ),
        ({"taskFinalStatus": {"producerTask": "a"}}, FinalStatus("a")),
    ],
)
def test_where_a_parameter_comes_from(json: dict[str, Any], source: ParameterSource) -> None:
    assert parameter_input_from_json(json) == ParameterInput(source=source)


def test_a_selector_goes_with_its_source() -> None:
    json = {"componentInputParameter": "x", "parameterExpressionSelector": "parseJson(x)"}

    assert parameter_input_from_json(json) == ParameterInput(
        source=ComponentInput("x"), selector="parseJson(x)"
    )


@pytest.mark.parametrize(
    ("json", "source"),
    [
        ({"componentInputArtifact": "x"}, ComponentInput("x")),
        (
            {"taskOutputArtifact": {"producerTask": "a", "outputArtifactKey": "o"}},
            TaskOutput("a", "o"),
        ),
    ],
)
def test_where_an_artifact_comes_from(json: dict[str, Any], source: ArtifactSource) -> None:
    assert task(inputs={"artifacts": {"d": json}}).artifacts == {"d": source}


@pytest.mark.parametrize(
    ("fields", "iterator"),
    [
        (
            {"parameterIterator": {"items": {"raw": '[1.0, {"a": "b"}]'}, "itemInput": "i"}},
            Iterator(items=RawItems(items=(1, {"a": "b"})), item_input="i"),
        ),
        (
            {
                "parameterIterator": {"items": {"inputParameter": "p"}, "itemInput": "i"},
                "iteratorPolicy": {"parallelismLimit": 2},
            },
            Iterator(items=InputItems(name="p"), item_input="i", parallelism=2),
        ),
        (
            {
                "artifactIterator": {"items": {"inputArtifact": "a"}, "itemInput": "i"},
                "iteratorPolicy": {"parallelismLimit": -1},
            },
            Iterator(items=InputItems(name="a"), item_input="i", over_artifacts=True),
        ),
        ({"iteratorPolicy": {"parallelismLimit": 2}}, None),
    ],
)
def test_a_loop_has_its_items(fields: dict[str, Any], iterator: Iterator | None) -> None:
    assert task(**fields).iterator == iterator


@pytest.mark.parametrize(
    ("policy", "retry"),
    [
        ({}, RetryPolicy()),
        (
            {
                "maxRetryCount": 3,
                "backoffDuration": "30s",
                "backoffFactor": 1.5,
                "backoffMaxDuration": "0.250s",
            },
            RetryPolicy(
                max_count=3,
                backoff=timedelta(seconds=30),
                factor=1.5,
                max_backoff=timedelta(milliseconds=250),
            ),
        ),
        ({"backoffFactor": 0}, RetryPolicy(factor=2.0)),
    ],
)
def test_what_a_retry_policy_leaves_out_is_as_the_proto_promises(
    policy: dict[str, Any], retry: RetryPolicy
) -> None:
    assert task(retryPolicy=policy).retry == retry
    assert task().retry is None


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"strategy": "TRIGGER_STRATEGY_UNSPECIFIED"}, (None, "ALL_UPSTREAM_TASKS_SUCCEEDED")),
        ({"strategy": "ALL_UPSTREAM_TASKS_COMPLETED"}, (None, "ALL_UPSTREAM_TASKS_COMPLETED")),
        ({"condition": "true"}, ("true", "ALL_UPSTREAM_TASKS_SUCCEEDED")),
        ({"condition": ""}, (None, "ALL_UPSTREAM_TASKS_SUCCEEDED")),
    ],
)
def test_when_a_task_runs(fields: dict[str, Any], expected: tuple[str | None, str]) -> None:
    found = task(triggerPolicy=fields)

    assert (found.condition, found.strategy) == (expected[0], TriggerStrategy(expected[1]))


def test_caching_is_off_unless_it_says_so() -> None:
    assert task().caching == Caching()
    assert task(cachingOptions={}).caching == Caching(enabled=False)
    assert task(cachingOptions={"enableCache": True, "cacheKey": "k"}).caching == Caching(
        enabled=True, key="k"
    )


@pytest.mark.parametrize(
    ("deprecated", "kind"),
    [
        ("INT", ParameterType.NUMBER_INTEGER),
        ("DOUBLE", ParameterType.NUMBER_DOUBLE),
        ("STRING", ParameterType.STRING),
    ],
)
def test_a_deprecated_type_is_folded_into_its_successor(
    deprecated: str, kind: ParameterType
) -> None:
    assert parameter(type=deprecated).type is kind
    assert parameter(type=deprecated, parameterType="LIST").type is ParameterType.LIST


@pytest.mark.parametrize(
    ("fields", "default"),
    [({}, UNSET), ({"defaultValue": None}, None), ({"defaultValue": {"a": 1.0}}, {"a": 1})],
)
def test_a_default_of_null_differs_from_none_at_all(
    fields: dict[str, Any], default: JsonValue | Unset
) -> None:
    assert parameter(parameterType="STRUCT", **fields).default == default


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"cpuLimit": 1, "cpuRequest": 0.5}, Resources(cpu_limit="1", cpu_request="0.5")),
        (
            {"memoryLimit": 1.0, "memoryRequest": 0.512},
            Resources(memory_limit="1G", memory_request="0.512G"),
        ),
        (
            {
                "cpuLimit": 1,
                "resourceCpuLimit": "500m",
                "memoryLimit": 1,
                "resourceMemoryLimit": "{{$.inputs.parameters['m']}}",
            },
            Resources(cpu_limit="500m", memory_limit="{{$.inputs.parameters['m']}}"),
        ),
        ({"cpuLimit": 0, "memoryLimit": 0}, Resources()),
        (
            {"accelerator": {"type": "gpu", "count": 2}},
            Resources(accelerator_type="gpu", accelerator_count="2"),
        ),
        (
            {"accelerator": {"type": "old", "count": 2, "resourceType": "a", "resourceCount": "1"}},
            Resources(accelerator_type="a", accelerator_count="1"),
        ),
        ({"accelerator": {"type": "gpu", "count": 0}}, Resources(accelerator_type="gpu")),
    ],
)
def test_deprecated_numbers_become_quantities(fields: dict[str, Any], expected: Resources) -> None:
    assert resources(**fields) == expected


@pytest.mark.parametrize(
    ("json", "executor"),
    [
        (
            {
                "artifactUri": {"runtimeParameter": "uri"},
                "typeSchema": DATASET_JSON["artifactType"],
                "metadata": {"b": 2.0, "a": "{{$.inputs.parameters['x']}}"},
                "reimport": True,
            },
            ImporterExecutor(
                uri=RuntimeParameter("uri"),
                type=DATASET,
                metadata={"a": "{{$.inputs.parameters['x']}}", "b": 2},
                reimport=True,
            ),
        ),
        (
            {"artifactUri": {"constant": "gs://b/k"}, "downloadToWorkspace": True},
            ImporterExecutor(
                uri=Constant("gs://b/k"), type=ArtifactType(), download_to_workspace=True
            ),
        ),
        (
            {"artifactUri": {"constantValue": {"stringValue": "gs://b/k"}}},
            ImporterExecutor(uri=Constant("gs://b/k"), type=ArtifactType()),
        ),
    ],
)
def test_an_importer_has_a_constant_uri_or_one_of_the_run(
    json: dict[str, Any], executor: Executor
) -> None:
    assert executor_from_json({"importer": json}) == executor


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("0s", timedelta(0)),
        ("3600s", timedelta(hours=1)),
        ("1.5s", timedelta(milliseconds=1500)),
        ("999999999999s", timedelta(seconds=999999999999)),
    ],
)
def test_a_duration_is_in_seconds(text: str, duration: timedelta) -> None:
    assert duration_from_json(text) == duration


@pytest.mark.parametrize("text", ["", "{}", "5", "[1", "[NaN]", "[" * 100_000])
def test_items_that_are_no_json_list_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_raw_items(text)
