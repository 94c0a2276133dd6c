"""Read and check the settings of a driver, which are environment variables.

The compiler writes these variables (:mod:`argosy_schemas.pod`); some of them are expressions that
the workflow controller evaluates. Argo 3.5 and 3.6 pass on the text of an expression that failed,
so this module refuses every malformed value and guesses nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from argosy_schemas.errors import FinalTaskError
from argosy_schemas.formats.records import Reason
from argosy_schemas.message_text import to_one_line
from argosy_schemas.names import AttemptId, RunId, TaskPath
from argosy_schemas.pod import (
    ENV_ATTEMPT,
    ENV_CACHE,
    ENV_CREATED,
    ENV_FIRST_CREATED,
    ENV_IR,
    ENV_NAME,
    ENV_PARAMETERS,
    ENV_RETRY,
    ENV_ROOT,
    ENV_RUN,
    ENV_TASK,
    ENV_TASK_CA_BUNDLE,
    ENV_UPSTREAM,
    decode_strings,
)
from argosy_store.pod_store import list_store_secrets, read_pod_store


@dataclass(frozen=True, slots=True, kw_only=True)
class DriverSettings:
    """The environment of a driver."""

    task: TaskPath
    run: RunId
    name: str
    created_at: datetime
    ir: str
    """The packed IR as base64, or a reference to it."""
    store: str
    attempt: AttemptId
    root: str = ""
    cache: bool = True
    parameters: Mapping[str, str | None] = field(default_factory=dict[str, "str | None"])
    """Inputs of the pipeline by name; ``None`` if the caller gave no value."""
    upstream: Mapping[str, str] = field(default_factory=dict[str, str])
    """See :func:`argosy_driver.resolving.upstream_statuses.read_upstream_statuses`."""
    retry: str = ""
    """The number of the attempt, from 0; empty without a retry strategy."""
    store_secrets: frozenset[str] = frozenset()
    """The secrets from which driver and launcher have what they know of stores."""
    task_ca_bundle: str = ""
    """The file of certificates that the command is to trust; empty: those of its image."""


def read_settings(environment: Mapping[str, str]) -> DriverSettings:
    """Return the settings in the environment of this process.

    Raises:
        FinalTaskError: A variable is missing or is not what it should be.
        InvalidArgumentError: The workflow names no store.
    """
    created = environment.get(ENV_FIRST_CREATED) or _required(environment, ENV_CREATED)
    try:
        created_at = datetime.fromisoformat(created)
    except ValueError as error:
        raise _wrong(ENV_CREATED, created, "a time") from error
    if created_at.tzinfo is None:
        raise _wrong(ENV_CREATED, created, "a time with its zone")
    cache = environment.get(ENV_CACHE, "true") or "true"
    if cache not in ("true", "false"):
        raise _wrong(ENV_CACHE, cache, "'true' or 'false'")
    upstream = _texts(environment, ENV_UPSTREAM)
    return DriverSettings(
        task=TaskPath(_required(environment, ENV_TASK)),
        run=RunId(_required(environment, ENV_RUN)),
        name=_required(environment, ENV_NAME),
        created_at=created_at,
        ir=_required(environment, ENV_IR),
        store=read_pod_store(environment),
        attempt=AttemptId(_required(environment, ENV_ATTEMPT)),
        root=environment.get(ENV_ROOT, ""),
        cache=cache == "true",
        parameters=_texts(environment, ENV_PARAMETERS),
        upstream={name: phase for name, phase in upstream.items() if phase is not None},
        retry=environment.get(ENV_RETRY, ""),
        store_secrets=list_store_secrets(environment),
        task_ca_bundle=environment.get(ENV_TASK_CA_BUNDLE, ""),
    )


def _required(environment: Mapping[str, str], name: str) -> str:
    value = environment.get(name, "")
    if not value:
        raise FinalTaskError(
            f"the variable '{name}' of container 'driver' is empty; compile the pipeline again",
            reason=Reason.INTERNAL,
        )
    return value


def _texts(environment: Mapping[str, str], name: str) -> dict[str, str | None]:
    """Return the object of texts that a variable holds; none if it is empty."""
    text = environment.get(name, "")
    try:
        return decode_strings(text)
    except ValueError as error:
        raise _unlike(name, f"{error}") from error


def _wrong(name: str, value: str, wanted: str) -> FinalTaskError:
    return _unlike(name, f"is '{to_one_line(value, most=60)}', not {wanted}")


def _unlike(name: str, what: str) -> FinalTaskError:
    return FinalTaskError(
        f"the variable '{name}' of container 'driver' {what}; look for a failed expression in the "
        "workflow, and compile the pipeline again",
        reason=Reason.INTERNAL,
    )
