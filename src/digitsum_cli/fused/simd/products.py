"""Products of small matrices.

A *tile* is up to eight rows by two column vectors of the result. Its sums stay in registers throughout the inner loop,
whose every step loads two vectors and does up to sixteen fused multiply-adds. Matrices are contiguous in row-major
order and padded with zeros to a multiple of ``PANEL`` columns, so that rows consist of whole vectors.
"""

from functools import partial
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from digitsum_cli.fused.compiled import compiled
from digitsum_cli.fused.simd.vectors import (
    INT64,
    VECTOR_BYTES,
    broadcast,
    data_pointer,
    int64,
    load_vector,
    outlined,
    size_of,
    vector_function,
    vector_type,
)

PANEL = 32
"""Matrices are padded to a multiple of this many columns."""

_VECTORS = 2
_MAXIMUM_ROWS = 8 if VECTOR_BYTES == 64 else 5


def padded(columns: int) -> int:
    """The smallest multiple of ``PANEL`` that is at least ``columns``."""
    return -(-columns // PANEL) * PANEL


@intrinsic
def _product(
    _: Any,
    C: Any,
    c: Any,
    A: Any,
    a: Any,
    row_stride: Any,
    inner_stride: Any,
    B: Any,
    b: Any,
    rows: Any,
    inner: Any,
    accumulate: Any,
) -> Any:
    """Computes the rows of C that begin at element c.

    C[r, :] (+)= sum over k < inner of A[a + r row_stride + k inner_stride] B[b + k columns of B, :].
    """

    def emit(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> ir.Value:
        C, c, A, a, row_stride, inner_stride, B, b, rows, inner, accumulate = arguments
        C_type, A_type, B_type = (signature.args[index] for index in (0, 2, 6))
        columns = [
            context.make_array(kind)(context, builder, value).shape for kind, value in ((C_type, C), (B_type, B))
        ]
        C_columns, B_columns = (builder.extract_value(shape, 1) for shape in columns)
        element = context.get_data_type(C_type.dtype)
        pointer = element.as_pointer()
        function = outlined(
            builder.module,
            f"digitsum_product_{element}",
            [pointer, INT64, pointer, INT64, INT64, pointer, INT64, INT64, INT64, accumulate.type],
            _emit_product,
        )
        builder.call(
            function,
            [
                data_pointer(context, builder, C_type, C, c),
                C_columns,
                data_pointer(context, builder, A_type, A, a),
                row_stride,
                inner_stride,
                data_pointer(context, builder, B_type, B, b),
                B_columns,
                rows,
                inner,
                accumulate,
            ],
        )
        return context.get_dummy_value()

    intp = types.intp
    return types.void(C, intp, A, intp, intp, intp, B, intp, intp, intp, types.boolean), emit


def _emit_product(function: ir.Function) -> None:
    """Emits a loop over tiles; the last tile has as many rows as are left."""
    C, C_columns, A, row_stride, inner_stride, B, B_columns, rows, inner, accumulate = function.args
    builder = ir.IRBuilder(function.append_basic_block("entry"))
    tile_arguments = [argument.type for argument in function.args if argument is not rows]
    tiles = [
        outlined(
            function.module,
            f"digitsum_tile_{height}_{C.type.pointee}",
            tile_arguments,
            partial(_emit_tile, rows=height),
        )
        for height in range(1, _MAXIMUM_ROWS + 1)
    ]
    tile_columns = _VECTORS * vector_type(C.type.pointee).count
    highest = int64(_MAXIMUM_ROWS)
    with cgutils.for_range_slice(builder, int64(0), rows, highest, INT64) as (row, _):
        left = builder.sub(rows, row)
        height = builder.select(builder.icmp_signed("<", left, highest), left, highest)
        C_row, A_row = (
            builder.gep(matrix, [builder.mul(row, stride)]) for matrix, stride in ((C, C_columns), (A, row_stride))
        )
        with cgutils.for_range_slice(builder, int64(0), C_columns, int64(tile_columns), INT64) as (column, _):
            C_tile, B_tile = (builder.gep(matrix, [column]) for matrix in (C_row, B))
            done = builder.append_basic_block("done")
            switch = builder.switch(height, done)
            for number, tile in enumerate(tiles, 1):
                switch.add_case(int64(number), builder.append_basic_block(f"tile{number}"))
                builder.position_at_end(switch.cases[-1][1])
                builder.call(
                    tile, [C_tile, C_columns, A_row, row_stride, inner_stride, B_tile, B_columns, inner, accumulate]
                )
                builder.branch(done)
            builder.position_at_end(done)
    builder.ret_void()


def _emit_tile(function: ir.Function, rows: int) -> None:
    C, C_columns, A, row_stride, inner_stride, B, B_columns, inner, accumulate = function.args
    vector = vector_type(C.type.pointee)
    entry, load, start, body, end = (
        function.append_basic_block(name) for name in ["entry", "load", "start", "body", "end"]
    )
    cells = [(row, v) for row in range(rows) for v in range(_VECTORS)]
    builder = ir.IRBuilder(entry)
    fused_multiply_add = vector_function(builder, "fma", vector, 3)
    offsets = [builder.add(builder.mul(C_columns, int64(row)), int64(v * vector.count)) for row, v in cells]
    builder.cbranch(builder.icmp_unsigned("!=", accumulate, accumulate.type(0)), load, start)

    builder.position_at_end(load)
    current = [load_vector(builder, C, offset)[0] for offset in offsets]
    builder.branch(start)

    builder.position_at_end(start)
    first = [_phi(builder, vector, (ir.Constant(vector, None), entry), (value, load)) for value in current]
    builder.cbranch(builder.icmp_signed(">", inner, int64(0)), body, end)

    builder.position_at_end(body)
    k = _phi(builder, INT64, (int64(0), start))
    sums = [_phi(builder, vector, (value, start)) for value in first]
    row_of_B = builder.mul(k, B_columns)
    vectors_of_B = [load_vector(builder, B, builder.add(row_of_B, int64(v * vector.count)))[0] for v in range(_VECTORS)]
    next_sums = []
    for row in range(rows):
        index = builder.add(builder.mul(k, inner_stride), builder.mul(row_stride, int64(row)))
        factor = broadcast(builder, builder.load(builder.gep(A, [index])))
        for v in range(_VECTORS):
            terms = [factor, vectors_of_B[v], sums[row * _VECTORS + v]]
            next_sums.append(builder.call(fused_multiply_add, terms))
    next_k = builder.add(k, int64(1))
    for phi, value in zip([k, *sums], [next_k, *next_sums], strict=True):
        phi.add_incoming(value, body)
    builder.cbranch(builder.icmp_signed("<", next_k, inner), body, end)

    builder.position_at_end(end)
    last = [
        _phi(builder, vector, (before, start), (after, body)) for before, after in zip(first, next_sums, strict=True)
    ]
    for offset, value in zip(offsets, last, strict=True):
        address = builder.bitcast(builder.gep(C, [offset]), vector.as_pointer())
        builder.store(value, address, align=size_of(vector.element))
    builder.ret_void()


def _phi(builder: ir.IRBuilder, kind: ir.Type, *incoming: tuple[ir.Value, ir.Block]) -> ir.PhiInstr:
    phi = builder.phi(kind)
    for value, block in incoming:
        phi.add_incoming(value, block)
    return phi


@compiled
def multiply(C, c, A, a, B, rows, inner, accumulate):
    """C[c : c + rows] = A[a : a + rows, :inner] B[:inner], added to the current values if ``accumulate``."""
    _product(C, c * C.shape[1], A, a * A.shape[1], A.shape[1], 1, B, 0, rows, inner, accumulate)


@compiled
def multiply_transposed(C, A, a, B, b, rows, inner):
    """C[:rows] = A[a : a + inner, :rows]^T B[b : b + inner]."""
    _product(C, 0, A, a * A.shape[1], 1, A.shape[1], B, b * B.shape[1], rows, inner, False)
