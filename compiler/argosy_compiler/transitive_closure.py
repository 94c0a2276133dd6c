"""The transitive closure of dependencies, for thousands of tasks: sets as bits of integers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def compute_transitive_closure(direct: Mapping[str, Sequence[str]]) -> Mapping[str, int]:
    """Return for each task the set of all that it leads to, itself left out.

    Bit ``n`` stands for the ``n``-th key of ``direct``. Unknown names are ignored. A cycle counts
    as far as it was walked, since it is reported elsewhere.
    """
    bits = {name: 1 << number for number, name in enumerate(direct)}
    found: dict[str, int] = {}
    for first in direct:
        waiting = [first]
        entered: set[str] = set()
        while waiting:
            name = waiting[-1]
            if name in found:
                waiting.pop()
                continue
            known = [one for one in direct[name] if one in bits]
            if name not in entered:
                entered.add(name)
                waiting.extend(one for one in known if one not in found and one not in entered)
                continue
            result = 0
            for one in known:
                result |= bits[one] | found.get(one, 0)
            found[name] = result
            waiting.pop()
    return found
