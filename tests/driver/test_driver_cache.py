"""Whether two tasks do the same work, and whether what an earlier one did is still there."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from argosy_driver.preparing.fingerprint import (
    InputArtifact,
    Work,
    compute_custom_fingerprint,
    compute_digest,
    compute_fingerprint,
)
from argosy_schemas.formats.packed_ir import pack, unpack
from argosy_schemas.formats.records import (
    Artifact,
    AttemptRecord,
    AttemptState,
    CacheEntry,
    Content,
    ContentKind,
    RecordReference,
    Values,
)
from argosy_schemas.formats.step import Decision, Step
from argosy_schemas.ir.model import (
    ArtifactSpec,
    ArtifactType,
    Interface,
    ParameterSpec,
    ParameterType,
)
from argosy_schemas.names import ArtifactUri, AttemptId, RunId, TaskPath
from argosy_schemas.values import JsonValue
from argosy_store.cache_entries import CacheEntries
from argosy_store.memory import get_memory_store
from argosy_store.run_records import RunRecords
from driver_support import (
    DATASET,
    STARTED,
    Json,
    World,
    dag,
    importer,
    leaf,
    output_artifact,
    pipeline,
    task,
)

# The digest (the vectors are those of the reference's own tests).


def test_the_canonical_form_hashes_as_the_reference_says() -> None:
    value: JsonValue = {
        "containerSpec": {"cmdArgs": ["sh", "ec", "run"], "image": "python:3.11"},
        "inputArtifactNames": {"dataset": {"artifactNames": ["10"]}},
        "outputParametersSpec": {"output_parameter": "DOUBLE"},
    }

    assert (
        compute_digest(value) == "3d9a2a778fa3174c6cfc6e639c507c265b5f21ef6e5b1dd70b236462cc6da464"
    )


def test_a_custom_key_counts_as_in_the_reference() -> None:
    key = "ad05e747b67b95e4fc4ce080cdb5850f89744360a85753b90a1a434d46dedd2e"
    text = f'{{"cacheVersion":3,"key":"{key}","pipelineName":"demo"}}'

    found = compute_custom_fingerprint("demo", "my-component", "my-custom-cache-key")

    assert found == hashlib.sha256(text.encode()).hexdigest()


TYPE = ArtifactType(schema_title="system.Dataset", schema_version="0.0.1")
DATA = Artifact(name="data", uri=ArtifactUri("s3://b/k"), type=TYPE, metadata={"rows": 1})


def with_data(data: Artifact, *, version: str = "") -> Work:
    """Return the work with another input artifact."""
    return replace(WORK, artifacts={"data": (InputArtifact(artifact=data, version=version),)})


WORK = Work(
    image="trainer:1",
    arguments=("train", "--fast"),
    claims=("claim",),
    parameters={"epochs": 3, "none": None},
    artifacts={"data": (InputArtifact(artifact=DATA),)},
    outputs=Interface(
        parameters={"p": ParameterSpec(type=ParameterType.STRING)},
        artifacts={"m": ArtifactSpec(type=TYPE)},
    ),
)


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param(replace(WORK, image="trainer:2"), id="image"),
        pytest.param(replace(WORK, arguments=("train", "--slow")), id="argument"),
        pytest.param(replace(WORK, arguments=("--fast", "train")), id="order of arguments"),
        pytest.param(replace(WORK, claims=("other",)), id="volume claim"),
        pytest.param(replace(WORK, parameters={"epochs": 4, "none": None}), id="parameter"),
        pytest.param(replace(WORK, parameters={"epochs": "3", "none": None}), id="its type"),
        pytest.param(replace(WORK, parameters={"epochs": 3}), id="null is not absence"),
        pytest.param(with_data(replace(DATA, uri=ArtifactUri("s3://b/l"))), id="URI"),
        pytest.param(with_data(replace(DATA, name="other")), id="name of the artifact"),
        pytest.param(with_data(replace(DATA, type=ArtifactType())), id="artifact type"),
        pytest.param(
            with_data(replace(DATA, type=replace(TYPE, schema_version="0.0.2"))),
            id="version of the artifact type",
        ),
        pytest.param(with_data(replace(DATA, metadata={"rows": 2})), id="metadata"),
        pytest.param(with_data(replace(DATA, metadata={"rows": "1"})), id="type of metadata"),
        pytest.param(with_data(replace(DATA, metadata={})), id="no metadata"),
        pytest.param(with_data(DATA, version="1:e"), id="imported version"),
        pytest.param(
            replace(WORK, artifacts={"other": WORK.artifacts["data"]}), id="name of the input"
        ),
        pytest.param(replace(WORK, artifacts={"data": ()}), id="empty list"),
        pytest.param(replace(WORK, artifacts={}), id="no artifact"),
        pytest.param(replace(WORK, outputs=Interface()), id="outputs"),
    ],
)
def test_what_changes_the_work_changes_the_fingerprint(changed: Work) -> None:
    assert compute_fingerprint("demo", changed) != compute_fingerprint("demo", WORK)


def test_pipelines_do_not_share_results() -> None:
    assert compute_fingerprint("demo", WORK) != compute_fingerprint("other", WORK)


def test_order_and_spelling_do_not_change_the_fingerprint() -> None:
    same = replace(WORK, parameters={"none": None, "epochs": 3.0}, claims=("claim", "claim"))

    assert compute_fingerprint("demo", same) == compute_fingerprint("demo", WORK)


# Looking it up.


CACHED = {"cachingOptions": {"enableCache": True}}


def cached_world(bucket: str, component: Json | None = None, **fields: Any) -> World:
    """A task with an output parameter and an artifact, its root in memory."""
    made = component or leaf(
        {"x": "STRING"}, {"Output": "STRING"}, output_artifacts={"data": DATASET}
    )
    caching = fields.pop("caching", CACHED)
    kubernetes = fields.pop("kubernetes", None)
    root = dag({"t": task("comp-t", {"x": fields.pop("x", "v")}, **caching)})
    of = pipeline(root, {"comp-t": made}, kubernetes=kubernetes)
    return World(of, root=f"memory://{bucket}/root", **fields)


def remembered(world: World, step: Step, **record: Any) -> None:
    """Write what a run of ``step`` would have left."""
    assert step.fingerprint is not None
    (output,) = step.output_artifacts
    values = Values(
        parameters={"Output": "done"},
        artifacts={
            "data": (
                Artifact(
                    name="data",
                    uri=output.uri,
                    type=TYPE,
                    content=Content(kind=ContentKind.FILE, files=1, size_bytes=1),
                ),
            )
        },
    )
    made = AttemptRecord(
        run_id=RunId("earlier-run"),
        pipeline="demo",
        task_path=TaskPath("t"),
        attempt_id=AttemptId("earlier"),
        state=AttemptState.SUCCEEDED,
        started_at=STARTED,
        outputs=values,
        fingerprint=step.fingerprint,
    )
    made = replace(made, **record)
    RunRecords(world.store, made.run_id).write_success(made)
    CacheEntries(world.store).put(
        CacheEntry(
            fingerprint=step.fingerprint,
            pipeline="demo",
            record=RecordReference(
                run_id=made.run_id, task_path=made.task_path, attempt_id=made.attempt_id
            ),
            created_at=STARTED,
        )
    )
    store, key = world.stores.resolve(output.uri)
    store.put(key, b"x")


def test_work_that_was_done_before_is_not_done_again(tmp_path: Path) -> None:
    world = cached_world("hit")
    first = world.prepare("t", tmp_path / "1")
    remembered(world, first)

    step = world.prepare("t", tmp_path / "2", attempt="attempt-2")

    assert step.decision is Decision.CACHED
    assert step.cached_from == RecordReference(
        run_id=RunId("earlier-run"), task_path=TaskPath("t"), attempt_id=AttemptId("earlier")
    )
    assert step.outputs.parameters == {"Output": "done"}
    assert step.outputs.artifacts["data"][0].uri == first.output_artifacts[0].uri
    assert step.fingerprint == first.fingerprint
    assert step.inputs == first.inputs
    assert step.argv == ()
    assert not (tmp_path / "2").exists()


def _delete(world: World, step: Step) -> None:
    store, key = world.stores.resolve(step.output_artifacts[0].uri)
    store.delete(key)


def _grow(world: World, step: Step) -> None:
    store, key = world.stores.resolve(step.output_artifacts[0].uri)
    store.put(key, b"longer")


def _become_directory(world: World, step: Step) -> None:
    store, key = world.stores.resolve(step.output_artifacts[0].uri)
    store.delete(key)
    store.put(f"{key}/part", b"x")


def _damage_entry(world: World, step: Step) -> None:
    world.store.put(f"cache/{step.fingerprint}.json", b"{")


def _damage_record(world: World, step: Step) -> None:
    world.store.put("runs/earlier-run/tasks/t/success.json", b"not JSON")


def _delete_record(world: World, step: Step) -> None:
    world.store.delete("runs/earlier-run/tasks/t/success.json")


def _newer_record(world: World, step: Step) -> None:
    world.store.put("runs/earlier-run/tasks/t/success.json", b'{"version": "99.0"}')


def _replace_record(world: World, step: Step) -> None:
    records = RunRecords(world.store, RunId("earlier-run"))
    record = records.read_success(TaskPath("t"))
    assert record is not None
    other = replace(record, attempt_id=AttemptId("later"), fingerprint="f" * 64)
    records.write_success(other, replaces=record.attempt_id)


@pytest.mark.parametrize(
    "change",
    [
        _delete,
        _grow,
        _become_directory,
        _damage_entry,
        _damage_record,
        _delete_record,
        _newer_record,
        _replace_record,
    ],
)
def test_what_is_not_as_recorded_any_more_is_a_miss(
    change: Callable[[World, Step], None], tmp_path: Path
) -> None:
    world = cached_world(f"miss{change.__name__}")
    step = world.prepare("t", tmp_path / "1")
    remembered(world, step)
    change(world, step)

    again = world.prepare("t", tmp_path / "2", attempt="attempt-2")

    assert again.decision is Decision.RUN
    assert again.fingerprint == step.fingerprint


def test_an_artifact_that_was_absent_must_still_be(tmp_path: Path) -> None:
    world = cached_world("absent")
    step = world.prepare("t", tmp_path / "1")
    uri = step.output_artifacts[0].uri
    nothing = Artifact(name="data", uri=uri, type=TYPE, content=Content(kind=ContentKind.ABSENT))
    remembered(world, step, outputs=Values(artifacts={"data": (nothing,)}))

    assert world.prepare("t", tmp_path, attempt="attempt-2").decision is Decision.RUN
    _delete(world, step)
    assert world.prepare("t", tmp_path, attempt="attempt-3").decision is Decision.CACHED


def test_a_large_value_must_still_be_there(tmp_path: Path) -> None:
    world = cached_world("large")
    step = world.prepare("t", tmp_path / "1")
    remembered(world, step, outputs=Values(parameters={"Output": "x" * 100_000}))
    hit = world.prepare("t", tmp_path, attempt="attempt-2")

    (key,) = hit.outputs.large.values()
    world.store.delete(key)

    assert hit.decision is Decision.CACHED
    assert world.prepare("t", tmp_path, attempt="attempt-3").decision is Decision.RUN


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"caching": {}}, id="not enabled for the task"),
        pytest.param({"cache": False}, id="not enabled for the run"),
    ],
)
def test_without_caching_there_is_no_fingerprint(fields: Any, tmp_path: Path) -> None:
    assert cached_world("off", **fields).prepare("t", tmp_path).fingerprint is None


def test_with_a_custom_key_inputs_do_not_count(tmp_path: Path) -> None:
    caching = {"cachingOptions": {"enableCache": True, "cacheKey": "mine"}}
    first = cached_world("key", caching=caching, x="a").prepare("t", tmp_path)
    second = cached_world("key", caching=caching, x="b").prepare("t", tmp_path)

    assert first.fingerprint == compute_custom_fingerprint("demo", "comp-t", "mine")
    assert second.fingerprint == first.fingerprint


def test_the_environment_does_not_count_and_a_dynamic_image_does(tmp_path: Path) -> None:
    def of(image: str, x: str, env: str) -> str | None:
        component = leaf(
            {"x": "STRING"},
            output_artifacts={"data": DATASET},
            image=image,
            env=[{"name": "A", "value": env}],
        )
        return cached_world("env", component, x=x).prepare("t", tmp_path).fingerprint

    assert of("i:1", "1", "a") == of("i:1", "1", "b")
    assert of("i:{{$.inputs.parameters['x']}}", "1", "a") == of("i:1", "1", "a")
    assert of("i:{{$.inputs.parameters['x']}}", "2", "a") != of("i:1", "1", "a")


def test_mounted_claims_count(tmp_path: Path) -> None:
    def of(claim: str) -> str | None:
        mount = {"pvcMount": [{"constant": claim, "mountPath": "/data"}]}
        world = cached_world("claims", kubernetes={"exec-t": mount})
        return world.prepare("t", tmp_path).fingerprint

    assert of("a") == of("a")
    assert of("a") != of("b")


_NAME: Json = {"runtimeValue": {"constant": "name"}}


@pytest.mark.parametrize("packed", [False, True], ids=["as read", "packed"])
@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("secretAsVolume", [{"secretNameParameter": _NAME, "mountPath": "/a"}]),
        ("secretAsEnv", [{"secretName": "s", "keyToEnv": [{"secretKey": "k", "envVar": "E"}]}]),
        ("configMapAsVolume", [{"configMapName": "c", "mountPath": "/a", "optional": True}]),
        (
            "configMapAsEnv",
            [{"configMapName": "c", "keyToEnv": [{"configMapKey": "k", "envVar": "E"}]}],
        ),
        ("fieldPathAsEnv", [{"name": "E", "fieldPath": "metadata.name"}]),
        ("nodeSelector", {"labels": {"disk": "ssd"}}),
        ("nodeAffinity", [{"matchExpressions": [{"key": "k", "operator": "Exists"}]}]),
        ("tolerations", [{"key": "gpu", "operator": "Exists"}]),
        ("podMetadata", {"labels": {"a": "b"}, "annotations": {"c": "d"}}),
        ("imagePullSecret", [{"secretName": "s"}]),
        ("imagePullPolicy", "Always"),
        ("activeDeadlineSeconds", "60"),
        ("emptyDirMounts", [{"volumeName": "v", "mountPath": "/a"}]),
        (
            "genericEphemeralVolume",
            [
                {
                    "volumeName": "v",
                    "mountPath": "/a",
                    "size": "1Gi",
                    "accessModes": ["ReadWriteOnce"],
                }
            ],
        ),
        ("securityContext", {"runAsUser": "1000"}),
    ],
)
def test_settings_of_a_pod_other_than_claims_do_not_count(
    kind: str, value: JsonValue, packed: bool, tmp_path: Path
) -> None:
    world = cached_world("settings", kubernetes={"exec-t": {kind: value}})
    if packed:
        world.pipeline = unpack(pack(world.pipeline))

    step = world.prepare("t", tmp_path / "with")

    assert step.failure is None
    bare = cached_world("settings").prepare("t", tmp_path / "without")
    assert step.fingerprint == bare.fingerprint is not None


def test_a_claim_counts_beside_other_volumes_in_a_packed_pipeline(tmp_path: Path) -> None:
    claims = [{"constant": "a", "mountPath": "/data"}]
    secrets = [{"secretName": "s", "mountPath": "/secret"}]
    settings = {"pvcMount": claims, "secretAsVolume": secrets}
    world = cached_world("claims", kubernetes={"exec-t": settings})
    world.pipeline = unpack(pack(world.pipeline))

    alone = cached_world("claims", kubernetes={"exec-t": {"pvcMount": claims}})

    assert (
        world.prepare("t", tmp_path).fingerprint
        == alone.prepare("t", tmp_path / "alone").fingerprint
        is not None
    )


@pytest.mark.parametrize(
    "where",
    [
        pytest.param({"x": "{{$.workspace_path}}/a"}, id="input"),
        pytest.param({"x": "/kfp-workspace/a"}, id="path"),
        pytest.param({"args": ["{{$.workspace_path}}"]}, id="argument"),
        pytest.param({"env": [{"name": "W", "value": "{{$.workspace_path}}"}]}, id="variable"),
    ],
)
def test_work_in_the_workspace_is_that_of_one_run(where: Json, tmp_path: Path) -> None:
    x = where.pop("x", "v")

    def of(name: str) -> str | None:
        component = leaf({"x": "STRING"}, **where)
        world = cached_world("ws", component, x=x)
        world.run = replace(world.run, name=name)
        return world.prepare("t", tmp_path).fingerprint

    assert of("demo-1") == of("demo-1")
    assert of("demo-1") != of("demo-2")


def test_work_in_the_workspace_is_done_again_in_its_own_run_too(tmp_path: Path) -> None:
    """Another task may have changed what is in it."""
    component = leaf(
        {"x": "STRING"},
        {"Output": "STRING"},
        output_artifacts={"data": DATASET},
        args=["{{$.workspace_path}}"],
    )
    world = cached_world("ws-again", component)
    remembered(world, world.prepare("t", tmp_path / "1"))

    step = world.prepare("t", tmp_path / "2", attempt="attempt-2")

    assert step.decision is Decision.RUN


def test_imported_bytes_count_by_size_and_etag(tmp_path: Path) -> None:
    root = dag(
        {
            "i": task("comp-i"),
            "t": task("comp-t", artifacts={"a": output_artifact("i", "artifact")}, **CACHED),
        }
    )
    components = {
        "comp-i": importer(artifactUri={"constant": "memory://imported/k"}),
        "comp-t": leaf(artifacts={"a": DATASET}),
    }
    world = World(pipeline(root, components))
    store = get_memory_store("imported")

    attempts = iter("123456")

    def fingerprint_now() -> str | None:
        return world.prepare("t", tmp_path / next(attempts)).fingerprint

    nothing = fingerprint_now()
    store.put("k", b"one")
    one = fingerprint_now()
    store.put("k", b"two")
    two = fingerprint_now()
    store.delete("k")
    store.put("k/a", b"one")
    directory = fingerprint_now()
    store.put("k/b", b"two")
    bigger = fingerprint_now()

    assert len({nothing, one, two, directory, bigger}) == 5
    assert fingerprint_now() == bigger


def test_imports_of_one_uri_with_other_metadata_are_other_work(tmp_path: Path) -> None:
    get_memory_store("same").put("k", b"x")

    def of(language: str) -> str | None:
        metadata = {"language": language}
        root = dag(
            {
                "i": task("comp-i"),
                "t": task("comp-t", artifacts={"a": output_artifact("i", "artifact")}, **CACHED),
            }
        )
        components = {
            "comp-i": importer(artifactUri={"constant": "memory://same/k"}, metadata=metadata),
            "comp-t": leaf(artifacts={"a": DATASET}),
        }
        return World(pipeline(root, components)).prepare("t", tmp_path).fingerprint

    assert of("en") == of("en")
    assert of("en") != of("de")


def test_a_fresh_artifact_is_its_uri(tmp_path: Path) -> None:
    root = dag(
        {
            "before": task("comp-b"),
            "t": task("comp-t", artifacts={"a": output_artifact("before")}, **CACHED),
        }
    )
    components = {
        "comp-b": leaf(output_artifacts={"data": DATASET}),
        "comp-t": leaf(artifacts={"a": DATASET}),
    }

    def of(uri: str, etag: str) -> str | None:
        world = World(pipeline(root, components))
        content = Content(kind=ContentKind.FILE, files=1, size_bytes=1, etag=etag)
        made = Artifact(name="data", uri=ArtifactUri(uri), type=TYPE, content=content)
        world.succeeded("before", data=(made,))
        get_memory_store("fresh").put("k", b"x")
        get_memory_store("fresh").put("l", b"x")
        return world.prepare("t", tmp_path).fingerprint

    assert of("memory://fresh/k", "1") == of("memory://fresh/k", "2")
    assert of("memory://fresh/k", "1") != of("memory://fresh/l", "1")
