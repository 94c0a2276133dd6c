"""What a caller chooses for a compilation."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from argosy_compiler.argo.images import ImageRule
from argosy_compiler.config_objects import ConfigObject
from argosy_compiler.container_resources import ContainerResources
from argosy_schemas.errors import InvalidArgumentError
from argosy_schemas.formats.dataclass_json import from_members, to_members
from argosy_schemas.formats.providers import Provider
from argosy_schemas.formats.retried_run import RetriedRun
from argosy_schemas.values import to_json

DEFAULT_IMAGE: Final = "ghcr.io/argosy/argosy:0.1.0"
"""The image of driver and launcher, see ``manifests/``."""

INLINE_LIMIT_BYTES: Final = 32 * 1024
"""Base64 of an IR up to this size travels in the workflow itself: Argo copies it into the template
of every init container, where 128 KiB is a hard limit."""


ARGO_LINES: Final = ("3.5", "3.6", "3.7", "4.0", "4.1")
"""The release lines that are known; a workflow for several of them is checked for each."""

_WITHOUT_LIMITS: Final = ("3.5", "3.6", "3.7")
"""Lines whose stock CRDs count neither tasks nor templates."""
ARGO_4_DAG_TASKS: Final = 200
"""Stock Argo 4 refuses more tasks in one DAG."""
ARGO_4_TEMPLATES: Final = 200
"""Stock Argo 4 refuses more templates in one workflow."""
NO_LIMIT: Final = 1_000_000_000
"""As ``max_dag_tasks`` or ``max_templates``: the cluster counts none."""


class IrPlacement(StrEnum):
    """How the IR reaches the drivers."""

    AUTO = "auto"
    """Inside the workflow when it is small enough, else as ``STORE`` if a store is named."""
    STORE = "store"
    """As an object of the store, which the caller puts there; the workflow names its hash."""
    CONFIGMAP = "configmap"
    """As a ``ConfigMap`` that is emitted before the workflow."""


class PodSecurity(StrEnum):
    """The Pod Security Standard that a namespace may enforce on the pods."""

    RESTRICTED = "restricted"
    """No container runs as root, or with a user that its image knows: see ``docs/security.md``."""
    BASELINE = "baseline"
    """The containers of tasks run as their images say."""


DRIVER_RESOURCES: Final = ContainerResources(
    requests=(("cpu", "10m"), ("memory", "64Mi")), limits=(("cpu", "1"), ("memory", "256Mi"))
)
"""Measured: 0.1 s of a processor; 29 MiB at most, 68 MiB with a pipeline of 5,000 tasks or with
500 MB of inputs (``docs/performance.md``)."""
LAUNCHER_RESOURCES: Final = DRIVER_RESOURCES
"""Measured: 0.1 s of a processor; 25 MiB at most, 66 MiB with an output of 1 GiB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompileOptions:
    """Equal options and an equal pipeline give equal bytes."""

    ir: IrPlacement = IrPlacement.AUTO
    store: str | None = None
    """URL of the store; ``None`` leaves it to ``argo submit -p argosy-store=URL``."""
    store_from: ConfigObject | None = None
    """Holds the URL of the store as ``ARGOSY_STORE``, and other variables of driver and launcher;
    there is no parameter for the URL then."""
    root: str = ""
    """Pipeline root; empty: the pipeline's own, else inside the store."""
    image: str = DEFAULT_IMAGE
    image_rules: tuple[ImageRule, ...] = ()
    """Where images come from: of driver and launcher, and of tasks, unless a parameter names it."""
    store_secret: str | None = None
    """Secret whose keys become environment variables of driver and launcher: credentials."""
    providers: tuple[Provider, ...] = ()
    """How buckets are opened: see :func:`argosy_compiler.providers.parse_providers`."""
    ca_bundle: ConfigObject | None = None
    """What driver and launcher trust when they talk to the store, besides their image's own."""
    tasks_use_ca_bundle: bool = False
    """Whether the commands of tasks trust the same, instead of their image's own."""
    service_account: str | None = None
    pod_security: PodSecurity | None = PodSecurity.RESTRICTED
    """``None``: for the embedded engine, without anything that keeps containers of a pod apart."""
    driver_resources: ContainerResources = DRIVER_RESOURCES
    """Also those of deciding pods."""
    launcher_resources: ContainerResources = LAUNCHER_RESOURCES
    tasks_use_token: bool = False
    """Whether the commands of tasks find the token of the service account."""
    retried: RetriedRun | None = None
    """The run that the workflow goes on with; ``None``: it has one of its own."""
    max_dag_tasks: int = ARGO_4_DAG_TASKS
    max_templates: int = ARGO_4_TEMPLATES
    max_nodes: int | None = 4000
    """How many nodes a loop may make on Argo, which keeps them in one object; ``None``: any number,
    for the embedded engine."""


def get_default_options(line: str | None) -> CompileOptions:
    """Return the defaults for one line of :data:`ARGO_LINES`; ``None``: for all of them."""
    if line in _WITHOUT_LIMITS:
        return CompileOptions(max_dag_tasks=NO_LIMIT, max_templates=NO_LIMIT)
    return CompileOptions()


def options_to_json(options: CompileOptions) -> str:
    """Return the options that are not the defaults, but for the run to go on with."""
    return to_json(to_members(replace(options, retried=None)))


def options_from_json(text: str) -> CompileOptions:
    """Return the options of a workflow.

    Raises:
        InvalidArgumentError: It is not what :func:`options_to_json` returned.
    """
    try:
        return from_members(CompileOptions, json.loads(text))
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidArgumentError(
            f"the options in the workflow are damaged ({error!r}); submit the pipeline anew"
        ) from error
