"""The runs of many users: an engine for each namespace that has some.

So nothing of one namespace can be taken for something of another, whatever its users write into
their Workflows, and the service needs rights only where runs take place.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Collection, Sequence
from typing import Final

from argosy_schemas.logger import Logger
from argosy_service.engines.protocol import FoundRun, RunEngine, RunOrder, RunReport

_LOGGER: Final = Logger("service.argo")


class NamespacedEngines:
    """The engines of namespaces, each opened when a run of its namespace is known."""

    def __init__(self, open_engine: Callable[[str], RunEngine], *, max_runs: int) -> None:
        """Open none yet.

        Args:
            open_engine: Returns the engine of a namespace.
            max_runs: How many runs may be under way at once in all of them.
        """
        self._open_engine = open_engine
        self._max_runs = max_runs
        self._engines: dict[str, RunEngine] = {}

    @property
    def active(self) -> Collection[str]:
        """The ids of runs that were started, and whose end was not reported yet."""
        return {run_id for engine in self._engines.values() for run_id in engine.active}

    @property
    def room(self) -> int:
        """How many more runs can be started now."""
        return self._max_runs - sum(len(engine.active) for engine in self._engines.values())

    @property
    def lag_seconds(self) -> float:
        """How far what is known of a namespace is behind at most."""
        return max((engine.lag_seconds for engine in list(self._engines.values())), default=0.0)

    def start(self, order: RunOrder) -> None:
        """Begin a run, or go on with one; one that is active stays as it is."""
        self._of(order.namespace).start(order)

    def watch(self, run_id: str, *, namespace: str = "") -> None:
        """Report on a run without starting it, from what is there of it."""
        self._of(namespace).watch(run_id)

    def stop(self, run_id: str) -> None:
        """Have an active run stopped, exit handlers and all; may be called again."""
        for engine in self._engines.values():
            if run_id in engine.active:
                engine.stop(run_id)

    def delete(self, run_id: str, *, artifacts: bool, namespace: str = "") -> bool:
        """Stop a run and remove what is kept of it; return whether that is done."""
        return self._of(namespace).delete(run_id, artifacts=artifacts)

    def find(
        self, choose_missing: Callable[[Collection[str]], Collection[str]]
    ) -> Sequence[FoundRun]:
        """Return none: a Workflow that the service did not create has no known user."""
        for engine in self._engines.values():
            # It learns here of the Workflows of its own runs.
            engine.find(lambda _: ())
        return ()

    def tidy(self, choose_ended: Callable[[Collection[str]], Collection[str]]) -> None:
        """Remove what is left of runs whose end is written down, and that nobody needs."""
        for engine in self._engines.values():
            engine.tidy(choose_ended)

    def close(self) -> None:
        """Leave the runs alone; they go on."""
        for engine in self._engines.values():
            engine.close()

    def poll(self) -> Sequence[RunReport]:
        """Return reports of the runs about which there is news, each once; a final one ends it."""
        reports: list[RunReport] = []
        for namespace, engine in list(self._engines.items()):
            try:
                reports += engine.poll()
            except Exception as error:  # a bug, which must not keep other namespaces from going on
                text = "".join(traceback.format_exception(error))
                _LOGGER.info("the runs of namespace '%s' wait: %s", namespace, text)
        return reports

    def _of(self, namespace: str) -> RunEngine:
        engine = self._engines.get(namespace)
        if engine is None:
            engine = self._engines[namespace] = self._open_engine(namespace)
        return engine
