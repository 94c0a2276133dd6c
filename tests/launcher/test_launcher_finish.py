from __future__ import annotations

import json
import uuid
from base64 import b64decode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from argosy_launcher.endings.process_end import ProcessEnd
from argosy_launcher.finish import StepOutcome, finish
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
from argosy_schemas.formats.step import Decision, OutputArtifact, OutputParameter, Step
from argosy_schemas.ir.model import ArtifactType, ControlEntry, ControlForm, ParameterType
from argosy_schemas.names import ArtifactUri, AttemptId, RunId, TaskPath
from argosy_store.cache_entries import CacheEntries
from argosy_store.fakes import FakeClock, FlakyStore
from argosy_store.objects import ObjectStore
from argosy_store.retrying import Patience, RetryingStore
from argosy_store.run_records import RunRecords
from argosy_store.stores import Stores
from contents import shaped
from launcher_pods import STARTED_AT, step_of

NOW = datetime(2024, 5, 1, 13, tzinfo=UTC)
MODEL = ArtifactType(schema_title="system.Model")
TRAIN = TaskPath("train")
RUN = RunId("run-1")
FINGERPRINT = "f" * 64


@dataclass(frozen=True, slots=True)
class Task:
    """A task directory, and the store that it goes to."""

    directory: Path
    root: str
    stores: Stores

    @property
    def store(self) -> ObjectStore:
        return self.stores.open(self.root)

    @property
    def records(self) -> RunRecords:
        return RunRecords(self.store, RUN)

    @property
    def output_file(self) -> Path:
        return self.directory / "executor_output.json"

    def step(self, **changes: Any) -> Step:
        step = step_of(
            "train",
            executor_output_path=str(self.output_file),
            output_parameters=(
                OutputParameter(
                    name="accuracy",
                    type=ParameterType.NUMBER_DOUBLE,
                    path=str(self.directory / "accuracy"),
                ),
            ),
            output_artifacts=(
                OutputArtifact(
                    name="model",
                    type=MODEL,
                    is_list=False,
                    metadata={},
                    path=str(self.directory / "model"),
                    uri=self.uri("model"),
                    seen_uri=str(self.directory / "model"),
                ),
            ),
            inputs=Values(parameters={"epochs": 3}),
            fingerprint=FINGERPRINT,
            control=(ControlEntry(output="accuracy"),),
        )
        return replace(step, **changes)

    def uri(self, name: str) -> ArtifactUri:
        return ArtifactUri(f"{self.root.partition('?')[0]}/artifacts/{name}")

    def write(self, name: str, text: str) -> None:
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def ended(self, exit_code: int = 0) -> ProcessEnd:
        self.write("log", "epoch 1\ndone\n")
        return ProcessEnd(exit_code=exit_code, log=self.directory / "log")

    def finish(
        self, step: Step, ended: ProcessEnd | None, *, store: ObjectStore | None = None
    ) -> StepOutcome:
        return finish(step, ended, stores=self.stores, store=store or self.store, now=lambda: NOW)

    def stored(self, name: str) -> bytes | None:
        store, key = self.stores.resolve(self.uri(name))
        return store.get(key)


MakeTask = Callable[[str], Task]


@pytest.fixture
def make_task(tmp_path: Path) -> Iterator[MakeTask]:
    with Stores(patience_seconds=0) as stores:

        def make(root: str) -> Task:
            stores.open(root)
            directory = tmp_path / "task"
            directory.mkdir()
            return Task(directory, root, stores)

        yield make


@pytest.fixture
def task(make_task: MakeTask) -> Task:
    """In memory."""
    return make_task(f"memory://m-{uuid.uuid4().hex}/home")


@pytest.fixture
def pod_task(tmp_path: Path) -> Iterator[Task]:
    """In a pod whose store and root are in memory."""
    root = f"memory://m-{uuid.uuid4().hex}/home"
    with Stores(root, in_pod=True) as stores:
        directory = tmp_path / "task"
        directory.mkdir()
        yield Task(directory, root, stores)


def record_of(**changes: Any) -> AttemptRecord:
    record = AttemptRecord(
        run_id=RUN,
        pipeline="demo",
        task_path=TRAIN,
        attempt_id=AttemptId("attempt-1"),
        state=AttemptState.SUCCEEDED,
        started_at=STARTED_AT,
        finished_at=NOW,
        inputs=Values(parameters={"epochs": 3}),
        log="runs/run-1/tasks/train/attempt-1.log",
        fingerprint=FINGERPRINT,
    )
    return replace(record, **changes)


def model(task: Task, content: Content | None, **changes: Any) -> Artifact:
    artifact = Artifact(name="model", uri=task.uri("model"), type=MODEL, content=content)
    return replace(artifact, **changes)


def control_of(finished: StepOutcome) -> Any:
    return json.loads(b64decode(finished.control))


def test_a_success_is_stored_whole_in_every_kind_of_store(make_task: MakeTask, root: str) -> None:
    task = make_task(root)
    task.write("accuracy", "0.5\n")
    task.write("model", "weights")

    finished = task.finish(task.step(), task.ended())

    record = record_of(
        outputs=Values(
            parameters={"accuracy": 0.5},
            artifacts={
                "model": (model(task, Content(kind=ContentKind.FILE, files=1, size_bytes=7)),)
            },
        )
    )
    (artifact,) = finished.record.outputs.artifacts["model"]
    assert replace(finished, control="", record=shaped(finished.record)) == StepOutcome(
        record=record
    )
    assert artifact.content is not None
    assert artifact.content.etag is not None
    record = finished.record
    assert control_of(finished) == {"accuracy": 0.5}
    assert task.stored("model") == b"weights"
    assert task.store.get(record.log or "") == b"epoch 1\ndone\n"
    assert list(task.records.read_attempts(TRAIN)) == [record]
    assert task.records.read_success(TRAIN) == record
    assert CacheEntries(task.store).get(FINGERPRINT) == CacheEntry(
        fingerprint=FINGERPRINT,
        pipeline="demo",
        record=RecordReference(run_id=RUN, task_path=TRAIN, attempt_id=record.attempt_id),
        created_at=NOW,
    )


def test_directories_and_custom_paths_are_uploaded(task: Task) -> None:
    task.write("elsewhere/a/1", "one")
    task.write("elsewhere/2", "four")
    task.write(
        "executor_output.json",
        json.dumps(
            {
                "parameterValues": {"accuracy": 1.0},
                "artifacts": {
                    "model": {
                        "artifacts": [
                            {
                                "name": "model",
                                "uri": str(task.directory / "model"),
                                "metadata": {"x": 1.0},
                                "custom_path": str(task.directory / "elsewhere"),
                            }
                        ]
                    }
                },
            }
        ),
    )

    finished = task.finish(task.step(), task.ended())

    assert shaped(finished.record).outputs == Values(
        parameters={"accuracy": 1},
        artifacts={
            "model": (
                model(
                    task,
                    Content(kind=ContentKind.DIRECTORY, files=2, size_bytes=7),
                    metadata={"x": 1.0},
                    custom_path=str(task.directory / "elsewhere"),
                ),
            )
        },
    )
    assert task.stored("model/a/1") == b"one"
    assert task.stored("model/2") == b"four"


def test_an_artifact_that_was_not_written_is_no_mistake(task: Task) -> None:
    task.write("accuracy", "1")

    finished = task.finish(task.step(), task.ended())

    assert finished.record.outputs.artifacts == {
        "model": (model(task, Content(kind=ContentKind.ABSENT)),)
    }


def test_an_artifact_list_has_what_the_component_names(task: Task) -> None:
    (declared,) = task.step().output_artifacts
    step = task.step(output_artifacts=(replace(declared, is_list=True),))
    task.write("model/a", "A")
    task.write(
        "executor_output.json",
        json.dumps(
            {
                "parameterValues": {"accuracy": 1},
                "artifacts": {
                    "model": {
                        "artifacts": [
                            {"name": "a", "uri": f"{task.directory}/model/a"},
                            {"name": "b", "uri": f"{task.directory}/model/b"},
                            {"name": "c", "uri": "s3://elsewhere/c"},
                        ]
                    }
                },
            }
        ),
    )

    finished = task.finish(step, task.ended())

    assert [
        (each.name, each.uri, each.content and each.content.kind)
        for each in finished.record.outputs.artifacts["model"]
    ] == [
        ("a", task.uri("model/a"), ContentKind.FILE),
        ("b", task.uri("model/b"), ContentKind.ABSENT),
        ("c", "s3://elsewhere/c", None),
    ]
    assert task.stored("model/a") == b"A"


@pytest.mark.parametrize(("written", "items"), [(False, 0), (True, 1)])
def test_an_artifact_list_that_nobody_names_has_what_is_there(
    task: Task, written: bool, items: int
) -> None:
    (declared,) = task.step().output_artifacts
    step = task.step(
        output_artifacts=(replace(declared, is_list=True),),
        control=(ControlEntry(output="model", form=ControlForm.LENGTH),),
    )
    task.write("accuracy", "1")
    if written:
        task.write("model", "x")

    finished = task.finish(step, task.ended())

    assert len(finished.record.outputs.artifacts["model"]) == items
    assert control_of(finished) == {"model@length": items}


@pytest.mark.parametrize("uri", ["file:///proc/self/environ", "/etc/passwd", "memory://other/k"])
def test_in_a_pod_no_output_is_something_in_the_pod_itself(pod_task: Task, uri: str) -> None:
    pod_task.write("accuracy", "1")
    pod_task.write("executor_output.json", _reporting(uri))

    finished = pod_task.finish(pod_task.step(), pod_task.ended())

    shown = f"file://{uri}" if uri.startswith("/") else uri
    assert finished.failure == Failure(
        reason=Reason.INVALID_OUTPUT,
        message=f"output artifact 'model' has the URI '{shown}', which no other pod can read; let "
        "the component write to the path that it was given, or report the URI of an object",
    )
    assert pod_task.records.read_success(TRAIN) is None


@pytest.mark.parametrize("uri", ["s3://other/k", "https://example.org/m", "oci://image"])
def test_in_a_pod_an_output_may_be_something_elsewhere(pod_task: Task, uri: str) -> None:
    pod_task.write("accuracy", "1")
    pod_task.write("executor_output.json", _reporting(uri))

    finished = pod_task.finish(pod_task.step(), pod_task.ended())

    (artifact,) = finished.record.outputs.artifacts["model"]
    assert (finished.failure, artifact.uri) == (None, uri)


def _reporting(uri: str) -> str:
    artifact = {"name": "model", "uri": uri}
    return json.dumps({"artifacts": {"model": {"artifacts": [artifact]}}})


def test_a_large_value_is_an_object_of_its_own(task: Task) -> None:
    step = task.step(
        output_parameters=(
            OutputParameter(
                name="text", type=ParameterType.STRING, path=str(task.directory / "text")
            ),
        ),
        control=(),
    )
    task.write("text", "x" * 100_000)

    finished = task.finish(step, task.ended())

    stored = task.records.read_success(TRAIN)
    assert stored is not None
    assert finished.record.outputs.parameters == {"text": "x" * 100_000}
    assert stored.outputs.parameters == {}
    assert task.records.load_large_values(stored.outputs).parameters == {"text": "x" * 100_000}


def test_a_failed_command_leaves_its_log_and_its_record_only(task: Task) -> None:
    task.write("accuracy", "0.5")
    task.write("model", "half")

    finished = task.finish(task.step(), task.ended(3))

    failure = Failure(
        reason=Reason.COMMAND_FAILED,
        message="the command ended with exit code 3: done",
        exit_code=3,
    )
    record = record_of(state=AttemptState.FAILED, failure=failure)
    assert finished == StepOutcome(record=record, exit_code=3, failure=failure)
    assert list(task.records.read_attempts(TRAIN)) == [record]
    assert task.records.read_success(TRAIN) is None
    assert task.stored("model") is None
    assert task.store.get(record.log or "") == b"epoch 1\ndone\n"
    assert not isinstance(CacheEntries(task.store).get(FINGERPRINT), CacheEntry)


def test_a_stopped_attempt_is_canceled(task: Task) -> None:
    failure = Failure(reason=Reason.CANCELED, message="the run was stopped", exit_code=-15)

    finished = task.finish(task.step(), replace(task.ended(-15), failure=failure))

    assert finished.record.state is AttemptState.CANCELED
    assert finished.exit_code == 143


def test_an_attempt_that_a_stop_interrupts_is_canceled_whatever_the_reason(task: Task) -> None:
    failure = Failure(reason=Reason.DEADLINE_EXCEEDED, message="the run did not end within 3 s")
    ended = replace(task.ended(-15), failure=failure, interrupted=True)

    finished = task.finish(task.step(), ended)

    assert finished.record.state is AttemptState.CANCELED
    assert finished.failure == failure


def test_a_command_that_never_started_has_no_log(task: Task) -> None:
    failure = Failure(reason=Reason.COMMAND_NOT_FOUND, message="no such command")

    finished = task.finish(task.step(), ProcessEnd(exit_code=None, failure=failure))

    assert (finished.record.log, finished.exit_code) == (None, 1)


def test_a_log_that_is_in_its_place_is_not_stored_again(task: Task) -> None:
    task.write("accuracy", "1")
    log = task.ended().log

    finished = task.finish(task.step(), ProcessEnd(exit_code=0, log=log, log_stored=True))

    assert finished.record.log == "runs/run-1/tasks/train/attempt-1.log"
    assert task.store.get(finished.record.log) is None


def test_a_missing_output_fails_the_task_and_its_log_is_kept(task: Task) -> None:
    finished = task.finish(task.step(), task.ended())

    assert finished.failure == Failure(
        reason=Reason.INVALID_OUTPUT,
        message=f"output parameter 'accuracy' is missing, there is no file "
        f"'{task.directory}/accuracy'; let the command write it",
    )
    assert finished.exit_code == 1
    assert finished.record.log is not None
    assert task.store.get(finished.record.log) == b"epoch 1\ndone\n"


def test_an_output_file_that_cannot_be_read_is_named(task: Task) -> None:
    (task.directory / "accuracy").mkdir()

    finished = task.finish(task.step(), task.ended())

    assert finished.failure is not None
    assert finished.failure.message == (
        f"output parameter 'accuracy': '{task.directory}/accuracy' is a directory, not a file; "
        "write a file, and large data as an artifact"
    )


def test_a_control_value_that_is_too_long_fails_before_anything_is_uploaded(task: Task) -> None:
    step = task.step(
        output_parameters=(
            OutputParameter(
                name="text", type=ParameterType.STRING, path=str(task.directory / "text")
            ),
        ),
        control=(ControlEntry(output="text"),),
    )
    task.write("text", "x" * 100_000)
    task.write("model", "weights")

    finished = task.finish(step, task.ended())

    assert finished.failure is not None
    assert finished.failure.reason is Reason.INVALID_OUTPUT
    assert "output 'text' is too long for a condition" in finished.failure.message
    assert task.stored("model") is None
    assert task.records.read_success(TRAIN) is None


def test_what_no_store_can_hold_fails_the_task(task: Task) -> None:
    task.write("accuracy", "1")
    (task.directory / "model").mkdir()
    (task.directory / "model" / "gone").symlink_to(task.directory / "nowhere")

    finished = task.finish(task.step(), task.ended())

    assert finished.failure is not None
    assert finished.failure.reason is Reason.INVALID_OUTPUT
    assert f"'{task.directory}/model/gone': is a link to" in finished.failure.message


def test_a_cached_task_gets_records_of_its_own_and_no_new_cache_entry(task: Task) -> None:
    source = RecordReference(
        run_id=RunId("run-0"), task_path=TRAIN, attempt_id=AttemptId("attempt-0")
    )
    outputs = Values(parameters={"accuracy": 0.75})
    step = task.step(decision=Decision.CACHED, argv=(), cached_from=source, outputs=outputs)

    finished = task.finish(step, None)

    record = record_of(state=AttemptState.CACHED, outputs=outputs, cached_from=source, log=None)
    assert finished.record == record
    assert control_of(finished) == {"accuracy": 0.75}
    assert task.records.read_success(TRAIN) == record
    assert not isinstance(CacheEntries(task.store).get(FINGERPRINT), CacheEntry)


def test_an_adopted_task_writes_nothing_and_says_what_was_said(task: Task) -> None:
    task.records.write_success(
        record_of(outputs=Values(parameters={"accuracy": "y" * 70_000, "small": 1}))
    )
    success = task.records.read_success(TRAIN)
    assert success is not None
    flaky = FlakyStore(task.store)
    step = task.step(
        decision=Decision.ADOPTED,
        argv=(),
        outputs=success.outputs,
        control=(
            ControlEntry(output="small"),
            ControlEntry(output="accuracy", form=ControlForm.LENGTH),
        ),
    )

    finished = task.finish(step, None, store=flaky)

    assert control_of(finished) == {"accuracy@length": None, "small": 1}
    assert finished.record.state is AttemptState.SUCCEEDED
    assert {operation for operation, _ in flaky.calls} == {"get"}


def test_a_task_that_was_done_again_takes_the_place_of_what_was_done_before(task: Task) -> None:
    task.write("accuracy", "0.5")
    task.records.write_success(record_of(attempt_id=AttemptId("old")))

    step = task.step(replaces=AttemptId("old"), basis="b")
    finished = task.finish(step, task.ended())

    assert finished.record.outputs.parameters == {"accuracy": 0.5}
    assert control_of(finished) == {"accuracy": 0.5}
    assert finished.record.basis == "b"
    assert task.records.read_success(TRAIN) == finished.record
    again = task.finish(replace(step, attempt_id=AttemptId("late")), task.ended())
    assert again.record.outputs == finished.record.outputs
    assert task.records.read_success(TRAIN) == finished.record


def test_a_refused_task_has_a_record_that_says_why(task: Task) -> None:
    failure = Failure(reason=Reason.INVALID_INPUT, message="input 'epochs' is missing; give it")
    step = task.step(decision=Decision.FAILED, argv=(), failure=failure)

    finished = task.finish(step, None)

    record = record_of(state=AttemptState.FAILED, failure=failure, log=None)
    assert finished == StepOutcome(record=record, exit_code=1, failure=failure)
    assert list(task.records.read_attempts(TRAIN)) == [record]


def test_an_adopted_failure_is_said_again_for_good_and_not_recorded(task: Task) -> None:
    failure = Failure(reason=Reason.COMMAND_FAILED, message="exit code 3", exit_code=3)
    step = task.step(decision=Decision.ADOPTED, argv=(), failure=failure)

    finished = task.finish(step, None)

    assert (finished.failure, finished.exit_code) == (replace(failure, final=True), 3)
    assert finished.record.state is AttemptState.FAILED
    assert list(task.records.read_attempts(TRAIN)) == []


def test_an_earlier_success_wins_and_its_outputs_are_the_outputs(task: Task) -> None:
    earlier = record_of(
        attempt_id=AttemptId("attempt-0"), outputs=Values(parameters={"accuracy": 0.25})
    )
    task.records.write_success(earlier)
    task.write("accuracy", "0.5")

    finished = task.finish(task.step(), task.ended())

    entry = CacheEntries(task.store).get(FINGERPRINT)
    assert task.records.read_success(TRAIN) == earlier
    assert finished.record.outputs == earlier.outputs
    mine = task.records.read_attempt(TRAIN, AttemptId("attempt-1"))
    assert mine is not None
    assert (mine.state, mine.outputs.parameters) == (AttemptState.SUCCEEDED, {"accuracy": 0.5})
    assert control_of(finished) == {"accuracy": 0.25}
    assert isinstance(entry, CacheEntry)
    assert entry.record.attempt_id == "attempt-0"


