"""The options of ``argosy compile`` that say how a cluster runs the workflow.

``argosy submit`` has the same, and takes from its configuration what is not given.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from argosy_cli.options.shared import Count
from argosy_compiler.argo.images import parse_image_rules
from argosy_compiler.config_objects import parse_config_object
from argosy_compiler.container_resources import format_resources, parse_resources
from argosy_compiler.options import (
    ARGO_LINES,
    DRIVER_RESOURCES,
    LAUNCHER_RESOURCES,
    CompileOptions,
    IrPlacement,
    PodSecurity,
    get_default_options,
)
from argosy_schemas.errors import InvalidArgumentError
from argosy_schemas.formats.providers import Provider

_F = TypeVar("_F", bound=Callable[..., Any])

_OPTIONS: Final = (
    click.option(
        "--store",
        metavar="URL",
        help="Object store of the runs; a pipeline too large for the workflow is put there."
        " argosy compile may leave it to argo submit -p argosy-store=URL.",
    ),
    click.option(
        "--store-from",
        metavar="KIND/NAME",
        help="Take the URL of the store from the key ARGOSY_STORE of a configmap or secret; its"
        " other keys become environment variables of driver and launcher.",
    ),
    click.option(
        "--ir",
        "placement",
        type=click.Choice([placement.value for placement in IrPlacement]),
        default=IrPlacement.AUTO.value,
        show_default=True,
        help="How the pipeline reaches the drivers: inside the workflow if it is small, else"
        " from the store (auto), from the store, or from a ConfigMap that is written before the"
        " workflow.",
    ),
    click.option("--root", default="", metavar="URI", help="Write artifacts below this URI."),
    click.option(
        "--image",
        default=CompileOptions().image,
        show_default=True,
        help="Image of driver and launcher.",
    ),
    click.option(
        "--store-secret",
        metavar="NAME",
        help="Secret whose keys become environment variables of driver and launcher.",
    ),
    click.option(
        "--providers",
        "providers_file",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE",
        help="Options and secrets of buckets, in the format of KFP's ConfigMap kfp-launcher.",
    ),
    click.option(
        "--ca-bundle",
        metavar="KIND/NAME[/KEY]",
        help="Certificates that driver and launcher trust, in a configmap or secret.  [default KEY:"
        " ca.crt]",
    ),
    click.option(
        "--ca-bundle-for-tasks",
        "tasks_use_ca_bundle",
        is_flag=True,
        help="The commands of tasks trust the certificates of --ca-bundle instead of their"
        " image's.",
    ),
    click.option("--service-account", metavar="NAME", help="Service account of the pods."),
    click.option(
        "--pod-security",
        type=click.Choice([level.value for level in PodSecurity]),
        default=PodSecurity.RESTRICTED.value,
        show_default=True,
        help="The Pod Security Standard that pods keep: restricted runs the commands of tasks"
        " without root, baseline as the user of their image.",
    ),
    click.option(
        "--driver-resources",
        metavar="NAME=REQUEST:LIMIT,...",
        default=format_resources(DRIVER_RESOURCES),
        show_default=True,
        help="What each driver may use; '' leaves it to the namespace.",
    ),
    click.option(
        "--launcher-resources",
        metavar="NAME=REQUEST:LIMIT,...",
        default=format_resources(LAUNCHER_RESOURCES),
        show_default=True,
        help="What each launcher may use; '' leaves it to the namespace.",
    ),
    click.option(
        "--token-for-tasks",
        "tasks_use_token",
        is_flag=True,
        help="The commands of tasks find the token of the service account, and may call the"
        " Kubernetes API with its rights.",
    ),
    click.option(
        "--image-map",
        "image_rules",
        multiple=True,
        metavar="FROM=TO",
        help="Take images whose name begins with FROM from TO, e.g."
        " docker.io=registry.example.org/hub;"
        " can be repeated.",
    ),
    click.option(
        "--argo",
        type=click.Choice(ARGO_LINES),
        help="Compile for one Argo version line; default: works on 3.5 to 4.1.",
    ),
    click.option(
        "--max-dag-tasks",
        type=Count(3),
        metavar="N",
        help="Maximum tasks in one DAG; stock Argo 4 refuses more than 200.  [default: 200; no"
        " limit with --argo 3.x]",
    ),
    click.option(
        "--max-templates",
        type=Count(1),
        metavar="N",
        help="Maximum templates in the workflow; stock Argo 4 refuses more than 200.  [default:"
        " 200; no limit with --argo 3.x]",
    ),
    click.option(
        "--max-nodes",
        type=Count(1),
        default=CompileOptions().max_nodes,
        show_default=True,
        metavar="N",
        help="Maximum nodes that one loop may create, with everything in it; a workflow with"
        " more does not fit into Argo's object.",
    ),
)


patch_option = click.option(
    "--patch",
    "patch_files",
    type=click.Path(path_type=Path, dir_okay=False),
    multiple=True,
    metavar="FILE",
    help="Merge a YAML or JSON document into the workflow, as kubectl does by a strategic merge;"
    " can be repeated.",
)


def compile_options(command: _F) -> _F:
    """Add the options to a command, in this order."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def make_compile_options(
    *,
    store: str | None,
    store_from: str | None,
    placement: str,
    root: str,
    image: str,
    image_rules: tuple[str, ...],
    store_secret: str | None,
    providers_file: Path | None,
    ca_bundle: str | None,
    tasks_use_ca_bundle: bool,
    service_account: str | None,
    pod_security: str,
    driver_resources: str,
    launcher_resources: str,
    tasks_use_token: bool,
    argo: str | None,
    max_dag_tasks: int | None,
    max_templates: int | None,
    max_nodes: int,
) -> CompileOptions:
    """Return what the values of the options mean.

    Raises:
        InvalidArgumentError: One of them is wrong, or a file cannot be read.
    """
    defaults = get_default_options(argo)
    return replace(
        defaults,
        ir=IrPlacement(placement),
        store=store,
        store_from=None
        if store_from is None
        else parse_config_object(store_from, option="--store-from"),
        root=root,
        image=image,
        image_rules=parse_image_rules(image_rules),
        store_secret=store_secret,
        providers=_read_providers(providers_file),
        ca_bundle=None
        if ca_bundle is None
        else parse_config_object(ca_bundle, option="--ca-bundle", default_key="ca.crt"),
        tasks_use_ca_bundle=tasks_use_ca_bundle,
        service_account=service_account,
        pod_security=PodSecurity(pod_security),
        driver_resources=parse_resources(driver_resources, option="--driver-resources"),
        launcher_resources=parse_resources(launcher_resources, option="--launcher-resources"),
        tasks_use_token=tasks_use_token,
        max_dag_tasks=max_dag_tasks or defaults.max_dag_tasks,
        max_templates=max_templates or defaults.max_templates,
        max_nodes=max_nodes,
    )


def _read_providers(file: Path | None) -> tuple[Provider, ...]:
    if file is None:
        return ()
    # Needed with the option only.
    from argosy_compiler.providers import parse_providers

    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidArgumentError(f"--providers {file}: cannot be read ({error})") from error
    return parse_providers(text, name=str(file))
