"""What the service asks about callers: who they are, and whether they may do something."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from argosy_service.errors import UnauthenticatedError

Headers: TypeAlias = Iterable[tuple[str, str]]
"""Names in lower case, with their values: of HTTP, or the metadata of gRPC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who sent a request."""

    user: str = ""
    """Empty where the service does not tell users apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """What a caller wants to do, in the words of KFP's roles."""

    resource: str
    """``pipelines``, ``experiments``, ``runs`` or ``jobs``: recurring runs."""
    verb: str
    namespace: str
    name: str = ""
    """The id of the object; empty: of none that exists."""


class AccessPolicy(Protocol):
    """Decides who may do what. For several threads."""

    @property
    def is_multi_user(self) -> bool:
        """Whether namespaces are kept apart."""
        ...

    @property
    def namespace(self) -> str:
        """The service's own; changes of pipelines that all namespaces share need rights in it."""
        ...

    def identify(self, headers: Headers) -> Caller:
        """Return who sent a request.

        Raises:
            UnauthenticatedError: It does not say, or not credibly.
            UnavailableError: Whoever knows does not answer.
        """
        ...

    def check(self, caller: Caller, action: Action) -> None:
        """Refuse what a caller may not do.

        Raises:
            AccessRefusedError: The caller may not.
            UnavailableError: Whoever knows does not answer.
        """
        ...


class OpenAccess:
    """Whoever reaches the service may do everything."""

    is_multi_user = False
    namespace = ""

    def identify(self, headers: Headers) -> Caller:
        """Return nobody in particular."""
        return Caller()

    def check(self, caller: Caller, action: Action) -> None:
        """Refuse nothing."""


def find_header(headers: Headers, name: str) -> str | None:
    """Return the value of a header; ``None`` where it is absent.

    Raises:
        UnauthenticatedError: It is there twice: one may be that of a proxy, the other its client's.
    """
    values = [value for each, value in headers if each == name]
    if len(values) > 1:
        raise UnauthenticatedError(f"the request has {len(values)} headers '{name}'; send one")
    return values[0] if values else None


def find_bearer_token(headers: Headers) -> str | None:
    """Return the token in the header ``authorization``; ``None`` where there is none."""
    value = find_header(headers, "authorization")
    scheme, _, token = (value or "").strip().partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None