def test_a_cache_entry_that_cannot_be_written_does_not_fail_the_task(task: Task) -> None:
    task.write("accuracy", "0.5")
    # The cache entry is the only put.
    flaky = FlakyStore(task.store, failures=-1, operations=("put",))

    finished = task.finish(task.step(), task.ended(), store=flaky)

    assert finished.failure is None
    assert task.records.read_success(TRAIN) == finished.record
    (warning,) = finished.warnings
    assert warning.startswith("the cache entry was not written: ")


def test_a_store_that_is_gone_is_why_the_task_failed(task: Task) -> None:
    task.write("accuracy", "0.5")
    gone = FlakyStore(task.store, failures=-1)

    finished = task.finish(task.step(), task.ended(), store=gone)

    assert finished.failure is not None
    assert finished.failure.reason is Reason.STORE_FAILED
    assert finished.record.state is AttemptState.FAILED
    assert finished.record.log is None
    assert [warning.partition(":")[0] for warning in finished.warnings] == [
        "the log was not stored",
        "the record of this attempt was not stored",
    ]


def test_a_store_that_is_gone_is_waited_for_two_minutes_whatever_there_is_to_store(
    task: Task,
) -> None:
    clock = FakeClock()
    patience = Patience(clock=clock)
    (model,) = task.step().output_artifacts
    names = ("a", "b", "c", "d")
    outputs = tuple(
        replace(model, name=name, path=str(task.directory / name), uri=task.uri(name))
        for name in names
    )
    for name in ("accuracy", *names):
        task.write(name, "1")

    class Gone(Stores):
        def resolve(self, uri: str) -> tuple[ObjectStore, str]:
            return RetryingStore(FlakyStore(failures=-1), patience=patience), uri

    store = RetryingStore(FlakyStore(failures=-1), patience=patience)
    finished = finish(
        task.step(output_artifacts=outputs),
        task.ended(),
        stores=Gone(),
        store=store,
        now=lambda: NOW,
    )

    assert finished.failure is not None
    assert clock.now <= 120


@pytest.mark.parametrize("retryable", [True, False])
def test_a_store_that_refuses_is_not_asked_by_another_attempt(task: Task, retryable: bool) -> None:
    task.write("accuracy", "0.5")
    refusing = FlakyStore(task.store, failures=-1, retryable=retryable)

    finished = task.finish(task.step(), task.ended(), store=refusing)

    assert finished.failure is not None
    assert finished.failure.final is not retryable


def test_a_failed_command_stays_why_a_task_failed_when_the_store_is_gone_too(
    task: Task,
) -> None:
    finished = task.finish(task.step(), task.ended(3), store=FlakyStore(task.store, failures=-1))

    assert finished.failure is not None
    assert finished.failure.reason is Reason.COMMAND_FAILED


@pytest.mark.parametrize("lose_answers", [False, True])
@pytest.mark.parametrize("after", range(5))
def test_it_can_be_cut_short_anywhere_and_done_again(
    task: Task, after: int, lose_answers: bool
) -> None:
    task.write("accuracy", "0.5")
    task.write("model", "weights")
    cut = FlakyStore(task.store, failures=-1, after=after, lose_answers=lose_answers)
    task.finish(task.step(), task.ended(), store=cut)

    finished = task.finish(task.step(), task.ended())

    assert finished.failure is None
    assert control_of(finished) == {"accuracy": 0.5}
    success = task.records.read_success(TRAIN)
    assert success is not None
    # Another upload of the same bytes may have another etag.
    assert shaped(success).outputs == shaped(finished.record).outputs
    assert isinstance(CacheEntries(task.store).get(FINGERPRINT), CacheEntry)
    assert task.stored("model") == b"weights"
