"""Compile with the KFP SDK: a ``.py`` file by ``python -m``, or a pipeline that is an object.

:mod:`argosy._sources` runs this module as a process. Its arguments: the file, the name of the
pipeline or nothing, where to write the IR, and where to write a JSON report of what went wrong:
``kind`` (``machine``, ``argument`` or ``pipeline``), ``message``, which for an argument follows the
name of the file, and for a pipeline ``file`` and ``line``.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import sys
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any


def compile_component(component: Any, output: Path) -> None:
    """Write the IR of a pipeline or component of the SDK; whatever the SDK raises passes on."""
    # The SDK has no type information: imported by name it is `Any`, and nothing more is claimed.
    compiler: Any = importlib.import_module("kfp.compiler")
    compiler.Compiler().compile(component, str(output))


def main(file: str, name: str, output: str, report: str) -> int:
    """Compile and return the exit status: 0, or 1 when ``report`` says what went wrong."""
    try:
        # The first import of kfp costs over a second, and only this process pays it.
        importlib.import_module("kfp.compiler")
        base_component: Any = importlib.import_module("kfp.dsl.base_component")
        graph_component: Any = importlib.import_module("kfp.dsl.graph_component")
    except Exception as error:  # whatever kfp imports may raise anything
        return _write_report(report, kind="machine", message=_explain_import(file, error))
    try:
        module = _load(Path(file))
        components = {
            key: value
            for key, value in vars(module).items()
            if isinstance(value, base_component.BaseComponent)
        }
        pipelines = {
            key: value
            for key, value in components.items()
            if isinstance(value, graph_component.GraphComponent)
        }
        what = "pipeline"
        if components and not pipelines:
            # The SDK compiles a component alone to a pipeline of one task.
            pipelines, what = components, "component"
        chosen: Any = getattr(module, name, None) if name else None
        if name and not isinstance(chosen, base_component.BaseComponent):
            return _write_report(
                report,
                kind="argument",
                message=f"has no pipeline '{name}'; it has {_list(pipelines, what)}",
            )
        if not name and len(pipelines) != 1:
            # The last one defined most often uses the others.
            advice = f"; name one, e.g. {file}:{list(pipelines)[-1]}" if pipelines else ""
            message = f"has {_list(pipelines, what)}{advice}"
            return _write_report(report, kind="argument", message=message)
        compile_component(chosen or next(iter(pipelines.values())), Path(output))
    except Exception as error:  # the author's code may raise anything
        return _write_report(report, kind="pipeline", **_describe(error, file))
    return 0


def _explain_import(file: str, error: Exception) -> str:
    """Return why the SDK cannot be imported, and what to do."""
    if isinstance(error, ModuleNotFoundError) and error.name == "kfp":
        return (
            f"'{file}' needs the KFP SDK to be compiled; install it with 'pip install kfp', or give"
            " a compiled .yaml file"
        )
    what = " ".join(f"{type(error).__name__}: {error}".split())
    sdk_file: str | None = getattr(sys.modules.get("kfp"), "__file__", None)
    files = [frame.filename for frame in traceback.extract_tb(error.__traceback__)]
    own = ("<", __file__, importlib.__file__)
    files = [name for name in files if not name.startswith(own)]
    place = files[-1] if files else sdk_file
    where = f", in {place}" if place else ""
    return (
        f"'{file}' needs the KFP SDK to be compiled, whose import fails: {what}{where}; see whether"
        " 'python -c \"import kfp\"' works, or give a compiled .yaml file"
    )


def _load(path: Path) -> ModuleType:
    # As with `python FILE` the file's folder is importable, and as with `python -m` the caller's.
    # Added only now, so that no file of theirs replaces a module that kfp imports.
    sys.path[:0] = [str(path.parent.resolve()), str(Path.cwd())]
    specification = importlib.util.spec_from_file_location(path.stem, path)
    if specification is None or specification.loader is None:
        raise ImportError(f"'{path}' cannot be imported")
    module = importlib.util.module_from_spec(specification)
    # Registered as an import does it: dataclasses and pickles look the module up by name.
    sys.modules[path.stem] = module
    specification.loader.exec_module(module)
    return module


def _list(pipelines: dict[str, Any], what: str) -> str:
    if not pipelines:
        return "no @dsl.pipeline"
    names = ", ".join(f"'{name}'" for name in sorted(pipelines))
    return f"{len(pipelines)} {what}s ({names})" if len(pipelines) > 1 else f"the {what} {names}"


def _describe(error: Exception, file: str) -> dict[str, Any]:
    """Return message, file and line: the innermost line in the author's own folder."""
    if isinstance(error, SyntaxError) and error.filename:
        # The text of the error ends with the file's name and the line.
        is_own = Path(error.filename).resolve() == Path(file).resolve()
        place = file if is_own else error.filename
        return {"message": f"SyntaxError: {error.msg}", "file": place, "line": error.lineno}
    message = " ".join(f"{type(error).__name__}: {error}".split())
    folder = str(Path(file).parent.resolve())
    lines = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename.startswith(folder) and "site-packages" not in frame.filename
    ]
    if not lines:
        return {"message": message, "file": file}
    line = lines[-1]
    is_own_file = Path(line.filename) == Path(file).resolve()
    return {"message": message, "file": file if is_own_file else line.filename, "line": line.lineno}


def _write_report(report: str, **values: Any) -> int:
    Path(report).write_text(json.dumps(values))
    return 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
