"""The IR, a compiled KFP pipeline, as immutable values.

The fields follow ``pipeline_spec.proto`` (kubeflow/pipelines ``api/v2alpha1``); the reader converts
fields that are deprecated there to their successors, so that other code needs one of the two only.
Numbers are normalized (:func:`argosy_schemas.values.normalize`), maps are sorted by key.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from argosy_schemas.ir.known import NOTHING_KNOWN, KnownResults
from argosy_schemas.values import UNSET, JsonValue, Unset

if TYPE_CHECKING:
    # Its dataclasses take 10 ms to make, and most drivers read no such configuration.
    from argosy_schemas.ir.kubernetes.fields import KubernetesExecutorConfig

_EMPTY: Mapping[str, Any] = MappingProxyType({})


def _empty() -> Mapping[str, Any]:
    # A factory, because Python 3.11 refuses an unhashable default.
    return _EMPTY


class ParameterType(StrEnum):
    """``parameterType`` of an input or output."""

    STRING = "STRING"
    NUMBER_INTEGER = "NUMBER_INTEGER"
    NUMBER_DOUBLE = "NUMBER_DOUBLE"
    BOOLEAN = "BOOLEAN"
    LIST = "LIST"
    STRUCT = "STRUCT"
    TASK_FINAL_STATUS = "TASK_FINAL_STATUS"
    """The final status of an upstream task; the driver creates the value."""
    TASK_CONFIG = "TASK_CONFIG"
    """The pod settings passed through to the component; the driver creates the value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterSpec:
    """One declared parameter of a component."""

    type: ParameterType
    default: JsonValue | Unset = UNSET
    optional: bool = False
    literals: tuple[JsonValue, ...] = ()
    """The only values allowed; empty allows any."""
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactType:
    """Exactly one of the two is non-empty."""

    schema_title: str = ""
    """E.g. ``system.Dataset``."""
    instance_schema: str = ""
    """YAML text of a custom schema; its ``title`` names the type."""
    schema_version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactSpec:
    """One declared artifact of a component."""

    type: ArtifactType
    is_list: bool = False
    optional: bool = False
    metadata: Mapping[str, JsonValue] = field(default_factory=_empty)
    """Outputs only: the initial metadata of each produced artifact."""
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interface:
    """Inputs, or outputs, of a component by name."""

    parameters: Mapping[str, ParameterSpec] = field(default_factory=_empty)
    artifacts: Mapping[str, ArtifactSpec] = field(default_factory=_empty)


# The sources of a task's inputs.


@dataclass(frozen=True, slots=True)
class Constant:
    """``runtimeValue.constant``; strings in it may hold placeholders."""

    value: JsonValue


@dataclass(frozen=True, slots=True)
class RuntimeParameter:
    """``runtimeValue.runtimeParameter``: a parameter of the run by name."""

    name: str


@dataclass(frozen=True, slots=True)
class ComponentInput:
    """An input, parameter or artifact, of the DAG that holds the task."""

    name: str


@dataclass(frozen=True, slots=True)
class TaskOutput:
    """An output, parameter or artifact, of a sibling task."""

    task: str
    output: str


@dataclass(frozen=True, slots=True)
class FinalStatus:
    """The final status of a sibling task."""

    task: str


ParameterSource: TypeAlias = Constant | RuntimeParameter | ComponentInput | TaskOutput | FinalStatus
ArtifactSource: TypeAlias = ComponentInput | TaskOutput


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterInput:
    """One parameter that a task passes to its component."""

    source: ParameterSource
    selector: str | None = None
    """``parameterExpressionSelector``, CEL on the value: ``parseJson(string_value)["a"]``."""


class TriggerStrategy(StrEnum):
    """Which statuses of the tasks that it depends on let a task run."""

    ALL_UPSTREAM_TASKS_SUCCEEDED = "ALL_UPSTREAM_TASKS_SUCCEEDED"
    ALL_UPSTREAM_TASKS_COMPLETED = "ALL_UPSTREAM_TASKS_COMPLETED"
    """Any: exit tasks and ``ignore_upstream_failure``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """The retries after the first attempt. The defaults are those of the proto."""

    max_count: int = 0
    backoff: timedelta = timedelta(0)
    factor: float = 2.0
    max_backoff: timedelta = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class RawItems:
    """Loop items in the file: a JSON list; its strings may have placeholders."""

    items: tuple[JsonValue, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class InputItems:
    """Loop items from an input of the looping task itself."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Iterator:
    """A loop over parameters or artifacts."""

    items: RawItems | InputItems
    item_input: str
    """The component input that receives one item."""
    over_artifacts: bool = False
    parallelism: int = 0
    """How many iterations run at once; 0 for all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caching:
    """``cachingOptions`` of a task."""

    enabled: bool = False
    key: str = ""
    """When not empty, only this key and the component's name decide on reuse."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One use of a component inside a DAG."""

    key: str
    """The key in ``dag.tasks``, unique within the DAG."""
    display_name: str
    component: str
    parameters: Mapping[str, ParameterInput] = field(default_factory=_empty)
    artifacts: Mapping[str, ArtifactSource] = field(default_factory=_empty)
    dependencies: tuple[str, ...] = ()
    """The siblings that have to end first: ``dependentTasks`` and producers of inputs, sorted."""
    condition: str | None = None
    """CEL over the task's own inputs."""
    strategy: TriggerStrategy = TriggerStrategy.ALL_UPSTREAM_TASKS_SUCCEEDED
    iterator: Iterator | None = None
    retry: RetryPolicy | None = None
    """``None`` inherits from the enclosing task."""
    caching: Caching = Caching()


