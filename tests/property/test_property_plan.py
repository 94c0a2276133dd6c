"""Random pipelines do in the engine what the plan says, with the cache on."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from argosy_cli.views.plan_json import task_to_json
from argosy_compiler.compile import compile_pipeline
from argosy_compiler.options import CompileOptions, IrPlacement
from argosy_engine.plan import plan_workflow
from argosy_engine.run import run_workflow
from argosy_engine.settings import RunSettings
from argosy_schemas.reading.pipeline import read_pipeline
from corpus_plans import Json, cache_differences, plan_differences
from random_pipelines import RandomPipeline, random_pipeline

# As the command line compiles for this engine.
OPTIONS = CompileOptions(ir=IrPlacement.STORE, max_nodes=None)

_MEMORY = Path("/dev/shm")
HOMES = _MEMORY if os.access(_MEMORY, os.W_OK | os.X_OK) else None


class Machine:
    """One pipeline and one home."""

    def __init__(self, pipeline: RandomPipeline, home: Path) -> None:
        read = read_pipeline(json.dumps(pipeline.document).encode(), file="random.json")
        self._compiled = compile_pipeline(read, OPTIONS)
        self._parameters = {
            name: value if isinstance(value, str) else json.dumps(value)
            for name, value in pipeline.parameters.items()
        }
        # Of tasks that do the same side by side each would run, and what follows one of them would
        # not be known from the other, which is the one that the cache holds.
        self._settings = RunSettings(home=home, jobs=1)

    def plan(self) -> Json:
        """Return what is planned, as the command line prints it."""
        plan = plan_workflow(
            self._compiled.workflow,
            self._compiled.ir,
            settings=self._settings,
            parameters=self._parameters,
        )
        return {"tasks": [task_to_json(task) for task in plan.tasks]}

    def run(self) -> Json:
        """Return the result of a run."""
        result = run_workflow(
            self._compiled.workflow,
            self._compiled.ir,
            settings=self._settings,
            parameters=self._parameters,
        )
        return dict(result.to_json())


def assert_as_planned(pipeline: RandomPipeline) -> None:
    with tempfile.TemporaryDirectory(dir=HOMES) as home:
        machine = Machine(pipeline, Path(home))
        before, first = machine.plan(), machine.run()
        after, second = machine.plan(), machine.run()

        assert list(plan_differences(before, first, Path(home))) == []
        assert list(cache_differences(before, first, after)) == []
        assert list(plan_differences(after, second, Path(home))) == []


@settings(
    max_examples=40,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow],
)
@given(st.integers(0, 2**64 - 1))
def test_a_pipeline_does_what_was_planned(seed: int) -> None:
    assert_as_planned(random_pipeline(seed, budget=12))
