"""Trains the same network with many seeds at once, as one network whose weights have a further axis.

A step of a small network costs PyTorch a fixed time, whatever it computes. ``torch.func.vmap`` turns the hand-written
step of a cell into one for all seeds, which pay that time together. The result of a seed does not depend on which
others are trained beside it: each has its own slice of every product. It differs from ``Runner``'s in the last bits,
since PyTorch multiplies a stack of matrices with other routines than a single one.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad_and_value, stack_module_state, vmap
from torch.linalg import vector_norm
from torch.nn.functional import cross_entropy, pad

from digitsum_cli.core.classifier import DigitSumClassifier
from digitsum_cli.core.dataset import DigitSumDataset
from digitsum_cli.core.history import History
from digitsum_cli.core.record import Ending, Evaluation, Progress, TrainingRecord, mean_loss
from digitsum_cli.core.registry import LOSSES, LR_SCHEDULES
from digitsum_cli.errors import DigitsumError

RowsOfEpoch = Callable[[int], DigitSumDataset]
"""Maps the epoch, counted from 0, to its training rows."""


@dataclass(frozen=True)
class _Batch:
    """A batch of every seed; shorter rows are at the end of their digits.

    Arguments:
        digits: of shape ``(seeds, rows, longest)``.
        labels: of shape ``(seeds, rows)``.
        starts: where the rows of each seed begin, of shape ``(seeds,)``; None if all do at 0.
    """

    digits: Tensor
    labels: Tensor
    starts: Tensor | None


class EnsembleRunner:
    """Trains classifiers of the same architecture, one for each seed; the counterpart of ``Runner``.

    Arguments:
        models: the classifiers with their initial weights, of one cell that computes each row of a batch on its own.
        optimizer: makes the optimizer of some parameters; it must treat each number of a parameter on its own.

    Raises:
        DigitsumError: the cell cannot be trained that way.
    """

    def __init__(
        self, models: Sequence[DigitSumClassifier], optimizer: Callable[[list[Tensor]], torch.optim.Optimizer]
    ) -> None:
        stacked, _ = stack_module_state(list(models))
        self._models, self._network = models, _MaskedNetwork(models[0])
        self._names = list(stacked)
        self._parameters = {f"model.{name}": values.detach().clone() for name, values in stacked.items()}
        self.optimizer = optimizer(list(self._parameters.values()))

    def train(
        self,
        rows: Sequence[RowsOfEpoch],
        eval_set: DigitSumDataset,
        *,
        epochs: int,
        batch_size: int,
        eval_every: int,
        loss: str,
        lr_schedule: str,
        clip_norm: float | None,
        patience: int | None,
        record_gradients: bool,
        log_every: int,
        on_progress: Callable[[int, Progress], None],
    ) -> list[TrainingRecord]:
        """Trains the models and restores the best checkpoint of each.

        Arguments:
            rows: the training rows of each model, always the same number of them.
            eval_set, epochs, batch_size, eval_every, loss, lr_schedule, clip_norm, patience, record_gradients,
                log_every: as in ``Runner.train``.
            on_progress: called with the index of a model and the progress of its training.

        Returns:
            The record of each training.
        """
        spec, factor = LOSSES[loss], LR_SCHEDULES[lr_schedule]
        histories = [History() for _ in self._models]
        best = {name: values.clone() for name, values in self._parameters.items()}
        rates = [group["lr"] for group in self.optimizer.param_groups]
        batches = _batches_of_epoch(rows, 0, batch_size)
        steps_per_epoch = len(batches)
        steps = epochs * steps_per_epoch
        evaluated = list(eval_set.batches(batch_size))
        for step in range(steps):
            epoch, place = divmod(step, steps_per_epoch)
            if place == 0 and epoch:
                batches = _batches_of_epoch(rows, epoch, batch_size)
            for group, rate in zip(self.optimizer.param_groups, rates, strict=True):
                group["lr"] = rate * factor(step, steps)
            batch = batches[place]
            gradients, objectives = self._gradients(batch, spec.reduction)
            scale = spec.divisor(batch.labels.shape[1]) / batch.labels.shape[1]
            running = [index for index, history in enumerate(histories) if history.ending is Ending.OPEN]
            values = (objectives * scale).tolist()
            for index in running:
                histories[index].step_losses.append(values[index])
                if not math.isfinite(values[index]):
                    histories[index].ending = Ending.LOSS_NOT_FINITE
                elif record_gradients:
                    histories[index].record_gradient_norms(self._of_model(gradients, index))
            self._update(gradients, clip_norm)
            if place == steps_per_epoch - 1:
                for index in running:
                    if histories[index].ending is Ending.OPEN:
                        histories[index].record_epoch(steps_per_epoch)
            evaluates = step == steps - 1 or (step > 0 and step % eval_every == 0)
            scores = self._evaluate(evaluated) if evaluates else None
            for index in running:
                history = histories[index]
                if history.ending is not Ending.OPEN:
                    continue
                evaluation = None
                if scores is not None:
                    eval_loss, eval_accuracy = scores[index]
                    if not math.isfinite(eval_loss):
                        history.ending = Ending.EVAL_LOSS_NOT_FINITE
                        continue
                    evaluation = Evaluation(step, epoch, values[index], eval_loss, eval_accuracy)
                    if history.record_evaluation(evaluation):
                        for name, kept in best.items():
                            kept[index] = self._parameters[name][index]
                if step == steps - 1:
                    history.ending = Ending.COMPLETE
                elif evaluation and patience is not None and history.evaluations_since_best >= patience:
                    history.ending = Ending.STOPPED_EARLY
                if evaluation or step % log_every == 0:
                    on_progress(index, Progress(step, steps, epoch, epochs, values[index], evaluation, history.best))
            if all(history.ending is not Ending.OPEN for history in histories):
                break
        for index, (model, history) in enumerate(zip(self._models, histories, strict=True)):
            if history.best is not None:
                model.load_state_dict(self._of_model(best, index))
        return [history.record() for history in histories]

    def _of_model(self, stacked: dict[str, Tensor], index: int) -> dict[str, Tensor]:
        return {name: stacked[f"model.{name}"][index] for name in self._names}

    def _gradients(self, batch: _Batch, reduction: str) -> tuple[dict[str, Tensor], Tensor]:
        """The gradients of every model, by parameter, and the losses, of shape ``(seeds,)``."""

        def objective(
            parameters: dict[str, Tensor], digits: Tensor, labels: Tensor, start: Tensor | None = None
        ) -> Tensor:
            logits = functional_call(self._network, parameters, (digits, start))
            return cross_entropy(logits, labels, reduction=reduction)

        masked = (batch.starts,) if batch.starts is not None else ()
        try:
            gradients, losses = vmap(grad_and_value(objective))(self._parameters, batch.digits, batch.labels, *masked)
        except RuntimeError as error:
            cause = str(error).splitlines()[0].partition(". ")[0]
            if ".item()" in cause:
                cause = "its step depends on the values of a tensor, by .item() or an if"
            raise DigitsumError(
                f"this cell cannot be trained with many seeds at once: {cause}",
                next_step="Train it with model.impl=manual",
            ) from error
        return gradients, losses.detach()

    def _update(self, gradients: dict[str, Tensor], clip_norm: float | None) -> None:
        if clip_norm is not None:
            # One model after the other: a sum over one model alone may be rounded otherwise than beside others.
            each_model = (self._of_model(gradients, index) for index in range(len(self._models)))
            norms = torch.stack([vector_norm(torch.stack(list(map(vector_norm, own.values())))) for own in each_model])
            factors = (clip_norm / (norms + 1e-6)).clamp(max=1.0)  # as ``clip_grad_norm_``
            gradients = {name: each * factors.view(-1, *[1] * (each.dim() - 1)) for name, each in gradients.items()}
        for name, values in self._parameters.items():
            values.grad = gradients[name]
        self.optimizer.step()

    @torch.no_grad()
    def _evaluate(self, batches: Sequence[tuple[Tensor, Tensor]]) -> list[tuple[float, float]]:
        """The loss, as the mean over batches, and the accuracy of every model."""
        losses, correct, rows = [], torch.zeros(len(self._models)), 0
        for digits, labels in batches:

            def score(parameters: dict[str, Tensor], digits: Tensor = digits, labels: Tensor = labels) -> Tensor:
                logits = functional_call(self._network, parameters, (digits, None))
                right = (logits.argmax(dim=1) == labels).sum()
                return torch.stack([cross_entropy(logits, labels), right.to(logits.dtype)])

            scored = vmap(score)(self._parameters)
            losses.append(scored[:, 0].tolist())
            correct += scored[:, 1].cpu()
            rows += len(labels)
        return [
            (mean_loss([each[index] for each in losses]), int(correct[index]) / rows)
            for index in range(len(self._models))
        ]


class _MaskedNetwork(nn.Module):
    """A classifier that reads its rows from a start on, which is a tensor, so that it may differ between seeds."""

    def __init__(self, model: DigitSumClassifier) -> None:
        super().__init__()
        self.model = model

    def forward(self, digits: Tensor, start: Tensor | None) -> Tensor:
        """The logits of digits of shape ``(batch, length)``."""
        layer = self.model.rnn_model
        state = layer.initial_state(len(digits))
        for t, x in enumerate(self.model.embedding(digits).unbind(dim=1)):
            after = layer.step(x, state)
            state = after if start is None else torch.where(start <= t, after, state)
        logits: Tensor = self.model.linear(layer.hidden(state))
        return logits


def _batches_of_epoch(rows: Sequence[RowsOfEpoch], epoch: int, batch_size: int) -> list[_Batch]:
    of_seeds = [list(each(epoch).batches(batch_size)) for each in rows]
    return [_stacked(batches) for batches in zip(*of_seeds, strict=True)]


def _stacked(batches: Sequence[tuple[Tensor, Tensor]]) -> _Batch:
    lengths = [digits.shape[1] for digits, _ in batches]
    longest = max(lengths)
    labels = torch.stack([labels for _, labels in batches])
    digits = torch.stack(
        [pad(digits, (longest - length, 0)) for (digits, _), length in zip(batches, lengths, strict=True)]
    )
    starts = torch.tensor([longest - length for length in lengths], device=digits.device)
    return _Batch(digits, labels, starts if starts.any() else None)
