"""The entry point: one process, one command, one exit status, errors as single lines."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Sequence

import click

from argosy_cli.exit_codes import ExitCode
from argosy_cli.lazy_group import COMMANDS, LazyGroup
from argosy_cli.usage import usage_error
from argosy_schemas.errors import ArgosyError, InvalidArgumentError, InvalidPipelineError


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Try: argosy run pipeline.yaml --param name=World",
)
@click.option("--debug", is_flag=True, help="Show tracebacks of errors.")
@click.option("--verbose", is_flag=True, help="Print log records to standard error.")
def argosy(debug: bool, verbose: bool) -> None:
    """Run Kubeflow pipelines on this machine, or compile them for Argo Workflows."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status; ``None`` takes the arguments of the process."""
    typed = list(sys.argv[1:] if arguments is None else arguments)
    # Taken out here, so that they may stand before or behind the command.
    debug, verbose = "--debug" in typed, "--verbose" in typed
    words = [word for word in typed if word not in ("--debug", "--verbose")]
    _collect_rarely()
    # A terminated run ends as an interrupted one does: children stopped, records written.
    signal.signal(signal.SIGTERM, _interrupt)
    _open_missing_streams()
    _write_any_text()
    if verbose:
        from argosy_cli.views.records import show_records  # logging takes 10 ms

        show_records()
    try:
        status = argosy.main(words, prog_name="argosy", standalone_mode=False)
    except click.exceptions.Exit as exit_:
        return exit_.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        # The help as it is: nothing in it is an error.
        error.show()
        return ExitCode.USAGE
    except click.ClickException as error:
        command = " ".join(["argosy", *(word for word in words[:1] if word in COMMANDS)])
        return _report(usage_error(error, command), ExitCode.USAGE, debug)
    except (KeyboardInterrupt, click.Abort):
        return _report("interrupted", ExitCode.INTERRUPTED, debug=False)
    except (InvalidPipelineError, InvalidArgumentError) as error:
        return _report(str(error), ExitCode.USAGE, debug)
    except ArgosyError as error:
        return _report(str(error), ExitCode.FAILED, debug)
    except BrokenPipeError:
        # Whoever read our output is gone, e.g. `argosy compile … | head`.
        sys.stderr.close()
        return ExitCode.FAILED
    except OSError as error:
        # The rooms below name what they could not read or write; what is left is most often
        # standard output on a full disk.
        place = "" if error.filename is None else f" '{error.filename}'"
        reason = error.strerror or str(error)
        return _report(
            f"this machine refuses a file{place}: {reason}; --debug shows where it happened",
            ExitCode.FAILED,
            debug,
        )
    except Exception as error:
        # The edge of the process: an unknown error is our fault, and still one line.
        return _report(
            f"{type(error).__name__}: {error}; this is a fault of Argosy, "
            "--debug shows where it happened",
            ExitCode.INTERNAL,
            debug,
        )
    return status if isinstance(status, int) else ExitCode.SUCCEEDED


def _collect_rarely() -> None:
    """Look for circles of garbage after 100,000 new objects, and seldom among old ones.

    Pipelines, workflows and results are trees. By default the collector walks all of a large one
    again and again while it grows, so that its cost per task grows with it; the circles that
    there are, of errors and parsers, are few and small.
    """
    gc.set_threshold(100_000, 50)


def _report(message: str, status: ExitCode, debug: bool) -> int:
    """Write each line of ``message`` as one error and return ``status``."""
    for line in message.splitlines() or [""]:
        print(f"error: {line}", file=sys.stderr)
    if debug:
        import traceback  # only where a traceback is wanted

        traceback.print_exc()
    return status


def _open_missing_streams() -> None:
    """Open the null device for each standard stream that the caller closed.

    Python has ``None`` there, and the next file opened, a journal or a socket, would take its
    number and get what children print.
    """
    for name, number in (("stdin", 0), ("stdout", 1), ("stderr", 2)):
        if getattr(sys, name) is None:
            mode = os.O_RDONLY if name == "stdin" else os.O_WRONLY
            opened = os.open(os.devnull, mode)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
            os.set_inheritable(number, True)
            setattr(sys, name, os.fdopen(number, "r" if name == "stdin" else "w", closefd=False))


def _write_any_text() -> None:
    """Escape on standard output what its encoding lacks, as Python does on standard error.

    That is most of unicode where the locale is not UTF-8, and bytes in names of files that are
    no text anywhere.
    """
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:  # a test may have put something simpler there
        reconfigure(errors="backslashreplace")


def _interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt
