"""What must hold in a pipeline beyond its structure, and the words for where it does not."""

from __future__ import annotations

from typing import Any

import pytest

from argosy_schemas.errors import UnsupportedError
from argosy_schemas.message_text import quote_text
from schemas_specs import MISSING, edited, problems, read, small

TASKS = "root/dag/tasks"
USE = f"{TASKS}/use"
MAKE_INPUT = "root.dag.tasks.make.inputs.parameters.count"
USE_TEXT = "root.dag.tasks.use.inputs.parameters.text"


def with_loop(**iterator: Any) -> dict[str, Any]:
    """The small pipeline with ``make``, as a DAG of one task, in a loop."""
    document = edited(f"{TASKS}/make/parameterIterator", {"itemInput": "count", **iterator})
    document = edited(f"{TASKS}/make/inputs", MISSING, document)
    made = document["components"]["comp-make"]
    document["components"]["comp-body"] = {
        "dag": {
            "tasks": {
                "make": {
                    "componentRef": {"name": "comp-make"},
                    "inputs": {"parameters": {"count": {"componentInputParameter": "count"}}},
                }
            },
            "outputs": {
                "parameters": {
                    "Output": {
                        "valueFromParameter": {
                            "producerSubtask": "make",
                            "outputParameterKey": "Output",
                        }
                    }
                },
                "artifacts": {
                    "data": {
                        "artifactSelectors": [
                            {"producerSubtask": "make", "outputArtifactKey": "data"}
                        ]
                    }
                },
            },
        },
        "inputDefinitions": made["inputDefinitions"],
        "outputDefinitions": made["outputDefinitions"],
    }
    return edited(f"{TASKS}/make/componentRef/name", "comp-body", document)


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("schemaVersion", "2.0.0", ["schemaVersion: Version '2.0.0' is not '2.1.0'; "
                                    "compile with the KFP SDK 2"]),
        ("schemaVersion", MISSING, ["schemaVersion: There is no schemaVersion; "
                                    "is the file complete? Pipelines have '2.1.0'"]),
        ("pipelineInfo", MISSING, ["pipelineInfo.name: The pipeline has no name; set one"]),
        ("pipelineInfo/name", "", ["pipelineInfo.name: The pipeline has no name; set one"]),
        ("pipelineInfo/name", "a\tb", ["pipelineInfo.name: The name has control characters "
                                       "or more than 200 characters; choose another one"]),
        ("pipelineInfo/name", "a/../b", ["pipelineInfo.name: The name 'a/../b' cannot be "
                                         "part of a path; choose another one"]),
        ("root", MISSING, ["root: There is no root; is the file complete?"]),
        ("root/dag", MISSING, ["root: The root is not a DAG; compile a pipeline, not a component"]),
        (TASKS, {}, ["root.dag: The DAG has no task; add one"]),
        ("components/root", {"executorLabel": "exec-use"},
         ["components.root: No component may be called 'root'; rename it"]),
    ],
)  # fmt: skip
def test_the_pipeline_as_a_whole(path: str, value: Any, expected: list[str]) -> None:
    assert problems(edited(path, value)) == expected


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        (f"{USE}/componentRef/name", "comp-uze",
         ["root.dag.tasks.use.componentRef.name: There is no component 'comp-uze'; "
          "did you mean 'comp-use'?"]),
        (f"{USE}/componentRef/name", "zzz",
         ["root.dag.tasks.use.componentRef.name: There is no component 'zzz'; "
          "add it to 'components'"]),
        (f"{USE}/componentRef", MISSING,
         ["root.dag.tasks.use: The task has no component; set 'componentRef.name'"]),
        ("components/comp-use/executorLabel", MISSING,
         ["components.comp-use: The component has neither 'dag' nor 'executorLabel'; set one, "
          "or put a task into the If or ParallelFor that compiled to it"]),
        ("components/comp-use/executorLabel", "exec-uze",
         ["components.comp-use.executorLabel: There is no executor 'exec-uze'; "
          "did you mean 'exec-use'?"]),
        ("components/comp-use/inputDefinitions/parameters/text", {},
         ["components.comp-use.inputDefinitions.parameters.text: Parameter 'text' has no type; "
          "set 'parameterType'"]),
        ("deploymentSpec/executors/exec-use", {},
         ["deploymentSpec.executors.exec-use: The executor has no kind; "
          "set 'container' or 'importer'"]),
        ("deploymentSpec/executors/exec-use", {"container": {}},
         ["deploymentSpec.executors.exec-use.container: The container has no image; set 'image'"]),
        ("deploymentSpec/executors/exec-use/container/env", [{"name": "A"}, {"value": "b"}],
         ["deploymentSpec.executors.exec-use.container.env[1]: The environment variable has no "
          "name; set one without '='"]),
        ("deploymentSpec/executors/exec-use", {"importer": {}},
         ["deploymentSpec.executors.exec-use.importer: The importer has no URI; "
          "set 'artifactUri'"]),
        ("deploymentSpec/executors/exec-use",
         {"importer": {"artifactUri": {"runtimeParameter": "txt"}}},
         ["deploymentSpec.executors.exec-use.importer.artifactUri.runtimeParameter: The URI comes "
          "from parameter 'txt', which is not declared; did you mean 'text'?"]),
        ("deploymentSpec/executors/exec-use", {"resolver": {}},
         ["deploymentSpec.executors.exec-use.resolver: Argosy cannot run an executor of kind "
          "'resolver'; use a container or an importer"]),
        ("components/comp-make/outputDefinitions/artifacts/data/artifactType",
         {"schemaUri": "gs://schema"},
         ["components.comp-make.outputDefinitions.artifacts.data.artifactType.schemaUri: Argosy "
          "cannot read 'schemaUri'; use 'schemaTitle' or 'instanceSchema'"]),
        ("deploymentSpec/executors/exec-use",
         {"importer": {"artifactUri": {"constant": "gs://x"}, "typeSchema": {"schemaUri": "s"}}},
         ["deploymentSpec.executors.exec-use.importer.typeSchema.schemaUri: Argosy "
          "cannot read 'schemaUri'; use 'schemaTitle' or 'instanceSchema'"]),
    ],
)  # fmt: skip
def test_components_and_executors(path: str, value: Any, expected: list[str]) -> None:
    assert problems(edited(path, value)) == expected


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        (f"{USE}/dependentTasks/0", "mke",
         ["root.dag.tasks.use.dependentTasks[0]: There is no task 'mke' in this DAG; "
          "did you mean 'make'?"]),
        (f"{USE}/inputs/parameters/text/taskOutputParameter/producerTask", "mke",
         [f"{USE_TEXT}.taskOutputParameter: There is no task 'mke' in this DAG; "
          "did you mean 'make'?"]),
        (f"{USE}/inputs/parameters/text/taskOutputParameter/outputParameterKey", "Outputs",
         [f"{USE_TEXT}.taskOutputParameter: Task 'make' has no output parameter 'Outputs'; "
          "did you mean 'Output'?"]),
        (f"{USE}/inputs/parameters/text/taskOutputParameter/outputParameterKey", "data",
         [f"{USE_TEXT}.taskOutputParameter: Output 'data' of task 'make' is an artifact, "
          "not a parameter; refer to it as an artifact"]),
        (f"{USE}/inputs/artifacts/data/taskOutputArtifact/outputArtifactKey", "Output",
         ["root.dag.tasks.use.inputs.artifacts.data.taskOutputArtifact: Output 'Output' of task "
          "'make' is a parameter, not an artifact; refer to it as a parameter"]),
        (f"{USE}/inputs/artifacts/data", {"componentInputArtifact": "count"},
         ["root.dag.tasks.use.inputs.artifacts.data.componentInputArtifact: Input 'count' of this "
          "DAG is a parameter, not an artifact; refer to it as a parameter"]),
        (f"{USE}/inputs/artifacts/data", {},
         ["root.dag.tasks.use.inputs.artifacts.data: Artifact 'data' has no source; "
          "set one"]),
        (f"{USE}/inputs/parameters/text", {},
         [f"{USE_TEXT}: Parameter 'text' has no source; set one"]),
        (f"{USE}/inputs/parameters/text", {"taskFinalStatus": {"producerTask": "mke"}},
         [f"{USE_TEXT}.taskFinalStatus: There is no task 'mke' in this DAG; did you mean 'make'?"]),
        (f"{TASKS}/make/inputs/parameters/count/componentInputParameter", "zzz",
         [f"{MAKE_INPUT}.componentInputParameter: This DAG declares no input parameter 'zzz'; "
          "declare it in 'inputDefinitions'"]),
        (f"{USE}/inputs/parameters/text", MISSING,
         ["root.dag.tasks.use: The task does not pass the required input parameter 'text'; "
          "pass it"]),
        (f"{USE}/inputs/artifacts", MISSING,
         ["root.dag.tasks.use: The task does not pass the required input artifact 'data'; "
          "pass it"]),
        (f"{USE}/inputs/parameters/data", {"runtimeValue": {"constant": "x"}},
         ["root.dag.tasks.use.inputs.parameters.data: The component declares 'data' in "
          "'artifacts'; pass it in 'inputs.artifacts'"]),
        (f"{USE}/retryPolicy", {"maxRetryCount": -1, "backoffDuration": "-1s"},
         ["root.dag.tasks.use.retryPolicy.backoffDuration: '-1s' is negative; "
          "write '0s' or more",
          "root.dag.tasks.use.retryPolicy.maxRetryCount: -1 is negative; write 0 or more"]),
    ],
)  # fmt: skip
def test_references(path: str, value: Any, expected: list[str]) -> None:
    assert problems(edited(path, value)) == expected


def test_a_misspelt_input_is_told_beside_the_one_that_is_missing() -> None:
    document = edited(f"{USE}/inputs/parameters/text", MISSING)

    assert problems(
        edited(f"{USE}/inputs/parameters/txt", {"runtimeValue": {"constant": "x"}}, document)
    ) == [
        "root.dag.tasks.use: The task does not pass the required input parameter 'text'; pass it",
        "root.dag.tasks.use.inputs.parameters.txt: The component declares no input 'txt'; "
        "did you mean 'text'?",
    ]


def test_channels_that_a_component_does_not_declare_are_no_fault() -> None:
    source = {"componentInputParameter": "count"}

    assert read(edited(f"{USE}/inputs/parameters/pipelinechannel--count", source))


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("STRING", "STRING"),
        ("NUMBER_INTEGER", "STRING"),
        ("NUMBER_DOUBLE", "STRING"),
        ("BOOLEAN", "STRING"),
        ("LIST", "STRING"),
        ("STRUCT", "STRING"),
        ("NUMBER_INTEGER", "NUMBER_DOUBLE"),
        ("NUMBER_DOUBLE", "NUMBER_INTEGER"),
        ("STRUCT", "TASK_FINAL_STATUS"),
        ("STRUCT", "TASK_CONFIG"),
    ],
)
def test_a_parameter_takes_its_own_type_and_what_becomes_it(given: str, wanted: str) -> None:
    document = edited(
        "components/comp-make/outputDefinitions/parameters/Output/parameterType", given
    )

    path = "components/comp-use/inputDefinitions/parameters/text/parameterType"
    assert read(edited(path, wanted, document))


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("STRING", "NUMBER_INTEGER"),
        ("STRING", "LIST"),
        ("NUMBER_INTEGER", "BOOLEAN"),
        ("BOOLEAN", "NUMBER_DOUBLE"),
        ("LIST", "STRUCT"),
        ("STRUCT", "LIST"),
    ],
)
def test_a_parameter_of_another_type_is_refused(given: str, wanted: str) -> None:
    document = edited(
        "components/comp-make/outputDefinitions/parameters/Output/parameterType", given
    )
    path = "components/comp-use/inputDefinitions/parameters/text/parameterType"

    assert problems(edited(path, wanted, document)) == [
        f"{USE_TEXT}: Parameter 'text' is a {wanted} and gets output 'Output' of task 'make', "
        f"a {given}; make them the same"
    ]


