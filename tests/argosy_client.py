"""``argosy`` on a cluster with Argo, as a person runs it."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from argo_cluster import ArgoCluster
from cli_processes import ARGOSY, Ended, shell_pipeline

IMAGE = "busybox"


class ArgosyClient:
    """Runs ``argosy`` with the options of the cluster in its configuration."""

    def __init__(self, cluster: ArgoCluster, directory: Path) -> None:
        self.cluster = cluster
        self.directory = directory
        options = cluster.options
        lines = {
            "store": cluster.url,
            "store-secret": options.store_secret,
            "service-account": options.service_account,
            "image": options.image,
        }
        path = directory / "argosy" / "config.toml"
        path.parent.mkdir()
        path.write_text(
            f"[cluster]\nnamespace = {json.dumps(cluster.namespace)}\n[submit]\n"
            + "".join(f"{name} = {json.dumps(value)}\n" for name, value in lines.items())
        )

    def run(self, *words: str, timeout_seconds: float = 600) -> Ended:
        """Run a command to its end."""
        done = subprocess.run(
            [ARGOSY, *words],
            cwd=self.directory,
            # The variables of this process hold the credentials of the store.
            env={
                **os.environ,
                **self.cluster.environment,
                "XDG_CONFIG_HOME": str(self.directory),
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout_seconds,
        )
        return Ended(status=done.returncode, out=done.stdout, err=done.stderr)

    def write(self, name: str, scripts: dict[str, str], **more: Any) -> str:
        """Write a pipeline of shell tasks; return its file.

        Args:
            name: Of the pipeline.
            scripts: Task key to script.
            more: As :func:`~cli_processes.shell_pipeline` takes it.
        """
        document = json.loads(shell_pipeline(name, scripts, **more))
        for executor in document["deploymentSpec"]["executors"].values():
            executor["container"]["image"] = IMAGE
        return self.write_document(name, document)

    def write_document(self, name: str, *documents: Any) -> str:
        """Write a pipeline and what it asks of the platform; return the file."""
        (self.directory / f"{name}.yaml").write_text("\n---\n".join(map(json.dumps, documents)))
        return f"{name}.yaml"

    def submit(self, name: str, file: str, *words: str) -> Ended:
        """Submit the pipeline of a file; its workflows are deleted after the test."""
        ended = self.run("submit", file, *words)
        self.note(name)
        return ended

    def note(self, name: str) -> None:
        """Let all workflows of a pipeline be deleted after the test."""
        listed = self.run("list", "--pipeline", name, "-o", "name").out.split()
        self.cluster.started.extend(listed)

    def newest(self, name: str) -> str:
        """Return the newest workflow of a pipeline, or nothing."""
        return self.run("list", "--pipeline", name, "--limit", "1", "-o", "name").out.strip()
