"""Translate pip's options and configuration for uv.

uv does not read pip's configuration, e.g. the index to use and the certificates to trust. Where uv
lacks an option, pip itself installs the requirements.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

_SAME = frozenset({"--no-deps", "--no-index", "--no-build-isolation", "--require-hashes"})
_OTHER = {
    "--upgrade": ("--upgrade",),
    "-U": ("--upgrade",),
    "--pre": ("--prerelease", "allow"),
    "--force-reinstall": ("--reinstall",),
    "--no-cache-dir": (),
    "--prefer-binary": (),
    "--ignore-installed": ("--reinstall",),
    "-I": ("--reinstall",),
}
_VALUED = {
    "--index-url": "--default-index",
    "-i": "--default-index",
    "--extra-index-url": "--index",
    "--find-links": "--find-links",
    "-f": "--find-links",
    "--trusted-host": "--allow-insecure-host",
    "--only-binary": "--only-binary",
    "--no-binary": "--no-binary",
    "--timeout": None,
    "--retries": None,
}


def to_uv_arguments(arguments: Sequence[str]) -> tuple[str, ...] | None:
    """Return arguments of ``uv pip install`` for those of ``pip install``.

    ``None``: uv lacks one of the options.
    """
    found: list[str] = []
    words = iter(arguments)
    for word in words:
        if not word.startswith("-"):
            found.append(word)
            continue
        option, equals, value = word.partition("=")
        if option in _SAME:
            found.append(option)
        elif option in _OTHER:
            found.extend(_OTHER[option])
        elif option in _VALUED:
            value = value if equals else next(words, "")
            name = _VALUED[option]
            if name is not None:
                found += [name, _host(value) if option == "--trusted-host" else value]
        else:
            return None
    return tuple(found)


def to_uv_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return variables that give uv the settings of pip's configuration.

    Variables of uv that are set already take precedence.
    """
    settings = read_pip_settings(environment)
    found: dict[str, str] = {}

    def add(variable: str, *others: str, value: str) -> None:
        if value and not any(environment.get(name) for name in (variable, *others)):
            found[variable] = value

    add("UV_DEFAULT_INDEX", "UV_INDEX_URL", value=settings.get("index-url", ""))
    add("UV_INDEX", "UV_EXTRA_INDEX_URL", value=_words(settings.get("extra-index-url", "")))
    add("UV_FIND_LINKS", value=_existing(settings.get("find-links", "")))
    hosts = " ".join(map(_host, settings.get("trusted-host", "").split()))
    add("UV_INSECURE_HOST", value=hosts)
    add("SSL_CERT_FILE", value=settings.get("cert", ""))
    return found


def to_uv_flags(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Return options that give uv settings of pip for which it has no variables."""
    no_index = read_pip_settings(environment).get("no-index", "").lower()
    return ("--no-index",) if no_index in ("1", "true", "yes", "on") else ()


def read_pip_settings(environment: Mapping[str, str]) -> dict[str, str]:
    """Return pip's settings for ``install``, by the long names of its options."""
    found: dict[str, str] = {}
    for path in _configuration_files(environment):
        found |= _read(path)
    for name, value in environment.items():
        if name.startswith("PIP_") and value:
            found[name[4:].lower().replace("_", "-")] = value
    return found


def _configuration_files(environment: Mapping[str, str]) -> list[Path]:
    named = environment.get("PIP_CONFIG_FILE")
    if named == os.devnull:
        return []
    home = environment.get("HOME", "/")
    config = environment.get("XDG_CONFIG_HOME") or f"{home}/.config"
    directories = (environment.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(":")
    paths = [
        *(f"{directory}/pip/pip.conf" for directory in directories),
        "/etc/pip.conf",
        f"{home}/.pip/pip.conf",
        f"{home}/Library/Application Support/pip/pip.conf",
        f"{config}/pip/pip.conf",
    ]
    if prefix := environment.get("VIRTUAL_ENV"):
        paths.append(f"{prefix}/pip.conf")
    return [Path(path) for path in (*paths, *([named] if named else []))]


def _read(path: Path) -> dict[str, str]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return {}
    from configparser import Error, RawConfigParser

    parser = RawConfigParser()
    try:
        parser.read_string(text)
    except Error:
        # pip itself will refuse it by name.
        return {}
    found: dict[str, str] = {}
    for section in ("global", "install"):
        if parser.has_section(section):
            found |= {name.replace("_", "-"): value for name, value in parser.items(section)}
    return found


def _words(value: str) -> str:
    return " ".join(value.split())


def _existing(value: str) -> str:
    """Return the locations in ``value`` without missing directories, on which uv fails."""
    locations = value.split()
    return ",".join(one for one in locations if "://" in one or Path(one).exists())


def _host(value: str) -> str:
    """Return a host as uv expects it; the SDK passes whole URLs."""
    found = re.match(r"(?:\w+://)?([^/\s]+)", value)
    return found[1] if found else value
