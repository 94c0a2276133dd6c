"""Read, compile, plan, run and resume by Python calls."""

import json
import threading
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest

import argosy
from cli_processes import shell_pipeline

EXAMPLES = Path(__file__).parents[2] / "examples"
HELLO = EXAMPLES / "01-hello" / "pipeline.yaml"
WORD = '{"word": {"parameterType": "STRING", "isOptional": true}}'


def shell(script: str) -> bytes:
    """Return the IR of a pipeline with the task ``say``; its script finds ``word`` as ``$1``."""
    return shell_pipeline("shell", {"say": script}, inputs=WORD).encode()


def test_a_pipeline_that_was_read_says_what_it_takes() -> None:
    pipeline = argosy.read(EXAMPLES / "02-parameters" / "pipeline.yaml")

    assert pipeline.name == "parameters"
    assert repr(pipeline) == "Pipeline(name='parameters')"
    assert pipeline.parameters["rows"] == argosy.ParameterSpec(
        type=argosy.ParameterType.NUMBER_INTEGER
    )
    assert pipeline.artifacts == {}


def test_all_problems_of_a_pipeline_have_a_line() -> None:
    broken = b'{"pipelineInfo": {"name": "x"},\n"root": {"dag": {}}}'

    with pytest.raises(argosy.InvalidPipelineError) as caught:
        argosy.read(broken)

    assert {(problem.file, problem.line) for problem in caught.value.problems} != set()
    assert {problem.file for problem in caught.value.problems} == {"<bytes>"}


def test_the_limit_of_the_size_is_the_callers() -> None:
    with pytest.raises(argosy.InvalidPipelineError, match="is larger than 10 bytes"):
        argosy.read(HELLO, max_size_bytes=10)


@pytest.mark.parametrize("form", ["path", "bytes", "pipeline"])
def test_a_compilation_is_that_of_the_command_line(form: str) -> None:
    forms: dict[str, Any] = {
        "path": HELLO,
        "bytes": HELLO.read_bytes(),
        "pipeline": argosy.read(HELLO),
    }

    compiled = argosy.compile(forms[form])

    assert json.loads(argosy.emit(compiled)) == compiled.workflow
    assert compiled.workflow == json.loads((HELLO.parent / "workflow.json").read_text())


def test_a_compilation_refuses_options_that_no_cluster_can_use() -> None:
    options = argosy.CompileOptions(store="file:///here")

    with pytest.raises(argosy.InvalidArgumentError, match="is local to one machine"):
        argosy.compile(HELLO, options)


def test_a_run_returns_what_the_pipeline_puts_out(tmp_path: Path) -> None:
    result = argosy.run(HELLO, {"name": "Argosy"}, home=tmp_path)

    assert result.state is argosy.RunState.SUCCEEDED
    assert result.outputs.parameters == {"Output": "Hello, Argosy!"}
    assert [(task.path, task.state) for task in result.tasks] == [
        ("hello", argosy.TaskState.SUCCEEDED)
    ]


# The SDK announces a future default where a component names no image.
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_a_pipeline_of_the_sdk_runs_as_the_object_that_it_is(tmp_path: Path) -> None:
    specification = spec_from_file_location("hello", HELLO.with_suffix(".py"))
    assert specification is not None
    assert specification.loader is not None
    module: Any = module_from_spec(specification)
    specification.loader.exec_module(module)

    result = argosy.run(module.pipeline, {"name": "object"}, home=tmp_path)

    assert (result.pipeline, result.outputs.parameters) == ("hello", {"Output": "Hello, object!"})


def test_what_is_no_pipeline_is_refused_by_its_type() -> None:
    no_pipeline: Any = len

    with pytest.raises(argosy.InvalidArgumentError) as caught:
        argosy.read(no_pipeline)

    assert str(caught.value) == (
        "builtin_function_or_method is not a pipeline; give a path, the bytes of a compiled"
        " pipeline, or what @dsl.pipeline returns"
    )


def test_a_failed_run_is_a_result(tmp_path: Path) -> None:
    result = argosy.run(shell("echo no >&2; exit 3"), home=tmp_path)

    assert (result.state, result.error) == (
        argosy.RunState.FAILED,
        "'say' failed: the command ended with exit code 3: no",
    )


