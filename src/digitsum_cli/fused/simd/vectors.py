"""SIMD vectors inside compiled functions.

Numba compiles Python loops to machine code, but leaves vectorisation to the optimiser. Here the vectors are explicit:
an *elementwise* operation is a Python expression over ``Vector`` objects, which emits LLVM's vector arithmetic.
Multiplications followed by additions may be fused (one rounding fewer); otherwise IEEE arithmetic is preserved, so NaN
and infinite values propagate.
"""

from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import binding, ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

_WIDE = bool(binding.get_host_cpu_features().get("avx512f", False))
VECTOR_BYTES = 64 if _WIDE else 32
INT32, INT64 = ir.IntType(32), ir.IntType(64)


def size_of(element: ir.Type) -> int:
    """The size of a number in bytes: 4 or 8."""
    return 4 if isinstance(element, ir.FloatType) else 8


def vector_type(element: ir.Type) -> ir.VectorType:
    """The type of the processor's vectors of such numbers."""
    return ir.VectorType(element, VECTOR_BYTES // size_of(element))


def int64(value: int) -> ir.Constant:
    """An integer constant."""
    return ir.Constant(INT64, value)


def data_pointer(context: Any, builder: ir.IRBuilder, array_type: Any, array: ir.Value, offset: ir.Value) -> ir.Value:
    """The address of the element ``offset`` of an array."""
    return builder.gep(context.make_array(array_type)(context, builder, array).data, [offset])


def load_vector(builder: ir.IRBuilder, pointer: ir.Value, offset: ir.Value) -> tuple[ir.Value, ir.Value]:
    """Loads the vector ``offset`` elements after ``pointer``; returns it and its address."""
    element = pointer.type.pointee
    address = builder.bitcast(builder.gep(pointer, [offset]), vector_type(element).as_pointer())
    return builder.load(address, align=size_of(element)), address


def broadcast(builder: ir.IRBuilder, scalar: ir.Value) -> ir.Value:
    """A vector with the scalar in every lane."""
    vector = vector_type(scalar.type)
    undefined = ir.Constant(vector, ir.Undefined)
    first = builder.insert_element(undefined, scalar, ir.Constant(INT32, 0))
    return builder.shuffle_vector(first, undefined, ir.Constant(ir.VectorType(INT32, vector.count), None))


def vector_function(builder: ir.IRBuilder, name: str, vector: ir.VectorType, arguments: int) -> ir.Function:
    """LLVM's intrinsic ``name`` on vectors, such as ``sqrt`` or ``fma``."""
    signature = ir.FunctionType(vector, [vector] * arguments)
    suffix = f"v{vector.count}f{8 * size_of(vector.element)}"
    return cgutils.get_or_insert_function(builder.module, signature, f"llvm.{name}.{suffix}")


def outlined(
    module: ir.Module, name: str, arguments: list[ir.Type], emit: Callable[[ir.Function], None]
) -> ir.Function:
    """A function of the module that is emitted once and called, which keeps compilation fast."""
    if name in module.globals:
        return module.globals[name]
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), arguments), name)
    function.linkage = "linkonce_odr"
    function.attributes.add("noinline")
    emit(function)
    return function


