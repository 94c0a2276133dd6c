"""Run the service until it is told to stop."""

from __future__ import annotations

import errno
import socket
import sys
import time
import uuid
from collections.abc import Callable, Generator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Final
from urllib.parse import urlsplit

import uvicorn

from argosy_engine.settings import get_default_jobs
from argosy_schemas.errors import InvalidArgumentError, MachineError
from argosy_service.access.access import AccessPolicy, OpenAccess
from argosy_service.access.tokens import TokenAccess
from argosy_service.api.grpc_api import GrpcServer
from argosy_service.api.http import end_streams, make_application
from argosy_service.api.request_log import Recorder
from argosy_service.background.cleaner import Cleaner, Retention
from argosy_service.background.counts import CountAdder
from argosy_service.background.leading import LeadingJobs
from argosy_service.background.ledger import Ledger
from argosy_service.background.loop import Job, run_in_background
from argosy_service.background.run_keeper import RunKeeper
from argosy_service.background.scheduler import Scheduler
from argosy_service.database.database import open_database
from argosy_service.database.leases import BACKGROUND, Lease
from argosy_service.engines.argo.artifacts import make_argo_roots
from argosy_service.engines.argo.engine import ArgoEngine
from argosy_service.engines.argo.logs import ArgoLogs
from argosy_service.engines.argo.namespaces import NamespacedEngines
from argosy_service.engines.argo.settings import ArgoSettings
from argosy_service.engines.artifacts import StoredArtifacts
from argosy_service.engines.local.artifacts import make_local_roots
from argosy_service.engines.local.engine import LocalEngine, LocalSettings
from argosy_service.engines.local.logs import LocalLogs
from argosy_service.engines.protocol import RunEngine
from argosy_service.file_locks import hold_file
from argosy_service.health import Health
from argosy_service.resources.changes import Changes
from argosy_service.resources.context import Context
from argosy_service.resources.experiments import ensure_default_experiment
from argosy_service.resources.recurring_runs.schedules import check_time_zone
from argosy_service.resources.specs.url_import import UrlImporter
from argosy_service.settings import ServiceSettings
from argosy_service.tls import CIPHERS, check_tls_files, load_grpc_credentials
from argosy_service.warning_log import show_warnings

_GRACE_SECONDS: Final = 10
"""How long requests may take to end after the service was told to stop."""

_KEEP_ALIVE_SECONDS: Final = 75
"""How long a connection may be idle. By default uvicorn closes it after 5 seconds, just when
kfp.Client, which waits so long between two looks at a run, asks again and warns."""

_BACKLOG: Final = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningService:
    """Where a service listens, and how to end it."""

    host: str
    http_port: int
    grpc_port: int
    is_secure: bool
    """Whether both ports speak TLS."""
    stop: Callable[[], None]
    """Tells it to stop, as SIGTERM does; returns at once."""

    @property
    def url(self) -> str:
        """What ``kfp.Client(host=…)`` takes."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http{'s' if self.is_secure else ''}://{host}:{self.http_port}"


def serve(
    settings: ServiceSettings,
    *,
    on_ready: Callable[[RunningService], None],
    argo: ArgoSettings | None = None,
    access: AccessPolicy | None = None,
) -> None:
    """Serve until told to stop: by SIGINT and SIGTERM, where called in the main thread.

    Args:
        settings: Where and how.
        argo: Where runs take place; ``None``: on this machine.
        on_ready: Called once both ports are open.
        access: Who may do what; ``None``: anybody, or whoever has the token of the settings.

    Raises:
        InvalidArgumentError: The URL of the database, a name of a host, the beginning of a URL that
            may be imported from, or the time zone is none.
        MachineError: A port is taken, or the home, the certificate, the token file or the database
            cannot be used, or is in use by another service.
    """
    tls = settings.tls
    if tls is not None:
        check_tls_files(tls)
    with (
        show_warnings(sys.stderr),
        open_service(settings, argo=argo, access=access) as context,
        _bind(settings) as listener,
    ):
        recorder = Recorder(context.metrics, stream=sys.stderr if settings.logs_requests else None)
        try:
            grpc = GrpcServer(
                context,
                recorder,
                _address(settings.host, settings.grpc_port),
                None if tls is None else load_grpc_credentials(tls),
            )
        except OSError as error:
            raise _make_port_error(settings.host, settings.grpc_port, "--grpc-port") from error
        application = make_application(context, recorder, hosts=settings.hosts)
        config = uvicorn.Config(
            application,
            access_log=False,
            log_config=None,
            lifespan="off",
            timeout_graceful_shutdown=_GRACE_SECONDS,
            timeout_keep_alive=_KEEP_ALIVE_SECONDS,
            ws="none",
            server_header=False,
            ssl_certfile=None if tls is None else tls.certificate,
            ssl_keyfile=None if tls is None else tls.key,
            ssl_ciphers=CIPHERS,
        )
        grpc.start()
        try:
            server = _Server(config, context.health, settings.drain_seconds)
            running = RunningService(
                host=settings.host,
                http_port=listener.getsockname()[1],
                grpc_port=grpc.port,
                is_secure=tls is not None,
                stop=server.stop,
            )
            server.on_ready = lambda: on_ready(running)
            server.on_end = lambda: end_streams(application)
            server.run(sockets=[listener])
        except KeyboardInterrupt:
            pass  # uvicorn raises the signal again once it has ended
        finally:
            grpc.stop(_GRACE_SECONDS)


@contextmanager
def open_service(
    settings: ServiceSettings,
    *,
    argo: ArgoSettings | None = None,
    access: AccessPolicy | None = None,
) -> Generator[Context]:
    """Yield the parts of a service without its ports.

    Args:
        settings: Where and how.
        argo: Where runs take place; ``None``: on this machine.
        access: Who may do what; ``None``: anybody, or whoever has the token of the settings.

    Raises:
        InvalidArgumentError: The URL of the database, a name of a host, the beginning of a URL that
            may be imported from, or the time zone is none.
        MachineError: The home, the token file or the database cannot be used, or is in use by
            another service.
    """
    for name in settings.allowed_hosts:
        if not name or "/" in name or name.count(":") == 1:  # more are those of IPv6
            raise InvalidArgumentError(
                f"--allow-host: '{name}' is no name of a host; write it like argosy.example.com, "
                "without scheme and port"
            )
    for prefix in settings.import_prefixes:
        parts = urlsplit(prefix)
        if parts.scheme not in ("http", "https") or not parts.hostname or not parts.path:
            raise InvalidArgumentError(
                f"--import-from: '{prefix}' is not the beginning of a URL; write it like "
                "https://example.com/"
            )
    check_time_zone(settings.time_zone)
    if access is None:
        file = settings.token_file
        access = OpenAccess() if file is None else TokenAccess(file)
    try:
        settings.directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise MachineError(
            f"'{settings.directory}' cannot be written: {error.strerror}; choose another --home"
        ) from error
    with _hold(settings.directory), closing(open_database(settings.database_url)) as database:
        roots = make_local_roots(settings.home) if argo is None else make_argo_roots(argo)
        context = Context(
            database=database,
            clock=_now,
            changes=Changes(),
            logs=LocalLogs(settings.home) if argo is None else ArgoLogs(argo),
            artifacts=StoredArtifacts(roots),
            time_zone=settings.time_zone,
            importer=UrlImporter(allowed_prefixes=settings.import_prefixes),
            access=access,
        )
        if not access.is_multi_user:
            ensure_default_experiment(context)
        if argo is not None and database.is_shared:
            lease = Lease(database, name=BACKGROUND, holder=str(uuid.uuid4()))
            leading = LeadingJobs(
                lease,
                lambda: _open_jobs(context, settings, _make_argo_engine(argo, access)),
                context.health,
            )
            job = Job("lead", leading.step)
            with closing(leading), run_in_background([job], context.changes, context.health):
                yield context
            return
        with (
            database.claim(),
            _open_jobs(context, settings, _make_engine(settings, argo, access)) as jobs,
            run_in_background(jobs, context.changes, context.health),
        ):
            yield context


@contextmanager
def _open_jobs(
    context: Context, settings: ServiceSettings, engine: RunEngine
) -> Generator[Sequence[Job]]:
    """Yield all jobs, which use an engine."""
    keeper = RunKeeper(Ledger(context.database), engine, context.clock, context.health)
    retention = Retention(runs=settings.keep_runs, archived=settings.keep_archived)
    cleaner = Cleaner(context.database, retention, context.clock)
    counts = CountAdder(context.database, context.clock)
    with closing(engine), _shown_lag(context, engine):
        yield (
            Job("schedule", Scheduler(context).step),
            Job("keep", keeper.step),
            Job("clean", cleaner.step),
            Job("count", counts.step),
        )


@contextmanager
def _shown_lag(context: Context, engine: RunEngine) -> Generator[None]:
    """Have the numbers tell of an engine's lag; it has none where another service does the jobs."""
    name, what = "argosy_watch_lag_seconds", "How far what is known of runs is behind their engine."
    context.metrics.add_gauge(name, what, lambda: {(): engine.lag_seconds})
    try:
        yield
    finally:
        context.metrics.add_gauge(name, what, dict)


def _make_argo_engine(argo: ArgoSettings, access: AccessPolicy) -> RunEngine:
    if not access.is_multi_user:
        return ArgoEngine(argo)
    return NamespacedEngines(lambda name: ArgoEngine(argo.of(name)), max_runs=argo.max_runs)


def _make_engine(
    settings: ServiceSettings, argo: ArgoSettings | None, access: AccessPolicy
) -> RunEngine:
    if argo is not None:
        return _make_argo_engine(argo, access)
    return LocalEngine(
        LocalSettings(
            home=settings.home,
            max_runs=settings.max_runs,
            jobs=settings.jobs or get_default_jobs(),
            runner=settings.runner,
            cache=settings.cache,
        )
    )


@contextmanager
def _hold(directory: Path) -> Generator[None]:
    """Keep other services from the home: two would begin each run twice."""
    with hold_file(directory / "lock") as is_held:
        if not is_held:
            raise MachineError(
                f"another service works in '{directory.parent}'; stop it, or choose another --home"
            )
        yield


class _Server(uvicorn.Server):
    on_ready: Callable[[], None]
    on_end: Callable[[], None]

    def __init__(self, config: uvicorn.Config, health: Health, drain_seconds: float) -> None:
        super().__init__(config)
        self._health = health
        self._drain_seconds = drain_seconds
        self._exit_at: float | None = None

    def stop(self) -> None:
        self._health.is_stopping = True
        if self._exit_at is None:
            self._exit_at = time.monotonic() + self._drain_seconds

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        is_first = not self._health.is_stopping
        super().handle_exit(sig, frame)
        if is_first:
            self.should_exit = False
            self.stop()

    async def on_tick(self, counter: int) -> bool:
        if self._exit_at is not None and time.monotonic() >= self._exit_at:
            self.should_exit = True
        return await super().on_tick(counter)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self.on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.on_end()
        await super().shutdown(sockets=sockets)


@contextmanager
def _bind(settings: ServiceSettings) -> Generator[socket.socket]:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((settings.host, settings.http_port))
        except OSError as error:
            if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise MachineError(
                    f"'{settings.host}' is no address of this machine: {error.strerror}; choose "
                    "another --host"
                ) from error
            raise _make_port_error(settings.host, settings.http_port, "--port") from error
        listener.listen(_BACKLOG)
        yield listener


def _address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _make_port_error(host: str, port: int, option: str) -> MachineError:
    return MachineError(
        f"{_address(host, port)} cannot be listened on; is another service running? "
        f"Choose another port with {option}"
    )


def _now() -> datetime:
    return datetime.now(UTC)
