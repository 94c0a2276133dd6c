"""Compile a ``.py`` file with the KFP SDK; run as ``python -m`` by :mod:`argosy_cli.source`.

Arguments: the file, the name of the pipeline or nothing, where to write the IR, and where to write
a JSON object that says what went wrong: ``kind`` (``machine``, ``argument`` or ``pipeline``),
``message``, and for a pipeline ``file`` and ``line``.
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


def main(file: str, name: str, output: str, report: str) -> int:
    """Compile and return the exit status: 0, or 1 when ``report`` says what went wrong."""
    try:
        # The first import of kfp costs over a second, and only this process pays it.
        # It has no type information: by name, it is `Any` and nothing more is claimed.
        compiler: Any = importlib.import_module("kfp.compiler")
        base_component: Any = importlib.import_module("kfp.dsl.base_component")
        graph_component: Any = importlib.import_module("kfp.dsl.graph_component")
    except Exception as error:  # whatever kfp imports may raise anything
        return _tell(report, kind="machine", message=_without_sdk(file, error))
    try:
        module = _load(Path(file))
        found = {
            key: value
            for key, value in vars(module).items()
            if isinstance(value, graph_component.GraphComponent)
        }
        chosen: Any = getattr(module, name, None) if name else None
        if name and not isinstance(chosen, base_component.BaseComponent):
            return _tell(
                report,
                kind="argument",
                message=f"'{file}' has no pipeline '{name}'; it has {_listed(found)}",
            )
        if not name and len(found) != 1:
            # The last one defined is most often the one that uses the others.
            advice = f"; name one, e.g. {file}:{list(found)[-1]}" if found else ""
            return _tell(
                report,
                kind="argument",
                message=f"'{file}' has {_listed(found)}{advice}",
            )
        compiler.Compiler().compile(chosen or next(iter(found.values())), output)
    except Exception as error:  # the author's code may raise anything
        return _tell(report, kind="pipeline", **_place(error, file))
    return 0


def _without_sdk(file: str, error: Exception) -> str:
    """Return why the SDK cannot be imported, and what to do."""
    if isinstance(error, ModuleNotFoundError) and error.name == "kfp":
        return (
            f"'{file}' needs the KFP SDK to be compiled; install it with 'pip install kfp', or give"
            " a compiled .yaml file"
        )
    what = " ".join(f"{type(error).__name__}: {error}".split())
    found: str | None = getattr(sys.modules.get("kfp"), "__file__", None)
    files = [frame.filename for frame in traceback.extract_tb(error.__traceback__)]
    own = ("<", __file__, importlib.__file__)
    files = [name for name in files if not name.startswith(own)]
    place = files[-1] if files else found
    where = f", in {place}" if place else ""
    return (
        f"'{file}' needs the KFP SDK to be compiled, whose import fails: {what}{where}; see whether"
        " 'python -c \"import kfp\"' works, or give a compiled .yaml file"
    )


def _load(path: Path) -> ModuleType:
    # As `python FILE` does: the file's folder is importable; and, as `python -m`, that of the
    # caller. Only now, so that no file of theirs is taken for a module that kfp imports.
    sys.path[:0] = [str(path.parent.resolve()), str(Path.cwd())]
    specification = importlib.util.spec_from_file_location(path.stem, path)
    if specification is None or specification.loader is None:
        raise ImportError(f"'{path}' cannot be imported")
    module = importlib.util.module_from_spec(specification)
    # Registered as an import does it: dataclasses and pickles look the module up by name.
    sys.modules[path.stem] = module
    specification.loader.exec_module(module)
    return module


def _listed(found: dict[str, Any]) -> str:
    if not found:
        return "no @dsl.pipeline"
    names = ", ".join(f"'{name}'" for name in sorted(found))
    return f"{len(found)} pipelines ({names})" if len(found) > 1 else f"the pipeline {names}"


def _place(error: Exception, file: str) -> dict[str, Any]:
    """Return message, file and line: the innermost line of the author's own folder."""
    if isinstance(error, SyntaxError) and error.filename:
        # The text of the error ends with the file's name and the line.
        is_own = Path(error.filename).resolve() == Path(file).resolve()
        place = file if is_own else error.filename
        return {"message": f"SyntaxError: {error.msg}", "file": place, "line": error.lineno}
    message = " ".join(f"{type(error).__name__}: {error}".split())
    folder = str(Path(file).parent.resolve())
    own = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename.startswith(folder) and "site-packages" not in frame.filename
    ]
    if not own:
        return {"message": message, "file": file}
    return (
        {"message": message, "file": file, "line": own[-1].lineno}
        if (Path(own[-1].filename) == Path(file).resolve())
        else {"message": message, "file": own[-1].filename, "line": own[-1].lineno}
    )


def _tell(report: str, **values: Any) -> int:
    Path(report).write_text(json.dumps(values))
    return 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
