"""Follow a run to its end, as a person or a script waits for it."""

from __future__ import annotations

import queue
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Final

from argosy_cli.exit_codes import ExitCode
from argosy_cli.options.following import Following
from argosy_runs.events import Listener, Notice, TaskLogLine, ignore
from argosy_runs.places import RunPlace, RunReference
from argosy_runs.result_events import ResultEvents
from argosy_runs.results import RunResult
from argosy_runs.states import RunState

_LOOK_SECONDS: Final = 1.0
"""Ctrl-C is noticed between two looks."""


def follow_run(
    place: RunPlace,
    run: RunReference,
    listener: Listener,
    *,
    with_log: bool = False,
    timeout_seconds: float | None = None,
) -> bool:
    """Tell a listener what happens to a run; return whether it is over.

    Otherwise the time is, and the run goes on.

    Args:
        place: Where the run is.
        run: It was selected.
        listener: Called in this thread.
        with_log: Whether it gets the output of tasks as well.
        timeout_seconds: How long to wait; ``None``: as long as it takes.
    """
    events, told = ResultEvents(), set[str]()
    log = place.open_log(run) if with_log else None
    for result in take_results(place.follow(run), timeout_seconds):
        is_over = result is not None and result.state.is_final
        if log is not None:
            for line in log.read(is_over=is_over):
                listener(TaskLogLine(path=line.path, line=line.text))
        notices = (*(() if result is None else result.notices), *(log.notices if log else ()))
        for notice in notices:
            if notice not in told:
                told.add(notice)
                listener(Notice(message=notice))
        if result is not None:
            for event in events.take(result):
                listener(event)
        if is_over:
            return True
    return False


def watch(place: RunPlace, run: RunReference) -> None:
    """Show a run live on standard error until it is over."""
    from argosy_cli.views.choice import open_view

    with open_view() as view:
        follow_run(place, run, view)


def wait_for_run(place: RunPlace, run: RunReference, following: Following, output: str) -> ExitCode:
    """Wait for a run that a command has made, print the result, and return the exit status.

    Ctrl-C ends the waiting, not the run.

    Args:
        place: Where the run is.
        run: The run.
        following: How to wait.
        output: ``text``, ``json`` or ``yaml``: how to print the result; ``name``: not at all.
    """
    from argosy_cli.views.run_output import print_result  # --help needs it not

    try:
        is_over = _wait(place, run, following)
    except KeyboardInterrupt:
        come_back = f"{place.command('get', run)} --watch"
        print(f"the run goes on; come back with: {come_back}", file=sys.stderr)
        return ExitCode.INTERRUPTED
    if not is_over:
        print(
            f"the time is over, and the run goes on; see it with: {place.command('get', run)}",
            file=sys.stderr,
        )
        return ExitCode.TIMED_OUT
    result = place.read(run, with_values=output in ("json", "yaml"))
    print_result(result, output, go_on=place.command("retry", run))
    return _choose_exit_code(result.state)


def _wait(place: RunPlace, run: RunReference, following: Following) -> bool:
    from argosy_cli.views.choice import open_view  # as above

    with open_view() if following.is_shown else nullcontext(ignore) as listener:
        return follow_run(
            place,
            run,
            listener,
            with_log=following.with_log,
            timeout_seconds=following.timeout_seconds,
        )


def _choose_exit_code(state: RunState) -> ExitCode:
    """Return the exit status of a command that has waited for a run."""
    match state:
        case RunState.SUCCEEDED:
            return ExitCode.SUCCEEDED
        case RunState.CANCELED:
            return ExitCode.CANCELED
        case RunState.FAILED | RunState.PENDING | RunState.RUNNING:
            return ExitCode.FAILED


def take_results(
    results: Iterator[RunResult], timeout_seconds: float | None = None
) -> Iterator[RunResult | None]:
    """Yield results as they come, and ``None`` each second in which none does.

    They are waited for in another thread, so that Ctrl-C is noticed; older ones that wait are left
    out.

    Args:
        results: Of :meth:`~argosy_runs.places.RunPlace.follow`.
        timeout_seconds: When to end; ``None``: after the last one.
    """
    found: queue.SimpleQueue[RunResult | BaseException | None] = queue.SimpleQueue()

    def read() -> None:
        try:
            for result in results:
                found.put(result)
            found.put(None)
        except BaseException as error:
            found.put(error)

    # It waits in the network, and must keep nobody from leaving.
    threading.Thread(target=read, daemon=True).start()
    deadline = None if timeout_seconds is None else time.monotonic() + timeout_seconds
    while True:
        try:
            newest = found.get(timeout=_LOOK_SECONDS)
        except queue.Empty:
            if deadline is not None and time.monotonic() > deadline:
                return
            yield None
            continue
        latest: RunResult | None = None
        while isinstance(newest, RunResult):
            latest = newest
            if found.empty():
                break
            newest = found.get()
        if latest is not None:
            yield latest
        if newest is None:
            return
        if isinstance(newest, BaseException):
            raise newest
