"""Which task settings ask for."""

from typing import Protocol

from digitsum_cli.core.tasks import TASKS, Task


class AsksForTask(Protocol):
    """The settings of data, or a trial."""

    @property
    def task(self) -> str:
        """The name of the task."""


def task_of(settings: AsksForTask) -> Task:
    """The task that the settings of data, or a trial, ask for."""
    return TASKS[settings.task]
