"""Pure decisions: the phase of a DAG, another attempt, whose turn it is."""

from __future__ import annotations

from datetime import timedelta

import pytest

from argosy_engine.controller.dag_phase import derive_dag_phase
from argosy_engine.controller.retries import GiveUp, TryAgain, decide_retry
from argosy_engine.scheduling.ready_queue import ReadyQueue
from argosy_engine.workflow.model import DagTemplate, RetryStrategy
from argosy_engine.workflow.reading import read_workflow
from argosy_runs.nodes import NodePhase
from argosy_runs.results import make_path_key
from engine_steps import pod_node

S, F, E = NodePhase.SUCCEEDED, NodePhase.FAILED, NodePhase.ERROR
K, O = NodePhase.SKIPPED, NodePhase.OMITTED  # noqa: E741


def dag(tasks: dict[str, str], target: str = "") -> DagTemplate:
    """Return a DAG of tasks with what they depend on."""
    document = {
        "spec": {
            "entrypoint": "root",
            "templates": [
                {
                    "name": "root",
                    "dag": {
                        "failFast": False,
                        "target": target,
                        "tasks": [
                            {"name": name, "template": "pod", "depends": depends}
                            for name, depends in tasks.items()
                        ],
                    },
                },
                {"name": "pod", "container": {"image": "i"}},
            ],
        }
    }
    template = read_workflow(document).templates["root"]
    assert isinstance(template, DagTemplate)
    return template


CHAIN = {"a": "", "b": "a.Succeeded", "c": "b.Succeeded"}
ANY = {"a": "", "exit": "a.Succeeded || a.Failed || a.Errored || a.Skipped || a.Omitted"}
DIAMOND = {"a": "", "b": "a.Succeeded", "c": "a.Succeeded", "d": "b.Succeeded && c.Succeeded"}


@pytest.mark.parametrize(
    ("tasks", "target", "phases", "expected"),
    [
        pytest.param(CHAIN, "", [S, S, S], S, id="all-succeeded"),
        pytest.param(CHAIN, "", [F, O, O], F, id="omitted-inherits-a-failure"),
        pytest.param(CHAIN, "", [E, O, O], E, id="omitted-inherits-an-error"),
        pytest.param(CHAIN, "", [K, O, O], S, id="skipped-is-no-failure"),
        pytest.param(CHAIN, "", [S, K, O], S, id="omitted-after-skipped-is-none-either"),
        pytest.param(ANY, "", [F, S], S, id="a-leaf-that-copes-hides-a-failure"),
        pytest.param(ANY, "exit a", [F, S], F, id="a-target-keeps-it"),
        pytest.param(ANY, "exit a", [S, F], F, id="the-other-target-counts-too"),
        pytest.param(ANY, "a exit", [F, E], E, id="the-last-failed-target-counts"),
        pytest.param(DIAMOND, "", [S, F, S, O], F, id="one-failed-path-is-enough"),
        pytest.param(DIAMOND, "", [S, K, F, O], F, id="beside-a-skipped-one"),
        pytest.param(DIAMOND, "", [S, K, S, O], S, id="skipped-beside-succeeded"),
    ],
)
def test_a_dag_has_the_phase_of_its_targets(
    tasks: dict[str, str], target: str, phases: list[NodePhase], expected: NodePhase
) -> None:
    assert derive_dag_phase(dag(tasks, target), phases) is expected


def test_a_long_chain_needs_no_deep_stack() -> None:
    tasks = {"t0": "", **{f"t{i}": f"t{i - 1}.Succeeded" for i in range(1, 3000)}}

    assert derive_dag_phase(dag(tasks), [F, *[O] * 2999]) is F


STRATEGY = RetryStrategy(limit=2, backoff=timedelta(seconds=10), factor=2)
YEAR = timedelta(days=365)


@pytest.mark.parametrize(
    ("strategy", "number", "expected"),
    [
        (STRATEGY, 0, TryAgain(timedelta(seconds=10))),
        (STRATEGY, 1, TryAgain(timedelta(seconds=20))),
        (STRATEGY, 2, GiveUp("No more retries left")),
        (RetryStrategy(limit=0), 0, GiveUp("No more retries left")),
        (RetryStrategy(limit=5), 0, TryAgain(timedelta(0))),
        (RetryStrategy(limit=99999, backoff=timedelta(hours=1), factor=9), 90000, TryAgain(YEAR)),
        (RetryStrategy(limit=9, backoff=YEAR, factor=10**9), 8, TryAgain(YEAR)),
    ],
)
def test_another_attempt_follows_as_the_strategy_says(
    strategy: RetryStrategy, number: int, expected: TryAgain | GiveUp
) -> None:
    assert decide_retry(strategy, number, "boom") == expected


def test_an_expression_can_rule_out_another_attempt() -> None:
    strategy = RetryStrategy(limit=2, expression="!(lastRetry.message endsWith '(final)')")

    assert decide_retry(strategy, 0, "boom") == TryAgain(timedelta(0))
    assert decide_retry(strategy, 0, "step 3 (final) of 3") == TryAgain(timedelta(0))
    assert decide_retry(strategy, 0, "bad type (final)") == GiveUp(
        "retryStrategy.expression evaluated to false"
    )


def test_a_loop_does_not_make_the_others_wait() -> None:
    queue = ReadyQueue()
    for item in range(3):
        queue.put(pod_node(f"loop/{item}/a"))
    for path in ("x", "y", "other/0/b"):
        queue.put(pod_node(path))

    taken = [queue.take().path for _ in range(len(queue))]

    assert taken == ["loop/0/a", "x", "other/0/b", "loop/1/a", "y", "loop/2/a"]


def test_paths_are_ordered_with_iterations_as_numbers() -> None:
    paths = ["b", "a/10/x", "a/2", "a", "a/2/x", "a-b", "a/10"]

    assert sorted(paths, key=make_path_key) == ["a", "a/2", "a/2/x", "a/10", "a/10/x", "a-b", "b"]
