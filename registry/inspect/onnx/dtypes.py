"""Element types of what ONNX operators give."""

from __future__ import annotations

from registry.inspect.onnx.schema import DATA_TYPES
from registry.inspect.onnx.shapes import KNOWN
from registry.inspect.onnx.step import Step

_FIXED: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("Shape", "Size", "ArgMax", "ArgMin", "NonMaxSuppression", "NonZero"), ("int64",)),
    **dict.fromkeys(("Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "Not"), ("bool",)),
    **dict.fromkeys(("And", "Or", "Xor", "IsNaN", "IsInf"), ("bool",)),
    **dict.fromkeys(("ConvInteger", "MatMulInteger"), ("int32",)),
    "DynamicQuantizeLinear": ("uint8", "float32", "uint8"),
}
_LIKE: dict[str, int] = {
    "Where": 1,
    "CastLike": 1,
    "OneHot": 2,
    "DequantizeLinear": 1,
    "QLinearConv": 7,
    "QLinearMatMul": 7,
    "QLinearAdd": 7,
    "QLinearMul": 7,
    "QLinearConcat": 1,
}
"""Input whose type the first output has, where it is not the first."""


def dtypes(step: Step) -> list[str]:
    """Types of the outputs as far as the inputs tell; `other` where they do not."""
    kind = step.type
    if kind in _FIXED:
        return list(_FIXED[kind])
    if kind in ("Cast", "QuantizeLinear", "ConstantOfShape"):
        return [_stated(step)]
    if kind in ("TopK", "MaxPool", "Unique"):
        return [_of(step, 0), "int64", "int64", "int64"]
    if kind == "QGemm":
        # without a scale of its own the result is a real number
        return [_of(step, 8) if step.given(8) else "float32"]
    if kind == "Dropout":
        return [_of(step, 0), "bool"]
    if kind not in KNOWN and not kind.startswith("Reduce"):
        return ["other"] * len(step.outputs)
    return [_of(step, _LIKE.get(kind, 0))] * len(step.outputs)


def _of(step: Step, number: int) -> str:
    value = step.value(number)
    return value.dtype if value else "other"


def _stated(step: Step) -> str:
    """The type that an attribute names, that a zero point has, or else the default."""
    if step.type == "ConstantOfShape":
        message = step.tensor("value")
        return "float32" if message is None else DATA_TYPES.get(message.data_type, "other")
    if step.type == "QuantizeLinear":
        if step.given(2):
            return _of(step, 2)
        return DATA_TYPES.get(step.integer("output_dtype", 2) or 2, "other")
    return DATA_TYPES.get(step.integer("to", 0), "other")
