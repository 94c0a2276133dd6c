"""Check the inputs and outputs that a component declares."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from argosy_schemas.findings import Findings, Path
from argosy_schemas.ir.from_json import ROOT, parameter_type_from_json
from argosy_schemas.ir.model import ParameterType
from argosy_schemas.ir.parameters import ParameterValueError, coerce, parse_output
from argosy_schemas.message_text import quote_text
from argosy_schemas.pod import (
    CACHE_PARAMETER,
    IR_PARAMETER,
    ITEMS_PARAMETER,
    ROOT_PARAMETER,
    STORE_PARAMETER,
)
from argosy_schemas.values import JsonValue

Json = Mapping[str, Any]

_UNSAFE: Final = re.compile("[\0-\x1f\x7f/]")
_WORKFLOW_NAME: Final = re.compile("[A-Za-z0-9_-]+")
_RESERVED: Final = frozenset({CACHE_PARAMETER, IR_PARAMETER, ROOT_PARAMETER, STORE_PARAMETER})
_MAX_NAME: Final = 200
_MADE_BY_DRIVER: Final = frozenset({ParameterType.TASK_FINAL_STATUS, ParameterType.TASK_CONFIG})


def check_interface(component: Json, path: Path, findings: Findings) -> None:
    """Add the problems in the declarations of the component at ``path``."""
    is_root = path == (ROOT,)
    for side in ("inputDefinitions", "outputDefinitions"):
        interface: Json = component.get(side, {})
        for name, item_path in _list_names(interface, (*path, side)):
            _check_name(name, item_path, findings)
        for name, parameter in interface.get("parameters", {}).items():
            item_path = (*path, side, "parameters", name)
            kind = parameter_type_from_json(parameter)
            if kind is None:
                findings.add(item_path, f"Parameter '{name}' has no type; set 'parameterType'")
            elif kind in _MADE_BY_DRIVER and side == "outputDefinitions":
                findings.add(item_path, f"No component can output a {kind}; make it a STRUCT")
            elif kind in _MADE_BY_DRIVER and is_root and not parameter.get("isOptional"):
                # An optional one is what the SDK makes of a component compiled as a pipeline.
                message = f"No run can receive a {kind}; make it optional, or a STRUCT"
                findings.add(item_path, message)
            elif side == "inputDefinitions" and "defaultValue" in parameter:
                _check_default(name, parameter, kind, item_path, findings, is_root=is_root)
        for name, artifact in interface.get("artifacts", {}).items():
            if artifact.get("artifactType", {}).get("schemaUri"):
                findings.add(
                    (*path, side, "artifacts", name, "artifactType", "schemaUri"),
                    "Argosy cannot read 'schemaUri'; use 'schemaTitle' or 'instanceSchema'",
                    is_unsupported=True,
                )
    if is_root:
        _check_root_inputs(component.get("inputDefinitions", {}), path, findings)


def _check_default(
    name: str,
    parameter: Json,
    kind: ParameterType,
    path: Path,
    findings: Findings,
    *,
    is_root: bool,
) -> None:
    """Add a default of another type; each number type accepts any number.

    Literals do not restrict defaults (``ir-semantics`` 2.4). The first releases of the SDK wrote
    the defaults of inner components as text, which is passed on unchanged.
    """
    default: JsonValue = parameter["defaultValue"]
    if isinstance(default, str) and not is_root and _parses_as(default, kind):
        return
    try:
        coerce(default, kind)
    except ParameterValueError as error:
        message = f"The default of parameter '{name}' {error}; change it"
        findings.add((*path, "defaultValue"), message)


def _parses_as(text: str, kind: ParameterType) -> bool:
    try:
        parse_output(text.encode(), kind)
    except ParameterValueError:
        return False
    return kind is not ParameterType.STRING


def _list_names(interface: Json, path: Path) -> Iterator[tuple[str, Path]]:
    for side in ("parameters", "artifacts"):
        for name in interface.get(side, {}):
            yield name, (*path, side, name)


def _check_name(name: str, path: Path, findings: Findings) -> None:
    # The name becomes a file name in the container.
    if not name or name in (".", "..") or _UNSAFE.search(name) or len(name) > _MAX_NAME:
        findings.add(
            path,
            f"The name {quote_text(name, most=_MAX_NAME)} cannot be part of a path; "
            "use letters, digits, dashes and underscores",
        )


def _check_root_inputs(inputs: Json, path: Path, findings: Findings) -> None:
    """Add the inputs of the pipeline that cannot be workflow parameters."""
    parameters: Json = inputs.get("parameters", {})
    for name, item_path in _list_names(inputs, (*path, "inputDefinitions")):
        if _UNSAFE.search(name):
            continue  # reported above
        if not _WORKFLOW_NAME.fullmatch(name):
            findings.add(
                item_path,
                f"Input '{name}' cannot be a parameter of a workflow; "
                "use letters, digits, dashes and underscores",
            )
        elif name in _RESERVED or name.startswith(ITEMS_PARAMETER):
            findings.add(item_path, f"Argosy has a parameter '{name}' of its own; rename the input")
        elif item_path[2] == "artifacts" and name in parameters:
            findings.add(item_path, f"There is a parameter '{name}' as well; rename one of them")
