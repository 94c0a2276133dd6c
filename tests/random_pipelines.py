"""Random pipelines as IR documents, as the SDK would write them.

DAGs of containers, nested pipelines, components used again, conditions with branches and
``OneOf``, static and dynamic loops with ``Collected``, failures, retries, exit handlers, tasks that
run in any case, final statuses, cached results. Each container is one ``sh``, whose first argument
says what it does:

* ``echo``    writes its value to its outputs
* ``fail``    fails
* ``flaky``   fails as often as its second argument says, as long as it is tried again
* ``silent``  succeeds without writing its output parameter

All comes from a seed, rather than from what Hypothesis would draw piece by piece, which tends to be
small and alike; a document is simplified faster by hand.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any

Json = dict[str, Any]

SCRIPT = """\
case "$0" in
fail) exit 3 ;;
flaky) [ "${KFP_RETRY_INDEX:-0}" -ge "$1" ] || exit 4 ;;
esac
[ "$0" = silent ] || [ -z "$3" ] || printf %s "$2" > "$3"
[ -z "$4" ] || printf %s "$2" > "$4"
"""

DATASET = {"artifactType": {"schemaTitle": "system.Dataset", "schemaVersion": "0.0.1"}}
IN_ANY_CASE = {"strategy": "ALL_UPSTREAM_TASKS_COMPLETED"}
DEFAULT = "by default"
IMPORTED = Path(__file__).as_uri()
"""A file that is there."""

_WORDS = ["heads", "tails", "x y", "it is", "ü", "", "12", "-7"]
_TYPES = ("STRING", "NUMBER_INTEGER", "BOOLEAN", "LIST")
_COMPARABLE = ("STRING", "NUMBER_INTEGER", "BOOLEAN", "LIST", "MAYBE")
_ARTIFACTS = ("ARTIFACT", "ARTIFACTS")


@dataclass(frozen=True)
class Channel:
    """A value that tasks of one DAG may use."""

    task: str | None
    """The task that yields it; ``None``: it is an input of the DAG."""
    output: str
    type: str
    """A parameter type, ``ARTIFACT`` or ``ARTIFACTS``; ``MAYBE``: a STRING that is null."""
    item: str = ""
    """Of a LIST, or of a STRING that holds one: the type of its items, where all have one."""
    member: str = ""
    """Only this member of a STRUCT."""
    risky: bool = False
    """It may be of another type than it is declared."""
    status_of: str | None = None
    """It is the final status of this task."""

    @property
    def name(self) -> str:
        """What an input that it is passed on by is called."""
        name = self.output if self.task is None else f"pipelinechannel--{self.task}-{self.output}"
        return f"{name}-subvar-{self.member}" if self.member else name

    @property
    def source(self) -> Json:
        """How the input of a task says that it comes from here."""
        if self.status_of is not None:
            return {"taskFinalStatus": {"producerTask": self.status_of}}
        kind = "Artifact" if self.type in _ARTIFACTS else "Parameter"
        if self.task is None:
            source: Json = {f"componentInput{kind}": self.output}
        else:
            key = "outputArtifactKey" if kind == "Artifact" else "outputParameterKey"
            source = {f"taskOutput{kind}": {"producerTask": self.task, key: self.output}}
        if self.member:
            source["parameterExpressionSelector"] = f'parseJson(string_value)["{self.member}"]'
        return source

    @property
    def spec(self) -> Json:
        """How a component declares it."""
        if self.type in _ARTIFACTS:
            return {**DATASET, "isArtifactList": True} if self.type == "ARTIFACTS" else DATASET
        return {"parameterType": "STRING" if self.type == "MAYBE" else self.type}

    @property
    def inside(self) -> Channel:
        """The same value in a DAG that it is passed on to."""
        return replace(self, task=None, output=self.name, member="", status_of=None)


@dataclass
class Scope:
    """One DAG while it is written."""

    channels: list[Channel]
    tasks: dict[str, Json] = field(default_factory=dict[str, Json])
    certain: set[str] = field(default_factory=set[str])
    """Tasks that have succeeded whenever the DAG has."""


@dataclass(frozen=True)
class Reusable:
    """A component that is written, and may be used again."""

    component: str
    inputs: tuple[Channel, ...]
    outputs: tuple[Channel, ...]
    """Named as the outputs of the component, with the types that a user of it sees."""
    size: int
    """Containers in it."""

    def fitting(self, channels: Sequence[Channel], random: Random) -> list[Channel] | None:
        """Return a channel for each input; ``None``: there is none for one of them."""
        found: list[Channel] = []
        for own in self.inputs:
            wanted = (own.type, own.item, own.risky)
            alike = [c for c in channels if (c.type, c.item, c.risky) == wanted]
            if not alike:
                return None
            found.append(random.choice(alike))
        return found


@dataclass
class RandomPipeline:
    """A document, and parameters for it."""

    document: Json
    parameters: Json


class Writer:
    """Draws a pipeline piece by piece."""

    def __init__(self, random: Random, budget: int) -> None:
        self._random = random
        self._budget = budget
        self._number = 0
        self._components: Json = {}
        self._executors: Json = {}
        self._reusable: list[Reusable] = []
        self._is_caching = self._flip()
        """Whether most tasks are served by others that do the same, and the rest are not."""

    def pipeline(self) -> RandomPipeline:
        """Return a whole pipeline."""
        inputs = [
            Channel(None, f"in-{kind.lower()}", kind, "NUMBER_INTEGER" if kind == "LIST" else "")
            for kind in _TYPES
        ]
        parameters = {channel.output: self._value(channel.type) for channel in inputs}
        maybe = Channel(None, "in-maybe", "MAYBE")
        scope = self._scope([*inputs, maybe], depth=3)
        root = self._dag([*inputs, maybe], scope, self._some(self._yields(scope), 3))
        root["inputDefinitions"]["parameters"]["in-maybe"]["isOptional"] = True
        document: Json = {
            "components": self._components,
            "deploymentSpec": {"executors": self._executors},
            "pipelineInfo": {"name": "random"},
            "root": root,
            "schemaVersion": "2.1.0",
            "sdkVersion": "kfp-2.14.0",
        }
        return RandomPipeline(document, parameters)

    # DAGs.

    def _scope(self, inputs: Sequence[Channel], depth: int) -> Scope:
        """Return a DAG with these inputs and at least one task."""
        scope = Scope(list(inputs))
        self._leaf(scope)
        for _ in range(self._random.randint(depth, depth + 3)):
            if self._budget > 0:
                self._task(scope, depth)
        return scope

    def _task(self, scope: Scope, depth: int) -> None:
        kinds = ["leaf", "leaf", "in any case"]
        if depth:
            kinds += ["nested", "condition", "branches", "loop", "loop", "cleanup", "exit handler"]
        kinds += ["importer"] * self._flip()
        kinds += ["again"] * bool(self._reusable)
        match self._random.choice(kinds):
            case "leaf":
                self._leaf(scope)
            case "in any case":
                self._in_any_case(scope, self._upstream(scope))
            case "importer":
                self._importer(scope)
            case "nested":
                self._nested(scope, depth - 1)
            case "cleanup":
                self._nested(scope, depth - 1, self._upstream(scope))
            case "exit handler":
                self._exit_handler(scope, depth - 1)
            case "again":
                self._again(scope)
            case "condition":
                self._condition(scope, depth - 1)
            case "branches":
                self._branches(scope, depth - 1)
            case _:
                self._loop(scope, depth - 1)

    def _dag(self, inputs: Sequence[Channel], scope: Scope, outputs: Sequence[Channel]) -> Json:
        """Return the component of a DAG; its outputs have the names of the channels inside."""
        passed: Json = {"parameters": {}, "artifacts": {}}
        for channel in outputs:
            if channel.type in _ARTIFACTS:
                selector = {"producerSubtask": channel.task, "outputArtifactKey": channel.output}
                passed["artifacts"][channel.name] = {"artifactSelectors": [selector]}
            else:
                selector = {"producerSubtask": channel.task, "outputParameterKey": channel.output}
                passed["parameters"][channel.name] = {"valueFromParameter": selector}
        return {
            "dag": {"tasks": scope.tasks, "outputs": {k: v for k, v in passed.items() if v}},
            "inputDefinitions": _definitions(inputs),
            "outputDefinitions": _definitions([replace(c, output=c.name) for c in outputs]),
        }

    def _yields(self, scope: Scope, *, only_certain: bool = False) -> list[Channel]:
        """Return what tasks of a DAG yield."""
        return [
            channel
            for channel in scope.channels
            if channel.task is not None and (not only_certain or channel.task in scope.certain)
        ]

    def _some(self, channels: Sequence[Channel], most: int) -> list[Channel]:
        if not channels:
            return []
        return self._random.sample(channels, self._random.randint(0, min(most, len(channels))))

    def _value(self, kind: str) -> Any:
        match kind:
            case "STRING":
                return self._random.choice(_WORDS)
            case "BOOLEAN":
                return self._flip()
            case "LIST":
                return [self._random.randint(0, 9) for _ in range(self._random.randint(0, 3))]
            case _:
                return self._random.randint(-3, 12)

    def _upstream(self, scope: Scope) -> list[str]:
        tasks = sorted(scope.tasks)
        return sorted(self._random.sample(tasks, self._random.randint(1, min(3, len(tasks)))))

    def _perhaps_upstream(self, scope: Scope) -> list[str]:
        """Return what to run in any case after; mostly nothing."""
        return self._upstream(scope) if scope.tasks and self._random.randint(0, 7) == 0 else []

    def _flip(self) -> bool:
        return self._random.random() < 0.5

    def _name(self, kind: str) -> str:
        self._number += 1
        return f"{kind}-{self._number}"

    def _add(
        self,
        scope: Scope,
        key: str,
        component: Json,
        inputs: Sequence[Channel],
        more: Json | None = None,
        *,
        certain: bool = True,
    ) -> None:
        """Add a task that passes these channels to a component of its own."""
        self._components[f"comp-{key}"] = component
        named = {channel.name: channel for channel in inputs}
        self._use(scope, key, f"comp-{key}", named, more, certain=certain)

    def _use(
        self,
        scope: Scope,
        key: str,
        component: str,
        inputs: Mapping[str, Channel],
        more: Json | None = None,
        *,
        certain: bool = True,
    ) -> None:
        """Add a task that passes these channels, each as the input of this name."""
        sources: Json = {"parameters": {}, "artifacts": {}}
        for name, channel in inputs.items():
            kind = "artifacts" if channel.type in _ARTIFACTS else "parameters"
            sources[kind][name] = channel.source
        task: Json = {
            "taskInfo": {"name": key},
            "componentRef": {"name": component},
            "inputs": sources,
            "dependentTasks": sorted({c.task for c in inputs.values() if c.task is not None}),
            **(more or {}),
        }
        if self._is_caching and self._random.randint(0, 3):
            task["cachingOptions"] = {"enableCache": True}
        in_any_case = "strategy" in task.get("triggerPolicy", {})
        if not in_any_case and scope.tasks and self._random.randint(0, 3) == 0:
            other = self._random.choice(sorted(scope.tasks))
            task["dependentTasks"] = sorted({*task["dependentTasks"], other})
        if certain and (in_any_case or scope.certain.issuperset(task["dependentTasks"])):
            scope.certain.add(key)
        scope.tasks[key] = task

    # Containers.

    def _leaf(self, scope: Scope, *, output: str = "") -> None:
        """Add a container; with ``output`` it has that type and an artifact."""
        key = self._name("task")
        inputs = self._some([c for c in scope.channels if c.type != "MAYBE"], 2)
        values = [
            channel
            for channel in inputs
            if channel.type not in _ARTIFACTS and output in ("", channel.type)
        ]
        if values:
            kind, item = values[0].type, values[0].item
            value = f"{{{{$.inputs.parameters['{values[0].name}']}}}}"
        else:
            kind, item = output or self._random.choice(_TYPES), ""
            item = "NUMBER_INTEGER" if kind == "LIST" else ""
            drawn = self._value(kind)
            if kind == "STRING" and self._random.randint(0, 2) == 0:
                drawn, item = json.dumps(self._value("LIST")), "NUMBER_INTEGER"
            value = drawn if kind == "STRING" else json.dumps(drawn)
        outputs = [Channel(key, "Output", kind, item)]
        if output or self._flip():
            outputs.append(Channel(key, "data", "ARTIFACT"))
        behaviours = ["echo"] * 30 + ["flaky", "flaky", "fail", "silent"]
        behaviour = self._random.choice(behaviours)
        more: Json = {}
        if behaviour != "silent" and self._random.randint(0, 2) == 0:
            more["retryPolicy"] = self._retries()
        self._add(scope, key, self._container(key, inputs, outputs, behaviour, value), inputs, more)
        self._keep(key, inputs, outputs, 1)
        scope.channels += outputs

    def _keep(
        self, key: str, inputs: Sequence[Channel], outputs: Sequence[Channel], size: int
    ) -> None:
        """Let the component of a task be used again."""
        own = tuple(channel.inside for channel in inputs)
        self._reusable.append(Reusable(f"comp-{key}", own, tuple(outputs), size))

    def _again(self, scope: Scope) -> None:
        """Add a task of a component that another task has, as often as not a nested pipeline."""
        kept = [one for one in self._reusable if one.size <= max(1, self._budget)]
        pipes = [one for one in kept if one.component.startswith("comp-pipe")]
        reused = self._random.choice(pipes if pipes and self._flip() else kept)
        channels = reused.fitting(scope.channels, self._random)
        if channels is None:
            return
        key = self._name("again")
        named = {own.name: c for own, c in zip(reused.inputs, channels, strict=True)}
        more: Json = {"retryPolicy": self._retries()} if self._flip() else {}
        self._use(scope, key, reused.component, named, more)
        self._budget -= reused.size
        scope.channels += [replace(c, task=key) for c in reused.outputs]

    def _in_any_case(self, scope: Scope, upstream: Sequence[str]) -> None:
        """Add a container that runs whatever became of these."""
        key = self._name("task")
        outputs = [Channel(key, "Output", "STRING")]
        texts = [c for c in scope.channels if c.type == "STRING" and c.task in upstream]
        inputs: list[Channel] = []
        value = "cleaned up"
        if len(upstream) == 1 and self._flip():
            inputs = [Channel(None, "status", "TASK_FINAL_STATUS", status_of=upstream[0])]
        elif texts:
            inputs = [self._random.choice(texts)]
        if inputs:
            value = f"{{{{$.inputs.parameters['{inputs[0].name}']}}}}"
        component = self._container(key, inputs, outputs, "echo", value)
        if inputs and inputs[0].task is not None:
            spec = component["inputDefinitions"]["parameters"][inputs[0].name]
            spec.update(defaultValue=DEFAULT, isOptional=True)
        more = {"triggerPolicy": IN_ANY_CASE, "dependentTasks": [*upstream]}
        self._add(scope, key, component, inputs, more)
        scope.channels += outputs

    def _importer(self, scope: Scope) -> None:
        key = self._name("importer")
        self._executors[f"exec-{key}"] = {
            "importer": {
                "artifactUri": {"constant": IMPORTED},
                "typeSchema": DATASET["artifactType"],
            }
        }
        output = Channel(key, "artifact", "ARTIFACT")
        component: Json = {
            "executorLabel": f"exec-{key}",
            "inputDefinitions": {"parameters": {"uri": {"parameterType": "STRING"}}},
            "outputDefinitions": _definitions([output]),
        }
        more: Json = {}
        if self._flip():
            more["dependentTasks"] = self._upstream(scope)
            if self._flip():
                more["triggerPolicy"] = IN_ANY_CASE
        self._add(scope, key, component, [], more)
        uri = {"runtimeValue": {"constant": IMPORTED}}
        scope.tasks[key]["inputs"]["parameters"]["uri"] = uri
        scope.channels.append(output)

    def _retries(self) -> Json:
        count = self._random.randint(0, 2)
        return {"maxRetryCount": count, "backoffDuration": "0s", "backoffFactor": 1.0}

    def _container(
        self,
        key: str,
        inputs: Sequence[Channel],
        outputs: Sequence[Channel],
        behaviour: str,
        value: str,
    ) -> Json:
        files = {"parameter": "", "artifact": ""}
        for channel in outputs:
            if channel.type == "ARTIFACT":
                files["artifact"] = f"{{{{$.outputs.artifacts['{channel.output}'].path}}}}"
            else:
                files["parameter"] = f"{{{{$.outputs.parameters['{channel.output}'].output_file}}}}"
        times = str(self._random.randint(1, 2))
        self._executors[f"exec-{key}"] = {
            "container": {
                "image": "busybox",
                "command": ["sh", "-c", SCRIPT],
                "args": [behaviour, times, value, files["parameter"], files["artifact"]],
            }
        }
        self._budget -= 1
        return {
            "executorLabel": f"exec-{key}",
            "inputDefinitions": _definitions([channel.inside for channel in inputs]),
            "outputDefinitions": _definitions(outputs),
        }

    # Groups.

    def _nested(self, scope: Scope, depth: int, upstream: Sequence[str] = ()) -> None:
        """Add a nested pipeline; with ``upstream`` one that runs whatever became of these."""
        key = self._name("pipe")
        before = self._budget
        passed = self._some([c for c in scope.channels if not upstream or c.task is None], 4)
        if len(upstream) == 1 and self._flip():
            passed.append(Channel(None, "status", "STRUCT", status_of=upstream[0]))
        inner = self._scope([channel.inside for channel in passed], depth)
        # Sometimes what the pipeline lacks when a condition in it is false.
        is_certain = self._random.randint(0, 3) > 0
        outputs = self._some(self._yields(inner, only_certain=is_certain), 2)
        more: Json = {"retryPolicy": self._retries()} if self._flip() else {}
        if upstream:
            more |= {"triggerPolicy": IN_ANY_CASE, "dependentTasks": [*upstream]}
        component = self._dag([channel.inside for channel in passed], inner, outputs)
        self._add(scope, key, component, passed, more)
        outside = [replace(c, task=key, output=c.name) for c in outputs]
        self._keep(key, passed, outside, before - self._budget)
        scope.channels += outside

    def _exit_handler(self, scope: Scope, depth: int) -> None:
        """Add a group, and what runs whatever became of it."""
        key = self._name("exit-handler")
        passed = self._some(scope.channels, 4)
        inner = self._scope([channel.inside for channel in passed], depth)
        component = self._dag([channel.inside for channel in passed], inner, [])
        self._add(scope, key, component, passed)
        if self._random.randint(0, 2):
            self._in_any_case(scope, [key])
        else:
            self._nested(scope, depth, [key])

    def _condition(self, scope: Scope, depth: int, subjects: Sequence[Channel] = ()) -> None:
        """Add a condition; with ``subjects`` one on one of these, with an output."""
        upstream = self._perhaps_upstream(scope)
        channels = [c for c in scope.channels if not upstream or c.task is None]
        decisive = subjects or [channel for channel in channels if channel.type in _COMPARABLE]
        if not decisive:
            return
        key = self._name("condition")
        subject = self._random.choice(decisive)
        text = self._comparison(subject)
        if subject.type == "STRING" and self._random.randint(0, 5) == 0:
            text = f"int(inputs.parameter_values['{subject.name}']) > 3"
        passed = [subject, *(c for c in self._some(channels, 3) if c != subject)]
        inner = self._scope([channel.inside for channel in passed], depth)
        yields = self._yields(inner, only_certain=True)
        outputs = self._some(yields, 2) or yields[: len(subjects)]
        component = self._dag([channel.inside for channel in passed], inner, outputs)
        more: Json = {"triggerPolicy": {"condition": text}}
        if upstream:
            more["triggerPolicy"] |= IN_ANY_CASE
            more["dependentTasks"] = upstream
        self._add(scope, key, component, passed, more, certain=False)
        scope.channels += [replace(c, task=key, output=c.name) for c in outputs]

    def _comparison(self, channel: Channel) -> str:
        value = f"inputs.parameter_values['{channel.name}']"
        if channel.type == "LIST" or (channel.type == "STRING" and self._random.randint(0, 5) == 0):
            # An item by a computed index is beyond what the SDK writes: a pod has to decide.
            known = f"parseJson('[0]')[int(parseJson('0'))] == {self._random.randint(0, 1)}"
            other = "null" if channel.type == "LIST" else f"'{self._text()}'"
            return f"{known} || {value} == {other}"
        match channel.type:
            case "MAYBE" if self._flip():
                return f"{value} {self._random.choice(['==', '!='])} null"
            case "STRING" | "MAYBE":
                operator = self._random.choice(["==", "!="])
                return f"{value} {operator} '{self._text()}'"
            case "BOOLEAN":
                return f"{value} == {self._random.choice(['true', 'false'])}"
            case _:
                operator = self._random.choice(["==", "!=", "<", "<=", ">", ">="])
                return f"int({value}) {operator} {self._random.randint(-3, 12)}"

    def _branches(self, scope: Scope, depth: int) -> None:
        """Add ``If``, perhaps ``Elif`` and ``Else``, and their ``OneOf``."""
        decisive = [channel for channel in scope.channels if channel.type in _COMPARABLE]
        if not decisive:
            return
        key = self._name("condition-branches")
        subjects = self._random.sample(decisive, min(self._random.randint(1, 2), len(decisive)))
        if any(subject.risky for subject in subjects):
            # Of two conditions either may be looked at first.
            subjects = subjects[:1]
        passed = [*subjects, *(c for c in self._some(scope.channels, 2) if c not in subjects)]
        inputs = [channel.inside for channel in passed]
        inner = Scope(list(inputs))
        before: list[str] = []
        firsts: list[tuple[str, Channel, Channel]] = []
        has_else = self._flip()
        for subject in [*subjects, None] if has_else else subjects:
            own = [] if subject is None else [self._comparison(subject.inside)]
            text = " && ".join([*(f"!({each})" for each in before), *own])
            before += own
            firsts.append(self._branch(inner, inputs, text, depth))
        component = self._dag(inputs, inner, [])
        if has_else:
            self._one_of(component, firsts)
        self._add(scope, key, component, passed)
        if has_else:
            scope.channels += [
                Channel(key, "chosen", "STRING"),
                Channel(key, "chosen-data", "ARTIFACT"),
            ]

    def _branch(
        self, wrapper: Scope, inputs: Sequence[Channel], text: str, depth: int
    ) -> tuple[str, Channel, Channel]:
        """Add one branch; return its key and what its first task yields."""
        key = self._name("condition")
        inner = Scope(list(inputs))
        self._leaf(inner, output="STRING")
        value, data = self._yields(inner)
        if depth and self._budget > 0 and self._flip():
            self._task(inner, depth)
        component = self._dag(inputs, inner, [value, data])
        # A wrapper holds nothing but its branches, which do not wait for one another.
        alone = Scope(list(inputs))
        self._add(alone, key, component, inputs, {"triggerPolicy": {"condition": text}})
        wrapper.tasks.update(alone.tasks)
        return key, value, data

    def _one_of(self, component: Json, firsts: Sequence[tuple[str, Channel, Channel]]) -> None:
        component["dag"]["outputs"] = {
            "parameters": {
                "chosen": {
                    "valueFromOneof": {
                        "parameterSelectors": [
                            {"producerSubtask": key, "outputParameterKey": value.name}
                            for key, value, _ in firsts
                        ]
                    }
                }
            },
            "artifacts": {
                "chosen-data": {
                    "artifactSelectors": [
                        {"producerSubtask": key, "outputArtifactKey": data.name}
                        for key, _, data in firsts
                    ]
                }
            },
        }
        component["outputDefinitions"] = {
            "parameters": {"chosen": {"parameterType": "STRING"}},
            "artifacts": {"chosen-data": DATASET},
        }

    def _loop(self, scope: Scope, depth: int) -> None:
        key = self._name("for-loop")
        upstream = self._perhaps_upstream(scope)
        channels = [c for c in scope.channels if not upstream or c.task is None]
        lists = [c for c in channels if c.type in ("LIST", "STRING") and c.item]
        files = [c for c in channels if c.type == "ARTIFACTS"]
        passed = self._some(channels, 3)
        iterator = "parameterIterator"
        if files and self._flip():
            over = self._random.choice(files)
            passed = [over, *(channel for channel in passed if channel != over)]
            iterator, items = "artifactIterator", {"inputArtifact": over.name}
            item = Channel(None, f"{over.name}-loop-item", "ARTIFACT")
        elif lists and self._flip():
            over = self._random.choice(lists)
            passed = [over, *(channel for channel in passed if channel != over)]
            items = {"inputParameter": over.name}
            # The SDK takes items for texts where it is not told what they are.
            kind = self._random.choice([over.item, over.item, "STRING"])
            item = Channel(None, f"{over.name}-loop-item", kind)
        else:
            kind = self._random.choice(["NUMBER_INTEGER", "STRING", "STRUCT", "LIST"])
            is_wrong = kind == "NUMBER_INTEGER" and self._random.randint(0, 5) == 0
            items = {"raw": json.dumps(self._static(kind) + ["7"] * is_wrong)}
            own = "NUMBER_INTEGER" if kind == "LIST" else ""
            name = f"pipelinechannel--loop-item-param-{self._number}"
            item = Channel(None, name, kind, own, risky=is_wrong)
        inputs = [channel.inside for channel in passed]
        visible = [c for c in inputs if c.name not in items.values()]
        if item.type == "STRUCT":
            visible += [
                self._member(item, "a", "NUMBER_INTEGER"),
                self._member(item, "b", "STRING"),
                self._member(item, "c", "BOOLEAN"),
            ]
        else:
            visible.append(item)
        inner = self._scope(visible, depth)
        decisive = [c for c in visible[-3:] if c.output == item.output and c.type in _COMPARABLE]
        if decisive and self._flip():
            self._condition(inner, max(0, depth - 1), decisive)
        outputs = self._some(self._yields(inner), 2)
        # What some iterations do not have.
        uncertain = [c for c in self._yields(inner) if c.task not in inner.certain]
        if uncertain and self._flip():
            outputs = list(dict.fromkeys([*outputs, self._random.choice(uncertain)]))
        component = self._dag([*inputs, item], inner, outputs)
        for channel in outputs:
            side = component["outputDefinitions"]
            if channel.type in _ARTIFACTS:
                side["artifacts"][channel.name] = {**DATASET, "isArtifactList": True}
            else:
                side["parameters"][channel.name] = {"parameterType": "LIST"}
        more: Json = {iterator: {"items": items, "itemInput": item.output}}
        if upstream:
            more |= {"triggerPolicy": IN_ANY_CASE, "dependentTasks": upstream}
        if limit := self._random.randint(0, 2):
            more["iteratorPolicy"] = {"parallelismLimit": limit}
        self._add(scope, key, component, passed, more)
        for channel in outputs:
            collected = "ARTIFACTS" if channel.type in _ARTIFACTS else "LIST"
            whole = "" if collected == "ARTIFACTS" or channel.type == "STRUCT" else channel.type
            scope.channels.append(Channel(key, channel.name, collected, whole))

    def _member(self, item: Channel, member: str, kind: str) -> Channel:
        """Return a member of an item, sometimes declared text or as what it only may be."""
        if self._random.randint(0, 2) == 0:
            return replace(item, type="STRING", member=member)
        return replace(item, type=kind, member=member, risky=kind != "STRING")

    def _static(self, kind: str) -> list[Any]:
        if kind == "STRUCT":
            kinds = {"a": "NUMBER_INTEGER", "b": "STRING", "c": "BOOLEAN"}
            items: list[Any] = [
                {name: self._value(of) for name, of in kinds.items()} for _ in self._value("LIST")
            ]
            if items and self._random.randint(0, 3) == 0:
                # What is declared a number is a text, or the other way round.
                wrong = self._random.choice(items)
                wrong[self._random.choice("abc")] = self._random.choice(["4", 4, "true", [1, "é<"]])
            return items
        if kind == "STRING" and self._flip():
            return [self._value(of) for of in self._random.choices(_TYPES, k=3)]
        return [self._value(kind) for _ in range(self._random.randint(0, 3))]

    def _text(self) -> str:
        """Return a text, often that of something else."""
        if self._flip():
            return str(self._value("STRING"))
        value = self._value(self._random.choice(["NUMBER_INTEGER", "BOOLEAN", "LIST"]))
        return json.dumps(value, separators=(",", ":"))


def _definitions(channels: Sequence[Channel]) -> Json:
    found: Json = {"parameters": {}, "artifacts": {}}
    for channel in channels:
        kind = "artifacts" if channel.type in _ARTIFACTS else "parameters"
        found[kind][channel.output] = channel.spec
    return {kind: specs for kind, specs in found.items() if specs}


def random_pipeline(seed: int, budget: int) -> RandomPipeline:
    """Return the pipeline of this seed, of about ``budget`` containers."""
    return Writer(Random(seed), budget).pipeline()
