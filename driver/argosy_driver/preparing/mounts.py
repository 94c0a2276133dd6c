"""The volumes of a task on a laptop: directories, in place of the paths at which a pod mounts them.

Nobody but root can put a directory at ``/data``, and a component must not write to the ``/data``
that a machine happens to have. So where the pipeline says ``/data``, in the command, its arguments,
variables and parameters, the command gets the path of the directory (ADR 17). What is not written
as a path there, e.g. ``os.sep + "data"``, stays as it is.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from argosy_driver.preparing.task_config import applies_group, make_pod_values
from argosy_driver.resolving.resolver import Resolver
from argosy_driver.stand_ins import ObjectKind
from argosy_schemas.errors import FinalTaskError
from argosy_schemas.formats.records import Reason
from argosy_schemas.ir.model import ContainerExecutor
from argosy_schemas.ir.task_tree import TaskPosition
from argosy_schemas.values import JsonValue

if TYPE_CHECKING:
    from argosy_schemas.ir.kubernetes.fields import KubernetesExecutorConfig
    from argosy_schemas.ir.kubernetes.leaves import Name

_BEFORE: Final = r"(?:(?<=file://)|(?<![\w.~)\]}*$/%-]))"
"""A path begins here: what precedes belongs to no path, and is no value that a path is added to."""
_AFTER: Final = r"(?![\w-]|\.\w)"
"""The last segment of a path ends here."""
_UNQUOTABLE: Final = re.compile(r"""['"\\{}\n]""")
"""What means something in the text of a program, into which paths are put."""

_VOLUMES: Final = "KUBERNETES_VOLUMES"


@dataclass(frozen=True, slots=True)
class Mounts:
    """The directories of one task."""

    directories: Mapping[str, str]
    """Mount path to directory."""
    kept: Sequence[str]
    """Paths that stay as they are, though a mount path may be above them."""

    def apply(self, executor: ContainerExecutor) -> ContainerExecutor:
        """Return a container whose texts have directories in place of mount paths."""
        return replace(
            executor,
            command=tuple(map(self.replace_in_text, executor.command)),
            args=tuple(map(self.replace_in_text, executor.args)),
            env=tuple((name, self.replace_in_text(value)) for name, value in executor.env),
        )

    def replace_in(self, value: JsonValue) -> JsonValue:
        """Return a value whose texts have directories in place of mount paths."""
        if isinstance(value, str):
            return self.replace_in_text(value)
        if isinstance(value, Mapping):
            return {key: self.replace_in(item) for key, item in value.items()}
        if isinstance(value, Sequence):
            return [self.replace_in(item) for item in value]
        return value

    def replace_in_text(self, text: str) -> str:
        """Return a text with directories in place of mount paths."""
        paths = "|".join(map(re.escape, sorted(self.directories, key=len, reverse=True)))
        kept = "|".join(map(re.escape, self.kept))
        pattern = rf"{_BEFORE}(?!(?:{kept}){_AFTER})({paths}){_AFTER}"
        return re.sub(pattern, lambda match: self.directories[match[1]], text)


def list_names(
    position: TaskPosition, config: KubernetesExecutorConfig
) -> Iterator[tuple[ObjectKind, Name]]:
    """Yield the objects that a task cannot do without: kind and name of each."""
    if applies_group(position, _VOLUMES):
        for mount in config.pvc_mount:
            yield ObjectKind.CLAIM, mount.name


def find_mounts(resolver: Resolver, position: TaskPosition) -> Mounts | None:
    """Return the directories of a task; ``None``: it has none.

    A claim that is not on this machine has none.

    Raises:
        FinalTaskError: A name is missing or no name, or a directory cannot stand in a text.
    """
    objects = resolver.run.objects
    values = None if objects is None else make_pod_values(resolver, position)
    if objects is None or values is None or not applies_group(position, _VOLUMES):
        return None
    found: dict[str, str] = {}
    for mount in values.config.pvc_mount:
        directory = objects.find(ObjectKind.CLAIM, values.resolve_name(mount.name) or "")
        path = mount.mount_path.rstrip("/")
        if directory is not None and path:
            found[path] = os.path.join(directory, mount.sub_path) if mount.sub_path else directory
    _check_directories(found.values())
    return Mounts(found, (objects.home, resolver.run.root)) if found else None


def _check_directories(directories: Iterable[str]) -> None:
    for directory in directories:
        if _UNQUOTABLE.search(directory):
            raise FinalTaskError(
                f"directory {directory!r} cannot be mounted, since its path has a quote, brace, "
                "backslash or line break; choose another",
                reason=Reason.INVALID_INPUT,
            )
