"""``argosy doctor`` and its commands."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from argosy_cli.configuration import ConfiguredCommand, ConfiguredGroup
from argosy_cli.exit_codes import ExitCode
from argosy_cli.options.shared import StoreUrl, format_examples, output_option, target_options
from argosy_cli.usage import list_typed_options
from argosy_cli.views.checks import checks_to_json, format_check, format_counts, is_failed
from argosy_runs.local import DEFAULT_HOME
from argosy_schemas.check_results import CheckResult
from argosy_schemas.errors import InvalidArgumentError

if TYPE_CHECKING:
    from argosy_cluster.cluster import Cluster

_F = TypeVar("_F", bound=Callable[..., Any])

Subject = tuple[str, str, Sequence[CheckResult]]
"""What was checked, its address, and the results."""

store_option = click.option(
    "--store",
    type=StoreUrl(),
    metavar="URL",
    help=f"The store of the runs.  [default: '{DEFAULT_HOME}']",
)
output_form = output_option("json prints one object.")


def _cluster_options(command: _F) -> _F:
    """Add the options that say where pods run, and as what."""
    for option in (
        click.option("--image", metavar="TEXT", help="Image of driver and launcher."),
        click.option("--store-secret", metavar="NAME", help="Secret of the store."),
        click.option(
            "--service-account",
            metavar="NAME",
            help="Service account of the pods.  [default: default]",
        ),
    ):
        command = option(command)
    return target_options(command)


@click.group(
    cls=ConfiguredGroup,
    invoke_without_command=True,
    epilog=format_examples(
        "argosy doctor",
        "argosy doctor storage --store s3://bucket/argosy",
        "argosy doctor cluster -n ml --service-account argosy",
    ),
)
@store_option
@_cluster_options
@output_form
def command(
    store: str | None,
    namespace: str | None,
    context: str | None,
    kubeconfig: str | None,
    output: str,
    **expected: str | None,
) -> int | None:
    """Check an installation: what works, what does not, and what to do about it.

    Without a command, check the store and the cluster, as far as they are named or configured.
    What 'argosy submit' takes from the configuration is the default here.

    Exit status: 0 runs can work, 1 a check failed.
    """
    current = click.get_current_context()
    if current.invoked_subcommand is not None:
        for option in list_typed_options(current).values():
            raise InvalidArgumentError(
                f"{option} stands before '{current.invoked_subcommand}'; write it behind"
            )
        return None
    subjects: list[Subject] = []
    if store is not None or Path(DEFAULT_HOME).is_dir():
        subjects.append(_check_storage(store, output))
    cluster = _find_cluster(namespace, context, kubeconfig)
    if cluster is not None:
        subjects.append(_check_cluster(cluster, output, **expected))
    if not subjects:
        raise InvalidArgumentError(
            "there is nothing to check; name a store with --store, or a cluster with --kubeconfig"
        )
    return _report(subjects, output)


@command.command(
    "storage",
    cls=ConfiguredCommand,
    epilog=format_examples("argosy doctor storage --store s3://bucket/argosy -o json"),
)
@store_option
@output_form
def storage(store: str | None, output: str) -> int:
    """Try what runs do with their store, with the credentials of this machine.

    Put, get, list, conditional put, multipart and delete, on one object below 'doctor/' that is
    deleted at the end. Pods may have other credentials, from the secret of --store-secret.
    """
    return _report([_check_storage(store, output)], output)


@command.command(
    "cluster",
    cls=ConfiguredCommand,
    epilog=format_examples(
        "argosy doctor cluster -n ml --service-account argosy --store-secret argosy-store"
    ),
)
@_cluster_options
@output_form
def cluster(
    namespace: str | None,
    context: str | None,
    kubeconfig: str | None,
    output: str,
    **expected: str | None,
) -> int:
    """Look at a cluster and a namespace: what runs need there, and what makes them better.

    Versions, Argo's kinds and controller, Pod Security, quotas, your rights, those of the service
    account, the secret of the store, images. Nothing is changed. What you have no right to see is
    'not seen', with the command for who has it.
    """
    from argosy_cluster.targets import Target, connect_cluster

    target = Target(namespace=namespace, context=context, kubeconfig=kubeconfig)
    return _report([_check_cluster(connect_cluster(target), output, **expected)], output)


def _find_cluster(
    namespace: str | None, context: str | None, kubeconfig: str | None
) -> Cluster | None:
    """Return the cluster that is named, or the current one if there is a kubeconfig."""
    from argosy_cluster.targets import Target, connect_cluster

    target = Target(namespace=namespace, context=context, kubeconfig=kubeconfig)
    try:
        return connect_cluster(target)
    except InvalidArgumentError:
        if target.is_named:
            raise
        return None


def _check_storage(store: str | None, output: str) -> Subject:
    # Not above: help texts need none of it.
    import tempfile
    import uuid

    from argosy_store.store_check import check_store
    from argosy_store.stores import open_store

    opened = open_store(store or DEFAULT_HOME)
    key = f"doctor/{uuid.uuid4().hex}"
    with tempfile.TemporaryDirectory() as scratch:
        return _show("storage", opened.url, check_store(opened, key, Path(scratch)), output)


def _check_cluster(
    cluster: Cluster,
    output: str,
    *,
    service_account: str | None,
    store_secret: str | None,
    image: str | None,
) -> Subject:
    from argosy_cluster.installation.check import check_installation
    from argosy_cluster.installation.expectations import Expectations
    from argosy_compiler.options import DEFAULT_IMAGE

    expected = Expectations(
        service_account=service_account or "default",
        store_secret=store_secret,
        image=image or DEFAULT_IMAGE,
    )
    address = f"{cluster.name}/{cluster.namespace}"
    return _show("cluster", address, check_installation(cluster, expected), output)


def _show(subject: str, address: str, results: Iterable[CheckResult], output: str) -> Subject:
    """Print each result of a subject as it comes, unless all are printed at the end."""
    found: list[CheckResult] = []
    if output == "text":
        click.echo(f"{subject} {address}")
    for result in results:
        found.append(result)
        if output == "text":
            click.echo(format_check(result))
    return subject, address, found


def _report(subjects: Sequence[Subject], output: str) -> int:
    every = [result for _, _, results in subjects for result in results]
    click.echo(checks_to_json(subjects) if output == "json" else format_counts(every))
    return ExitCode.FAILED if is_failed(every) else ExitCode.SUCCEEDED
