"""One public name, one thing: no class or function is defined in two modules of the product."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)

MEANT = {
    "command": "the click command of each module of `argosy_cli.commands`, added by its module",
    "main": "the entry point of each program",
    "Pipeline": "what callers of the public API hold, around the IR that our own code reads",
    "run": "the public API, and the console scripts of driver and launcher",
    "upgrade": "what each migration of the service's database does, called by Alembic",
    # Two languages, which the module before the name tells apart: `cel.parse`, `argo.parse`.
    "Call": "the node of a syntax tree, in CEL and in Argo's language",
    "Literal": "the node of a syntax tree, in CEL and in Argo's language",
    "Name": "the node of a syntax tree, in CEL and in Argo's language",
    "check": "the front door of CEL and of Argo's language",
    "get_children": "of a syntax tree, in CEL and in Argo's language",
    "evaluate": "the front door of CEL and of Argo's language",
    "walk_nodes": "of a syntax tree, in CEL and in Argo's language",
    "parse": "the parser of CEL and of Argo's language",
}
"""Names that stand for the same idea wherever they are defined, each with the reason."""


API_METHODS = {
    re.sub("(?<!^)(?=[A-Z])", "_", name).lower()
    for file in ROOT.glob("service/argosy_service/protos/*.proto")
    for name in re.findall(r"rpc (\w+)", file.read_text())
}
"""Methods of the KFP API: functions of the service have their names, whoever else has them."""


def test_no_public_name_is_defined_in_two_modules() -> None:
    repeated = repeated_names()

    assert {name: modules for name, modules in repeated.items() if name not in MEANT} == {}


def test_what_is_listed_as_meant_is_repeated() -> None:
    assert MEANT.keys() - repeated_names().keys() == set()


def repeated_names() -> Mapping[str, list[str]]:
    """Return the public classes and functions with several definitions, each with its modules."""
    modules = defaultdict[str, list[str]](list)
    for path in sorted(ROOT.glob("*/argosy*/**/*.py")):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts[1:])
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            is_method = module.startswith("argosy_service.") and _name_of(node) in API_METHODS
            if isinstance(node, DEFINITIONS) and not node.name.startswith("_") and not is_method:
                modules[node.name].append(module)
    return {name: found for name, found in modules.items() if len(set(found)) > 1}


def _name_of(node: ast.stmt) -> str:
    return node.name if isinstance(node, DEFINITIONS) else ""
