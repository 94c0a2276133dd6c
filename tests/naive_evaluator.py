"""What becomes of a pipeline, worked out from its IR in the plainest way.

It takes the JSON document, shares no code with what it is compared to, and knows only the tasks
that :mod:`random_pipelines` writes: their arguments say what the command does, so that nothing has
to run. It is slow, recursive and short on purpose: the specification, as a programme.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Json = Any
"""The document is JSON, and read as it comes."""

Origin = tuple[str, str]
"""Which task made an artifact, and as which output."""


class MissingError(Exception):
    """A value is needed that never came to be."""


class Wrong:
    """A value that never came to be, or is of another type than was declared.

    A DAG starts with it, since nobody looks at the inputs of a DAG before its tasks do; whoever
    looks at it fails.
    """

    def _fail(self, *_: object) -> Any:
        raise ValueError("it is missing, or of another type")

    __eq__ = __lt__ = __le__ = __gt__ = __ge__ = __int__ = __len__ = _fail
    __iter__ = __getitem__ = _fail
    __hash__ = None  # type: ignore[assignment]


@dataclass(kw_only=True)
class Ended:
    """What became of one task."""

    kind: str
    state: str
    began: bool = True
    """Whether there is anything below a DAG; a failing condition leaves it out as a false one."""
    attempts: int | None = 0
    """``None``: any number; whether such a failure is worth another try is not asked here."""
    parameters: dict[str, Json] = field(default_factory=dict[str, Json])
    artifacts: dict[str, list[Origin]] = field(default_factory=dict[str, list[Origin]])


@dataclass(kw_only=True)
class Given:
    """What a task, or a DAG, gets."""

    parameters: dict[str, Json] = field(default_factory=dict[str, Json])
    artifacts: dict[str, list[Origin]] = field(default_factory=dict[str, list[Origin]])


@dataclass(kw_only=True)
class Run:
    """The outcome of a run: tasks by path, those below one that never began left out."""

    tasks: dict[str, Ended] = field(default_factory=dict[str, Ended])
    outputs: Ended


def evaluate(document: Json, parameters: Mapping[str, Json]) -> Run:
    """Return the outcome of a pipeline with these parameters."""
    root = document["root"]
    given = Given()
    for name, spec in declared(root, "input", "parameters").items():
        given.parameters[name] = parameters.get(name, spec.get("defaultValue"))
    evaluator = _Evaluator(document)
    ended = evaluator.dag(root, given, "", retries=0)
    return Run(tasks=evaluator.tasks, outputs=ended)


def declared(component: Json, side: str, kind: str) -> dict[str, Json]:
    """Return the declared inputs or outputs of a component."""
    found: dict[str, Json] = component.get(f"{side}Definitions", {}).get(kind, {})
    return found


class _Evaluator:
    def __init__(self, document: Json) -> None:
        self.components = document.get("components", {})
        self.executors = document["deploymentSpec"]["executors"]
        self.tasks: dict[str, Ended] = {}

    def dag(self, component: Json, given: Given, path: str, *, retries: int) -> Ended:
        """Evaluate a DAG; the keys of its tasks go below ``path``."""
        done: dict[str, Ended] = {}
        tasks = component["dag"]["tasks"]
        while len(done) < len(tasks):
            for key, task in tasks.items():
                if key not in done and dependencies(task) <= done.keys():
                    done[key] = self.task(key, task, given, done, path, retries)
                    self.tasks[path + key] = done[key]
        state = "FAILED" if any(one.state == "FAILED" for one in done.values()) else "SUCCEEDED"
        ended = Ended(kind="dag", state=state)
        if state == "SUCCEEDED":
            self.outputs(component, done, ended)
        return ended

    def task(
        self, key: str, task: Json, outer: Given, done: dict[str, Ended], path: str, retries: int
    ) -> Ended:
        component = self.components[task["componentRef"]["name"]]
        kind = self.kind(task, component)
        policy = task.get("triggerPolicy", {})
        in_any_case = policy.get("strategy") == "ALL_UPSTREAM_TASKS_COMPLETED"
        came = all(done[name].state == "SUCCEEDED" for name in dependencies(task))
        if not came and not in_any_case:
            return Ended(kind=kind, state="NOT_RUN", began=False)
        if "retryPolicy" in task:
            retries = task["retryPolicy"].get("maxRetryCount", 0)
        try:
            given = self.inputs(task, component, outer, done)
            if "condition" in policy and not holds(policy["condition"], given.parameters):
                return Ended(kind=kind, state="SKIPPED", began=False)
            each = iteration_inputs(task, component, given) if kind == "loop" else []
        except (MissingError, ValueError):
            return Ended(kind=kind, state="FAILED", began=False, attempts=None)
        if kind == "loop":
            return self.loop(component, each, f"{path}{key}", retries)
        if kind == "dag":
            return self.dag(component, given, f"{path}{key}/", retries=retries)
        if kind == "importer":
            uri = self.executors[component["executorLabel"]]["importer"]["artifactUri"]["constant"]
            return Ended(kind=kind, state="SUCCEEDED", artifacts={"artifact": [("", uri)]})
        return self.container(component, given, path + key, retries)

    def kind(self, task: Json, component: Json) -> str:
        if "parameterIterator" in task or "artifactIterator" in task:
            return "loop"
        if "dag" in component:
            return "dag"
        return str(*self.executors[component["executorLabel"]])

    def inputs(self, task: Json, component: Json, outer: Given, done: dict[str, Ended]) -> Given:
        given = Given()
        types = declared(component, "input", "parameters")
        for name, source in task.get("inputs", {}).get("parameters", {}).items():
            try:
                value = parameter(source, outer, done)
            except MissingError:
                # One that does not run in any case counts on what it waits for.
                in_any_case = "strategy" in task.get("triggerPolicy", {})
                if "defaultValue" in types[name] and in_any_case:
                    value = types[name]["defaultValue"]
                elif "dag" in component:
                    value = Wrong()
                else:
                    raise
            given.parameters[name] = coerced(value, types[name]["parameterType"])
        for name, source in task.get("inputs", {}).get("artifacts", {}).items():
            if "componentInputArtifact" in source:
                there, key = outer.artifacts, source["componentInputArtifact"]
            else:
                output = source["taskOutputArtifact"]
                there, key = done[output["producerTask"]].artifacts, output["outputArtifactKey"]
            if key in there:
                given.artifacts[name] = there[key]
            elif "dag" not in component:
                raise MissingError(name)
        return given

    def loop(self, component: Json, each: list[Given], path: str, retries: int) -> Ended:
        iterations: list[Ended] = []
        for index, inner in enumerate(each):
            at = f"{path}/{index}"
            ended = self.dag(component, inner, f"{at}/", retries=retries)
            ended.kind = "iteration"
            self.tasks[at] = ended
            iterations.append(ended)
        failed = any(one.state == "FAILED" for one in iterations)
        ended = Ended(kind="loop", state="FAILED" if failed else "SUCCEEDED")
        if not failed:
            # What an iteration does not have it does not contribute.
            for name in declared(component, "output", "parameters"):
                have = [one for one in iterations if name in one.parameters]
                ended.parameters[name] = [one.parameters[name] for one in have]
            for name in declared(component, "output", "artifacts"):
                lists = [one.artifacts.get(name, []) for one in iterations]
                ended.artifacts[name] = [origin for one in lists for origin in one]
        return ended

    def outputs(self, component: Json, done: dict[str, Ended], ended: Ended) -> None:
        """Fill in the outputs of a DAG that succeeded, as far as its tasks have them."""
        specs = component["dag"].get("outputs", {})
        for name, spec in specs.get("parameters", {}).items():
            one_of = spec.get("valueFromOneof", {}).get("parameterSelectors")
            for selector in one_of or [spec["valueFromParameter"]]:
                producer = done[selector["producerSubtask"]]
                if producer.state == "SUCCEEDED":
                    key = selector["outputParameterKey"]
                    if key in producer.parameters:
                        ended.parameters[name] = producer.parameters[key]
                    break
        for name, spec in specs.get("artifacts", {}).items():
            for selector in spec["artifactSelectors"]:
                producer = done[selector["producerSubtask"]]
                if producer.state == "SUCCEEDED":
                    key = selector["outputArtifactKey"]
                    if key in producer.artifacts:
                        ended.artifacts[name] = producer.artifacts[key]
                    break

    def container(self, component: Json, given: Given, path: str, retries: int) -> Ended:
        if any(isinstance(each, Wrong) for each in given.parameters.values()):
            return Ended(kind="container", state="FAILED", attempts=None)
        behaviour, number, value, *_ = self.executors[component["executorLabel"]]["container"][
            "args"
        ]
        if behaviour == "fail":
            return Ended(kind="container", state="FAILED", attempts=retries + 1)
        attempts = 1
        if behaviour == "flaky":
            attempts = min(int(number), retries) + 1
            if int(number) > retries:
                return Ended(kind="container", state="FAILED", attempts=attempts)
        ended = Ended(kind="container", state="SUCCEEDED", attempts=attempts)
        text = re.sub(
            r"{{\$\.inputs\.parameters\['([^']+)'\]}}",
            lambda match: to_text(given.parameters[match[1]]),
            value,
        )
        for name, spec in declared(component, "output", "parameters").items():
            if behaviour == "silent":
                return Ended(kind="container", state="FAILED", attempts=None)
            kind = spec["parameterType"]
            ended.parameters[name] = text if kind == "STRING" else json.loads(text)
        for name in declared(component, "output", "artifacts"):
            ended.artifacts[name] = [(path, name)]
        return ended


def iteration_inputs(task: Json, component: Json, given: Given) -> list[Given]:
    """Return what each iteration of a loop gets."""
    if "artifactIterator" in task:
        iterator = task["artifactIterator"]
        name = iterator["itemInput"]
        if iterator["items"]["inputArtifact"] not in given.artifacts:
            raise MissingError(name)
        return [
            Given(parameters=given.parameters, artifacts={**given.artifacts, name: [origin]})
            for origin in given.artifacts[iterator["items"]["inputArtifact"]]
        ]
    iterator = task["parameterIterator"]
    name = iterator["itemInput"]
    if "raw" in iterator["items"]:
        items = json.loads(iterator["items"]["raw"])
    else:
        items = given.parameters[iterator["items"]["inputParameter"]]
        items = json.loads(items) if isinstance(items, str) else items
    kind = declared(component, "input", "parameters")[name]["parameterType"]
    return [
        Given(parameters={**given.parameters, name: coerced(item, kind)}, artifacts=given.artifacts)
        for item in items
    ]


def dependencies(task: Json) -> set[str]:
    """Return the siblings that a task waits for."""
    found = set(task.get("dependentTasks", []))
    inputs = task.get("inputs", {})
    for source in inputs.get("parameters", {}).values():
        if "taskOutputParameter" in source:
            found.add(source["taskOutputParameter"]["producerTask"])
    for source in inputs.get("artifacts", {}).values():
        if "taskOutputArtifact" in source:
            found.add(source["taskOutputArtifact"]["producerTask"])
    return found


def parameter(source: Json, outer: Given, done: dict[str, Ended]) -> Json:
    """Return the value that a task's input comes from."""
    if "runtimeValue" in source:
        return source["runtimeValue"]["constant"]
    if "taskFinalStatus" in source:
        producer = source["taskFinalStatus"]["producerTask"]
        states = {"SUCCEEDED": "COMPLETE", "FAILED": "FAILED"}
        state = states.get(done[producer].state, "CANCELED")
        return {"state": state, "pipelineTaskName": producer}
    if "taskOutputParameter" in source:
        output = source["taskOutputParameter"]
        values = done[output["producerTask"]].parameters
        name = output["outputParameterKey"]
    else:
        values, name = outer.parameters, source["componentInputParameter"]
    if name not in values:
        raise MissingError(name)
    value = values[name]
    if "parameterExpressionSelector" in source:
        match = re.fullmatch(
            r'parseJson\(string_value\)\["(\w+)"\]', source["parameterExpressionSelector"]
        )
        assert match is not None
        value = (json.loads(value) if isinstance(value, str) else value)[match[1]]
    return value


def coerced(value: Json, kind: str) -> Json:
    """Return a value as an input of this type receives it; null passes groups as it is."""
    if value is None or isinstance(value, Wrong):
        return value
    if kind == "STRING":
        return to_text(value)
    return value if type(value) in KINDS[kind] else Wrong()


KINDS: Mapping[str, tuple[type, ...]] = {
    "NUMBER_INTEGER": (int, float),
    "BOOLEAN": (bool,),
    "LIST": (list,),
    "STRUCT": (dict,),
    "TASK_FINAL_STATUS": (dict,),
}


def to_text(value: Json) -> str:
    """Return the text form of a value."""
    if isinstance(value, str):
        return value
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


NAMES = {"true": True, "false": False, "null": None, "parseJson": json.loads}


def holds(condition: str, values: Mapping[str, Json]) -> bool:
    """Return the outcome of a condition as :mod:`random_pipelines` writes it, by Python's own."""
    python = re.sub(r"inputs\.parameter_values\['([^']+)'\]", r"value['\1']", condition)
    for cel, own in (("&&", "and"), ("||", "or"), ("!(", "not (")):
        python = python.replace(cel, own)
    outcome: bool = eval(python, {"value": values, **NAMES})
    return outcome
