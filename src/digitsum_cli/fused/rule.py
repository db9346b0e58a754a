"""How the compiled trainer updates the weights; free of Numba, so that settings are checked at once."""

import math
import sys
from typing import NamedTuple


class Rule(NamedTuple):
    """How the weights are updated.

    The names are those of the settings, and what is None there is without limit here.

    Arguments:
        optimizer: its number in ``update``.
        lr: the learning rate of the first step.
        weight_decay: how much of the weights is added to their gradients.
        clip_norm: the largest norm of all gradients together; infinite for any.
        record_gradients: whether the gradients' norms are recorded.
        patience: evaluations without a rise of the eval accuracy after which training stops.
    """

    optimizer: int = 0
    lr: float = 0.001
    weight_decay: float = 0.0
    clip_norm: float | None = None
    record_gradients: bool = False
    patience: int | None = None

    def typed(self) -> "Rule":
        """Each number of its own type, so that the steps are compiled once."""
        return Rule(
            int(self.optimizer),
            float(self.lr),
            float(self.weight_decay),
            math.inf if self.clip_norm is None else float(self.clip_norm),
            bool(self.record_gradients),
            sys.maxsize if self.patience is None else int(self.patience),
        )


BOOK_RULE = Rule()

SETTINGS = {
    *Rule._fields,
    *(
        "epochs",
        "batch_size",
        "lr_schedule",
        "loss",
        "shuffle",
        "seed",
        "eval_every",
        "log_every",
        "device",
        "early_stop",
    ),
}
"""The settings of training that the compiled trainer has."""
