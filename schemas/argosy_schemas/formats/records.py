"""What the store remembers of a task: attempt records, success records, cache entries.

An attempt record belongs to one attempt alone and says what that attempt saw. A success record is
written once all outputs are complete; readers take data from success records only. What became of
a *task* is said by the engine, never by a record: an evicted pod leaves none.

The keys, below the root of a store:

* ``runs/<run>/tasks/<task path>/<attempt>.json``  an attempt record
* ``runs/<run>/tasks/<task path>/<attempt>.log``   the output of that attempt
* ``runs/<run>/tasks/<task path>/success.json``    the success record, a copy of an attempt record
* ``runs/<run>/values/<sha256>``                   a parameter value above 64 KiB, as JSON
* ``runs/<run>/collected/<loop path>/<name>.json`` a list collected over many iterations
* ``cache/<fingerprint>.json``                     a cache entry
* ``ir/<sha256>``                                  a packed IR
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from argosy_schemas.errors import Reason as Reason  # part of a record
from argosy_schemas.ir.model import ArtifactType
from argosy_schemas.names import ArtifactUri, AttemptId, RunId, TaskPath
from argosy_schemas.values import JsonValue

RECORD_VERSION = "1.0"
"""Major and minor; a reader refuses a newer major by name."""

LARGE_VALUE_BYTES = 64 * 1024
"""A parameter whose JSON is longer is stored as an object of its own."""


class AttemptState(StrEnum):
    """How one attempt ended, as it saw it."""

    RUNNING = "RUNNING"
    """Started; what it still says when the attempt was killed."""
    SUCCEEDED = "SUCCEEDED"
    CACHED = "CACHED"
    """Succeeded without running: the outputs are those of ``cached_from``."""
    FAILED = "FAILED"
    CANCELED = "CANCELED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why an attempt failed."""

    reason: Reason
    message: str
    """One line: what is wrong and what to do next."""
    exit_code: int | None = None
    """Of the user's command; minus the number of the signal that ended it."""
    final: bool = False
    """No retry can help. A stopped pod never is: it may have been evicted."""


class ContentKind(StrEnum):
    """What was found at an output artifact's path."""

    FILE = "file"
    DIRECTORY = "directory"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """The bytes behind an artifact, checked again before a cache hit is used."""

    kind: ContentKind
    files: int = 0
    """1 for a file, the number of files below a directory, 0 when absent."""
    size_bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """One artifact as it is stored."""

    name: str
    """What the component sees as ``artifact.name``: the output's name, or what it chose."""
    uri: ArtifactUri
    type: ArtifactType
    metadata: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    custom_path: str = ""
    content: Content | None = None
    """``None`` where nobody looked: imported artifacts, and URIs that the task chose itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Values:
    """Inputs or outputs of an attempt by name."""

    parameters: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    artifacts: Mapping[str, tuple[Artifact, ...]] = field(
        default_factory=dict[str, tuple[Artifact, ...]]
    )
    """A single artifact is a tuple of one."""
    large: Mapping[str, str] = field(default_factory=dict[str, str])
    """Parameter to the key of the object that holds its JSON; not in ``parameters`` then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordReference:
    """Points at the success record of another attempt."""

    run_id: RunId
    task_path: TaskPath
    attempt_id: AttemptId


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptRecord:
    """What one attempt of a task saw and did."""

    run_id: RunId
    pipeline: str
    task_path: TaskPath
    attempt_id: AttemptId
    state: AttemptState
    started_at: datetime
    """Aware, UTC."""
    finished_at: datetime | None = None
    inputs: Values = field(default_factory=Values)
    outputs: Values = field(default_factory=Values)
    log: str | None = None
    """Key of the log below the store's root."""
    fingerprint: str | None = None
    """``None`` when the attempt could not be reused."""
    cached_from: RecordReference | None = None
    basis: str | None = None
    """Digest of the resolved inputs, and of what was told of the tasks before; ``None``: it was not
    taken down, so that a success record holds whatever they are."""
    failure: Failure | None = None
    version: str = RECORD_VERSION


@dataclass(frozen=True, slots=True, kw_only=True)
class Traces:
    """Which tasks at a path and below it have left records."""

    succeeded: frozenset[TaskPath] = frozenset()
    """They have a success record."""
    unfinished: tuple[tuple[TaskPath, AttemptId], ...] = ()
    """The attempts of all others, by path."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheEntry:
    """The newest success record that did the work of a fingerprint."""

    fingerprint: str
    pipeline: str
    record: RecordReference
    created_at: datetime
    version: str = RECORD_VERSION
