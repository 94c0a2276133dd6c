"""What happens to the Workflows of a namespace, taken in by a thread of its own.

The thread only parses and keeps the newest state of each Workflow, so it does not fall behind
however fast they change; who reads them leaves out what was between two looks.
"""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from argosy_cluster.cluster import Change, Cluster, Document, Listing, WatchEvent
from argosy_cluster.resources import WORKFLOWS
from argosy_cluster.watching import follow_all
from argosy_schemas.errors import ArgosyError, ClusterError
from argosy_schemas.logger import Logger
from argosy_schemas.pod import PIPELINE_LABEL

_LOGGER: Final = Logger("service.argo")
_CLOSING_SECONDS: Final = 5.0
"""How long a call that is under way may take when it is to end."""
_PAUSE_SECONDS: Final = 5.0
"""How long it waits after an error that nobody foresaw."""
_LOOK_SECONDS: Final = 0.1
"""How long it waits for the thread to end before it looks once more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What happened since the last look."""

    changed: Mapping[str, Document] = field(default_factory=dict[str, Document])
    """Workflows as they are now, by name."""
    deleted: frozenset[str] = frozenset()
    """Names of those that are gone."""
    is_complete: bool = False
    """Whether all is known that there is; not before the first list, nor while the cluster is
    away."""


class WorkflowFeed:
    """Follows the Workflows of Argosy in a namespace."""

    def __init__(
        self,
        connect: Callable[[], Cluster],
        *,
        sleep: Callable[[float], object] | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin to follow them.

        Args:
            connect: Returns the namespace.
            sleep: Waits for some seconds; for tests.
            monotonic: The clock.
        """
        self._monotonic = monotonic
        self._lost_at: float | None = monotonic()
        """Since when not all is known that there is; ``None``: it is."""
        self._changed_at: float | None = None
        """Since when there is something that nobody has taken."""
        self._cluster = connect()
        self._over = threading.Event()
        self._sleep = sleep or self._over.wait
        self._lock = threading.Lock()
        self._versions: dict[str, str] = {}
        """Of all Workflows that there are, by name."""
        self._changed: dict[str, Document] = {}
        self._deleted: set[str] = set()
        self._is_complete = False
        self._trouble = ""
        self._thread = threading.Thread(target=self._follow, name="workflows", daemon=True)
        self._thread.start()

    def take(self) -> News:
        """Return what happened since the last call."""
        with self._lock:
            news = News(
                changed=self._changed,
                deleted=frozenset(self._deleted),
                is_complete=self._is_complete,
            )
            self._changed, self._deleted, self._changed_at = {}, set(), None
            return news

    def has(self, name: str) -> bool:
        """Return whether a Workflow is there, as far as the cluster has said."""
        with self._lock:
            return name in self._versions

    @property
    def lag_seconds(self) -> float:
        """How long ago the first change came that was not taken, or the cluster was lost."""
        with self._lock:
            times = [each for each in (self._lost_at, self._changed_at) if each is not None]
        return max(self._monotonic() - min(times), 0.0) if times else 0.0

    @property
    def trouble(self) -> str:
        """Why the Workflows cannot be followed now, one sentence; empty: they are."""
        return self._trouble

    def close(self) -> None:
        """Follow no more."""
        self._over.set()
        give_up_at = self._monotonic() + _CLOSING_SECONDS
        while self._thread.is_alive() and self._monotonic() < give_up_at:
            # Again, since a watch may have begun just now.
            self._cluster.close()
            self._thread.join(_LOOK_SECONDS)

    def _follow(self) -> None:
        while not self._over.is_set():
            try:
                self._follow_changes()
            except Exception as error:  # whatever it was, it must not end what is known for good
                trouble = f"the watch ended with an error ({error!r})"
                if isinstance(error, ArgosyError):
                    trouble = str(error)
                elif trouble != self._trouble:
                    _LOGGER.info("%s", "".join(traceback.format_exception(error)))
                self._fail(trouble)
                self._sleep(_PAUSE_SECONDS)
        self._cluster.close()

    def _follow_changes(self) -> None:
        for each in follow_all(
            self._cluster,
            WORKFLOWS,
            labels=PIPELINE_LABEL,
            is_over=self._over.is_set,
            sleep=self._sleep,
        ):
            if self._over.is_set():
                break
            if isinstance(each, ClusterError):
                self._fail(str(each))
            elif isinstance(each, Listing):
                self._take_all(each)
            else:
                self._take_one(each)

    def _fail(self, trouble: str) -> None:
        if trouble != self._trouble:
            _LOGGER.info("the workflows cannot be followed: %s", trouble)
        with self._lock:
            self._trouble, self._is_complete = trouble, False
            if self._lost_at is None:
                self._lost_at = self._monotonic()

    def _take_all(self, listing: Listing) -> None:
        versions = {_name(each): _version(each) for each in listing.items}
        with self._lock:
            for each in listing.items:
                name = _name(each)
                if self._versions.get(name) != versions[name]:
                    self._changed[name] = each
                    self._deleted.discard(name)
            gone = self._versions.keys() - versions.keys()
            self._deleted |= gone
            self._versions = versions
            self._trouble, self._is_complete, self._lost_at = "", True, None
            self._note_change()

    def _take_one(self, event: WatchEvent) -> None:
        name = _name(event.document)
        with self._lock:
            # Also the last state of one that is deleted is news.
            self._changed[name] = event.document
            if event.change is Change.DELETED:
                self._deleted.add(name)
                self._versions.pop(name, None)
            else:
                self._deleted.discard(name)
                self._versions[name] = _version(event.document)
            self._note_change()

    def _note_change(self) -> None:
        if self._changed_at is None and (self._changed or self._deleted):
            self._changed_at = self._monotonic()


def _name(document: Document) -> str:
    metadata: Any = document["metadata"]
    return str(metadata["name"])


def _version(document: Document) -> str:
    metadata: Any = document["metadata"]
    return str(metadata["resourceVersion"])
