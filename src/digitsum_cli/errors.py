"""The errors a user can meet. Each is one short message: what, where, what is allowed, what to do next."""


class DigitsumError(Exception):
    """Something went wrong while running.

    Arguments:
        what: what happened, with the offending value.
        where: the file and line, or the key, it was found at.
        allowed: what would have been accepted.
        next_step: what to do now.
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
    """Something a user should know, although the command goes on."""


class NoSpaceError(DigitsumError):
    """A disk is full, or a quota is used up; what stood there stands there still."""

    def __init__(self, what: str) -> None:
        super().__init__(
            what, next_step="Free some space; what had ended is saved, and train and sweep go on with --resume"
        )


class InputError(DigitsumError, ValueError):
    """Wrong usage, settings or input: nothing was run and nothing was written."""

    exit_code = 2


class TrialsFailedError(DigitsumError):
    """Some trials failed or diverged; the rest are saved."""

    exit_code = 3
