"""Transposing a small matrix, vector by vector."""

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from digitsum_cli.fused.compiled import compiled
from digitsum_cli.fused.simd.vectors import (
    INT32,
    INT64,
    VECTOR_BYTES,
    data_pointer,
    int64,
    load_vector,
    outlined,
    size_of,
    vector_type,
)


@intrinsic
def _transpose_tile(
    _: Any, A: Any, a: Any, A_columns: Any, rows: Any, A_transposed: Any, b: Any, B_columns: Any
) -> Any:
    """Transposes a square one vector wide, from element a to element b; rows from ``rows`` on count as 0."""

    def emit(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> ir.Value:
        A, a, A_columns, rows, A_transposed, b, B_columns = arguments
        element = context.get_data_type(signature.args[0].dtype)
        pointer = element.as_pointer()
        function = outlined(
            builder.module,
            f"digitsum_transpose_{element}",
            [pointer, INT64, INT64, pointer, INT64],
            _emit_transpose,
        )
        source = data_pointer(context, builder, signature.args[0], A, a)
        target = data_pointer(context, builder, signature.args[4], A_transposed, b)
        builder.call(function, [source, A_columns, rows, target, B_columns])
        return context.get_dummy_value()

    intp = types.intp
    return types.void(A, intp, intp, intp, A_transposed, intp, intp), emit


def _emit_transpose(function: ir.Function) -> None:
    """Swaps the off-diagonal halves, then the off-diagonal quarters within each, and so on down to single numbers."""
    A, A_columns, rows, A_transposed, B_columns = function.args
    vector = vector_type(A.type.pointee)
    lanes = vector.count
    builder = ir.IRBuilder(function.append_basic_block("entry"))
    zero = ir.Constant(vector, None)
    lines = []
    for row in range(lanes):
        in_range = builder.icmp_signed("<", int64(row), rows)
        offset = builder.select(in_range, builder.mul(A_columns, int64(row)), int64(0))
        lines.append(builder.select(in_range, load_vector(builder, A, offset)[0], zero))
    half = lanes // 2
    while half:
        for row in range(lanes):
            if row & half:
                continue
            upper, lower = lines[row], lines[row + half]
            keep = [lane if not lane & half else lanes + lane - half for lane in range(lanes)]
            swap = [lane + half if not lane & half else lanes + lane for lane in range(lanes)]
            lines[row] = builder.shuffle_vector(upper, lower, ir.Constant(ir.VectorType(INT32, lanes), keep))
            lines[row + half] = builder.shuffle_vector(upper, lower, ir.Constant(ir.VectorType(INT32, lanes), swap))
        half //= 2
    for row, line in enumerate(lines):
        address = builder.bitcast(builder.gep(A_transposed, [builder.mul(B_columns, int64(row))]), vector.as_pointer())
        builder.store(line, address, align=size_of(vector.element))
    builder.ret_void()


@compiled
def transpose(A, rows, columns, A_transposed):
    """A_transposed[:columns, :rows] = A[:rows, :columns]^T; the rest, up to whole vectors, becomes 0."""
    lanes = VECTOR_BYTES // A.itemsize
    wide, high = A.shape[1], A_transposed.shape[1]
    for row in range(0, rows, lanes):
        for column in range(0, columns, lanes):
            _transpose_tile(A, row * wide + column, wide, rows - row, A_transposed, column * high + row, high)
