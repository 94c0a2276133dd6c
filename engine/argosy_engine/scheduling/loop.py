"""Drive the interpreter: run pods on threads, keep timers, stop the run.

The caller's thread owns the interpreter and calls the observer. Each pod runs on its own thread, so
that an abandoned one blocks no other, and reports its outcome through a queue. Requests to stop use
the same queue; timers fire when waiting for it times out. So one thread takes all decisions, one
after the other.
"""

from __future__ import annotations

import contextlib
import heapq
import itertools
import threading
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from queue import Empty, SimpleQueue
from typing import TypeAlias

from argosy_engine.controller.interpreter import Interpreter
from argosy_engine.controller.messages import (
    Command,
    ExitStarted,
    PhaseChanged,
    PodEnded,
    PodStarted,
    Shutdown,
    StartPod,
    StartTimer,
    TimerFired,
    WorkflowEnded,
)
from argosy_engine.controller.nodes import Node, PodNode, RetryNode
from argosy_engine.pods.protocol import PodOutcome, PodRequest, Pods
from argosy_engine.pods.stop import StopSignal
from argosy_engine.scheduling.observer import Observer
from argosy_engine.scheduling.ready_queue import ReadyQueue
from argosy_engine.workflow.model import ClaimChange
from argosy_expressions.errors import ExpressionError
from argosy_runs.nodes import NodePhase, ShutdownMessage
from argosy_runs.viewing.outcomes import RUN_STOPPED, make_deadline_failure
from argosy_schemas.formats.records import Failure, Reason
from argosy_schemas.pod import ENV_UPSTREAM, decode_strings

_Report: TypeAlias = tuple[PodNode, PodOutcome] | None
"""The outcome of a pod; ``None``: check the stop signal."""

_PATIENCE = timedelta(seconds=3)
"""How long to wait for a pod that does not react, e.g. while a store does not answer: after a
forced stop, and after the grace period of a run that is past its deadline."""
_WAKE_SECONDS = 0.2
"""How long the engine waits at most without checking for a stop. Python calls signal handlers in
the main thread, between two of its steps: a signal that the system delivers to another thread, or
just before the main thread begins to wait, does not interrupt the waiting."""


