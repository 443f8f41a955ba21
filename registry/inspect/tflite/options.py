"""Attributes of TFLite operators by their names in `graph.TYPES`: from options, weights and constant inputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from registry.inspect.tflite import windows as tflite_windows
from registry.inspect.tflite.flatbuffer import INT32
from registry.inspect.tflite.node import Attributes, Node, dimension, from_front
from registry.inspect.tflite.schema import ACTIVATIONS, DTYPES


def _fully_connected(node: Node) -> Attributes:
    return {"transposed": True, "keep_dims": node.flag(2), "activation": node.word(0, ACTIVATIONS)}


def _activation(node: Node) -> Attributes:
    return {"activation": node.word(0, ACTIVATIONS)}


def _axis_option(field: int, activation: int | None = None) -> Callable[[Node], Attributes]:
    """An axis that stands in the options."""

    def found(node: Node) -> Attributes:
        rank = len(node.shape(0)) + (node.native == "PACK")
        axis: Attributes = {"axis": from_front(node.integer(field), rank)}
        return axis if activation is None else axis | {"activation": node.word(activation, ACTIVATIONS)}

    return found


def _axis_input(number: int, data: int = 0) -> Callable[[Node], Attributes]:
    """An axis that is a constant input."""

    def found(node: Node) -> Attributes:
        values = node.values(number)
        return {"axis": from_front(values[0], len(node.shape(data)))} if values else {}

    return found


def _last_axis(node: Node) -> Attributes:
    rank = len(node.shape(0))
    axis: Attributes = {"axis": rank - 1} if rank else {}
    return axis if node.options is None or node.native != "SOFTMAX" else axis | {"beta": node.options.real(0)}


def _reduce(node: Node) -> Attributes:
    axes, rank = node.values(1), len(node.shape(0))
    known: Attributes = {} if axes is None else {"axes": tuple(from_front(axis, rank) for axis in axes)}
    return known | {"keep_dims": node.flag(0)}


def _reshape(node: Node) -> Attributes:
    options = node.options.integers(0, INT32, 64) if node.options else ()
    shape = node.values(1) or options
    return {"shape": shape} if shape else {}


def _pad(node: Node) -> Attributes:
    values = node.values(1)
    found: Attributes = {} if values is None else {"pads": tuple(zip(values[::2], values[1::2], strict=False))}
    if node.native == "MIRROR_PAD":
        found["mode"] = node.word(0, ("reflect", "symmetric"))
    return found


def _input(name: str, number: int) -> Callable[[Node], Attributes]:
    """Numbers that are a constant input."""

    def found(node: Node) -> Attributes:
        values = node.values(number)
        return {} if values is None else {name: values}

    return found


def _resize(align: int) -> Callable[[Node], Attributes]:
    def found(node: Node) -> Attributes:
        return {"align_corners": node.flag(align), "half_pixel_centers": node.flag(align + 1)}

    return found


def _strided_slice(node: Node) -> Attributes:
    names = ("begin", "end", "strides")
    known = {name: node.values(number) for number, name in enumerate(names, 1)}
    masks = ("begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask")
    return {
        **{name: values for name, values in known.items() if values is not None},
        **{name: node.integer(field) for field, name in enumerate(masks)},
    }


def _slice(node: Node) -> Attributes:
    return _input("begin", 1)(node) | _input("size", 2)(node)


def _squeeze(node: Node) -> Attributes:
    axes = node.options.integers(0, INT32, 64) if node.options else ()
    return {"axes": tuple(from_front(axis, len(node.shape(0))) for axis in axes)}


def _block(node: Node) -> Attributes:
    return {"block_size": node.integer(0)}


def _blocks(node: Node) -> Attributes:
    return _input("block_shape", 1)(node) | _input("crops" if node.native[0] == "B" else "pads", 2)(node)


def _leaky(node: Node) -> Attributes:
    return {"alpha": node.options.real(0) if node.options else 0.0}


def _elu(_node: Node) -> Attributes:
    return {"alpha": 1.0}


def _zero_to_one(_node: Node) -> Attributes:
    return {"minimum": 0.0, "maximum": 1.0}


def _gelu(node: Node) -> Attributes:
    return {"approximate": node.flag(0)}


def _matmul(node: Node) -> Attributes:
    return {"adj_x": node.flag(0), "adj_y": node.flag(1)}


def _cast(node: Node) -> Attributes:
    return {"from": node.word(0, DTYPES), "to": node.word(1, DTYPES)}


def _norm(node: Node) -> Attributes:
    options = node.options
    if options is None:
        return {}
    return {"radius": node.integer(0), "bias": options.real(1), "alpha": options.real(2), "beta": options.real(3)}


def _lstm(node: Node) -> Attributes:
    basic = node.native == "LSTM" and node.word(3, ("full", "basic")) == "basic"
    rows = dimension(node.shape(2), 0)
    sequence = node.native != "LSTM"
    time_major = {"UNIDIRECTIONAL_SEQUENCE_LSTM": 3, "BIDIRECTIONAL_SEQUENCE_LSTM": 4}.get(node.native)
    return {
        "units": rows // 4 if rows and basic else rows,
        "return_sequences": sequence,
        "bidirectional": node.native.startswith("BI"),
        "time_major": time_major is not None and node.flag(time_major),
        "activation": node.word(0, ACTIVATIONS),
    }


def _rnn(node: Node) -> Attributes:
    sequence = node.native != "RNN"
    return {
        "units": dimension(node.shape(1), 0),
        "return_sequences": sequence,
        "bidirectional": node.native.startswith("BI"),
        "time_major": sequence and node.flag(0),
        "activation": node.word(1 if sequence else 0, ACTIVATIONS),
    }


def _svdf(node: Node) -> Attributes:
    return {"rank": node.integer(0), "activation": node.word(1, ACTIVATIONS)}


_READERS: Mapping[str, tuple[int, Callable[[Node], Attributes]]] = {
    "CONV_2D": (1, tflite_windows.conv),
    "DEPTHWISE_CONV_2D": (2, tflite_windows.depthwise),
    "TRANSPOSE_CONV": (49, tflite_windows.transpose_conv),
    "CONV_3D": (106, tflite_windows.conv3d),
    **dict.fromkeys(("AVERAGE_POOL_2D", "MAX_POOL_2D", "L2_POOL_2D"), (5, tflite_windows.pool)),
    "FULLY_CONNECTED": (8, _fully_connected),
    "BATCH_MATMUL": (101, _matmul),
    "ADD": (11, _activation),
    "SUB": (28, _activation),
    "MUL": (21, _activation),
    "DIV": (29, _activation),
    "L2_NORMALIZATION": (12, _activation),
    "LOCAL_RESPONSE_NORMALIZATION": (13, _norm),
    "CONCATENATION": (10, _axis_option(0, activation=1)),
    "GATHER": (23, _axis_option(0)),
    "PACK": (59, _axis_option(1)),
    "UNPACK": (64, _axis_option(1)),
    "SPLIT": (35, _axis_input(0, data=1)),
    "SPLIT_V": (79, _axis_input(2)),
    "ARG_MAX": (40, _axis_input(1)),
    "ARG_MIN": (57, _axis_input(1)),
    "SOFTMAX": (9, _last_axis),
    "LOG_SOFTMAX": (36, _last_axis),
    **dict.fromkeys(("MEAN", "SUM", "REDUCE_MAX", "REDUCE_MIN", "REDUCE_PROD"), (27, _reduce)),
    **dict.fromkeys(("REDUCE_ANY", "REDUCE_ALL"), (27, _reduce)),
    "RESHAPE": (17, _reshape),
    "PAD": (22, _pad),
    "PADV2": (43, _pad),
    "MIRROR_PAD": (77, _pad),
    "TRANSPOSE": (26, _input("permutation", 1)),
    "TILE": (51, _input("repeats", 1)),
    "BROADCAST_TO": (104, _input("shape", 1)),
    "TOPK_V2": (34, _input("k", 1)),
    "EXPAND_DIMS": (52, _input("axes", 1)),
    "SQUEEZE": (30, _squeeze),
    "SLICE": (48, _slice),
    "STRIDED_SLICE": (32, _strided_slice),
    "RESIZE_BILINEAR": (15, _resize(2)),
    "RESIZE_NEAREST_NEIGHBOR": (74, _resize(0)),
    "SPACE_TO_DEPTH": (19, _block),
    "DEPTH_TO_SPACE": (94, _block),
    "SPACE_TO_BATCH_ND": (25, _blocks),
    "BATCH_TO_SPACE_ND": (24, _blocks),
    "LEAKY_RELU": (75, _leaky),
    "ELU": (0, _elu),
    "RELU_0_TO_1": (0, _zero_to_one),
    "GELU": (116, _gelu),
    "CAST": (37, _cast),
    "LSTM": (14, _lstm),
    "UNIDIRECTIONAL_SEQUENCE_LSTM": (71, _lstm),
    "BIDIRECTIONAL_SEQUENCE_LSTM": (69, _lstm),
    "RNN": (7, _rnn),
    "UNIDIRECTIONAL_SEQUENCE_RNN": (31, _rnn),
    "BIDIRECTIONAL_SEQUENCE_RNN": (70, _rnn),
    "SVDF": (6, _svdf),
}
"""Kind of an operator's options in the union, and how they are read."""


def kind_of_options(native: str) -> int:
    """The kind of options that an operator must have in the first union; 0 where none is read."""
    return _READERS[native][0] if native in _READERS else 0


def attributes(node: Node) -> Attributes:
    """What is known of an operator beyond its tensors."""
    known = _READERS.get(node.native)
    return known[1](node) if known else {}
