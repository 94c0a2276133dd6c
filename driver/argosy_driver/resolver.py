"""Inputs, outputs, conditions and item counts of tasks, found when they are asked for.

Nothing about a DAG is stored. What a task receives follows from the IR, the parameters of the run
and the success records of the containers that came before it; what a DAG, a loop or an importer
puts out follows from the same. So each value is looked for by name, from the task that needs it,
and a task costs as many reads as it has inputs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from argosy_driver.run import Run
from argosy_schemas.ir import Pipeline
from argosy_schemas.names import TaskPath
from argosy_schemas.records import AttemptRecord, Values
from argosy_schemas.values import JsonValue, Unset


class Records(Protocol):
    """What is asked of :class:`argosy_store.run_records.RunRecords`."""

    def read_success(self, path: TaskPath) -> AttemptRecord | None:
        """Return the success record of a task."""
        ...

    def with_values(self, values: Values) -> Values:
        """Return ``values`` with its large parameters read and in place."""
        ...

    def read_collected(self, path: TaskPath, name: str) -> JsonValue | Unset:
        """Return the list kept for a loop under this name, or ``UNSET``."""
        ...

    def write_collected(self, path: TaskPath, name: str, value: JsonValue) -> None:
        """Keep a list for a loop."""
        ...


class Resolver:
    """Resolves the tasks of one run. Safe to use from several threads.

    One may serve a whole run: it remembers the inputs of DAGs it came through lately, and never
    that something was absent.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        run: Run,
        records: Records,
        *,
        upstream: Mapping[str, str] | None = None,
        readers: int = 1,
        keep_collected: bool = False,
    ) -> None:
        """Make a resolver.

        Args:
            pipeline: The pipeline of the run.
            run: The run.
            records: Of this run.
            upstream: For a task that runs in any case, and what lies in it: dependency (task key,
                or task path) to node phase. One that is not listed counts as succeeded if
                there are records of its outputs.
            readers: How many records to read at a time.
            keep_collected: Whether to keep long lists collected from loops, see
                :meth:`Records.write_collected`. Only where the loops are known to have ended well.
        """
        raise NotImplementedError

    def inputs(self, path: TaskPath) -> Values:
        """Return the inputs of a task, DAG, loop or iteration; of the run for the empty path.

        Defaults are in place. An optional input that was not supplied and has no default is
        ``None`` for a DAG, and absent for a container or importer.

        Raises:
            FinalTaskError: An input is missing, of the wrong type, or not among the literals.
        """
        raise NotImplementedError

    def outputs(self, path: TaskPath) -> Values:
        """Return the outputs of anything that has ended; those that did not come to be are absent.

        Of a loop: what is collected over its iterations. Large parameters are in place.
        """
        raise NotImplementedError

    def item_count(self, path: TaskPath) -> int:
        """Return how many iterations a loop has."""
        raise NotImplementedError

    def condition(self, path: TaskPath) -> bool:
        """Return the outcome of a task's own condition; true when it has none.

        Raises:
            FinalTaskError: It cannot be evaluated.
        """
        raise NotImplementedError
