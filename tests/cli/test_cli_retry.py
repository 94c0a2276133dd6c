"""``argosy retry``, on runs of this machine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from argosy_cli.options.shared import RUNNERS
from argosy_engine.settings import RunnerName
from cli_processes import argosy, shell_pipeline

Json = dict[str, Any]


def script(task: str, rest: str = "") -> str:
    """Return a script that leaves a line in a file of the test, and the time in its output."""
    return f'echo x >> "$MARKS/{task}"; {rest or "true"}; date +%s%N > "$0"'


def run(directory: Path, scripts: dict[str, str], **after: str) -> Json:
    """Run a pipeline whose tasks leave marks."""
    marks = directory / "marks"
    marks.mkdir(exist_ok=True)
    written = {key: text.replace("$MARKS", str(marks)) for key, text in scripts.items()}
    (directory / "p.json").write_text(shell_pipeline("p", written, after=after))
    result: Json = argosy("run", "p.json", "-o", "json", "-q", cwd=directory).result
    return result


def counts(directory: Path) -> dict[str, int]:
    """Return how often each task ran."""
    files = sorted((directory / "marks").glob("*"))
    return {file.name: file.read_text().count("x") for file in files}


def values(result: Json) -> dict[str, str]:
    return {task["path"]: task["outputs"]["parameters"].get("text", "") for task in result["tasks"]}


CHAIN = {"one": script("one"), "two": script("two"), "three": script("three"), "x": script("x")}
ORDER = {"two": "one", "three": "two"}


def test_what_succeeded_does_not_run_again(tmp_path: Path) -> None:
    fuse = tmp_path / "fuse"
    scripts = {**CHAIN, "two": script("two", f'[ -e "{fuse}" ]' + " || exit 3")}
    failed = run(tmp_path, scripts, **ORDER)
    fuse.touch()

    ended = argosy("retry", "@latest-failed", "-o", "json", "-q", cwd=tmp_path)

    assert (failed["state"], ended.status) == ("FAILED", 0)
    assert ended.result["run_id"] == failed["run_id"]
    assert counts(tmp_path) == {"one": 1, "two": 2, "three": 1, "x": 1}


def test_a_task_runs_again_with_all_that_follows_it(tmp_path: Path) -> None:
    first = run(tmp_path, CHAIN, **ORDER)

    ended = argosy("retry", "@latest", "--from", "two", "-o", "json", "-q", cwd=tmp_path)

    assert ended.result["state"] == "SUCCEEDED"
    assert counts(tmp_path) == {"one": 1, "two": 2, "three": 2, "x": 1}
    before, after = values(first), values(ended.result)
    assert {task for task in before if before[task] != after[task]} == {"two", "three"}
    read = argosy("get", "@latest", "-o", "json", cwd=tmp_path)
    assert values(read.result) == after


def test_an_old_result_does_not_come_back_when_running_again_fails(tmp_path: Path) -> None:
    fuse = tmp_path / "fuse"
    fuse.touch()
    scripts = {**CHAIN, "two": script("two", f'[ -e "{fuse}" ]' + " || exit 3")}
    run(tmp_path, scripts, **ORDER)
    fuse.unlink()

    failed = argosy("retry", "@latest", "--from", "two", "-o", "json", "-q", cwd=tmp_path)
    fuse.touch()
    again = argosy("retry", "@latest", "-o", "json", "-q", cwd=tmp_path)

    assert (failed.status, again.status) == (1, 0)
    assert {task["path"]: task["state"] for task in failed.result["tasks"]} == {
        "one": "SUCCEEDED",
        "two": "FAILED",
        "three": "NOT_RUN",
        "x": "SUCCEEDED",
    }
    assert values(failed.result)["three"] == ""
    assert counts(tmp_path) == {"one": 1, "two": 3, "three": 2, "x": 1}


def test_a_task_in_a_loop_runs_again_with_what_follows_the_loop(tmp_path: Path) -> None:
    leaf: Json = {"executorLabel": "exec", "outputDefinitions": {"parameters": {}}}
    body = {
        "dag": {
            "tasks": {
                "a": {"taskInfo": {"name": "a"}, "componentRef": {"name": "comp-leaf"}},
                "b": {
                    "taskInfo": {"name": "b"},
                    "componentRef": {"name": "comp-leaf"},
                    "dependentTasks": ["a"],
                },
            }
        },
        "inputDefinitions": {"parameters": {"item": {"parameterType": "NUMBER_INTEGER"}}},
    }
    loop = {
        "taskInfo": {"name": "loop"},
        "componentRef": {"name": "comp-body"},
        "parameterIterator": {"itemInput": "item", "items": {"raw": "[1, 2]"}},
    }
    last = {
        "taskInfo": {"name": "last"},
        "componentRef": {"name": "comp-leaf"},
        "dependentTasks": ["loop"],
    }
    container = {"image": "busybox", "command": ["sh", "-c", "true"]}
    document = {
        "schemaVersion": "2.1.0",
        "sdkVersion": "kfp-2.17.0",
        "pipelineInfo": {"name": "looping"},
        "root": {"dag": {"tasks": {"loop": loop, "last": last}}},
        "components": {"comp-leaf": leaf, "comp-body": body},
        "deploymentSpec": {"executors": {"exec": {"container": container}}},
    }
    (tmp_path / "p.json").write_text(json.dumps(document))
    argosy("run", "p.json", "-q", cwd=tmp_path)

    ended = argosy("retry", "@latest", "--from", "loop/1/a", "-o", "json", "-q", cwd=tmp_path)

    attempts = {
        task["path"]: task["attempts"]
        for task in ended.result["tasks"]
        if task["kind"] == "container"
    }
    assert ended.result["state"] == "SUCCEEDED"
    assert attempts == {"last": 2, "loop/0/a": 1, "loop/0/b": 1, "loop/1/a": 2, "loop/1/b": 2}


def test_a_run_that_succeeded_has_nothing_to_retry(tmp_path: Path) -> None:
    result = run(tmp_path, {"one": script("one")})

    ended = argosy("retry", "@latest", cwd=tmp_path)

    assert ended.status == 2
    assert ended.err == (
        f"error: run '{result['run_id']}' succeeded; name a task that is to run again with --from\n"
    )


def test_a_task_that_the_run_does_not_have_is_named(tmp_path: Path) -> None:
    run(tmp_path, {"one": script("one")})

    ended = argosy("retry", "@latest", "--from", "tow", cwd=tmp_path)

    assert ended.status == 2
    assert ended.err == (
        "error: the run has no task 'tow'; 'argosy get RUN' shows the paths of its tasks\n"
    )


def test_all_runners_can_be_chosen() -> None:
    assert list(RUNNERS) == [each.value for each in RunnerName]