def test_what_a_selector_picks_out_has_any_type() -> None:
    document = edited(
        "components/comp-use/inputDefinitions/parameters/text/parameterType", "NUMBER_INTEGER"
    )
    selector = 'parseJson(string_value)["a"]'

    assert read(
        edited(f"{USE}/inputs/parameters/text/parameterExpressionSelector", selector, document)
    )


@pytest.mark.parametrize(
    ("wanted", "constant"),
    [
        ("NUMBER_INTEGER", 3.5),
        ("NUMBER_INTEGER", None),
        ("NUMBER_INTEGER", "{{$.inputs.parameters['x']}}"),
        ("STRING", 5),
        ("LIST", [1]),
        ("STRUCT", {"a": 1}),
    ],
)
def test_a_constant_that_fits_is_taken(wanted: str, constant: Any) -> None:
    document = edited("components/comp-use/inputDefinitions/parameters/text/parameterType", wanted)
    source = {"runtimeValue": {"constant": constant}}

    assert read(edited(f"{USE}/inputs/parameters/text", source, document))


@pytest.mark.parametrize(
    ("wanted", "constant", "kind"),
    [
        ("NUMBER_INTEGER", "5", "a string"),
        ("BOOLEAN", 1, "a number"),
        ("LIST", {"a": 1}, "an object"),
        ("STRUCT", [1], "a list"),
        ("STRUCT", True, "a boolean"),
    ],
)
def test_a_constant_of_another_kind_is_refused(wanted: str, constant: Any, kind: str) -> None:
    document = edited("components/comp-use/inputDefinitions/parameters/text/parameterType", wanted)
    source = {"runtimeValue": {"constant": constant}}

    assert problems(edited(f"{USE}/inputs/parameters/text", source, document)) == [
        f"{USE_TEXT}: The constant of parameter 'text' is {kind}, not a {wanted}; change it"
    ]


