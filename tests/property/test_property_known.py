"""Random pipelines end alike whether the tasks whose results are known have pods or not."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from random import Random

from hypothesis import HealthCheck, Phase, given, settings
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


def assert_alike(machine: Machine, random: Random) -> None:
    machine.run(machine.compile())
    plain = machine.run(machine.compile())

    for known in (machine.settle(), leave_some(machine.settle(), random)):
        compiled = machine.compile(known)
        served = machine.run(compiled)

        assert comparable(served) == comparable(plain)
        assert read_run(machine.home, served.run_id).to_json() == served.to_json()


@settings(
    max_examples=40,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow],
)
@given(st.integers(0, 2**64 - 1))
def test_a_pipeline_ends_as_if_each_task_had_its_pod(seed: int) -> None:
    with tempfile.TemporaryDirectory(dir=HOMES) as home:
        machine = make_machine(random_pipeline(seed, budget=12), Path(home))

        assert_alike(machine, Random(seed))


@settings(
    max_examples=20,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow],
)
@given(st.integers(0, 2**64 - 1))
def test_a_task_that_runs_again_changes_nothing_else(seed: int) -> None:
    random = Random(seed)
    with tempfile.TemporaryDirectory(dir=HOMES) as home:
        machine = make_machine(random_pipeline(seed, budget=12), Path(home))
        first = machine.run(machine.compile())
        ran = [task.path for task in first.tasks if task.attempts]
        if not ran:
            return
        again = random.choice(ran)
        before = {task.path: task.attempts for task in first.tasks}

        second = resume_run(first.run_id, settings=machine.settings, again=[again])

        # What fails as often as it is told may succeed when it is tried once more.
        if second.state == first.state and states(second) == states(first):
            assert values(second) == values(first)
        after = {task.path: task for task in second.tasks}
        if after[again].state is TaskState.SUCCEEDED:
            assert after[again].attempts > before[again]
            assert not after[again].cached
        assert read_run(machine.home, second.run_id).to_json() == second.to_json()


@settings(
    max_examples=20,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow],
)
@given(st.integers(0, 2**64 - 1))
def test_half_a_cache_serves_what_it_serves_with_pods(seed: int) -> None:
    random = Random(seed)
    with tempfile.TemporaryDirectory(dir=HOMES) as home:
        machine = make_machine(random_pipeline(seed, budget=12), Path(home))
        first = machine.run(machine.compile())
        machine.forget(random)

        served = machine.run(machine.compile(machine.settle()))

        assert served.state == first.state
        assert values(served) == values(first)


def states(result: RunResult) -> dict[str, TaskState]:
    return {task.path: task.state for task in result.tasks}


def values(result: RunResult) -> Json:
    """Return states and values; what ran anew has artifacts of its own."""
    return {
        task.path: (task.state, make_plain(dict(task.outputs.parameters))) for task in result.tasks
    }
