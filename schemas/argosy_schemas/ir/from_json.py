"""Convert the JSON of the IR, after the checks have accepted it, to immutable values.

Nothing is checked here; :mod:`argosy_schemas.reading.pipeline` did that. Field names are
lowerCamelCase: the reader has translated the ``snake_case`` ones that proto-JSON allows as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any, TypeVar

from argosy_schemas.ir.model import (
    ArtifactSource,
    ArtifactSpec,
    ArtifactType,
    Caching,
    Component,
    ComponentInput,
    Constant,
    ContainerExecutor,
    ControlEntry,
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
    Pipeline,
    RawItems,
    Resources,
    RetryPolicy,
    RuntimeParameter,
    Task,
    TaskConfigPassthrough,
    TaskOutput,
    TriggerStrategy,
)
from argosy_schemas.ir.parameters import to_text
from argosy_schemas.values import UNSET, JsonValue, normalize, parse_json

Json = Mapping[str, Any]
T = TypeVar("T")

ROOT = "root"
"""The name of the root component; no other may have it."""

_TYPES = {kind.value: kind for kind in ParameterType}
_DEPRECATED_TYPES = {
    "INT": ParameterType.NUMBER_INTEGER,
    "DOUBLE": ParameterType.NUMBER_DOUBLE,
    "STRING": ParameterType.STRING,
}
_DEPRECATED_VALUES = ("intValue", "doubleValue", "stringValue")


def pipeline_from_json(
    spec: Json,
    names: Iterable[str],
    *,
    control: Mapping[tuple[str, str], tuple[ControlEntry, ...]] | None = None,
) -> Pipeline:
    """Return a pipeline without what the platform spec says.

    Args:
        spec: The canonical pipeline spec.
        names: The components to read, without the root.
        control: As in :class:`argosy_schemas.ir.model.Pipeline`.
    """
    executors: Json = spec.get("deploymentSpec", {}).get("executors", {})
    about: Json = spec["pipelineInfo"]
    return Pipeline(
        name=about["name"],
        display_name=about.get("displayName", ""),
        description=about.get("description", ""),
        default_pipeline_root=spec.get("defaultPipelineRoot", ""),
        sdk_version=spec.get("sdkVersion", ""),
        root=component_from_json(ROOT, spec["root"], executors),
        components={
            name: component_from_json(name, spec["components"][name], executors) for name in names
        },
        document=spec,
        control=control or {},
    )


def component_from_json(name: str, json: Json, executors: Mapping[str, Json]) -> Component:
    """Return the component ``name``; ``executors`` has at least its own."""
    label: str | None = json.get("executorLabel")
    return Component(
        name=name,
        inputs=_interface_from_json(json.get("inputDefinitions", {})),
        outputs=_interface_from_json(json.get("outputDefinitions", {})),
        dag=_dag_from_json(json["dag"]) if "dag" in json else None,
        executor_label=label,
        executor=executor_from_json(executors[label]) if label is not None else None,
        task_config_passthroughs=tuple(
            TaskConfigPassthrough(
                field=item.get("field", "NONE"), apply_to_task=item.get("applyToTask", False)
            )
            for item in json.get("taskConfigPassthroughs", ())
        ),
    )


def executor_from_json(json: Json) -> Executor:
    """Return a container or an importer; the reader has refused the other kinds."""
    if "container" in json:
        return _container_from_json(json["container"])
    importer: Json = json["importer"]
    uri: Json = importer.get("artifactUri", {})
    return ImporterExecutor(
        uri=RuntimeParameter(uri["runtimeParameter"])
        if "runtimeParameter" in uri
        else Constant(constant_from_json(uri)),
        type=_artifact_type_from_json(importer.get("typeSchema", {})),
        metadata=_normalize_values(importer.get("metadata", {})),
        reimport=importer.get("reimport", False),
        download_to_workspace=importer.get("downloadToWorkspace", False),
    )


def parameter_type_from_json(json: Json) -> ParameterType | None:
    """Return the type that a parameter declares; ``None``: it declares none."""
    name: str = json.get("parameterType", "")
    return _TYPES.get(name) or _DEPRECATED_TYPES.get(json.get("type", ""))


def find_producers(task: Json) -> Iterable[str]:
    """Yield the tasks that produce the inputs of ``task``."""
    inputs: Json = task.get("inputs", {})
    for source in (*inputs.get("parameters", {}).values(), *inputs.get("artifacts", {}).values()):
        for kind in ("taskOutputParameter", "taskOutputArtifact", "taskFinalStatus"):
            if kind in source:
                yield source[kind].get("producerTask", "")


def duration_from_json(text: str) -> timedelta:
    """Return a proto duration such as ``3600s`` or ``0.5s``."""
    return timedelta(seconds=float(text.removesuffix("s")))


def _convert_sorted(json: Json, convert: Callable[[str, Any], T]) -> dict[str, T]:
    return {key: convert(key, json[key]) for key in sorted(json)}


def _normalize_values(json: Json) -> dict[str, JsonValue]:
    return {key: normalize(json[key]) for key in sorted(json)}


def _interface_from_json(json: Json) -> Interface:
    return Interface(
        parameters=_convert_sorted(
            json.get("parameters", {}), lambda _, value: _parameter_spec_from_json(value)
        ),
        artifacts=_convert_sorted(
            json.get("artifacts", {}), lambda _, value: _artifact_spec_from_json(value)
        ),
    )


def _parameter_spec_from_json(json: Json) -> ParameterSpec:
    kind = parameter_type_from_json(json)
    if kind is None:
        raise ValueError("has no type")
    return ParameterSpec(
        type=kind,
        default=normalize(json["defaultValue"]) if "defaultValue" in json else UNSET,
        optional=json.get("isOptional", False),
        literals=tuple(normalize(literal) for literal in json.get("literals", ())),
        description=json.get("description", ""),
    )


def _artifact_spec_from_json(json: Json) -> ArtifactSpec:
    return ArtifactSpec(
        type=_artifact_type_from_json(json.get("artifactType", {})),
        is_list=json.get("isArtifactList", False),
        optional=json.get("isOptional", False),
        metadata=_normalize_values(json.get("metadata", {})),
        description=json.get("description", ""),
    )


def _artifact_type_from_json(json: Json) -> ArtifactType:
    return ArtifactType(
        schema_title=json.get("schemaTitle", ""),
        instance_schema=json.get("instanceSchema", ""),
        schema_version=json.get("schemaVersion", ""),
    )


def _dag_from_json(json: Json) -> Dag:
    outputs: Json = json.get("outputs", {})
    return Dag(
        tasks=_convert_sorted(json.get("tasks", {}), _task_from_json),
        outputs=DagOutputs(
            parameters=_convert_sorted(
                outputs.get("parameters", {}),
                lambda _, value: _parameter_selectors_from_json(value),
            ),
            artifacts=_convert_sorted(
                outputs.get("artifacts", {}),
                lambda _, value: tuple(
                    TaskOutput(item["producerSubtask"], item["outputArtifactKey"])
                    for item in value.get("artifactSelectors", ())
                ),
            ),
        ),
    )


def _parameter_selectors_from_json(json: Json) -> tuple[TaskOutput, ...]:
    if "valueFromParameter" in json:
        selectors: list[Json] = [json["valueFromParameter"]]
    else:
        selectors = list(json.get("valueFromOneof", {}).get("parameterSelectors", ()))
    return tuple(
        TaskOutput(item["producerSubtask"], item["outputParameterKey"]) for item in selectors
    )


def _task_from_json(key: str, json: Json) -> Task:
    inputs: Json = json.get("inputs", {})
    parameters = _convert_sorted(
        inputs.get("parameters", {}), lambda _, value: parameter_input_from_json(value)
    )
    artifacts = _convert_sorted(
        inputs.get("artifacts", {}), lambda _, value: _artifact_source_from_json(value)
    )
    trigger: Json = json.get("triggerPolicy", {})
    caching: Json = json.get("cachingOptions", {})
    strategy = trigger.get("strategy", "TRIGGER_STRATEGY_UNSPECIFIED")
    return Task(
        key=key,
        display_name=json.get("taskInfo", {}).get("name", "") or key,
        component=json["componentRef"]["name"],
        parameters=parameters,
        artifacts=artifacts,
        dependencies=tuple(sorted({*json.get("dependentTasks", ()), *find_producers(json)})),
        condition=trigger.get("condition") or None,
        strategy=TriggerStrategy.ALL_UPSTREAM_TASKS_SUCCEEDED
        if strategy == "TRIGGER_STRATEGY_UNSPECIFIED"
        else TriggerStrategy(strategy),
        iterator=_iterator_from_json(json),
        retry=_retry_from_json(json["retryPolicy"]) if "retryPolicy" in json else None,
        caching=Caching(enabled=caching.get("enableCache", False), key=caching.get("cacheKey", "")),
    )


def parameter_input_from_json(json: Json) -> ParameterInput:
    """Return the source of a parameter; Kubernetes settings have the same form."""
    return ParameterInput(
        source=_parameter_source_from_json(json),
        selector=json.get("parameterExpressionSelector") or None,
    )


def _parameter_source_from_json(json: Json) -> ParameterSource:
    if "taskOutputParameter" in json:
        output: Json = json["taskOutputParameter"]
        return TaskOutput(output["producerTask"], output["outputParameterKey"])
    if "componentInputParameter" in json:
        return ComponentInput(json["componentInputParameter"])
    if "taskFinalStatus" in json:
        return FinalStatus(json["taskFinalStatus"]["producerTask"])
    value: Json = json.get("runtimeValue", {})
    if "runtimeParameter" in value:
        return RuntimeParameter(value["runtimeParameter"])
    return Constant(constant_from_json(value))


def constant_from_json(json: Json) -> JsonValue:
    """Return the constant of a ``ValueOrRuntimeParameter``; ``None`` where none is set."""
    if "constant" in json:
        return normalize(json["constant"])
    deprecated: Json = json.get("constantValue", {})
    for name in _DEPRECATED_VALUES:
        if name in deprecated:
            value = deprecated[name]
            return int(value) if name == "intValue" else normalize(value)
    return None


def _artifact_source_from_json(json: Json) -> ArtifactSource:
    if "taskOutputArtifact" in json:
        output: Json = json["taskOutputArtifact"]
        return TaskOutput(output["producerTask"], output["outputArtifactKey"])
    return ComponentInput(json["componentInputArtifact"])


def _iterator_from_json(json: Json) -> Iterator | None:
    over_artifacts = "artifactIterator" in json
    iterator: Json | None = json.get("artifactIterator" if over_artifacts else "parameterIterator")
    if iterator is None:
        return None
    items: Json = iterator.get("items", {})
    name: str | None = items.get("inputArtifact" if over_artifacts else "inputParameter")
    return Iterator(
        items=InputItems(name=name)
        if name is not None
        else RawItems(items=parse_raw_items(items.get("raw", "[]"))),
        item_input=iterator["itemInput"],
        over_artifacts=over_artifacts,
        parallelism=max(0, json.get("iteratorPolicy", {}).get("parallelismLimit", 0)),
    )


def parse_raw_items(text: str) -> tuple[JsonValue, ...]:
    """Return the items of a loop from their JSON text in the file.

    Raises:
        ValueError: ``text`` is not a JSON list.
    """
    items = parse_json(text)
    if not isinstance(items, list):
        raise ValueError("is not a JSON list")
    return tuple(items)


def _retry_from_json(json: Json) -> RetryPolicy:
    default = RetryPolicy()
    return RetryPolicy(
        max_count=max(0, json.get("maxRetryCount", default.max_count)),
        backoff=duration_from_json(json["backoffDuration"])
        if "backoffDuration" in json
        else default.backoff,
        factor=json.get("backoffFactor") or default.factor,  # 0 is not set, in a proto
        max_backoff=duration_from_json(json["backoffMaxDuration"])
        if "backoffMaxDuration" in json
        else default.max_backoff,
    )


def _container_from_json(json: Json) -> ContainerExecutor:
    return ContainerExecutor(
        image=json.get("image", ""),
        command=tuple(json.get("command", ())),
        args=tuple(json.get("args", ())),
        env=tuple((item["name"], item.get("value", "")) for item in json.get("env", ())),
        resources=_resources_from_json(json.get("resources", {})),
    )


def _resources_from_json(json: Json) -> Resources:
    accelerator: Json = json.get("accelerator", {})
    count = accelerator.get("resourceCount") or accelerator.get("count", "")
    return Resources(
        cpu_limit=json.get("resourceCpuLimit") or _format_number(json.get("cpuLimit")),
        cpu_request=json.get("resourceCpuRequest") or _format_number(json.get("cpuRequest")),
        memory_limit=json.get("resourceMemoryLimit") or _format_gigabytes(json.get("memoryLimit")),
        memory_request=json.get("resourceMemoryRequest")
        or _format_gigabytes(json.get("memoryRequest")),
        accelerator_type=accelerator.get("resourceType") or accelerator.get("type", ""),
        accelerator_count=str(count) if count else "",
    )


def _format_number(value: float | None) -> str:
    return to_text(normalize(value)) if value else ""


def _format_gigabytes(value: float | None) -> str:
    """Return a deprecated memory field, which counts in G, as the reference prints it."""
    return f"{_format_number(value)}G" if value else ""
