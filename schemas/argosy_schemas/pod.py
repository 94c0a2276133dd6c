"""Names that the compiled workflow, the driver and the engine agree on.

The compiler writes them into pod templates, the driver and the launcher read them from their
environment, and the embedded engine reads them from the same templates.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Final, cast

from argosy_schemas.message_text import to_one_line
from argosy_schemas.values import JsonValue, parse_json, to_json

DRIVER_CONTAINER: Final = "driver"
MAIN_CONTAINER: Final = "main"
LAUNCHER_CONTAINER: Final = "launcher"

OWN_PATH: Final = "/argosy"
"""The directory of the mount paths below."""
PRIVATE_VOLUME: Final = "argosy-private"
PRIVATE_PATH: Final = f"{OWN_PATH}/private"
"""What main must not see: driver and launcher mount it, main does not."""
PUBLISHED_VOLUME: Final = "argosy-published"
PUBLISHED_PATH: Final = f"{OWN_PATH}/published"
"""What driver and launcher tell main and Argo; main mounts it read-only."""
EXCHANGE_VOLUME: Final = "argosy-exchange"
EXCHANGE_PATH: Final = f"{OWN_PATH}/exchange"
"""What main writes. The launcher mounts it read-only, and trusts nothing in it."""
CA_VOLUME: Final = "argosy-ca"
CA_PATH: Final = f"{OWN_PATH}/ca"
"""Certificates, only where ``--ca-bundle`` names some."""
CONTROL_NAME: Final = "control"
CONTROL_PATH: Final = f"{PUBLISHED_PATH}/{CONTROL_NAME}"
"""Base64 of the control object's JSON, read by Argo as the output parameter ``control``."""
SUMMARY_NAME: Final = "summary"
SUMMARY_PATH: Final = f"{PUBLISHED_PATH}/{SUMMARY_NAME}"
"""What people see of a task in Argo, read by Argo as the output parameter ``summary``."""
HOME_VOLUME: Final = "argosy-home"
HOME_PATH: Final = f"{OWN_PATH}/home"
"""The home directory of main, where the pod has a user that the image does not know."""
NO_TOKEN_VOLUME: Final = "argosy-no-token"
TOKEN_PATH: Final = "/var/run/secrets/kubernetes.io/serviceaccount"
"""Where Kubernetes mounts the token of the service account, unless something else lies there."""
SCRATCH_VOLUME: Final = "scratch"
"""The writable part of a container with a read-only root file system."""
WORKSPACE_VOLUME: Final = "kfp-workspace"
"""The name of the volume, and the end of the name of its claim."""
WORKSPACE_PATH: Final = "/kfp-workspace"
WORKSPACE_MARK: Final = "_kfp_workspace"
"""The metadata key of an artifact whose bytes the SDK looks for in the workspace."""

MAIN_COMMAND: Final = (f"{PUBLISHED_PATH}/exec",)
DRIVER_COMMAND: Final = ("argosy-driver",)
LAUNCHER_COMMAND: Final = ("argosy-launcher",)
DECIDE_COMMAND: Final = ("argosy-driver", "decide")
"""The command of the only container in a pod that only decides."""

# Labels and annotations of workflows and pods.
RUN_LABEL: Final = "pipeline/runid"
"""Of pods: the id of their run. KFP has the same label, which pipelines read by field path."""
PIPELINE_LABEL: Final = "argosy.dev/pipeline"
"""Of workflows and pods: the name of the pipeline, as far as a label can have it."""
PIPELINE_ANNOTATION: Final = PIPELINE_LABEL
"""Of workflows: the whole name of the pipeline, where the label has another text."""

OPTIONS_ANNOTATION: Final = "argosy.dev/options"
"""Of workflows: the options that it was compiled with and that are not the defaults, as JSON; so it
can be compiled again for a run that goes on."""
RETRY_ANNOTATION: Final = "argosy.dev/retried-run"
"""Of workflows: the run that the workflow goes on with, as JSON; see ``docs/known-results.md``."""
ATTEMPT_LABEL: Final = "argosy.dev/attempt"
"""Of workflows that the service or ``argosy retry`` made: how often their run had ended before."""

# Parameters of the workflow. Pipeline parameters keep their own names beside these.
IR_PARAMETER: Final = "argosy-ir"
"""The packed IR as base64; or, with ``ref:<sha256>``, a key below ``ir/`` of the store."""
STORE_PARAMETER: Final = "argosy-store"
ROOT_PARAMETER: Final = "argosy-root"
"""Pipeline root of the run; empty: the pipeline's own default, else inside the store."""
CACHE_PARAMETER: Final = "argosy-cache"
"""``true`` or ``false``: whether results of earlier runs may be reused."""

ITEMS_PARAMETER: Final = "argosy-items-"
"""Begins the names of the parameters that hold lists written in the pipeline."""

# Inputs and outputs of templates.
PATH_INPUT: Final = "path"
"""DAG templates: the path of the DAG, followed by a slash; empty for the root."""
PATCH_INPUT: Final = "patch"
"""Input of a pod template: the text of its ``podSpecPatch``."""
TASK_INPUT: Final = "task"
"""Pod templates: the task path."""
CONTROL: Final = "control"
"""Base64 of a JSON object: values that an upstream task published, or that decisions inside a DAG
need."""
SUMMARY: Final = "summary"
"""JSON for people: whether the task ran, and its outputs as texts, long ones cut. Argo's
controller and the embedded engine decide nothing by it."""
UPSTREAM_INPUT: Final = "upstream"
"""Base64 of a JSON object: sibling task key to node status, for a task that runs whatever became
of the tasks before it."""
UPSTREAM_OUTER: Final = ".."
"""Key in :data:`UPSTREAM_INPUT`: the value that an enclosing task of this kind received, where
there is one. No task can have this name."""
UPSTREAM_AT_EXIT: Final = "."
"""Key in :data:`UPSTREAM_INPUT`: the status of the workflow, for a task that runs because the
workflow was stopped. The statuses of tasks are unknown then."""

