"""The environment variables of a user's command.

A component that works only because of a variable in the caller's shell works nowhere else, so a
task gets what the pipeline gives it, and of the caller's environment what makes this machine
usable: who the user is, how to print and encrypt, how to reach the network, packages and clouds,
where the libraries of its drivers are. Python's own variables are not among that, but for one: what
Python prints is shown at once, and before its traceback, unless caller or task have it kept back.
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
"""To Python: write what is printed at once."""
_DEFAULT_PATH = "/usr/local/bin:/usr/bin:/bin"


def task_environment(
    inherited: Mapping[str, str],
    *,
    path_entries: Iterable[str],
    temporary: Path,
    added: Iterable[tuple[str, str]],
) -> dict[str, str]:
    """Return the whole environment of a command.

    Args:
        inherited: Of the engine, or what it was told to take instead.
        path_entries: Go before the inherited ``PATH``.
        temporary: The task's own directory for temporary files.
        added: In order, a later one wins: of the Python environment, of KFP, of the task.
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
    # Proxies are written in lower case as often as not.
    return name in _NAMES or name.startswith(_PREFIXES) or name.upper().endswith("_PROXY")
