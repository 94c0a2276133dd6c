"""The engine around the interpreter, with pods that are functions."""

from __future__ import annotations

import json
import select
import signal
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from argosy_engine.controller.interpreter import Interpreter
from argosy_engine.controller.nodes import Node, PodNode, RetryNode
from argosy_engine.pods.fakes import FakePods
from argosy_engine.pods.protocol import PodOutcome, PodRequest
from argosy_engine.pods.stop import StopSignal
from argosy_engine.scheduling.loop import Engine
from argosy_engine.scheduling.observer import Observer
from argosy_engine.scheduling.signals import stop_on_signals
from argosy_engine.workflow.reading import read_workflow
from argosy_runs.nodes import NodePhase, ShutdownMessage
from argosy_schemas.formats.records import Failure, Reason
from argosy_schemas.pod import ENV_UPSTREAM

OK = PodOutcome(phase=NodePhase.SUCCEEDED)
FAILED = PodOutcome(phase=NodePhase.FAILED, message="boom")
ERROR = PodOutcome(phase=NodePhase.ERROR, message="no pod")
FAILURES = {"name": "task", "value": "{{=workflow.failures}}"}


class Recorder(Observer):
    """Remembers phases by node name, in order."""

    def __init__(self) -> None:
        self.phases: list[tuple[str, NodePhase]] = []
        self.retries: list[timedelta] = []
        self.on_retry: Callable[[], None] = lambda: None

    def node_changed(self, node: Node, phase: NodePhase, at: datetime) -> None:
        self.phases.append((node.name, phase))

    def retry_scheduled(self, node: RetryNode, at: datetime, retry_at: datetime) -> None:
        self.retries.append(retry_at - at)
        self.on_retry()

    def last(self) -> dict[str, NodePhase]:
        return dict(self.phases)


def interpreter(
    tasks: Sequence[Mapping[str, Any]],
    *,
    pod: Mapping[str, Any] | None = None,
    templates: Sequence[Mapping[str, Any]] = (),
    **spec: Any,
) -> Interpreter:
    document = {
        "spec": {
            "entrypoint": "root",
            "templates": [
                {"name": "root", "dag": {"failFast": False, "tasks": list(tasks)}},
                {
                    "name": "pod",
                    "inputs": {"parameters": [{"name": "task"}]},
                    "container": {"image": "i"},
                    **(pod or {}),
                },
                *templates,
            ],
            **spec,
        }
    }
    return Interpreter(read_workflow(document), parameters={}, variables={})


def task(name: str, depends: str = "", **more: Any) -> dict[str, Any]:
    arguments = {"parameters": [{"name": "task", "value": name}]}
    return {"name": name, "template": "pod", "depends": depends, "arguments": arguments, **more}


def exiting(**more: Any) -> Interpreter:
    """A task ``a``, and at the exit ``clean-up``."""
    at_exit = {"name": "at-exit", "dag": {"failFast": False, "tasks": [task("clean-up")]}}
    return interpreter([task("a")], templates=[at_exit], onExit="at-exit", **more)


def engine(
    made: Interpreter,
    pods: FakePods,
    *,
    jobs: int = 4,
    observer: Observer | None = None,
    deadline: timedelta | None = None,
    grace: timedelta = timedelta(0),
) -> Engine:
    return Engine(
        made,
        pods,
        jobs=jobs,
        now=lambda: datetime.now(UTC),
        observer=observer or Observer(),
        deadline=deadline,
        grace=grace,
    )


def test_tasks_run_in_the_order_of_their_dependencies() -> None:
    pods = FakePods()
    made = interpreter(
        [task("c", "b.Succeeded"), task("b", "a.Succeeded"), task("a"), task("d", "c.Succeeded")]
    )

    phase = engine(made, pods).run()

    assert phase is NodePhase.SUCCEEDED
    assert [request.path for request in pods.requests] == ["a", "b", "c", "d"]


