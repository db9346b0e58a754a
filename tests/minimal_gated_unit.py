"""A cell by hand that a maintainer might add; ``python -m tests.minimal_gated_unit`` is ``digitsum`` with it."""

import torch
from torch import Tensor

from digitsum_cli.core.cells.gated_layer import GatedLayer
from digitsum_cli.core.registry import CELLS, MANUAL
from digitsum_cli.core.specs import CellSpec


class MinimalGatedUnit(GatedLayer):
    """One gate that forgets and renews (Zhou et al. 2016)."""

    W_f: Tensor
    W_h: Tensor
    U_f: Tensor
    U_h: Tensor
    b_f: Tensor
    b_h: Tensor

    def __init__(self, input_size: int, hidden_size: int, *, generator: torch.Generator | None = None) -> None:
        super().__init__(input_size, hidden_size, hidden_size, MGU.gates, generator)

    def gates(self, x: Tensor, state: Tensor) -> dict[str, Tensor]:
        return {"forget gate": torch.sigmoid(x @ self.W_f + state @ self.U_f + self.b_f)}

    def step(self, x: Tensor, state: Tensor) -> Tensor:
        f = self.gates(x, state)["forget gate"]
        return (1 - f) * state + f * torch.tanh(x @ self.W_h + (f * state) @ self.U_h + self.b_h)


MGU = CellSpec(
    {MANUAL: {"tanh": "tests.minimal_gated_unit:MinimalGatedUnit"}}, gates=("f", "h"), candidate="U_h", step_cost=2.0
)

if __name__ in ("__main__", "__mp_main__"):  # in the processes that run trials, too
    CELLS["mgu"] = MGU
if __name__ == "__main__":
    from digitsum_cli.__main__ import main

    main()
