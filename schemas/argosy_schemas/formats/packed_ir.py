"""The IR as it travels to the drivers: once, compressed, and decoded only where it is needed.

The bytes are an index and blocks, each deflated with :data:`packed_ir_dictionary.DICTIONARY`:

* 4 bytes ``AIR1``, then the length of the index as 4 bytes, big-endian
* the index, JSON: ``version``, ``pipeline`` (name, and what else is known of it), ``config``
  (``pipelineConfig``), ``kubernetes`` (executor label to settings, see :func:`_told`), ``blocks``
  (their lengths in order) and ``members`` (component to the number of its block; the root is
  called ``root``); or, in place of these two, ``block``: the only one
* the blocks, JSON: ``components``, ``executors``, and ``control`` (DAG component to task key to
  entries ``[output, form]``)

What has its default is left out. ``json/packed_ir.schema.json`` describes index and blocks.

A block holds DAG components with the leaves that they use first, in depth-first order from the
root, up to some 32 KiB: few enough for small pipelines to compress well, many enough for a driver
of a large one to decode only what is on its path. A component that nothing reaches is left out.
"""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from argosy_schemas.errors import ArgosyError
from argosy_schemas.formats.packed_ir_dictionary import DICTIONARY
from argosy_schemas.ir.from_json import ROOT, component_from_json
from argosy_schemas.ir.model import Component, ControlEntry, ControlForm, Pipeline
from argosy_schemas.values import to_json

MAGIC = b"AIR1"
VERSION = "1.0"
BLOCK_BYTES = 32 * 1024
REFERENCE_PREFIX = "ref:"
"""Before the SHA-256 of an IR that lies in the store, in place of its base64."""

Json = Mapping[str, Any]


class PackedIrError(ArgosyError):
    """The bytes are no packed IR, or one of a newer version."""


def pack(pipeline: Pipeline) -> bytes:
    """Return the IR of a pipeline that was read, with its control entries.

    Equal pipelines give equal bytes (with one and the same zlib).

    Args:
        pipeline: With its ``document``.
    """
    document: Json = pipeline.document
    executors: Json = document.get("deploymentSpec", {}).get("executors", {})
    groups = _grouped(document, executors)
    blocks = [_block(names, pipeline, document, executors) for names in groups]
    index: dict[str, Any] = {
        "version": VERSION,
        "pipeline": _without_empty(
            {
                "name": pipeline.name,
                "displayName": pipeline.display_name,
                "description": pipeline.description,
                "defaultPipelineRoot": pipeline.default_pipeline_root,
                "sdkVersion": pipeline.sdk_version,
            }
        ),
        "config": pipeline.pipeline_config,
        "kubernetes": _told(pipeline),
    }
    deflated: list[bytes] = []
    if len(blocks) == 1:
        index["block"] = blocks[0]
    else:
        deflated = [_deflate(block) for block in blocks]
        index["blocks"] = [len(block) for block in deflated]
        index["members"] = {name: number for number, names in enumerate(groups) for name in names}
    first = _deflate(_without_empty(index))
    return b"".join((MAGIC, struct.pack(">I", len(first)), first, *deflated))


def _without_empty(members: Json) -> Json:
    return {name: value for name, value in members.items() if value not in ("", {}, ())}


def _told(pipeline: Pipeline) -> Json:
    """Return what is needed of the Kubernetes settings where no pod is made of them.

    All of them where the component takes some as a value; else the volume claims, which count for
    the cache. A label without any is left out.
    """
    whole = {
        component.executor_label
        for component in pipeline.components.values()
        if component.task_config_passthroughs
    }
    told = {
        label: settings
        if label in whole
        else {name: value for name, value in settings.items() if name == "pvcMount"}
        for label, settings in pipeline.kubernetes.items()
    }
    return {label: settings for label, settings in told.items() if settings}


