"""``argosy doctor`` and its commands."""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Iterable, Sequence
from pathlib import Path

import click

from argosy_cli.commands.options import StoreUrl, format_examples, output_option
from argosy_cli.exit_codes import ExitCode
from argosy_cli.views.checks import checks_to_json, format_check, format_counts, is_failed
from argosy_runs.local import DEFAULT_HOME
from argosy_schemas.check_results import CheckResult
from argosy_schemas.pod import ENV_STORE
from argosy_store.store_check import check_store
from argosy_store.stores import open_store

Subject = tuple[str, str, Sequence[CheckResult]]
"""What was checked, its address, and the results."""

store_option = click.option(
    "--store",
    type=StoreUrl(),
    envvar=ENV_STORE,
    metavar="URL",
    help=f"The store of the runs.  [default: {ENV_STORE}, else '{DEFAULT_HOME}']",
)
output_form = output_option("json prints one object.")


@click.group(
    invoke_without_command=True,
    epilog=format_examples("argosy doctor", "argosy doctor storage --store s3://bucket/argosy"),
)
@store_option
@output_form
@click.pass_context
def command(context: click.Context, store: str | None, output: str) -> int | None:
    """Check an installation: what works, what does not, and what to do about it.

    Without a command, it checks the store.

    Exit status: 0 runs can work, 1 a check failed.
    """
    if context.invoked_subcommand is not None:
        return None
    return _report([_check_storage(store, output)], output)


@command.command(
    "storage",
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


def _check_storage(store: str | None, output: str) -> Subject:
    opened = open_store(store or DEFAULT_HOME)
    key = f"doctor/{uuid.uuid4().hex}"
    with tempfile.TemporaryDirectory() as scratch:
        return _show("storage", opened.url, check_store(opened, key, Path(scratch)), output)


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
