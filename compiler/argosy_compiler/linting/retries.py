"""Counts and durations of retries: texts that Argo reads when their turn comes.

Sources: ``workflow/controller/operator.go``, ``ParseStringToDuration``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from argosy_compiler.linting.subject import Subject, get_object, get_text
from argosy_schemas.errors import Problem

_COUNT: Final = re.compile(r"[-+]?[0-9]+")
_DURATION: Final = re.compile(r"[-+]?([0-9]+|(([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|ms|s|m|h))+)")


def check_retries(subject: Subject) -> Iterator[Problem]:
    """Yield what Argo cannot read as a count or a duration."""
    for template in subject.templates:
        retry = get_object(template.json, "retryStrategy")
        path = f"{template.path}.retryStrategy"
        limit = get_text(retry, "limit")
        if limit and "{{" not in limit and not _COUNT.fullmatch(limit):
            yield Problem(
                path=f"{path}.limit",
                message=f"is '{limit}', and Argo fails on what is no whole number; write one",
            )
        duration = get_text(get_object(retry, "backoff"), "duration")
        if duration and "{{" not in duration and not _DURATION.fullmatch(duration):
            yield Problem(
                path=f"{path}.backoff.duration",
                message=f"is '{duration}'; write seconds, or a duration like '1m30s'",
            )
