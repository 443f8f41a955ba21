"""Numbers and names of the public ONNX schema (onnx.proto and the operator sets up to 26). Facts only.

Sources: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto and docs/Operators.md beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

MODEL: Final = {
    "ir_version": 1,
    "producer_name": 2,
    "producer_version": 3,
    "domain": 4,
    "model_version": 5,
    "doc_string": 6,
    "graph": 7,
    "opset_import": 8,
    "metadata_props": 14,
    "training_info": 20,
    "functions": 25,
}
GRAPH: Final = {
    "node": 1,
    "name": 2,
    "initializer": 5,
    "doc_string": 10,
    "input": 11,
    "output": 12,
    "value_info": 13,
    "sparse_initializer": 15,
}
NODE: Final = {"input": 1, "output": 2, "name": 3, "op_type": 4, "attribute": 5, "domain": 7, "overload": 8}
ATTRIBUTE: Final = {
    "name": 1,
    "f": 2,
    "i": 3,
    "s": 4,
    "t": 5,
    "g": 6,
    "floats": 7,
    "ints": 8,
    "strings": 9,
    "tensors": 10,
    "graphs": 11,
    "ref_attr_name": 21,
    "sparse_tensor": 22,
    "sparse_tensors": 23,
}
TENSOR: Final = {
    "dims": 1,
    "data_type": 2,
    "float_data": 4,
    "int32_data": 5,
    "string_data": 6,
    "int64_data": 7,
    "name": 8,
    "raw_data": 9,
    "double_data": 10,
    "uint64_data": 11,
    "external_data": 13,
    "data_location": 14,
}
FUNCTION: Final = {
    "name": 1,
    "input": 4,
    "output": 5,
    "attribute": 6,
    "node": 7,
    "opset_import": 9,
    "domain": 10,
    "attribute_proto": 11,
    "value_info": 12,
    "overload": 13,
}
VALUE_INFO: Final = {"name": 1, "type": 2}
TYPE: Final = {"tensor_type": 1, "sparse_tensor_type": 8}
TENSOR_TYPE: Final = {"elem_type": 1, "shape": 2}
SHAPE: Final = {"dim": 1}
DIMENSION: Final = {"dim_value": 1, "dim_param": 2}
SPARSE_TENSOR: Final = {"values": 1, "indices": 2, "dims": 3}
ENTRY: Final = {"key": 1, "value": 2}
OPERATOR_SET: Final = {"domain": 1, "version": 2}
"""Field numbers by message."""

DATA_TYPES: Mapping[int, str] = {
    1: "float32",
    2: "uint8",
    3: "int8",
    4: "uint16",
    5: "int16",
    6: "int32",
    7: "int64",
    8: "string",
    9: "bool",
    10: "float16",
    11: "float64",
    12: "uint32",
    13: "uint64",
    14: "complex64",
    15: "complex128",
    16: "bfloat16",
    17: "float8",
    18: "float8",
    19: "float8",
    20: "float8",
    21: "uint4",
    22: "int4",
    23: "float4",
    24: "float8",
    25: "uint2",
    26: "int2",
}
"""Common dtype by `TensorProto.DataType`; any other is `other`."""

RAW_CODES: Mapping[str, str] = {
    "float32": "f",
    "uint8": "B",
    "int8": "b",
    "uint16": "H",
    "int16": "h",
    "int32": "i",
    "int64": "q",
    "bool": "B",
    "float16": "e",
    "float64": "d",
    "uint32": "I",
    "uint64": "Q",
}
"""Code of `struct` of an element of `raw_data`, for dtypes that have one."""

STANDARD: Final = "ai.onnx"
"""The default domain; a file may also write it as the empty string."""

_WORDS: Final = """
    Abs Acos Acosh Add AffineGrid And ArgMax ArgMin Asin Asinh Atan Atanh Attention AveragePool
    BatchNormalization Bernoulli BitCast BitShift BitwiseAnd BitwiseNot BitwiseOr BitwiseXor BlackmanWindow
    Cast CastLike CausalConvWithState Ceil Celu CenterCropPad Clip Col2Im Compress Concat ConcatFromSequence
    Constant ConstantOfShape Conv ConvInteger ConvTranspose Cos Cosh CumProd CumSum DFT DeformConv
    DepthToSpace DequantizeLinear Det Div Dropout DynamicQuantizeLinear Einsum Elu Equal Erf Exp Expand
    EyeLike Flatten Floor GRU Gather GatherElements GatherND Gelu Gemm GlobalAveragePool GlobalLpPool
    GlobalMaxPool Greater GreaterOrEqual GridSample GroupNormalization HammingWindow HannWindow HardSigmoid
    HardSwish Hardmax Identity If ImageDecoder InstanceNormalization IsInf IsNaN LRN LSTM LayerNormalization
    LeakyRelu Less LessOrEqual LinearAttention Log LogSoftmax Loop LpNormalization LpPool MatMul
    MatMulInteger Max MaxPool MaxRoiPool MaxUnpool Mean MeanVarianceNormalization MelWeightMatrix Min Mish
    Mod Mul Multinomial Neg NegativeLogLikelihoodLoss NonMaxSuppression NonZero Not OneHot Optional
    OptionalGetElement OptionalHasElement Or PRelu Pad Pow QLinearConv QLinearMatMul QuantizeLinear
    RMSNormalization RNN RandomNormal RandomNormalLike RandomUniform RandomUniformLike Range Reciprocal
    ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum
    ReduceSumSquare RegexFullMatch Relu Reshape Resize ReverseSequence RoiAlign RotaryEmbedding Round STFT
    Scan Scatter ScatterElements ScatterND Selu SequenceAt SequenceConstruct SequenceEmpty SequenceErase
    SequenceInsert SequenceLength SequenceMap Shape Shrink Sigmoid Sign Sin Sinh Size Slice Softmax
    SoftmaxCrossEntropyLoss Softplus Softsign SpaceToDepth Split SplitToSequence Sqrt Squeeze StringConcat
    StringNormalizer StringSplit Sub Sum SwiGLU Swish Tan Tanh TensorScatter TfIdfVectorizer ThresholdedRelu
    Tile TopK Transpose Trilu Unique Unsqueeze Upsample Where Xor
    """

OPERATORS = frozenset(_WORDS.split())
"""Operators of the default domain, of any version; old experimental ones are not among them."""

CLASSICAL: Final = "ai.onnx.ml"
TRAINING: Final = ("ai.onnx.training", "ai.onnx.preview.training")
PREVIEW: Final = "ai.onnx.preview"
CONTRIBUTED: Final = "com.microsoft"
"""Domain of the operators that ONNX Runtime's own quantizer and optimiser write."""
