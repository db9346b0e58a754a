"""The task that settings specify."""

from typing import Protocol

from digitsum_cli.core.tasks import TASKS, Task


class HasTask(Protocol):
    """Data settings or a trial."""

    @property
    def task(self) -> str:
        """The name of the task."""


def task_of(settings: HasTask) -> Task:
    """The task of data settings or of a trial."""
    return TASKS[settings.task]
