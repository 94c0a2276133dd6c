"""What a run keeps in volumes, and a workflow that goes on with it takes over.

Its workspace is a claim that Argo made for the first workflow of the run, and removes when that
succeeds or is deleted. A claim that a task made stays until a task deletes it. Nobody keeps a
record of either but the workflows, so nothing is known of them when these are gone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from argosy_cluster.cluster import Document, find_object, find_objects
from argosy_compiler.structure import read_structure
from argosy_runs.argo.nodes import read_argo_nodes
from argosy_runs.nodes import NodePhase
from argosy_schemas.errors import InvalidArgumentError
from argosy_schemas.ir.model import Pipeline
from argosy_schemas.ir.task_tree import TaskTree
from argosy_schemas.names import TaskPath
from argosy_schemas.pod import WORKSPACE_VOLUME


def check_workspace(pipeline: Pipeline, name: str, first: Document | None) -> None:
    """Refuse to go on with a run whose workspace is gone.

    Args:
        pipeline: Of the run.
        name: Of the run.
        first: Its first workflow; ``None``: it is gone.

    Raises:
        InvalidArgumentError: The workspace is gone.
    """
    if pipeline.pipeline_config.workspace is None:
        return
    claims = find_objects(first or {}, "status", "persistentVolumeClaims")
    names = {find_object(each, "persistentVolumeClaim").get("claimName") for each in claims}
    if f"{name}-{WORKSPACE_VOLUME}" not in names:
        raise InvalidArgumentError(
            f"the workspace of run '{name}' is gone, and with it what its tasks wrote there; "
            "submit the pipeline anew"
        )


def find_made_claims(
    pipeline: Pipeline, workflow: Document, name: str, again: Sequence[str]
) -> Callable[[TaskPath], bool]:
    """Return a function that says whether a task has made a volume claim that is there.

    Args:
        pipeline: Of the run, with what was known to the workflow.
        workflow: The newest one that worked on the run; without a status if it is gone.
        name: Of the run.
        again: Paths of tasks that run again.

    Raises:
        InvalidArgumentError: A claim is gone, or nobody knows whether it is there; or a task that
            made one is to run again.
    """
    structure = read_structure(pipeline)
    if not any(structure.claim_action(task) for _, task in structure.tasks()):
        return lambda _: False
    if "status" not in workflow:
        raise InvalidArgumentError(
            f"run '{name}' makes volume claims, and only its workflow, which is gone, knew which; "
            "submit the pipeline anew"
        )
    tree = TaskTree(pipeline)
    made: set[TaskPath] = set()
    for node in read_argo_nodes(workflow):
        if node.phase is not NodePhase.SUCCEEDED:
            continue
        position = tree.at(node.path)
        action = None if position.task is None else structure.claim_action(position.task)
        if action is None:
            continue
        if action == "delete":
            raise InvalidArgumentError(
                f"task '{node.path}' of run '{name}' has deleted a volume claim, and with it what "
                "other tasks wrote there; submit the pipeline anew"
            )
        if any(each.loop is not None for each in (position, *position.around)):
            raise InvalidArgumentError(
                f"task '{node.path}' of run '{name}' makes a volume claim in a loop, whose "
                "iterations cannot go on; submit the pipeline anew"
            )
        made.add(node.path)
    for path in again:
        if path.strip("/") in made:
            raise InvalidArgumentError(
                f"task '{path}' has made its volume claim, and cannot make it again; name a task "
                "that follows it"
            )
    return lambda path: path in made or pipeline.known.covers(path)
