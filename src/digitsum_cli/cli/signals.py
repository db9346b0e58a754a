"""How Ctrl-C and SIGTERM end a command."""

import _thread
import contextlib
import os
import signal
import sys
import threading
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

INTERRUPTED = 130
TERMINATED = 143

_MOMENT = 0.01
"""Seconds until an interruption is repeated."""

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
    if _set_handlers(_exit_immediately, _interrupt):
        sys.unraisablehook = _interrupt_again


def _set_handlers(before: object, after: "signal._HANDLER") -> bool:
    """Replaces a handler of either signal; returns whether there was one."""
    replaced = [each for each in (signal.SIGTERM, signal.SIGINT) if signal.getsignal(each) == before]
    for each in replaced:
        signal.signal(each, after)
    return bool(replaced)


def _interrupt_again(ignored: "UnraisableHookArgs") -> None:
    """Repeats an interruption that was raised where Python ignores exceptions, such as in a callback of a library.

    It is repeated by another thread, a moment later: raised here, it would be ignored as well.
    """
    if isinstance(ignored.exc_value, KeyboardInterrupt):
        _set_handlers(_exit_immediately, _interrupt)
        number = signal.SIGTERM if isinstance(ignored.exc_value, Terminated) else signal.SIGINT
        threading.Timer(_MOMENT, _thread.interrupt_main, [number]).start()
    else:
        sys.__unraisablehook__(ignored)


def _interrupt(number: int, _: object) -> None:
    _set_handlers(_interrupt, _exit_immediately)
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
