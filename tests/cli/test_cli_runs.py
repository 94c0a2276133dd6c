"""``argosy list``, ``get``, ``logs``, ``why``, ``stop`` and ``delete``, on runs of this machine."""

from __future__ import annotations

import json
import re
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from cli_processes import ARGOSY, argosy, shell_pipeline

OK = 'printf fine; printf "%s" "$(date)" > "$0"'


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / ".argosy"


def run(directory: Path, name: str, scripts: dict[str, str], **after: str) -> Any:
    """Run a pipeline to its end and return its JSON."""
    (directory / f"{name}.json").write_text(shell_pipeline(name, scripts, after=after))
    return argosy("run", f"{name}.json", "-o", "json", "-q", cwd=directory).result


def started(directory: Path, name: str, scripts: dict[str, str]) -> subprocess.Popen[bytes]:
    """Start a pipeline and return once its engine works on it."""
    (directory / f"{name}.json").write_text(shell_pipeline(name, scripts))
    process = subprocess.Popen(
        [ARGOSY, "run", f"{name}.json", "-q"],
        cwd=directory,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wait_for(directory, "RUNNING", "-o", "name")
    return process


def wait_for(directory: Path, state: str, *words: str) -> str:
    """Return the first run in a state, as soon as there is one."""
    give_up_at = time.monotonic() + 60
    while time.monotonic() < give_up_at:
        listed = argosy("list", "--state", state, *words, cwd=directory).out.split()
        if listed:
            return listed[0]
        time.sleep(0.1)
    raise AssertionError(f"no run came to be {state}")


def lines_without_times(text: str) -> list[str]:
    return [re.sub(r" (in )?\d+\.\d+s", "", line) for line in text.splitlines()]


# list


def test_runs_are_listed_newest_first_and_selected(tmp_path: Path) -> None:
    good = run(tmp_path, "good", {"one": OK})
    bad = run(tmp_path, "bad", {"one": "exit 3"})

    every = argosy("list", "-o", "name", cwd=tmp_path)
    failed = argosy("list", "--state", "failed", "-o", "name", cwd=tmp_path)
    of_good = argosy("list", "--pipeline", "good", "-o", "name", cwd=tmp_path)
    first = argosy("list", "--limit", "1", "-o", "name", cwd=tmp_path)

    assert every.out.split() == [bad["run_id"], good["run_id"]]
    assert failed.out.split() == [bad["run_id"]]
    assert of_good.out.split() == [good["run_id"]]
    assert (first.out.split(), first.err) == (
        [bad["run_id"]],
        "1 more; show them with --limit\n",
    )


def test_a_list_is_a_table_and_as_json_has_every_member(tmp_path: Path) -> None:
    bad = run(tmp_path, "bad", {"one": "exit 3"})

    table = argosy("list", cwd=tmp_path).out.splitlines()
    listed = argosy("list", "-o", "json", cwd=tmp_path).result

    assert table[0].split() == ["RUN", "PIPELINE", "STATE", "STARTED", "TIME", "WHY"]
    assert table[1].startswith(f"{bad['run_id'][:8]}  bad       FAILED  ")
    assert table[1].endswith(bad["error"])
    (entry,) = listed["runs"]
    assert listed["left_out"] == 0
    assert entry == {
        "run_id": bad["run_id"],
        "pipeline": "bad",
        "state": "FAILED",
        "created_at": entry["created_at"],
        "started_at": bad["started_at"],
        "finished_at": bad["finished_at"],
        "error": bad["error"],
    }


def test_a_home_without_runs_lists_none(tmp_path: Path) -> None:
    ended = argosy("list", cwd=tmp_path)

    assert (ended.status, ended.out, ended.err) == (0, "", "no runs in '.argosy'\n")


# get


def test_a_run_is_got_as_it_was_told_when_it_ended(tmp_path: Path) -> None:
    told = run(tmp_path, "bad", {"one": OK, "two": "exit 3"})

    for name in (told["run_id"], told["run_id"][:6], "@latest", "@latest-failed"):
        assert argosy("get", name, "-o", "json", cwd=tmp_path).result == told
    assert argosy("get", "@latest", "-o", "name", cwd=tmp_path).out.strip() == told["run_id"]


def test_a_run_is_shown_task_by_task(tmp_path: Path) -> None:
    told = run(tmp_path, "bad", {"one": "exit 3", "two": OK}, two="one")

    ended = argosy("get", "@latest", cwd=tmp_path)

    _, *shown = lines_without_times(ended.out)
    assert shown[:2] == [
        "  ✖ one FAILED: the command ended with exit code 3, it printed no reason",
        "  ◇ two NOT_RUN: 'one' failed",
    ]
    assert shown[2] == f"run {told['run_id']} FAILED (2 tasks: 1 failed, 1 not run)"


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("7f", "there is no run '7f' in '.argosy/runs'; give the --home that it was started with"),
        (
            "@latest",
            "there is no run in '.argosy/runs'; give the --home that it was started with",
        ),
        ("@newest", "'@newest' names no run; write '@latest', '@latest-failed', or an id"),
    ],
)
def test_a_run_that_is_not_there_is_wrong_usage(tmp_path: Path, word: str, message: str) -> None:
    ended = argosy("get", word, cwd=tmp_path)

    assert (ended.status, ended.errors) == (2, [message])