class Engine:
    """One run of an interpreter; :meth:`run` may be called once."""

    def __init__(
        self,
        interpreter: Interpreter,
        pods: Pods,
        *,
        jobs: int,
        now: Callable[[], datetime],
        observer: Observer,
        deadline: timedelta | None = None,
        grace: timedelta = timedelta(0),
        stop_requested: Callable[[], bool] = lambda: False,
    ) -> None:
        """Make an engine.

        Args:
            interpreter: Not started yet.
            pods: Runs the pods; called from several threads.
            jobs: How many pods may run at once.
            now: Returns the time in UTC.
            observer: Called for every change.
            deadline: How long the run may take.
            grace: How long a pod may take to end after a request to stop.
            stop_requested: Whether another process asked to stop the run since the last call;
                called several times a second.
        """
        self._interpreter = interpreter
        self._pods = pods
        self._jobs = jobs
        self._now = now
        self._stop = StopSignal()
        """For the entry template; the exit template gets a new one."""
        self._observer = observer
        self._deadline = deadline
        self._grace = grace
        self._stop_requested = stop_requested
        self._ready = ReadyQueue()
        self._running: dict[PodNode, None] = {}
        self._reports: SimpleQueue[_Report] = SimpleQueue()
        self._timers: list[tuple[datetime, int, Node]] = []
        """Time, number in order of creation, node."""
        self._numbers = itertools.count()
        self._late_at: datetime | None = None
        """The deadline of the run."""
        self._give_up_at: datetime | None = None
        """When to abandon pods that do not react to the stop signal."""
        self._ended: WorkflowEnded | None = None
        self._is_stopping = False
        self.stop_failure: Failure | None = None
        """Why the run was stopped, if it was."""

    def request_stop(self) -> None:
        """Stop the run, or its exit template if that runs; a second call kills.

        Safe in a signal handler.
        """
        self._stop.set(RUN_STOPPED)
        self._reports.put(None)

    def run(self) -> NodePhase:
        """Run to the end and return the phase of the workflow."""
        if self._deadline is not None:
            self._late_at = self._now() + self._deadline
        try:
            self._carry_out(self._interpreter.start(self._now()))
            while self._ended is None:
                self._dispatch()
                self._wait()
        finally:
            # Kill all pods also if the engine itself fails.
            self._stop.set(RUN_STOPPED)
            self._stop.set(RUN_STOPPED)
        return self._ended.phase

    def _dispatch(self) -> None:
        """Start pods while fewer than ``jobs`` run."""
        while self._ready and len(self._running) < self._jobs and not self._is_stopping:
            node = self._ready.take()
            now = self._now()
            self._observer.pod_started(node, now)
            self._carry_out(self._interpreter.handle(PodStarted(node=node), now))
            try:
                request = self._request(node)
            except (ExpressionError, ValueError) as error:
                # As in Argo, which cannot create such a pod: an error of the workflow.
                failure = Failure(reason=Reason.INTERNAL, message=str(error))
                self._end(
                    node, PodOutcome(phase=NodePhase.ERROR, message=str(error), failure=failure)
                )
                continue
            # A daemon, since a forced stop does not wait for it.
            thread = threading.Thread(
                target=self._work, args=(node, request, self._stop), name="argosy-pod", daemon=True
            )
            try:
                thread.start()
            except RuntimeError as error:
                message = f"{error}; run fewer tasks at once with --jobs"
                failure = Failure(reason=Reason.ENVIRONMENT_FAILED, message=message)
                self._end(
                    node, PodOutcome(phase=NodePhase.FAILED, message=message, failure=failure)
                )
                continue
            self._running[node] = None

    def _work(self, node: PodNode, request: PodRequest, stop: StopSignal) -> None:
        self._reports.put((node, self._pods.run(request, stop)))

    def _wait(self) -> None:
        """Wait for the next report or timer, and handle it."""
        if self._ended is not None:
            return
        report: _Report = None
        with contextlib.suppress(Empty):
            report = self._reports.get(timeout=self._seconds_to_wait())
        if self._stop_requested():
            self._stop.set(RUN_STOPPED)
        if self._stop.is_set and not self._is_stopping:
            self._shut_down()
        if self._stop.is_forced:
            self._abandon_after(_PATIENCE)
        if report is not None and report[0] in self._running:
            node, outcome = report
            del self._running[node]
            self._end(node, outcome)
        self._handle_due_times()

    def _handle_due_times(self) -> None:
        """Fire due timers, and end a run that is past a deadline."""
        now = self._now()
        while self._timers and self._timers[0][0] <= now:
            _, _, node = heapq.heappop(self._timers)
            self._carry_out(self._interpreter.handle(TimerFired(node), now))
        if self._late_at is not None and self._late_at <= now:
            seconds = (self._deadline or timedelta(0)).total_seconds()
            self._stop.set(make_deadline_failure(seconds))
            self._shut_down()
        if self._give_up_at is not None and self._give_up_at <= now:
            self._abandon_pods()

    def _shut_down(self) -> None:
        """Start no further pod, for the reason of the stop signal."""
        now = self._now()
        failure = self._stop.failure
        assert failure is not None
        is_late = failure.reason is Reason.DEADLINE_EXCEEDED
        reason = ShutdownMessage.DEADLINE if is_late else ShutdownMessage.STOP
        self._is_stopping = True
        self.stop_failure = failure
        self._observer.stopping(failure, now)
        self._timers.clear()
        self._late_at = None
        if is_late:
            # There may be nobody to press Ctrl-C again.
            self._abandon_after(self._grace + _PATIENCE)
        # Before the exit template starts, whose pods use the same queue.
        waiting = tuple(self._ready.drain())
        self._carry_out(self._interpreter.handle(Shutdown(reason=reason), now))
        for node in waiting:
            self._end(node, self._stopped(failure))

    def _abandon_after(self, after: timedelta) -> None:
        """Abandon unresponsive pods after some time, or earlier if that was decided before."""
        at = self._now() + after
        self._give_up_at = at if self._give_up_at is None else min(self._give_up_at, at)

    def _abandon_pods(self) -> None:
        """End pods that do not react; their threads are daemons, and their processes are killed."""
        self._give_up_at = None
        failure = self._stop.failure
        assert failure is not None
        # Force pods that react later.
        self._stop.set(failure)
        for node in tuple(self._running):
            del self._running[node]
            self._end(node, self._stopped(failure))

    def _stopped(self, failure: Failure) -> PodOutcome:
        return PodOutcome(phase=NodePhase.FAILED, message=failure.message, failure=failure)

    def _end(self, node: PodNode, outcome: PodOutcome) -> None:
        now = self._now()
        self._observer.pod_ended(node, outcome, now)
        event = PodEnded(
            node=node,
            phase=outcome.phase,
            outputs=outcome.outputs,
            message=outcome.message,
        )
        self._carry_out(self._interpreter.handle(event, now))

    def _carry_out(self, commands: Iterable[Command]) -> None:
        now = self._now()
        for command in commands:
            match command:
                case StartPod(node=node):
                    owner = node.owner
                    if isinstance(owner, RetryNode) and node.attempt and not owner.strategy.backoff:
                        # With a backoff, the timer has reported it.
                        self._observer.retry_scheduled(owner, now, now)
                    self._ready.put(node)
                case StartTimer(node=node, at=at):
                    self._set_timer(at, node)
                    if isinstance(node, RetryNode):
                        self._observer.retry_scheduled(node, now, at)
                case PhaseChanged(node=node, phase=phase):
                    self._observer.node_changed(node, phase, now)
                case ExitStarted():
                    self._stop, self._is_stopping = StopSignal(), False
                    # Neither the deadline nor a stop before applies to the exit template.
                    self._timers.clear()
                    self._late_at = self._give_up_at = None
                case WorkflowEnded():
                    self._ended = command

    def _set_timer(self, at: datetime, node: Node) -> None:
        heapq.heappush(self._timers, (at, next(self._numbers), node))

    def _seconds_to_wait(self) -> float:
        times = [at for at in (self._late_at, self._give_up_at) if at is not None]
        if self._timers:
            times.append(self._timers[0][0])
        if not times:
            return _WAKE_SECONDS
        return min(max(0.0, (min(times) - self._now()).total_seconds()), _WAKE_SECONDS)

    def _request(self, node: PodNode) -> PodRequest:
        """Return the request for a pod, with the tags of its template replaced.

        Raises:
            ExpressionError: A tag cannot be resolved.
            ValueError: The upstream statuses are malformed.
        """
        template = node.template
        environment = dict(template.environment)
        upstream: Mapping[str, str] | None = None
        if ENV_UPSTREAM in environment:
            text = self._interpreter.resolve(node, environment[ENV_UPSTREAM])
            upstream = _decode_statuses(text) if text else None
        seconds = template.deadline_seconds
        deadline = None if seconds is None else timedelta(seconds=seconds)
        return PodRequest(
            path=node.path,
            attempt=node.attempt,
            is_retried=template.retry is not None,
            decides=template.decides,
            upstream=upstream,
            claim=self._resolve_claim(node),
            image=self._interpreter.resolve(node, template.image),
            deadline=deadline,
        )

    def _resolve_claim(self, node: PodNode) -> ClaimChange | None:
        claim = node.template.claim
        if claim is None:
            return None
        return ClaimChange(claim.action, self._interpreter.resolve(node, claim.name))


def _decode_statuses(text: str) -> Mapping[str, str]:
    try:
        return {key: phase for key, phase in decode_strings(text).items() if phase is not None}
    except ValueError as error:
        raise ValueError(f"the driver's variable '{ENV_UPSTREAM}' {error}") from error