def unpack(data: bytes) -> Pipeline:
    """Return the pipeline; a component is decoded when it is first asked for.

    Raises:
        PackedIrError: ``data`` is no packed IR, or one of a newer major version.
    """
    if data[: len(MAGIC)] != MAGIC or len(data) < 8:
        raise PackedIrError("The IR is damaged: it does not begin as a packed IR; compile again")
    (length,) = struct.unpack(">I", data[4:8])
    index = _inflate(data[8 : 8 + length])
    try:
        version = str(index["version"])
        major = int(version.partition(".")[0])
        if major > int(VERSION.partition(".")[0]):
            raise PackedIrError(
                f"The IR has format version {version}, this release reads up to {VERSION}; "
                "use the release that compiled it"
            )
        return _pipeline(index, _Blocks(data, 8 + length, index))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise PackedIrError(f"The IR is damaged: {error!r}; compile again") from error


def _pipeline(index: Json, blocks: _Blocks) -> Pipeline:
    about: Json = index["pipeline"]
    return Pipeline(
        name=about["name"],
        display_name=about.get("displayName", ""),
        description=about.get("description", ""),
        default_pipeline_root=about.get("defaultPipelineRoot", ""),
        sdk_version=about.get("sdkVersion", ""),
        root=blocks.component(ROOT),
        components=PackedComponents(blocks),
        kubernetes=index.get("kubernetes", {}),
        pipeline_config=index.get("config", {}),
        control=_Control(blocks),
    )


def to_base64(data: bytes) -> str:
    """Return the text that the parameter ``argosy-ir`` carries."""
    return base64.b64encode(data).decode("ascii")


def from_base64(text: str) -> bytes:
    """Return the bytes behind :func:`to_base64`.

    Raises:
        PackedIrError: The text is no base64.
    """
    try:
        return base64.b64decode(text, validate=True)
    except ValueError as error:
        raise PackedIrError("The IR is damaged: it is no base64; compile again") from error


