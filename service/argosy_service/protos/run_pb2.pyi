import datetime

from argosy_service.protos import artifact_pb2 as _artifact_pb2
from argosy_service.protos import runtime_config_pb2 as _runtime_config_pb2
from google.api import annotations_pb2 as _annotations_pb2
from google.protobuf import empty_pb2 as _empty_pb2
from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.rpc import status_pb2 as _status_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RuntimeState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RUNTIME_STATE_UNSPECIFIED: _ClassVar[RuntimeState]
    PENDING: _ClassVar[RuntimeState]
    RUNNING: _ClassVar[RuntimeState]
    SUCCEEDED: _ClassVar[RuntimeState]
    SKIPPED: _ClassVar[RuntimeState]
    FAILED: _ClassVar[RuntimeState]
    CANCELING: _ClassVar[RuntimeState]
    CANCELED: _ClassVar[RuntimeState]
    PAUSED: _ClassVar[RuntimeState]

class PluginState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PLUGIN_STATE_UNSPECIFIED: _ClassVar[PluginState]
    PLUGIN_RUNNING: _ClassVar[PluginState]
    PLUGIN_SUCCEEDED: _ClassVar[PluginState]
    PLUGIN_FAILED: _ClassVar[PluginState]
RUNTIME_STATE_UNSPECIFIED: RuntimeState
PENDING: RuntimeState
RUNNING: RuntimeState
SUCCEEDED: RuntimeState
SKIPPED: RuntimeState
FAILED: RuntimeState
CANCELING: RuntimeState
CANCELED: RuntimeState
PAUSED: RuntimeState
PLUGIN_STATE_UNSPECIFIED: PluginState
PLUGIN_RUNNING: PluginState
PLUGIN_SUCCEEDED: PluginState
PLUGIN_FAILED: PluginState

