"""Who asks which API server: kubeconfig files, as ``kubectl`` reads them.

Several files, as ``KUBECONFIG`` lists them, are one: of two entries of a name the first counts. The
``kubernetes`` package reads them as well; importing it takes a second, longer than all else that
``argosy submit`` does.
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from argosy_schemas.errors import InvalidArgumentError

DEFAULT_FILE: Final = "~/.kube/config"
_POD_DIRECTORY: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""Where a pod has the token of its service account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialPlugin:
    """A program that prints credentials (``exec`` of a user in a kubeconfig)."""

    command: str
    arguments: tuple[str, ...] = ()
    environment: Mapping[str, str]
    """Besides that of this process."""
    api_version: str
    hint: str = ""
    """How to install the program."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """How the API server knows who asks; all of it is optional."""

    token: str | None = None
    token_file: Path | None = None
    """Read again for each connection: the tokens of pods are renewed."""
    username: str | None = None
    password: str | None = None
    certificate: bytes | None = None
    """PEM."""
    key: bytes | None = None
    """PEM."""
    plugin: CredentialPlugin | None = None
    impersonated: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiAccess:
    """Everything that one needs to ask an API server."""

    name: str
    """The context; where there is none, the address."""
    server: str
    """URL of the API server."""
    namespace: str
    """Of the context; ``default`` where it names none."""
    authority: str | None = None
    """PEM of what the API server is checked with; ``None``: the certificates of the system."""
    is_checked: bool = True
    """Whether the certificate of the API server is checked."""
    server_name: str | None = None
    """In its certificate, if that is not the host of the URL."""
    proxy: str | None = None
    """URL; ``None``: what the environment says."""
    login: Login = Login()


def read_access(
    *,
    files: str | None,
    context: str | None,
    environment: Mapping[str, str],
    pod_directory: Path = _POD_DIRECTORY,
) -> ApiAccess:
    """Return what a context of kubeconfig files says.

    Args:
        files: One file; ``None``: those that ``KUBECONFIG`` lists, else ``~/.kube/config``, else
            the service account of the pod that this process runs in.
        context: One of them; ``None``: the current one.
        environment: Of this process.
        pod_directory: Where a pod has the token of its service account.

    Raises:
        InvalidArgumentError: There is no file, no such context, or what it says cannot be used.
    """
    paths = _paths(files, environment)
    found = [path for path in paths if path.exists()]
    if files is not None and not found:
        raise InvalidArgumentError(f"kubeconfig '{files}' does not exist; name another file")
    if not found:
        if context is None and (access := _read_pod(environment, pod_directory)) is not None:
            return access
        places = " or ".join(f"'{path}'" for path in paths)
        raise InvalidArgumentError(
            f"there is no kubeconfig at {places}, so no cluster to talk to; write one, or name one "
            "with --kubeconfig"
        )
    return _select([_File(path) for path in found], context)


def _paths(files: str | None, environment: Mapping[str, str]) -> list[Path]:
    if files is not None:
        return [Path(files).expanduser()]
    listed = environment.get("KUBECONFIG", "")
    words = [word for word in listed.split(os.pathsep) if word] or [DEFAULT_FILE]
    return [Path(word).expanduser() for word in words]


class _File:
    """One kubeconfig file. Relative paths in it begin where it is."""

    def __init__(self, path: Path) -> None:
        import yaml  # 20 ms, which only commands that talk to a cluster need

        self.path = path
        loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        try:
            content: Any = yaml.load(path.read_bytes(), Loader=loader)
        except OSError as error:
            raise InvalidArgumentError(
                f"kubeconfig '{path}' cannot be read: {error.strerror}"
            ) from error
        except (yaml.YAMLError, ValueError) as error:
            line = str(error).splitlines()[0]
            raise InvalidArgumentError(f"kubeconfig '{path}' is not YAML ({line})") from error
        self._content: Mapping[str, Any] = content or {}
        if not isinstance(content, Mapping | None):
            raise InvalidArgumentError(f"kubeconfig '{path}' must hold an object")

    @property
    def current_context(self) -> str:
        return str(self._content.get("current-context") or "")

    def names(self, kind: str) -> list[str]:
        return [str(each.get("name")) for each in self._entries(kind)]

    def find(self, kind: str, name: str) -> Mapping[str, Any] | None:
        """Return what the file says of a context, cluster or user; ``None``: nothing."""
        for entry in self._entries(kind):
            if entry.get("name") == name:
                found: Mapping[str, Any] = entry.get(kind.removesuffix("s")) or {}
                return found
        return None

    def _entries(self, kind: str) -> Iterator[Mapping[str, Any]]:
        entries: Any = self._content.get(kind) or ()
        for entry in entries:
            if isinstance(entry, Mapping):
                yield entry

    def locate(self, path: str) -> Path:
        return self.path.parent / Path(path).expanduser()

    def read_pem(self, entry: Mapping[str, Any], name: str) -> bytes | None:
        """Return the data or the file that an entry names; ``None``: it names none."""
        data = entry.get(f"{name}-data")
        if data:
            try:
                return base64.b64decode(data, validate=True)
            except (binascii.Error, ValueError) as error:
                raise InvalidArgumentError(
                    f"kubeconfig '{self.path}': {name}-data is not base64"
                ) from error
        path = entry.get(name)
        if not path:
            return None
        try:
            return self.locate(path).read_bytes()
        except OSError as error:
            raise InvalidArgumentError(
                f"kubeconfig '{self.path}': {name} '{path}' cannot be read: {error.strerror}"
            ) from error


def _select(files: Sequence[_File], context: str | None) -> ApiAccess:
    places = ", ".join(f"'{file.path}'" for file in files)
    current = next((file.current_context for file in files if file.current_context), "")
    name = context or current
    if not name:
        raise InvalidArgumentError(
            f"kubeconfig {places} has no current context; choose one with --context"
        )
    _, entry = _find(files, "contexts", name, f"there is no context '{name}' in {places}")
    cluster_name, user_name = str(entry.get("cluster") or ""), str(entry.get("user") or "")
    missing = f"context '{name}' in {places} names a"
    cluster_file, cluster = _find(
        files, "clusters", cluster_name, f"{missing} cluster that is not there, '{cluster_name}'"
    )
    server = str(cluster.get("server") or "")
    if not server.startswith(("https://", "http://")):
        raise InvalidArgumentError(
            f"kubeconfig '{cluster_file.path}': cluster '{cluster_name}' has no server URL"
        )
    login = Login()
    if user_name:
        login = _read_login(
            *_find(files, "users", user_name, f"{missing} user that is not there, '{user_name}'"),
            user_name,
        )
    authority = cluster_file.read_pem(cluster, "certificate-authority")
    return ApiAccess(
        name=name,
        server=server.rstrip("/"),
        namespace=str(entry.get("namespace") or "default"),
        authority=None if authority is None else authority.decode(errors="replace"),
        is_checked=not cluster.get("insecure-skip-tls-verify"),
        server_name=cluster.get("tls-server-name"),
        proxy=cluster.get("proxy-url"),
        login=login,
    )


def _find(
    files: Sequence[_File], kind: str, name: str, fault: str
) -> tuple[_File, Mapping[str, Any]]:
    for file in files:
        if (entry := file.find(kind, name)) is not None:
            return file, entry
    names = [each for file in files for each in file.names(kind)]
    advice = f"it has {', '.join(repr(each) for each in names[:5])}" if names else "it has none"
    raise InvalidArgumentError(f"{fault}; {advice}")


def _read_login(file: _File, user: Mapping[str, Any], name: str) -> Login:
    plugin: Mapping[str, Any] | None = user.get("exec")
    if user.get("auth-provider") and not plugin:
        raise InvalidArgumentError(
            f"kubeconfig '{file.path}': user '{name}' has an 'auth-provider', which Kubernetes "
            "removed in 1.26; let the cloud's tool write an 'exec' section instead"
        )
    token_file = user.get("tokenFile")
    return Login(
        token=user.get("token"),
        token_file=file.locate(token_file) if token_file else None,
        username=user.get("username"),
        password=user.get("password"),
        certificate=file.read_pem(user, "client-certificate"),
        key=file.read_pem(user, "client-key"),
        plugin=None if plugin is None else _read_plugin(file, plugin),
        impersonated=user.get("as"),
    )


def _read_plugin(file: _File, plugin: Mapping[str, Any]) -> CredentialPlugin:
    command = str(plugin.get("command") or "")
    pairs: Any = plugin.get("env") or ()
    return CredentialPlugin(
        # As kubectl has it: a path is relative to the file, a bare name is looked up.
        command=str(file.locate(command)) if "/" in command else command,
        arguments=tuple(str(each) for each in plugin.get("args") or ()),
        environment={str(each["name"]): str(each["value"]) for each in pairs},
        api_version=str(plugin.get("apiVersion") or "client.authentication.k8s.io/v1"),
        hint=str(plugin.get("installHint") or "").strip(),
    )


def _read_pod(environment: Mapping[str, str], directory: Path) -> ApiAccess | None:
    """Return the access of the pod that this process runs in; ``None``: it runs in none."""
    host, port = (
        environment.get("KUBERNETES_SERVICE_HOST"),
        environment.get("KUBERNETES_SERVICE_PORT"),
    )
    token = directory / "token"
    if not host or not port or not token.exists():
        return None
    server = f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}"
    namespace, authority = directory / "namespace", directory / "ca.crt"
    return ApiAccess(
        name=server,
        server=server,
        namespace=namespace.read_text().strip() if namespace.exists() else "default",
        authority=authority.read_text() if authority.exists() else None,
        login=Login(token_file=token),
    )
