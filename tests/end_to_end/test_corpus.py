"""Real pipelines end as their EXPECTED.md says, run as a person runs them.

The folder is not part of the repository; the tests need it beside the checkout.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from argosy_compiler import CompiledPipeline, CompileOptions, IrPlacement, compile_pipeline
from argosy_engine.run import run_workflow
from argosy_engine.settings import RunSettings
from argosy_runs.local.reading import read_run
from argosy_schemas.reading.pipeline import read_pipeline
from corpus_expectations import Expected, differences, read_expected
from corpus_plans import cache_differences, plan_differences
from corpus_runs import CORPUS, EXPECTATIONS, RunCorpus, expectations, is_slow
from forced_sharing import compile_shared
from known_results import Machine, leave_some

SLOW = (pytest.mark.nightly, pytest.mark.timeout(1000))
LARGE = (
    "valid/essential/pipeline_with_nested_conditions.yaml",
    "valid/parallel_and_nested/nested_pipeline_opt_input_child_level_compiled.yaml",
    "valid/pipeline_with_parallelfor_parallelism.yaml",
    "valid/pipeline_with_string_machine_fields_task_output.yaml",
)
"""Those that run and have more than four tasks in one DAG."""
ALIKE = (
    "valid/critical/flip_coin.yaml",
    "valid/critical/if_else_with_oneof_artifacts.yaml",
    "valid/if_elif_else_with_oneof_parameters.yaml",
    "valid/parallel_and_nested/pipeline_in_pipeline.yaml",
    "valid/pipeline_with_parallelfor_list_artifacts_GH-12033.yaml",
    "valid/pipeline_with_parallelfor_parallelism.yaml",
)
"""Those that run and have templates that differ in texts alone."""


# The scope puts the tests of one pipeline side by side, where one process runs it for all.
each_pipeline = pytest.mark.parametrize(
    "expected",
    [
        pytest.param(expected, id=expected.file, marks=SLOW if is_slow(expected) else [])
        for expected in expectations()
    ],
    scope="session",
)


def run_differences(file: str, compiled: CompiledPipeline, home: Path) -> list[str]:
    """Run what a file was compiled to, and return what is not as expected of it."""
    found = {each.file: each for each in read_expected(EXPECTATIONS.read_text(encoding="utf-8"))}
    result = run_workflow(
        compiled.workflow,
        compiled.ir,
        settings=RunSettings(home=home, cache=False),
        parameters={
            name: value if isinstance(value, str) else json.dumps(value)
            for name, value in found[file].parameters.items()
        },
    )
    return list(differences(found[file], result.to_json()))


def templates(compiled: CompiledPipeline) -> list[Any]:
    spec: Any = compiled.workflow["spec"]
    return list(spec["templates"])


@pytest.mark.skipif(not EXPECTATIONS.is_file(), reason="needs ../shared/kfp-pipelines")
def test_the_expectations_are_read_whole() -> None:
    files = [expected.file for expected in read_expected(EXPECTATIONS.read_text(encoding="utf-8"))]

    assert len(files) == len(set(files))
    assert [file for file in files if not (CORPUS / file).is_file()] == []
    assert len(files) == EXPECTATIONS.read_text(encoding="utf-8").count("\n### ")


@each_pipeline
def test_a_real_pipeline_ends_as_expected(expected: Expected, run_corpus: RunCorpus) -> None:
    ran = run_corpus(expected)
    ended = ran.run

    assert list(differences(expected, ended.result)) == []
    assert read_run(ran.home, ended.result["run_id"]).to_json() == ended.result
    assert ended.status == (0 if expected.state == "SUCCEEDED" else 1)


@each_pipeline
def test_a_real_pipeline_does_what_was_planned(expected: Expected, run_corpus: RunCorpus) -> None:
    ran = run_corpus(expected)

    assert ran.before.status == 0, ran.before.err
    assert list(plan_differences(ran.before.result, ran.run.result, ran.home)) == []


@each_pipeline
def test_a_real_pipeline_that_ran_is_planned_from_the_cache(
    expected: Expected, run_corpus: RunCorpus
) -> None:
    ran = run_corpus(expected)

    assert ran.after.status == 0, ran.after.err
    assert list(cache_differences(ran.before.result, ran.run.result, ran.after.result)) == []


@each_pipeline
def test_a_real_pipeline_ends_as_expected_with_half_of_its_tasks_known(
    expected: Expected, run_corpus: RunCorpus
) -> None:
    ran = run_corpus(expected)
    directory = ran.home.parent
    given = json.loads((directory / "parameters.json").read_text())
    pipeline = read_pipeline((CORPUS / expected.file).read_bytes(), file=expected.file)
    machine = Machine(
        pipeline=pipeline,
        home=ran.home,
        parameters={
            name: value if isinstance(value, str) else json.dumps(value)
            for name, value in given.items()
        },
        artifacts={
            name: str(directory / name)
            for name in (pipeline.root.inputs.artifacts if expected.wants_artifacts else ())
        },
    )
    settled = machine.settle()

    for known in (settled, leave_some(settled, Random(expected.file))):
        served = machine.run(machine.compile(known))

        assert list(differences(expected, served.to_json())) == []
        assert read_run(machine.home, served.run_id).to_json() == served.to_json()


@pytest.mark.skipif(not EXPECTATIONS.is_file(), reason="needs ../shared/kfp-pipelines")
@pytest.mark.parametrize("file", LARGE)
def test_a_real_pipeline_whose_dags_are_divided_ends_as_expected(file: str, tmp_path: Path) -> None:
    pipeline = read_pipeline((CORPUS / file).read_bytes(), file=file)
    options = CompileOptions(ir=IrPlacement.STORE, max_dag_tasks=4)
    compiled = compile_pipeline(pipeline, options)

    whole = compile_pipeline(pipeline, replace(options, max_dag_tasks=200))
    assert len(templates(compiled)) > len(templates(whole))
    assert run_differences(file, compiled, tmp_path) == []


@pytest.mark.skipif(not EXPECTATIONS.is_file(), reason="needs ../shared/kfp-pipelines")
@pytest.mark.parametrize("file", ALIKE)
def test_a_real_pipeline_whose_templates_are_shared_ends_as_expected(
    file: str, tmp_path: Path
) -> None:
    pipeline = read_pipeline((CORPUS / file).read_bytes(), file=file)
    options = CompileOptions(ir=IrPlacement.STORE)
    compiled = compile_shared(pipeline, options)

    assert len(templates(compiled)) < len(templates(compile_pipeline(pipeline, options)))
    assert run_differences(file, compiled, tmp_path) == []
