"""The folder of real pipelines, planned and run as a person does it: once each, for all tests."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import yaml

from cli_processes import TIMEOUT_SECONDS, Ended, argosy
from corpus_expectations import Expected, read_expected

CORPUS = Path(__file__).parents[2] / "shared" / "kfp-pipelines"
EXPECTATIONS = CORPUS / "EXPECTED.md"
FRESH = "<a fresh file path>"
SLOW_TIMEOUT_SECONDS = 900.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRun:
    """A pipeline that was planned, run, and planned once more, all with the same parameters."""

    home: Path
    before: Ended
    run: Ended
    after: Ended


RunCorpus = Callable[[Expected], PlannedRun]


def expectations() -> list[Expected]:
    """Return what is expected of each pipeline that can run; nothing without the folder."""
    if not EXPECTATIONS.is_file():
        return []
    return list(read_expected(EXPECTATIONS.read_text(encoding="utf-8")))


def is_slow(expected: Expected) -> bool:
    """Whether it sleeps for minutes, or installs large packages."""
    return expected.file.endswith("long-running.yaml") or "+pypi" in expected.kind


def planned_run(expected: Expected, directory: Path) -> PlannedRun:
    """Plan, run and plan a pipeline in a directory of its own."""
    given = write_arguments(expected, directory)
    return PlannedRun(
        home=directory / ".argosy",
        before=argosy("plan", *given, cwd=directory),
        run=argosy(
            "run",
            *given,
            cwd=directory,
            timeout_seconds=SLOW_TIMEOUT_SECONDS if is_slow(expected) else TIMEOUT_SECONDS,
        ),
        after=argosy("plan", *given, cwd=directory),
    )


def write_arguments(expected: Expected, directory: Path) -> list[str]:
    """Write what a pipeline is given into a directory; return the words that ask for JSON of it."""
    file = CORPUS / expected.file
    parameters = directory / "parameters.json"
    parameters.write_text(
        json.dumps(
            {
                name: str(directory / name) if value == FRESH else value
                for name, value in expected.parameters.items()
            }
        )
    )
    words = [str(file), "--params-file", str(parameters), "--output", "json"]
    for name in input_artifacts(file) if expected.wants_artifacts else []:
        (directory / name).write_text(f"content of {name}")
        words += ["--artifact", f"{name}={directory / name}"]
    return words


def input_artifacts(file: Path) -> list[str]:
    """Return the names of the artifacts that the pipeline takes."""
    spec = next(yaml.safe_load_all(file.read_text(encoding="utf-8")))
    return list(spec["root"].get("inputDefinitions", {}).get("artifacts", {}))