class Gauge:
    """Counts how many pods run at once."""

    def __init__(self, meet: Mapping[str, int] | None = None) -> None:
        """Begin at none; the pods of a group in ``meet`` wait until there are so many."""
        self._meet = {
            group: threading.Barrier(count, timeout=60) for group, count in (meet or {}).items()
        }
        self._lock = threading.Lock()
        self._now: dict[str, int] = {}
        self.most: dict[str, int] = {}

    def run(self, request: PodRequest) -> PodOutcome:
        group = request.path.partition("/")[0]
        for name, change in ((group, 1), ("all", 1)):
            self._count(name, change)
        if group in self._meet:
            self._meet[group].wait()
        time.sleep(0.02)
        for name, change in ((group, -1), ("all", -1)):
            self._count(name, change)
        return OK

    def _count(self, name: str, change: int) -> None:
        with self._lock:
            self._now[name] = self._now.get(name, 0) + change
            self.most[name] = max(self.most.get(name, 0), self._now[name])


def test_no_more_pods_run_at_once_than_there_are_jobs() -> None:
    gauge = Gauge()
    together = threading.Barrier(3, timeout=120)

    def run(request: PodRequest) -> PodOutcome:
        together.wait()
        return gauge.run(request)

    made = interpreter([task(f"t{i}") for i in range(21)])

    phase = engine(made, FakePods(run), jobs=3).run()

    assert phase is NodePhase.SUCCEEDED
    assert gauge.most["all"] <= 3


def loop(name: str, count: int, parallelism: int | None) -> list[dict[str, Any]]:
    """Return the template of a loop over a pod, with a DAG for each item."""
    limit = {} if parallelism is None else {"parallelism": parallelism}
    path = {"name": "path", "value": name + "/{{item}}/"}
    return [
        {
            "name": name,
            "dag": {
                "failFast": False,
                "tasks": [
                    {
                        "name": "iteration",
                        "template": f"{name}-body",
                        "withSequence": {"count": str(count)},
                        "arguments": {"parameters": [path]},
                    }
                ],
            },
            **limit,
        },
        {
            "name": f"{name}-body",
            "inputs": {"parameters": [{"name": "path"}]},
            "dag": {
                "failFast": False,
                "tasks": [
                    {
                        "name": "train",
                        "template": "pod",
                        "arguments": {
                            "parameters": [
                                {"name": "task", "value": "{{inputs.parameters.path}}train"}
                            ]
                        },
                    }
                ],
            },
        },
    ]


def test_a_loop_keeps_to_its_parallelism() -> None:
    gauge = Gauge(meet={"wide": 2})
    made = interpreter(
        [{"name": "narrow", "template": "narrow"}, {"name": "wide", "template": "wide"}],
        templates=[*loop("narrow", 6, 1), *loop("wide", 6, None)],
    )

    phase = engine(made, FakePods(gauge.run), jobs=4).run()

    assert phase is NodePhase.SUCCEEDED
    assert gauge.most["narrow"] == 1
    assert gauge.most["wide"] > 1


@pytest.mark.parametrize(
    ("ends", "expected"),
    [
        ([FAILED, ERROR, OK], NodePhase.ERROR),
        ([ERROR, FAILED, OK], NodePhase.FAILED),
        ([OK, OK, OK], NodePhase.SUCCEEDED),
    ],
)
def test_a_loop_ends_as_its_last_iteration_that_failed(
    ends: list[PodOutcome], expected: NodePhase
) -> None:
    arguments = {"parameters": [{"name": "task", "value": "{{item}}"}]}
    loop = task("loop", withSequence={"count": "3"}) | {"arguments": arguments}
    recorder = Recorder()

    engine(
        interpreter([loop]), FakePods(lambda request: ends[int(request.path)]), observer=recorder
    ).run()

    assert recorder.last()["loop"] is expected


def test_a_failed_task_is_tried_again_after_its_backoff() -> None:
    answers = iter([FAILED, FAILED, OK])
    pods = FakePods(lambda request: next(answers))
    retry = {"limit": "2", "retryPolicy": "Always", "backoff": {"duration": "1", "factor": "1"}}
    recorder = Recorder()
    started = time.monotonic()

    phase = engine(
        interpreter([task("a")], pod={"retryStrategy": retry}), pods, observer=recorder
    ).run()

    assert phase is NodePhase.SUCCEEDED
    assert [(r.attempt, r.is_retried) for r in pods.requests] == [(0, True), (1, True), (2, True)]
    assert 2 <= time.monotonic() - started < 100


