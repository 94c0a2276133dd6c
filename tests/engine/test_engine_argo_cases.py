"""The interpreter makes the decisions that Argo's own controller makes.

``data/argo_cases.json`` holds workflows of the shapes that the compiler emits, what became of their
pods, and the nodes that the controller of Argo 3.7.18 had at the end. They were recorded by
driving its ``operate()`` on a fake cluster. Pods are abbreviated there, and some ask what a form
would mean that the compiler then does without; so they are read in any form.
"""

from __future__ import annotations

import fnmatch
import json
import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from argosy_engine.controller.interpreter import Interpreter
from argosy_engine.controller.messages import (
    Command,
    PodEnded,
    PodStarted,
    Shutdown,
    StartPod,
    StartTimer,
    TimerFired,
    WorkflowEnded,
)
from argosy_engine.controller.nodes import DagNode, GroupNode, Node, PodNode, RetryNode
from argosy_engine.workflow.reading import read_workflow
from argosy_runs.nodes import NodePhase, ShutdownMessage
from argosy_schemas.values import to_json

CASES: dict[str, dict[str, Any]] = json.loads(
    (Path(__file__).parent / "data" / "argo_cases.json").read_text()
)
TESTS = Path(__file__).parents[1]
DOCUMENT = TESTS.parent / "docs" / "argo-compatibility.md"
ROW = re.compile(r"\| \d+\w?'* \|")
START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class Cluster:
    """Answers for pods by the rules of a case, in rounds, as the recording did."""

    case: Mapping[str, Any]
    now: datetime = START
    running: list[PodNode] = field(default_factory=list[PodNode])
    timers: list[StartTimer] = field(default_factory=list[StartTimer])
    ended: NodePhase | None = None
    stopped: bool = False

    def run(self) -> Interpreter:
        workflow = read_workflow(self.case["workflow"])
        interpreter = Interpreter(workflow, parameters={}, variables={"name": "wf", "uid": "u"})
        self._take(interpreter.start(self.now))
        for number in range(2, 100):
            if self.ended is not None:
                return interpreter
            self.now += timedelta(seconds=1)
            self._events(interpreter, number)
            for pod in tuple(self.running):
                self._pod(interpreter, pod)
            for timer in tuple(self.timers):
                if timer.at <= self.now:
                    self.timers.remove(timer)
                    self._take(interpreter.handle(TimerFired(timer.node), self.now))
        raise AssertionError("the workflow did not end")

    def _events(self, interpreter: Interpreter, number: int) -> None:
        for event in self.case["events"]:
            if event["at"] == number:
                self.stopped = True
                reason = ShutdownMessage.STOP if "shutdown" in event else ShutdownMessage.DEADLINE
                self._take(interpreter.handle(Shutdown(reason=reason), self.now))

    def _pod(self, interpreter: Interpreter, pod: PodNode) -> None:
        rule = self._rule(pod.name)
        phase, message = _outcome(rule, stopped=self.stopped)
        if phase is None:
            return
        self.running.remove(pod)
        outputs = dict(rule.get("out") or {})
        if rule.get("control") is not None:
            outputs["control"] = b64encode(to_json(rule["control"]).encode()).decode()
        event = PodEnded(node=pod, phase=phase, outputs=outputs, message=message)
        self._take(interpreter.handle(PodStarted(node=pod), self.now))
        self._take(interpreter.handle(event, self.now))

    def _rule(self, name: str) -> Mapping[str, Any]:
        rules: Sequence[Mapping[str, Any]] = self.case["pods"]
        return next((rule for rule in rules if re.search(rule["match"], name)), {"do": "ok"})

    def _take(self, commands: Sequence[Command]) -> None:
        for command in commands:
            match command:
                case StartPod(node=node):
                    self.running.append(node)
                case StartTimer():
                    self.timers.append(command)
                case WorkflowEnded(phase=phase):
                    self.ended = phase
                case _:
                    pass


def _outcome(rule: Mapping[str, Any], *, stopped: bool) -> tuple[NodePhase | None, str]:
    code = rule.get("code") or 1
    message = rule.get("message", "")
    match rule["do"]:
        case "ok":
            return NodePhase.SUCCEEDED, ""
        case "fail" | "driverfail" | "sidecarfail":
            return NodePhase.FAILED, f"Error (exit code {code}): {message}"
        case "oom":
            return NodePhase.FAILED, "OOMKilled (exit code 137)"
        case "evict":
            return NodePhase.FAILED, message
        case "delete" | "waitfail":
            return NodePhase.ERROR, message or "pod deleted"
        case "run":
            return (NodePhase.FAILED, "Error (exit code 143)") if stopped else (None, "")
        case other:
            raise AssertionError(f"unknown rule {other}")


def all_nodes(*roots: Node) -> dict[str, Node]:
    """Return the nodes by the name that Argo gives them."""
    found: dict[str, Node] = {}
    pending = list(roots)
    while pending:
        node = pending.pop()
        found[node.name or "wf"] = node
        match node:
            case DagNode() | GroupNode():
                pending.extend(child for child in node.children if child is not None)
            case RetryNode():
                pending.extend(node.attempts)
            case _:
                pass
    return found


def roots(interpreter: Interpreter) -> list[Node]:
    return [node for node in (interpreter.root, interpreter.exit_root) if node is not None]


def recorded(case: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """Return kind and phase of the nodes that Argo had.

    Argo also has a node for each group of steps; to the interpreter steps are a DAG.
    """
    return {
        without_groups(name): ("DAG" if kind == "Steps" else kind, phase)
        for name, kind, phase in case["nodes"]
        if kind != "StepGroup"
    }


def without_groups(name: str) -> str:
    return re.sub(r"\[\d+\]", "", name)


@pytest.mark.parametrize("name", CASES)
def test_nodes_end_as_in_argo(name: str) -> None:
    case = CASES[name]
    cluster = Cluster(case)

    interpreter = cluster.run()

    hidden = re.compile(case["hide"]) if case["hide"] else None
    nodes = {
        name: (node.kind, node.phase.value)
        for name, node in all_nodes(*roots(interpreter)).items()
        if hidden is None or not hidden.search(name)
    }
    assert nodes == recorded(case)
    assert cluster.ended == case["phase"]


@pytest.mark.parametrize("name", [name for name in CASES if CASES[name].get("inputs")])
def test_nodes_get_the_inputs_that_argo_gives_them(name: str) -> None:
    case = CASES[name]

    interpreter = Cluster(case).run()

    nodes = all_nodes(*roots(interpreter))
    found = {name: dict(nodes[without_groups(name)].inputs) for name in case["inputs"]}
    assert found == case["inputs"]


def named_by_rows() -> list[str]:
    """Return what the last column of the table in the documentation names."""
    rows = [line for line in DOCUMENT.read_text().splitlines() if ROW.match(line)]
    return [name for row in rows for name in re.findall("`([^`]+)`", row.split(" | ")[-1])]


def test_the_documentation_names_each_recorded_case_and_none_that_is_not_there() -> None:
    patterns = [name for name in named_by_rows() if ".py" not in name]

    assert [one for one in patterns if not fnmatch.filter(CASES, one)] == []
    found = {name for one in patterns for name in fnmatch.filter(CASES, one)}
    assert found == CASES.keys()


def test_the_documentation_names_tests_that_exist() -> None:
    tests = [name for name in named_by_rows() if ".py" in name]
    files = {path.name: path.read_text() for path in TESTS.rglob("test_*.py")}

    assert tests
    assert [
        name
        for name in tests
        if f"def {name.partition('::')[2] or '?'}(" not in files.get(name.partition("::")[0], "")
    ] == []
