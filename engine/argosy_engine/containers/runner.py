"""Start main commands in containers of their images.

The client of the container is the process that the engine starts: it passes on output, SIGTERM and
exit code. Paths are the same inside and outside, so that nothing of a step has to be translated.
Volumes are at the paths where a pod mounts them, too: the code of an image may have those inside.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from argosy_driver.preparing.arguments import ImageCommand, ReadImageCommand
from argosy_engine.containers.command import ContainerCommand
from argosy_engine.containers.images import Images
from argosy_engine.containers.program import ContainerProgram
from argosy_engine.containers.run_arguments import Mount, make_run_arguments, split_variables
from argosy_engine.pods.environment import build_container_environment, select_for_containers
from argosy_engine.pods.runner import MainRequest
from argosy_engine.pods.stop import StopSignal


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerRunner:
    """Prepares containers, :class:`argosy_engine.pods.runner.Runner`."""

    program: ContainerProgram
    images: Images
    label: str
    """Of all containers of this engine."""
    mounts: tuple[Mount, ...]
    """What all tasks see of this machine, where it exists."""
    inherited: Mapping[str, str]
    """Environment variables that tasks may inherit."""

    def prepare(self, request: MainRequest, stop: StopSignal) -> ContainerCommand:
        """Return a command whose image is on this machine."""
        image = self.images.find(request.pod.image, stop)
        home, file = request.directory / "home", request.directory / "variables"
        home.mkdir()
        is_root = self.program.maps_user_to_root or os.geteuid() == 0
        variables = build_container_environment(
            self.inherited,
            # Root has the image's; that of another user could not be written.
            home=None if is_root else home,
            temporary=request.directory / "tmp",
            added=request.variables,
        )
        split = split_variables(variables)
        with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as opened:
            opened.write(split.file)
        mounts = (Mount(path=request.directory, is_writable=True), *self._shared_mounts())
        volumes = (
            Mount(path=Path(each.directory), target=Path(each.path), is_writable=each.is_writable)
            for each in request.volumes
        )
        return ContainerCommand(
            argv=make_run_arguments(
                self.program,
                container=request.pod_name,
                label=self.label,
                image=image.reference,
                argv=request.step.argv,
                user=(0, 0) if is_root else (os.geteuid(), os.getegid()),
                mounts=(*mounts, *volumes),
                variables_file=file,
                passed=split.passed,
            ),
            environment={**self.program.environment, **split.passed},
            program=self.program,
            name=request.pod_name,
            image=image,
            command=request.step.argv[0],
            directory=request.directory,
            variables_file=file,
            writable=tuple(mount.path for mount in mounts if mount.is_writable),
        )

    def image_reader(self, stop: StopSignal) -> ReadImageCommand | None:
        """Return what reads the entry point of an image, which is pulled if it is not here."""

        def read(name: str) -> ImageCommand:
            return self.images.find(name, stop).command

        return read

    def _shared_mounts(self) -> Iterator[Mount]:
        """Yield what a task sees beside its own directory."""
        yield from (mount for mount in self.mounts if mount.path.exists())
        # Certificates, credentials and caches that an inherited variable names.
        for value in select_for_containers(self.inherited).values():
            path = Path(value)
            if path.is_absolute() and path.exists() and path != Path("/"):
                yield Mount(path=path, is_writable=path.is_dir())