def test_a_listener_gets_every_event(tmp_path: Path) -> None:
    events: list[argosy.Event] = []

    argosy.run(shell("echo hi; echo done > $0"), home=tmp_path, on_event=events.append)

    assert [type(event) for event in events] == [
        argosy.RunStarted,
        argosy.TaskStarted,
        argosy.TaskLogLine,
        argosy.TaskFinished,
        argosy.RunFinished,
    ]


def test_a_run_in_a_thread_prints_nothing(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    results: list[argosy.RunResult] = []
    thread = threading.Thread(
        target=lambda: results.append(argosy.run(shell("echo hi; echo 1 > $0"), home=tmp_path))
    )

    thread.start()
    thread.join()

    assert results[0].state is argosy.RunState.SUCCEEDED
    assert capfd.readouterr() == ("", "")


def test_tasks_inherit_the_environment_that_the_caller_chooses(tmp_path: Path) -> None:
    environment = {"PATH": "/usr/bin:/bin", "TZ": "Asia/Tokyo"}
    events: list[argosy.Event] = []

    argosy.run(
        shell('echo "$TZ"; echo 1 > $0'),
        home=tmp_path,
        environment=environment,
        on_event=events.append,
    )

    assert [event.line for event in events if isinstance(event, argosy.TaskLogLine)] == [
        "Asia/Tokyo"
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"nmae": "x"}, "the pipeline has no parameter 'nmae'; did you mean 'name'?"),
        (
            {"name": b"x"},
            "parameter 'name' is not a JSON value: Object of type bytes is not JSON serializable",
        ),
    ],
)
def test_wrong_arguments_are_refused_before_anything_runs(
    arguments: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(argosy.InvalidArgumentError) as caught:
        argosy.run(HELLO, arguments, home=tmp_path)

    assert str(caught.value) == message
    assert not (tmp_path / "runs").exists()


def test_a_run_without_room_for_a_task_is_refused(tmp_path: Path) -> None:
    with pytest.raises(argosy.InvalidArgumentError, match=r"^jobs: 0 is too few; use 1 or more$"):
        argosy.run(HELLO, home=tmp_path, jobs=0)


def test_a_failed_run_is_resumed_where_it_failed(tmp_path: Path) -> None:
    flag = tmp_path / "flag"
    failed = argosy.run(shell(f"test -e {flag}; echo 1 > $0"), home=tmp_path)
    flag.touch()

    resumed = argosy.resume(failed.run_id, home=tmp_path)

    assert failed.state is argosy.RunState.FAILED
    assert (resumed.run_id, resumed.state) == (failed.run_id, argosy.RunState.SUCCEEDED)
    assert resumed.tasks[0].attempts == 2


def test_runs_are_listed_and_read_as_they_ended(tmp_path: Path) -> None:
    failed = argosy.run(shell("exit 3"), home=tmp_path)
    succeeded = argosy.run(shell("echo 1 > $0"), home=tmp_path)

    assert [(entry.run_id, entry.state) for entry in argosy.runs.list(home=tmp_path)] == [
        (succeeded.run_id, argosy.RunState.SUCCEEDED),
        (failed.run_id, argosy.RunState.FAILED),
    ]
    assert argosy.runs.get("@latest", home=tmp_path).to_json() == succeeded.to_json()
    assert argosy.runs.get(failed.run_id[:8], home=tmp_path).to_json() == failed.to_json()


def test_a_home_that_does_not_exist_has_no_runs(tmp_path: Path) -> None:
    assert argosy.runs.list(home=tmp_path / "absent") == ()


def test_a_plan_says_what_is_cached(tmp_path: Path) -> None:
    before = argosy.plan(HELLO, home=tmp_path)
    argosy.run(HELLO, home=tmp_path)

    after = argosy.plan(HELLO, home=tmp_path)

    assert [task.verdict for task in before.tasks] == [argosy.Verdict.RUN]
    assert [task.verdict for task in after.tasks] == [argosy.Verdict.CACHED]
    without_cache = argosy.plan(HELLO, home=tmp_path, cache=False)
    assert [task.verdict for task in without_cache.tasks] == [argosy.Verdict.RUN]
