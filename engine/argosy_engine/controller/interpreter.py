"""State machine that takes the decisions of Argo's controller for a workflow.

It follows Argo 3.7.16 and later where versions differ (``docs/argo-compatibility.md``). It takes
events and returns commands, both values; it has no clock, thread or process.

Argo visits all nodes again and again. This visits a node only when a node that it waits for has
ended: a DAG counts the open dependencies of each task, and knows which tasks wait for which. So the
work is linear in nodes and dependencies.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from argosy_engine.controller.endings import (
    Ending,
    decide_dag_ending,
    decide_group_ending,
    decide_pod_ending,
)
from argosy_engine.controller.messages import (
    Command,
    Event,
    ExitStarted,
    PhaseChanged,
    PodEnded,
    PodStarted,
    Shutdown,
    StartPod,
    StartTimer,
    TimerFired,
    WorkflowEnded,
)
from argosy_engine.controller.nodes import DagNode, GroupNode, Node, PodNode, RetryNode, Spot
from argosy_engine.controller.retries import GiveUp, TryAgain, decide_retry
from argosy_engine.controller.scope import TasksView, collect_results, find_task_path, resolve_tags
from argosy_engine.workflow.model import DagTemplate, Template, Workflow
from argosy_expressions.errors import ExpressionError
from argosy_runs.nodes import EXIT_LABEL, NodePhase, ShutdownMessage
from argosy_schemas.names import TaskPath
from argosy_schemas.pod import PATH_INPUT, TASK_INPUT
from argosy_schemas.values import JsonValue, to_json

OMITTED_MESSAGE = "omitted: depends condition not met"
EMPTY_LOOP_MESSAGE = "Skipped, empty params"


class Interpreter:
    """One run of a workflow.

    Args:
        workflow: The workflow to run.
        parameters: Values of workflow parameters; they take precedence over the workflow's own.
        variables: Other values below ``workflow.``, e.g. ``name`` and ``uid``.
    """

    def __init__(
        self,
        workflow: Workflow,
        *,
        parameters: Mapping[str, str],
        variables: Mapping[str, JsonValue],
    ) -> None:
        self.workflow = workflow
        values = {**workflow.arguments, **parameters}
        self._workflow_scope: dict[str, JsonValue] = {
            **variables,
            "parameters": {name: value for name, value in values.items() if value is not None},
        }
        self._commands: list[Command] = []
        self._work: deque[Callable[[], None]] = deque()
        self._now: datetime
        self._shutdown: str | None = None
        self._shutdown_before: str | None = None
        """Why the run was shut down before its exit template began, if it was."""
        self._backing_off: dict[RetryNode, None] = {}
        self._failures: list[dict[str, JsonValue]] = []
        """For ``workflow.failures``."""
        self.root: Node | None = None
        """The entry node, once it has started."""
        self.exit_root: Node | None = None
        """The node of ``onExit``, once the entry node has ended."""

    def start(self, now: datetime) -> list[Command]:
        """Start the run."""
        self._now = now
        self.root = self._make_root(self.workflow.entrypoint, "")
        return self._run()

    def handle(self, event: Event, now: datetime) -> list[Command]:
        """Handle an event and return the commands that follow from it."""
        self._now = now
        match event:
            case PodStarted(node=node):
                self._set_running(node)
            case PodEnded(node=node):
                self._end(node, decide_pod_ending(node, event))
            case TimerFired(node=node):
                if isinstance(node, RetryNode) and node in self._backing_off:
                    del self._backing_off[node]
                    self._attempt(node)
            case Shutdown():
                self._shutdown = event.reason
                waiting, self._backing_off = list(self._backing_off), {}
                for retry in waiting:
                    self._finish(retry, retry.attempts[-1].phase, event.reason)
        return self._run()

    def resolve(self, node: PodNode, text: str) -> str:
        """Return a text of a pod's template with its tags replaced.

        Raises:
            ExpressionError: A tag cannot be resolved.
        """
        scope: dict[str, JsonValue] = {
            "workflow": self._workflow_scope,
            "inputs": {"parameters": node.inputs},
            "retries": str(node.attempt),
        }
        return resolve_tags(text, scope)

    def _make_root(self, template: str, label: str) -> Node:
        spot = Spot(
            label=label, boundary=None, owner=None, position=0, task=None, path=TaskPath("")
        )
        return self._make(self.workflow.templates[template], spot, {})

    def _run(self) -> list[Command]:
        """Do the pending work, and return the commands that it produced."""
        while self._work:
            self._work.popleft()()
        commands, self._commands = self._commands, []
        return commands

    # Tasks of a DAG.

    def _decide(self, dag: DagNode, position: int) -> None:
        """Omit, skip or start a task whose dependencies have all ended."""
        task = dag.template.tasks[position]
        scope = self._scope(dag)
        if task.depends is not None and not task.depends.holds(collect_results(dag, task)):
            self._end_without_running(dag, position, scope, NodePhase.OMITTED, OMITTED_MESSAGE)
            return
        try:
            if task.when is not None:
                verdict = resolve_tags(task.when, scope)
                if verdict == "false":
                    message = "when 'false' evaluated false"
                    self._end_without_running(dag, position, scope, NodePhase.SKIPPED, message)
                    return
                if verdict != "true":
                    message = f"Expected boolean evaluation for '{verdict}'. Got {verdict}"
                    self._end_without_running(dag, position, scope, NodePhase.ERROR, message)
                    return
            if task.count is not None:
                self._expand(dag, position, scope, resolve_tags(task.count, scope))
                return
            arguments = {name: resolve_tags(text, scope) for name, text in task.arguments}
        except ExpressionError as error:
            self._end_without_running(dag, position, scope, NodePhase.ERROR, str(error))
            return
        spot = _make_spot(dag, position, find_task_path(dag, task, arguments))
        template = self.workflow.templates[task.template]
        dag.children[position] = self._make(template, spot, arguments)

    def _expand(
        self, dag: DagNode, position: int, scope: Mapping[str, JsonValue], count_text: str
    ) -> None:
        """Create the iterations of a loop."""
        task = dag.template.tasks[position]
        try:
            count = int(count_text)
        except ValueError:
            message = f"the number of iterations is '{count_text}', not an integer"
            self._end_without_running(dag, position, scope, NodePhase.ERROR, message)
            return
        if count <= 0:
            self._end_without_running(dag, position, scope, NodePhase.SKIPPED, EMPTY_LOOP_MESSAGE)
            return
        # As in Argo, the whole loop fails if the arguments of one iteration do.
        items = [
            {
                name: resolve_tags(text, {**scope, "item": str(item)})
                for name, text in task.arguments
            }
            for item in range(count)
        ]
        group = GroupNode(_make_spot(dag, position, dag.path), count)
        dag.children[position] = group
        self._set_running(group)
        template = self.workflow.templates[task.template]
        for item, arguments in enumerate(items):
            spot = Spot(
                label=f"{task.name}({item}:{item})",
                boundary=dag,
                owner=group,
                position=item,
                task=task,
                path=find_task_path(dag, task, arguments),
            )
            group.children[item] = self._make(template, spot, arguments)

    def _end_without_running(
        self,
        dag: DagNode,
        position: int,
        scope: Mapping[str, JsonValue],
        phase: NodePhase,
        message: str,
    ) -> None:
        """Create the node of a task that does not run, and end it."""
        task = dag.template.tasks[position]
        try:
            arguments = {
                name: resolve_tags(text, scope)
                for name, text in task.arguments
                if name in (TASK_INPUT, PATH_INPUT)
            }
        except ExpressionError:
            # The path of a loop's task holds the item, and there is none.
            path = dag.path
        else:
            path = find_task_path(dag, task, arguments)
        node = Node(_make_spot(dag, position, path))
        dag.children[position] = node
        outputs: dict[str, str] = {}
        if phase in (NodePhase.SKIPPED, NodePhase.OMITTED):
            # Argo gives these to tasks that read outputs of a task that never ran.
            declared = self.workflow.templates[task.template].outputs
            outputs = {o.name: o.default for o in declared if o.default is not None}
        self._finish(node, phase, message, outputs)

    # Nodes.

    def _make(self, template: Template, spot: Spot, arguments: Mapping[str, str]) -> Node:
        """Create the node of a template, and start it unless ``parallelism`` makes it wait."""
        missing = [
            name
            for name, default in template.inputs.items()
            if default is None and name not in arguments
        ]
        if missing:
            node = Node(spot)
            message = f"inputs.parameters.{missing[0]} was not supplied"
            self._work.append(lambda: self._finish(node, NodePhase.ERROR, message))
            return node
        inputs = {
            name: arguments.get(name, default or "") for name, default in template.inputs.items()
        }
        if isinstance(template, DagTemplate):
            made: DagNode | PodNode = DagNode(spot, template, inputs)
        elif template.retry is None or isinstance(spot.owner, RetryNode):
            made = PodNode(spot, template, inputs)
        else:
            retry = RetryNode(spot, template, template.retry, inputs)
            self._set_running(retry)
            self._attempt(retry)
            return retry
        self._admit(made)
        return made

    def _admit(self, node: PodNode | DagNode) -> None:
        """Start a node, or let it wait if ``parallelism`` of the enclosing DAG is reached."""
        boundary = node.boundary
        if boundary is not None and boundary.template.parallelism is not None:
            if boundary.active >= boundary.template.parallelism:
                boundary.throttled.append(node)
                return
            boundary.active += 1
        self._begin(node)

    def _begin(self, node: Node) -> None:
        message = self._shutdown
        if isinstance(node, PodNode) and message is not None:
            self._work.append(lambda: self._finish(node, NodePhase.FAILED, message))
        elif isinstance(node, PodNode):
            self._commands.append(StartPod(node=node))
        elif isinstance(node, DagNode):
            # Also after a shutdown: its pods fail at once, so that every task has a node.
            self._set_running(node)
            for position in node.template.order:
                if node.waiting_for[position] == 0:
                    self._work.append(_bind(self._decide, node, position))

    def _set_running(self, node: Node) -> None:
        node.phase = NodePhase.RUNNING
        node.started_at = self._now
        self._commands.append(PhaseChanged(node=node, phase=NodePhase.RUNNING))

    def _finish(
        self,
        node: Node,
        phase: NodePhase,
        message: str,
        outputs: Mapping[str, str] | None = None,
    ) -> None:
        """End a node and continue with the nodes that wait for it."""
        node.phase = phase
        node.message = message
        node.finished_at = self._now
        if outputs:
            node.outputs = outputs
        self._commands.append(PhaseChanged(node=node, phase=phase))
        if phase.is_failed and self.workflow.on_exit is not None:
            # Argo gives all nodes that a shutdown ends its message, running pods as well.
            why = self._shutdown or message
            self._failures.append({"displayName": node.label, "message": why, "phase": phase.value})
        boundary = node.boundary
        if (
            node.counts_as_active
            and boundary is not None
            and boundary.template.parallelism is not None
        ):
            boundary.active -= 1
            if boundary.throttled:
                boundary.active += 1
                self._begin(boundary.throttled.popleft())
        match node.owner:
            case None:
                self._work.append(self._end_root)
            case DagNode() as dag:
                self._count_down(dag, node.position)
            case GroupNode() as group:
                group.open -= 1
                if group.open == 0:
                    self._work.append(lambda: self._end(group, decide_group_ending(group)))
            case RetryNode() as retry:
                self._work.append(_bind(self._after_attempt, retry))

    def _end_root(self) -> None:
        """Start the exit template when the entry node has ended, or end the workflow."""
        root, exit_root = self.root, self.exit_root
        assert root is not None
        if exit_root is None and self.workflow.on_exit is not None:
            # Neither a stop nor a deadline applies to the exit template, but as in Argo it has no
            # retries after one.
            self._shutdown_before, self._shutdown = self._shutdown, None
            self._commands.append(ExitStarted())
            self._workflow_scope["status"] = root.phase.value
            # As Argo writes it: compact JSON, as a JSON string.
            self._workflow_scope["failures"] = to_json(to_json(self._failures))
            self.exit_root = self._make_root(self.workflow.on_exit, EXIT_LABEL)
            return
        last = root
        if exit_root is not None and root.phase is NodePhase.SUCCEEDED:
            last = exit_root
        self._commands.append(WorkflowEnded(phase=last.phase, message=last.message))

    def _count_down(self, dag: DagNode, position: int) -> None:
        dag.open -= 1
        for below in dag.template.downstream[position]:
            dag.waiting_for[below] -= 1
            if dag.waiting_for[below] == 0:
                self._work.append(_bind(self._decide, dag, below))
        if dag.open == 0:
            self._work.append(_bind(self._end_dag, dag))

    def _end_dag(self, dag: DagNode) -> None:
        if self._shutdown == ShutdownMessage.STOP:
            # Argo does so whatever became of its tasks, but not after a deadline.
            self._finish(dag, NodePhase.FAILED, ShutdownMessage.STOP)
            return
        self._end(dag, decide_dag_ending(dag, self._scope(dag)))

    def _end(self, node: Node, ending: Ending) -> None:
        self._finish(node, ending.phase, ending.message, ending.outputs)

    # Attempts.

    def _attempt(self, retry: RetryNode) -> None:
        number = len(retry.attempts)
        spot = Spot(
            label=f"{retry.label}({number})",
            boundary=retry.boundary,
            owner=retry,
            position=number,
            task=retry.task,
            path=retry.path,
        )
        retry.attempts.append(self._make(retry.template, spot, retry.inputs))

    def _after_attempt(self, retry: RetryNode) -> None:
        last = retry.attempts[-1]
        if last.phase is NodePhase.SUCCEEDED:
            self._finish(retry, NodePhase.SUCCEEDED, "", last.outputs)
            return
        shutdown = self._shutdown or self._shutdown_before
        if shutdown is not None:
            self._finish(retry, last.phase, shutdown, last.outputs)
            return
        match decide_retry(retry.strategy, last.position, last.message):
            case GiveUp(message):
                self._finish(retry, last.phase, message, last.outputs)
            case TryAgain(delay):
                if delay > timedelta(0):
                    self._backing_off[retry] = None
                    self._commands.append(StartTimer(node=retry, at=self._now + delay))
                else:
                    self._attempt(retry)

    # Scopes.

    def _scope(self, dag: DagNode) -> dict[str, JsonValue]:
        return {
            "workflow": self._workflow_scope,
            "inputs": {"parameters": dag.inputs},
            dag.template.tasks_are: TasksView(dag),
        }


def _make_spot(dag: DagNode, position: int, path: TaskPath) -> Spot:
    task = dag.template.tasks[position]
    return Spot(label=task.name, boundary=dag, owner=dag, position=position, task=task, path=path)


def _bind(step: Callable[..., None], *arguments: object) -> Callable[[], None]:
    return lambda: step(*arguments)
