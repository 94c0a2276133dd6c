"""Check a compiled Argo Workflow before anything is submitted.

The rules are those of Argo's own validation, of its CRDs, and of the traps in which a workflow that
passes both hangs, or goes on with the wrong data, on some version (``docs/argo-compatibility.md``).
They know what the compiler writes; a workflow that uses more is left to ``argo lint``, which the
only problem then says. What is only known in a cluster (service accounts, quotas, images) is not
looked at, nor what is risky there and yet valid: a parameter without a value may get one from
``argo submit -p``, an image may bring the command of a container. Everything is pure: JSON in,
problems out, in the order of the document.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeAlias

from argosy_compiler.linting.containers import check_containers
from argosy_compiler.linting.dags import check_dags
from argosy_compiler.linting.fields import check_fields
from argosy_compiler.linting.limits import check_limits
from argosy_compiler.linting.names import check_names
from argosy_compiler.linting.outcomes import check_outcomes
from argosy_compiler.linting.pod_security import check_pod_standard
from argosy_compiler.linting.pod_settings import check_pod_settings
from argosy_compiler.linting.references import check_references
from argosy_compiler.linting.subject import Subject, read_subject
from argosy_compiler.linting.tags import check_tags
from argosy_compiler.linting.templates import check_templates
from argosy_compiler.options import ARGO_LINES
from argosy_schemas.errors import InvalidArgumentError, Problem

Rule: TypeAlias = Callable[[Subject], Iterator[Problem]]

RULES: Final[tuple[Rule, ...]] = (
    check_fields,
    check_names,
    check_templates,
    check_dags,
    check_containers,
    check_pod_settings,
    check_pod_standard,
    check_references,
    check_tags,
    check_outcomes,
    check_limits,
)


def lint_workflow(workflow: Mapping[str, Any], argo_version: str) -> tuple[Problem, ...]:
    """Return what an Argo of the line ``argo_version`` would refuse or trip over.

    Args:
        workflow: The ``Workflow`` as JSON, as the compiler makes them.
        argo_version: One of :data:`ARGO_LINES`.

    Raises:
        InvalidArgumentError: ``argo_version`` is not a known line.
    """
    if argo_version not in ARGO_LINES:
        raise InvalidArgumentError(
            f"'{argo_version}' is not a known line of Argo; use one of {', '.join(ARGO_LINES)}"
        )
    major, _, minor = argo_version.partition(".")
    subject = read_subject(workflow, (int(major), int(minor)))
    if not isinstance(subject, Subject):
        return subject
    return tuple(problem for rule in RULES for problem in rule(subject))