def digest(data: bytes) -> str:
    """Return the SHA-256 that names a packed IR in a store, as hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def to_reference(data: bytes) -> str:
    """Return the text that the parameter ``argosy-ir`` carries in place of a large IR."""
    return f"{REFERENCE_PREFIX}{digest(data)}"


class _Blocks:
    """The blocks of one packed IR, each decoded once, on first use."""

    def __init__(self, data: bytes, start: int, index: Json) -> None:
        self._data = data
        lengths: Sequence[int] = index.get("blocks", ())
        self._offsets = list(itertools.accumulate(lengths, initial=start))
        self._decoded: dict[int, Json] = {}
        self._components: dict[str, Component] = {}
        self.members: Mapping[str, int]
        """Component to the number of its block."""
        if "block" in index:
            self._decoded[0] = index["block"]
            self.members = dict.fromkeys(index["block"]["components"], 0)
        else:
            self.members = index["members"]

    @property
    def decoded(self) -> frozenset[int]:
        """The numbers of the blocks that have been decoded."""
        return frozenset(self._decoded)

    def block_of(self, name: str) -> Json:
        """Return the block with the component ``name``; raise ``KeyError`` where there is none."""
        number = self.members[name]
        block = self._decoded.get(number)
        if block is None:
            block = _inflate(self._data[self._offsets[number] : self._offsets[number + 1]])
            # Two threads may both decode it; the results are equal and one of them stays.
            block = self._decoded.setdefault(number, block)
        return block

    def component(self, name: str) -> Component:
        """Return the component ``name``; raise ``KeyError`` where there is none."""
        component = self._components.get(name)
        if component is None:
            block = self.block_of(name)
            try:
                component = component_from_json(
                    name, block["components"][name], block.get("executors", {})
                )
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                raise PackedIrError(
                    f"The IR is damaged: component '{name}' is incomplete; compile again"
                ) from error
            component = self._components.setdefault(name, component)
        return component


class PackedComponents(Mapping[str, Component]):
    """Components by name, without the root; each is decoded when it is first asked for."""

    def __init__(self, blocks: _Blocks) -> None:
        self._blocks = blocks

    @property
    def decoded(self) -> frozenset[int]:
        """The numbers of the blocks that have been decoded."""
        return self._blocks.decoded

    def __getitem__(self, name: str) -> Component:
        if name == ROOT:
            raise KeyError(name)
        return self._blocks.component(name)

    def __iter__(self) -> Iterator[str]:
        return (name for name in self._blocks.members if name != ROOT)

    def __len__(self) -> int:
        return len(self._blocks.members) - 1


class _Control(Mapping[tuple[str, str], tuple[ControlEntry, ...]]):
    """Control entries by DAG component and task key."""

    def __init__(self, blocks: _Blocks) -> None:
        self._blocks = blocks

    def __getitem__(self, key: tuple[str, str]) -> tuple[ControlEntry, ...]:
        dag, task = key
        entries: Sequence[Sequence[str]] = self._blocks.block_of(dag).get("control", {})[dag][task]
        return tuple(
            ControlEntry(output=output, form=ControlForm(form)) for output, form in entries
        )

    def __iter__(self) -> Iterator[tuple[str, str]]:
        for name in self._blocks.members:
            for task in self._blocks.block_of(name).get("control", {}).get(name, ()):
                yield name, task

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _component_json(document: Json, name: str) -> Json:
    component: Json = document["root"] if name == ROOT else document["components"][name]
    return component


def _grouped(document: Json, executors: Json) -> list[list[str]]:
    """Return the reachable components in depth-first order, cut into blocks."""
    groups: list[list[str]] = [[]]
    size = 0
    seen: set[str] = set()
    waiting = [ROOT]
    while waiting:
        dag = waiting.pop()
        if dag in seen:
            continue
        seen.add(dag)
        names = [dag]
        nested: list[str] = []
        tasks: Json = _component_json(document, dag)["dag"].get("tasks", {})
        for key in sorted(tasks):
            used: str = tasks[key]["componentRef"]["name"]
            if "dag" in document["components"][used]:
                nested.append(used)
            elif used not in seen:
                seen.add(used)
                names.append(used)
        waiting.extend(reversed(nested))
        for name in names:
            length = _size(_component_json(document, name), executors)
            if size and size + length > BLOCK_BYTES:
                groups.append([])
                size = 0
            groups[-1].append(name)
            size += length
    return groups


def _size(component: Json, executors: Json) -> int:
    executor: Json = executors[component["executorLabel"]] if "executorLabel" in component else {}
    return len(to_json(component)) + len(to_json(executor))


def _block(names: Sequence[str], pipeline: Pipeline, document: Json, executors: Json) -> Json:
    components = {name: _component_json(document, name) for name in names}
    control: dict[str, dict[str, list[list[str]]]] = {}
    for dag, json_ in components.items():
        for task in json_.get("dag", {}).get("tasks", {}):
            entries = pipeline.control.get((dag, task), ())
            if entries:
                control.setdefault(dag, {})[task] = [[e.output, e.form.value] for e in entries]
    labels = [json_["executorLabel"] for json_ in components.values() if "executorLabel" in json_]
    return _without_empty(
        {
            "components": {name: _shortened(json_) for name, json_ in components.items()},
            "executors": {label: executors[label] for label in labels},
            "control": control,
        }
    )


def _shortened(component: Json) -> Json:
    """Return the component without the display names that readers make of the keys."""
    tasks: Json = component.get("dag", {}).get("tasks", {})
    if not any(task.get("taskInfo") == {"name": key} for key, task in tasks.items()):
        return component
    shorter = {
        key: {name: value for name, value in task.items() if name != "taskInfo"}
        if task.get("taskInfo") == {"name": key}
        else task
        for key, task in tasks.items()
    }
    return {**component, "dag": {**component["dag"], "tasks": shorter}}


def _deflate(content: Json) -> bytes:
    compressor = zlib.compressobj(level=9, wbits=-15, zdict=DICTIONARY)
    return compressor.compress(to_json(content).encode()) + compressor.flush()


def _inflate(data: bytes) -> Json:
    try:
        decompressor = zlib.decompressobj(wbits=-15, zdict=DICTIONARY)
        content: Json = json.loads(decompressor.decompress(data) + decompressor.flush())
    except (zlib.error, ValueError) as error:
        raise PackedIrError("The IR is damaged: a block does not inflate; compile again") from error
    return content
