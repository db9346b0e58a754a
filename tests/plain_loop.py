"""The loop everybody writes: plain PyTorch, a DataLoader, torch's global seed. It uses nothing of digitsum.

The tests hold the Runner against it number for number, and the benchmarks measure against it.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader, TensorDataset


def xavier_after_normal(*shape: int) -> nn.Parameter:
    parameter = nn.Parameter(torch.normal(0.0, 1.0, shape))
    nn.init.xavier_uniform_(parameter)
    return parameter


class PlainSRN(nn.Module):
    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.W = xavier_after_normal(input_size, hidden_size)
        self.U = xavier_after_normal(hidden_size, hidden_size)
        self.b = xavier_after_normal(1, hidden_size)
        self.hidden_size = hidden_size

    def forward(self, inputs: Tensor) -> Tensor:
        batch, length, _ = inputs.shape
        hidden_state = torch.zeros((batch, self.hidden_size))
        for t in range(length):
            hidden_state = torch.tanh(
                torch.matmul(inputs[:, t, :], self.W) + torch.matmul(hidden_state, self.U) + self.b
            )
        return hidden_state


class PlainTorchRNN(nn.Module):
    def __init__(self, input_size: int, hidden_size: int, layer: type[nn.RNN | nn.LSTM | nn.GRU] = nn.RNN) -> None:
        super().__init__()
        self.rnn = layer(input_size, hidden_size, batch_first=True)

    def forward(self, inputs: Tensor) -> Tensor:
        outputs, _ = self.rnn(inputs)
        last: Tensor = outputs[:, -1]
        return last


LAYERS: dict[str, Callable[[int, int], nn.Module]] = {
    "manual": PlainSRN,
    "torch": PlainTorchRNN,
    "lstm": partial(PlainTorchRNN, layer=nn.LSTM),
    "gru": partial(PlainTorchRNN, layer=nn.GRU),
}


class PlainEmbedding(nn.Module):
    def __init__(self, num_embeddings: int, embedding_size: int) -> None:
        super().__init__()
        self.W = xavier_after_normal(num_embeddings, embedding_size)

    def forward(self, digits: Tensor) -> Tensor:
        return self.W[digits]


class PlainClassifier(nn.Module):
    def __init__(self, impl: str, embedding_size: int = 32, hidden_size: int = 32) -> None:
        super().__init__()
        self.rnn_model = LAYERS[impl](embedding_size, hidden_size)
        self.embedding = PlainEmbedding(10, embedding_size)
        self.linear = nn.Linear(hidden_size, 19)

    def forward(self, digits: Tensor) -> Tensor:
        logits: Tensor = self.linear(self.rnn_model(self.embedding(digits)))
        return logits


@dataclass
class PlainResult:
    step_losses: list[float] = field(default_factory=list)
    epoch_losses: list[float] = field(default_factory=list)
    evaluations: list[tuple[int, float, float]] = field(default_factory=list)  # step, loss, accuracy
    best_step: int = -1
    best_accuracy: float = -1.0
    weights: dict[str, Tensor] = field(default_factory=dict)
    test_loss: float = 0.0
    test_accuracy: float = 0.0


def score(model: nn.Module, loader: DataLoader[tuple[Tensor, ...]]) -> tuple[float, float]:
    total_loss, right, rows = 0.0, 0, 0
    model.eval()
    with torch.no_grad():
        for digits, labels in loader:
            logits = model(digits)
            total_loss += cross_entropy(logits, labels).item()
            right += int((logits.argmax(dim=1) == labels).sum())
            rows += len(labels)
    model.train()
    return total_loss / len(loader), right / rows


def loader_of(digits: Tensor, labels: Tensor, batch_size: int = 8) -> DataLoader[tuple[Tensor, ...]]:
    return DataLoader(TensorDataset(digits, labels), batch_size=batch_size, shuffle=False)


def train_plainly(
    impl: str,
    train: tuple[Tensor, Tensor],
    eval_: tuple[Tensor, Tensor],
    test: tuple[Tensor, Tensor],
    *,
    seed: int,
    epochs: int,
    lr: float = 0.001,
    batch_size: int = 8,
    eval_every: int = 100,
    sizes: tuple[int, int] = (32, 32),
) -> PlainResult:
    """Trains as docs/experiment.md says: digits of shape (rows, length) and labels of shape (rows,), each int64."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = PlainClassifier(impl, *sizes)
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    train_loader, eval_loader, test_loader = (loader_of(*split, batch_size) for split in (train, eval_, test))
    result = PlainResult()
    last_step = epochs * len(train_loader) - 1
    step = 0
    for _ in range(epochs):
        total_loss = 0.0
        for digits, labels in train_loader:
            loss = cross_entropy(model(digits), labels)
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            optimizer.zero_grad()
            result.step_losses.append(loss.item())
            total_loss += loss.item()
            if step > 0 and (step % eval_every == 0 or step == last_step):
                eval_loss, accuracy = score(model, eval_loader)
                result.evaluations.append((step, eval_loss, accuracy))
                if accuracy > result.best_accuracy:
                    result.best_step, result.best_accuracy = step, accuracy
                    result.weights = copy.deepcopy(model.state_dict())
            step += 1
        result.epoch_losses.append(total_loss / len(train_loader))
    model.load_state_dict(result.weights)
    result.test_loss, result.test_accuracy = score(model, test_loader)
    return result
