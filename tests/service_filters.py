"""Filters of lists, as clients write them."""

from __future__ import annotations

import json
from collections.abc import Mapping


def make_filter(*predicates: Mapping[str, object]) -> str:
    """Return the text of a filter."""
    return json.dumps({"predicates": predicates})
