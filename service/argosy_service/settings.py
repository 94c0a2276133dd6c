"""What a caller chooses for a service."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

HTTP_PORT: Final = 8888
GRPC_PORT: Final = 8887
LOOPBACK: Final = "127.0.0.1"
LOOPBACK_NAMES: Final = frozenset({LOOPBACK, "localhost", "::1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsFiles:
    """Where the certificate of a service is; both files are read when it starts."""

    certificate: Path
    """PEM: the certificate of the service, then those that vouch for it."""

    key: Path
    """PEM: its private key, not encrypted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSettings:
    """Where and how a service runs."""

    home: Path = Path(".argosy")
    """Holds the database, unless ``database`` says otherwise, and runs of the local engine."""

    database: str | None = None
    """A URL; ``None``: SQLite in ``home``."""

    host: str = LOOPBACK
    """The address that it listens on."""

    http_port: int = HTTP_PORT
    """0: a free one."""

    grpc_port: int = GRPC_PORT
    """0: a free one."""

    allowed_hosts: tuple[str, ...] = ()
    """Names that clients may reach it by, beside those of the loopback address."""

    tls: TlsFiles | None = None
    """What both ports show; ``None``: they speak without TLS."""

    token_file: Path | None = None
    """Whoever sends a token in it may do everything; ``None``: nobody is asked for one."""

    logs_requests: bool = False
    """Whether standard error gets a line for each request."""

    drain_seconds: float = 0
    """How long it goes on to answer after it was told to stop, while ``/readyz`` says so."""

    import_prefixes: tuple[str, ...] = ()
    """URLs that begin with one of these are imported whatever their host, see
    :class:`argosy_service.resources.specs.url_import.UrlImporter`."""

    time_zone: str = "UTC"
    """Of the fields of cron schedules, e.g. ``Europe/Berlin``."""

    max_runs: int = 4
    """How many runs take place at once."""

    jobs: int | None = None
    """How many tasks of a run do; ``None``: as many as there are processors."""

    runner: str = "process"
    """How commands of tasks start: ``process``, ``docker`` or ``podman``."""

    cache: bool = True
    """Whether results of earlier runs may be reused."""

    keep_runs: timedelta | None = None
    """How long runs are kept after their end; ``None``: for ever."""

    keep_archived: timedelta | None = None
    """How long archived runs are; ``None``: as others."""

    @property
    def directory(self) -> Path:
        """What the service keeps for itself."""
        return self.home.absolute() / "service"

    @property
    def database_url(self) -> str:
        """The URL of the database."""
        return self.database or f"sqlite:///{self.directory / 'service.db'}"

    @property
    def hosts(self) -> frozenset[str] | None:
        """All names that clients may reach it by; ``None``: any.

        A service that only this machine reaches checks them, others only where names are given.
        """
        if self.host not in LOOPBACK_NAMES and not self.allowed_hosts:
            return None
        return LOOPBACK_NAMES | {self.host.lower(), *(each.lower() for each in self.allowed_hosts)}


@dataclass(frozen=True, slots=True, kw_only=True)
class UserSettings:
    """How users are recognized."""

    header: str = "kubeflow-userid"
    """Says who sent a request; empty: only tokens do."""

    prefix: str = ""
    """What its value begins with before the name of the user."""

    audience: str = "pipelines.kubeflow.org"
    """For whom tokens have to be issued."""
