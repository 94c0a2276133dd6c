"""Build the environment variables of a user's command.

A component must not depend on a variable of the caller's shell, which no cluster has. So a task
gets the pipeline's variables, and of the caller's those that make this machine usable: user,
locale, certificates, proxies, package indexes, clouds, libraries of device drivers. Python's
variables are left out except ``PYTHONUNBUFFERED``, which is set by default so that output is shown
at once and before a traceback.

In a container the image has its own user, locale and libraries, and less of the caller's is left.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

_NAMES = frozenset(
    {
        "ALL_PROXY",
        "CURL_CA_BUNDLE",
        "HOME",
        "HTTPS_PROXY",
        "HTTP_PROXY",
        "LANG",
        "LANGUAGE",
        "LD_LIBRARY_PATH",
        "LOGNAME",
        "NO_PROXY",
        "REQUESTS_CA_BUNDLE",
        "SHELL",
        "SSL_CERT_DIR",
        "SSL_CERT_FILE",
        "TZ",
        "USER",
    }
)
_PREFIXES = (
    "AWS_",
    "AZURE_",
    "CUDA_",
    "DYLD_",
    "GOOGLE_",
    "HF_",
    "LC_",
    "NVIDIA_",
    "PIP_",
    "UV_",
    "XDG_",
)
_NAMES_IN_CONTAINERS = frozenset(
    {
        "CURL_CA_BUNDLE",
        "PIP_CERT",
        "PIP_CLIENT_CERT",
        "PIP_DEFAULT_TIMEOUT",
        "PIP_EXTRA_INDEX_URL",
        "PIP_FIND_LINKS",
        "PIP_INDEX_URL",
        "PIP_NO_INDEX",
        "PIP_RETRIES",
        "PIP_TRUSTED_HOST",
        "REQUESTS_CA_BUNDLE",
        "SSL_CERT_FILE",
        "TZ",
    }
)
_PREFIXES_IN_CONTAINERS = ("AWS_", "AZURE_", "GOOGLE_", "HF_")
_UNBUFFERED = "PYTHONUNBUFFERED"
_DEFAULT_PATH = "/usr/local/bin:/usr/bin:/bin"


def build_task_environment(
    inherited: Mapping[str, str],
    *,
    path_entries: Iterable[str],
    temporary: Path,
    added: Iterable[tuple[str, str]],
) -> dict[str, str]:
    """Return all environment variables of a command.

    Args:
        inherited: The engine's, or those to use instead.
        path_entries: Directories to put before the inherited ``PATH``.
        temporary: The task's own directory for temporary files.
        added: Those of the Python environment, of KFP and of the task; a later one wins.
    """
    environment = _select(inherited, _NAMES, _PREFIXES)
    entries = [*path_entries, inherited.get("PATH", _DEFAULT_PATH)]
    environment["PATH"] = os.pathsep.join(entry for entry in entries if entry)
    environment |= _make_common(inherited, temporary)
    environment.update(added)
    return environment


def build_container_environment(
    inherited: Mapping[str, str],
    *,
    home: Path | None,
    temporary: Path,
    added: Iterable[tuple[str, str]],
) -> dict[str, str]:
    """Return the environment variables of a command that are added to its image's.

    Args:
        inherited: The engine's, or those to use instead.
        home: The home directory; ``None``: the image's.
        temporary: The task's own directory for temporary files.
        added: Those of KFP and of the task; a later one wins.
    """
    environment = select_for_containers(inherited) | _make_common(inherited, temporary)
    if home is not None:
        environment["HOME"] = str(home)
    environment.update(added)
    return environment


def select_for_containers(inherited: Mapping[str, str]) -> dict[str, str]:
    """Return which of the caller's variables a command in a container inherits."""
    return _select(inherited, _NAMES_IN_CONTAINERS, _PREFIXES_IN_CONTAINERS)


def _make_common(inherited: Mapping[str, str], temporary: Path) -> dict[str, str]:
    return {
        **dict.fromkeys(("TMPDIR", "TMP", "TEMP"), str(temporary)),
        _UNBUFFERED: inherited.get(_UNBUFFERED, "1"),
    }


def _select(
    inherited: Mapping[str, str], names: frozenset[str], prefixes: tuple[str, ...]
) -> dict[str, str]:
    return {
        name: value
        for name, value in inherited.items()
        # Names of proxies are often in lower case.
        if name in names or name.startswith(prefixes) or name.upper().endswith("_PROXY")
    }
