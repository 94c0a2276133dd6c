"""Where the inputs of a task come from, by the pipeline alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import assert_never

from argosy_schemas.ir.model import (
    ArtifactSource,
    ComponentInput,
    Constant,
    FinalStatus,
    Iterator,
    ParameterSource,
    RawItems,
    RuntimeParameter,
    TaskOutput,
)
from argosy_schemas.ir.task_tree import TaskPosition


class InputKind(Enum):
    """What an input is taken from."""

    DEFAULT = auto()
    """The component's own default."""
    CONSTANT = auto()
    """A value in the pipeline."""
    COMPONENT_INPUT = auto()
    """An input of the DAG that holds the task, or of the pipeline."""
    TASK_OUTPUT = auto()
    COLLECTED = auto()
    """The outputs of all iterations of a loop."""
    ITEM = auto()
    """The item of an iteration."""
    RAW_ITEM = auto()
    """The item of an iteration over a list in the pipeline."""
    FINAL_STATUS = auto()
    """How another task ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InputSource:
    """Where one input of a task comes from."""

    kind: InputKind
    task: str = ""
    """The key, in the same DAG, of the task that it comes from; empty: it comes from none."""


DEFAULT_SOURCE = InputSource(kind=InputKind.DEFAULT)


def find_input_sources(position: TaskPosition) -> Mapping[str, InputSource]:
    """Return the sources of the inputs that a task is passed, by name.

    Inputs that are missing have :data:`DEFAULT_SOURCE`; parameters and artifacts have names of
    their own, which differ.
    """
    task = position.task
    if task is None:
        return {}
    found = {name: _trace(each.source, position) for name, each in task.parameters.items()}
    found |= {name: _trace(source, position) for name, source in task.artifacts.items()}
    if position.loop is not None and task.iterator is not None:
        found[task.iterator.item_input] = InputSource(kind=_item_kind(task.iterator))
    return found


def _trace(source: ParameterSource | ArtifactSource, position: TaskPosition) -> InputSource:
    match source:
        case Constant():
            return InputSource(kind=InputKind.CONSTANT)
        case RuntimeParameter() | ComponentInput():
            return InputSource(kind=InputKind.COMPONENT_INPUT)
        case TaskOutput(task=task):
            dag = None if position.parent is None else position.parent.component.dag
            producer = None if dag is None else dag.tasks.get(task)
            collects = producer is not None and producer.iterator is not None
            kind = InputKind.COLLECTED if collects else InputKind.TASK_OUTPUT
            return InputSource(kind=kind, task=task)
        case FinalStatus(task=task):
            return InputSource(kind=InputKind.FINAL_STATUS, task=task)
        case _:
            assert_never(source)


def _item_kind(iterator: Iterator) -> InputKind:
    return InputKind.RAW_ITEM if isinstance(iterator.items, RawItems) else InputKind.ITEM
