"""How tasks end on a cluster: by themselves, killed, deleted, stopped, and tried again."""

from __future__ import annotations

from typing import Any

import pytest

from argo_cluster import ArgoCluster
from argosy_schemas.errors import Reason
from argosy_schemas.formats.records import AttemptState
from argosy_schemas.ir.model import Pipeline
from driver_support import IN_ANY_CASE, dag, leaf, output, pipeline, status, task

SLEEP = "echo ready; i=0; while [ $i -lt 600 ]; do sleep 1; i=$((i+1)); done"


def shell(script: str, **fields: Any) -> Pipeline:
    """A pipeline of one task that runs a script."""
    return pipeline(
        dag({"work": task("comp-work", **fields)}),
        {"comp-work": leaf(command=["sh", "-c", script])},
    )


def with_exit_task(script: str) -> Pipeline:
    """A task, and one that prints what became of it."""
    tell = leaf(
        {"status": {"parameterType": "TASK_FINAL_STATUS", "isOptional": True}},
        command=["echo", "{{$.inputs.parameters['status']}}"],
    )
    exit_task = task("comp-tell", {"status": status("work")}, dependentTasks=["work"])
    return pipeline(
        dag({"work": task("comp-work"), "tell": {**exit_task, **IN_ANY_CASE}}),
        {"comp-work": leaf(command=["sh", "-c", script]), "comp-tell": tell},
    )


@pytest.mark.parametrize("count", [8, pytest.param(100, marks=pytest.mark.nightly)])
def test_every_pod_of_a_run_that_succeeded_is_completed(cluster: ArgoCluster, count: int) -> None:
    run = cluster.start(
        pipeline(
            dag({f"t{n}": task("comp-work") for n in range(count)}),
            {"comp-work": leaf(command=["true"])},
        )
    )

    assert run.end(timeout_seconds=800) == "Succeeded"
    assert run.wait_for_pods() == ["Succeeded"] * count


def test_a_command_that_fails_says_why(cluster: ArgoCluster) -> None:
    run = cluster.start(shell("echo the disk is full; exit 7"))

    assert run.end() == "Failed"
    said = "the command ended with exit code 7: the disk is full"
    assert run.node("work")["message"].endswith(said)
    (record,) = run.ended_attempts("work")
    assert record.failure is not None
    assert record.failure.message == said
    assert run.log("work") == "the disk is full\n"


def test_a_command_for_which_memory_is_too_small_says_so(cluster: ArgoCluster) -> None:
    command = ["sh", "-c", "echo ready; tail /dev/zero"]
    limits = {"resourceMemoryLimit": "64Mi"}
    run = cluster.start(
        pipeline(
            dag({"work": task("comp-work")}),
            {"comp-work": leaf(command=command, resources=limits)},
        )
    )

    assert run.end() == "Failed"
    (record,) = run.ended_attempts("work")
    assert record.failure is not None
    assert record.state is AttemptState.FAILED
    assert record.failure.reason is Reason.COMMAND_KILLED
    assert "set_memory_limit" in record.failure.message


def test_a_main_that_is_killed_as_a_whole_is_not_canceled(cluster: ArgoCluster) -> None:
    """As where memory runs out with cgroup v2; the exit task is told the same."""
    run = cluster.start(with_exit_task(SLEEP))
    pod = run.wait_for_line("work", "ready")

    cluster.kubectl("exec", pod, "-c", "main", "--", "sh", "-c", "kill -9 $(pidof exec)")

    assert run.end() == "Failed"
    (record,) = run.ended_attempts("work")
    assert record.failure is not None
    assert record.state is AttemptState.FAILED
    assert record.failure.reason is Reason.COMMAND_KILLED
    assert "the container was killed as a whole" in record.failure.message
    assert "the container was killed as a whole" in run.log("tell")
    assert run.log("work") == "ready\n"


def test_a_pod_that_is_deleted_leaves_its_log_and_is_tried_again(cluster: ArgoCluster) -> None:
    script = f'test "$KFP_RETRY_INDEX" = 0 || exit 0; {SLEEP}'
    run = cluster.start(shell(script, retryPolicy={"maxRetryCount": 1}))
    pod = run.wait_for_line("work", "ready")

    cluster.kubectl("delete", "pod", pod, "--wait=false")

    assert run.end() == "Succeeded"
    first, second = run.ended_attempts("work")
    assert (first.state, second.state) == (AttemptState.CANCELED, AttemptState.SUCCEEDED)
    assert first.log is not None
    assert cluster.store.get(first.log) == b"ready\n"


