"""How Ctrl-C and SIGTERM end a command."""

import contextlib
import os
import signal
import sys
from typing import NoReturn

INTERRUPTED = 130
TERMINATED = 143

_SHOW_CURSOR = b"\x1b[?25h"
"""Shows the cursor again, which the progress bar hides."""


class Terminated(KeyboardInterrupt):
    """SIGTERM was received; it is handled like Ctrl-C."""


def exit_on_signals() -> None:
    """Makes Ctrl-C and SIGTERM end the process immediately, until ``handle_signals`` is called.

    If the parent process ignored Ctrl-C, it stays ignored.
    """
    signal.signal(signal.SIGTERM, _exit_immediately)
    if signal.getsignal(signal.SIGINT) != signal.SIG_IGN:
        signal.signal(signal.SIGINT, _exit_immediately)


def handle_signals() -> None:
    """Makes the first Ctrl-C or SIGTERM stop the command cleanly, and the second end it immediately.

    Does nothing unless ``exit_on_signals`` was called: Python code that calls a command keeps its own handlers.
    """
    for each in (signal.SIGTERM, signal.SIGINT):
        if signal.getsignal(each) == _exit_immediately:
            signal.signal(each, _interrupt)


def _interrupt(number: int, _: object) -> None:
    for each in (signal.SIGTERM, signal.SIGINT):
        if signal.getsignal(each) == _interrupt:
            signal.signal(each, _exit_immediately)
    raise Terminated if number == signal.SIGTERM else KeyboardInterrupt


def _exit_immediately(number: int, _: object) -> None:
    with contextlib.suppress(OSError):
        os.write(2, (_SHOW_CURSOR if os.isatty(2) else b"") + b"Error: interrupted\n")
    os._exit(TERMINATED if number == signal.SIGTERM else INTERRUPTED)


def exit_process(code: int) -> NoReturn:
    """Ends an interrupted process with the exit code.

    A normal exit would end by the signal if Ctrl-C arrived in generated code, such as the methods of a dataclass.
    """
    with contextlib.suppress(OSError):
        sys.stdout.flush()
    os._exit(code)
