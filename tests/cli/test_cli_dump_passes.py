"""``compile --dump-passes`` writes the plan after each pass."""

import json
from pathlib import Path

from argosy_compiler.compile import PASSES
from cli_processes import argosy, shell_pipeline

NAMES = ["pipeline", *(run.__name__ for run in PASSES)]


def test_each_pass_has_a_numbered_file(tmp_path: Path) -> None:
    (tmp_path / "p.json").write_text(shell_pipeline("hello", {"say": "true"}))

    plain = argosy("compile", "p.json", cwd=tmp_path)
    dumped = argosy("compile", "p.json", "--dump-passes", "a/dump", cwd=tmp_path)

    assert (dumped.status, dumped.out, dumped.err) == (0, plain.out, "")
    files = sorted((tmp_path / "a" / "dump").iterdir())
    assert [file.name for file in files] == [
        f"{number:02}-{name}.json" for number, name in enumerate(NAMES)
    ]
    assert json.loads(files[-1].read_text())["workflow"]["kind"] == "Workflow"


def test_a_pass_that_refuses_the_pipeline_leaves_the_files_before_it(tmp_path: Path) -> None:
    document = json.loads(shell_pipeline("hello", {"say": "true"}))
    document["root"]["dag"]["tasks"]["say"]["triggerPolicy"] = {"condition": "1 +"}
    (tmp_path / "p.json").write_text(json.dumps(document))

    ended = argosy("compile", "p.json", "--dump-passes", "dump", cwd=tmp_path)

    assert ended.status == 2
    assert sorted(file.name for file in (tmp_path / "dump").iterdir()) == [
        f"{number:02}-{name}.json"
        for number, name in enumerate(NAMES[: NAMES.index("refuse_problems")])
    ]


def test_a_directory_that_cannot_be_written_is_an_error_of_the_machine(tmp_path: Path) -> None:
    (tmp_path / "p.json").write_text(shell_pipeline("hello", {"say": "true"}))
    (tmp_path / "file").touch()

    ended = argosy("compile", "p.json", "--dump-passes", "file/dump", cwd=tmp_path)

    assert ended.status == 1
    assert ended.errors == ["'file/dump/00-pipeline.json' cannot be written: Not a directory"]
