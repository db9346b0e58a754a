"""Options for running a study that have no effect on the results."""

from collections.abc import Sequence
from dataclasses import dataclass

from digitsum_cli.core.user_code import UserCode


@dataclass(frozen=True)
class RunOptions:
    """How to run a study.

    Arguments:
        jobs: number of parallel trials; None runs them sequentially in this process.
        allow_fewer: run fewer in parallel if memory is short.
        resume: resume an existing run: finished trials are not run again.
        retry_failed: on resuming, run failed and diverged trials again.
        force: overwrite an existing run.
        fail_fast: stop at the first trial that fails or diverges.
        keep_state: keep the state of a single trial on disk while it trains in this process, and resume from it.
        allow_code: whether code of the user's may be executed that settings name.
        own_code: the source of classes that are already running, under the names that settings use for them.
        runs_main: whether worker processes run the main module again; see ``ProcessExecutor``.
        lock: lock the run directory; False for file systems without locks.
        command: the command line, for the provenance.
    """

    jobs: int | None
    allow_fewer: bool = False
    resume: bool = False
    retry_failed: bool = False
    force: bool = False
    fail_fast: bool = False
    keep_state: bool = False
    allow_code: bool = False
    lock: bool = True
    own_code: Sequence[UserCode] = ()
    runs_main: bool = True
    command: Sequence[str] = ()
