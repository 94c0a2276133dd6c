"""Images from a registry of one's own, where nodes cannot reach the public ones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from argosy_schemas.errors import InvalidArgumentError

_DEFAULT_REGISTRY: Final = "docker.io"
_DEFAULT_PROJECT: Final = "library"


@dataclass(frozen=True, slots=True)
class ImageRule:
    """Images below ``source`` are taken from ``target``."""

    source: str
    """A registry, or a name in it with or without its last parts; complete, as
    ``docker.io/library/python``."""
    target: str
    """What stands in its place."""


def parse_image_rules(texts: Iterable[str]) -> tuple[ImageRule, ...]:
    """Return the rules of texts like ``docker.io=registry.example.org/hub``, in their order.

    Raises:
        InvalidArgumentError: A text is no rule, or two have one source; one line for each.
    """
    rules: dict[str, ImageRule] = {}
    faults: list[str] = []
    for text in texts:
        source, _, target = (part.strip("/ ") for part in text.partition("="))
        if not source or not target:
            faults.append(
                f"--image-map '{text}' is not FROM=TO; write it like docker.io=registry.example.org"
            )
            continue
        name = _complete(source)
        if name in rules:
            faults.append(f"--image-map names '{source}' twice; leave one out")
        rules[name] = ImageRule(name, target)
    if faults:
        raise InvalidArgumentError("\n".join(faults))
    return tuple(rules.values())


def map_image(image: str, rules: Sequence[ImageRule]) -> str:
    """Return the image that the rule with the longest source gives; without one, ``image``."""
    name = _complete(image)
    fitting = [rule for rule in rules if _is_below(name, rule.source)]
    if not fitting:
        return image
    rule = max(fitting, key=lambda each: len(each.source))
    return f"{rule.target}{name.removeprefix(rule.source)}"


def _is_below(name: str, source: str) -> bool:
    """Return whether a name begins with a source, which does not end within a part of it."""
    return name.startswith(source) and name[len(source) : len(source) + 1] in ("", "/", ":", "@")


def _complete(name: str) -> str:
    """Return a name with its registry, as ``github.com/distribution/reference`` completes it."""
    first, _, rest = name.partition("/")
    host, _, port = first.partition(":")
    if "." in host or host == "localhost" or (port and rest):
        return name
    return f"{_DEFAULT_REGISTRY}/{name if rest else f'{_DEFAULT_PROJECT}/{name}'}"
