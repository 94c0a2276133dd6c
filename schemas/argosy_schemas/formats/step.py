"""The step: everything that remains to be done for a task, with nothing left to resolve.

The driver creates it, ``exec`` runs its ``argv``, the launcher does the rest. On Argo it travels as
files (:mod:`argosy_schemas.formats.step_files`); the embedded engine passes it in memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from argosy_schemas.formats.records import Artifact, Failure, RecordReference, Values
from argosy_schemas.ir.model import ArtifactType, ControlEntry, ParameterType
from argosy_schemas.names import ArtifactUri, AttemptId, RunId, TaskPath
from argosy_schemas.values import JsonValue

STEP_VERSION = "1.1"


class Decision(StrEnum):
    """What the driver decided."""

    RUN = "run"
    """Run the command, collect its outputs."""
    CACHED = "cached"
    """The work was done before: write the records, run nothing."""
    ADOPTED = "adopted"
    """A valid record of this task says how it ended, in success or in ``failure``: write nothing,
    run nothing, do not retry."""
    FAILED = "failed"
    """The task cannot run, see ``failure``: write the attempt record, run nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputParameter:
    """An output parameter to collect after the command has ended."""

    name: str
    type: ParameterType
    path: str
    """A file that the command may write; the executor output file takes precedence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputArtifact:
    """An output artifact to collect after the command has ended."""

    name: str
    type: ArtifactType
    is_list: bool
    metadata: Mapping[str, JsonValue]
    path: str
    """A local file or directory that the command may write."""
    uri: ArtifactUri
    """The URI to upload it to."""
    seen_uri: str
    """The URI that the command sees; a local path in the embedded engine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UriMapping:
    """A rule that maps URIs which a component reports to stored URIs.

    In a URI equal to ``seen`` or below it, ``stored`` replaces ``seen``.
    """

    seen: str
    stored: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One attempt of a task with everything resolved."""

    run_id: RunId
    pipeline: str
    task_path: TaskPath
    attempt_id: AttemptId
    decision: Decision
    started_at: datetime
    argv: tuple[str, ...] = ()
    """Non-empty exactly when the decision is ``RUN``."""
    env: tuple[tuple[str, str], ...] = ()
    inputs: Values = field(default_factory=Values)
    """The resolved inputs for the record; artifacts have their stored URIs."""
    output_parameters: tuple[OutputParameter, ...] = ()
    output_artifacts: tuple[OutputArtifact, ...] = ()
    executor_output_path: str = ""
    """A file that the KFP executor may write (``ExecutorOutput`` as JSON)."""
    uri_mappings: tuple[UriMapping, ...] = ()
    seen_artifacts: Mapping[str, Artifact] = field(default_factory=dict[str, Artifact])
    """URI that the component sees to input artifact, for outputs that refer to an input."""
    fingerprint: str | None = None
    """The key of the cache entry to write after success; ``None``: write none."""
    cached_from: RecordReference | None = None
    basis: str | None = None
    """For the record, see :attr:`argosy_schemas.formats.records.AttemptRecord.basis`."""
    replaces: AttemptId | None = None
    """The attempt whose success record is no longer valid: this attempt's record replaces it."""
    outputs: Values = field(default_factory=Values)
    """The outputs of a ``CACHED`` or ``ADOPTED`` task."""
    control: tuple[ControlEntry, ...] = ()
    failure: Failure | None = None
    log_key: str = ""
    root: str = ""
    """URL of the pipeline root with its bucket options, which artifact URIs lack."""
    version: str = STEP_VERSION