def test_a_default_or_an_option_makes_an_input_not_required() -> None:
    document = edited(f"{USE}/inputs", MISSING)
    document = edited(
        "components/comp-use/inputDefinitions/parameters/text/defaultValue", "x", document
    )

    assert read(
        edited("components/comp-use/inputDefinitions/artifacts/data/isOptional", True, document)
    )


def test_a_cycle_is_named_in_the_order_of_running() -> None:
    document = edited(f"{TASKS}/make/dependentTasks", ["use"])

    assert problems(document) == [
        "root.dag.tasks.make: The tasks depend on each other in a cycle: "
        "'make' -> 'use' -> 'make'; remove one dependency"
    ]


def test_a_task_that_waits_for_itself_is_a_cycle() -> None:
    assert problems(edited(f"{TASKS}/make/dependentTasks", ["make"])) == [
        "root.dag.tasks.make: The tasks depend on each other in a cycle: "
        "'make' -> 'make'; remove one dependency"
    ]


def test_a_component_that_uses_itself_is_named_with_its_users() -> None:
    document = small()
    for name, used in (("comp-a", "comp-b"), ("comp-b", "comp-a")):
        document["components"][name] = {"dag": {"tasks": {"t": {"componentRef": {"name": used}}}}}
    document["root"]["dag"]["tasks"]["t"] = {"componentRef": {"name": "comp-b"}}

    assert problems(document) == [
        "components.comp-a: The component uses itself: 'comp-a' -> 'comp-b' -> 'comp-a'; "
        "a pipeline cannot be recursive"
    ]


@pytest.mark.parametrize("key", ["", "a/b", "a\nb", ".", "..", "a" * 201, "{{x}}"])
def test_a_task_key_that_cannot_be_part_of_a_path_is_refused(key: str) -> None:
    document = small()
    document["root"]["dag"]["tasks"][key] = document["root"]["dag"]["tasks"]["make"]

    (problem,) = problems(document)

    assert problem.endswith(
        f"The task key {quote_text(key, most=200)} cannot be part of a path; "
        "use letters, digits and dashes"
    )


@pytest.mark.parametrize("key", ["a b", "A_1", "größe", "a.b", "3"])
def test_an_odd_task_key_is_taken(key: str) -> None:
    document = small()
    document["root"]["dag"]["tasks"][key] = document["root"]["dag"]["tasks"]["make"]

    pipeline = read(document)

    assert pipeline.root.dag is not None
    assert key in pipeline.root.dag.tasks


@pytest.mark.parametrize(
    ("iterator", "expected"),
    [
        ({"items": {"raw": "{}"}},
         ["root.dag.tasks.make.parameterIterator.items.raw: The items are not a JSON list; "
          "write one, such as '[1, 2]'"]),
        ({"items": {"raw": "[" * 100_000}},
         ["root.dag.tasks.make.parameterIterator.items.raw: The items are not a JSON list; "
          "write one, such as '[1, 2]'"]),
        ({"items": {}},
         ["root.dag.tasks.make.parameterIterator: The loop has no items; set 'items'"]),
        ({"items": {"inputParameter": "itms"}},
         ["root.dag.tasks.make.parameterIterator.items.inputParameter: The items come from input "
          "'itms', which the task does not have; pass it to the task"]),
        ({"items": {"inputParameter": "count"}},
         ["root.dag.tasks.make.parameterIterator.items.inputParameter: The items come from "
          "'count', a NUMBER_INTEGER; loop over a LIST"]),
        ({"items": {"raw": "[]"}, "itemInput": "cuont"},
         ["root.dag.tasks.make: The task does not pass the required input parameter 'count'; "
          "pass it",
          "root.dag.tasks.make.parameterIterator.itemInput: The item goes to input 'cuont', "
          "which is not declared; did you mean 'count'?"]),
    ],
)  # fmt: skip
def test_iterators(iterator: dict[str, Any], expected: list[str]) -> None:
    document = with_loop(**iterator)

    assert [item for item in problems(document) if "'text'" not in item] == expected