@dataclass(frozen=True, slots=True, kw_only=True)
class DagOutputs:
    """The outputs of a DAG, each taken from outputs of its tasks."""

    parameters: Mapping[str, tuple[TaskOutput, ...]] = field(default_factory=_empty)
    """Several selectors are a ``OneOf``: the first one whose task succeeded counts."""
    artifacts: Mapping[str, tuple[TaskOutput, ...]] = field(default_factory=_empty)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dag:
    """Tasks by key, and the outputs of the component that holds them."""

    tasks: Mapping[str, Task]
    outputs: DagOutputs = DagOutputs()


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """Quantities in the form of Kubernetes; empty means unset; each may be a placeholder."""

    cpu_limit: str = ""
    cpu_request: str = ""
    memory_limit: str = ""
    memory_request: str = ""
    accelerator_type: str = ""
    accelerator_count: str = ""


CREATE_CLAIM_IMAGE: Final = "argostub/createpvc"
"""An executor with this image creates a volume claim and runs nothing."""
DELETE_CLAIM_IMAGE: Final = "argostub/deletepvc"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerExecutor:
    """A container to run; its strings may have placeholders."""

    image: str
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    env: tuple[tuple[str, str], ...] = ()
    """Pairs of name and value in the order of the file; of equal names the last one counts."""
    resources: Resources = Resources()


@dataclass(frozen=True, slots=True, kw_only=True)
class ImporterExecutor:
    """Registers an existing artifact, without a pod."""

    uri: Constant | RuntimeParameter
    """A ``RuntimeParameter`` names an input of the task."""
    type: ArtifactType
    metadata: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    """Keys and values may have placeholders."""
    reimport: bool = False
    download_to_workspace: bool = False


Executor: TypeAlias = ContainerExecutor | ImporterExecutor


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskConfigPassthrough:
    """One group of pod settings that a component asks to receive as a value."""

    field: str
    """``RESOURCES``, ``ENV``, ``KUBERNETES_AFFINITY`` and so on."""
    apply_to_task: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """A reusable definition: a DAG, or a leaf with an executor."""

    name: str
    inputs: Interface = Interface()
    outputs: Interface = Interface()
    dag: Dag | None = None
    executor_label: str | None = None
    executor: Executor | None = None
    """Set exactly when ``executor_label`` is."""
    task_config_passthroughs: tuple[TaskConfigPassthrough, ...] = ()


class ControlForm(StrEnum):
    """The form of a control value."""

    VALUE = "value"
    """The JSON value itself."""
    TEXT = "text"
    """The text form of the value, for a STRING input that receives another type."""
    LENGTH = "length"
    """The number of items of a list, or of an artifact list."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class ControlEntry:
    """One value that a task publishes for conditions and loops."""

    output: str
    form: ControlForm = ControlForm.VALUE

    @property
    def key(self) -> str:
        """The name in the control object: ``name``, ``name@length`` or ``name@text``."""
        return self.output if self.form is ControlForm.VALUE else f"{self.output}@{self.form}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """A volume that all tasks of a run share."""

    size: str
    """A quantity of Kubernetes."""
    access_modes: tuple[str, ...] = ("ReadWriteOnce",)
    storage_class: str | None = None
    """``None`` takes the cluster's default."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineConfig:
    """Settings of a whole run, ``pipelineConfig`` of the platform document; seconds, 0 unset."""

    active_deadline_seconds: int = 0
    ttl_seconds_after_completion: int = 0
    ttl_seconds_after_success: int = 0
    ttl_seconds_after_failure: int = 0
    workspace: Workspace | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """A whole compiled pipeline."""

    name: str
    display_name: str = ""
    description: str = ""
    default_pipeline_root: str = ""
    sdk_version: str = ""
    root: Component
    components: Mapping[str, Component]
    """By name, without the root."""
    kubernetes: Mapping[str, KubernetesExecutorConfig] = field(default_factory=_empty)
    """By executor label."""
    pipeline_config: PipelineConfig = PipelineConfig()
    platform: Mapping[str, JsonValue] = field(default_factory=_empty, repr=False)
    """The ``kubernetes`` member of the platform spec as canonical JSON, from which the two above
    were read; what :mod:`argosy_schemas.formats.packed_ir` packs beside ``document``."""
    document: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue], repr=False)
    """The pipeline spec as canonical JSON, what :mod:`argosy_schemas.formats.packed_ir` packs."""
    control: Mapping[tuple[str, str], tuple[ControlEntry, ...]] = field(
        default_factory=dict[tuple[str, str], tuple[ControlEntry, ...]]
    )
    """(DAG component, task key) to the values that the task publishes for conditions and loops.

    The compiler fills it; the reader leaves it empty. The component name of the root is ``root``.
    """
    known: KnownResults = NOTHING_KNOWN
    """Results that were known when the workflow was made; the compiler fills it."""
