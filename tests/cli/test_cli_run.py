"""``argosy run`` as a person and as a script meet it: streams, exit statuses, the JSON."""

import json
import signal
import subprocess
import time
from pathlib import Path

import psutil
import pytest

from cli_processes import ARGOSY, argosy, broken_groups, shell_pipeline, workspace_import

WORD = '{"word": {"parameterType": "STRING"}}'
NUMBER = '{"number": {"parameterType": "NUMBER_INTEGER"}}'


def write(tmp_path: Path, text: str, name: str = "pipeline.json") -> str:
    (tmp_path / name).write_text(text)
    return name


def test_a_run_prints_one_json_object_and_nothing_else(tmp_path: Path) -> None:
    file = write(
        tmp_path, shell_pipeline("hello", {"say": 'echo "$1"; printf hi > "$0"'}, inputs=WORD)
    )

    ended = argosy("run", file, "-p", "word=a=b", "--output", "json", cwd=tmp_path)

    assert ended.status == 0, ended.err
    result = ended.result
    assert set(result) == {
        *("run_id", "pipeline", "state", "started_at", "finished_at", "error", "outputs", "tasks")
    }
    assert (result["pipeline"], result["state"], result["error"]) == ("hello", "SUCCEEDED", None)
    assert result["outputs"] == {"parameters": {}, "artifacts": {}}
    (task,) = result["tasks"]
    log = task["log"]
    assert {key: task[key] for key in task if key not in ("log", "started_at", "finished_at")} == {
        "path": "say",
        "kind": "container",
        "name": "say",
        "display_name": "say",
        "item": None,
        "state": "SUCCEEDED",
        "reason": None,
        "cached": False,
        "attempts": 1,
        "inputs": {"parameters": {"word": "a=b"}, "artifacts": {}},
        "outputs": {"parameters": {"text": "hi"}, "artifacts": {}},
        "error": None,
    }
    assert Path(tmp_path / log).read_text() == "a=b\n"


def test_lines_tell_of_each_change_and_a_summary_stays(tmp_path: Path) -> None:
    file = write(tmp_path, shell_pipeline("hello", {"say": 'echo spoken; printf hi > "$0"'}))

    ended = argosy("run", file, cwd=tmp_path)

    assert ended.status == 0, ended.err
    assert ended.out.startswith("run ")
    assert "SUCCEEDED in" in ended.out
    assert "say | spoken" in ended.err.splitlines()


def test_quiet_leaves_out_what_tasks_write(tmp_path: Path) -> None:
    file = write(tmp_path, shell_pipeline("hello", {"say": 'echo spoken; printf hi > "$0"'}))

    ended = argosy("run", file, "--quiet", cwd=tmp_path)

    assert "spoken" not in ended.err


def test_a_failed_task_is_exit_status_1_and_stops_only_what_depends_on_it(tmp_path: Path) -> None:
    scripts = {"bad": "echo told >&2; exit 7", "next": "true", "other": 'printf o > "$0"'}
    file = write(tmp_path, shell_pipeline("fails", scripts, after={"next": "bad"}))

    ended = argosy("run", file, "--output", "json", cwd=tmp_path)

    assert ended.status == 1
    assert ended.result["state"] == "FAILED"
    assert [(task["path"], task["state"]) for task in ended.result["tasks"]] == [
        ("bad", "FAILED"),
        ("next", "NOT_RUN"),
        ("other", "SUCCEEDED"),
    ]
    assert "7" in ended.task("bad")["error"]
    assert "bad" in ended.task("next")["reason"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        pytest.param(["-p", "word=x", "-p", "wrd=x"], "'wrd'", id="undeclared"),
        pytest.param([], "'word'", id="missing"),
        pytest.param(["-p", "word"], "--param 'word': write it as NAME=VALUE", id="no-value"),
        pytest.param(["-p", "word=x", "--jobs", "0"], "--jobs", id="no-jobs"),
        pytest.param(["--resume", "x"], "not both", id="resume-and-pipeline"),
        pytest.param(["-p", "word=x", "--artifact", "a=b"], "'a'", id="undeclared-artifact"),
    ],
)
def test_wrong_usage_is_exit_status_2_and_one_line(
    words: list[str], message: str, tmp_path: Path
) -> None:
    file = write(tmp_path, shell_pipeline("hello", {"say": "true"}, inputs=WORD))

    ended = argosy("run", file, "--output", "json", *words, cwd=tmp_path)

    assert (ended.status, ended.out) == (2, "")
    assert len(ended.err.splitlines()) == 1
    assert message in ended.errors[0]


