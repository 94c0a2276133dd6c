"""The IR as it travels to the drivers: once, compressed, and decoded only where it is needed.

The bytes are an index and blocks, each deflated with the same preset dictionary:

* 4 bytes ``AIR1``, then the length of the index as 4 bytes, big-endian
* the index, JSON: ``version``, ``pipeline`` (name, display name, description, default root, SDK
  version), ``config`` (``pipelineConfig``), ``kubernetes`` (configuration by executor label: all
  of it where a component takes part of it as a value, else the claims, which count for the cache),
  ``blocks`` (their lengths in order), ``members`` (component name to the number of its block; the
  root is called ``root``)
* the blocks, JSON: ``components``, ``executors``, and ``control`` (DAG component to task key to
  entries ``[output, form]``)

A block holds DAG components with the leaves that they use first, in depth-first order from the
root, up to some 32 KiB: few enough for small pipelines to compress well, many enough for a driver
of a large one to decode only what is on its path. A component that nothing reaches is left out.
"""

from __future__ import annotations

import base64
import hashlib
import json
import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from argosy_schemas.errors import ArgosyError
from argosy_schemas.ir import Component, ControlEntry, ControlForm, Pipeline
from argosy_schemas.ir_json import ROOT, component_from_json
from argosy_schemas.values import JsonValue, to_json

MAGIC = b"AIR1"
VERSION = "1.0"
BLOCK_BYTES = 32 * 1024
REFERENCE_PREFIX = "ref:"
"""Before the SHA-256 of an IR that lies in the store, in place of its base64."""

Json = Mapping[str, Any]

# Deflate finds in here what every pipeline says; the most common words stand last. It belongs to
# the format: another dictionary is another version.
_DICTIONARY = b"".join(
    (
        b'"resourceMemoryRequest":"resourceCpuRequest":"resourceMemoryLimit":"resourceCpuLimit":"',
        b'"accelerator":{"resourceCount":"1","resourceType":"nvidia.com/gpu"},"resources":{',
        b'"importer":{"artifactUri":{"constant":"},"metadata":{"reimport":true,"typeSchema":{',
        b'"retryPolicy":{"backoffDuration":"0s","backoffFactor":2,"backoffMaxDuration":"3600s",',
        b'"maxRetryCount":"iteratorPolicy":{"parallelismLimit":"parameterIterator":{"itemInput":"',
        b'"pipelinechannel--loop-item-param-","items":{"raw":"["inputParameter":"pipelinechannel--',
        b'"triggerPolicy":{"condition":"inputs.parameter_values[\'pipelinechannel--',
        b'"strategy":"ALL_UPSTREAM_TASKS_COMPLETED"},"taskFinalStatus":{"producerTask":"',
        b'"isArtifactList":true,"schemaTitle":"system.Model","schemaTitle":"system.Metrics",',
        b'"parameterType":"NUMBER_DOUBLE""parameterType":"BOOLEAN""parameterType":"STRUCT"',
        b'"parameterType":"LIST""parameterType":"NUMBER_INTEGER"},"isOptional":true,',
        b'"defaultValue":"description":"runtimeValue":{"constant":"{{$.inputs.parameters[\'',
        b'"env":[{"name":"","value":"args":["--executor_input","{{$}}","--function_to_execute",',
        b'"command":["sh","-c","-ec","python3 -m kfp.dsl.executor_main --component_module_path ',
        b"import kfp\nfrom kfp import dsl\nfrom kfp.dsl import *\nfrom typing import *\n\ndef ",
        b'"image":"python:3.11"}}},"container":{"artifacts":{"artifactSelectors":[',
        b'{"outputArtifactKey":"producerSubtask":"valueFromParameter":{"outputParameterKey":"',
        b'"taskOutputArtifact":{"outputArtifactKey":"producerTask":"componentInputArtifact":"',
        b'"artifactType":{"schemaTitle":"system.Dataset","schemaVersion":"0.0.1"}}},',
        b'"outputDefinitions":{"parameters":{"Output":{"parameterType":"STRING"}}}},',
        b'"inputDefinitions":{"parameters":{"executorLabel":"exec-","dependentTasks":["',
        b'"taskOutputParameter":{"outputParameterKey":"Output","producerTask":"',
        b'"componentInputParameter":"pipelinechannel--","inputs":{"parameters":{"',
        b'"tasks":{"cachingOptions":{"enableCache":true},"componentRef":{"name":"comp-',
        b'"taskInfo":{"name":"',
    )
)


class PackedIrError(ArgosyError):
    """The bytes are no packed IR, or one of a newer version."""


def pack(pipeline: Pipeline) -> bytes:
    """Return the IR of a pipeline that was read, with its control entries.

    Equal pipelines give equal bytes.

    Args:
        pipeline: With its ``document``.
    """
    document: Json = pipeline.document
    executors: Json = document.get("deploymentSpec", {}).get("executors", {})
    groups = _grouped(document, executors)
    blocks = [_deflate(_block(names, pipeline, document, executors)) for names in groups]
    passthroughs = {
        component.executor_label
        for component in pipeline.components.values()
        if component.task_config_passthroughs
    }
    members = {name: number for number, names in enumerate(groups) for name in names}
    index = _deflate(
        {
            "version": VERSION,
            "pipeline": {
                "name": pipeline.name,
                "displayName": pipeline.display_name,
                "description": pipeline.description,
                "defaultPipelineRoot": pipeline.default_pipeline_root,
                "sdkVersion": pipeline.sdk_version,
            },
            "config": pipeline.pipeline_config,
            "kubernetes": {
                label: told
                for label, config in pipeline.kubernetes.items()
                if (told := _told(config, whole=label in passthroughs))
            },
            "blocks": [len(block) for block in blocks],
            "members": members,
        }
    )
    return b"".join((MAGIC, struct.pack(">I", len(index)), index, *blocks))