@pytest.mark.parametrize("kind", ["parameterIterator", "artifactIterator"])
@pytest.mark.parametrize("executor", ["container", "importer"])
def test_a_loop_goes_over_a_dag_only(kind: str, executor: str) -> None:
    over = "inputParameter" if kind == "parameterIterator" else "inputArtifact"
    iterator = {"itemInput": "text", "items": {over: "text"}}
    document = edited(f"{TASKS}/use/{kind}", iterator)
    if executor == "importer":
        importer = {"artifactUri": {"constant": "s3://bucket/x"}}
        document = edited("deploymentSpec/executors/exec-use", {"importer": importer}, document)

    assert (
        f"root.dag.tasks.use.{kind}: Argosy loops over DAGs only; put the task into a component"
        " with a DAG, and loop over that"
    ) in problems(document)


def test_a_condition_is_for_what_has_a_pod() -> None:
    document = edited(f"{TASKS}/use/triggerPolicy", {"condition": "1 == 1"})
    importer = {"importer": {"artifactUri": {"constant": "s3://bucket/x"}}}
    imported = edited("deploymentSpec/executors/exec-use", importer, document)

    assert read(document)
    with pytest.raises(UnsupportedError):
        read(imported)
    assert problems(imported) == [
        "root.dag.tasks.use.triggerPolicy.condition: An importer has no pod, so it cannot have a"
        " condition; put it into a component with a DAG, and set the condition of that"
    ]


def test_both_iterators_exclude_each_other() -> None:
    document = with_loop(items={"raw": "[]"})
    document["root"]["dag"]["tasks"]["make"]["artifactIterator"] = {"itemInput": "data"}

    assert problems(document) == [
        "root.dag.tasks.make: Has 'artifactIterator' and 'parameterIterator', "
        "which exclude each other; keep one",
    ]


@pytest.mark.parametrize("wanted", ["NUMBER_INTEGER", "NUMBER_DOUBLE", "BOOLEAN", "LIST", "STRUCT"])
def test_an_item_of_unknown_type_may_be_of_any(wanted: str) -> None:
    def with_item(name: str) -> dict[str, Any]:
        document = with_loop(items={"raw": "[1, 2]"}, itemInput=name)
        body = document["components"]["comp-body"]
        body["inputDefinitions"] = {"parameters": {name: {"parameterType": "STRING"}}}
        passed = {"componentInputParameter": name}
        body["dag"]["tasks"]["make"]["inputs"]["parameters"]["count"] = passed
        path = "components/comp-make/inputDefinitions/parameters/count/parameterType"
        return edited(path, wanted, document)

    assert read(with_item("pipelinechannel--n-loop-item"))
    assert problems(with_item("n")) == [
        "components.comp-body.dag.tasks.make.inputs.parameters.count: Parameter 'count' is a "
        f"{wanted} and gets input 'n' of this DAG, a STRING; make them the same"
    ]


def test_what_a_loop_collects_is_a_list() -> None:
    document = with_loop(items={"raw": "[1, 2]"})
    path = "components/comp-use/inputDefinitions/parameters/text/parameterType"

    assert read(edited(path, "LIST", document))
    assert problems(edited(path, "STRUCT", document)) == [
        f"{USE_TEXT}: Parameter 'text' is a STRUCT and gets output 'Output' of task 'make', "
        "a LIST; make them the same"
    ]


@pytest.mark.parametrize(
    ("outputs", "expected"),
    [
        ({}, ["root.outputDefinitions.parameters.o: Output 'o' comes from no task; "
              "add it to 'dag.outputs'"]),
        ({"parameters": {"o": {}}},
         ["root.dag.outputs.parameters.o: Output 'o' comes from no task; name one"]),
        ({"parameters": {"o": {"valueFromParameter": {"producerSubtask": "mke"}}}},
         ["root.dag.outputs.parameters.o.valueFromParameter: There is no task 'mke' in this DAG; "
          "did you mean 'make'?"]),
        ({"parameters": {"o": {"valueFromOneof": {"parameterSelectors": [
            {"producerSubtask": "make", "outputParameterKey": "Output"},
            {"producerSubtask": "make", "outputParameterKey": "data"}]}}}},
         ["root.dag.outputs.parameters.o.valueFromOneof.parameterSelectors[1]: Output 'data' of "
          "task 'make' is an artifact, not a parameter; refer to it as an artifact"]),
        ({"parameters": {"o": {"valueFromParameter": {"producerSubtask": "make",
                                                      "outputParameterKey": "Output"}}},
          "artifacts": {"d": {"artifactSelectors": [{"producerSubtask": "make",
                                                     "outputArtifactKey": "data"}]}}},
         ["root.dag.outputs.artifacts.d: The component declares no output 'd'; "
          "declare it in 'outputDefinitions'"]),
    ],
)  # fmt: skip
def test_outputs_of_a_dag(outputs: dict[str, Any], expected: list[str]) -> None:
    document = edited("root/outputDefinitions", {"parameters": {"o": {"parameterType": "STRING"}}})

    assert problems(edited("root/dag/outputs", outputs, document)) == expected


