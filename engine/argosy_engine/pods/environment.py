"""Build the environment variables of a user's command.

A component must not depend on a variable of the caller's shell, which no cluster has. So a task
gets the pipeline's variables, and of the caller's those that make this machine usable: user,
locale, certificates, proxies, package indexes, clouds, libraries of device drivers. Python's
variables are left out except ``PYTHONUNBUFFERED``, which is set by default so that output is shown
at once and before a traceback.
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
    environment = {name: value for name, value in inherited.items() if _is_kept(name)}
    entries = [*path_entries, inherited.get("PATH", _DEFAULT_PATH)]
    environment["PATH"] = os.pathsep.join(entry for entry in entries if entry)
    for name in ("TMPDIR", "TMP", "TEMP"):
        environment[name] = str(temporary)
    environment[_UNBUFFERED] = inherited.get(_UNBUFFERED, "1")
    environment.update(added)
    return environment


def _is_kept(name: str) -> bool:
    # Names of proxies are often in lower case.
    return name in _NAMES or name.startswith(_PREFIXES) or name.upper().endswith("_PROXY")
