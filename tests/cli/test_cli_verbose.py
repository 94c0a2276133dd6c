"""``--verbose`` prints log records to standard error, wherever it stands."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from cli_processes import ARGOSY, argosy, shell_pipeline

RECORD = re.compile(r"\d\d:\d\d:\d\d argosy\.([a-z_.]+): (.*)")


@pytest.fixture
def pipeline(tmp_path: Path) -> str:
    """A pipeline with one task, which may be cached."""
    document = json.loads(shell_pipeline("hello", {"say": 'printf hi > "$0"'}))
    document["root"]["dag"]["tasks"]["say"]["cachingOptions"] = {"enableCache": True}
    (tmp_path / "p.json").write_text(json.dumps(document))
    return "p.json"


def records(err: str) -> list[tuple[str, str]]:
    """Return name and message of each record, without what is new in each run."""
    found = [match for line in err.splitlines() if (match := RECORD.fullmatch(line))]
    return [(match[1], re.sub(r"process \d+", "process N", match[2])) for match in found]


@pytest.mark.parametrize("words", [("--verbose", "run"), ("run", "--verbose")])
def test_a_run_says_what_happens_inside(
    words: tuple[str, ...], pipeline: str, tmp_path: Path
) -> None:
    ended = argosy(*words, pipeline, "--output", "json", cwd=tmp_path)

    assert ended.result["state"] == "SUCCEEDED"
    assert records(ended.err) == [
        ("engine.compile_cache", "compile p.json"),
        ("driver.cache", "say is not cached: no earlier run did this work"),
        ("engine.processes", "started process N: sh"),
        ("engine.processes", "process N ended with exit code 0"),
    ]


def test_a_second_run_says_what_it_found(pipeline: str, tmp_path: Path) -> None:
    first = argosy("run", pipeline, "--output", "json", cwd=tmp_path)
    second = argosy("run", pipeline, "--verbose", cwd=tmp_path)

    (compiled, cached) = records(second.err)
    assert compiled[1].startswith("p.json is compiled already: .argosy/compiled/")
    assert cached == ("driver.cache", f"say is cached from run {first.result['run_id']}")


def test_without_it_no_record_is_printed(pipeline: str, tmp_path: Path) -> None:
    ended = argosy("run", pipeline, cwd=tmp_path)

    assert records(ended.err) == []


def test_a_control_character_in_a_record_is_not_printed(tmp_path: Path) -> None:
    path = tmp_path / "p\x1b[31m\nq.json"
    path.write_text(shell_pipeline("hello", {"say": 'printf hi > "$0"'}))

    ended = argosy("run", path.name, "--verbose", cwd=tmp_path)

    assert ("engine.compile_cache", "compile p q.json") in records(ended.err)


def test_records_that_cannot_be_written_do_not_change_the_run(
    pipeline: str, tmp_path: Path
) -> None:
    with open("/dev/full", "w") as full:
        ended = subprocess.run(
            [ARGOSY, "run", pipeline, "--verbose"],
            cwd=tmp_path,
            env=os.environ,
            stdout=subprocess.PIPE,
            stderr=full,
            check=False,
        )

    assert ended.returncode == 0
    assert b"SUCCEEDED" in ended.stdout
