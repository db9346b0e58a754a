"""Products of small matrices.

A *tile* is up to eight rows of the result by two vectors of its columns. Its sums stay in registers while the inner
index runs, so that each step of it loads two vectors and does up to sixteen fused multiply-adds. Matrices are
contiguous, by rows, and padded with zeros to ``PANEL`` columns, so that rows are whole vectors.
"""

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

from digitsum_cli.fused.vectors import (
    INT64,
    VECTOR_BYTES,
    broadcast,
    data_pointer,
    int64,
    load_vector,
    size_of,
    vector_function,
    vector_type,
)

PANEL = 32
"""The columns that a matrix is padded to a multiple of."""

_VECTORS = 2
_TILE_COLUMNS = _VECTORS * VECTOR_BYTES // 4
"""The columns of a tile in single precision; half as many in double."""

_MAXIMUM_ROWS = 8 if VECTOR_BYTES == 64 else 5


def padded(columns: int) -> int:
    """The least multiple of ``PANEL`` that holds ``columns``."""
    return -(-columns // PANEL) * PANEL


def _make_tile(rows: int) -> Any:
    """``tile(C, c, A, a, row_stride, inner_stride, B, b, inner, accumulate)``: the tile of C that begins at element c.

    C[r, :] (+)= sum over k < inner of A[a + r row_stride + k inner_stride] B[b + k columns of B, :].
    """

    @intrinsic
    def tile(
        _: Any,
        C: Any,
        c: Any,
        A: Any,
        a: Any,
        row_stride: Any,
        inner_stride: Any,
        B: Any,
        b: Any,
        inner: Any,
        accumulate: Any,
    ) -> Any:
        def emit(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> ir.Value:
            C, c, A, a, row_stride, inner_stride, B, b, inner, accumulate = arguments
            C_type, A_type, B_type = (signature.args[index] for index in (0, 2, 6))
            columns = [
                context.make_array(kind)(context, builder, value).shape for kind, value in ((C_type, C), (B_type, B))
            ]
            C_columns, B_columns = (builder.extract_value(shape, 1) for shape in columns)
            element = context.get_data_type(C_type.dtype)
            pointer = element.as_pointer()
            function = _outlined(
                builder.module,
                f"digitsum_tile_{rows}_{element}",
                [pointer, INT64, pointer, INT64, INT64, pointer, INT64, INT64, accumulate.type],
                lambda body: _emit_tile(body, rows),
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
                    inner,
                    accumulate,
                ],
            )
            return context.get_dummy_value()

        intp = types.intp
        return types.void(C, intp, A, intp, intp, intp, B, intp, intp, types.boolean), emit

    return tile


def _outlined(
    module: ir.Module, name: str, arguments: list[ir.Type], emit: Callable[[ir.Function], None]
) -> ir.Function:
    """A function of the module that is written once and called, so that compiling stays quick."""
    if name in module.globals:
        return module.globals[name]
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), arguments), name)
    function.linkage = "linkonce_odr"
    function.attributes.add("noinline")
    emit(function)
    return function


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
    standing = [load_vector(builder, C, offset)[0] for offset in offsets]
    builder.branch(start)

    builder.position_at_end(start)
    first = [_phi(builder, vector, (ir.Constant(vector, None), entry), (value, load)) for value in standing]
    builder.cbranch(builder.icmp_signed(">", inner, int64(0)), body, end)

    builder.position_at_end(body)
    k = _phi(builder, INT64, (int64(0), start))
    sums = [_phi(builder, vector, (value, start)) for value in first]
    row_of_B = builder.mul(k, B_columns)
    vectors_of_B = [load_vector(builder, B, builder.add(row_of_B, int64(v * vector.count)))[0] for v in range(_VECTORS)]
    following = []
    for row in range(rows):
        index = builder.add(builder.mul(k, inner_stride), builder.mul(row_stride, int64(row)))
        factor = broadcast(builder, builder.load(builder.gep(A, [index])))
        for v in range(_VECTORS):
            terms = [factor, vectors_of_B[v], sums[row * _VECTORS + v]]
            following.append(builder.call(fused_multiply_add, terms))
    next_k = builder.add(k, int64(1))
    for phi, value in zip([k, *sums], [next_k, *following], strict=True):
        phi.add_incoming(value, body)
    builder.cbranch(builder.icmp_signed("<", next_k, inner), body, end)

    builder.position_at_end(end)
    last = [
        _phi(builder, vector, (before, start), (after, body)) for before, after in zip(first, following, strict=True)
    ]
    for offset, value in zip(offsets, last, strict=True):
        spot = builder.bitcast(builder.gep(C, [offset]), vector.as_pointer())
        builder.store(value, spot, align=size_of(vector.element))
    builder.ret_void()


def _phi(builder: ir.IRBuilder, kind: ir.Type, *incoming: tuple[ir.Value, ir.Block]) -> ir.PhiInstr:
    phi = builder.phi(kind)
    for value, block in incoming:
        phi.add_incoming(value, block)
    return phi


_tile_1, _tile_2, _tile_3, _tile_4, _tile_5, _tile_6, _tile_7, _tile_8 = (_make_tile(rows) for rows in range(1, 9))


@njit(nogil=True, error_model="numpy")
def _multiply_tiled(C, c, A, a, row_stride, inner_stride, B, b, rows, inner, accumulate):
    for row in range(0, rows, _MAXIMUM_ROWS):
        height = min(_MAXIMUM_ROWS, rows - row)
        for column in range(0, C.shape[1], _TILE_COLUMNS * 4 // C.itemsize):
            at = (c + row) * C.shape[1] + column
            first = a + row * row_stride
            of_B = b * B.shape[1] + column
            if height == 8:
                _tile_8(C, at, A, first, row_stride, inner_stride, B, of_B, inner, accumulate)
            elif height == 7:
                _tile_7(C, at, A, first, row_stride, inner_stride, B, of_B, inner, accumulate)
            elif height == 6:
                _tile_6(C, at, A, first, row_stride, inner_stride, B, of_B, inner, accumulate)
            elif height == 5:
                _tile_5(C, at, A, first, row_stride, inner_stride, B, of_B, inner, accumulate)
            elif height == 4:
                _tile_4(C, at, A, first, row_stride, inner_stride, B, of_B, inner, accumulate)
            elif height == 3:
                _tile_3(C, at, A, first, row_stride, inner_stride, B, of_B, inner, accumulate)
            elif height == 2:
                _tile_2(C, at, A, first, row_stride, inner_stride, B, of_B, inner, accumulate)
            else:
                _tile_1(C, at, A, first, row_stride, inner_stride, B, of_B, inner, accumulate)


@njit(nogil=True, error_model="numpy")
def multiply(C, c, A, a, B, rows, inner, accumulate):
    """C[c : c + rows] = A[a : a + rows, :inner] B[:inner], added to what stands there if ``accumulate``."""
    _multiply_tiled(C, c, A, a * A.shape[1], A.shape[1], 1, B, 0, rows, inner, accumulate)


@njit(nogil=True, error_model="numpy")
def multiply_transposed(C, A, a, B, b, rows, inner):
    """C[:rows] = A[a : a + inner, :rows]^T B[b : b + inner]."""
    _multiply_tiled(C, 0, A, a * A.shape[1], 1, A.shape[1], B, b, rows, inner, False)


@njit(nogil=True, error_model="numpy")
def transpose(A, rows, columns, A_transposed):
    """A_transposed[:columns, :rows] = A[:rows, :columns]^T."""
    for row in range(rows):
        for column in range(columns):
            A_transposed[column, row] = A[row, column]