def test_what_does_not_depend_on_a_failure_goes_on() -> None:
    pods = FakePods(lambda request: FAILED if request.path == "a" else OK)
    recorder = Recorder()
    made = interpreter([task("a"), task("b", "a.Succeeded"), task("c"), task("d", "c.Succeeded")])

    phase = engine(made, pods, observer=recorder).run()

    assert phase is NodePhase.FAILED
    assert recorder.last() == {
        "": NodePhase.FAILED,
        "a": NodePhase.FAILED,
        "b": NodePhase.OMITTED,
        "c": NodePhase.SUCCEEDED,
        "d": NodePhase.SUCCEEDED,
    }


def waiting_pod(entered: threading.Event, stop: StopSignal) -> PodOutcome:
    """Run until told to stop, as a pod that listens does."""
    entered.set()
    while not stop.is_set:
        time.sleep(0.005)
    return PodOutcome(phase=NodePhase.FAILED, failure=stop.failure)


class ListeningPods(FakePods):
    """Pods that end when they are told to, and those of a list at once."""

    def __init__(self, quick: Sequence[str] = ()) -> None:
        super().__init__()
        self.entered = threading.Event()
        self._quick = quick

    def run(self, request: PodRequest, stop: StopSignal) -> PodOutcome:
        self.requests.append(request)
        return OK if request.path in self._quick else waiting_pod(self.entered, stop)


class DeafPods(FakePods):
    """Pods that succeed at once, but for one that does not listen, e.g. to a store that is away."""

    def __init__(self, deaf: str) -> None:
        super().__init__()
        self.entered = threading.Event()
        self.release = threading.Event()
        self._deaf = deaf

    def run(self, request: PodRequest, stop: StopSignal) -> PodOutcome:
        self.requests.append(request)
        if request.path == self._deaf:
            self.entered.set()
            self.release.wait(200)
        return OK


def test_a_pod_that_gets_no_thread_fails_and_is_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    start = threading.Thread.start
    refused: list[str] = []

    def start_later(thread: threading.Thread) -> None:
        if thread.name == "argosy-pod" and not refused:
            refused.append(thread.name)
            raise RuntimeError("can't start new thread")
        start(thread)

    class Outcomes(Recorder):
        def pod_ended(self, node: Node, outcome: PodOutcome, at: datetime) -> None:
            messages.append(outcome.message)

    messages: list[str] = []
    monkeypatch.setattr(threading.Thread, "start", start_later)
    retry = {"retryStrategy": {"limit": "1", "retryPolicy": "Always"}}
    made = engine(interpreter([task("a")], pod=retry), FakePods(), observer=Outcomes())

    phase = made.run()

    assert phase is NodePhase.SUCCEEDED
    assert messages == ["can't start new thread; run fewer tasks at once with --jobs", ""]


def test_a_stop_ends_what_runs_and_begins_nothing() -> None:
    pods = ListeningPods()
    recorder = Recorder()
    made = engine(
        interpreter([task("a"), task("b"), task("c", "a.Succeeded")]),
        pods,
        jobs=1,
        observer=recorder,
    )
    after(pods.entered, made.request_stop)

    phase = made.run()

    assert phase is NodePhase.FAILED
    assert [request.path for request in pods.requests] == ["a"]
    assert made.stop_failure == Failure(reason=Reason.CANCELED, message="the run was stopped")
    assert recorder.last() == {
        "": NodePhase.FAILED,
        "a": NodePhase.FAILED,
        "b": NodePhase.FAILED,
        "c": NodePhase.OMITTED,
    }


def test_a_signal_that_another_thread_gets_stops_the_run() -> None:
    heard: list[bool] = []

    class SignalledPods(FakePods):
        def run(self, request: PodRequest, stop: StopSignal) -> PodOutcome:
            signal.pthread_kill(threading.get_ident(), signal.SIGINT)
            heard.append(bool(select.select([stop.descriptor], [], [], 20)[0]))
            return FAILED

    made = engine(interpreter([task("a")]), SignalledPods())

    with stop_on_signals(made.request_stop):
        made.run()

    assert heard == [True]
    assert made.stop_failure == Failure(reason=Reason.CANCELED, message="the run was stopped")


