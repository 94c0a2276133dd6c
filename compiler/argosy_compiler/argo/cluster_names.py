"""What Kubernetes takes as names of objects, of their keys, as labels, and as images.

Sources: ``k8s.io/apimachinery`` (DNS-1123 subdomains, keys of ConfigMaps),
``github.com/distribution/reference``.
"""

from __future__ import annotations

import re
from typing import Final

SUBDOMAIN_ADVICE: Final = (
    "use lower case letters, digits, '-' and '.', and begin and end with a letter or digit"
)
KEY_ADVICE: Final = "use letters, digits, '-', '_' and '.'"

_LONGEST_SUBDOMAIN: Final = 253
_SUBDOMAIN: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_KEY: Final = re.compile(r"(?!\.$|\.\.)[-._a-zA-Z0-9]{1,253}")
_LONGEST_LABEL: Final = 63
_LONGEST_PREFIX: Final = 57
"""Argo adds a dash and five characters to it, and 63 is the limit of labels."""
_NOT_IN_LABELS: Final = re.compile(r"[^a-zA-Z0-9._-]+")
_TAG: Final = re.compile(r"\{\{.*?\}\}", re.DOTALL)
_HOST: Final = (
    r"([a-zA-Z0-9]([-a-zA-Z0-9]*[a-zA-Z0-9])?(\.[a-zA-Z0-9]([-a-zA-Z0-9]*[a-zA-Z0-9])?)*"
    r"|\[[a-fA-F0-9:]+\])(:[0-9]+)?"
)
_PART: Final = r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*"
_IMAGE: Final = re.compile(
    rf"({_HOST}/)?{_PART}(/{_PART})*(:\w[\w.-]{{0,127}})?"
    r"(@[A-Za-z][A-Za-z0-9]*([-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,})?",
    re.ASCII,
)


def is_subdomain(name: str) -> bool:
    """Return whether a Secret, a ServiceAccount and the like can have this name."""
    return len(name) <= _LONGEST_SUBDOMAIN and _SUBDOMAIN.fullmatch(name) is not None


def is_key(key: str) -> bool:
    """Return whether a Secret and a ConfigMap can have a value by this key."""
    return _KEY.fullmatch(key) is not None


def make_label(text: str) -> str:
    """Return a text as the value of a label: what labels cannot have becomes ``-``; may be empty.

    Source: ``k8s.io/apimachinery/pkg/util/validation`` (``IsValidLabelValue``).
    """
    return _NOT_IN_LABELS.sub("-", text)[:_LONGEST_LABEL].strip("._-")


def make_name_prefix(pipeline: str) -> str:
    """Return what the names of the workflows of a pipeline begin with, without a dash behind it."""
    plain = re.sub(r"[^a-z0-9]+", "-", pipeline.rpartition("/")[2].lower()).strip("-")
    return plain[:_LONGEST_PREFIX].rstrip("-") or "pipeline"


def is_image(reference: str) -> bool:
    """Return whether a node can look for an image by this reference; tags may stand for parts."""
    return _IMAGE.fullmatch(_TAG.sub("1", reference)) is not None
