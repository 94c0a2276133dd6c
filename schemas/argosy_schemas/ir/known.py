"""Results that were known when a workflow was made, so that their tasks need no pod.

Whoever makes a workflow finds out which tasks are *settled*: they, and all that they depend on, end
in the same way whenever the workflow runs, because the cache or an earlier attempt at the run has
their results. The compiler leaves such tasks out as it leaves out importers, and the packed IR
carries where their records are, so that whoever reads the records of the run finds them there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from argosy_schemas.names import AttemptId, RunId, TaskPath
from argosy_schemas.values import JsonValue

SUCCEEDED: Final = "Succeeded"
"""The phase of a task that ran."""
OMITTED: Final = "Omitted"
"""The phase of a task that does not run because of the tasks upstream of it."""

_EMPTY: Mapping[Any, Any] = MappingProxyType({})


def _empty() -> Mapping[Any, Any]:
    # A factory, because Python 3.11 refuses an unhashable default.
    return _EMPTY


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordReference:
    """A reference to the success record of another attempt."""

    run_id: RunId
    task_path: TaskPath
    attempt_id: AttemptId


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownResults:
    """What a workflow carries of the results that were known when it was made."""

    tasks: frozenset[TaskPath] = frozenset()
    """The tasks without a pod; of a group that has none at all, only the group."""
    records: Mapping[TaskPath, RecordReference] = field(default_factory=_empty)
    """The success records of the container tasks among them, and in them, that ran."""
    outdated: Mapping[TaskPath, AttemptId] = field(default_factory=_empty)
    """Task to the attempt whose success record does not count: the task was asked to run again."""

    def covers(self, path: TaskPath) -> bool:
        """Return whether a task, or a group around it, is one of those without a pod."""
        if not self.tasks:
            return False
        end = len(path)
        while end > 0:
            if path[:end] in self.tasks:
                return True
            end = path.rfind("/", 0, end)
        return False


NOTHING_KNOWN = KnownResults()


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownTask:
    """What the compiler has to know of a settled task."""

    phase: str
    """The phase that its node would end in: ``Succeeded``, ``Skipped`` or ``Omitted``."""
    record: RecordReference | None = None
    """Of a container task that ran."""
    parameters: Mapping[str, JsonValue] = field(default_factory=_empty)
    """Its output parameters; conditions and loops that read one which is absent need a pod."""
    lengths: Mapping[str, int] = field(default_factory=_empty)
    """Output artifact to the number of artifacts in it."""
