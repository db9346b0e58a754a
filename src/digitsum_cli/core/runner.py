"""The training loop of the book, to the bit: its Runner, mended where EXPERIMENT.md says the book goes wrong."""

import math
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from digitsum_cli.core.checkpoint import read_checkpoint, write_checkpoint
from digitsum_cli.core.dataset import DigitSumDataset
from digitsum_cli.core.metrics import Accuracy
from digitsum_cli.core.record import Evaluation, Progress, Score, TrainingRecord, mean_loss
from digitsum_cli.core.weights import copy_weights, load_weights
from digitsum_cli.errors import InputError


class Runner:
    """Trains a classifier, keeps the best weights, and scores it.

    Arguments:
        model: digits of shape ``(batch, length)`` to logits of shape ``(batch, classes)``.
        optimizer: over the model's parameters; without one, Adam with the book's learning rate 0.001.

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
        train_set: DigitSumDataset,
        eval_set: DigitSumDataset,
        *,
        epochs: int = 500,
        batch_size: int = 8,
        eval_every: int = 100,
        log_every: int = 100,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> TrainingRecord:
        """Trains, and leaves the model with the kept weights.

        The rows are not shuffled and the last batch may be shorter. After the update of a step whose number is a
        multiple of ``eval_every`` (but not of step 0) and after the last one, the model is evaluated; its weights
        are kept when the eval accuracy rises above the best so far, and always the first time.

        Arguments:
            train_set: the rows to learn.
            eval_set: the rows that decide which weights are kept.
            epochs: passes over ``train_set``.
            batch_size: rows in a batch.
            eval_every: steps between evaluations.
            log_every: steps between calls of ``on_progress``; it is called after every evaluation as well.
            on_progress: is told where the training stands.

        Raises:
            InputError: ``epochs``, ``batch_size``, ``eval_every`` or ``log_every`` is below 1.
        """
        _require_positive(epochs=epochs, batch_size=batch_size, eval_every=eval_every, log_every=log_every)
        steps = epochs * math.ceil(len(train_set) / batch_size)
        step_losses: list[float] = []
        epoch_losses: list[float] = []
        evaluations: list[Evaluation] = []
        best: Evaluation | None = None
        kept_weights = None
        diverged_at = None
        for epoch in range(epochs):
            epoch_start = len(step_losses)
            for digits, labels in train_set.batches(batch_size):
                step = len(step_losses)
                loss = self._train_step(digits, labels)
                step_losses.append(loss)
                if not math.isfinite(loss):
                    diverged_at = step
                    break
                evaluation = None
                if step == steps - 1 or (step > 0 and step % eval_every == 0):
                    score = self.evaluate(eval_set, batch_size=batch_size)
                    if not math.isfinite(score.loss):
                        diverged_at = step
                        break
                    evaluation = Evaluation(step, epoch, loss, score.loss, score.accuracy)
                    evaluations.append(evaluation)
                    if best is None or evaluation.eval_accuracy > best.eval_accuracy:
                        best = evaluation
                        kept_weights = copy_weights(self.model)
                if on_progress and (evaluation or step % log_every == 0):
                    on_progress(Progress(step, steps, epoch, epochs, loss, evaluation, best))
            if diverged_at is not None:
                break
            epoch_losses.append(mean_loss(step_losses[epoch_start:]))
        if kept_weights is not None:
            load_weights(self.model, kept_weights)
        return TrainingRecord(tuple(step_losses), tuple(epoch_losses), tuple(evaluations), best, diverged_at)

    def _train_step(self, digits: Tensor, labels: Tensor) -> float:
        """One update; a loss that is not finite is returned without one."""
        self.model.train()
        loss = cross_entropy(self.model(digits), labels)
        value = loss.item()
        if math.isfinite(value):
            loss.backward()  # type: ignore[no-untyped-call]
            self.optimizer.step()
            self.optimizer.zero_grad()
        return value

    @torch.inference_mode()
    def evaluate(self, dataset: DigitSumDataset, *, batch_size: int = 8) -> Score:
        """Loss and accuracy over a data set; changes neither the weights nor any record.

        Arguments:
            dataset: the rows to score.
            batch_size: rows in a batch; the loss is the mean over batches, as in training.
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
        """Digits of shape ``(batch, length)`` to logits of shape ``(batch, 19)``."""
        self.model.eval()
        logits: Tensor = self.model(digits)
        return logits

    def save_model(self, path: str | Path) -> None:
        """Writes the weights as a safetensors file.

        Raises:
            DigitsumError: the file cannot be written.
        """
        write_checkpoint(Path(path), copy_weights(self.model), settings={})

    def load_model(self, path: str | Path) -> None:
        """Loads weights into the model.

        Raises:
            InputError: the file is missing or damaged, or its weights do not fit the model.
        """
        load_weights(self.model, read_checkpoint(Path(path)).weights, source=str(path))


def _require_positive(**values: int) -> None:
    for name, value in values.items():
        if value < 1:
            raise InputError(f"{name} is {value}", allowed="1 or more")
