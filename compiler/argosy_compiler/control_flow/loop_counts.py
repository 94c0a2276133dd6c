"""The count of a loop over values of the run, as a field of its template.

Above the limit the field becomes a text that is not a number. The node then ends in an error whose
message quotes the text, before any iteration has started.
"""

from __future__ import annotations

from argosy_compiler.argo.expressions import CONTROL_INPUT, COUNT_INPUT, make_tag
from argosy_expressions.terms import quote

COPIED_BYTES_OF_A_NODE = 512
"""How many bytes of control values a node may carry on average: 2 MiB for 4,000 nodes, which Argo's
compression reduces to a third or much less."""

COMPRESSED_BYTES = 20 * 1024
"""Copies up to this size cost next to nothing: Argo's compression looks back 32 KiB and finds the
copy before."""

_COUNT = f"inputs.parameters.{COUNT_INPUT}"
_SIZE = f"len({CONTROL_INPUT})"
_WHERE = "where Argo offloads its status to a database"


def make_count_tag(loop: str, *, body_nodes: int, max_nodes: int, carries_control: bool) -> str:
    """Return the tag that yields the count of a loop, or a text that says why it is too large.

    Args:
        loop: The key of its task.
        body_nodes: How many nodes one iteration makes.
        max_nodes: How many the loop may make.
        carries_control: Whether each iteration carries control values, whose bytes count as well.
    """
    limit = max(1, max_nodes // body_nodes)
    too_many = _join_message(
        f"loop {loop} has ",
        _COUNT,
        f" items, and --max-nodes allows {limit}; make it shorter, or raise that {_WHERE}",
    )
    count = _COUNT
    if carries_control:
        most = max_nodes * COPIED_BYTES_OF_A_NODE
        too_large = _join_message(
            f"loop {loop} has ",
            _COUNT,
            " items with ",
            f"toJson({_SIZE})",
            f" bytes each to decide by, and --max-nodes allows {most} in all; let its conditions"
            f" read less, or raise that {_WHERE}",
        )
        is_too_large = f"{_SIZE} > {COMPRESSED_BYTES} && int({_COUNT}) * {_SIZE} > {most}"
        count = f"({is_too_large} ? {too_large} : {count})"
    return make_tag(f"int({_COUNT}) > {limit} ? {too_many} : {count}")


def _join_message(*parts: str) -> str:
    """Return the expression that joins texts and expressions, which alternate."""
    return " + ".join(quote(part) if at % 2 == 0 else part for at, part in enumerate(parts))
