"""Show what checks found, as lines or as JSON, for ``argosy doctor``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from argosy_cli.views.words import strip_controls
from argosy_schemas.check_results import CheckResult, CheckVerdict
from argosy_schemas.values import JsonValue, to_json

GLYPHS: Mapping[CheckVerdict, str] = {
    CheckVerdict.OK: "✔",
    CheckVerdict.WARNING: "!",
    CheckVerdict.FAILURE: "✖",
    CheckVerdict.NOT_SEEN: "?",
}


def format_check(result: CheckResult) -> str:
    """Return the line of one check; a verdict other than ok is written out."""
    word = "" if result.verdict is CheckVerdict.OK else f"{result.verdict}: "
    return f"  {GLYPHS[result.verdict]} {result.name}: {word}{strip_controls(result.message)}"


def format_counts(results: Sequence[CheckResult]) -> str:
    """Return e.g. ``6 checks: 5 ok, 1 failure``."""
    counts = Counter(result.verdict for result in results)
    found = ", ".join(f"{counts[each]} {each}" for each in CheckVerdict if counts[each])
    return f"{len(results)} checks: {found}"


def checks_to_json(subjects: Iterable[tuple[str, str, Sequence[CheckResult]]]) -> str:
    """Return a JSON object.

    Args:
        subjects: What was checked, its address, and the results.
    """
    found = list(subjects)
    has_failed = any(is_failed(results) for _, _, results in found)
    document: dict[str, JsonValue] = {
        "failed": has_failed,
        "subjects": [
            {
                "subject": subject,
                "address": address,
                "checks": [
                    {
                        "name": result.name,
                        "verdict": result.verdict.value,
                        "message": result.message,
                    }
                    for result in results
                ],
            }
            for subject, address, results in found
        ],
    }
    return to_json(document)


def is_failed(results: Iterable[CheckResult]) -> bool:
    """Return whether a check says that runs do not work."""
    return any(result.verdict is CheckVerdict.FAILURE for result in results)
