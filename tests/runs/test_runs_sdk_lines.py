"""What the SDK writes around a component, told from what the component writes."""

from __future__ import annotations

from argosy_runs.sdk_lines import SdkLines
from argosy_schemas.names import TaskPath

ONE, TWO = TaskPath("one"), TaskPath("two")
AT = "[KFP Executor 2026-11-30 21:17:30,641"


def own_lines(*lines: str) -> list[str]:
    sdk_lines = SdkLines()
    return [line for line in lines if not sdk_lines.is_sdk_line(ONE, line)]


def test_the_dump_of_the_input_is_the_sdks() -> None:
    lines = [
        f"{AT} INFO]: Looking for component `load` in --component_module_path `/tmp/a.py`",
        f"{AT} INFO]: Got executor_input:",
        "{",
        '    "inputs": {},',
        "}",
        "{",
        "loaded 3 rows",
        f"{AT} INFO]: Wrote executor output file to /tmp/out.json.",
    ]

    assert own_lines(*lines) == ["{", "loaded 3 rows"]


def test_a_dump_that_was_cut_off_takes_nothing_of_the_component() -> None:
    lines = [f"{AT} INFO]: Got executor_input:", "{", '    "inputs"', "Traceback (most recent", "}"]

    assert own_lines(*lines) == ["Traceback (most recent", "}"]


def test_a_warning_of_the_sdk_is_shown() -> None:
    warning = f"{AT} WARNING]: the artifact has no file"

    assert own_lines(warning) == [warning]


def test_what_a_component_logs_is_its_own_though_the_sdk_formats_it() -> None:
    logged = f"{AT} INFO]: epoch 3 of 10"

    assert own_lines(f"{AT} INFO]: Got executor_input:", "{", "}", logged) == [logged]


def test_tasks_that_write_at_once_are_told_apart() -> None:
    sdk_lines = SdkLines()
    sdk_lines.is_sdk_line(ONE, f"{AT} INFO]: Got executor_input:")

    assert [sdk_lines.is_sdk_line(TWO, "{"), sdk_lines.is_sdk_line(ONE, "{")] == [False, True]
