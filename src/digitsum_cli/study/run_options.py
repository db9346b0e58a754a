"""How a study is run, as far as it changes no number."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class RunOptions:
    """How a study is run.

    Arguments:
        jobs: how many trials run in parallel; None runs them in this process.
        or_fewer: run fewer if memory is short.
        resume: resume the run in the folder: trials that have ended are not run again.
        retry_failed: but those that failed or diverged are.
        force: overwrite the run in the folder.
        fail_fast: stop at the first trial that fails or diverges.
        keep_state: keep the state of a single trial on disk while it trains in this process, and resume from it.
        command: the command line, for the provenance.
    """

    jobs: int | None
    or_fewer: bool = False
    resume: bool = False
    retry_failed: bool = False
    force: bool = False
    fail_fast: bool = False
    keep_state: bool = False
    command: Sequence[str] = ()
