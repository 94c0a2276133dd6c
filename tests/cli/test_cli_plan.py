"""What a person sees of a plan."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from argosy_cli.views.plan import format_plan, wrap_words
from argosy_driver.planning.planned_task import PlannedTask, Verdict
from argosy_schemas.formats.records import RecordReference
from argosy_schemas.ir.task_kind import TaskKind
from argosy_schemas.names import AttemptId, RunId, TaskPath
from cli_processes import argosy, shell_pipeline

FINGERPRINT = "0123456789abcdef" * 4


def planned(
    path: str,
    verdict: Verdict = Verdict.RUN,
    kind: TaskKind = TaskKind.CONTAINER,
    *,
    reason: str | None = None,
) -> PlannedTask:
    return PlannedTask(path=TaskPath(path), kind=kind, verdict=verdict, reason=reason)


def test_a_task_has_a_line_and_a_group_only_where_it_explains() -> None:
    tasks = [
        planned("a"),
        planned("group", kind=TaskKind.DAG),
        planned("group/b", Verdict.RUN_OR_CACHED, reason="input 'x' depends on 'a'"),
        planned("no", Verdict.SKIPPED, TaskKind.DAG),
        planned("no/c", Verdict.SKIPPED),
    ]

    assert format_plan(tasks) == [
        "run            a",
        "run or cached  group/b  input 'x' depends on 'a'",
        "skipped        no",
        "skipped        no/c",
        "3 tasks: 1 run, 1 run or cached, 1 skipped",
    ]


def test_what_does_not_fit_goes_below_the_task() -> None:
    task = PlannedTask(
        path=TaskPath("train"),
        kind=TaskKind.CONTAINER,
        verdict=Verdict.CACHED,
        fingerprint=FINGERPRINT,
        cached_from=RecordReference(
            run_id=RunId("2a8f0b44-6f0a-4a59-9d58-55a1a4f0c9ad"),
            task_path=TaskPath("train"),
            attempt_id=AttemptId("x"),
        ),
    )

    assert format_plan([task], columns=64)[:-1] == [
        "cached         train  0123456789ab",
        "                 from run 2a8f0b44-6f0a-4a59-9d58-55a1a4f0c9ad",
    ]
    assert format_plan([task])[:-1] == [
        "cached         train  0123456789ab  from run 2a8f0b44-6f0a-4a59-9d58-55a1a4f0c9ad",
    ]


def test_a_large_loop_is_summed_up_behind_its_first_iterations() -> None:
    tasks = [
        planned("loop", kind=TaskKind.LOOP),
        *(planned(f"loop/{index}/task", Verdict.CACHED) for index in range(4)),
        *(planned(f"loop/{index}/task") for index in range(4, 1200)),
        planned("z"),
    ]

    assert format_plan(tasks) == [
        "cached         loop/0/task",
        "cached         loop/1/task",
        "cached         loop/2/task",
        "…              loop: 1,197 more iterations, 1,197 tasks: 1,196 run, 1 cached",
        "run            z",
        "1,201 tasks: 1,197 run, 4 cached",
    ]


def test_in_the_iterations_of_a_large_loop_others_are_summed_up_as_well() -> None:
    tasks = [
        planned("out", kind=TaskKind.LOOP),
        *(
            one
            for outer in range(2)
            for one in (
                planned(f"out/{outer}/in", kind=TaskKind.LOOP),
                *(planned(f"out/{outer}/in/{inner}/t") for inner in range(11)),
            )
        ),
    ]

    assert format_plan(tasks) == [
        "run            out/0/in/0/t",
        "run            out/0/in/1/t",
        "run            out/0/in/2/t",
        "…              out/0/in: 8 more iterations, 8 tasks: 8 run",
        "run            out/1/in/0/t",
        "run            out/1/in/1/t",
        "run            out/1/in/2/t",
        "…              out/1/in: 8 more iterations, 8 tasks: 8 run",
        "22 tasks: 22 run",
    ]


def test_lines_below_a_task_are_of_whole_words() -> None:
    task = planned("train", Verdict.UNKNOWN, reason="input 'model-of-all' depends on 'fit/first'")

    assert format_plan([task], columns=40)[:-1] == [
        "unknown        train",
        "                 input 'model-of-all'",
        "                 depends on 'fit/first'",
    ]
    assert wrap_words("nodes: 2 of 4,000 (0.1 %)", 20, first="  ", others="    ") == [
        "  nodes: 2 of 4,000",
        "    (0.1 %)",
    ]


def test_a_home_that_cannot_be_written_is_told_as_by_the_run(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "p.json").write_text(shell_pipeline("p", {"say": "true"}))

    planned = argosy("plan", "p.json", "--home", "file/home", cwd=tmp_path)
    ran = argosy("run", "p.json", "--home", "file/home", cwd=tmp_path)

    assert (planned.status, planned.out) == (1, "")
    assert planned.errors == [
        f"'{tmp_path}/file/home' cannot be written: Not a directory; "
        "choose another place with --home"
    ]
    assert (ran.status, ran.errors) == (planned.status, planned.errors)


@pytest.mark.parametrize(
    ("root", "message"),
    [
        (
            "ftp://x",
            "ftp://x: there is no store for the scheme 'ftp'; use a local path, file://, s3://, "
            "minio://, gs:// or az://",
        ),
        ("s3://", "s3://: write a bucket after s3://"),
        (
            "gs://b/x?bad=1",
            "gs://b/x: 'bad' is not an option of gs:// URLs; use endpoint or anonymous",
        ),
    ],
)
@pytest.mark.parametrize("command", ["run", "plan"])
def test_a_root_that_nothing_can_be_stored_to_is_wrong_usage(
    command: str, root: str, message: str, tmp_path: Path
) -> None:
    (tmp_path / "p.json").write_text(shell_pipeline("p", {"say": "true"}))

    ended = argosy(command, "p.json", "--root", root, cwd=tmp_path)

    assert (ended.status, ended.out) == (2, "")
    assert ended.errors == [f"--root: {message}"]
    assert not (tmp_path / ".argosy" / "runs").exists()


@pytest.mark.parametrize("command", ["run", "plan"])
def test_a_root_of_the_pipeline_that_nothing_can_be_stored_to_is_wrong_usage(
    command: str, tmp_path: Path
) -> None:
    document = json.loads(shell_pipeline("p", {"say": "true"}))
    document["defaultPipelineRoot"] = "ftp://x"
    (tmp_path / "p.json").write_text(json.dumps(document))

    ended = argosy(command, "p.json", "--root", "pipeline", cwd=tmp_path)

    assert (ended.status, ended.out) == (2, "")
    assert ended.errors[0].startswith("ftp://x: there is no store for the scheme 'ftp'; ")


def test_a_fingerprint_leaves_its_column_before_it_goes_below() -> None:
    tasks = [
        PlannedTask(
            path=TaskPath(path),
            kind=TaskKind.CONTAINER,
            verdict=Verdict.RUN,
            fingerprint=FINGERPRINT,
        )
        for path in ("ds", "a/rather/long/path")
    ]

    assert format_plan(tasks, columns=40)[:-1] == [
        "run            ds  0123456789ab",
        "run            a/rather/long/path",
        "                 0123456789ab",
    ]
