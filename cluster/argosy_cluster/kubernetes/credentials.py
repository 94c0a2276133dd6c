"""The credentials of a login: as they stand in a kubeconfig, from a file, or from a program.

A program (``aws eks get-token``, ``gke-gcloud-auth-plugin``, …) is asked once, and again when the
API server no longer takes what it said.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
from dataclasses import dataclass
from typing import Any, Final

from argosy_cluster.kubernetes.kubeconfig import CredentialPlugin, Login
from argosy_schemas.errors import AccessDeniedError, MachineError
from argosy_schemas.values import to_json

_PLUGIN_SECONDS: Final = 60.0
"""A program may open a browser and wait for a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What goes with each request."""

    authorization: str | None = None
    """The value of the header."""
    certificate: bytes | None = None
    """PEM."""
    key: bytes | None = None
    """PEM."""


def make_credentials(login: Login) -> Credentials:
    """Return the credentials of a login as they are now.

    Raises:
        AccessDeniedError: The program refuses, or says nothing that can be used.
        MachineError: There is no such program or file.
    """
    if login.plugin is not None:
        return _ask(login.plugin)
    return Credentials(
        authorization=_authorization(login), certificate=login.certificate, key=login.key
    )


def _authorization(login: Login) -> str | None:
    token = login.token
    if login.token_file is not None:
        try:
            token = login.token_file.read_text().strip()
        except OSError as error:
            raise MachineError(
                f"the token '{login.token_file}' of the kubeconfig cannot be read: {error.strerror}"
            ) from error
    if token:
        return f"Bearer {token}"
    if login.username:
        pair = f"{login.username}:{login.password or ''}"
        return f"Basic {base64.b64encode(pair.encode()).decode()}"
    return None


def _ask(plugin: CredentialPlugin) -> Credentials:
    request = {
        "apiVersion": plugin.api_version,
        "kind": "ExecCredential",
        "spec": {"interactive": False},
    }
    environment = {
        **os.environ,
        **plugin.environment,
        "KUBERNETES_EXEC_INFO": to_json(request),
    }
    what = f"'{plugin.command}', which the kubeconfig names for credentials,"
    try:
        done = subprocess.run(
            [plugin.command, *plugin.arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=_PLUGIN_SECONDS,
        )
    except OSError as error:
        advice = plugin.hint.splitlines()[0] if plugin.hint else "install it"
        raise MachineError(f"{what} cannot be started: {error.strerror}; {advice}") from error
    except subprocess.TimeoutExpired as error:
        raise AccessDeniedError(
            f"{what} did not answer in {_PLUGIN_SECONDS:.0f} s; try it by hand"
        ) from error
    if done.returncode != 0:
        words = done.stderr.decode(errors="replace").strip().splitlines() or ["it said nothing"]
        raise AccessDeniedError(
            f"{what} ended with status {done.returncode}: {words[-1]}; try it by hand"
        )
    try:
        status: Any = json.loads(done.stdout)["status"]
        certificate, key = status.get("clientCertificateData"), status.get("clientKeyData")
        token = status.get("token")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise AccessDeniedError(f"{what} printed no credentials; try it by hand") from error
    return Credentials(
        authorization=f"Bearer {token}" if token else None,
        certificate=certificate.encode() if certificate else None,
        key=key.encode() if key else None,
    )
