"""The update rule of the compiled trainer; needs no Numba, so settings are checked quickly."""

import math
import sys
from typing import NamedTuple


class Rule(NamedTuple):
    """The rule by which the weights are updated.

    The names are those of the settings; None means no limit.

    Arguments:
        optimizer: its number in ``update``.
        lr: the initial learning rate.
        weight_decay: the fraction of the weights that is added to their gradients.
        clip_norm: the largest allowed norm of all gradients together.
        record_gradients: whether the gradient norms are recorded.
        patience: number of evaluations without a rise in eval accuracy after which training stops.
    """

    optimizer: int = 0
    lr: float = 0.001
    weight_decay: float = 0.0
    clip_norm: float | None = None
    record_gradients: bool = False
    patience: int | None = None

    def typed(self) -> "Rule":
        """Converts every field to a fixed type, so that the steps are compiled only once; None becomes no limit."""
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
        "start_from",
        "curriculum",
        "curriculum_start",
        "curriculum_share",
    ),
}
"""The training settings that the compiled trainer supports."""
