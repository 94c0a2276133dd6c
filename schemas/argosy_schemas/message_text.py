"""Texts of strangers in messages: what does not print is spelt out, what is long is cut.

Names and values come from files, people and programs, and may hold anything. A text that was cut
says so: whoever searches for what a message shows would not find it otherwise.
"""

from __future__ import annotations

_VALUE = 60
_LINE = 500


def truncate(text: str, *, most: int = _VALUE) -> str:
    """Return ``text``; of a longer one the first ``most`` characters, and the sign for a cut."""
    return text if len(text) <= most else f"{text[:most]}…"


def quote_text(text: str, *, most: int = _VALUE) -> str:
    """Return ``text`` quoted, and cut where it is long."""
    return repr(truncate(text, most=most))


def to_one_line(text: str, *, most: int = _LINE) -> str:
    """Return ``text`` unquoted, without what does not print, and cut where it is long."""
    if not text.isprintable():
        text = "".join(
            letter if letter.isprintable() else letter.encode("unicode_escape").decode()
            for letter in text
        )
    return truncate(text, most=most)