class Run(_message.Message):
    __slots__ = ("experiment_id", "run_id", "display_name", "storage_state", "description", "pipeline_version_id", "pipeline_spec", "pipeline_version_reference", "runtime_config", "service_account", "created_at", "scheduled_at", "finished_at", "state", "error", "run_details", "recurring_run_id", "state_history", "plugins_input", "plugins_output", "pipeline_reference", "task_count", "tasks")
    class StorageState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        STORAGE_STATE_UNSPECIFIED: _ClassVar[Run.StorageState]
        AVAILABLE: _ClassVar[Run.StorageState]
        ARCHIVED: _ClassVar[Run.StorageState]
    STORAGE_STATE_UNSPECIFIED: Run.StorageState
    AVAILABLE: Run.StorageState
    ARCHIVED: Run.StorageState
    class PluginsInputEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: _struct_pb2.Struct
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...
    class PluginsOutputEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: PluginOutput
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[PluginOutput, _Mapping]] = ...) -> None: ...
    EXPERIMENT_ID_FIELD_NUMBER: _ClassVar[int]
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    STORAGE_STATE_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    PIPELINE_VERSION_ID_FIELD_NUMBER: _ClassVar[int]
    PIPELINE_SPEC_FIELD_NUMBER: _ClassVar[int]
    PIPELINE_VERSION_REFERENCE_FIELD_NUMBER: _ClassVar[int]
    RUNTIME_CONFIG_FIELD_NUMBER: _ClassVar[int]
    SERVICE_ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    SCHEDULED_AT_FIELD_NUMBER: _ClassVar[int]
    FINISHED_AT_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    RUN_DETAILS_FIELD_NUMBER: _ClassVar[int]
    RECURRING_RUN_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_HISTORY_FIELD_NUMBER: _ClassVar[int]
    PLUGINS_INPUT_FIELD_NUMBER: _ClassVar[int]
    PLUGINS_OUTPUT_FIELD_NUMBER: _ClassVar[int]
    PIPELINE_REFERENCE_FIELD_NUMBER: _ClassVar[int]
    TASK_COUNT_FIELD_NUMBER: _ClassVar[int]
    TASKS_FIELD_NUMBER: _ClassVar[int]
    experiment_id: str
    run_id: str
    display_name: str
    storage_state: Run.StorageState
    description: str
    pipeline_version_id: str
    pipeline_spec: _struct_pb2.Struct
    pipeline_version_reference: PipelineVersionReference
    runtime_config: _runtime_config_pb2.RuntimeConfig
    service_account: str
    created_at: _timestamp_pb2.Timestamp
    scheduled_at: _timestamp_pb2.Timestamp
    finished_at: _timestamp_pb2.Timestamp
    state: RuntimeState
    error: _status_pb2.Status
    run_details: RunDetails
    recurring_run_id: str
    state_history: _containers.RepeatedCompositeFieldContainer[RuntimeStatus]
    plugins_input: _containers.MessageMap[str, _struct_pb2.Struct]
    plugins_output: _containers.MessageMap[str, PluginOutput]
    pipeline_reference: PipelineVersionReference
    task_count: int
    tasks: _containers.RepeatedCompositeFieldContainer[PipelineTask]
    def __init__(self, experiment_id: _Optional[str] = ..., run_id: _Optional[str] = ..., display_name: _Optional[str] = ..., storage_state: _Optional[_Union[Run.StorageState, str]] = ..., description: _Optional[str] = ..., pipeline_version_id: _Optional[str] = ..., pipeline_spec: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., pipeline_version_reference: _Optional[_Union[PipelineVersionReference, _Mapping]] = ..., runtime_config: _Optional[_Union[_runtime_config_pb2.RuntimeConfig, _Mapping]] = ..., service_account: _Optional[str] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., scheduled_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., finished_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., state: _Optional[_Union[RuntimeState, str]] = ..., error: _Optional[_Union[_status_pb2.Status, _Mapping]] = ..., run_details: _Optional[_Union[RunDetails, _Mapping]] = ..., recurring_run_id: _Optional[str] = ..., state_history: _Optional[_Iterable[_Union[RuntimeStatus, _Mapping]]] = ..., plugins_input: _Optional[_Mapping[str, _struct_pb2.Struct]] = ..., plugins_output: _Optional[_Mapping[str, PluginOutput]] = ..., pipeline_reference: _Optional[_Union[PipelineVersionReference, _Mapping]] = ..., task_count: _Optional[int] = ..., tasks: _Optional[_Iterable[_Union[PipelineTask, _Mapping]]] = ...) -> None: ...

class PipelineVersionReference(_message.Message):
    __slots__ = ("pipeline_id", "pipeline_version_id")
    PIPELINE_ID_FIELD_NUMBER: _ClassVar[int]
    PIPELINE_VERSION_ID_FIELD_NUMBER: _ClassVar[int]
    pipeline_id: str
    pipeline_version_id: str
    def __init__(self, pipeline_id: _Optional[str] = ..., pipeline_version_id: _Optional[str] = ...) -> None: ...

class RuntimeStatus(_message.Message):
    __slots__ = ("update_time", "state", "error")
    UPDATE_TIME_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    update_time: _timestamp_pb2.Timestamp
    state: RuntimeState
    error: _status_pb2.Status
    def __init__(self, update_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., state: _Optional[_Union[RuntimeState, str]] = ..., error: _Optional[_Union[_status_pb2.Status, _Mapping]] = ...) -> None: ...

class MetadataValue(_message.Message):
    __slots__ = ("value", "render_type")
    class RenderType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        UNSPECIFIED: _ClassVar[MetadataValue.RenderType]
        URL: _ClassVar[MetadataValue.RenderType]
    UNSPECIFIED: MetadataValue.RenderType
    URL: MetadataValue.RenderType
    VALUE_FIELD_NUMBER: _ClassVar[int]
    RENDER_TYPE_FIELD_NUMBER: _ClassVar[int]
    value: _struct_pb2.Value
    render_type: MetadataValue.RenderType
    def __init__(self, value: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ..., render_type: _Optional[_Union[MetadataValue.RenderType, str]] = ...) -> None: ...

