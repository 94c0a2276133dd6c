"""Refuse a pipeline in which the passes before found something wrong: all of it at once."""

from __future__ import annotations

from argosy_compiler.plan import Plan
from argosy_schemas.errors import InvalidPipelineError


def refuse(plan: Plan) -> Plan:
    """Return the plan unchanged.

    Raises:
        InvalidPipelineError: Something is wrong with the pipeline.
    """
    if plan.problems:
        raise InvalidPipelineError(*plan.problems)
    return plan
