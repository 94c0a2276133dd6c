"""``argosy manifests``."""

from __future__ import annotations

from pathlib import Path

import click

from argosy_cli.usage import format_examples
from argosy_manifests.catalog import OVERLAYS, get_overlay
from argosy_manifests.printing import Installation, print_overlay, write_tree
from argosy_schemas.errors import InvalidArgumentError


@click.command(
    epilog=format_examples(
        "argosy manifests | kubectl apply -n team-a -f -",
        "argosy manifests s3 --store s3://bucket/argosy\n--env-file store.env | kubectl apply -f -",
        "argosy manifests -o deploy/argosy",
    )
)
@click.argument("name", metavar="[OVERLAY]", default="base")
@click.option("--list", "show_list", is_flag=True, help="List the overlays.")
@click.option(
    "-n",
    "--namespace",
    metavar="NAME",
    help="Namespace of the objects.  [default: that of kubectl apply]",
)
@click.option("--store", metavar="URL", help="Object store of the runs, for the ConfigMap argosy.")
@click.option(
    "--env-file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Credentials of the store, for the Secret argosy-store: lines NAME=value. Without this"
    " option the Secret is not printed.",
)
@click.option(
    "--identity",
    metavar="NAME",
    help="Identity of the service account in the cloud: ARN of the AWS role, address of the Google"
    " service account, or client id in Azure.",
)
@click.option(
    "--image", metavar="IMAGE", help="Image of SeaweedFS or the service in a registry of your own."
)
@click.option(
    "-o",
    "--output-dir",
    "directory",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Write all overlays to a new directory instead, for kustomize.",
)
def command(
    name: str,
    show_list: bool,
    namespace: str | None,
    store: str | None,
    env_file: Path | None,
    identity: str | None,
    image: str | None,
    directory: Path | None,
) -> None:
    """Print what a namespace needs so that pipelines run in it, for kubectl apply.

    OVERLAY is base (the default) or one that adds a store; --list shows all. Nothing is sent to a
    cluster.
    """
    if show_list:
        width = max(len(overlay.name) for overlay in OVERLAYS)
        for overlay in OVERLAYS:
            click.echo(f"{overlay.name:{width}}  {overlay.summary}")
        return
    values = Installation(
        namespace=namespace,
        store=store,
        variables=None if env_file is None else _read_variables(env_file),
        identity=identity,
        image=image,
    )
    if directory is None:
        click.echo(print_overlay(get_overlay(name), values), nl=False)
        return
    if values != Installation() or name != "base":
        raise InvalidArgumentError(
            "--output-dir writes all overlays as they are; leave the overlay and its values out"
        )
    write_tree(directory)


def _read_variables(env_file: Path) -> dict[str, str]:
    from argosy_driver.stand_ins import read_env_file  # only this option needs it

    return read_env_file(str(env_file))
