"""The same on every kind of store: inputs come, what is cached is checked, parameters are found."""

from __future__ import annotations

from pathlib import Path

from argosy_schemas.formats.records import (
    Artifact,
    AttemptRecord,
    AttemptState,
    CacheEntry,
    RecordReference,
    Values,
)
from argosy_schemas.formats.step import Decision, Step
from argosy_schemas.names import ArtifactUri, AttemptId, RunId, TaskPath
from argosy_store.cache_entries import CacheEntries
from argosy_store.run_records import RunRecords
from argosy_store.stores import Stores
from argosy_store.transfer import upload
from driver_support import (
    DATASET,
    DATASET_TYPE,
    DATASETS,
    STARTED,
    World,
    dag,
    given,
    leaf,
    loop,
    output,
    output_artifact,
    pipeline,
    task,
)
from servers import S3Server


def test_a_step_is_prepared_and_found_again(root: str, tmp_path: Path) -> None:
    body = dag(
        {"i": task("comp-i", {"x": given("item")})},
        {"item": "STRING"},
        {"out": "LIST"},
        output_artifacts={"data": DATASETS},
        passes={"out": ["i.Output"]},
        passes_artifacts={"data": ["i.data"]},
    )
    caching = {"cachingOptions": {"enableCache": True}}
    use = task(
        "comp-t",
        {"all": output("for-loop-1", "out")},
        {"many": output_artifact("for-loop-1")},
        **caching,
    )
    of = pipeline(
        dag({"for-loop-1": task("comp-body", **loop(["a"] * 5)), "t": use}),
        {
            "comp-body": body,
            "comp-i": leaf(
                {"x": "STRING"}, {"Output": "NUMBER_INTEGER"}, output_artifacts={"data": DATASET}
            ),
            "comp-t": leaf(
                {"all": "LIST"}, artifacts={"many": DATASETS}, output_artifacts={"made": DATASET}
            ),
        },
    )
    with Stores(root, patience_seconds=5) as stores:
        store = stores.open(root)
        world = World(of, store=store, root=root)
        world.stores = stores
        made = [_uploaded(stores, world, index, tmp_path) for index in range(5)]
        for index, artifact in enumerate(made):
            world.succeeded(f"for-loop-1/{index}/i", Output=index, data=(artifact,))

        step = world.prepare("t", tmp_path / "1", readers=store.concurrency)
        _finish(stores, step, tmp_path)
        again = world.prepare("t", tmp_path / "2", attempt="attempt-2")
        elsewhere, key = stores.resolve(step.output_artifacts[0].uri)
        elsewhere.delete(key)
        gone = world.prepare("t", tmp_path / "3", attempt="attempt-3")

    assert step.decision is Decision.RUN
    assert step.inputs.parameters == {"all": [0, 1, 2, 3, 4]}
    assert [Path(seen).read_text() for seen in step.seen_artifacts] == ["0", "1", "2", "3", "4"]
    assert [each.uri for each in step.inputs.artifacts["many"]] == [each.uri for each in made]
    assert again.decision is Decision.CACHED
    assert gone.decision is Decision.RUN


def test_an_object_that_somebody_replaced_is_not_given_to_a_task(
    s3: S3Server, bucket: str, tmp_path: Path
) -> None:
    root = s3.url(bucket, "root")
    of = pipeline(
        dag(
            {
                "before": task("comp-b"),
                "t": task("comp-t", artifacts={"data": output_artifact("before")}),
            }
        ),
        {
            "comp-b": leaf(output_artifacts={"data": DATASET}),
            "comp-t": leaf(artifacts={"data": DATASET}),
        },
    )
    with Stores(root, patience_seconds=5) as stores:
        world = World(of, store=stores.open(root), root=root)
        world.stores = stores
        made = _uploaded(stores, world, 7, tmp_path)
        world.succeeded("before", data=(made,))
        right = world.prepare("t", tmp_path / "1")
        store, key = stores.resolve(made.uri)
        store.put(key, b"8")

        wrong = world.prepare("t", tmp_path / "2", attempt="attempt-2")

    assert right.decision is Decision.RUN
    assert wrong.decision is Decision.FAILED
    assert wrong.failure is not None
    assert wrong.failure.message.startswith(f"task 't': input artifact 'data' at '{made.uri}'")


def _uploaded(stores: Stores, world: World, index: int, directory: Path) -> Artifact:
    path = directory / f"item-{index}"
    path.write_text(str(index))
    base, _, _ = world.run.root.partition("?")
    uri = ArtifactUri(f"{base}/artifacts/{index}")
    content = upload(stores, path, uri)
    return Artifact(name="data", uri=uri, type=DATASET_TYPE, content=content)


def _finish(stores: Stores, step: Step, directory: Path) -> None:
    """Leave what another run of the same step would have left."""
    assert step.fingerprint is not None
    (made,) = step.output_artifacts
    path = directory / "made.txt"
    path.write_text("made")
    content = upload(stores, path, made.uri)
    artifact = Artifact(name="made", uri=made.uri, type=made.type, content=content)
    store = stores.open(step_root(step))
    record = AttemptRecord(
        run_id=RunId("other-run"),
        pipeline="demo",
        task_path=TaskPath("t"),
        attempt_id=AttemptId("a"),
        state=AttemptState.SUCCEEDED,
        started_at=STARTED,
        outputs=Values(artifacts={"made": (artifact,)}),
        fingerprint=step.fingerprint,
    )
    RunRecords(store, record.run_id).write_success(record)
    CacheEntries(store).put(
        CacheEntry(
            fingerprint=step.fingerprint,
            pipeline="demo",
            record=RecordReference(
                run_id=record.run_id, task_path=record.task_path, attempt_id=record.attempt_id
            ),
            created_at=STARTED,
        )
    )


def step_root(step: Step) -> str:
    """The root of the store, which is the root of artifacts here."""
    return step.uri_mappings[0].stored.removesuffix("/demo/run-1/t/attempt-1")
