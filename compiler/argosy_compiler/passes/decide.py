"""Settle how the workflow decides: conditions, the lengths of loops, open fields of pods.

All that reads a value of the run is asked for here, so that afterwards it is known what has to be
published and handed on.
"""

from __future__ import annotations

from dataclasses import replace

from argosy_compiler.compiled import Note
from argosy_compiler.decisions.conditions import faults_of
from argosy_compiler.decisions.control import Control, Place
from argosy_compiler.decisions.values import BarredError
from argosy_compiler.plan import ControlFlow, Plan, PodFields
from argosy_compiler.pods.fields import make_pod_fields
from argosy_compiler.structure import place_text
from argosy_expressions.cel import parse
from argosy_expressions.errors import ExpressionError
from argosy_expressions.operands import Operand
from argosy_expressions.translate import Untranslatable, to_argo
from argosy_schemas.errors import InvalidPipelineError, Problem
from argosy_schemas.ir.model import Task


def decide(plan: Plan) -> Plan:
    """Return the plan with decisions, pod fields and what is handed on.

    A condition that is no CEL or of the wrong type is a problem, and a field of a pod that cannot
    be settled before the pod exists.
    """
    control = Control(plan.structure)
    decisions: dict[Place, ControlFlow] = {}
    pods: dict[Place, PodFields] = {}
    notes: list[Note] = []
    problems: list[Problem] = []
    for dag, task in plan.structure.tasks():
        place = (dag, task.key)
        path = place_text(dag, task.key)
        try:
            if task.condition is not None or task.iterator is not None:
                decisions[place] = _decision(plan, control, dag, task)
                if decisions[place].pod is not None:
                    notes.append(Note(path=path, message=f"needs a pod: {decisions[place].pod}"))
            if plan.structure.claim_action(task) is not None:
                pods[place] = PodFields(image="", arguments={"claim": control.claim(dag, task)})
            elif _has_pod(plan, task):
                pods[place] = make_pod_fields(plan, control, dag, task, path)
        except BarredError as error:
            problems.append(
                Problem(path=path, message=f"its pod cannot be made before it starts: {error}")
            )
        except ExpressionError as error:
            problems.append(Problem(path=f"{path}.triggerPolicy.condition", message=str(error)))
        except InvalidPipelineError as error:
            problems += error.problems
    if problems:
        return replace(plan, decisions=decisions, problems=(*plan.problems, *problems))
    return replace(
        plan,
        pipeline=control.pipeline(),
        decisions=decisions,
        pods=pods,
        handed_down={
            (parent, task.key): {
                entry.key: control.argument(parent, task, entry) for entry in sorted(entries)
            }
            for dag, entries in sorted(control.taken.items())
            for parent, task in plan.structure.users[dag]
        },
        given={dag: dict(sorted(keys.items())) for dag, keys in sorted(control.given.items())},
        indexed=frozenset(control.indexed),
        lists={name: text for text, name in control.lists.items()},
        notes=(*plan.notes, *notes),
    )


def _has_pod(plan: Plan, task: Task) -> bool:
    structure = plan.structure
    return structure.used(task).dag is None and not structure.is_importer(task)


def _decision(plan: Plan, control: Control, dag: str, task: Task) -> ControlFlow:
    try:
        return ControlFlow(
            condition=None
            if task.condition is None
            else _condition(plan, control, dag, task, task.condition),
            count=None if task.iterator is None else control.length(dag, task),
        )
    except BarredError as error:
        return ControlFlow(pod=str(error))


def _condition(plan: Plan, control: Control, dag: str, task: Task, text: str) -> str:
    expression = parse(text)
    inputs = plan.structure.used(task).inputs
    types = {name: spec.type for name, spec in inputs.parameters.items()}
    faults = faults_of(expression, types, task.parameters, inputs.artifacts)
    if faults:
        path = f"{place_text(dag, task.key)}.triggerPolicy.condition"
        raise InvalidPipelineError(*(Problem(path=path, message=str(fault)) for fault in faults))
    operands: dict[str, Operand] = {}
    for name in sorted(expression.parameters):
        operands[name] = control.operand(dag, task, name)
    translated = to_argo(expression, operands)
    if isinstance(translated, Untranslatable):
        raise BarredError(translated.reason)
    return translated