def test_a_run_that_is_stopped_runs_its_exit_handler(cluster: ArgoCluster) -> None:
    handled = dag({"work": task("comp-work")})
    tell = {**task("comp-tell", dependentTasks=["exit-handler-1"]), **IN_ANY_CASE}
    run = cluster.start(
        pipeline(
            dag({"exit-handler-1": task("comp-handled"), "tell": tell}),
            {
                "comp-handled": handled,
                "comp-work": leaf(command=["sh", "-c", SLEEP]),
                "comp-tell": leaf(command=["echo", "told"]),
            },
        )
    )
    run.wait_for_line("exit-handler-1/work", "ready")

    cluster.argo("stop", run.name)

    assert run.end() == "Failed"
    (record,) = run.ended_attempts("exit-handler-1/work")
    assert record.state is AttemptState.CANCELED
    assert run.log("exit-handler-1/work") == "ready\n"
    assert run.log("tell") == "told\n"


def test_a_run_that_is_terminated_leaves_log_and_record(cluster: ArgoCluster) -> None:
    run = cluster.start(shell(SLEEP))
    run.wait_for_line("work", "ready")

    cluster.argo("terminate", run.name)

    assert run.end() == "Failed"
    (record,) = run.ended_attempts("work")
    assert record.state is AttemptState.CANCELED
    assert run.log("work") == "ready\n"


def test_a_task_past_its_deadline_is_stopped(cluster: ArgoCluster) -> None:
    limited = pipeline(
        dag({"work": task("comp-work")}),
        {"comp-work": leaf(command=["sh", "-c", SLEEP])},
        kubernetes={"exec-work": {"activeDeadlineSeconds": "40"}},
    )
    run = cluster.start(limited)

    assert run.end() == "Failed"
    assert "deadline" in run.node("work")["message"]
    (record,) = run.ended_attempts("work")
    assert record.state is AttemptState.CANCELED


def test_a_task_is_tried_again_and_knows_it(cluster: ArgoCluster) -> None:
    script = 'echo "attempt $KFP_RETRY_INDEX"; test "$KFP_RETRY_INDEX" = 1'
    run = cluster.start(shell(script, retryPolicy={"maxRetryCount": 2}))

    assert run.end() == "Succeeded"
    first, second = run.ended_attempts("work")
    assert (first.state, second.state) == (AttemptState.FAILED, AttemptState.SUCCEEDED)
    assert run.log("work") == "attempt 1\n"


def test_what_had_succeeded_is_not_run_again_by_argo_retry(cluster: ArgoCluster) -> None:
    both = pipeline(
        dag(
            {
                "good": task("comp-good"),
                "bad": task("comp-bad", dependentTasks=["good"]),
            }
        ),
        {"comp-good": leaf(command=["true"]), "comp-bad": leaf(command=["false"])},
    )
    run = cluster.start(both)
    assert run.end() == "Failed"

    cluster.argo("retry", run.name)

    run.wait_until(lambda: len(run.attempts("bad")) == 2)
    assert run.end() == "Failed"
    assert len(run.attempts("good")) == 1


def test_a_restart_of_what_had_succeeded_says_that_it_is_adopted(cluster: ArgoCluster) -> None:
    run = cluster.start(
        pipeline(
            dag({"good": task("comp-good"), "bad": task("comp-bad", dependentTasks=["good"])}),
            {"comp-good": leaf(command=["true"]), "comp-bad": leaf(command=["false"])},
        )
    )
    assert run.end() == "Failed"
    selector = f"name={run.name}.good"

    cluster.argo("retry", run.name, "--restart-successful", "--node-field-selector", selector)

    run.wait_until(lambda: len(run.attempts("bad")) == 2)
    assert run.end() == "Failed"
    (driver,) = cluster.read_log(run.pod("good"), container="driver")
    assert driver.startswith("argosy: task 'good': adopted, since it succeeded in this run; ")
    assert len(run.attempts("good")) == 1


def test_a_memoized_resubmission_says_where_results_are(cluster: ArgoCluster) -> None:
    produce = leaf(
        outputs={"n": "STRING"},
        command=["sh", "-c", 'mkdir -p "$(dirname "$0")"; echo 1 > "$0"'],
        args=["{{$.outputs.parameters['n'].output_file}}"],
    )
    use = leaf({"x": "STRING"}, command=["sh", "-c", "exit 1"])
    run = cluster.start(
        pipeline(
            dag(
                {
                    "produce": task("comp-produce"),
                    "use": task(
                        "comp-use", {"x": output("produce", "n")}, dependentTasks=["produce"]
                    ),
                }
            ),
            {"comp-produce": produce, "comp-use": use},
        )
    )
    assert run.end() == "Failed"

    again = cluster.resubmit(run, "--memoized")

    assert again.end() == "Failed"
    assert "resubmit without '--memoized'" in again.node("use")["message"]
