from __future__ import annotations

import pytest

from corpus_expectations import Expected
from corpus_runs import PlannedRun, RunCorpus, planned_run


@pytest.fixture(scope="session")
def run_corpus(tmp_path_factory: pytest.TempPathFactory) -> RunCorpus:
    """Return a function that plans and runs a real pipeline, each once."""
    done: dict[str, PlannedRun] = {}

    def run(expected: Expected) -> PlannedRun:
        if expected.file not in done:
            done[expected.file] = planned_run(expected, tmp_path_factory.mktemp("corpus"))
        return done[expected.file]

    return run