class Vector:
    """A vector of numbers; its operators emit instructions."""

    def __init__(self, builder: ir.IRBuilder, value: ir.Value) -> None:
        self._builder = builder
        self.value = value

    @property
    def single(self) -> bool:
        """Whether its numbers have single precision."""
        return isinstance(self.value.type.element, ir.FloatType)

    def constant(self, number: float) -> "Vector":
        """A vector of the same type with ``number`` in every lane."""
        return Vector(self._builder, ir.Constant(self.value.type, [number] * self.value.type.count))

    def __add__(self, other: "Vector | float") -> "Vector":
        return self._arithmetic(self._builder.fadd, other)

    def __sub__(self, other: "Vector | float") -> "Vector":
        return self._arithmetic(self._builder.fsub, other)

    def __mul__(self, other: "Vector | float") -> "Vector":
        return self._arithmetic(self._builder.fmul, other)

    def __truediv__(self, other: "Vector | float") -> "Vector":
        return self._arithmetic(self._builder.fdiv, other)

    def __radd__(self, other: float) -> "Vector":
        return self.constant(other) + self

    def __rsub__(self, other: float) -> "Vector":
        return self.constant(other) - self

    def __rmul__(self, other: float) -> "Vector":
        return self.constant(other) * self

    def __rtruediv__(self, other: float) -> "Vector":
        return self.constant(other) / self

    def __neg__(self) -> "Vector":
        return Vector(self._builder, self._builder.fneg(self.value))

    def __abs__(self) -> "Vector":
        return self._function("fabs")

    def sqrt(self) -> "Vector":
        """The square root."""
        return self._function("sqrt")

    def where_below(self, x: "Vector", bound: float, other: "Vector | float") -> "Vector":
        """This vector where ``x < bound``, else ``other`` (also where ``x`` is NaN)."""
        condition = self._builder.fcmp_ordered("<", x.value, self.constant(bound).value)
        return Vector(self._builder, self._builder.select(condition, self.value, self._like(other)))

    def where_above(self, x: "Vector", bound: float, other: "Vector | float") -> "Vector":
        """This vector where ``x > bound``, else ``other`` (also where ``x`` is NaN)."""
        condition = self._builder.fcmp_ordered(">", x.value, self.constant(bound).value)
        return Vector(self._builder, self._builder.select(condition, self.value, self._like(other)))

    def power_of_two(self) -> "Vector":
        """2 to the power of this vector of integers, written directly into the exponent bits."""
        integer, bias, mantissa = (INT32, 127, 23) if self.single else (INT64, 1023, 52)
        integers = ir.VectorType(integer, self.value.type.count)
        count = integers.count
        biased = self._builder.add(self._builder.fptosi(self.value, integers), ir.Constant(integers, [bias] * count))
        bits = self._builder.shl(biased, ir.Constant(integers, [mantissa] * count))
        return Vector(self._builder, self._builder.bitcast(bits, self.value.type))

    def _like(self, other: "Vector | float") -> ir.Value:
        return other.value if isinstance(other, Vector) else self.constant(other).value

    def _arithmetic(self, instruction: Callable[..., ir.Value], other: "Vector | float") -> "Vector":
        return Vector(self._builder, instruction(self.value, self._like(other), flags=("contract",)))

    def _function(self, name: str) -> "Vector":
        function = vector_function(self._builder, name, self.value.type, 1)
        return Vector(self._builder, self._builder.call(function, [self.value]))


def elementwise(expression: Callable[..., Vector | tuple[Vector, ...]], blocks: Sequence[int] = ()) -> Any:
    """Compiles an expression over vectors to an operation ``operation(n, scalars, arrays, offsets)``.

    Arguments:
        expression: takes each scalar and then each array's elements, as vectors, and returns the new elements of the
            first one or more arrays.
        blocks: for each array, its number of consecutive blocks of ``n`` elements (default: one each); the expression
            takes each block as a separate vector.

    Returns:
        A function for compiled code: ``n`` is the number of elements, a multiple of the vector size; ``scalars`` a
        tuple of numbers; ``arrays`` a tuple of contiguous arrays, all of one precision; ``offsets`` the first element
        to use of each array.
    """

    @intrinsic
    def operation(_: Any, n: Any, scalars: Any, arrays: Any, offsets: Any) -> Any:
        def emit(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> ir.Value:
            array_types = signature.args[2].types
            count, *tuples = arguments
            numbers, values, starts = (cgutils.unpack_tuple(builder, packed) for packed in tuples)
            pointers = [
                data_pointer(context, builder, kind, value, builder.add(start, builder.mul(count, int64(block))))
                for kind, value, start, many in zip(
                    array_types, values, starts, blocks or [1] * len(values), strict=True
                )
                for block in range(many)
            ]
            wide = [Vector(builder, broadcast(builder, number)) for number in numbers]
            lanes = vector_type(pointers[0].type.pointee).count
            with cgutils.for_range_slice(builder, int64(0), count, int64(lanes), INT64) as (index, _):
                loaded = [load_vector(builder, pointer, index) for pointer in pointers]
                results = expression(*wide, *(Vector(builder, value) for value, _ in loaded))
                for result, (_, address) in zip(
                    results if isinstance(results, tuple) else (results,), loaded, strict=False
                ):
                    builder.store(result.value, address, align=VECTOR_BYTES // lanes)
            return context.get_dummy_value()

        return types.void(types.intp, scalars, arrays, offsets), emit

    return operation