class PluginOutput(_message.Message):
    __slots__ = ("entries", "state", "state_message")
    class EntriesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: MetadataValue
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[MetadataValue, _Mapping]] = ...) -> None: ...
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    STATE_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    entries: _containers.MessageMap[str, MetadataValue]
    state: PluginState
    state_message: str
    def __init__(self, entries: _Optional[_Mapping[str, MetadataValue]] = ..., state: _Optional[_Union[PluginState, str]] = ..., state_message: _Optional[str] = ...) -> None: ...

class RunDetails(_message.Message):
    __slots__ = ("pipeline_context_id", "pipeline_run_context_id", "task_details")
    PIPELINE_CONTEXT_ID_FIELD_NUMBER: _ClassVar[int]
    PIPELINE_RUN_CONTEXT_ID_FIELD_NUMBER: _ClassVar[int]
    TASK_DETAILS_FIELD_NUMBER: _ClassVar[int]
    pipeline_context_id: int
    pipeline_run_context_id: int
    task_details: _containers.RepeatedCompositeFieldContainer[PipelineTaskDetail]
    def __init__(self, pipeline_context_id: _Optional[int] = ..., pipeline_run_context_id: _Optional[int] = ..., task_details: _Optional[_Iterable[_Union[PipelineTaskDetail, _Mapping]]] = ...) -> None: ...

class PipelineTaskDetail(_message.Message):
    __slots__ = ("run_id", "task_id", "display_name", "create_time", "start_time", "end_time", "executor_detail", "state", "execution_id", "error", "inputs", "outputs", "parent_task_id", "state_history", "pod_name", "child_tasks")
    class ChildTask(_message.Message):
        __slots__ = ("task_id", "pod_name")
        TASK_ID_FIELD_NUMBER: _ClassVar[int]
        POD_NAME_FIELD_NUMBER: _ClassVar[int]
        task_id: str
        pod_name: str
        def __init__(self, task_id: _Optional[str] = ..., pod_name: _Optional[str] = ...) -> None: ...
    class InputsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: ArtifactList
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[ArtifactList, _Mapping]] = ...) -> None: ...
    class OutputsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: ArtifactList
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[ArtifactList, _Mapping]] = ...) -> None: ...
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    TASK_ID_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    EXECUTOR_DETAIL_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    EXECUTION_ID_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    OUTPUTS_FIELD_NUMBER: _ClassVar[int]
    PARENT_TASK_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_HISTORY_FIELD_NUMBER: _ClassVar[int]
    POD_NAME_FIELD_NUMBER: _ClassVar[int]
    CHILD_TASKS_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    task_id: str
    display_name: str
    create_time: _timestamp_pb2.Timestamp
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    executor_detail: PipelineTaskExecutorDetail
    state: RuntimeState
    execution_id: int
    error: _status_pb2.Status
    inputs: _containers.MessageMap[str, ArtifactList]
    outputs: _containers.MessageMap[str, ArtifactList]
    parent_task_id: str
    state_history: _containers.RepeatedCompositeFieldContainer[RuntimeStatus]
    pod_name: str
    child_tasks: _containers.RepeatedCompositeFieldContainer[PipelineTaskDetail.ChildTask]
    def __init__(self, run_id: _Optional[str] = ..., task_id: _Optional[str] = ..., display_name: _Optional[str] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., executor_detail: _Optional[_Union[PipelineTaskExecutorDetail, _Mapping]] = ..., state: _Optional[_Union[RuntimeState, str]] = ..., execution_id: _Optional[int] = ..., error: _Optional[_Union[_status_pb2.Status, _Mapping]] = ..., inputs: _Optional[_Mapping[str, ArtifactList]] = ..., outputs: _Optional[_Mapping[str, ArtifactList]] = ..., parent_task_id: _Optional[str] = ..., state_history: _Optional[_Iterable[_Union[RuntimeStatus, _Mapping]]] = ..., pod_name: _Optional[str] = ..., child_tasks: _Optional[_Iterable[_Union[PipelineTaskDetail.ChildTask, _Mapping]]] = ...) -> None: ...

