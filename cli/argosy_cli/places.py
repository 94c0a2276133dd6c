"""Which place the options of a command choose."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import click
from click.core import ParameterSource

from argosy_cli.configuration import read_store
from argosy_runs.places import RunPlace
from argosy_schemas.errors import InvalidArgumentError


@contextmanager
def open_place(
    home: Path, namespace: str | None, context: str | None, kubeconfig: str | None
) -> Generator[RunPlace]:
    """Yield the place that the options of the current command choose.

    A cluster, if an option or the configuration names one; an option ``--home`` wins over the
    configuration.

    Raises:
        InvalidArgumentError: Options choose both, or there is no such cluster.
    """
    chosen = {"namespace": namespace, "context": context, "kubeconfig": kubeconfig}
    current = click.get_current_context()
    if current.get_parameter_source("home") is ParameterSource.COMMANDLINE:
        typed = [
            f"--{name}"
            for name in chosen
            if current.get_parameter_source(name) is ParameterSource.COMMANDLINE
        ]
        if typed:
            raise InvalidArgumentError(
                f"--home is on this machine and {typed[0]} on a cluster; leave one out"
            )
        chosen = {}
    if not any(chosen.values()):
        from argosy_runs.local.place import LocalRuns

        yield LocalRuns(home)
        return
    # Runs of this machine need no client.
    from argosy_cluster.runs.place import ClusterRuns
    from argosy_cluster.targets import Target, connect_cluster

    target = Target(namespace=namespace, context=context, kubeconfig=kubeconfig)
    store_url = read_store(os.environ)
    with ClusterRuns(connect_cluster(target), store_url=store_url) as place:
        yield place
