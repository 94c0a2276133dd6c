"""``argosy retry``."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from argosy_cli.configuration import ConfiguredCommand, read_store
from argosy_cli.exit_codes import ExitCode
from argosy_cli.options.following import Following, following_options, make_following
from argosy_cli.options.shared import (
    StoreUrl,
    claims_option,
    config_maps_option,
    env_file_option,
    format_examples,
    home,
    jobs_option,
    keep_pins,
    output_option,
    quiet,
    run_argument,
    runner_option,
    sdk_logs,
    secrets_option,
    target_options,
)
from argosy_cli.places import open_place
from argosy_cli.usage import refuse_options
from argosy_runs.places import RunPlace, RunReference
from argosy_runs.states import RunState
from argosy_schemas.errors import InvalidArgumentError

_STAND_INS = ("claims", "secrets", "config_maps", "env_file")


@click.command(
    cls=ConfiguredCommand,
    epilog=format_examples(
        "argosy retry @latest-failed",
        "argosy retry 7f3a --from train",
        "argosy retry hello-x7k2p -n ml --watch",
    ),
)
@run_argument
@click.option(
    "--from",
    "again",
    multiple=True,
    metavar="TASK",
    help="Run this task again, and all that follows it, also if they succeeded; a path as "
    "'argosy get' shows it. May be given several times.",
)
@home
@target_options
@click.option(
    "--store",
    type=StoreUrl(),
    metavar="URL",
    help="On a cluster: object store with the records of a run whose workflow was deleted; RUN is"
    " then the whole id.  [default: that of argosy submit]",
)
@following_options
@jobs_option
@runner_option
@keep_pins
@claims_option
@secrets_option
@config_maps_option
@env_file_option
@output_option("json prints one object to standard output when the run ends.")
@quiet
@sdk_logs
def command(
    run: str,
    again: tuple[str, ...],
    home: Path,
    namespace: str | None,
    context: str | None,
    kubeconfig: str | None,
    store: str | None,
    is_watched: bool,
    is_awaited: bool,
    with_log: bool,
    timeout_seconds: float | None,
    jobs: int | None,
    runner: str,
    keep_pins: bool,
    claims: tuple[str, ...],
    secrets: tuple[str, ...],
    config_maps: tuple[str, ...],
    env_file: Path | None,
    output: str,
    quiet: bool,
    sdk_logs: bool,
) -> int:
    """Go on with a run that failed, was stopped, or was killed.

    RUN is an id, its first characters, @latest or @latest-failed; on a cluster also the name of a
    workflow. What succeeded does not run again, unless --from asks for it; the run keeps its id,
    parameters and root. On this machine the command shows the run to its end. On a cluster a new
    workflow goes on with it, and --watch, --wait and --log wait for its end, as with 'argosy
    submit'. Exit status: 0 the run succeeded, 1 it failed, 2 wrong usage, 130 interrupted; on a
    cluster also 7 it was stopped, 8 after --timeout.
    """
    from argosy_runs.local.place import LocalRuns  # help texts need none of it

    following = make_following(
        is_watched=is_watched,
        is_awaited=is_awaited,
        with_log=with_log,
        timeout_seconds=timeout_seconds,
    )
    with open_place(home, namespace, context, kubeconfig) as place:
        if not isinstance(place, LocalRuns):
            _refuse_local_options(following)
            return _retry_on_cluster(place, run, again, store, following, output)
        if following.is_chosen:
            raise InvalidArgumentError(
                "--watch, --wait, --log and --timeout are for runs of a cluster; on this machine "
                "the command always shows the run to its end"
            )
    # What follows needs an engine, and a cluster does not.
    from argosy_cli.arguments import parse_stand_ins
    from argosy_cli.views.choice import open_view
    from argosy_cli.views.run_output import show_result
    from argosy_engine.run import resume_run
    from argosy_engine.settings import RunnerName, RunSettings, get_default_jobs

    selected = place.select(run)
    if not again and place.read(selected).state is RunState.SUCCEEDED:
        raise InvalidArgumentError(
            f"run '{selected.run_id}' succeeded; name a task that is to run again with --from"
        )
    settings = RunSettings(
        home=home,
        jobs=jobs or get_default_jobs(),
        runner=RunnerName(runner),
        keep_pins=keep_pins,
        stand_ins=parse_stand_ins(
            claims=claims, secrets=secrets, config_maps=config_maps, env_file=env_file
        ),
    )
    with open_view(quiet=quiet, sdk_logs=sdk_logs) as listener:
        result = resume_run(selected.run_id, settings=settings, again=again, listener=listener)
    return show_result(result, home, output)


def _refuse_local_options(following: Following) -> None:
    """Refuse options that say how a run of this machine goes on."""
    refuse_options(
        ("jobs", "runner", "keep_pins", *_STAND_INS, "quiet", "sdk_logs"),
        "is for runs of this machine, and a cluster was chosen; leave it out",
    )
    if not following.is_chosen:
        refuse_options(
            ("output",), "prints the result of a run that has ended; --wait for it as well"
        )


def _retry_on_cluster(
    place: RunPlace,
    run: str,
    again: tuple[str, ...],
    store: str | None,
    following: Following,
    output: str,
) -> ExitCode:
    """Create the workflow that goes on with a run, say its name, and wait if that is wanted."""
    from argosy_cli.following import wait_for_run
    from argosy_cluster.runs.place import ClusterRuns
    from argosy_cluster.submission.retrying import retry_run

    assert isinstance(place, ClusterRuns)
    retried = retry_run(place, run, again=again, store_url=store or read_store(os.environ))
    if retried.known:
        tasks = "task needs" if retried.known == 1 else "tasks need"
        print(f"{retried.known} known {tasks} no pod", file=sys.stderr)
    for notice in retried.notices:
        print(f"note: {notice}", file=sys.stderr)
    line = f"run {retried.run_id} goes on as workflow '{retried.name}'"
    click.echo(line, err=output == "json")
    reference = RunReference(run_id=retried.run_id, name=retried.name)
    if following.is_chosen:
        return wait_for_run(place, reference, following, output)
    print(f"see it with: {place.command('get', reference)}", file=sys.stderr)
    return ExitCode.SUCCEEDED
