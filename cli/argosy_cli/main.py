"""Entry point of ``argosy``: runs a command, prints each error as one line."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Sequence

import click

from argosy_cli.exit_codes import ExitCode, choose_exit_code
from argosy_cli.lazy_group import COMMANDS, LazyGroup
from argosy_cli.usage import explain_usage_error
from argosy_schemas.errors import ArgosyError


def _print_version(context: click.Context, param: click.Parameter, wanted: bool) -> None:
    if wanted:
        from argosy_schemas.versions import get_installed_version

        click.echo(f"argosy {get_installed_version('argosy')}")
        context.exit()


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Try: argosy run pipeline.yaml --param name=World",
)
@click.option("--debug", is_flag=True, help="Show tracebacks of errors.")
@click.option("--verbose", is_flag=True, help="Print log records to standard error.")
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Print the version.",
)
def argosy(debug: bool, verbose: bool) -> None:
    """Run Kubeflow pipelines on this machine or a cluster, or compile them for Argo Workflows."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status; ``None`` takes the arguments of the process."""
    typed = list(sys.argv[1:] if arguments is None else arguments)
    # Removed here, so that they may stand before or after the command.
    debug, verbose = "--debug" in typed, "--verbose" in typed
    words = [word for word in typed if word not in ("--debug", "--verbose")]
    _relax_garbage_collection()
    # SIGTERM ends a run as Ctrl-C does: it stops the tasks and writes their records.
    signal.signal(signal.SIGTERM, _raise_interrupt)
    _open_missing_streams()
    _escape_unencodable_output()
    if verbose:
        from argosy_cli.views.records import show_records  # logging takes 10 ms

        show_records()
    try:
        status = argosy.main(words, prog_name="argosy", standalone_mode=False)
    except click.exceptions.Exit as exit_:
        return exit_.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        # Click raises the help itself as an error.
        error.show()
        return ExitCode.USAGE
    except click.ClickException as error:
        command = " ".join(["argosy", *(word for word in words[:1] if word in COMMANDS)])
        return _report(explain_usage_error(error, command), ExitCode.USAGE, debug)
    except (KeyboardInterrupt, click.Abort):
        return _report("interrupted", ExitCode.INTERRUPTED, debug=False)
    except ArgosyError as error:
        return _report(str(error), choose_exit_code(error), debug)
    except BrokenPipeError:
        # The reader of our output has ended, e.g. `argosy compile … | head`.
        sys.stderr.close()
        return ExitCode.FAILED
    except OSError as error:
        # Other packages turn this into errors of their own; what comes here is most often standard
        # output on a full disk.
        place = "" if error.filename is None else f" '{error.filename}'"
        reason = error.strerror or str(error)
        return _report(
            f"cannot read or write a file{place}: {reason}; --debug shows the traceback",
            ExitCode.FAILED,
            debug,
        )
    except Exception as error:
        # The edge of the process: an unknown error is a bug in Argosy, and still one line.
        return _report(
            f"{type(error).__name__}: {error}; this is a bug in Argosy, "
            "--debug shows the traceback",
            ExitCode.INTERNAL,
            debug,
        )
    return status if isinstance(status, int) else ExitCode.SUCCEEDED


def _relax_garbage_collection() -> None:
    """Run the cyclic garbage collector after 100,000 new objects, and rarely on old ones.

    Pipelines, workflows and results are trees without cycles. With Python's defaults the collector
    walks a large tree again and again while it grows, so the cost per task grows with the size.
    """
    gc.set_threshold(100_000, 50)


def _report(message: str, status: ExitCode, debug: bool) -> int:
    """Write each line of ``message`` as one error and return ``status``."""
    for line in message.splitlines() or [""]:
        print(f"error: {line}", file=sys.stderr)
    if debug:
        import traceback  # only --debug needs it

        traceback.print_exc()
    return status


def _open_missing_streams() -> None:
    """Open the null device for each standard stream that the caller closed.

    Otherwise the next file that is opened, e.g. a journal or a socket, gets the free descriptor,
    and child processes print into it.
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


def _escape_unencodable_output() -> None:
    """Escape characters that the encoding of standard output lacks, as standard error does.

    In a locale without UTF-8 that is most of Unicode; in any locale, undecodable bytes in file
    names.
    """
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:  # tests replace the stream by a simpler one
        reconfigure(errors="backslashreplace")


def _raise_interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt
