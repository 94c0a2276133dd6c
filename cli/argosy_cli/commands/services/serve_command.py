"""``argosy serve``."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from argosy_cli.configuration import ConfiguredCommand
from argosy_cli.extras import need_service
from argosy_cli.options.compiling import compile_options, make_compile_options
from argosy_cli.options.shared import (
    FOR_CLUSTERS,
    Count,
    Duration,
    format_examples,
    home,
    is_for_cluster,
    target_options,
)
from argosy_cli.usage import refuse_options
from argosy_compiler.options import IrPlacement
from argosy_engine.settings import RunnerName
from argosy_schemas.errors import InvalidArgumentError
from argosy_service.settings import ServiceSettings, TlsFiles, UserSettings

if TYPE_CHECKING:
    from argosy_cluster.targets import Target
    from argosy_service.access.access import AccessPolicy
    from argosy_service.engines.argo.settings import ArgoSettings
    from argosy_service.serve import RunningService

_PORT = click.IntRange(0, 65535)
_DEFAULTS = ServiceSettings()
_USERS = UserSettings()


@click.command(
    cls=ConfiguredCommand,
    epilog=format_examples(
        "argosy serve",
        "argosy serve --home /srv/argosy --port 9999",
        "argosy serve --database postgresql://argosy@db/argosy",
        "argosy serve -n ml --store s3://bucket/argosy",
    ),
)
@home
@click.option(
    "--engine",
    type=click.Choice(["local", "argo"]),
    help="Where runs take place: on this machine, or as Workflows of a cluster.  [default: argo"
    " where a namespace, context or kubeconfig is given]",
)
@target_options
@click.option(
    "--database",
    envvar="ARGOSY_DATABASE",
    metavar="URL",
    help="sqlite:///PATH or postgresql://USER:PASSWORD@HOST/NAME.  [default: ARGOSY_DATABASE, else"
    " SQLite in --home]",
)
@click.option("--host", default=_DEFAULTS.host, show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    type=_PORT,
    default=_DEFAULTS.http_port,
    show_default=True,
    help="Port of the REST API; 0: any.",
)
@click.option(
    "--grpc-port",
    type=_PORT,
    default=_DEFAULTS.grpc_port,
    show_default=True,
    help="Port of gRPC; 0: any.",
)
@click.option(
    "--allow-host",
    "allowed_hosts",
    multiple=True,
    metavar="NAME",
    help="A host name by which clients reach the service, beside localhost; can be repeated.",
)
@click.option(
    "--tls-certificate",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Speak TLS on both ports, and show the certificate in this PEM file; needs --tls-key.",
)
@click.option(
    "--tls-key",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="PEM file of the private key of --tls-certificate.",
)
@click.option(
    "--token-file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Ask for a bearer token; each line of this file is one.",
)
@click.option(
    "--multi-user",
    is_flag=True,
    help="Keep namespaces apart; the cluster decides what a user may do in each.",
)
@click.option(
    "--user-header",
    default=_USERS.header,
    show_default=True,
    metavar="NAME",
    help="With --multi-user: the header in which a proxy names the user; '': take users from"
    " tokens only.",
)
@click.option(
    "--user-prefix",
    default=_USERS.prefix,
    metavar="TEXT",
    help="With --multi-user: prefix to remove from the header's value.",
)
@click.option(
    "--token-audience",
    default=_USERS.audience,
    show_default=True,
    metavar="NAME",
    help="With --multi-user: the audience that tokens of users must have.",
)
@click.option(
    "--no-request-log", is_flag=True, help="Write no line to standard error for each request."
)
@click.option(
    "--drain-seconds",
    type=click.FloatRange(0),
    default=_DEFAULTS.drain_seconds,
    metavar="S",
    help="Seconds to keep answering after SIGTERM, while /readyz returns 503.  [default: 0]",
)
@click.option(
    "--import-from",
    "import_prefixes",
    multiple=True,
    metavar="URL",
    help="Also import pipelines from URLs that begin with this, whatever their host.",
)
@click.option(
    "--time-zone",
    default=_DEFAULTS.time_zone,
    show_default=True,
    metavar="ZONE",
    help="Time zone of cron schedules, e.g. Europe/Berlin.",
)
@click.option(
    "--max-runs",
    type=Count(1),
    metavar="N",
    help="How many runs take place at once; others wait.  [default:"
    f" {_DEFAULTS.max_runs} on this machine, 1000 on a cluster]",
)
@click.option(
    "-j",
    "--jobs",
    type=Count(1),
    metavar="N",
    help="How many tasks of a run take place at once.  [default: number of processors]",
)
@click.option(
    "--runner",
    type=click.Choice([each.value for each in RunnerName]),
    default=_DEFAULTS.runner,
    show_default=True,
    help="How commands of tasks start, as for 'argosy run'.",
)
@click.option(
    "--keep-runs",
    type=Duration(has_unit=True),
    metavar="TIME",
    help="Delete runs that ended longer ago, e.g. 90d, with the artifacts that no other run uses. "
    " [default: keep all]",
)
@click.option(
    "--keep-archived",
    type=Duration(has_unit=True),
    metavar="TIME",
    help="The same for archived runs.  [default: as --keep-runs]",
)
@click.option(
    "--keep-workflows",
    type=Duration(has_unit=True),
    default="1d",
    show_default=True,
    metavar="TIME",
    help="On a cluster: remove the Workflow of a run this long after its end; the run and its logs"
    " are kept.",
)
@click.option("--no-cache", is_flag=True, help="Run every task, even if its result is cached.")
@compile_options
def command(
    home: Path,
    engine: str | None,
    namespace: str | None,
    context: str | None,
    kubeconfig: str | None,
    database: str | None,
    host: str,
    port: int,
    grpc_port: int,
    allowed_hosts: tuple[str, ...],
    tls_certificate: Path | None,
    tls_key: Path | None,
    token_file: Path | None,
    multi_user: bool,
    user_header: str,
    user_prefix: str,
    token_audience: str,
    no_request_log: bool,
    drain_seconds: float,
    import_prefixes: tuple[str, ...],
    time_zone: str,
    max_runs: int | None,
    jobs: int | None,
    runner: str,
    keep_runs: float | None,
    keep_archived: float | None,
    keep_workflows: float,
    no_cache: bool,
    **chosen: Any,
) -> None:
    """Serve the KFP API, which kfp.Client talks to, and run pipelines here or on a cluster.

    Runs take place on a cluster with Argo if --engine argo or a namespace is given. The options of
    'argosy submit' say how workflows are compiled, and may stand in ~/.config/argosy/config.toml or
    in ARGOSY_… variables.

    Needs the extra 'service' of the package. Ctrl-C or SIGTERM stop the service once the requests
    under way are answered; runs go on, and the service finds them when it is started again.
    """
    with need_service():
        from argosy_cluster.targets import Target, connect_cluster
        from argosy_service.access.cluster_users import ClusterAccess
        from argosy_service.serve import serve
    settings = ServiceSettings(
        home=home,
        database=database,
        host=host,
        http_port=port,
        grpc_port=grpc_port,
        allowed_hosts=allowed_hosts,
        tls=_make_tls_files(tls_certificate, tls_key),
        token_file=token_file,
        logs_requests=not no_request_log,
        drain_seconds=drain_seconds,
        import_prefixes=import_prefixes,
        time_zone=time_zone,
        max_runs=max_runs or _DEFAULTS.max_runs,
        jobs=jobs,
        runner=runner,
        cache=not no_cache,
        keep_runs=_to_timedelta(keep_runs),
        keep_archived=_to_timedelta(keep_archived),
    )
    target = Target(namespace=namespace, context=context, kubeconfig=kubeconfig)
    access: AccessPolicy | None = None
    if multi_user:
        if token_file is not None:
            raise InvalidArgumentError(
                "--token-file and --multi-user exclude each other; the cluster reviews the tokens "
                "of its users"
            )
        users = UserSettings(header=user_header, prefix=user_prefix, audience=token_audience)
        access = ClusterAccess(connect_cluster(target), users)
    else:
        refuse_options(
            ("user_header", "user_prefix", "token_audience"), "is for --multi-user; add it as well"
        )
    argo: ArgoSettings | None = None
    if is_for_cluster(engine, namespace, context, kubeconfig):
        refuse_options(
            ("jobs", "runner"), "is for runs on this machine; add --engine local, or leave it out"
        )
        argo = replace(
            _make_argo_settings(target, chosen),
            cache=not no_cache,
            keep_workflows=timedelta(seconds=keep_workflows),
        )
        if multi_user:
            argo.of("any")  # refuses a store that an object names
        if max_runs is not None:
            argo = replace(argo, max_runs=max_runs)
    else:
        refuse_options((*chosen, "keep_workflows"), FOR_CLUSTERS)
        if not multi_user:
            refuse_options(("namespace", "context", "kubeconfig"), FOR_CLUSTERS)
    serve(settings, argo=argo, access=access, on_ready=_tell)


def _make_tls_files(certificate: Path | None, key: Path | None) -> TlsFiles | None:
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        raise InvalidArgumentError(
            "--tls-certificate and --tls-key belong together; give both, or none"
        )
    return TlsFiles(certificate=certificate, key=key)


def _make_argo_settings(target: Target, chosen: dict[str, Any]) -> ArgoSettings:
    # Not above: help texts need none of it.
    from argosy._cluster_options import check_cluster_options
    from argosy_cluster.kubernetes.client import KubernetesCluster
    from argosy_cluster.targets import connect_cluster
    from argosy_service.engines.argo.settings import ArgoSettings

    options = make_compile_options(**chosen)
    if options.store is None and options.store_from is None:
        raise InvalidArgumentError(
            "runs on a cluster need a store that all their pods and this service reach; name it "
            "with --store URL or --store-from KIND/NAME"
        )
    if options.ir is IrPlacement.CONFIGMAP:
        raise InvalidArgumentError(
            "--ir configmap is for single workflows, since nothing would remove the ConfigMaps of "
            "a service's runs; leave it out, or use --ir store"
        )
    check_cluster_options(options)

    def connect() -> KubernetesCluster:
        return connect_cluster(target)

    # Says now what is wrong with the kubeconfig.
    connect().close()
    return ArgoSettings(
        connect=connect,
        connect_to=lambda name: connect_cluster(replace(target, namespace=name)),
        options=options,
    )


def _to_timedelta(seconds: float | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=seconds)


def _tell(service: RunningService) -> None:
    print(
        f"argosy serves the KFP API at {service.url}, gRPC at port {service.grpc_port}; "
        "Ctrl-C stops it",
        file=sys.stderr,
        flush=True,
    )
