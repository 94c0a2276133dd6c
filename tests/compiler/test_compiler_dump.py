"""Plans as text, for whoever debugs the compiler."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from argosy_compiler import CompileOptions, compile_pipeline
from argosy_compiler.compilation import Compilation
from argosy_compiler.compile import PASSES
from argosy_compiler.dump import dump_compilation
from argosy_compiler.structure import read_structure
from argosy_schemas.reading.pipeline import read_pipeline

EXAMPLES = Path(__file__).parents[2] / "examples"


def dumps(example: str, options: CompileOptions | None = None) -> dict[str, str]:
    """Return pass to the text of the plan that it returned, in the order of the passes."""
    path = EXAMPLES / example / "pipeline.yaml"
    pipeline = read_pipeline(path.read_bytes(), file=path.name)
    texts: dict[str, str] = {}

    def keep(name: str, plan: Compilation) -> None:
        texts[name] = dump_compilation(plan)

    compile_pipeline(pipeline, options, on_pass=keep)
    return texts


def test_there_is_a_plan_for_the_pipeline_and_for_each_pass() -> None:
    assert list(dumps("09-conditions")) == ["pipeline", *(run.__name__ for run in PASSES)]


def test_equal_compilations_give_equal_texts() -> None:
    assert dumps("10-loops") == dumps("10-loops")


def test_a_pass_adds_what_it_decided() -> None:
    texts = dumps("09-conditions")
    before, after = (json.loads(texts[name]) for name in ("pipeline", "resolve_control_flow"))

    assert "control_flows" not in before
    condition: dict[str, Any] = after["control_flows"]["comp-condition-branches-1 condition-2"]
    assert list(condition) == ["condition"]


def test_a_use_with_a_retry_is_told_from_one_without() -> None:
    variants = json.loads(dumps("07-retries")["list_dag_variants"])["dag_variants"]

    assert sorted(variants.values()) == ["inner", "root"]
    assert "root" in variants
    (retried,) = variants.keys() - {"root"}
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
    plan = Compilation(
        pipeline=pipeline,
        options=CompileOptions(),
        structure=read_structure(pipeline),
        ir=b"x" * 1234,
        ir_text="x" * 2001,
    )

    dumped = json.loads(dump_compilation(plan))

    assert dumped["ir"] == "(1,234 bytes)"
    assert dumped["ir_text"] == f"{'x' * 2000}… (2,001 characters)"