# logs


def test_lines_stand_behind_the_name_of_their_task(tmp_path: Path) -> None:
    run(tmp_path, "talk", {"one": f"echo 1; echo 2; {OK}", "two": f"echo 3; {OK}"}, two="one")

    every = argosy("logs", "@latest", cwd=tmp_path)
    one = argosy("logs", "@latest", "one", cwd=tmp_path)
    tail = argosy("logs", "@latest", "--tail", "1", "--raw", cwd=tmp_path)

    assert every.out == "one | 1\none | 2\none | fine\ntwo | 3\ntwo | fine\n"
    assert one.out == "1\n2\nfine\n"
    assert tail.out == "fine\nfine\n"


def test_colours_stay_only_in_raw_lines(tmp_path: Path) -> None:
    run(tmp_path, "talk", {"one": f"printf '\\033[31mred\\033[0m\\n'; {OK}"})

    plain = argosy("logs", "@latest", cwd=tmp_path)
    raw = argosy("logs", "@latest", "--raw", cwd=tmp_path)

    assert plain.out == "red\nfine\n"
    assert raw.out == "\x1b[31mred\x1b[0m\nfine\n"


def test_an_unknown_task_is_wrong_usage(tmp_path: Path) -> None:
    told = run(tmp_path, "talk", {"one": OK})

    ended = argosy("logs", "@latest", "uno", cwd=tmp_path)

    message = f"run '{told['run_id']}' has no task 'uno'; it has 'one'"
    assert (ended.status, ended.errors) == (2, [message])


def test_logs_are_followed_to_the_end_of_the_run(tmp_path: Path) -> None:
    scripts = {"one": f"echo begun; while [ ! -e {tmp_path}/go ]; do sleep 0.1; done; {OK}"}
    process = started(tmp_path, "slow", scripts)

    with subprocess.Popen(
        [ARGOSY, "logs", "@latest", "-f"], cwd=tmp_path, stdout=subprocess.PIPE, text=True
    ) as following:
        assert following.stdout is not None
        first = following.stdout.readline()
        (tmp_path / "go").touch()
        rest = following.stdout.read()

    assert (first, rest, following.returncode) == ("begun\n", "fine\n", 0)
    assert process.wait(60) == 0


# why


def test_the_tasks_that_failed_by_themselves_are_told_with_their_last_lines(
    tmp_path: Path,
) -> None:
    scripts = {"one": "echo a; echo the disk is full; exit 7", "two": OK}
    told = run(tmp_path, "bad", scripts, two="one")

    ended = argosy("why", cwd=tmp_path)

    assert lines_without_times(ended.out) == [
        f"run {told['run_id']} of bad: {told['error']}",
        "",
        "✖ one failed: the command ended with exit code 7: the disk is full",
        "    | a",
        "    | the disk is full",
        "  next: correct the component and run the pipeline again; what succeeded comes from the "
        "cache",
        f"  log:  argosy logs {told['run_id']} one",
        "",
        "1 task did not run because of that",
    ]


def test_why_as_json_says_the_same(tmp_path: Path) -> None:
    told = run(tmp_path, "bad", {"one": "echo no; exit 7", "two": OK}, two="one")

    document = argosy("why", "@latest", "two", "-o", "json", cwd=tmp_path).result
    whole = argosy("why", "-o", "json", cwd=tmp_path).result

    assert document["causes"] == []
    assert document["tasks"] == [
        {"path": "two", "state": "NOT_RUN", "error": None, "reason": "'one' failed"}
    ]
    assert whole["explanation"] == told["error"]
    assert [cause["last_lines"] for cause in whole["causes"]] == [["no"]]


def test_a_run_that_succeeded_has_no_cause(tmp_path: Path) -> None:
    told = run(tmp_path, "good", {"one": OK})

    ended = argosy("why", "@latest", cwd=tmp_path)

    assert ended.out == f"run {told['run_id']} of good: the run succeeded\n"


