"""What the tasks of runs on a cluster write: from their pods, and afterwards from the store."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Final

from argosy_cluster.resources import WORKFLOWS
from argosy_cluster.runs.logs import ClusterLogReader
from argosy_cluster.runs.place import ClusterRuns
from argosy_cluster.runs.workflows import find_newest, find_sources
from argosy_schemas.errors import ArgosyError
from argosy_service.engines.argo.settings import ArgoSettings
from argosy_store.objects import ObjectStore

_LOOK_SECONDS: Final = 1.0
"""How often the cluster is asked for each log at most."""


class ArgoLogs:
    """The logs of the runs of a namespace."""

    def __init__(
        self, settings: ArgoSettings, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._settings = settings
        self._monotonic = monotonic

    def open(self, run_id: str, path: str, *, namespace: str = "") -> ArgoLog:
        """Return the log of a task; nothing has to be there yet."""
        return ArgoLog(self._settings.of(namespace), run_id, path, self._monotonic)


class ArgoLog:
    """What a task wrote, attempt by attempt; of a group, what the tasks in it did."""

    def __init__(
        self, settings: ArgoSettings, run_id: str, path: str, monotonic: Callable[[], float]
    ) -> None:
        self._settings = settings
        self._run_id = run_id
        self._path = path
        self._monotonic = monotonic
        self._runs: ClusterRuns | None = None
        self._reader: ClusterLogReader | None = None
        self._looked_at = float("-inf")
        self._is_empty = True

    def read(self, *, is_over: bool) -> bytes:
        """Return the lines that came since the last call; empty: none.

        Args:
            is_over: Whether nothing more is written. Then a log that cannot be read says why.
        """
        now = self._monotonic()
        if not is_over and now < self._looked_at + _LOOK_SECONDS:
            return b""
        self._looked_at = now
        problems: list[str] = []
        text = b""
        try:
            text = "".join(f"{line}\n" for line in self._read(is_over=is_over)).encode()
        except ArgosyError as error:
            problems.append(f"the log cannot be read: {error}")
        self._is_empty = self._is_empty and not text
        if not is_over:
            return text
        if self._reader is not None:
            problems += self._reader.notices
        said = "".join(f"argosy: {problem}\n" for problem in problems) if self._is_empty else ""
        return text + said.encode()

    def close(self) -> None:
        """Close the connections to the cluster and to the store."""
        if self._runs is not None:
            self._runs.reader.close()
            self._runs.cluster.close()

    def _read(self, *, is_over: bool) -> Iterator[str]:
        if self._reader is None:
            self._reader = self._open()
        for line in self._reader.read(is_over=is_over):
            if line.path == self._path or line.path.startswith(f"{self._path}/"):
                yield line.text

    def _open(self) -> ClusterLogReader:
        if self._runs is None:
            self._runs = self._settings.open_runs()
        runs = self._runs
        name = find_newest(runs.cluster, self._run_id)
        store: ObjectStore | None = None
        if name is not None:
            _, store = runs.reader.store_of(find_sources(runs.cluster.get(WORKFLOWS, name)))
        elif runs.store_url is not None:
            store = runs.reader.open(runs.store_url)
        return ClusterLogReader(
            None if name is None else runs.cluster,
            store,
            workflow=name or "",
            run_id=self._run_id,
            task=self._path,
            sdk_lines=True,
        )
