"""Every command of the stock ``kfp``, in the process of the tests, one after another."""

from __future__ import annotations

import importlib
import json
import re
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from argosy_service.settings import ServiceSettings
from cli_processes import shell_pipeline
from service_running import Client, run_service

Kfp = Callable[..., Any]
ELSEWHERE = {
    "component build": "builds an image with Docker, and asks no service",
    "diagnose-me": "asks the tools of a cloud and of a cluster what they are",
}
"""Commands that are not driven here, each with the reason."""

SOURCE = """
from kfp import dsl

@dsl.container_component
def say(text: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image="debian:12", command=["sh", "-c", "echo x > $0"], args=[text])

@dsl.pipeline
def said():
    say()
"""
WORD = '{"word": {"parameterType": "STRING", "defaultValue": "hi"}}'


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    settings = ServiceSettings(home=tmp_path / "home", http_port=0, grpc_port=0, max_runs=2, jobs=1)
    with run_service(settings) as client:
        yield client


@pytest.fixture
def kfp(client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kfp:
    """Runs a command that succeeds, and returns the first JSON that it prints, or its text."""
    monkeypatch.setenv("HOME", str(tmp_path))
    cli = importlib.import_module("kfp.cli.cli").cli

    def call(*words: str, output: str = "json") -> Any:
        arguments = ["--endpoint", client.service.url, "--output", output, *words]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ended = CliRunner().invoke(cli, arguments, obj={}, input="y\n")
        assert ended.exit_code == 0, (words, ended.output, ended.exception)
        lines = ended.stdout.splitlines(keepends=True)
        for number, line in enumerate(lines):
            if line.startswith(("{", "[")):
                return json.JSONDecoder().raw_decode("".join(lines[number:]))[0]
        return ended.stdout

    return call


@pytest.fixture
def package(tmp_path: Path) -> str:
    file = tmp_path / "pipeline.yaml"
    file.write_text(shell_pipeline("shell", {"say": 'echo "$1" > $0'}, inputs=WORD))
    return str(file)


def test_no_command_is_left_out() -> None:
    cli = importlib.import_module("kfp.cli.cli").cli

    assert list_driven_commands() | ELSEWHERE.keys() == list_commands(cli)


def list_commands(command: Any, words: tuple[str, ...] = ()) -> set[str]:
    """Return the commands that have no commands of their own."""
    inner = getattr(command, "commands", None)
    if not inner:
        return {" ".join(words)}
    return {each for name in inner for each in list_commands(inner[name], (*words, name)) if each}


def list_driven_commands() -> set[str]:
    """Return the first two words of each command in this file."""
    first_two = r'kfp\(\s*(?:\*\()?"([a-z-]+)", "([a-z-]+)"'
    return {" ".join(words) for words in re.findall(first_two, Path(__file__).read_text())}


def test_a_pipeline_in_python(kfp: Kfp, tmp_path: Path) -> None:
    source, package = tmp_path / "source.py", tmp_path / "compiled.yaml"
    source.write_text(SOURCE)

    kfp("dsl", "compile", "--py", str(source), "--output", str(package))
    pipeline_id = kfp("pipeline", "create", str(package))["pipeline_id"]

    assert kfp("pipeline", "get", pipeline_id)["display_name"] == "said"


def test_the_page_for_those_who_come_from_kfp(
    kfp: Kfp, package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = Path(__file__).parents[2] / "docs" / "coming-from-kfp.md"
    commands = re.findall(r"^kfp --endpoint \S+ (.*)$", page.read_text(), re.M)
    monkeypatch.chdir(tmp_path)

    pipeline, run = (kfp(*each.split()) for each in commands)

    assert Path(package).name == "pipeline.yaml"
    assert pipeline["display_name"] == "train"
    assert run["state"] == "PENDING"


def test_experiments(kfp: Kfp) -> None:
    created = kfp("experiment", "create", "exp")
    experiment_id = created["experiment_id"]

    assert kfp("experiment", "get", experiment_id)["display_name"] == "exp"
    assert len(kfp("experiment", "list")) == 2
    assert "exp" in kfp("experiment", "list", output="table")
    first = kfp("experiment", "list", "-m", "1", "--sort-by", "name desc")
    assert [each["display_name"] for each in first] == ["exp"]
    named = json.dumps(
        {"predicates": [{"operation": 1, "key": "display_name", "stringValue": "Default"}]}
    )
    found = kfp("experiment", "list", "--filter", named)
    assert [each["display_name"] for each in found] == ["Default"]
    kfp("experiment", "archive", "--experiment-id", experiment_id, output="table")
    kfp("experiment", "unarchive", "--experiment-id", experiment_id)
    kfp("experiment", "archive", "--experiment-name", "exp")
    kfp("experiment", "delete", experiment_id)
    assert len(kfp("experiment", "list")) == 1


def test_pipelines(kfp: Kfp, package: str) -> None:
    pipeline = kfp("pipeline", "create", "-p", "first", package)
    pipeline_id = pipeline["pipeline_id"]
    version = kfp("pipeline", "create-version", "-v", "v2", "-p", pipeline_id, package)
    kfp("pipeline", "create-version", "-v", "v3", "-n", "first", package, output="table")

    assert kfp("pipeline", "get", pipeline_id)["display_name"] == "first"
    assert len(kfp("pipeline", "list")) == 1
    assert len(kfp("pipeline", "list-versions", pipeline_id)) == 3
    version_id = version["pipeline_version_id"]
    assert kfp("pipeline", "get-version", pipeline_id, version_id)["display_name"] == "v2"
    for each in kfp("pipeline", "list-versions", pipeline_id):
        kfp("pipeline", "delete-version", pipeline_id, each["pipeline_version_id"])
    kfp("pipeline", "delete", pipeline_id)
    assert kfp("pipeline", "list") == []


def test_runs(kfp: Kfp, package: str) -> None:
    pipeline_id = kfp("pipeline", "create", "-p", "first", package)["pipeline_id"]
    (version,) = kfp("pipeline", "list-versions", pipeline_id)

    by_file = kfp("run", "create", "-e", "exp", "-f", package, "-w", "word=said")
    by_version = kfp(
        *("run", "create", "-e", "exp", "-p", pipeline_id),
        *("-v", version["pipeline_version_id"], "-w", "-r", "mine", "-t", "1000"),
    )

    for each in (by_file, by_version):
        # As it was printed, it had not ended yet; then the command waited for that.
        assert kfp("run", "get", each["run_id"])["state"] == "SUCCEEDED"
    assert len(kfp("run", "list")) == 2
    assert len(kfp("run", "list", "-e", by_file["experiment_id"])) == 2
    assert "SUCCEEDED" in kfp("run", "list", output="table")
    assert by_version["display_name"] == "mine"
    run_id = by_file["run_id"]
    assert kfp("run", "get", run_id)["run_id"] == run_id
    kfp("run", "archive", run_id)
    kfp("run", "unarchive", run_id, output="table")
    kfp("run", "delete", run_id)
    assert len(kfp("run", "list")) == 1


def test_recurring_runs(kfp: Kfp, package: str) -> None:
    pipeline_id = kfp("pipeline", "create", "-p", "first", package)["pipeline_id"]
    (version,) = kfp("pipeline", "list-versions", pipeline_id)
    experiment_id = kfp("experiment", "create", "exp")["experiment_id"]

    periodic = kfp(
        *("recurring-run", "create", "--experiment-id", experiment_id, "--job-name", "hourly"),
        *("--pipeline-id", pipeline_id, "--version-id", version["pipeline_version_id"]),
        *("--interval-second", "3600", "--enabled"),
    )
    by_cron = kfp(
        *("recurring-run", "create", "--experiment-name", "exp", "--job-name", "daily"),
        *("--cron-expression", "0 0 9 * * *", "--pipeline-package-path", package, "word=said"),
        *("--start-time", "2046-01-01T00:00:00Z", "--end-time", "2047-01-01T00:00:00Z"),
        *("--catchup", "--max-concurrency", "3", "--description", "words"),
    )

    assert (periodic["status"], by_cron["status"]) == ("ENABLED", "DISABLED")
    assert (by_cron["max_concurrency"], by_cron["description"]) == ("3", "words")
    assert by_cron["runtime_config"]["parameters"] == {"word": "said"}
    assert len(kfp("recurring-run", "list")) == 2
    assert len(kfp("recurring-run", "list", "-e", experiment_id)) == 2
    recurring_run_id = periodic["recurring_run_id"]
    assert kfp("recurring-run", "disable", recurring_run_id)["status"] == "DISABLED"
    kfp("recurring-run", "enable", recurring_run_id, output="table")
    assert kfp("recurring-run", "get", recurring_run_id)["status"] == "ENABLED"
    kfp("recurring-run", "delete", recurring_run_id)
    assert len(kfp("recurring-run", "list")) == 1