@pytest.mark.parametrize("value", ["x", "null", '"1"', "[1]"])
def test_a_value_of_another_type_is_refused_by_name(value: str, tmp_path: Path) -> None:
    file = write(tmp_path, shell_pipeline("hello", {"say": "true"}, inputs=NUMBER))

    ended = argosy("run", file, "-p", f"number={value}", cwd=tmp_path)

    assert ended.status == 2
    assert "'number'" in ended.errors[0]
    assert "NUMBER_INTEGER" in ended.errors[0]


def test_an_invalid_pipeline_is_exit_status_2_with_all_its_problems(tmp_path: Path) -> None:
    text = shell_pipeline("hello", {"say": "true"}).replace('"taskInfo"', '"taskInf"')
    file = write(tmp_path, text.replace('"comp-say"}', '"comp-sy"}'))

    ended = argosy("run", file, "--output", "json", cwd=tmp_path)

    assert (ended.status, ended.out) == (2, "")
    assert any("'taskInf'" in error for error in ended.errors)
    assert all(error.startswith("pipeline.json:1: ") for error in ended.errors)


def test_a_home_that_cannot_be_written_fails_the_run_and_the_json_says_so(tmp_path: Path) -> None:
    file = write(tmp_path, shell_pipeline("hello", {"say": "true"}))
    (tmp_path / "file").write_text("")

    ended = argosy("run", file, "--home", "file/home", "--output", "json", cwd=tmp_path)

    assert ended.status == 1
    assert ended.result["state"] == "FAILED"
    assert len(ended.errors) == 1
    assert "file/home" in ended.errors[0]


def test_a_command_that_is_not_here_names_image_and_command(tmp_path: Path) -> None:
    text = shell_pipeline("hello", {"say": "true"}).replace('"sh"', '"no-such-program"')
    file = write(tmp_path, text)

    ended = argosy("run", file, "--output", "json", cwd=tmp_path)

    assert ended.status == 1
    assert "'no-such-program'" in ended.task("say")["error"]
    assert "debian:12" in ended.task("say")["error"]