class PipelineTaskExecutorDetail(_message.Message):
    __slots__ = ("main_job", "pre_caching_check_job", "failed_main_jobs", "failed_pre_caching_check_jobs")
    MAIN_JOB_FIELD_NUMBER: _ClassVar[int]
    PRE_CACHING_CHECK_JOB_FIELD_NUMBER: _ClassVar[int]
    FAILED_MAIN_JOBS_FIELD_NUMBER: _ClassVar[int]
    FAILED_PRE_CACHING_CHECK_JOBS_FIELD_NUMBER: _ClassVar[int]
    main_job: str
    pre_caching_check_job: str
    failed_main_jobs: _containers.RepeatedScalarFieldContainer[str]
    failed_pre_caching_check_jobs: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, main_job: _Optional[str] = ..., pre_caching_check_job: _Optional[str] = ..., failed_main_jobs: _Optional[_Iterable[str]] = ..., failed_pre_caching_check_jobs: _Optional[_Iterable[str]] = ...) -> None: ...

class ArtifactList(_message.Message):
    __slots__ = ("artifact_ids",)
    ARTIFACT_IDS_FIELD_NUMBER: _ClassVar[int]
    artifact_ids: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, artifact_ids: _Optional[_Iterable[int]] = ...) -> None: ...

class PipelineTask(_message.Message):
    __slots__ = ("name", "display_name", "task_id", "run_id", "pods", "cache_fingerprint", "create_time", "end_time", "state", "status_metadata", "state_history", "type", "type_attributes", "parent_task_id", "child_tasks", "inputs", "outputs", "scope_path")
    class TaskPodType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        UNSPECIFIED: _ClassVar[PipelineTask.TaskPodType]
        DRIVER: _ClassVar[PipelineTask.TaskPodType]
        EXECUTOR: _ClassVar[PipelineTask.TaskPodType]
    UNSPECIFIED: PipelineTask.TaskPodType
    DRIVER: PipelineTask.TaskPodType
    EXECUTOR: PipelineTask.TaskPodType
    class TaskState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        RUNTIME_STATE_UNSPECIFIED: _ClassVar[PipelineTask.TaskState]
        RUNNING: _ClassVar[PipelineTask.TaskState]
        SUCCEEDED: _ClassVar[PipelineTask.TaskState]
        SKIPPED: _ClassVar[PipelineTask.TaskState]
        FAILED: _ClassVar[PipelineTask.TaskState]
        CACHED: _ClassVar[PipelineTask.TaskState]
    RUNTIME_STATE_UNSPECIFIED: PipelineTask.TaskState
    RUNNING: PipelineTask.TaskState
    SUCCEEDED: PipelineTask.TaskState
    SKIPPED: PipelineTask.TaskState
    FAILED: PipelineTask.TaskState
    CACHED: PipelineTask.TaskState
    class TaskType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        TASK_TYPE_UNSPECIFIED: _ClassVar[PipelineTask.TaskType]
        ROOT: _ClassVar[PipelineTask.TaskType]
        RUNTIME: _ClassVar[PipelineTask.TaskType]
        CONDITION_BRANCH: _ClassVar[PipelineTask.TaskType]
        CONDITION: _ClassVar[PipelineTask.TaskType]
        LOOP: _ClassVar[PipelineTask.TaskType]
        EXIT_HANDLER: _ClassVar[PipelineTask.TaskType]
        IMPORTER: _ClassVar[PipelineTask.TaskType]
        DAG: _ClassVar[PipelineTask.TaskType]
    TASK_TYPE_UNSPECIFIED: PipelineTask.TaskType
    ROOT: PipelineTask.TaskType
    RUNTIME: PipelineTask.TaskType
    CONDITION_BRANCH: PipelineTask.TaskType
    CONDITION: PipelineTask.TaskType
    LOOP: PipelineTask.TaskType
    EXIT_HANDLER: PipelineTask.TaskType
    IMPORTER: PipelineTask.TaskType
    DAG: PipelineTask.TaskType
    class TaskPod(_message.Message):
        __slots__ = ("name", "uid", "type")
        NAME_FIELD_NUMBER: _ClassVar[int]
        UID_FIELD_NUMBER: _ClassVar[int]
        TYPE_FIELD_NUMBER: _ClassVar[int]
        name: str
        uid: str
        type: PipelineTask.TaskPodType
        def __init__(self, name: _Optional[str] = ..., uid: _Optional[str] = ..., type: _Optional[_Union[PipelineTask.TaskPodType, str]] = ...) -> None: ...
    class StatusMetadata(_message.Message):
        __slots__ = ("message", "custom_properties")
        class CustomPropertiesEntry(_message.Message):
            __slots__ = ("key", "value")
            KEY_FIELD_NUMBER: _ClassVar[int]
            VALUE_FIELD_NUMBER: _ClassVar[int]
            key: str
            value: _struct_pb2.Value
            def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ...) -> None: ...
        MESSAGE_FIELD_NUMBER: _ClassVar[int]
        CUSTOM_PROPERTIES_FIELD_NUMBER: _ClassVar[int]
        message: str
        custom_properties: _containers.MessageMap[str, _struct_pb2.Value]
        def __init__(self, message: _Optional[str] = ..., custom_properties: _Optional[_Mapping[str, _struct_pb2.Value]] = ...) -> None: ...
    class TaskStatus(_message.Message):
        __slots__ = ("update_time", "state", "error")
        UPDATE_TIME_FIELD_NUMBER: _ClassVar[int]
        STATE_FIELD_NUMBER: _ClassVar[int]
        ERROR_FIELD_NUMBER: _ClassVar[int]
        update_time: _timestamp_pb2.Timestamp
        state: PipelineTask.TaskState
        error: _status_pb2.Status
        def __init__(self, update_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., state: _Optional[_Union[PipelineTask.TaskState, str]] = ..., error: _Optional[_Union[_status_pb2.Status, _Mapping]] = ...) -> None: ...
    class TypeAttributes(_message.Message):
        __slots__ = ("iteration_index", "iteration_count", "download_to_workspace")
        ITERATION_INDEX_FIELD_NUMBER: _ClassVar[int]
        ITERATION_COUNT_FIELD_NUMBER: _ClassVar[int]
        DOWNLOAD_TO_WORKSPACE_FIELD_NUMBER: _ClassVar[int]
        iteration_index: int
        iteration_count: int
        download_to_workspace: bool
        def __init__(self, iteration_index: _Optional[int] = ..., iteration_count: _Optional[int] = ..., download_to_workspace: bool = ...) -> None: ...
    class ChildTask(_message.Message):
        __slots__ = ("task_id", "name")
        TASK_ID_FIELD_NUMBER: _ClassVar[int]
        NAME_FIELD_NUMBER: _ClassVar[int]
        task_id: str
        name: str
        def __init__(self, task_id: _Optional[str] = ..., name: _Optional[str] = ...) -> None: ...
    class InputOutputs(_message.Message):
        __slots__ = ("parameters", "artifacts")
        class IOParameter(_message.Message):
            __slots__ = ("value", "type", "parameter_key", "producer")
            VALUE_FIELD_NUMBER: _ClassVar[int]
            TYPE_FIELD_NUMBER: _ClassVar[int]
            PARAMETER_KEY_FIELD_NUMBER: _ClassVar[int]
            PRODUCER_FIELD_NUMBER: _ClassVar[int]
            value: _struct_pb2.Value
            type: _artifact_pb2.IOType
            parameter_key: str
            producer: _artifact_pb2.IOProducer
            def __init__(self, value: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ..., type: _Optional[_Union[_artifact_pb2.IOType, str]] = ..., parameter_key: _Optional[str] = ..., producer: _Optional[_Union[_artifact_pb2.IOProducer, _Mapping]] = ...) -> None: ...
        class IOArtifact(_message.Message):
            __slots__ = ("artifacts", "type", "artifact_key", "producer")
            ARTIFACTS_FIELD_NUMBER: _ClassVar[int]
            TYPE_FIELD_NUMBER: _ClassVar[int]
            ARTIFACT_KEY_FIELD_NUMBER: _ClassVar[int]
            PRODUCER_FIELD_NUMBER: _ClassVar[int]
            artifacts: _containers.RepeatedCompositeFieldContainer[_artifact_pb2.Artifact]
            type: _artifact_pb2.IOType
            artifact_key: str
            producer: _artifact_pb2.IOProducer
            def __init__(self, artifacts: _Optional[_Iterable[_Union[_artifact_pb2.Artifact, _Mapping]]] = ..., type: _Optional[_Union[_artifact_pb2.IOType, str]] = ..., artifact_key: _Optional[str] = ..., producer: _Optional[_Union[_artifact_pb2.IOProducer, _Mapping]] = ...) -> None: ...
        PARAMETERS_FIELD_NUMBER: _ClassVar[int]
        ARTIFACTS_FIELD_NUMBER: _ClassVar[int]
        parameters: _containers.RepeatedCompositeFieldContainer[PipelineTask.InputOutputs.IOParameter]
        artifacts: _containers.RepeatedCompositeFieldContainer[PipelineTask.InputOutputs.IOArtifact]
        def __init__(self, parameters: _Optional[_Iterable[_Union[PipelineTask.InputOutputs.IOParameter, _Mapping]]] = ..., artifacts: _Optional[_Iterable[_Union[PipelineTask.InputOutputs.IOArtifact, _Mapping]]] = ...) -> None: ...
    NAME_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    TASK_ID_FIELD_NUMBER: _ClassVar[int]
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    PODS_FIELD_NUMBER: _ClassVar[int]
    CACHE_FINGERPRINT_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    STATUS_METADATA_FIELD_NUMBER: _ClassVar[int]
    STATE_HISTORY_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    TYPE_ATTRIBUTES_FIELD_NUMBER: _ClassVar[int]
    PARENT_TASK_ID_FIELD_NUMBER: _ClassVar[int]
    CHILD_TASKS_FIELD_NUMBER: _ClassVar[int]
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    OUTPUTS_FIELD_NUMBER: _ClassVar[int]
    SCOPE_PATH_FIELD_NUMBER: _ClassVar[int]
    name: str
    display_name: str
    task_id: str
    run_id: str
    pods: _containers.RepeatedCompositeFieldContainer[PipelineTask.TaskPod]
    cache_fingerprint: str
    create_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    state: PipelineTask.TaskState
    status_metadata: PipelineTask.StatusMetadata
    state_history: _containers.RepeatedCompositeFieldContainer[PipelineTask.TaskStatus]
    type: PipelineTask.TaskType
    type_attributes: PipelineTask.TypeAttributes
    parent_task_id: str
    child_tasks: _containers.RepeatedCompositeFieldContainer[PipelineTask.ChildTask]
    inputs: PipelineTask.InputOutputs
    outputs: PipelineTask.InputOutputs
    scope_path: str
    def __init__(self, name: _Optional[str] = ..., display_name: _Optional[str] = ..., task_id: _Optional[str] = ..., run_id: _Optional[str] = ..., pods: _Optional[_Iterable[_Union[PipelineTask.TaskPod, _Mapping]]] = ..., cache_fingerprint: _Optional[str] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., state: _Optional[_Union[PipelineTask.TaskState, str]] = ..., status_metadata: _Optional[_Union[PipelineTask.StatusMetadata, _Mapping]] = ..., state_history: _Optional[_Iterable[_Union[PipelineTask.TaskStatus, _Mapping]]] = ..., type: _Optional[_Union[PipelineTask.TaskType, str]] = ..., type_attributes: _Optional[_Union[PipelineTask.TypeAttributes, _Mapping]] = ..., parent_task_id: _Optional[str] = ..., child_tasks: _Optional[_Iterable[_Union[PipelineTask.ChildTask, _Mapping]]] = ..., inputs: _Optional[_Union[PipelineTask.InputOutputs, _Mapping]] = ..., outputs: _Optional[_Union[PipelineTask.InputOutputs, _Mapping]] = ..., scope_path: _Optional[str] = ...) -> None: ...

