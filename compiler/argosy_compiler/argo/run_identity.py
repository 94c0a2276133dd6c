"""Which run a workflow belongs to: one of its own, or one that it goes on with.

A retried run keeps its id and name, and so its place in the store, though its workflow is another
one. So does a run that the service has given an id before there is a workflow. A workflow that Argo
makes from that again, by ``argo resubmit``, has a name of its own, and is a run of its own.
"""

from __future__ import annotations

from argosy_schemas.formats.retried_run import RetriedRun


def write_run_id(retried: RetriedRun | None) -> str:
    """Return the field that becomes the id of the run."""
    return "{{workflow.uid}}" if retried is None else _choose(retried, retried.id, "workflow.uid")


def write_run_name(retried: RetriedRun | None) -> str:
    """Return the field that becomes the name of the run."""
    if retried is None:
        return "{{workflow.name}}"
    return _choose(retried, retried.name, "workflow.name")


def express_run_name(retried: RetriedRun | None) -> str:
    """Return the expression whose value is the name of the run."""
    return (
        "workflow.name"
        if retried is None
        else f"({_choice(retried, retried.name, 'workflow.name')})"
    )


def write_first_creation(retried: RetriedRun) -> str:
    """Return the field that becomes the time when the run was created; empty: the workflow was.

    Argo's expressions have no time of creation: its names hide one another.
    """
    return _choose(retried, retried.created_at.strftime("%Y-%m-%dT%H:%M:%SZ"), "''")


def _choose(retried: RetriedRun, text: str, other: str) -> str:
    # Options name this module, and only a retried run needs expressions.
    from argosy_compiler.argo.expressions import make_tag

    return make_tag(_choice(retried, text, other))


def _choice(retried: RetriedRun, text: str, other: str) -> str:
    from argosy_expressions.terms import quote  # as above

    return f"workflow.name == {quote(retried.workflow)} ? {quote(text)} : {other}"