def test_an_import_into_the_workspace_is_there_and_is_work_of_one_run(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("1,2\n")
    file = write(tmp_path, workspace_import(f"file://{tmp_path}/rows.csv"), "pipeline.yaml")

    ended = argosy("run", file, "--output", "json", cwd=tmp_path)
    again = argosy("run", file, "--output", "json", cwd=tmp_path)
    planned = argosy("plan", file, "--output", "json", cwd=tmp_path)

    assert ended.status == 0, ended.err
    workspace = tmp_path / ".argosy" / "runs" / ended.result["run_id"] / "workspace"
    path, content = (tmp_path / ended.task("read")["log"]).read_text().splitlines()
    assert Path(path).is_relative_to(workspace / ".artifacts")
    assert (Path(path).name, content) == ("rows.csv", "1,2")
    assert again.task("read")["cached"] is False
    assert planned.task("read")["verdict"] == "run"


def test_groups_and_importers_that_fail_by_themselves_tell_why_once(tmp_path: Path) -> None:
    file = write(tmp_path, broken_groups())

    ended = argosy("run", file, "--quiet", "-p", "word=", cwd=tmp_path)

    assert ended.status == 1
    told = [line.strip().split("; log: ")[0] for line in ended.out.splitlines()[1:]]
    assert sorted(line.split(" (column")[0] for line in told) == [
        "condition-1: condition: int() cannot read '' as an integer",
        "for-loop-1: input 'word' holds the items of the loop and is not a list; pass a list",
        "importer: the URI to import is empty; give the importer an artifact_uri",
        "outer/bad: the command ended with exit code 3, it printed no reason",
        "outer/inner: condition: int() cannot read '' as an integer",
    ]
    lines = [line.split(" FAILED ")[1] for line in ended.err.splitlines() if " FAILED " in line]
    assert {line for line in told if " condition: " in line or "loop" in line} < set(lines)
    assert len(lines) == 4


def test_an_attempt_that_fails_before_another_is_told_with_its_reason(tmp_path: Path) -> None:
    script = f"test -e '{tmp_path}/seen' || {{ touch '{tmp_path}/seen'; exit 5; }}; : > \"$0\""
    text = shell_pipeline("flaky", {"try": script})
    text = text.replace('"taskInfo"', '"retryPolicy": {"maxRetryCount": 2}, "taskInfo"')
    file = write(tmp_path, text)

    ended = argosy("run", file, "--output", "json", cwd=tmp_path)

    assert ended.status == 0, ended.err
    assert ended.task("try")["attempts"] == 2
    (told,) = [line for line in ended.err.splitlines() if "RETRYING" in line]
    message = "the command ended with exit code 5, it printed no reason"
    assert told.endswith(f"RETRYING try: {message}")


def test_a_second_run_takes_results_from_the_cache_unless_told_not_to(tmp_path: Path) -> None:
    text = shell_pipeline("hello", {"say": 'printf hi > "$0"'})
    text = text.replace('"taskInfo"', '"cachingOptions": {"enableCache": true}, "taskInfo"')
    file = write(tmp_path, text)

    runs = [
        argosy("run", file, "--output", "json", *words, cwd=tmp_path)
        for words in ([], [], ["--no-cache"])
    ]

    assert [run.task("say")["cached"] for run in runs] == [False, True, False]
    assert [run.task("say")["outputs"]["parameters"] for run in runs] == [{"text": "hi"}] * 3


def test_an_interrupted_run_is_exit_status_130_and_can_be_resumed(tmp_path: Path) -> None:
    scripts = {
        "first": 'printf "x" >> first; printf one > "$0"',
        "second": 'test -e go || sleep 60; printf two > "$0"',
    }
    for key, script in scripts.items():
        scripts[key] = f"cd '{tmp_path}'; {script}"
    file = write(tmp_path, shell_pipeline("slow", scripts, after={"second": "first"}))
    process = subprocess.Popen(
        [ARGOSY, "run", file, "--output", "json"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    for line in process.stderr:
        if "RUNNING second" in line:
            break

    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)

    assert process.returncode == 130
    stopped = json.loads(out)
    assert stopped["state"] == "CANCELED"
    assert [task["state"] for task in stopped["tasks"]] == ["SUCCEEDED", "CANCELED"]
    (tmp_path / "go").touch()
    resumed = argosy("run", "--resume", stopped["run_id"][:8], "--output", "json", cwd=tmp_path)
    assert resumed.status == 0, resumed.err
    assert resumed.result["run_id"] == stopped["run_id"]
    assert (tmp_path / "first").read_text() == "x"


def test_no_process_outlives_an_interrupted_run(tmp_path: Path) -> None:
    script = f"sh -c 'echo $$ > {tmp_path}/pid; sleep 60' & wait"
    file = write(tmp_path, shell_pipeline("forks", {"fork": script}))
    process = subprocess.Popen([ARGOSY, "run", file], cwd=tmp_path, stderr=subprocess.DEVNULL)
    pid_file = tmp_path / "pid"
    while not (pid_file.exists() and pid_file.read_text().strip()):
        time.sleep(0.01)

    process.send_signal(signal.SIGTERM)
    process.wait(timeout=60)

    assert process.returncode == 130
    assert not is_running(int(pid_file.read_text()))


@pytest.mark.parametrize("command", ["run", "plan"])
def test_an_artifact_that_the_pipeline_does_not_declare_is_refused_as_such(
    command: str, tmp_path: Path
) -> None:
    file = write(tmp_path, shell_pipeline("hello", {"say": "true"}, inputs=WORD))

    ended = argosy(command, file, "--artifact", "word=/data", cwd=tmp_path)

    assert ended.status == 2
    assert ended.errors == ["the pipeline has no input artifact 'word'; it has none"]


@pytest.mark.parametrize("damaged", ["", "{", '{"workflow": {}, "ir": "AAAA"}'])
def test_a_damaged_entry_of_compiled_pipelines_is_made_again(damaged: str, tmp_path: Path) -> None:
    file = write(tmp_path, shell_pipeline("hello", {"say": 'printf hi > "$0"'}))
    argosy("run", file, cwd=tmp_path)
    (entry,) = (tmp_path / ".argosy" / "compiled").iterdir()
    entry.write_text(damaged)

    ended = argosy("run", file, cwd=tmp_path)

    assert ended.status == 0, ended.err


def test_a_run_whose_pipeline_is_damaged_is_told_as_json(tmp_path: Path) -> None:
    file = write(tmp_path, shell_pipeline("hello", {"say": 'printf hi > "$0"'}))
    run_id = argosy("run", file, "--output", "json", cwd=tmp_path).result["run_id"]
    (tmp_path / ".argosy" / "runs" / run_id / "ir").write_bytes(b"")

    ended = argosy("run", "--resume", run_id, "--output", "json", cwd=tmp_path)

    assert ended.status == 1
    assert (ended.result["state"], [ended.result["error"]]) == ("FAILED", ended.errors)


def is_running(pid: int) -> bool:
    """Return whether a process runs; one that ended and that nobody waited for does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
