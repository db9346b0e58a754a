"""The contract of a cell, as checks that say what to change."""

import time
from collections.abc import Callable, Iterator
from functools import partial
from statistics import median

import torch
from torch import Tensor

from digitsum_cli.core.book_initialisation import default_linear
from digitsum_cli.core.cells.cell import Cell
from digitsum_cli.core.cells.recurrent_layer import RecurrentLayer
from digitsum_cli.core.classifier import DigitSumClassifier
from digitsum_cli.core.contract import Check, ProblemError, run_checks
from digitsum_cli.core.dataset import DigitSumSplits
from digitsum_cli.core.embedding import Embedding
from digitsum_cli.core.generation import generate_splits
from digitsum_cli.core.registry import OWN_CELL

_M, _H, _BATCH, _LENGTH = 3, 5, 4, 6
_EPOCHS = 3


def check_cell(cell: type[Cell]) -> Iterator[Check]:
    """Checks a cell against its contract; stops at the first failure that the later checks depend on.

    Arguments:
        cell: the class.

    Returns:
        The results, one by one.
    """
    return run_checks(cell, _CHECKS, {_constructs, _shapes})


def why_no_ensemble(cell: type[Cell]) -> str | None:
    """Why a cell that passes the checks cannot be trained with many seeds at once; None if it can."""
    from digitsum_cli.core.ensemble import EnsembleRunner

    data = DigitSumSplits.of(generate_splits([_LENGTH])[_LENGTH])
    try:
        runner = EnsembleRunner([_classifier(cell, seed) for seed in range(2)], partial(torch.optim.Adam, lr=0.003))
        runner.train(
            [lambda _: data.train] * 2,
            data.eval,
            epochs=1,
            batch_size=100,
            eval_every=1,
            log_every=1,
            loss="mean",
            lr_schedule="constant",
            clip_norm=None,
            patience=None,
            record_gradients=False,
            on_progress=lambda *_: None,
        )
    except Exception as error:
        return str(error).splitlines()[0]
    return None


def seconds_per_step(layer: RecurrentLayer, batch: int, repeats: int = 200) -> float:
    """The median duration of a step, without gradients, of a batch of random states."""
    x, state = torch.randn(batch, layer.input_size), layer.initial_state(batch)
    durations = []
    with torch.no_grad():
        for _ in range(repeats):
            start = time.perf_counter()
            layer.step(x, state)
            durations.append(time.perf_counter() - start)
    return median(durations)


def _constructs(cell: type[Cell]) -> None:
    """can be constructed"""
    layer = _new(cell)
    if not isinstance(layer, Cell) or (layer.input_size, layer.hidden_size) != (_M, _H):
        raise ProblemError("__init__(input_size, hidden_size) must call super().__init__(input_size, hidden_size)")
    if layer.state_size < _H:
        raise ProblemError(f"state_size is {layer.state_size}, but the state starts with h, of size {_H}")
    if not list(layer.parameters()):
        raise ProblemError("it has no parameters: assign each as self.NAME = nn.Parameter(…) or self.weight(…)")


def _shapes(cell: type[Cell]) -> None:
    """step returns the next state"""
    layer, x, state = _new(cell), *_inputs(cell)
    for given in (x, x[:1]):
        after = layer.step(given, state)
        if not isinstance(after, Tensor):
            raise ProblemError(f"step returned {type(after).__name__} instead of a tensor")
        if after.shape != state.shape:
            raise ProblemError(
                f"step(x, state) with x of shape {tuple(given.shape)} and state of shape {tuple(state.shape)} returned "
                f"shape {tuple(after.shape)}: return the next state, of the shape of state"
            )
    if not after.isfinite().all():
        raise ProblemError("step returned NaN or infinity for ordinary inputs")


def _dtype(cell: type[Cell]) -> None:
    """computes in the precision of its parameters"""
    for dtype in (torch.float32, torch.float64):
        layer = _new(cell).to(dtype)
        x, state = (each.to(dtype) for each in _inputs(cell))
        after = layer.step(x, state)
        if after.dtype != dtype:
            raise ProblemError(
                f"step returned {after.dtype} for {dtype}: create tensors with x.new_zeros(…) or zeros_like(state)"
            )


def _same_seed(cell: type[Cell]) -> None:
    """draws its weights from the generator"""
    torch.manual_seed(1)
    one = _new(cell).state_dict()
    torch.manual_seed(2)
    other = _new(cell).state_dict()
    different = [name for name, values in one.items() if not torch.equal(values, other[name])]
    if different:
        raise ProblemError(
            f"{', '.join(different)} differ between two cells of the same seed: draw them with generator=generator"
        )


def _deterministic(cell: type[Cell]) -> None:
    """gives the same result every time"""
    layer, x, state = _new(cell), *_inputs(cell)
    first = layer.step(x, state).clone()
    layer.step(torch.ones_like(x), torch.ones_like(state))
    _new(cell).step(torch.ones_like(x), torch.ones_like(state))
    if not torch.equal(layer.step(x, state), first):
        raise ProblemError(
            "the same x and state gave two results: step must not draw random numbers or keep anything between calls"
        )


def _keeps_inputs(cell: type[Cell]) -> None:
    """leaves its inputs unchanged"""
    layer, x, state = _new(cell), *_inputs(cell)
    before = x.clone(), state.clone()
    layer.step(x, state)
    if not (torch.equal(x, before[0]) and torch.equal(state, before[1])):
        raise ProblemError("step changed x or state in place: use operations such as a + b instead of a.add_(b)")


