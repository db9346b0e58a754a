"""The callback for the events of a study."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from digitsum_cli.core.record import Progress
from digitsum_cli.trials.outcome import Outcome
from digitsum_cli.trials.plan import Plan
from digitsum_cli.trials.trial import Trial


class StudyCallback(ABC):
    """Receives the events of a study."""

    @abstractmethod
    def planned(self, plan: Plan, missing: Sequence[Trial]) -> None:
        """Called once with the plan and those of its trials that still have to run."""

    @abstractmethod
    def continuing(self, trials: int, step: int) -> None:
        """Called before ``planned`` if finished trials are continued for more epochs.

        Arguments:
            trials: how many.
            step: number of steps that the kept state of a single trial has; 0 if they are trained from the start.
        """

    @abstractmethod
    def progressed(self, trial: Trial, progress: Progress) -> None:
        """Called while a trial runs."""

    @abstractmethod
    def ended(self, trial: Trial, outcome: Outcome) -> None:
        """Called with each outcome after it was saved."""