def test_a_stop_ends_waiting_for_another_attempt() -> None:
    recorder = Recorder()
    retry = {"limit": "2", "retryPolicy": "Always", "backoff": {"duration": "3600s"}}
    made = engine(
        interpreter([task("a")], pod={"retryStrategy": retry}),
        FakePods(lambda request: FAILED),
        observer=recorder,
    )
    recorder.on_retry = made.request_stop

    made.run()

    assert recorder.retries[0] > timedelta(minutes=59)
    assert recorder.last() == {
        "": NodePhase.FAILED,
        "a": NodePhase.FAILED,
        "a(0)": NodePhase.FAILED,
    }


def test_a_deadline_ends_the_run() -> None:
    pods = ListeningPods()
    made = engine(interpreter([task("a")]), pods, deadline=timedelta(seconds=0.2))

    phase = made.run()

    assert phase is NodePhase.FAILED
    assert made.stop_failure == Failure(
        reason=Reason.DEADLINE_EXCEEDED, message="the run did not end within 0.2 s"
    )


def test_a_pod_that_ends_at_once_knows_that_a_deadline_ended_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """However long the thread that told it to end takes for its next step."""
    heard: list[Failure | None] = []
    ended = threading.Event()

    class Dawdling(StopSignal):
        def set(self, failure: Failure) -> None:
            super().set(failure)
            ended.wait(10)

    class QuickPods(FakePods):
        def run(self, request: PodRequest, stop: StopSignal) -> PodOutcome:
            select.select([stop.descriptor], [], [], 20)
            heard.append(stop.failure)
            ended.set()
            return FAILED

    monkeypatch.setattr("argosy_engine.scheduling.loop.StopSignal", Dawdling)
    made = engine(interpreter([task("a")]), QuickPods(), deadline=timedelta(seconds=0.1))

    made.run()

    assert heard == [
        Failure(reason=Reason.DEADLINE_EXCEEDED, message="the run did not end within 0.1 s")
    ]


def test_what_runs_at_the_exit_runs_after_a_stop() -> None:
    pods = ListeningPods(quick=["clean-up"])
    recorder = Recorder()
    made = engine(exiting(), pods, observer=recorder)
    after(pods.entered, made.request_stop)

    phase = made.run()

    assert phase is NodePhase.FAILED
    assert [request.path for request in pods.requests] == ["a", "clean-up"]
    assert recorder.last()["onExit.clean-up"] is NodePhase.SUCCEEDED


def test_a_pod_that_fails_when_it_is_stopped_counts_as_stopped_at_the_exit() -> None:
    """As in Argo, which marks it before the pod ends; so exit tasks learn of the stop."""

    class FailingPods(ListeningPods):
        def run(self, request: PodRequest, stop: StopSignal) -> PodOutcome:
            self.requests.append(request)
            if request.path != "a":
                return OK
            waiting_pod(self.entered, stop)
            return FAILED

    ask = {"name": "ask", "template": "pod", "arguments": {"parameters": [FAILURES]}}
    at_exit = {"name": "at-exit", "dag": {"failFast": False, "tasks": [ask]}}
    pods = FailingPods()
    made = engine(interpreter([task("a")], templates=[at_exit], onExit="at-exit"), pods)
    after(pods.entered, made.request_stop)

    made.run()

    _, asked = pods.requests
    messages = [one["message"] for one in json.loads(json.loads(asked.path))]
    assert set(messages) == {ShutdownMessage.STOP.value}


@pytest.mark.parametrize("deadline", [None, timedelta(seconds=1)])
def test_what_runs_at_the_exit_runs_when_nothing_ran_that_had_to_end(
    deadline: timedelta | None,
) -> None:
    """The run ends in the moment of the stop then, and the exit begins in it."""
    pods = FakePods(lambda request: FAILED if request.path == "a" else OK)
    retry = {"limit": "1", "retryPolicy": "Always", "backoff": {"duration": "5s"}}
    recorder = Recorder()
    made = engine(exiting(pod={"retryStrategy": retry}), pods, observer=recorder, deadline=deadline)
    if deadline is None:
        recorder.on_retry = made.request_stop

    phase = made.run()

    assert phase is NodePhase.FAILED
    assert [request.path for request in pods.requests] == ["a", "clean-up"]
    assert recorder.last()["onExit.clean-up(0)"] is NodePhase.SUCCEEDED