# stop


def test_a_run_is_stopped_from_elsewhere_and_resumed(tmp_path: Path) -> None:
    scripts = {"one": f"[ -e {tmp_path}/go ] || sleep 60; {OK}"}
    process = started(tmp_path, "slow", scripts)

    ended = argosy("stop", "@latest", cwd=tmp_path)
    got = argosy("get", "@latest", "-o", "json", cwd=tmp_path).result
    (tmp_path / "go").touch()
    resumed = argosy("run", "--resume", got["run_id"], "-q", "-o", "json", cwd=tmp_path)

    assert (ended.status, ended.out) == (0, f"run {got['run_id']} CANCELED\n")
    assert process.wait(60) == 130
    assert got["state"] == "CANCELED"
    assert resumed.result["state"] == "SUCCEEDED"


def test_a_second_stop_kills_what_does_not_listen(tmp_path: Path) -> None:
    deaf = f"trap '' TERM INT; touch {tmp_path}/deaf; while :; do sleep 1; done"
    process = started(tmp_path, "deaf", {"one": deaf})
    while not (tmp_path / "deaf").exists():
        time.sleep(0.01)

    argosy("stop", "@latest", "--no-wait", cwd=tmp_path)
    wait_until_taken(tmp_path)
    ended = argosy("stop", "@latest", cwd=tmp_path)

    assert ended.out.endswith("CANCELED\n")
    assert process.wait(60) == 130


def test_a_run_that_has_ended_cannot_be_stopped(tmp_path: Path) -> None:
    told = run(tmp_path, "good", {"one": OK})

    ended = argosy("stop", "@latest", cwd=tmp_path)

    message = f"run '{told['run_id']}' is SUCCEEDED; only a run that has not ended can be stopped"
    assert (ended.status, ended.errors) == (2, [message])


# delete


def test_a_deleted_run_is_gone_and_others_stay(tmp_path: Path, home: Path) -> None:
    first = run(tmp_path, "good", {"one": OK})
    second = run(tmp_path, "bad", {"one": "exit 3"})

    ended = argosy("delete", first["run_id"], cwd=tmp_path)

    assert ended.out == f"run {first['run_id']} deleted\n"
    assert argosy("list", "-o", "name", cwd=tmp_path).out.split() == [second["run_id"]]
    assert not (home / "runs" / first["run_id"]).exists()


def test_a_run_that_goes_on_is_not_deleted(tmp_path: Path) -> None:
    process = started(tmp_path, "slow", {"one": "sleep 60"})
    run_id = wait_for(tmp_path, "RUNNING", "-o", "name")

    ended = argosy("delete", "@latest", cwd=tmp_path)
    argosy("stop", "@latest", cwd=tmp_path)

    message = f"run '{run_id}' is being worked on; stop it first with 'argosy stop {run_id}'"
    assert (ended.status, ended.errors) == (2, [message])
    assert process.wait(60) == 130


def wait_for_task(directory: Path, state: str) -> None:
    give_up_at = time.monotonic() + 60
    while time.monotonic() < give_up_at:
        tasks = json.loads(argosy("get", "@latest", "-o", "json", cwd=directory).out)["tasks"]
        if any(task["state"] == state for task in tasks):
            return
        time.sleep(0.1)
    raise AssertionError(f"no task came to be {state}")


def wait_until_taken(directory: Path) -> None:
    """Wait until the engine has taken note that it is to stop."""
    give_up_at = time.monotonic() + 60
    while list(directory.glob(".argosy/runs/*/stop")) and time.monotonic() < give_up_at:
        time.sleep(0.05)


# What the SDK writes around a component.


def test_what_the_sdk_writes_is_shown_on_request_and_stored_in_any_case(tmp_path: Path) -> None:
    train = str(Path(__file__).parents[2] / "examples" / "03-train" / "pipeline.yaml")

    ran = argosy("run", train, cwd=tmp_path)
    own = argosy("logs", "@latest", cwd=tmp_path)
    everything = argosy("logs", "@latest", "--sdk-logs", cwd=tmp_path)
    again = argosy("run", train, "--no-cache", "--sdk-logs", cwd=tmp_path)

    assert "KFP Executor" not in ran.err
    assert "evaluate | mean absolute error 0.000000\n" in ran.err
    assert own.out == "evaluate | mean absolute error 0.000000\n"
    assert "KFP Executor" in everything.out
    assert "KFP Executor" in again.err