def kubernetes(**settings: Any) -> dict[str, Any]:
    """The platform document with settings by executor label, in which ``_`` stands for ``-``."""
    executors = {label.replace("_", "-"): config for label, config in settings.items()}
    return {"platforms": {"kubernetes": {"deploymentSpec": {"executors": executors}}}}


def secret(**source: Any) -> dict[str, Any]:
    return {"secretAsVolume": [{"mountPath": "/s", "secretNameParameter": source}]}


EXEC_USE = "platforms.kubernetes.deploymentSpec.executors.exec-use"
SECRET = f"{EXEC_USE}.secretAsVolume[0].secretNameParameter"


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"exec_uze": {}},
         "platforms.kubernetes.deploymentSpec.executors.exec-uze: "
         "The pipeline has no executor 'exec-uze'; did you mean 'exec-use'?"),
        ({"zzz": {}},
         "platforms.kubernetes.deploymentSpec.executors.zzz: "
         "The pipeline has no executor 'zzz'; remove its settings"),
        ({"exec_use": secret(componentInputParameter="cownt")},
         f"{SECRET}.componentInputParameter: This DAG declares no input parameter 'cownt'; "
         "did you mean 'count'?"),
        ({"exec_use": secret(taskOutputParameter={"producerTask": "maker",
                                                  "outputParameterKey": "Output"})},
         f"{SECRET}.taskOutputParameter: There is no task 'maker' in this DAG; "
         "did you mean 'make'?"),
        ({"exec_use": secret(taskOutputParameter={"producerTask": "make",
                                                  "outputParameterKey": "data"})},
         f"{SECRET}.taskOutputParameter: Output 'data' of task 'make' is an artifact, "
         "not a parameter; refer to it as an artifact"),
    ],
)  # fmt: skip
def test_kubernetes_settings(settings: dict[str, Any], expected: str) -> None:
    assert problems(small(), kubernetes(**settings)) == [expected]


def test_what_stands_in_a_constant_of_kubernetes_settings_is_a_value() -> None:
    constant = {"taskOutputParameter": {"producerTask": "none"}}
    settings = {"tolerations": [{"tolerationJson": {"runtimeValue": {"constant": constant}}}]}

    assert read(small(), kubernetes(exec_use=settings))


def test_a_task_waits_for_what_its_kubernetes_settings_take() -> None:
    document = edited(f"{TASKS}/other", {"componentRef": {"name": "comp-make"}})
    document["root"]["dag"]["tasks"]["other"]["inputs"] = {
        "parameters": {"count": {"runtimeValue": {"constant": 1}}}
    }
    source = {"producerTask": "other", "outputParameterKey": "Output"}

    pipeline = read(document, kubernetes(exec_use=secret(taskOutputParameter=source)))

    assert pipeline.root.dag is not None
    assert pipeline.root.dag.tasks["use"].dependencies == ("make", "other")
    tasks: Any = pipeline.document["root"]
    assert tasks["dag"]["tasks"]["use"]["dependentTasks"] == ["make", "other"]


def test_kubernetes_settings_can_close_a_cycle() -> None:
    source = {"producerTask": "use", "outputParameterKey": "Output"}
    document = edited(
        "components/comp-use/outputDefinitions",
        {"parameters": {"Output": {"parameterType": "STRING"}}},
    )

    assert problems(document, kubernetes(exec_make=secret(taskOutputParameter=source))) == [
        "root.dag.tasks.make: The tasks depend on each other in a cycle: "
        "'make' -> 'use' -> 'make'; remove one dependency"
    ]


INPUTS = "root/inputDefinitions"
PATH_ADVICE = "cannot be part of a path; use letters, digits, dashes and underscores"


@pytest.mark.parametrize("name", ["", ".", "..", "../../etc/passwd", "a/b", "a\nb", "x" * 201])
@pytest.mark.parametrize("side", ["parameters", "artifacts"])
def test_an_output_whose_name_cannot_be_a_file_is_refused(name: str, side: str) -> None:
    spec = {"parameters": {"parameterType": "STRING"}, "artifacts": {}}[side]
    document = edited("components/comp-use/outputDefinitions", {side: {name: spec}})

    (problem,) = problems(document)

    assert problem.endswith(f": The name {quote_text(name, most=200)} {PATH_ADVICE}")


