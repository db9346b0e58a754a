"""The layout of a classifier's weights in the compiled trainer's arrays."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from digitsum_cli.core.checkpoint import Weights
from digitsum_cli.fused.arrays import Matrix, Parameters, States, Workspace
from digitsum_cli.fused.cells import CompiledCell
from digitsum_cli.fused.simd.products import padded


class Layout:
    """The positions of all parameters in one flat array: the matrices of ``Parameters``, padded, gate by gate.

    Arguments:
        cell: the cell that the weights belong to.
        weights: weights named as in the classifier with the hand-written cell; only their shapes are used.
    """

    def __init__(self, cell: CompiledCell, weights: Mapping[str, npt.NDArray[np.floating]]) -> None:
        self._shapes = {name: array.shape for name, array in weights.items()}
        suffixes = [f"_{gate}" for gate in cell.gates] or [""]
        self._names = (
            ["embedding.W"],
            *([f"rnn_model.{matrix}{suffix}" for suffix in suffixes] for matrix in "WUb"),
            ["linear.weight"],
            ["linear.bias"],
        )
        self.symbols = self._shapes["embedding.W"][0]
        self.embedding_size, self.hidden_size = self._shapes[self._names[1][0]]
        self.classes = self._shapes["linear.bias"][0]
        self._matrices = [
            (rows, len(names) * padded(self._shapes[names[0]][-1]))
            for names, rows in zip(
                self._names,
                (self.symbols, self.embedding_size, self.hidden_size, 1, self.classes, 1),
                strict=True,
            )
        ]
        self.size = sum(rows * columns for rows, columns in self._matrices)

    @property
    def names(self) -> list[str]:
        """The classifier's names of all parameters, in the order of ``Parameters``, gate by gate."""
        return [name for names in self._names for name in names]

    def views(self, flat: Matrix) -> Parameters:
        """The matrices in a flat array of ``size`` elements."""
        matrices, start = [], 0
        for rows, columns in self._matrices:
            matrices.append(flat[start : start + rows * columns].reshape(rows, columns))
            start += rows * columns
        return Parameters(*matrices)

    def write(self, weights: Mapping[str, npt.NDArray[np.floating]], parameters: Parameters) -> None:
        """Copies weights by name into the matrices."""
        for name, block in self._blocks(parameters):
            block[...] = weights[name].reshape(block.shape)

    def read(self, parameters: Parameters) -> Weights:
        """A copy of the matrices' blocks by name, in the classifier's shapes."""
        return {name: block.reshape(self._shapes[name]).copy() for name, block in self._blocks(parameters)}

    def _blocks(self, parameters: Parameters) -> list[tuple[str, Matrix]]:
        """Each parameter's part of its matrix, without padding."""
        return [
            (name, matrix[:, gate * padded(width) : gate * padded(width) + width])
            for names, matrix in zip(self._names, parameters, strict=True)
            for width in [self._shapes[names[0]][-1]]
            for gate, name in enumerate(names)
        ]


def new_workspace(cell: CompiledCell, nodes: int, widest: int, layout: Layout, dtype: type[np.floating]) -> Workspace:
    """Creates a workspace for batches of up to ``nodes`` nodes and sets with up to ``widest`` nodes per step."""
    H, M, C = padded(layout.hidden_size), padded(layout.embedding_size), padded(layout.classes)
    gates = max(1, len(cell.gates))

    def matrix(rows: int, columns: int) -> Matrix:
        return np.zeros((rows, columns), dtype)

    rows = 1 + max(nodes, widest)
    return Workspace(
        states=States(matrix(rows, H), matrix(rows, cell.c * H)),
        gates=matrix(1 + nodes, cell.saved * H),
        d=matrix(1 + nodes, H),
        e=matrix(1 + nodes, cell.c * H),
        q=matrix(1 + nodes, gates * H),
        hU=matrix(widest, gates * H),
        z=matrix(widest, C),
        T=matrix(layout.symbols, gates * H),
        dT=matrix(layout.symbols, gates * H),
        W_transposed=matrix(gates * H, M),
        U_transposed=matrix(gates * H, H),
        V_transposed=matrix(H, C),
        next_states=States(matrix(widest, H), matrix(widest, cell.c * H)),
        squares=np.zeros(max(gates * H, M, C)),
    )
