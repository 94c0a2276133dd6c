"""What a container asks of its node, as an option writes it: ``cpu=10m:1,memory=64Mi:256Mi``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from argosy_schemas.errors import InvalidArgumentError
from argosy_schemas.quantities import is_amount, read_quantity

Amounts: TypeAlias = tuple[tuple[str, str], ...]
"""Pairs of a resource and a quantity of Kubernetes."""

_NAMES = ("cpu", "memory", "ephemeral-storage")


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerResources:
    """Requests and limits; without any, those that the namespace gives to a container."""

    requests: Amounts = ()
    limits: Amounts = ()

    def to_json(self) -> Mapping[str, Mapping[str, str]]:
        """Return the ``resources`` of a container; empty if there are none."""
        sides = {"limits": dict(self.limits), "requests": dict(self.requests)}
        return {name: amounts for name, amounts in sides.items() if amounts}


def parse_resources(text: str, *, option: str) -> ContainerResources:
    """Return the resources that ``text`` names.

    Args:
        text: ``NAME=REQUEST:LIMIT``, with commas between several; one side may be left out
            (``cpu=10m`` requests, ``memory=:256Mi`` limits). Empty: none.
        option: Names the option in messages.

    Raises:
        InvalidArgumentError: The text is something else.
    """
    requests: dict[str, str] = {}
    limits: dict[str, str] = {}
    for part in text.split(",") if text else ():
        name, _, amounts = part.partition("=")
        request, _, limit = amounts.partition(":")
        if name not in _NAMES or name in requests or name in limits:
            raise InvalidArgumentError(
                f"{option} {text!r}: write each of {', '.join(_NAMES)} at most once, and nothing"
                " else"
            )
        given = [amount for amount in (request, limit) if amount]
        if not given or not all(map(is_amount, given)):
            raise InvalidArgumentError(
                f"{option} {text!r}: '{part}' has no quantity; write it like memory=64Mi:256Mi"
            )
        if len(given) == 2 and read_quantity(request) > read_quantity(limit):
            raise InvalidArgumentError(
                f"{option} {text!r}: '{part}' requests more than its limit; raise the limit"
            )
        if request:
            requests[name] = request
        if limit:
            limits[name] = limit
    return ContainerResources(requests=tuple(requests.items()), limits=tuple(limits.items()))


def format_resources(resources: ContainerResources) -> str:
    """Return the text that :func:`parse_resources` reads."""
    requests, limits = dict(resources.requests), dict(resources.limits)
    return ",".join(
        f"{name}={requests.get(name, '')}" + (f":{limits[name]}" if name in limits else "")
        for name in dict.fromkeys([*requests, *limits])
    )