def _independent_rows(cell: type[Cell]) -> None:
    """treats each row of a batch on its own"""
    layer, x, state = _new(cell).double(), *(each.double() for each in _inputs(cell))
    whole = layer.step(x, state)
    changed_x, changed_state = x.clone(), state.clone()
    changed_x[1:] += 1
    changed_state[1:] -= 0.5
    others_changed = layer.step(changed_x, changed_state)
    alone = layer.step(x[:1], state[:1])
    for result in (others_changed, alone):
        if not torch.allclose(result[0], whole[0], rtol=0, atol=1e-12):
            raise ProblemError(
                "the first row's state depends on the other rows: do not reduce over the batch (dimension 0)"
            )


def _stepping(cell: type[Cell]) -> None:
    """gives the same states step by step and at once"""
    layer = _new(cell).double()
    X = torch.randn(_BATCH, _LENGTH, _M, generator=_generator()).double()
    state, stepped = layer.initial_state(_BATCH), []
    for x in X.unbind(dim=1):
        state = layer.step(x, state)
        stepped.append(layer.hidden(state))
    for name, result, expected in (
        ("states(X)", layer.states(X), torch.stack(stepped, dim=1)),
        ("forward(X)", layer(X), stepped[-1]),
    ):
        if result.shape != expected.shape or not torch.allclose(result, expected, rtol=0, atol=1e-9):
            raise ProblemError(f"{name} is not what step gives, digit by digit: remove or correct your own version")


def _gradients(cell: type[Cell]) -> None:
    """has correct gradients"""
    layer, x, state = _new(cell).double(), *(each.double().requires_grad_() for each in _inputs(cell))
    parameters = dict(layer.named_parameters())

    def step(x: Tensor, state: Tensor, *values: Tensor) -> Tensor:
        result: Tensor = torch.func.functional_call(_Step(layer), dict(zip(named, values, strict=True)), (x, state))
        return result

    named = [f"layer.{name}" for name in parameters]
    if not torch.autograd.gradcheck(step, (x, state, *parameters.values()), raise_exception=False):
        raise ProblemError("the gradients of step do not match its values: check backward() of your own functions")
    layer(torch.randn(_BATCH, _LENGTH, _M, generator=_generator()).double()).sum().backward()
    unused = [name for name, parameter in parameters.items() if parameter.grad is None]
    if unused:
        raise ProblemError(f"{', '.join(unused)} never affect h: use them, or remove them")


class _Step(torch.nn.Module):
    """Calls ``step`` as a module, so that its parameters can be replaced."""

    def __init__(self, layer: RecurrentLayer) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Tensor, state: Tensor) -> Tensor:
        return self.layer.step(x, state)


def _saves(cell: type[Cell]) -> None:
    """is restored from its parameters"""
    layer, x, state = _new(cell), *_inputs(cell)
    other = _build(cell, _M, _H, torch.Generator().manual_seed(9))
    other.load_state_dict(layer.state_dict())
    if not torch.equal(other.step(x, state), layer.step(x, state)):
        raise ProblemError("another cell with its parameters behaves differently: keep everything in parameters")


def _gates(cell: type[Cell]) -> None:
    """reports its gates as values from 0 to 1"""
    layer, x, state = _new(cell), *_inputs(cell)
    for name, values in layer.gates(x, state).items():
        if values.shape != (_BATCH, _H):
            raise ProblemError(f"gates: {name} has shape {tuple(values.shape)} instead of {(_BATCH, _H)}")
        if not ((values >= 0) & (values <= 1)).all():
            raise ProblemError(f"gates: {name} has values outside 0 to 1")


def _candidate(cell: type[Cell]) -> None:
    """names its recurrent matrix"""
    if cell.candidate is None:
        return
    tensors = _new(cell).equation_tensors(Tensor.detach)
    shape = tensors[cell.candidate].shape if cell.candidate in tensors else None
    if shape != (_H, _H):
        raise ProblemError(
            f"candidate is {cell.candidate!r}, but a parameter of that name with shape {(_H, _H)} does not exist: name "
            "the matrix that h is multiplied with, or set candidate = None"
        )


def _trains(cell: type[Cell]) -> None:
    """trains"""
    from digitsum_cli.core.runner import Runner

    model = _classifier(cell, seed=0)
    data = DigitSumSplits.of(generate_splits([_LENGTH])[_LENGTH])
    record = Runner(model, torch.optim.Adam(model.parameters(), lr=0.003)).train(data.train, data.eval, epochs=_EPOCHS)
    if record.best is None:
        raise ProblemError(f"its loss became NaN or infinite within {_EPOCHS} epochs")


_CHECKS: tuple[Callable[[type[Cell]], None], ...] = (
    _constructs,
    _shapes,
    _dtype,
    _same_seed,
    _deterministic,
    _keeps_inputs,
    _independent_rows,
    _stepping,
    _gradients,
    _saves,
    _gates,
    _candidate,
    _trains,
)


def _classifier(cell: type[Cell], seed: int) -> DigitSumClassifier:
    generator = torch.Generator().manual_seed(seed)
    layer = _build(cell, 8, 8, generator)
    return DigitSumClassifier(OWN_CELL, layer, Embedding(10, 8, generator), default_linear(8, 19, generator))


def _new(cell: type[Cell]) -> Cell:
    return _build(cell, _M, _H, _generator())


def _build(cell: Callable[..., Cell], input_size: int, hidden_size: int, generator: torch.Generator) -> Cell:
    return cell(input_size, hidden_size, generator=generator)


def _generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def _inputs(cell: type[Cell]) -> tuple[Tensor, Tensor]:
    generator = _generator()
    state_size = _new(cell).state_size
    return torch.randn(_BATCH, _M, generator=generator), torch.rand(_BATCH, state_size, generator=generator) - 0.5
