"""Plans as text, for whoever debugs the compiler."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from argosy_compiler import CompileOptions, compile_pipeline
from argosy_compiler.compile import PASSES
from argosy_compiler.dump import dump_plan
from argosy_compiler.plan import Plan
from argosy_compiler.structure import structure_of
from argosy_schemas.reading.pipeline import read_pipeline

EXAMPLES = Path(__file__).parents[2] / "examples"


def dumps(example: str, options: CompileOptions | None = None) -> dict[str, str]:
    """Return pass to the text of the plan that it returned, in the order of the passes."""
    path = EXAMPLES / example / "pipeline.yaml"
    pipeline = read_pipeline(path.read_bytes(), file=path.name)
    texts: dict[str, str] = {}

    def keep(name: str, plan: Plan) -> None:
        texts[name] = dump_plan(plan)

    compile_pipeline(pipeline, options, on_pass=keep)
    return texts


def test_there_is_a_plan_for_the_pipeline_and_for_each_pass() -> None:
    assert list(dumps("09-conditions")) == ["pipeline", *(run.__name__ for run in PASSES)]


def test_equal_compilations_give_equal_texts() -> None:
    assert dumps("10-loops") == dumps("10-loops")


def test_a_pass_adds_what_it_decided() -> None:
    texts = dumps("09-conditions")
    before, after = (json.loads(texts[name]) for name in ("pipeline", "decide"))

    assert "decisions" not in before
    condition: dict[str, Any] = after["decisions"]["comp-condition-branches-1 condition-2"]
    assert list(condition) == ["condition"]


def test_a_use_with_a_retry_is_told_from_one_without() -> None:
    uses = json.loads(dumps("07-retries")["enumerate_uses"])["uses"]

    assert sorted(uses.values()) == ["inner", "root"]
    assert "root" in uses
    (retried,) = uses.keys() - {"root"}
    assert json.loads(retried)["component"] == "comp-inner"


def test_what_follows_from_the_rest_or_says_nothing_is_left_out() -> None:
    plan = json.loads(dumps("01-hello")["pipeline"])

    assert plan.keys() == {"options", "pipeline"}
    assert "document" not in plan["pipeline"]
    assert plan["pipeline"]["root"]["inputs"]["parameters"] == {
        "name": {"default": "World", "optional": True, "type": "STRING"}
    }


def test_options_are_those_that_are_not_the_defaults() -> None:
    plan = json.loads(dumps("01-hello", CompileOptions(max_nodes=None))["pipeline"])

    assert plan["options"] == {"max_nodes": None}


def test_bytes_and_the_end_of_a_long_text_are_a_length() -> None:
    pipeline = read_pipeline((EXAMPLES / "01-hello" / "pipeline.yaml").read_bytes(), file="p")
    plan = Plan(
        pipeline=pipeline,
        options=CompileOptions(),
        structure=structure_of(pipeline),
        ir=b"x" * 1234,
        ir_text="x" * 2001,
    )

    dumped = json.loads(dump_plan(plan))

    assert dumped["ir"] == "(1,234 bytes)"
    assert dumped["ir_text"] == f"{'x' * 2000}… (2,001 characters)"
