"""Random pipelines end alike whether the tasks whose results are known have pods or not.

Each test counts the cases that it is about, so that it cannot pass without any.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random

from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from argosy_engine.run import resume_run
from argosy_runs.local.reading import read_run
from argosy_runs.results import RunResult
from argosy_runs.states import TaskState
from argosy_schemas.reading.pipeline import read_pipeline
from known_results import Json, Machine, comparable, leave_some, make_plain
from random_pipelines import RandomPipeline, random_pipeline

_MEMORY = Path("/dev/shm")
HOMES = _MEMORY if os.access(_MEMORY, os.W_OK | os.X_OK) else None


def make_machine(pipeline: RandomPipeline, home: Path) -> Machine:
    return Machine(
        pipeline=read_pipeline(json.dumps(pipeline.document).encode(), file="random.json"),
        home=home,
        parameters={
            name: value if isinstance(value, str) else json.dumps(value)
            for name, value in pipeline.parameters.items()
        },
    )


def assert_alike(machine: Machine, random: Random, seen: Counter[str]) -> None:
    machine.run(machine.compile())
    plain = machine.run(machine.compile())

    whole = machine.settle()
    some = leave_some(whole, random)
    seen["some known"] += bool(whole)
    seen["a part known"] += 0 < len(some) < len(whole)
    for known in (whole, some):
        compiled = machine.compile(known)
        served = machine.run(compiled)

        states = {task.path: task for task in served.tasks}
        without_pod = [path for path in known if path in states and not states[path].attempts]
        seen["without a pod"] += bool(without_pod)
        seen["beside one with a pod"] += bool(without_pod) and any(
            task.attempts for task in served.tasks
        )
        assert comparable(served) == comparable(plain)
        assert read_run(machine.home, served.run_id).to_json() == served.to_json()


def test_a_pipeline_ends_as_if_each_task_had_its_pod() -> None:
    seen = Counter[str]()

    @examples(40)
    @example(461602)  # a condition that is known to be false, before a task that is not known
    @example(123338)  # two tasks fail, in an order that depends on what is known
    def check(seed: int) -> None:
        with tempfile.TemporaryDirectory(dir=HOMES) as home:
            machine = make_machine(random_pipeline(seed, budget=12), Path(home))

            assert_alike(machine, Random(seed), seen)

    check()
    assert_seen(seen, "some known", "a part known", "without a pod", "beside one with a pod")


def test_a_task_that_runs_again_changes_nothing_else() -> None:
    seen = Counter[str]()

    @examples(20)
    def check(seed: int) -> None:
        run_again(seed, seen)

    check()
    assert_seen(seen, "ran", "ended alike", "succeeded again")


def run_again(seed: int, seen: Counter[str]) -> None:
    random = Random(seed)
    with tempfile.TemporaryDirectory(dir=HOMES) as home:
        machine = make_machine(random_pipeline(seed, budget=12), Path(home))
        first = machine.run(machine.compile())
        ran = [task.path for task in first.tasks if task.attempts]
        seen["ran"] += bool(ran)
        if not ran:
            return
        again = random.choice(ran)
        before = {task.path: task.attempts for task in first.tasks}

        second = resume_run(first.run_id, settings=machine.settings, again=[again])

        # What fails as often as it is told may succeed when it is tried once more.
        if second.state == first.state and states(second) == states(first):
            seen["ended alike"] += 1
            assert values(second) == values(first)
        after = {task.path: task for task in second.tasks}
        if after[again].state is TaskState.SUCCEEDED:
            seen["succeeded again"] += 1
            assert after[again].attempts > before[again]
            assert not after[again].cached
        assert read_run(machine.home, second.run_id).to_json() == second.to_json()


def test_half_a_cache_serves_what_it_serves_with_pods() -> None:
    seen = Counter[str]()

    @examples(20)
    def check(seed: int) -> None:
        serve_half(seed, seen)

    check()
    assert_seen(seen, "served", "ran anew", "both")


def serve_half(seed: int, seen: Counter[str]) -> None:
    random = Random(seed)
    with tempfile.TemporaryDirectory(dir=HOMES) as home:
        machine = make_machine(random_pipeline(seed, budget=12), Path(home))
        first = machine.run(machine.compile())
        machine.forget(random)

        served = machine.run(machine.compile(machine.settle()))

        is_served = any(task.cached for task in served.tasks)
        is_new = any(task.attempts and not task.cached for task in served.tasks)
        seen["served"] += is_served
        seen["ran anew"] += is_new
        seen["both"] += is_served and is_new
        assert served.state == first.state
        assert values(served) == values(first)


def examples(count: int) -> Callable[[Callable[[int], None]], Callable[[], None]]:
    """Return what calls a check with this many seeds."""

    def decorate(check: Callable[[int], None]) -> Callable[[], None]:
        return settings(
            max_examples=count,
            deadline=None,
            phases=(Phase.explicit, Phase.reuse, Phase.generate),
            suppress_health_check=[HealthCheck.too_slow],
        )(given(st.integers(0, 2**64 - 1))(check))

    return decorate


def assert_seen(seen: Counter[str], *cases: str) -> None:
    """Refuse a test that saw a case less than twice."""
    rare = {case: seen[case] for case in cases if seen[case] < 2}
    assert not rare, f"too few examples of what the test is about: {rare} of {dict(seen)}"


def states(result: RunResult) -> dict[str, TaskState]:
    return {task.path: task.state for task in result.tasks}


def values(result: RunResult) -> Json:
    """Return states and values; what ran anew has artifacts of its own."""
    return {
        task.path: (task.state, make_plain(dict(task.outputs.parameters))) for task in result.tasks
    }