@pytest.mark.parametrize("name", ["a b", "a.b", "a'b", "ä", "Output-1_x"])
def test_an_odd_name_of_an_inner_input_is_taken(name: str) -> None:
    spec = {"parameterType": "STRING", "isOptional": True}

    assert read(edited(f"components/comp-use/inputDefinitions/parameters/{name}", spec))


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        (f"{INPUTS}/parameters/a b", {"parameterType": "LIST"},
         "root.inputDefinitions.parameters['a b']: Input 'a b' cannot be a parameter of a "
         "workflow; use letters, digits, dashes and underscores"),
        (f"{INPUTS}/artifacts/ä", {},
         "root.inputDefinitions.artifacts['ä']: Input 'ä' cannot be a parameter of a "
         "workflow; use letters, digits, dashes and underscores"),
        (f"{INPUTS}/parameters/argosy-ir", {"parameterType": "LIST"},
         "root.inputDefinitions.parameters.argosy-ir: Argosy has a parameter 'argosy-ir' of its "
         "own; rename the input"),
        (f"{INPUTS}/parameters/argosy-items-1", {"parameterType": "LIST"},
         "root.inputDefinitions.parameters.argosy-items-1: Argosy has a parameter "
         "'argosy-items-1' of its own; rename the input"),
        (f"{INPUTS}/artifacts/count", {},
         "root.inputDefinitions.artifacts.count: There is a parameter 'count' as well; "
         "rename one of them"),
        (f"{INPUTS}/parameters/status", {"parameterType": "TASK_FINAL_STATUS"},
         "root.inputDefinitions.parameters.status: No run can receive a TASK_FINAL_STATUS; "
         "make it optional, or a STRUCT"),
        ("components/comp-use/outputDefinitions",
         {"parameters": {"config": {"parameterType": "TASK_CONFIG"}}},
         "components.comp-use.outputDefinitions.parameters.config: "
         "No component can output a TASK_CONFIG; make it a STRUCT"),
    ],
)  # fmt: skip
def test_inputs_and_outputs_that_nobody_could_give(path: str, value: Any, expected: str) -> None:
    assert problems(edited(path, value)) == [expected]


CONTAINER = "deploymentSpec/executors/exec-use/container"


@pytest.mark.parametrize(
    ("field", "value", "place"),
    [
        ("image", "{{$.inputs.parameters['txt']}}", "image"),
        ("image", "i:{{$.inputs.parameters[\"txt\"]}}", "image"),
        ("resources", {"resourceCpuLimit": "{{$.inputs.parameters['txt']}}"},
         "resources.resourceCpuLimit"),
    ],
)  # fmt: skip
def test_a_placeholder_for_an_input_that_nobody_passes_is_refused(
    field: str, value: Any, place: str
) -> None:
    document = edited(f"{CONTAINER}/{field}", value)

    assert problems(document) == [
        f"{CONTAINER.replace('/', '.')}.{place}: No input parameter 'txt' is declared or passed; "
        "did you mean 'text'?"
    ]
    # As the SDK passes channels.
    passed = {"runtimeValue": {"constant": "x"}}
    assert read(edited(f"{USE}/inputs/parameters/txt", passed, document))


def test_other_unknown_placeholders_stay_as_they_are() -> None:
    args = [
        "{{$.inputs.parameters['nix']}}",
        "{{$.inputs.artifacts['nix'].uri}}",
        "{{$.outputs.parameters['nix'].output_file}}",
        "{{$.foo}}",
        '{"IfPresent": {"InputName": "nix", "Then": "x"}}',
        '{"Concat": ["a", 5]}',
    ]

    assert read(edited(f"{CONTAINER}/args", args))


def test_an_artifact_that_a_python_component_does_not_declare_is_refused() -> None:
    """The SDK's executor looks for the type of each in the function, and fails; others need not."""
    source = {"taskOutputArtifact": {"producerTask": "make", "outputArtifactKey": "data"}}
    document = edited(f"{USE}/inputs/artifacts/extra", source)

    assert read(document)
    python = ["sh", "-ec", "python3 -m kfp.dsl.executor_main"]
    assert problems(edited(f"{CONTAINER}/command", python, document)) == [
        "root.dag.tasks.use.inputs.artifacts.extra: The Python function of the component has no "
        "input 'extra' and would fail; declare it, or do not pass it"
    ]


