"""The errors shown to users. Each is one short message: what happened, where, what is allowed, what to do next."""

import errno
import os


class DigitsumError(Exception):
    """An error while running.

    Arguments:
        what: what happened, including the offending value.
        where: the file and line, or the key, that caused it.
        allowed: what is accepted.
        next_step: what to do next.
    """

    exit_code = 1

    def __init__(
        self, what: str, *, where: str | None = None, allowed: str | None = None, next_step: str | None = None
    ) -> None:
        message = f"{where}: {what}" if where else what
        if allowed:
            message += f"; allowed: {allowed}"
        if next_step:
            message += f". {next_step}"
        super().__init__(message)


class DigitsumWarning(UserWarning):
    """Something the user should know; the command continues."""


class NoSpaceError(DigitsumError):
    """The disk is full or a quota is exhausted; existing files are unchanged."""

    def __init__(self, what: str) -> None:
        super().__init__(
            what, next_step="Free some space. Finished work is saved; to resume train or sweep, use --resume"
        )


class RunRemovedError(DigitsumError):
    """The run directory ``path`` was deleted or moved while a command was writing to it; it is not created again."""

    def __init__(self, path: object) -> None:
        super().__init__(
            f"{path} was deleted or moved while it was being written to",
            next_step="If it was moved, resume train or sweep with --resume and the new place as --out",
        )


class InputError(DigitsumError, ValueError):
    """Invalid usage, settings or input: nothing was run or written."""

    exit_code = 2


class TrialsFailedError(DigitsumError):
    """Some trials failed or diverged; the others are saved."""

    exit_code = 3


def ran_out_of_files(error: BaseException) -> bool:
    """Whether an error says that this process has as many files open as the system allows."""
    return os.strerror(errno.EMFILE) in str(error)


def too_many_files() -> DigitsumError:
    """The error for ``ran_out_of_files``: what the limit is, and how to raise it."""
    limit = f": the limit is {os.sysconf('SC_OPEN_MAX')} (ulimit -n)" if hasattr(os, "sysconf") else ""
    return DigitsumError(
        f"{os.strerror(errno.EMFILE)}{limit}",
        next_step="Raise it, for example with ulimit -n 1024, or use a smaller -j if the command has one",
    )
