"""Translate conditions, lengths of loops and open fields of pods into expressions of Argo.

Everything that reads a value of the run is resolved here, so that afterwards it is known which
control values tasks publish and DAGs pass on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from argosy_compiler.argo.run_identity import express_run_name
from argosy_compiler.compilation import Compilation, ControlFlow, PodFields
from argosy_compiler.compiled_pipeline import Note
from argosy_compiler.control_flow.claim_names import express_claim_name
from argosy_compiler.control_flow.conditions import find_condition_faults
from argosy_compiler.control_flow.control_values import ControlValues
from argosy_compiler.control_flow.values import NoExpressionError
from argosy_compiler.known_tasks import DagTaskKey
from argosy_compiler.pods.fields import make_pod_fields
from argosy_compiler.structure import locate_task
from argosy_expressions.cel import parse
from argosy_expressions.errors import ExpressionError
from argosy_expressions.operands import Operand
from argosy_expressions.translate import Untranslatable, to_argo
from argosy_schemas.errors import InvalidPipelineError, Problem
from argosy_schemas.ir.model import Task


def resolve_control_flow(compilation: Compilation) -> Compilation:
    """Return the compilation with the control flow, the fields of pods and the control values.

    A condition or selector that is not CEL of the SDK, or a condition of the wrong type, becomes a
    problem, and so does a field of a pod that depends on a value which no expression has.
    """
    run_name = express_run_name(compilation.options.retried)
    control = ControlValues(compilation.structure, run_name=run_name)
    control_flows: dict[DagTaskKey, ControlFlow] = {}
    pods: dict[DagTaskKey, PodFields] = {}
    notes: list[Note] = []
    problems: list[Problem] = []
    for dag, task in compilation.structure.tasks():
        key = (dag, task.key)
        path = locate_task(dag, task.key)
        if wrong := tuple(_check_selectors(task, path)):
            problems += wrong
            continue
        try:
            if task.condition is not None or task.iterator is not None:
                control_flows[key] = _resolve(compilation, control, dag, task)
                if control_flows[key].pod is not None:
                    notes.append(Note(path=path, message=f"needs a pod: {control_flows[key].pod}"))
            if compilation.structure.claim_action(task) is not None:
                claim = express_claim_name(compilation.structure, dag, task, control)
                pods[key] = PodFields(image="", arguments={"claim": claim})
            elif _has_pod(compilation, task):
                pods[key] = make_pod_fields(compilation, control, dag, task, path)
        except NoExpressionError as error:
            problems.append(
                Problem(path=path, message=f"its pod cannot be made before it starts: {error}")
            )
        except ExpressionError as error:
            problems.append(Problem(path=f"{path}.triggerPolicy.condition", message=str(error)))
        except InvalidPipelineError as error:
            problems += error.problems
    if problems:
        return replace(
            compilation, control_flows=control_flows, problems=(*compilation.problems, *problems)
        )
    return replace(
        compilation,
        pipeline=control.add_to_pipeline(),
        control_flows=control_flows,
        pods=pods,
        control_arguments={
            (parent, task.key): {
                entry.key: control.make_argument(parent, task, entry) for entry in sorted(entries)
            }
            for dag, entries in sorted(control.inputs.items())
            for parent, task in compilation.structure.users[dag]
        },
        control_outputs={
            dag: dict(sorted(keys.items())) for dag, keys in sorted(control.outputs.items())
        },
        indexed_bodies=frozenset(control.indexed_bodies),
        list_parameters={name: text for text, name in control.list_parameters.items()},
        notes=(*compilation.notes, *notes),
    )


def _check_selectors(task: Task, path: str) -> Iterator[Problem]:
    for name, given in task.parameters.items():
        try:
            if given.selector is not None:
                parse(given.selector)
        except ExpressionError as error:
            place = f"{path}.inputs.parameters.{name}.parameterExpressionSelector"
            yield Problem(path=place, message=str(error))


def _has_pod(compilation: Compilation, task: Task) -> bool:
    structure = compilation.structure
    return structure.component_of(task).dag is None and not structure.is_importer(task)


def _resolve(compilation: Compilation, control: ControlValues, dag: str, task: Task) -> ControlFlow:
    try:
        return ControlFlow(
            condition=None
            if task.condition is None
            else _translate(compilation, control, dag, task, task.condition),
            count=None if task.iterator is None else control.count_iterations(dag, task),
        )
    except NoExpressionError as error:
        return ControlFlow(pod=str(error))


def _translate(
    compilation: Compilation, control: ControlValues, dag: str, task: Task, text: str
) -> str:
    expression = parse(text)
    inputs = compilation.structure.component_of(task).inputs
    types = {name: spec.type for name, spec in inputs.parameters.items()}
    faults = find_condition_faults(expression, types, task.parameters, inputs.artifacts)
    if faults:
        path = f"{locate_task(dag, task.key)}.triggerPolicy.condition"
        raise InvalidPipelineError(*(Problem(path=path, message=str(fault)) for fault in faults))
    operands: dict[str, Operand] = {}
    for name in sorted(expression.parameters):
        operands[name] = control.read_operand(dag, task, name)
    translated = to_argo(expression, operands)
    if isinstance(translated, Untranslatable):
        raise NoExpressionError(translated.reason)
    return translated