def test_what_is_left_of_two_stops_does_not_end_what_runs_at_the_exit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("argosy_engine.scheduling.loop._PATIENCE", timedelta(seconds=0.2))
    entered, twice = threading.Event(), threading.Event()
    recorder = Recorder()

    def stopped_twice(request: PodRequest) -> PodOutcome:
        if request.path == "a":
            entered.set()
            twice.wait(30)
            return FAILED
        time.sleep(0.6)
        return OK

    made = engine(exiting(), FakePods(stopped_twice), observer=recorder)

    def stop() -> None:
        made.request_stop()
        made.request_stop()
        twice.set()

    after(entered, stop)

    made.run()

    assert recorder.last()["onExit.clean-up"] is NodePhase.SUCCEEDED
    assert made.stop_failure == Failure(reason=Reason.CANCELED, message="the run was stopped")


def test_a_second_stop_does_not_wait_for_pods_that_do_not_listen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("argosy_engine.scheduling.loop._PATIENCE", timedelta(seconds=0.2))
    pods = DeafPods("a")
    made = engine(interpreter([task("a")]), pods)
    after(pods.entered, made.request_stop)
    threading.Timer(0.5, made.request_stop).start()

    assert run_within(60, made, pods) is NodePhase.FAILED


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_pod_that_does_not_listen_leaves_its_place_to_what_runs_at_the_exit(
    jobs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("argosy_engine.scheduling.loop._PATIENCE", timedelta(seconds=0.2))
    pods = DeafPods("a")
    recorder = Recorder()
    made = engine(exiting(), pods, jobs=jobs, observer=recorder)
    after(pods.entered, lambda: stop_twice(made))

    phase = run_within(60, made, pods)

    assert phase is NodePhase.FAILED
    assert [request.path for request in pods.requests] == ["a", "clean-up"]
    assert recorder.last()["onExit.clean-up"] is NodePhase.SUCCEEDED


LATE = Failure(reason=Reason.DEADLINE_EXCEEDED, message="the run did not end within 0.1 s")


def test_a_deadline_does_not_wait_for_pods_that_do_not_listen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("argosy_engine.scheduling.loop._PATIENCE", timedelta(seconds=0.2))
    pods = DeafPods("a")
    made = engine(interpreter([task("a")]), pods, deadline=timedelta(seconds=0.1))

    assert run_within(60, made, pods) is NodePhase.FAILED
    assert made.stop_failure == LATE


def test_a_pod_has_its_grace_after_a_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("argosy_engine.scheduling.loop._PATIENCE", timedelta(0))
    own = PodOutcome(phase=NodePhase.FAILED, message="cleaned up")
    outcomes: list[PodOutcome] = []

    class Outcomes(Observer):
        def pod_ended(self, node: PodNode, outcome: PodOutcome, at: datetime) -> None:
            outcomes.append(outcome)

    class TidyPods(FakePods):
        def run(self, request: PodRequest, stop: StopSignal) -> PodOutcome:
            select.select([stop.descriptor], [], [], 20)
            time.sleep(0.5)
            return own

    made = engine(
        interpreter([task("a")]),
        TidyPods(),
        observer=Outcomes(),
        deadline=timedelta(seconds=0.1),
        grace=timedelta(hours=1),
    )

    made.run()

    assert outcomes == [own]


def test_a_stop_after_a_deadline_ends_the_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("argosy_engine.scheduling.loop._PATIENCE", timedelta(seconds=0.2))
    pods = DeafPods("a")
    made = engine(
        interpreter([task("a")]),
        pods,
        deadline=timedelta(seconds=0.1),
        grace=timedelta(hours=1),
    )
    threading.Timer(2, made.request_stop).start()

    assert run_within(60, made, pods) is NodePhase.FAILED
    assert made.stop_failure == LATE


def test_what_runs_at_the_exit_has_its_time_after_a_deadline_that_a_pod_did_not_hear(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("argosy_engine.scheduling.loop._PATIENCE", timedelta(seconds=0.2))
    recorder = Recorder()

    class SlowExit(DeafPods):
        def run(self, request: PodRequest, stop: StopSignal) -> PodOutcome:
            if request.path == "clean-up":
                time.sleep(0.8)
            return super().run(request, stop)

    pods = SlowExit("a")
    made = engine(exiting(), pods, jobs=1, observer=recorder, deadline=timedelta(seconds=0.1))

    phase = run_within(60, made, pods)

    assert phase is NodePhase.FAILED
    assert recorder.last()["onExit.clean-up"] is NodePhase.SUCCEEDED
    assert made.stop_failure == LATE


def test_a_pod_that_is_given_up_on_is_told_to_end_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may be one that listens late."""
    monkeypatch.setattr("argosy_engine.scheduling.loop._PATIENCE", timedelta(seconds=0.2))
    signals: list[StopSignal] = []

    class Overheard(DeafPods):
        def run(self, request: PodRequest, stop: StopSignal) -> PodOutcome:
            signals.append(stop)
            return super().run(request, stop)

    pods = Overheard("a")
    made = engine(exiting(), pods, deadline=timedelta(seconds=0.1))

    run_within(60, made, pods)

    assert signals[0].is_forced


def test_a_pod_that_cannot_be_made_is_an_error_of_its_task() -> None:
    pods = FakePods()
    made = interpreter([task("a")], pod={"container": {"image": "{{inputs.parameters.none}}"}})
    recorder = Recorder()

    phase = engine(made, pods, observer=recorder).run()

    assert phase is NodePhase.ERROR
    assert pods.requests == []


@pytest.mark.parametrize(
    "text", ["?", "eyJ4", b64encode(b"[1]").decode(), b64encode(b'{"x": 1}').decode()]
)
def test_malformed_upstream_statuses_are_an_error_of_the_task(text: str) -> None:
    pods = FakePods()
    messages: list[str] = []

    class Messages(Observer):
        def pod_ended(self, node: PodNode, outcome: PodOutcome, at: datetime) -> None:
            messages.append(outcome.message)

    phase = engine(
        interpreter([task("a")], pod=with_upstream(text)), pods, observer=Messages()
    ).run()

    assert (phase, pods.requests) == (NodePhase.ERROR, [])
    assert messages == [
        f"the driver's variable '{ENV_UPSTREAM}' is '{text}', not base64 of a JSON object"
        " of strings"
    ]


def with_upstream(text: str) -> dict[str, Any]:
    """A pod that is told of the tasks before it."""
    return {
        "initContainers": [{"name": "driver", "env": [{"name": "ARGOSY_UPSTREAM", "value": text}]}],
        "sidecars": [{"name": "launcher"}],
    }


def test_an_output_that_was_not_written_is_an_error_unless_it_has_a_default() -> None:
    def run(value_from: dict[str, str]) -> NodePhase:
        outputs = {"parameters": [{"name": "x", "valueFrom": {"path": "/x", **value_from}}]}
        return engine(interpreter([task("a")], pod={"outputs": outputs}), FakePods()).run()

    assert (run({}), run({"default": ""})) == (NodePhase.ERROR, NodePhase.SUCCEEDED)


def test_a_pod_gets_what_its_template_says() -> None:
    pods = FakePods()
    made = interpreter(
        [task("a")],
        pod={
            "activeDeadlineSeconds": 90,
            "container": {"image": "img:{{inputs.parameters.task}}"},
            **with_upstream("eyJ4IjoiRmFpbGVkIn0="),
        },
    )

    engine(made, pods).run()

    assert pods.requests == [
        PodRequest(
            path=pods.requests[0].path,
            upstream={"x": "Failed"},
            image="img:a",
            deadline=timedelta(seconds=90),
        )
    ]


def run_within(seconds: float, made: Engine, pods: DeafPods) -> NodePhase | None:
    """Run and return the phase; ``None``: the run has not ended in time."""
    with ThreadPoolExecutor(1) as pool:
        result = pool.submit(made.run)
        ended = wait([result], seconds).done
        # Without it nobody could wait for an engine that hangs.
        pods.release.set()
        return result.result(20) if ended else None


def stop_twice(made: Engine) -> None:
    made.request_stop()
    made.request_stop()


def after(event: threading.Event, action: Callable[[], None]) -> None:
    """Do something in another thread when an event has come."""

    def wait() -> None:
        event.wait(120)
        action()

    threading.Thread(target=wait, daemon=True).start()