class CreateRunRequest(_message.Message):
    __slots__ = ("experiment_id", "run")
    EXPERIMENT_ID_FIELD_NUMBER: _ClassVar[int]
    RUN_FIELD_NUMBER: _ClassVar[int]
    experiment_id: str
    run: Run
    def __init__(self, experiment_id: _Optional[str] = ..., run: _Optional[_Union[Run, _Mapping]] = ...) -> None: ...

class GetRunRequest(_message.Message):
    __slots__ = ("experiment_id", "run_id", "view")
    class ViewMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        DEFAULT: _ClassVar[GetRunRequest.ViewMode]
        FULL: _ClassVar[GetRunRequest.ViewMode]
    DEFAULT: GetRunRequest.ViewMode
    FULL: GetRunRequest.ViewMode
    EXPERIMENT_ID_FIELD_NUMBER: _ClassVar[int]
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    VIEW_FIELD_NUMBER: _ClassVar[int]
    experiment_id: str
    run_id: str
    view: GetRunRequest.ViewMode
    def __init__(self, experiment_id: _Optional[str] = ..., run_id: _Optional[str] = ..., view: _Optional[_Union[GetRunRequest.ViewMode, str]] = ...) -> None: ...

class ListRunsRequest(_message.Message):
    __slots__ = ("namespace", "experiment_id", "page_token", "page_size", "sort_by", "filter", "view")
    class ViewMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        DEFAULT: _ClassVar[ListRunsRequest.ViewMode]
        FULL: _ClassVar[ListRunsRequest.ViewMode]
    DEFAULT: ListRunsRequest.ViewMode
    FULL: ListRunsRequest.ViewMode
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    EXPERIMENT_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    SORT_BY_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    VIEW_FIELD_NUMBER: _ClassVar[int]
    namespace: str
    experiment_id: str
    page_token: str
    page_size: int
    sort_by: str
    filter: str
    view: ListRunsRequest.ViewMode
    def __init__(self, namespace: _Optional[str] = ..., experiment_id: _Optional[str] = ..., page_token: _Optional[str] = ..., page_size: _Optional[int] = ..., sort_by: _Optional[str] = ..., filter: _Optional[str] = ..., view: _Optional[_Union[ListRunsRequest.ViewMode, str]] = ...) -> None: ...