RESOURCES = "deploymentSpec/executors/exec-use/container/resources"


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        ({"resourceCpuLimit": "lots", "resourceMemoryLimit": "2GB"},
         ["resourceCpuLimit: 'lots' is not an amount; write one such as '500m' or '2Gi'",
          "resourceMemoryLimit: '2GB' is not an amount; write one such as '500m' or '2Gi'"]),
        ({"resourceCpuRequest": "-1"},
         ["resourceCpuRequest: '-1' is not an amount; write one such as '500m' or '2Gi'"]),
        ({"cpuLimit": -1, "memoryRequest": -0.5},
         ["cpuLimit: -1 is negative; write 0 or more",
          "memoryRequest: -0.5 is negative; write 0 or more"]),
        ({"accelerator": {"resourceType": "", "resourceCount": "many"}},
         ["accelerator.resourceCount: 'many' is not a number of accelerators; write 0 or more"]),
        ({"accelerator": {"type": "gpu", "count": "-1"}},
         ["accelerator.count: -1 is negative; write 0 or more"]),
        ({"resourceCpuLimit": "{{$.inputs.parameters['text']}}", "resourceMemoryLimit": "1.5e3",
          "accelerator": {"resourceType": "gpu", "resourceCount": "{{$.x}}"}}, []),
        ({"resourceCpuLimit": ".5", "resourceCpuRequest": "500m", "cpuLimit": 0.5,
          "resourceMemoryLimit": "2Gi", "accelerator": {"type": "gpu", "count": "2"}}, []),
    ],
)  # fmt: skip
def test_amounts_are_those_of_kubernetes(resources: dict[str, Any], expected: list[str]) -> None:
    document = edited(RESOURCES, resources)

    if expected:
        place = RESOURCES.replace("/", ".")
        assert problems(document) == [f"{place}.{one}" for one in expected]
    else:
        assert read(document)


@pytest.mark.parametrize(
    "holder", ["root/inputDefinitions", "components/comp-make/inputDefinitions"]
)
@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"parameterType": "NUMBER_INTEGER", "defaultValue": "x"},
         "The default of parameter 'count' is a string, not a NUMBER_INTEGER; change it"),
        ({"parameterType": "LIST", "defaultValue": {}},
         "The default of parameter 'count' is an object, not a LIST; change it"),
        ({"parameterType": "BOOLEAN", "defaultValue": "yes", "isOptional": True},
         "The default of parameter 'count' is a string, not a BOOLEAN; change it"),
    ],
)  # fmt: skip
def test_a_default_of_another_type_is_refused(
    holder: str, spec: dict[str, Any], expected: str
) -> None:
    path = f"{holder}/parameters/count"

    told = [one for one in problems(edited(path, spec)) if "default" in one]

    assert told == [f"{path.replace('/', '.')}.defaultValue: {expected}"]


@pytest.mark.parametrize(
    "spec",
    [
        {"parameterType": "NUMBER_INTEGER", "defaultValue": 1.5},  # as the reference
        {"parameterType": "NUMBER_INTEGER", "defaultValue": 1e30},
        {"parameterType": "NUMBER_INTEGER", "defaultValue": None, "isOptional": True},
        {"parameterType": "NUMBER_INTEGER", "defaultValue": 2.0, "literals": [1, 2]},
    ],
)
def test_a_default_that_fits_is_taken(spec: dict[str, Any]) -> None:
    assert read(edited("root/inputDefinitions/parameters/count", spec))


@pytest.mark.parametrize(
    ("kind", "text"),
    [("NUMBER_INTEGER", "1000"), ("NUMBER_DOUBLE", "0.3"), ("BOOLEAN", "True"), ("LIST", "[1]")],
)
def test_an_inner_default_may_be_a_text_that_reads_as_its_type(kind: str, text: str) -> None:
    """So the first releases of the SDK wrote those of YAML components."""
    spec = {"parameterType": kind, "defaultValue": text}
    document = edited("components/comp-make/inputDefinitions/parameters/size", spec)

    assert read(document)
    assert len(problems(edited("root/inputDefinitions/parameters/size", spec))) == 1


def test_a_string_takes_any_default_as_text() -> None:
    spec = {"parameterType": "STRING", "isOptional": True, "defaultValue": [1]}

    assert read(edited("root/inputDefinitions/parameters/word", spec))


def test_a_channel_is_not_taken_for_a_misspelt_input() -> None:
    document = edited(
        "components/comp-use/inputDefinitions/parameters/pipelinechannel--make-Output",
        {"parameterType": "STRING", "isOptional": True},
    )
    path = f"{USE}/inputs/parameters/pipelinechannel--make-Output-2"

    assert read(edited(path, {"runtimeValue": {"constant": "x"}}, document))


def test_what_nothing_reaches_is_checked_in_structure_only() -> None:
    unused = edited("components/lost", {"dag": {"tasks": {"t": {}}}})

    assert read(unused)
    assert problems(edited("components/lost/dag/x", 1, unused)) == [
        "components.lost.dag.x: Unknown field 'x'; remove it"
    ]