# Environment of the driver (and, where marked, of the launcher).
ENV_TASK: Final = "ARGOSY_TASK"
"""Driver and launcher."""
ENV_RUN: Final = "ARGOSY_RUN"
"""Driver and launcher: the id of the run, which is the UID of its first workflow."""
ENV_NAME: Final = "ARGOSY_NAME"
"""The name of the run, which is that of its first workflow."""
ENV_CREATED: Final = "ARGOSY_CREATED"
"""RFC 3339, UTC."""
ENV_FIRST_CREATED: Final = "ARGOSY_FIRST_CREATED"
"""Likewise, of the first workflow of a run that this one goes on with; empty: it is the first."""
ENV_IR: Final = "ARGOSY_IR"
ENV_PARAMETERS: Final = "ARGOSY_PARAMETERS"
"""Base64 of a JSON object: pipeline parameter to text; ``null``: no value."""
ENV_UPSTREAM: Final = "ARGOSY_UPSTREAM"
ENV_STORE: Final = "ARGOSY_STORE"
"""Driver and launcher."""
ENV_STORE_SECRET: Final = "ARGOSY_STORE_SECRET"
"""The name of the secret with the store's credentials; present only where there is one."""
ENV_STORE_FROM: Final = "ARGOSY_STORE_FROM"
"""The name of the secret that names the store; present only where there is one."""
ENV_PROVIDERS: Final = "ARGOSY_PROVIDERS"
"""Driver and launcher, only if there are some: see :mod:`argosy_schemas.formats.providers`."""
ENV_CREDENTIAL: Final = "ARGOSY_CREDENTIAL_"
"""Begins the names of the variables that hold secret keys of providers."""
ENV_CA_BUNDLE: Final = "AWS_CA_BUNDLE"
"""Driver and launcher: the file of certificates that the clients of all stores trust."""
ENV_TASK_CA_BUNDLE: Final = "ARGOSY_TASK_CA_BUNDLE"
"""The same for the commands of tasks; present only where they are to trust it."""
TASK_CA_VARIABLES: Final = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", ENV_CA_BUNDLE)
"""The variables by which commands are told: OpenSSL, Python's requests, curl, AWS's tools."""
ENV_ROOT: Final = "ARGOSY_ROOT"
ENV_CACHE: Final = "ARGOSY_CACHE"
ENV_ATTEMPT: Final = "ARGOSY_ATTEMPT"
"""Driver and launcher: the pod's UID."""
ENV_RETRY: Final = "ARGOSY_RETRY"
"""The number of the attempt, from 0; present only under a retry strategy."""
DRIVER_VARIABLES: Final = frozenset(
    {ENV_TASK, ENV_RUN, ENV_NAME, ENV_CREATED, ENV_IR, ENV_PARAMETERS, ENV_UPSTREAM, ENV_STORE}
    | {ENV_ROOT, ENV_CACHE, ENV_ATTEMPT, ENV_RETRY, ENV_STORE_SECRET, ENV_PROVIDERS}
    | {ENV_CA_BUNDLE, ENV_TASK_CA_BUNDLE, ENV_STORE_FROM, ENV_FIRST_CREATED}
)
"""All of them; a template names those that its pods need."""

FINAL_MARK: Final = "(final)"
"""The end of the message of a failure that no retry can fix; ``retryStrategy.expression`` tests for
it."""


def encode_object(members: Mapping[str, JsonValue]) -> str:
    """Return the base64 text that carries an object in a parameter, e.g. :data:`CONTROL`."""
    return b64encode(to_json(members).encode()).decode()


def decode_object(text: str) -> Mapping[str, JsonValue]:
    """Return the object that :func:`encode_object` was given.

    Raises:
        ValueError: The text is something else; the message is the end of a sentence about it.
    """
    try:
        value = parse_json(b64decode(text, validate=True).decode())
    except ValueError as error:
        raise _make_decoding_error(text) from error
    if not isinstance(value, Mapping):
        raise _make_decoding_error(text)
    return value


def decode_strings(text: str) -> dict[str, str | None]:
    """Return the object of strings that a parameter carries; empty text is an empty object.

    Raises:
        ValueError: The text is something else; the message is the end of a sentence about it.
    """
    if not text:
        return {}
    value = decode_object(text)
    if not all(member is None or isinstance(member, str) for member in value.values()):
        raise _make_decoding_error(text)
    return cast("dict[str, str | None]", dict(value))


def _make_decoding_error(text: str) -> ValueError:
    return ValueError(f"is '{to_one_line(text, most=60)}', not base64 of a JSON object of strings")


def format_pod_message(reason: str, *, final: bool) -> str:
    """Return the line that a failed pod writes to its termination log.

    It ends with :data:`FINAL_MARK` exactly if ``final``, even where ``reason`` holds text of users.
    """
    line = " ".join(reason.split())
    if final:
        return f"{line} {FINAL_MARK}"
    return f"{line}." if line.endswith(FINAL_MARK) else line
