"""Texts in conditions as the KFP SDK writes them: between single quotes, without any escape.

A text with a quote, a backslash or a line break of its own is not CEL then, though what the author
meant is plain: a text ends where the SDK goes on after it.
"""

from __future__ import annotations

import re
from typing import Final

_COMPARED_TEXT: Final = re.compile(
    r"(?P<operator> (?:==|!=|<=|>=|<|>) )'(?P<text>.*?)'(?=$|\)$|\) && |\)\) && |\)\)$)", re.DOTALL
)
"""The SDK compares with a text on the right, and negates the comparisons of earlier branches."""


def escape_sdk_texts(condition: str) -> str:
    """Return a condition that is not CEL with the texts in it escaped.

    It is returned as it is where nothing in it looks like what the SDK writes.
    """

    def escape(match: re.Match[str]) -> str:
        text = match["text"].replace("\\", "\\\\").replace("'", "\\'")
        text = text.replace("\n", "\\n").replace("\r", "\\r")
        return f"{match['operator']}'{text}'"

    return _COMPARED_TEXT.sub(escape, condition)