def _told(config: Mapping[str, JsonValue], *, whole: bool) -> Mapping[str, JsonValue]:
    """Return what drivers need of a Kubernetes configuration."""
    return config if whole else {key: config[key] for key in ("pvcMount",) if key in config}


def unpack(data: bytes) -> Pipeline:
    """Return the pipeline; a component is decoded when it is first asked for.

    Raises:
        PackedIrError: ``data`` is no packed IR, or one of a newer major version.
    """
    if data[:4] != MAGIC or len(data) < 8:
        raise PackedIrError("The IR is damaged: it does not begin as a packed IR; compile again")
    (length,) = struct.unpack(">I", data[4:8])
    index = _inflate(data[8 : 8 + length])
    version = str(index["version"])
    if int(version.partition(".")[0]) > int(VERSION.partition(".")[0]):
        raise PackedIrError(
            f"The IR has format version {version}, this release reads up to {VERSION}; "
            "use the release that compiled it"
        )
    blocks = _Blocks(data, 8 + length, index["blocks"], index["members"])
    about: Json = index["pipeline"]
    return Pipeline(
        name=about["name"],
        display_name=about["displayName"],
        description=about["description"],
        default_pipeline_root=about["defaultPipelineRoot"],
        sdk_version=about["sdkVersion"],
        root=blocks.component(ROOT),
        components=_Components(blocks),
        kubernetes=index["kubernetes"],
        pipeline_config=index["config"],
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

    def __init__(
        self, data: bytes, start: int, lengths: Sequence[int], members: Mapping[str, int]
    ) -> None:
        self._data = data
        self._offsets = [start + sum(lengths[:number]) for number in range(len(lengths))]
        self._lengths = lengths
        self.members = members
        self._decoded: dict[int, Json] = {}
        self._components: dict[str, Component] = {}

    @property
    def decoded(self) -> frozenset[int]:
        """The numbers of the blocks that have been decoded."""
        return frozenset(self._decoded)

    def block_of(self, name: str) -> Json:
        """Return the block with the component ``name``; raise ``KeyError`` where there is none."""
        number = self.members[name]
        block = self._decoded.get(number)
        if block is None:
            offset = self._offsets[number]
            block = _inflate(self._data[offset : offset + self._lengths[number]])
            # Two threads may both decode it; the results are equal and one of them stays.
            block = self._decoded.setdefault(number, block)
        return block

    def component(self, name: str) -> Component:
        """Return the component ``name``; raise ``KeyError`` where there is none."""
        component = self._components.get(name)
        if component is None:
            block = self.block_of(name)
            component = self._components.setdefault(
                name, component_from_json(name, block["components"][name], block["executors"])
            )
        return component


class _Components(Mapping[str, Component]):
    """Components by name, without the root."""

    def __init__(self, blocks: _Blocks) -> None:
        self.blocks = blocks

    def __getitem__(self, name: str) -> Component:
        if name == ROOT:
            raise KeyError(name)
        return self.blocks.component(name)

    def __iter__(self) -> Iterator[str]:
        return (name for name in self.blocks.members if name != ROOT)

    def __len__(self) -> int:
        return len(self.blocks.members) - 1


class _Control(Mapping[tuple[str, str], tuple[ControlEntry, ...]]):
    """Control entries by DAG component and task key."""

    def __init__(self, blocks: _Blocks) -> None:
        self._blocks = blocks

    def __getitem__(self, key: tuple[str, str]) -> tuple[ControlEntry, ...]:
        dag, task = key
        entries: Sequence[Sequence[str]] = self._blocks.block_of(dag)["control"][dag][task]
        return tuple(
            ControlEntry(output=output, form=ControlForm(form)) for output, form in entries
        )

    def __iter__(self) -> Iterator[tuple[str, str]]:
        for name in self._blocks.members:
            for task in self._blocks.block_of(name)["control"].get(name, ()):
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
    executor = executors[component["executorLabel"]] if "executorLabel" in component else {}
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
    return {
        "components": components,
        "executors": {label: executors[label] for label in labels},
        "control": control,
    }


def _deflate(content: Json) -> bytes:
    compressor = zlib.compressobj(level=9, wbits=-15, zdict=_DICTIONARY)
    return compressor.compress(to_json(content).encode()) + compressor.flush()


def _inflate(data: bytes) -> Json:
    try:
        decompressor = zlib.decompressobj(wbits=-15, zdict=_DICTIONARY)
        content: Json = json.loads(decompressor.decompress(data) + decompressor.flush())
    except (zlib.error, ValueError) as error:
        raise PackedIrError("The IR is damaged: a block does not inflate; compile again") from error
    return content
