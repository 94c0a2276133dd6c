"""The reference page, the help texts and the exit statuses agree."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from argosy_cli.lazy_group import COMMANDS
from cli_processes import argosy

ROOT = Path(__file__).parents[2]


def test_the_reference_page_is_what_its_script_writes(tmp_path: Path) -> None:
    script = (ROOT / "scripts" / "generate_cli_reference.py").read_text()
    copy = tmp_path / "scripts" / "generate.py"
    copy.parent.mkdir()
    (tmp_path / "docs").mkdir()
    copy.write_text(script)

    subprocess.run([sys.executable, str(copy)], check=True)

    assert (tmp_path / "docs" / "cli.md").read_text() == (ROOT / "docs" / "cli.md").read_text()


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_that_is_listed_has_help(command: str, tmp_path: Path) -> None:
    ended = argosy(command, "--help", cwd=tmp_path)

    assert ended.status == 0
    assert ended.out.startswith(f"Usage: argosy {command} ")


def test_examples_stand_each_on_a_line_of_its_own(tmp_path: Path) -> None:
    ended = argosy("compile", "--help", cwd=tmp_path)

    assert ended.out.splitlines()[-5:] == [
        "  Examples:",
        "    argosy compile pipeline.yaml \\",
        "        --store s3://bucket/argosy -o workflow.json",
        "    argosy compile train.py | \\",
        "        argo submit -p argosy-store=s3://bucket/argosy -",
    ]


@pytest.mark.parametrize("words", [[], *([command] for command in COMMANDS)])
def test_help_fits_a_small_window(words: list[str], tmp_path: Path) -> None:
    environment = os.environ | {"COLUMNS": "60"}

    ended = argosy(*words, "--help", cwd=tmp_path, environment=environment)

    assert [line for line in ended.out.splitlines() if len(line) > 60] == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["runn"], "there is no command 'runn'; did you mean 'run'?"),
        (
            ["deploy"],
            "there is no command 'deploy'; it is one of compile, delete, doctor, get, lint, list, "
            "logs, manifests, plan, retry, run, serve, service, stop, submit, version, why",
        ),
        (["run", "--jbos", "1"], "there is no option '--jbos'; did you mean '--jobs'?"),
        (["run", "-x"], "there is no option '-x'; see 'argosy run --help'"),
        (["run", "-j"], "option '-j' requires an argument; see 'argosy run --help'"),
        (["run", "p.yaml", "-j", "0"], "--jobs: 0 is too few; use 1 or more"),
        (["lint"], "FILE... is missing; see 'argosy lint --help'"),
        (["compile"], "PIPELINE is missing; see 'argosy compile --help'"),
        (
            ["version", "-o", "xml"],
            "--output: 'xml' is not one of 'text', 'json'",
        ),
        (
            ["plan", "a", "b"],
            "got unexpected extra argument (b); see 'argosy plan --help'",
        ),
    ],
)
def test_wrong_usage_is_exit_status_2_and_says_what_to_do(
    words: list[str], message: str, tmp_path: Path
) -> None:
    ended = argosy(*words, cwd=tmp_path)

    assert (ended.status, ended.err) == (2, f"error: {message}\n")


def test_help_imports_neither_the_engine_nor_kfp(tmp_path: Path) -> None:
    code = (
        "import sys, argosy_cli.main as m; m.main(['--help']);"
        "print(sorted(n for n in sys.modules if n.split('.')[0] in "
        "('argosy_engine', 'argosy_compiler', 'yaml', 'rich', 'hera', 'kfp', 'obstore')))"
    )

    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )

    assert ended.stdout.splitlines()[-1] == "[]"


def test_the_version_is_text_or_json(tmp_path: Path) -> None:
    text = argosy("version", cwd=tmp_path)
    json = argosy("version", "-o", "json", cwd=tmp_path)

    assert text.out.startswith("argosy 0.1.0\npython ")
    assert json.result["argosy"] == "0.1.0"


def test_debug_adds_the_traceback_wherever_it_stands(tmp_path: Path) -> None:
    plain = argosy("run", "absent.yaml", cwd=tmp_path)
    behind = argosy("run", "absent.yaml", "--debug", cwd=tmp_path)
    before = argosy("--debug", "run", "absent.yaml", cwd=tmp_path)

    message = "'absent.yaml' does not exist; give the path of a pipeline file"
    assert (plain.status, plain.err) == (2, f"error: {message}\n")
    assert "Traceback" in behind.err
    assert "Traceback" in before.err