class TerminateRunRequest(_message.Message):
    __slots__ = ("experiment_id", "run_id")
    EXPERIMENT_ID_FIELD_NUMBER: _ClassVar[int]
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    experiment_id: str
    run_id: str
    def __init__(self, experiment_id: _Optional[str] = ..., run_id: _Optional[str] = ...) -> None: ...

class ListRunsResponse(_message.Message):
    __slots__ = ("runs", "total_size", "next_page_token")
    RUNS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_SIZE_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    runs: _containers.RepeatedCompositeFieldContainer[Run]
    total_size: int
    next_page_token: str
    def __init__(self, runs: _Optional[_Iterable[_Union[Run, _Mapping]]] = ..., total_size: _Optional[int] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class ArchiveRunRequest(_message.Message):
    __slots__ = ("experiment_id", "run_id")
    EXPERIMENT_ID_FIELD_NUMBER: _ClassVar[int]
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    experiment_id: str
    run_id: str
    def __init__(self, experiment_id: _Optional[str] = ..., run_id: _Optional[str] = ...) -> None: ...

class UnarchiveRunRequest(_message.Message):
    __slots__ = ("experiment_id", "run_id")
    EXPERIMENT_ID_FIELD_NUMBER: _ClassVar[int]
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    experiment_id: str
    run_id: str
    def __init__(self, experiment_id: _Optional[str] = ..., run_id: _Optional[str] = ...) -> None: ...

class DeleteRunRequest(_message.Message):
    __slots__ = ("experiment_id", "run_id")
    EXPERIMENT_ID_FIELD_NUMBER: _ClassVar[int]
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    experiment_id: str
    run_id: str
    def __init__(self, experiment_id: _Optional[str] = ..., run_id: _Optional[str] = ...) -> None: ...

class RetryRunRequest(_message.Message):
    __slots__ = ("experiment_id", "run_id")
    EXPERIMENT_ID_FIELD_NUMBER: _ClassVar[int]
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    experiment_id: str
    run_id: str
    def __init__(self, experiment_id: _Optional[str] = ..., run_id: _Optional[str] = ...) -> None: ...

class CreateTaskRequest(_message.Message):
    __slots__ = ("task", "run_id")
    TASK_FIELD_NUMBER: _ClassVar[int]
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    task: PipelineTask
    run_id: str
    def __init__(self, task: _Optional[_Union[PipelineTask, _Mapping]] = ..., run_id: _Optional[str] = ...) -> None: ...

class UpdateTaskRequest(_message.Message):
    __slots__ = ("task_id", "task", "run_id")
    TASK_ID_FIELD_NUMBER: _ClassVar[int]
    TASK_FIELD_NUMBER: _ClassVar[int]
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    task_id: str
    task: PipelineTask
    run_id: str
    def __init__(self, task_id: _Optional[str] = ..., task: _Optional[_Union[PipelineTask, _Mapping]] = ..., run_id: _Optional[str] = ...) -> None: ...

class UpdateTasksBulkRequest(_message.Message):
    __slots__ = ("tasks", "run_id")
    class TasksEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: PipelineTask
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[PipelineTask, _Mapping]] = ...) -> None: ...
    TASKS_FIELD_NUMBER: _ClassVar[int]
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    tasks: _containers.MessageMap[str, PipelineTask]
    run_id: str
    def __init__(self, tasks: _Optional[_Mapping[str, PipelineTask]] = ..., run_id: _Optional[str] = ...) -> None: ...

