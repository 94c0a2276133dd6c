"""What every method of the API works with."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from argosy_service.access.access import AccessPolicy, Caller, OpenAccess
from argosy_service.database.database import Database
from argosy_service.database.times import to_microseconds
from argosy_service.engines.artifacts import StoredArtifacts
from argosy_service.engines.protocol import EngineArtifacts, TaskLogs
from argosy_service.health import Health
from argosy_service.metrics import Metrics
from argosy_service.resources.changes import Changes
from argosy_service.resources.specs.specs import SpecReader
from argosy_service.resources.specs.url_import import UrlImporter


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The service as its methods see it."""

    database: Database
    clock: Callable[[], datetime]
    """The time in UTC."""
    changes: Changes
    """Told of what the jobs in the background should see."""
    logs: TaskLogs
    """What tasks wrote."""
    artifacts: EngineArtifacts = field(default_factory=lambda: StoredArtifacts(lambda _: ()))
    """What tasks stored."""
    time_zone: str = "UTC"
    """Of the fields of cron schedules."""
    importer: UrlImporter = field(default_factory=UrlImporter)
    specs: SpecReader = field(default_factory=SpecReader)
    access: AccessPolicy = field(default_factory=OpenAccess)
    """Who may do what."""
    health: Health = field(default_factory=Health)
    metrics: Metrics = field(default_factory=Metrics)

    def keep_namespace(self, namespace: str) -> str:
        """Return the namespace that a request names; where there is one user, there are none."""
        return namespace if self.access.is_multi_user else ""

    def now(self) -> int:
        """Return the time as the database has it."""
        return to_microseconds(self.clock())


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What a transport knows of a request beside its message."""

    caller: Caller = field(default_factory=Caller)
    emptied: frozenset[str] = frozenset()
    """Members that the body gives as empty objects: protobuf cannot tell them from absent ones."""


def make_id() -> str:
    """Return a new id."""
    return str(uuid.uuid4())
