"""The book's training loop (its Runner), bit for bit, with the errors fixed that docs/experiment.md lists."""

import math
from collections.abc import Callable, Collection
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from digitsum_cli.core.checkpoint import read_checkpoint, write_checkpoint
from digitsum_cli.core.dataset import DigitSumDataset
from digitsum_cli.core.history import History
from digitsum_cli.core.metrics import Accuracy
from digitsum_cli.core.record import Ending, Evaluation, Progress, Score, TrainingRecord, mean_loss
from digitsum_cli.core.registry import LOSSES, LR_SCHEDULES
from digitsum_cli.core.specs import LossSpec
from digitsum_cli.core.training_state import TrainingState, check_compatible_state
from digitsum_cli.core.weights import (
    copy_optimizer,
    copy_weights,
    load_optimizer,
    load_weights,
    shapes_of_optimizer,
    shapes_of_tensors,
)
from digitsum_cli.errors import InputError

TrainSet = DigitSumDataset | Callable[[int], DigitSumDataset]
"""The training rows, or a function from the epoch (counted from 0) to its rows."""


class Runner:
    """Trains a classifier, restores the best checkpoint, and evaluates it.

    Networks of the book's size are fastest on one thread (``torch.set_num_threads(1)``): more threads only wait for
    each other, for minutes if the machine is busy. The commands set it; here it is left to you.

    Arguments:
        model: maps digits of shape ``(batch, length)`` to logits of shape ``(batch, classes)``.
        optimizer: for the model's parameters (default: Adam with the book's learning rate 0.001).

    Example:
        >>> from digitsum_cli.core import build_classifier, generate_datasets
        >>> data = generate_datasets([5])[5]
        >>> runner = Runner(build_classifier("srn", "manual", seed=0))
        >>> record = runner.train(data.train, data.eval, epochs=1)
        >>> round(record.step_losses[0], 4)
        2.9415

    Source: the practice book, chapter 6.1.3 (``RunnerV3``).
    """

    def __init__(self, model: nn.Module, optimizer: torch.optim.Optimizer | None = None) -> None:
        self.model = model
        self.optimizer = optimizer or torch.optim.Adam(model.parameters(), lr=0.001)

    def train(
        self,
        train_set: TrainSet,
        eval_set: DigitSumDataset,
        *,
        epochs: int = 500,
        batch_size: int = 8,
        eval_every: int = 100,
        log_every: int = 100,
        loss: str = "mean",
        lr_schedule: str = "constant",
        clip_norm: float | None = None,
        patience: int | None = None,
        record_gradients: bool = False,
        start: TrainingState | None = None,
        on_state: Callable[[TrainingState], None] | None = None,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> TrainingRecord:
        """Trains the model and restores its best checkpoint.

        The rows are not shuffled, and the last batch may be smaller. The model is evaluated after every step whose
        number is a multiple of ``eval_every`` (except step 0) and after the last step. Its weights become the best
        checkpoint at the first evaluation and whenever the eval accuracy rises above the best so far.

        Arguments:
            train_set: the training rows; or a function from the epoch (counted from 0) to its rows, always the same
                number of them.
            eval_set: the rows that determine the best checkpoint.
            epochs: passes over ``train_set``.
            batch_size: rows per batch.
            eval_every: steps between evaluations.
            log_every: steps between calls of ``on_progress``; it is also called after every evaluation.
            loss: how the batch's losses are reduced for the gradient: ``"mean"``, ``"sum"`` or another name in
                ``digitsum_cli.core.registry``. The mean is recorded in any case.
            lr_schedule: ``"constant"``, ``"cosine"`` or another name in the registry.
            clip_norm: the largest allowed norm of all gradients together; larger gradients are scaled down to it
                (Pascanu, Mikolov and Bengio 2013, algorithm 1). None for no clipping.
            patience: number of evaluations without a rise in eval accuracy after which training stops. None for
                unlimited.
            record_gradients: whether to record the norm of each parameter's gradient, before clipping.
            start: the state to resume from, with the same arguments as before; the result is identical, bit for bit.
            on_state: called with the state to resume from after every evaluation but the last; it must not modify
                the state's arrays.
            on_progress: called with the progress of the training.

        Raises:
            InputError: ``epochs``, ``batch_size``, ``eval_every``, ``log_every`` or ``patience`` is below 1,
                ``clip_norm`` is not above 0, or ``loss`` or ``lr_schedule`` is unknown.
            IncompatibleStateError: ``start`` belongs to another training.
        """
        _require_positive(epochs=epochs, batch_size=batch_size, eval_every=eval_every, log_every=log_every)
        _require_positive(patience=1 if patience is None else patience)
        _require_known(loss=(loss, LOSSES), lr_schedule=(lr_schedule, LR_SCHEDULES))
        if clip_norm is not None and not clip_norm > 0:
            raise InputError(f"clip_norm is {clip_norm}", allowed="a number above 0, or None")
        batches_of_epoch = _batches_of_epoch(train_set, batch_size)
        steps_per_epoch = len(batches_of_epoch(0))
        steps = epochs * steps_per_epoch
        lr_factor = LR_SCHEDULES[lr_schedule]
        initial_rates = [group["lr"] for group in self.optimizer.param_groups]
        history, best_weights = History(), None
        if start is not None:
            self._check_compatible(start, steps, eval_every, record_gradients)
            load_weights(self.model, start.weights)
            load_optimizer(self.optimizer, start.optimizer)
            history, best_weights = History.from_state(start, steps_per_epoch), start.best_weights or None
        first_step = len(history.step_losses)
        try:
            for step in range(first_step, steps):
                epoch, batch = divmod(step, steps_per_epoch)
                if batch == 0 or step == first_step:
                    batches = batches_of_epoch(epoch)
                for group, rate in zip(self.optimizer.param_groups, initial_rates, strict=True):
                    group["lr"] = rate * lr_factor(step, steps)
                value = self._gradients(*batches[batch], LOSSES[loss])
                history.step_losses.append(value)
                if not math.isfinite(value):
                    history.ending = Ending.LOSS_NOT_FINITE
                    break
                if record_gradients:
                    gradients = {name: p.grad for name, p in self.model.named_parameters() if p.grad is not None}
                    history.record_gradient_norms(gradients)
                self._update(clip_norm)
                if batch == steps_per_epoch - 1:
                    history.record_epoch(steps_per_epoch)
                evaluation = None
                if step == steps - 1 or (step > 0 and step % eval_every == 0):
                    score = self.evaluate(eval_set, batch_size=batch_size)
                    if not math.isfinite(score.loss):
                        history.ending = Ending.EVAL_LOSS_NOT_FINITE
                        break
                    evaluation = Evaluation(step, epoch, value, score.loss, score.accuracy)
                    if history.record_evaluation(evaluation):
                        best_weights = copy_weights(self.model)
                if step == steps - 1:
                    history.ending = Ending.COMPLETE
                elif evaluation and patience is not None and history.evaluations_since_best >= patience:
                    history.ending = Ending.STOPPED_EARLY
                elif evaluation and on_state:
                    optimizer = copy_optimizer(self.optimizer)
                    on_state(history.state(copy_weights(self.model), best_weights or {}, optimizer))
                if on_progress and (evaluation or step % log_every == 0):
                    on_progress(Progress(step, steps, epoch, epochs, value, evaluation, history.best))
                if history.ending is not Ending.OPEN:
                    break
        finally:
            for group, rate in zip(self.optimizer.param_groups, initial_rates, strict=True):
                group["lr"] = rate
        if best_weights is not None:
            load_weights(self.model, best_weights)
        return history.record()

    def _check_compatible(self, start: TrainingState, steps: int, eval_every: int, record_gradients: bool) -> None:
        check_compatible_state(
            start,
            steps=steps,
            eval_every=eval_every,
            parameters=shapes_of_tensors(self.model.state_dict()),
            optimizer=shapes_of_optimizer(self.optimizer),
            recorded=[name for name, _ in self.model.named_parameters()] if record_gradients else (),
        )

    def _gradients(self, digits: Tensor, labels: Tensor, loss: LossSpec) -> float:
        """Computes a batch's mean loss and, if it is finite, the gradients."""
        self.model.train()
        objective = cross_entropy(self.model(digits), labels, reduction=loss.reduction)
        value = objective.item() / (len(labels) / loss.divisor(len(labels)))
        if math.isfinite(value):
            objective.backward()  # type: ignore[no-untyped-call]
        return value

    def _update(self, clip_norm: float | None) -> None:
        if clip_norm is not None:
            nn.utils.clip_grad_norm_(self.model.parameters(), clip_norm)
        self.optimizer.step()
        self.optimizer.zero_grad()

    @torch.inference_mode()
    def evaluate(self, dataset: DigitSumDataset, *, batch_size: int = 8) -> Score:
        """Computes the loss and accuracy on a data set; changes neither the weights nor any record.

        Arguments:
            dataset: the rows to evaluate on.
            batch_size: rows per batch; the loss is the mean over batches, as in training.
        """
        self.model.eval()
        accuracy = Accuracy()
        batch_losses = []
        for digits, labels in dataset.batches(batch_size):
            logits = self.model(digits)
            batch_losses.append(cross_entropy(logits, labels).item())
            accuracy.update(logits, labels)
        return Score(mean_loss(batch_losses), accuracy.accumulate())

    @torch.inference_mode()
    def predict(self, digits: Tensor) -> Tensor:
        """Maps digits of shape ``(batch, length)`` to logits of shape ``(batch, classes)``."""
        self.model.eval()
        logits: Tensor = self.model(digits)
        return logits

    def save_model(self, path: str | Path) -> None:
        """Saves the weights as a safetensors file.

        Raises:
            DigitsumError: the file cannot be written.
        """
        write_checkpoint(Path(path), copy_weights(self.model), settings={})

    def load_model(self, path: str | Path) -> None:
        """Loads weights into the model.

        Raises:
            InputError: the file is missing or damaged, or its weights do not match the model.
        """
        load_weights(self.model, read_checkpoint(Path(path)).weights, source=str(path))


def _batches_of_epoch(train_set: TrainSet, batch_size: int) -> Callable[[int], list[tuple[Tensor, Tensor]]]:
    if isinstance(train_set, DigitSumDataset):
        batches = list(train_set.batches(batch_size))
        return lambda _: batches
    return lambda epoch: list(train_set(epoch).batches(batch_size))


def _require_positive(**values: int) -> None:
    for name, value in values.items():
        if value < 1:
            raise InputError(f"{name} is {value}", allowed="1 or more")


def _require_known(**chosen: tuple[str, Collection[str]]) -> None:
    for name, (value, known) in chosen.items():
        if value not in known:
            raise InputError(f"{name} is {value!r}", allowed=", ".join(known))
