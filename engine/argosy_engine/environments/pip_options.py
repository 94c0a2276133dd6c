"""pip's options and configuration, as uv has them.

uv does not read what a person told pip: which index to use, which certificates to trust. What it
has no word for is installed by pip itself.
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


def uv_arguments(arguments: Sequence[str]) -> tuple[str, ...] | None:
    """Return arguments of ``uv pip install`` for those of ``pip install``.

    ``None``: there is an option that uv has no word for.
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


def uv_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that tell uv what pip's configuration says.

    Variables of uv's own that are set already go before.
    """
    settings = pip_settings(environment)
    found: dict[str, str] = {}

    def tell(variable: str, *others: str, value: str) -> None:
        if value and not any(environment.get(name) for name in (variable, *others)):
            found[variable] = value

    tell("UV_DEFAULT_INDEX", "UV_INDEX_URL", value=settings.get("index-url", ""))
    tell("UV_INDEX", "UV_EXTRA_INDEX_URL", value=_words(settings.get("extra-index-url", "")))
    tell("UV_FIND_LINKS", value=_existing(settings.get("find-links", "")))
    hosts = " ".join(map(_host, settings.get("trusted-host", "").split()))
    tell("UV_INSECURE_HOST", value=hosts)
    tell("SSL_CERT_FILE", value=settings.get("cert", ""))
    return found


def uv_flags(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Return the options that tell uv what it has no variables for."""
    no_index = pip_settings(environment).get("no-index", "").lower()
    return ("--no-index",) if no_index in ("1", "true", "yes", "on") else ()


def pip_settings(environment: Mapping[str, str]) -> dict[str, str]:
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
        # pip refuses it by name when it is asked for something.
        return {}
    found: dict[str, str] = {}
    for section in ("global", "install"):
        if parser.has_section(section):
            found |= {name.replace("_", "-"): value for name, value in parser.items(section)}
    return found


def _words(value: str) -> str:
    return " ".join(value.split())


def _existing(value: str) -> str:
    """Return the places in ``value``, without directories that are not there: uv fails on them."""
    places = value.split()
    return ",".join(place for place in places if "://" in place or Path(place).exists())


def _host(value: str) -> str:
    """Return a host as uv wants it; the SDK gives whole URLs."""
    found = re.match(r"(?:\w+://)?([^/\s]+)", value)
    return found[1] if found else value
