"""Turn the output of a failed installer into an error of one line."""

from __future__ import annotations

import re
from collections.abc import Sequence

from argosy_schemas.errors import FinalTaskError, RetryableTaskError, TaskError
from argosy_schemas.formats.records import Reason
from argosy_schemas.message_text import truncate

_LONGEST = 500

_NETWORK = re.compile(
    r"error sending request|[Ff]ailed to fetch|dns error|[Cc]onnection (refused|reset|timed)|"
    r"timed out|Temporary failure in name resolution|Network is unreachable|Max retries exceeded|"
    r"status code 5\d\d|5\d\d (Server|Client) Error"
)
# Symbols that uv prints before its messages.
_GLYPHS = re.compile(r"^[\s\u2500-\u25ff\u00d7\u00b7>|]+")
_CAUSE = re.compile(r":? (cause|Caused by): ")
# What uv says of a package or release that no Python has.
_UNKNOWN = re.compile(
    r"not found in the (package registry|provided package locations)|there is no version of"
)
_HINT = re.compile(r"^(hint|help|note|warning)\b", re.IGNORECASE)


def create_installation_error(what: str, output: str, *, python: str) -> TaskError:
    """Return the error for a failed installation.

    Args:
        what: The requirements.
        output: The output of the installer.
        python: The version of Python.
    """
    reason = summarize_output(output)
    if _NETWORK.search(output):
        return RetryableTaskError(
            f"the Python packages of the component ({what}) could not be fetched ({reason}); check "
            f"the network, or set PIP_INDEX_URL to an index that can be reached",
            reason=Reason.ENVIRONMENT_FAILED,
        )
    otherwise = (
        "" if _UNKNOWN.search(reason) else f", or run Argosy with another Python than {python}"
    )
    return FinalTaskError(
        f"the Python packages of the component ({what}) could not be installed ({reason}); correct "
        f"the component's packages_to_install{otherwise}",
        reason=Reason.ENVIRONMENT_FAILED,
    )


def create_missing_python_error(
    packages: Sequence[str], *, needed: str, own: str
) -> FinalTaskError:
    """Return the error for packages that need a Python which is not on this machine.

    Args:
        packages: Requirements without a build for our own Python.
        needed: The version of a Python that has builds, e.g. ``3.9``.
        own: The name of our own, e.g. ``Python 3.11.7``.
    """
    return FinalTaskError(
        f"the component needs {', '.join(packages)}, which has builds for Python {needed} and not "
        f"for {own}; install Python {needed} (uv python install {needed}), or pin a newer release "
        "in packages_to_install",
        reason=Reason.ENVIRONMENT_FAILED,
    )


def summarize_output(output: str) -> str:
    """Return the error that an installer, ``pip`` or ``uv``, printed, in one line."""
    lines = [_GLYPHS.sub("", line).strip() for line in output.splitlines()]
    lines = [line for line in lines if line]
    errors = [line.partition("ERROR: ")[2] for line in lines if line.startswith("ERROR: ")]
    if errors:
        # pip's format; its last error is about the whole installation.
        return errors[-1].rstrip(".")
    start = next((i for i, line in enumerate(lines) if line.startswith("error: ")), 0)
    error: list[str] = []
    for line in lines[start:]:
        # The output of a package's build may be long; uv quotes its end in the lines before.
        if _HINT.match(line) or line in ("[stdout]", "[stderr]"):
            break
        error.append(line)
    text = " ".join(error or lines[-1:]).removeprefix("error: ").rstrip(".")
    return truncate(_CAUSE.sub(": ", text), most=_LONGEST)
