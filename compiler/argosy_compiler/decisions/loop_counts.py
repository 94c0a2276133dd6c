"""How often a loop over values of the run goes round, as a field of its template.

Beyond its limits that is a text which is no number: an error of the node, whose message quotes it,
before anything of the loop has started.
"""

from __future__ import annotations

import math

from argosy_compiler.argo.expressions import COUNT_INPUT, HANDED_DOWN, tag
from argosy_expressions.terms import quoted

COPIED_BYTES_OF_A_NODE = 512
"""What a node may carry to decide by, on the average of ``--max-nodes``: 2 MiB of 4,000, which
Argo's compression makes a third of, or much less."""

COMPRESSED_BYTES = 20 * 1024
"""Up to this size, copies cost next to nothing: the compression looks back over 32 KiB, in which
the copy before has to begin."""

_COUNT = f"inputs.parameters.{COUNT_INPUT}"
_SIZE = f"len({HANDED_DOWN})"
_WHERE = "where Argo offloads its status to a database"


def checked_count(loop: str, limit: int, *, around: int | str, max_copied_bytes: int | None) -> str:
    """Return the count of a loop, or why it is too much.

    Args:
        loop: Its key.
        limit: The most iterations that there may be of it in the run.
        around: How many iterations there are of the loop itself, or the input that says so.
        max_copied_bytes: How much the iterations may carry to decide by, all together; ``None``:
            they carry nothing.
    """
    has = [quoted(f"loop {loop} has "), _COUNT]
    times = f"int({_COUNT})"
    if around == 1:
        items, most = " items", f"{limit}"
    else:
        told = quoted(str(around)) if isinstance(around, int) else f"inputs.parameters.{around}"
        has += [quoted(" items in each of "), told]
        times += f" * {around}" if isinstance(around, int) else f" * int({told})"
        items, most = " iterations around it", f"{limit} in all"
    advice = f"make it shorter, or raise that {_WHERE}"
    too_many = [*has, quoted(f"{items}, and --max-nodes allows {most}; {advice}")]
    count = _COUNT
    if max_copied_bytes is not None:
        advice = f"let its conditions read less, or raise that {_WHERE}"
        too_large = [
            *has,
            quoted(f"{items} with "),
            f"toJson({_SIZE})",
            quoted(
                f" bytes each to decide by, and --max-nodes allows {max_copied_bytes} in all;"
                f" {advice}"
            ),
        ]
        is_too_large = f"{_SIZE} > {COMPRESSED_BYTES} && {times} * {_SIZE} > {max_copied_bytes}"
        count = f"({is_too_large} ? {' + '.join(too_large)} : {_COUNT})"
    return tag(f"{times} > {limit} ? {' + '.join(too_many)} : {count}")


def product(*factors: int | str) -> str:
    """Return the text of a product of numbers, and of inputs given by their names."""
    number = math.prod(factor for factor in factors if isinstance(factor, int))
    names = [f"inputs.parameters.{factor}" for factor in factors if isinstance(factor, str)]
    if not names:
        return str(number)
    if number == 1 and len(names) == 1:
        return f"{{{{{names[0]}}}}}"
    return tag(" * ".join([*([str(number)] if number != 1 else []), *(f"int({n})" for n in names)]))
