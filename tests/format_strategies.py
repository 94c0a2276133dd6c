"""Random values of the formats that cross between rooms and runs."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import strategies as st

from argosy_runs.journal import (
    JOURNAL_VERSION,
    Attempt,
    EngineStarted,
    NodeChanged,
    RunEnded,
    StopRequested,
)
from argosy_runs.nodes import NodePhase, NodeStatus, NodeType
from argosy_runs.states import RunState
from argosy_schemas.formats.records import (
    Artifact,
    AttemptRecord,
    AttemptState,
    CacheEntry,
    Content,
    ContentKind,
    Failure,
    Reason,
    RecordReference,
    Values,
)
from argosy_schemas.formats.step import Decision, OutputArtifact, OutputParameter, Step, UriMapping
from argosy_schemas.ir.model import ArtifactType, ControlEntry, ControlForm, ParameterType
from argosy_schemas.names import ArtifactUri, AttemptId, RunId, TaskPath

# No halves of surrogate pairs: no UTF-8 file can hold them.
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
names = texts.filter(bool)
times = st.datetimes(
    min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1), timezones=st.just(UTC)
)
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
objects = st.dictionaries(texts, json_values, max_size=3)

artifact_types = st.builds(
    ArtifactType, schema_title=texts, instance_schema=texts, schema_version=texts
)
contents = st.builds(
    Content,
    kind=st.sampled_from(ContentKind),
    files=st.integers(min_value=0),
    size_bytes=st.integers(min_value=0),
)
artifacts = st.builds(
    Artifact,
    name=texts,
    uri=st.builds(ArtifactUri, texts),
    type=artifact_types,
    metadata=objects,
    custom_path=texts,
    content=st.none() | contents,
)
artifact_tuples = st.lists(artifacts, max_size=2).map(tuple)
values = st.builds(
    Values,
    parameters=objects,
    artifacts=st.dictionaries(names, artifact_tuples, max_size=2),
    large=st.dictionaries(names, texts, max_size=2),
)
references = st.builds(
    RecordReference,
    run_id=st.builds(RunId, texts),
    task_path=st.builds(TaskPath, texts),
    attempt_id=st.builds(AttemptId, texts),
)
failures = st.builds(
    Failure,
    reason=st.sampled_from(Reason),
    message=texts,
    exit_code=st.none() | st.integers(-64, 255),
    final=st.booleans(),
)
records = st.builds(
    AttemptRecord,
    run_id=st.builds(RunId, texts),
    pipeline=texts,
    task_path=st.builds(TaskPath, texts),
    attempt_id=st.builds(AttemptId, texts),
    state=st.sampled_from(AttemptState),
    started_at=times,
    finished_at=st.none() | times,
    inputs=values,
    outputs=values,
    log=st.none() | names,
    fingerprint=st.none() | names,
    cached_from=st.none() | references,
    basis=st.none() | names,
    failure=st.none() | failures,
)
cache_entries = st.builds(
    CacheEntry, fingerprint=texts, pipeline=texts, record=references, created_at=times
)
steps = st.builds(
    Step,
    run_id=st.builds(RunId, texts),
    pipeline=texts,
    task_path=st.builds(TaskPath, texts),
    attempt_id=st.builds(AttemptId, texts),
    decision=st.sampled_from(Decision),
    started_at=times,
    argv=st.lists(texts, max_size=3).map(tuple),
    env=st.lists(st.tuples(names, texts), max_size=3).map(tuple),
    inputs=values,
    output_parameters=st.lists(
        st.builds(OutputParameter, name=texts, type=st.sampled_from(ParameterType), path=texts),
        max_size=2,
    ).map(tuple),
    output_artifacts=st.lists(
        st.builds(
            OutputArtifact,
            name=texts,
            type=artifact_types,
            is_list=st.booleans(),
            metadata=objects,
            path=texts,
            uri=st.builds(ArtifactUri, texts),
            seen_uri=texts,
        ),
        max_size=2,
    ).map(tuple),
    executor_output_path=texts,
    uri_mappings=st.lists(st.builds(UriMapping, seen=texts, stored=texts), max_size=2).map(tuple),
    seen_artifacts=st.dictionaries(texts, artifacts, max_size=2),
    fingerprint=st.none() | texts,
    basis=st.none() | names,
    replaces=st.none() | st.builds(AttemptId, names),
    cached_from=st.none() | references,
    outputs=values,
    control=st.lists(
        st.builds(ControlEntry, output=texts, form=st.sampled_from(ControlForm)), max_size=2
    ).map(tuple),
    failure=st.none() | failures,
    log_key=texts,
    root=texts,
)
nodes = st.builds(
    NodeStatus,
    name=texts,
    type=st.sampled_from(NodeType),
    phase=st.sampled_from(NodePhase),
    path=st.builds(TaskPath, texts),
    boundary=st.none() | texts,
    message=texts,
    is_attempt=st.booleans(),
    decides=st.booleans(),
    items=st.none() | st.integers(min_value=0),
)
attempts = st.builds(
    Attempt,
    id=st.none() | st.builds(AttemptId, texts),
    cached=st.booleans(),
    adopted=st.booleans(),
    failure=st.none() | failures,
    log=st.none() | texts,
)
journal_entries = (
    st.builds(
        EngineStarted,
        at=times,
        process=st.integers(min_value=1),
        resumed=st.booleans(),
        version=st.just(JOURNAL_VERSION),
    )
    | st.builds(NodeChanged, at=times, node=nodes, attempt=st.none() | attempts)
    | st.builds(StopRequested, at=times, failure=failures)
    | st.builds(RunEnded, at=times, state=st.sampled_from(RunState), error=st.none() | texts)
)
