"""What a caller compiles with, and how checks say what they found."""

from __future__ import annotations

from dataclasses import dataclass

from argosy_schemas.check_results import CheckResult, CheckVerdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectations:
    """The options of ``argosy compile`` that name objects of the cluster."""

    service_account: str = "default"
    store_secret: str | None = None
    """``None``: the service account has an identity of its own."""
    image: str = ""
    """Of driver and launcher."""


def ok(name: str, message: str) -> CheckResult:
    """Return that something is in order."""
    return CheckResult(name=name, verdict=CheckVerdict.OK, message=message)


def warn(name: str, message: str) -> CheckResult:
    """Return that runs work, and what could be better."""
    return CheckResult(name=name, verdict=CheckVerdict.WARNING, message=message)


def fail(name: str, message: str) -> CheckResult:
    """Return that runs do not work, and what to do."""
    return CheckResult(name=name, verdict=CheckVerdict.FAILURE, message=message)


def not_seen(name: str, message: str) -> CheckResult:
    """Return that something could not be looked at, and who can."""
    return CheckResult(name=name, verdict=CheckVerdict.NOT_SEEN, message=message)
