"""Ctrl-C and SIGTERM: what they do to a command."""

import contextlib
import os
import signal
import sys
from typing import NoReturn

INTERRUPTED = 130
TERMINATED = 143

_SHOW_CURSOR = b"\x1b[?25h"
"""What shows progress hides it."""


class Terminated(KeyboardInterrupt):
    """The process was asked to end; what answers Ctrl-C answers this too."""


def leave_on_signals() -> None:
    """Lets Ctrl-C and SIGTERM end the process at once, until ``answer_signals``.

    Ctrl-C is ignored where whoever started the process had it ignored.
    """
    signal.signal(signal.SIGTERM, _leave)
    if signal.getsignal(signal.SIGINT) != signal.SIG_IGN:
        signal.signal(signal.SIGINT, _leave)


def answer_signals() -> None:
    """Lets the first Ctrl-C or SIGTERM end the command in good order, and the second at once.

    It does so where ``leave_on_signals`` was called, and nowhere else: who calls a command from Python keeps theirs.
    """
    for each in (signal.SIGTERM, signal.SIGINT):
        if signal.getsignal(each) == _leave:
            signal.signal(each, _stop)


def _stop(number: int, _: object) -> None:
    for each in (signal.SIGTERM, signal.SIGINT):
        if signal.getsignal(each) == _stop:
            signal.signal(each, _leave)
    raise Terminated if number == signal.SIGTERM else KeyboardInterrupt


def _leave(number: int, _: object) -> None:
    with contextlib.suppress(OSError):
        os.write(2, (_SHOW_CURSOR if os.isatty(2) else b"") + b"Error: interrupted\n")
    os._exit(TERMINATED if number == signal.SIGTERM else INTERRUPTED)


def leave(code: int) -> NoReturn:
    """Ends the process, which was interrupted, with the exit code.

    Python itself would end by the signal if Ctrl-C came while it ran code that was made from text, as of a dataclass.
    """
    with contextlib.suppress(OSError):
        sys.stdout.flush()
    os._exit(code)
