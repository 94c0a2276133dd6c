"""Read the files that AWS's tools share: ``~/.aws/credentials`` and ``~/.aws/config``.

The object store client reads the environment only, and many machines have only these files.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from argosy_schemas.errors import StoreError

# The client finds credentials by itself if one of these is set.
_CLIENT_VARIABLES = (
    "AWS_ACCESS_KEY_ID",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_SKIP_SIGNATURE",
)

_MEMBERS = {
    "aws_access_key_id": "access_key_id",
    "aws_secret_access_key": "secret_access_key",
    "aws_session_token": "session_token",
    "region": "region",
    "endpoint_url": "endpoint",
}


def read_profile_settings(profile: str | None, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the client settings of a profile.

    Args:
        profile: A name; ``None``: the profile that the environment names, else the default one, but
            only if the environment holds no credentials.
        environment: ``os.environ``.

    Raises:
        StoreError: A named profile does not exist, or a file is malformed.
    """
    if profile is None and any(environment.get(name) for name in _CLIENT_VARIABLES):
        return {}
    name = profile or environment.get("AWS_PROFILE") or "default"
    home = environment.get("HOME", "/")
    files = (
        (environment.get("AWS_CONFIG_FILE") or f"{home}/.aws/config", _config_section(name)),
        (environment.get("AWS_SHARED_CREDENTIALS_FILE") or f"{home}/.aws/credentials", name),
    )
    found: dict[str, str] = {}
    known = False
    for file, section in files:
        members = _section(Path(file), section)
        known = known or members is not None
        found |= members or {}
    if not known and (profile or environment.get("AWS_PROFILE")):
        raise StoreError(
            f"the AWS profile '{name}' is neither in {files[0][0]} nor in {files[1][0]}; add it "
            f"or name another",
            retryable=False,
        )
    return {ours: found[theirs] for theirs, ours in _MEMBERS.items() if theirs in found}


def _config_section(name: str) -> str:
    return name if name == "default" else f"profile {name}"


def _section(path: Path, section: str) -> dict[str, str] | None:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    # Slow to import, and needed only if these files exist.
    from configparser import Error, RawConfigParser

    parser = RawConfigParser()
    try:
        parser.read_string(text, source=os.fspath(path))
    except Error as error:
        raise StoreError(
            f"{path}: {str(error).splitlines()[0]}; correct the file", retryable=False
        ) from error
    return dict(parser.items(section)) if parser.has_section(section) else None