class UpdateTasksBulkResponse(_message.Message):
    __slots__ = ("tasks",)
    class TasksEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: PipelineTask
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[PipelineTask, _Mapping]] = ...) -> None: ...
    TASKS_FIELD_NUMBER: _ClassVar[int]
    tasks: _containers.MessageMap[str, PipelineTask]
    def __init__(self, tasks: _Optional[_Mapping[str, PipelineTask]] = ...) -> None: ...

class GetTaskRequest(_message.Message):
    __slots__ = ("task_id", "run_id")
    TASK_ID_FIELD_NUMBER: _ClassVar[int]
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    task_id: str
    run_id: str
    def __init__(self, task_id: _Optional[str] = ..., run_id: _Optional[str] = ...) -> None: ...

class ListTasksRequest(_message.Message):
    __slots__ = ("run_id", "parent_id", "page_size", "page_token", "filter", "order_by")
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    PARENT_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    ORDER_BY_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    parent_id: str
    page_size: int
    page_token: str
    filter: str
    order_by: str
    def __init__(self, run_id: _Optional[str] = ..., parent_id: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., filter: _Optional[str] = ..., order_by: _Optional[str] = ...) -> None: ...

class ListTasksResponse(_message.Message):
    __slots__ = ("tasks", "next_page_token", "total_size")
    TASKS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    TOTAL_SIZE_FIELD_NUMBER: _ClassVar[int]
    tasks: _containers.RepeatedCompositeFieldContainer[PipelineTask]
    next_page_token: str
    total_size: int
    def __init__(self, tasks: _Optional[_Iterable[_Union[PipelineTask, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., total_size: _Optional[int] = ...) -> None: ...

class FindCachedTaskRequest(_message.Message):
    __slots__ = ("namespace", "cache_fingerprint")
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    CACHE_FINGERPRINT_FIELD_NUMBER: _ClassVar[int]
    namespace: str
    cache_fingerprint: str
    def __init__(self, namespace: _Optional[str] = ..., cache_fingerprint: _Optional[str] = ...) -> None: ...

class FindCachedTaskResponse(_message.Message):
    __slots__ = ("task",)
    TASK_FIELD_NUMBER: _ClassVar[int]
    task: PipelineTask
    def __init__(self, task: _Optional[_Union[PipelineTask, _Mapping]] = ...) -> None: ...
