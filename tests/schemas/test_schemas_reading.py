"""A file becomes a pipeline, or one error with all that is wrong, by line."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
import yaml

from argosy_schemas.errors import InvalidPipelineError, Problem, UnsupportedError
from argosy_schemas.ir.kubernetes.fields import KubernetesExecutorConfig
from argosy_schemas.ir.model import ParameterType, PipelineConfig, TaskOutput
from argosy_schemas.reading.pipeline import add_lines, read_pipeline
from schemas_specs import SPEC, edited, read, refusal, small

KUBERNETES = """\
---
platforms:
  kubernetes:
    deploymentSpec:
      executors:
        exec-make:
          nodeSelector:
            labels:
              disk: ssd
    pipelineConfig:
      activeDeadlineSeconds: 60
"""


def test_a_pipeline_is_read_with_its_platform_document() -> None:
    pipeline = read_pipeline(f"# comment\n---\n{SPEC}{KUBERNETES}".encode(), file="p.yaml")

    assert pipeline.name == "small"
    assert pipeline.sdk_version == "kfp-2.17.0"
    assert list(pipeline.components) == ["comp-make", "comp-use"]
    assert pipeline.root.inputs.parameters["count"].type is ParameterType.NUMBER_INTEGER
    assert pipeline.root.dag is not None
    use = pipeline.root.dag.tasks["use"]
    assert use.artifacts == {"data": TaskOutput("make", "data")}
    assert use.dependencies == ("make",)
    assert pipeline.kubernetes == {
        "exec-make": KubernetesExecutorConfig(node_selector={"disk": "ssd"})
    }
    assert pipeline.pipeline_config == PipelineConfig(active_deadline_seconds=60)
    assert pipeline.document == small()


@pytest.mark.parametrize("prefix", ["", "\ufeff", "---\n"])
def test_a_byte_order_mark_and_a_document_start_change_nothing(prefix: str) -> None:
    assert read_pipeline(f"{prefix}{SPEC}".encode(), file="p.yaml") == read(small())


@pytest.mark.parametrize("indent", [None, 2, "\t"])
def test_json_says_the_same_as_yaml(indent: int | str | None) -> None:
    data = json.dumps(small(), indent=indent).encode()

    assert read_pipeline(data, file="p.json") == read(small())


@pytest.mark.parametrize("prefix", ["", "\ufeff", "\n "])
def test_a_number_with_an_exponent_is_one_in_json(prefix: str) -> None:
    data = prefix + json.dumps(
        edited("root/inputDefinitions/parameters/count/defaultValue", 0)
    ).replace('"defaultValue": 0', '"defaultValue": 1e3')

    pipeline = read_pipeline(data.encode(), file="p.yaml")

    assert pipeline.root.inputs.parameters["count"].default == 1000


def test_what_nothing_reaches_is_left_out() -> None:
    pipeline = read(edited("components/comp-lost", {"executorLabel": "nowhere"}))

    assert list(pipeline.components) == ["comp-make", "comp-use"]


def test_the_canonical_document_has_one_spelling() -> None:
    document = edited("root/dag/tasks/use/retryPolicy", {"max_retry_count": "2"})
    document["pipeline_info"] = document.pop("pipelineInfo")
    document["root"]["dag"]["tasks"]["use"]["triggerPolicy"] = {"strategy": 2, "condition": None}
    document["components"]["comp-make"]["dag"] = None
    document["root"]["inputDefinitions"]["parameters"]["count"]["defaultValue"] = 2.0

    expected = edited("root/dag/tasks/use/retryPolicy", {"maxRetryCount": 2})
    expected["root"]["dag"]["tasks"]["use"]["triggerPolicy"] = {
        "strategy": "ALL_UPSTREAM_TASKS_COMPLETED"
    }
    expected["root"]["inputDefinitions"]["parameters"]["count"]["defaultValue"] = 2
    assert json.dumps(read(document).document, sort_keys=True) == json.dumps(
        expected, sort_keys=True
    )


def test_null_is_a_value_where_values_are_free() -> None:
    pipeline = read(edited("root/inputDefinitions/parameters/count/defaultValue", None))

    assert pipeline.root.inputs.parameters["count"].default is None


def test_all_problems_are_told_at_once_by_line() -> None:
    text = (
        SPEC.replace("image: python:3.11", "imag: python:3.11", 1)
        .replace("name: comp-use", "name: comp-ues")
        .replace("schemaVersion: 2.1.0", "schemaVersion: 3.0.0")
        .replace("- make", "- mak")
        .replace("componentInputParameter: count", "componentInputParameter: cuont")
    )
    platform = KUBERNETES.replace("nodeSelector", "nodeSelektor")

    assert refusal((text + platform).encode()).splitlines() == [
        "p.yaml:32: deploymentSpec.executors.exec-make.container.imag: "
        "Unknown field 'imag'; did you mean 'image'?",
        "p.yaml:47: root.dag.tasks.make.inputs.parameters.count.componentInputParameter: "
        "This DAG declares no input parameter 'cuont'; did you mean 'count'?",
        "p.yaml:52: root.dag.tasks.use.componentRef.name: "
        "There is no component 'comp-ues'; did you mean 'comp-use'?",
        "p.yaml:54: root.dag.tasks.use.dependentTasks[0]: "
        "There is no task 'mak' in this DAG; did you mean 'make'?",
        "p.yaml:72: schemaVersion: Version '3.0.0' is not '2.1.0'; compile with the KFP SDK 2",
        "p.yaml:80: platforms.kubernetes.deploymentSpec.executors.exec-make.nodeSelektor: "
        "Unknown field 'nodeSelektor'; did you mean 'nodeSelector'?",
    ]


def test_keys_given_twice_are_told_with_all_else() -> None:
    text = SPEC.replace("  name: small\n", "  name: small\n  name: other\n  title: x\n")

    assert refusal(text.encode()) == (
        "p.yaml:38: Key 'name' is given twice; remove one\n"
        "p.yaml:39: pipelineInfo.title: Unknown field 'title'; remove it"
    )


def test_keys_given_twice_in_json_have_their_line() -> None:
    text = json.dumps(small(), indent=1).replace('"name": "small"', '"name": "a",\n"name": "b"')

    assert refusal(text.encode(), file="p.json") == (
        "p.json:63: Key 'name' is given twice; remove one"
    )


def test_what_argosy_cannot_run_is_wrong_where_a_key_is_given_twice() -> None:
    document = edited("deploymentSpec/executors/exec-use", {"customJob": {"customJob": {}}})
    text = yaml.safe_dump(document).replace("  name: small\n", "  name: small\n  name: other\n")

    with pytest.raises(InvalidPipelineError) as caught:
        read_pipeline(text.encode(), file="p.yaml")

    assert type(caught.value) is InvalidPipelineError
    assert len(caught.value.problems) == 2


@pytest.mark.parametrize("name", ["with tabs", "with pairs of escapes \U0001f600"])
def test_json_that_is_no_yaml_has_lines_as_well(name: str) -> None:
    document = edited("components/comp-use/executor_label", "x")
    document["pipelineInfo"]["description"] = name
    text = json.dumps(document, indent="\t" if "tabs" in name else 1)

    with pytest.raises(InvalidPipelineError) as caught:
        read_pipeline(text.encode(), file="p.json")

    (problem,) = caught.value.problems
    assert problem.line is not None
    assert '"executor_label": "x"' in text.splitlines()[problem.line - 1]


def test_a_problem_below_a_name_of_the_proto_has_its_line() -> None:
    text = SPEC.replace("pipelineInfo:", "pipeline_info:").replace("name: small", "name: [small]")

    assert (
        refusal(text.encode())
        == "p.yaml:37: pipelineInfo.name: Is a list, not a string; write a text"
    )


def test_problems_of_a_json_file_have_lines() -> None:
    data = json.dumps(edited("root/dag/tasks/use/componentRef/name", "nobody"), indent=1)

    line = data.splitlines().index('      "name": "nobody"') + 1
    assert refusal(data.encode(), file="p.json").startswith(f"p.json:{line}: root.dag.tasks.use.")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "p.yaml: The file holds nothing; compile the pipeline again"),
        (
            b"# only\n---\n# comments\n",
            "p.yaml: The file holds nothing but comments or blank lines; "
            "compile the pipeline again",
        ),
        (
            KUBERNETES.encode(),
            "p.yaml: The file holds only a platform spec; compile the pipeline again",
        ),
        (
            b"- a\n- b\n",
            "p.yaml:1: The file holds a list or text, not a pipeline; give what the KFP SDK"
            " compiled",
        ),
        (
            b"just text\n",
            "p.yaml:1: The file holds a list or text, not a pipeline; give what the KFP SDK"
            " compiled",
        ),
        (
            b"apiVersion: argoproj.io/v1alpha1\nkind: Workflow\n",
            "p.yaml:1: The file holds a Kubernetes object of kind 'Workflow'; "
            "compile the pipeline with the KFP SDK 2 to its YAML",
        ),
        (
            f"{SPEC}---\n{SPEC}".encode(),
            "p.yaml: The file holds 2 pipelines; give each its own file",
        ),
        (
            f"{SPEC}{KUBERNETES}{KUBERNETES}".encode(),
            "p.yaml: The file holds 2 platform specs; give each its own file",
        ),
        (b"a: 1\nb: \xff\n", "p.yaml:2: Byte 8 is not UTF-8; save the file as UTF-8"),
        (b"a: \x00\n", "p.yaml:1: YAML does not allow character 3; remove it"),
        (
            b"a: 1\nb: c: d\n",
            "p.yaml:2: This is not valid YAML: mapping values are not allowed in this context",
        ),
        (
            b"a: 1\na: 3\nb: c: d\n",
            "p.yaml:3: This is not valid YAML: mapping values are not allowed in this context",
        ),
        (
            b"a: 1\na: 2\n---\n- b\n",
            "p.yaml:2: Key 'a' is given twice; remove one\n"
            "p.yaml:1: The file holds an object with 'a', not a pipeline; give what the KFP SDK"
            " compiled",
        ),
        (b"? [a]\n: 1\n", "p.yaml:1: A key is a list or a mapping; make it text"),
        (b"a: &x\n- *x\n", "p.yaml:1: An alias contains itself; write the value out"),
        (b"a: *x\n", "p.yaml:1: This is not valid YAML: found undefined alias"),
        (
            b"a: !!python/object:os.system {}\n",
            "p.yaml:1: Tag 'tag:yaml.org,2002:python/object:os.system' "
            "means nothing here; remove it",
        ),
        (b'{"a": 1e999}', "p.yaml: '1e999' is too large a number"),
        (b'{"a": NaN}', "p.yaml: NaN is not a number in JSON; quote it or remove it"),
        (
            b'{"a": "\\ud800"}',
            "p.yaml: A string has half of a surrogate pair; write the character",
        ),
        (b'{"a": ' + b"9" * 5000 + b"}", f"p.yaml: '{'9' * 60}…' cannot be read as a number"),
    ],
)
def test_what_is_no_pipeline_file_is_refused(data: bytes, message: str) -> None:
    assert refusal(data) == message


def test_what_is_no_number_of_json_hides_nothing_behind_it() -> None:
    text = SPEC.replace("pipelineInfo:", "defaultPipelineRoot: 1\npipelineInfo:")
    text = text.replace("schemaVersion: 0.0.1", "schemaVersion: .nan", 1)

    assert refusal(text.encode()).splitlines() == [
        "p.yaml:13: '.nan' is not a number in JSON; quote it or remove it",
        "p.yaml:36: defaultPipelineRoot: Is a number, not a string; put it in quotes",
    ]


def test_a_file_that_claims_to_be_json_is_held_to_it() -> None:
    assert refusal(b'{"a": 1,\n b: 2}', file="p.json") == (
        "p.json:2: This is not valid JSON: Expecting property name enclosed in double quotes"
    )


def test_a_file_above_the_limit_is_not_read() -> None:
    assert refusal(b"a" * 2049, max_size_bytes=2048) == (
        "p.yaml: The file has 2049 bytes, more than the 2048 bytes allowed; "
        "raise --max-size if it is a pipeline"
    )


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"[" * 10_000, id="flow lists"),
        pytest.param(b"{a: " * 10_000, id="flow mappings"),
        pytest.param(b"- " * 10_000, id="block lists"),
        pytest.param(b"".join(b" " * n + b"a:\n" for n in range(10_000)), id="block mappings"),
        pytest.param(b'{"a":' * 10_000 + b"1" + b"}" * 10_000, id="JSON objects"),
        pytest.param(b'{"a":' + b"[" * 10_000 + b"]" * 10_000 + b"}", id="JSON lists"),
        pytest.param(
            b"a0: &a0 [x]\n"
            + b"".join(b"a%d: &a%d [*a%d]\n" % (n, n, n - 1) for n in range(1, 10_000)),
            id="through aliases",
        ),
    ],
)
def test_deep_nesting_is_refused(data: bytes) -> None:
    message = refusal(data, max_size_bytes=2**26)

    assert message.endswith("The nesting is deeper than 100 levels; is this the right file?")


def test_an_alias_bomb_is_refused() -> None:
    lines = [b"a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
    lines += [b"a%d: &a%d [%s]" % (n, n, b", ".join([b"*a%d" % (n - 1)] * 9)) for n in range(1, 99)]

    assert refusal(b"\n".join(lines)) == (
        "p.yaml: The aliases stand for more than 1 MB; write the values out"
    )


def test_what_argosy_cannot_run_is_another_error_than_what_is_wrong() -> None:
    document = edited("deploymentSpec/executors/exec-use", {"customJob": {"customJob": {}}})

    with pytest.raises(UnsupportedError) as caught:
        read(document)

    assert [problem.message for problem in caught.value.problems] == [
        "Argosy cannot run an executor of kind 'customJob'; use a container or an importer"
    ]


def test_a_pipeline_that_is_wrong_as_well_is_invalid() -> None:
    document = edited("deploymentSpec/executors/exec-use", {"resolver": {}})

    with pytest.raises(InvalidPipelineError) as caught:
        read(edited("schemaVersion", "3.0.0", document))

    assert type(caught.value) is InvalidPipelineError
    assert len(caught.value.problems) == 2


def test_a_good_file_is_read_without_jsonschema() -> None:
    code = (
        "import sys\n"
        "from argosy_schemas.reading.pipeline import read_pipeline\n"
        "read_pipeline(sys.stdin.buffer.read(), file='p.yaml')\n"
        "assert 'jsonschema' not in sys.modules\n"
    )

    subprocess.run([sys.executable, "-c", code], input=SPEC.encode(), check=True)


def test_what_is_found_later_gets_file_and_lines() -> None:
    text = "root:\n  dag:\n    tasks:\n      a:\n        x: 1\n      a.b:\n        c: [1,\n    2]\n"
    paths = ["nowhere", "root.dag.tasks.a.b.c[1]", "root.dag.tasks.a (exec).y", "root['dag'].z"]

    found = add_lines(
        InvalidPipelineError(*(Problem(path=path, message="m") for path in paths)),
        text.encode(),
        file="p.yaml",
    )

    assert [str(problem) for problem in found.problems] == [
        "p.yaml: nowhere: m",
        "p.yaml:2: root['dag'].z: m",
        "p.yaml:4: root.dag.tasks.a (exec).y: m",
        "p.yaml:8: root.dag.tasks.a.b.c[1]: m",
    ]
