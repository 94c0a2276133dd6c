"""The step: all that remains to be done for a task, with nothing left to resolve.

The driver makes it, ``exec`` runs its ``argv``, the launcher does the rest. On Argo it crosses
from container to container as a directory on a shared volume:

* ``argv``       the arguments of the process, each ended by a NUL byte; absent: do not run
* ``env``        ``NAME=VALUE`` pairs added to the environment, each ended by a NUL byte
* ``step.json``  this, as JSON (``schemas/argosy_schemas/json/step.schema.json``)

The embedded engine hands it over in memory.
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

STEP_VERSION = "1.0"


class Decision(StrEnum):
    """What the driver decided."""

    RUN = "run"
    """Run the command, collect its outputs."""
    CACHED = "cached"
    """The work was done before: write the records, run nothing."""
    ADOPTED = "adopted"
    """A record of this very task, which holds, says how it ended, well or by ``failure``: write
    nothing, run nothing, try nothing again."""
    FAILED = "failed"
    """The task cannot run, see ``failure``: write the attempt record, run nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputParameter:
    """A parameter to collect when the command ended."""

    name: str
    type: ParameterType
    path: str
    """File that the command may write; the executor output file goes before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputArtifact:
    """An artifact to collect when the command ended."""

    name: str
    type: ArtifactType
    is_list: bool
    metadata: Mapping[str, JsonValue]
    path: str
    """Local file or directory that the command may write."""
    uri: ArtifactUri
    """Where its bytes go."""
    seen_uri: str
    """The URI that the command was told; a local path in the embedded engine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UriMapping:
    """How local URIs that a component hands back become URIs for everybody.

    A value equal to ``seen``, or below it, is rewritten to begin with ``stored``.
    """

    seen: str
    stored: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One attempt of a task, resolved."""

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
    """As resolved, for the record; artifacts with their stored URIs."""
    output_parameters: tuple[OutputParameter, ...] = ()
    output_artifacts: tuple[OutputArtifact, ...] = ()
    executor_output_path: str = ""
    """File that the KFP executor may write (``ExecutorOutput`` as JSON)."""
    uri_mappings: tuple[UriMapping, ...] = ()
    seen_artifacts: Mapping[str, Artifact] = field(default_factory=dict[str, Artifact])
    """Local URI of each input artifact to the stored artifact, for outputs that pass one on."""
    fingerprint: str | None = None
    """Not ``None``: write a cache entry after success."""
    cached_from: RecordReference | None = None
    basis: str | None = None
    """For the record, see :attr:`argosy_schemas.formats.records.AttemptRecord.basis`."""
    replaces: AttemptId | None = None
    """The attempt whose success record does not hold any more: that of this one takes its place."""
    outputs: Values = field(default_factory=Values)
    """What a ``CACHED`` or ``ADOPTED`` task already has."""
    control: tuple[ControlEntry, ...] = ()
    failure: Failure | None = None
    log_key: str = ""
    root: str = ""
    """URL of the pipeline root, with the options that open its bucket: artifact URIs have none."""
    version: str = STEP_VERSION
