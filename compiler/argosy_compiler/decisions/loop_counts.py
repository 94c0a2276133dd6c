"""How many iterations a loop over values of the run has, as a field of its template.

Above its limit that field is a text which is no number: an error of the node, whose message quotes
the text, before any iteration has started.
"""

from __future__ import annotations

from argosy_compiler.argo.expressions import COUNT_INPUT, HANDED_DOWN, tag
from argosy_expressions.terms import quote

COPIED_BYTES_OF_A_NODE = 512
"""Bytes to decide by that a node may carry, on the average of ``--max-nodes``: 2 MiB of 4,000,
which Argo's compression reduces to a third or much less."""

COMPRESSED_BYTES = 20 * 1024
"""Up to this size copies cost next to nothing: Argo's compression finds the copy before in the
32 KiB that it looks back."""

_COUNT = f"inputs.parameters.{COUNT_INPUT}"
_SIZE = f"len({HANDED_DOWN})"
_WHERE = "where Argo offloads its status to a database"


def checked_count(loop: str, *, body_nodes: int, max_nodes: int, carries_control: bool) -> str:
    """Return the tag that yields the count of a loop, or a text that says why it is too large.

    Args:
        loop: The key of its task.
        body_nodes: How many nodes one iteration makes.
        max_nodes: How many the loop may make.
        carries_control: Whether each iteration carries control values, whose bytes count too.
    """
    limit = max(1, max_nodes // body_nodes)
    too_many = _message(
        f"loop {loop} has ",
        _COUNT,
        f" items, and --max-nodes allows {limit}; make it shorter, or raise that {_WHERE}",
    )
    count = _COUNT
    if carries_control:
        most = max_nodes * COPIED_BYTES_OF_A_NODE
        too_large = _message(
            f"loop {loop} has ",
            _COUNT,
            " items with ",
            f"toJson({_SIZE})",
            f" bytes each to decide by, and --max-nodes allows {most} in all; let its conditions"
            f" read less, or raise that {_WHERE}",
        )
        is_too_large = f"{_SIZE} > {COMPRESSED_BYTES} && int({_COUNT}) * {_SIZE} > {most}"
        count = f"({is_too_large} ? {too_large} : {count})"
    return tag(f"int({_COUNT}) > {limit} ? {too_many} : {count}")


def _message(*parts: str) -> str:
    """Return the expression that joins texts and expressions, which alternate."""
    return " + ".join(quote(part) if at % 2 == 0 else part for at, part in enumerate(parts))
