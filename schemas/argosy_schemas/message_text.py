"""Put text from files, people and programs into messages.

Such text may hold anything: unprintable characters are escaped, long text is truncated. Truncated
text ends with a sign, since a search for it would find nothing otherwise.
"""

from __future__ import annotations

_VALUE = 60
_LINE = 500


def truncate(text: str, *, most: int = _VALUE) -> str:
    """Return ``text``, or its first ``most`` characters followed by ``…``."""
    return text if len(text) <= most else f"{text[:most]}…"


def quote_text(text: str, *, most: int = _VALUE) -> str:
    """Return ``text`` quoted and truncated."""
    return repr(truncate(text, most=most))


def to_one_line(text: str, *, most: int = _LINE) -> str:
    """Return ``text`` unquoted and truncated, with unprintable characters escaped."""
    if not text.isprintable():
        text = "".join(
            letter if letter.isprintable() else letter.encode("unicode_escape").decode()
            for letter in text
        )
    return truncate(text, most=most)
