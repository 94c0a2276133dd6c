"""``argosy plan``: what a run would do, and that it does just that."""

from pathlib import Path

from cli_processes import Ended, argosy, shell_pipeline

EXAMPLES = Path(__file__).parents[2] / "examples"


def plan(name: str, *words: str, cwd: Path) -> dict[str, str]:
    ended = argosy("plan", str(EXAMPLES / name / "pipeline.yaml"), "-o", "json", *words, cwd=cwd)
    assert ended.status == 0, ended.err
    return verdicts(ended)


def verdicts(ended: Ended) -> dict[str, str]:
    return {task["path"]: task["verdict"] for task in ended.result["tasks"]}


def run(name: str, *words: str, cwd: Path) -> Ended:
    ended = argosy("run", str(EXAMPLES / name / "pipeline.yaml"), "-o", "json", *words, cwd=cwd)
    assert ended.status == 0, ended.err
    return ended


def test_nothing_is_written_and_what_follows_a_run_is_open(tmp_path: Path) -> None:
    assert plan("09-conditions", cwd=tmp_path) == {
        "condition-branches-1": "run or cached",
        "condition-branches-1/condition-2": "unknown",
        "condition-branches-1/condition-3": "unknown",
        "condition-branches-1/condition-4": "unknown",
        "grade": "run",
        "say-4": "run or cached",
    }
    assert not (tmp_path / ".argosy" / "runs").exists()


def test_what_is_in_the_cache_is_known_with_all_that_follows(tmp_path: Path) -> None:
    first = run("09-conditions", "-p", "score=60", cwd=tmp_path)

    planned = argosy(
        *("plan", str(EXAMPLES / "09-conditions" / "pipeline.yaml"), "-o", "json"),
        *("-p", "score=60"),
        cwd=tmp_path,
    )

    assert verdicts(planned) == {
        "condition-branches-1": "cached",
        "condition-branches-1/condition-2": "skipped",
        "condition-branches-1/condition-3": "cached",
        "condition-branches-1/condition-3/say-2": "cached",
        "condition-branches-1/condition-4": "skipped",
        "grade": "cached",
        "say-4": "cached",
    }
    (grade,) = [task for task in planned.result["tasks"] if task["path"] == "grade"]
    assert grade["cached_from"]["run_id"] == first.result["run_id"]
    again = run("09-conditions", "-p", "score=60", cwd=tmp_path)
    assert {
        task["path"]: task["cached"]
        for task in again.result["tasks"]
        if task["kind"] == "container" and task["state"] == "SUCCEEDED"
    } == {"condition-branches-1/condition-3/say-2": True, "grade": True, "say-4": True}


def test_another_parameter_makes_another_plan(tmp_path: Path) -> None:
    run("09-conditions", "-p", "score=60", cwd=tmp_path)

    assert plan("09-conditions", "-p", "score=90", cwd=tmp_path)["grade"] == "run"
    assert plan("09-conditions", "-p", "score=60", "--no-cache", cwd=tmp_path)["grade"] == "run"


def test_loops_are_listed_by_iteration_once_their_items_are_known(tmp_path: Path) -> None:
    assert plan("10-loops", "-p", "count=2", cwd=tmp_path) == {
        "for-loop-1": "unknown",
        "numbers": "run",
        "total": "unknown",
    }
    run("10-loops", "-p", "count=2", cwd=tmp_path)

    assert plan("10-loops", "-p", "count=2", cwd=tmp_path) == {
        "for-loop-1": "cached",
        "for-loop-1/0/square": "cached",
        "for-loop-1/1/square": "cached",
        "numbers": "cached",
        "total": "cached",
    }


def test_the_text_ends_with_what_the_workflow_costs_on_argo(tmp_path: Path) -> None:
    ended = argosy("plan", str(EXAMPLES / "03-train" / "pipeline.yaml"), cwd=tmp_path)

    assert ended.status == 0
    lines = ended.out.splitlines()
    assert lines[0].startswith("evaluate  run or cached: its input comes from ")
    assert "  pods: 4 for 4 tasks, 1.00 per task (0 decide, 0 are volume claims)" in lines
    assert any(line.startswith("  bytes of the workflow: ") for line in lines)


def test_a_plan_refuses_what_a_run_refuses(tmp_path: Path) -> None:
    (tmp_path / "p.json").write_text(
        shell_pipeline("p", {"a": "true"}, inputs='{"n": {"parameterType": "NUMBER_INTEGER"}}')
    )

    ended = argosy("plan", "p.json", "-p", "n=x", cwd=tmp_path)

    assert (ended.status, ended.out) == (2, "")
    assert "'n'" in ended.errors[0]
