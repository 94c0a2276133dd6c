"""What commands take from the user's configuration where an option is not given.

An option wins over an ``ARGOSY_…`` variable of the environment, and that over the file
``~/.config/argosy/config.toml``::

    [cluster]
    namespace = "ml"

    [submit]
    store = "s3://bucket/argosy"
    store-secret = "argosy-store"

``[cluster]`` holds options of all commands that can talk to a cluster, ``[submit]`` those of
``argosy submit``, ``argosy serve`` and ``argosy service rebuild``, each by its long name.
``argosy doctor`` checks what stands in both.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import click

from argosy_schemas.errors import InvalidArgumentError

ENV_CONFIG: Final = "ARGOSY_CONFIG"
"""The configuration file, if it is another one."""
_TARGET_OPTIONS: Final = ("--namespace", "--context", "--kubeconfig")
_SUBMIT_VARIABLES: Final = (
    "--store",
    "--store-from",
    "--store-secret",
    "--root",
    "--image",
    "--service-account",
    "--argo",
)
"""Options of ``submit`` that the environment can hold."""


_READERS: Final = ("doctor", "storage", "cluster", "serve", "rebuild")
"""Commands that check or do what ``submit`` does, or read what came of it, and take what they have
of its options."""


class ConfiguredCommand(click.Command):
    """A command whose options may stand in the configuration."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Take what is not in ``args`` from the configuration."""
        _take_configuration(self, ctx)
        return super().parse_args(ctx, args)


class ConfiguredGroup(click.Group):
    """A group of commands whose own options may stand in the configuration."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Take what is not in ``args`` from the configuration."""
        _take_configuration(self, ctx)
        return super().parse_args(ctx, args)


def _take_configuration(command: click.Command, ctx: click.Context) -> None:
    options = {name: param for param in command.params for name in param.opts}
    values = read_configuration(str(ctx.info_name), options, os.environ)
    ctx.default_map = {str(options[name].name): value for name, value in values.items()}


def read_configuration(
    command: str, options: Iterable[str], environment: Mapping[str, str]
) -> dict[str, Any]:
    """Return the configured values of a command, by long option.

    Args:
        command: Its name.
        options: That it has.
        environment: Of this process.

    Raises:
        InvalidArgumentError: The file cannot be read, or holds what no command has.
    """
    known = set(options)
    file = _read_file(environment)
    values = {f"--{key}": value for key, value in file.get("cluster", {}).items()}
    names: tuple[str, ...] = _TARGET_OPTIONS
    if command == "submit" or command in _READERS:
        values |= {f"--{key}": value for key, value in file.get("submit", {}).items()}
        names += _SUBMIT_VARIABLES
    for name in names:
        text = environment.get(f"ARGOSY_{name[2:].replace('-', '_').upper()}")
        if text:
            values[name] = text
    unknown = sorted(values.keys() - known - set(_TARGET_OPTIONS))
    if unknown and command == "submit":
        raise InvalidArgumentError(
            f"'{_path(environment)}': [submit] has '{unknown[0][2:]}', which is no option of "
            "'argosy submit'"
        )
    return {name: value for name, value in values.items() if name in known}


def read_store(environment: Mapping[str, str]) -> str | None:
    """Return the URL of the store that ``argosy submit`` uses; ``None``: none is configured.

    Raises:
        InvalidArgumentError: The file cannot be read.
    """
    url = environment.get("ARGOSY_STORE") or _read_file(environment).get("submit", {}).get("store")
    return str(url) if url else None


def _path(environment: Mapping[str, str]) -> Path:
    named = environment.get(ENV_CONFIG)
    if named:
        return Path(named).expanduser()
    base = environment.get("XDG_CONFIG_HOME") or "~/.config"
    return Path(base).expanduser() / "argosy" / "config.toml"


def _read_file(environment: Mapping[str, str]) -> Mapping[str, Mapping[str, Any]]:
    path = _path(environment)
    try:
        data = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        if environment.get(ENV_CONFIG):
            raise InvalidArgumentError(
                f"'{path}', which {ENV_CONFIG} names, does not exist"
            ) from None
        return {}
    except OSError as error:
        raise InvalidArgumentError(f"'{path}' cannot be read: {error.strerror}") from error
    import tomllib  # only who has a file pays for it

    try:
        content = tomllib.loads(data.decode())
    except ValueError as error:
        raise InvalidArgumentError(f"'{path}' is not TOML: {error}") from error
    _check(path, content)
    return content


def _check(path: Path, content: Mapping[str, Any]) -> None:
    for section, members in content.items():
        if section not in ("cluster", "submit"):
            raise InvalidArgumentError(
                f"'{path}' has [{section}], which says nothing to argosy; write [cluster] or "
                "[submit]"
            )
        if not isinstance(members, Mapping):
            raise InvalidArgumentError(f"'{path}': '{section}' is no section; write [{section}]")
    for name in content.get("cluster", {}):
        if f"--{name}" not in _TARGET_OPTIONS:
            raise InvalidArgumentError(
                f"'{path}': [cluster] has '{name}'; it may have namespace, context and kubeconfig"
            )
