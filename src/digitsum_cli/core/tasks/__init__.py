"""The tasks, by the names that settings use; needs no torch."""

from digitsum_cli.core.tasks.digit_sum import DigitSum
from digitsum_cli.core.tasks.task import Task

__all__ = ["DIGIT_SUM", "TASKS", "Task"]

DIGIT_SUM = DigitSum()

TASKS: dict[str, Task] = {
    DIGIT_SUM.name: DIGIT_SUM,
}
