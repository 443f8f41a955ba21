"""Names of TensorFlow Lite's schema version 3: operators, element types, enumerations.

The facts are those of `schema.fbs` as LiteRT 2.3 has them: https://github.com/google-ai-edge/LiteRT. Numbers of a
schema never change; new ones are added at the end.
"""

from __future__ import annotations

from collections.abc import Mapping

IDENTIFIER = b"TFL3"

_OPERATORS = """
    ADD AVERAGE_POOL_2D CONCATENATION CONV_2D DEPTHWISE_CONV_2D DEPTH_TO_SPACE DEQUANTIZE EMBEDDING_LOOKUP FLOOR
    FULLY_CONNECTED HASHTABLE_LOOKUP L2_NORMALIZATION L2_POOL_2D LOCAL_RESPONSE_NORMALIZATION LOGISTIC
    LSH_PROJECTION LSTM MAX_POOL_2D MUL RELU RELU_N1_TO_1 RELU6 RESHAPE RESIZE_BILINEAR RNN SOFTMAX
    SPACE_TO_DEPTH SVDF TANH CONCAT_EMBEDDINGS SKIP_GRAM CALL CUSTOM EMBEDDING_LOOKUP_SPARSE PAD
    UNIDIRECTIONAL_SEQUENCE_RNN GATHER BATCH_TO_SPACE_ND SPACE_TO_BATCH_ND TRANSPOSE MEAN SUB DIV SQUEEZE
    UNIDIRECTIONAL_SEQUENCE_LSTM STRIDED_SLICE BIDIRECTIONAL_SEQUENCE_RNN EXP TOPK_V2 SPLIT LOG_SOFTMAX DELEGATE
    BIDIRECTIONAL_SEQUENCE_LSTM CAST PRELU MAXIMUM ARG_MAX MINIMUM LESS NEG PADV2 GREATER GREATER_EQUAL
    LESS_EQUAL SELECT SLICE SIN TRANSPOSE_CONV SPARSE_TO_DENSE TILE EXPAND_DIMS EQUAL NOT_EQUAL LOG SUM SQRT
    RSQRT SHAPE POW ARG_MIN FAKE_QUANT REDUCE_PROD REDUCE_MAX PACK LOGICAL_OR ONE_HOT LOGICAL_AND LOGICAL_NOT
    UNPACK REDUCE_MIN FLOOR_DIV REDUCE_ANY SQUARE ZEROS_LIKE FILL FLOOR_MOD RANGE RESIZE_NEAREST_NEIGHBOR
    LEAKY_RELU SQUARED_DIFFERENCE MIRROR_PAD ABS SPLIT_V UNIQUE CEIL REVERSE_V2 ADD_N GATHER_ND COS WHERE RANK
    ELU REVERSE_SEQUENCE MATRIX_DIAG QUANTIZE MATRIX_SET_DIAG ROUND HARD_SWISH IF WHILE NON_MAX_SUPPRESSION_V4
    NON_MAX_SUPPRESSION_V5 SCATTER_ND SELECT_V2 DENSIFY SEGMENT_SUM BATCH_MATMUL
    PLACEHOLDER_FOR_GREATER_OP_CODES CUMSUM CALL_ONCE BROADCAST_TO RFFT2D CONV_3D IMAG REAL COMPLEX_ABS
    HASHTABLE HASHTABLE_FIND HASHTABLE_IMPORT HASHTABLE_SIZE REDUCE_ALL CONV_3D_TRANSPOSE VAR_HANDLE
    READ_VARIABLE ASSIGN_VARIABLE BROADCAST_ARGS RANDOM_STANDARD_NORMAL BUCKETIZE RANDOM_UNIFORM MULTINOMIAL
    GELU DYNAMIC_UPDATE_SLICE RELU_0_TO_1 UNSORTED_SEGMENT_PROD UNSORTED_SEGMENT_MAX UNSORTED_SEGMENT_SUM ATAN2
    UNSORTED_SEGMENT_MIN SIGN BITCAST BITWISE_XOR RIGHT_SHIFT STABLEHLO_LOGISTIC STABLEHLO_ADD STABLEHLO_DIVIDE
    STABLEHLO_MULTIPLY STABLEHLO_MAXIMUM STABLEHLO_RESHAPE STABLEHLO_CLAMP STABLEHLO_CONCATENATE
    STABLEHLO_BROADCAST_IN_DIM STABLEHLO_CONVOLUTION STABLEHLO_SLICE STABLEHLO_CUSTOM_CALL STABLEHLO_REDUCE
    STABLEHLO_ABS STABLEHLO_AND STABLEHLO_COSINE STABLEHLO_EXPONENTIAL STABLEHLO_FLOOR STABLEHLO_LOG
    STABLEHLO_MINIMUM STABLEHLO_NEGATE STABLEHLO_OR STABLEHLO_POWER STABLEHLO_REMAINDER STABLEHLO_RSQRT
    STABLEHLO_SELECT STABLEHLO_SUBTRACT STABLEHLO_TANH STABLEHLO_SCATTER STABLEHLO_COMPARE STABLEHLO_CONVERT
    STABLEHLO_DYNAMIC_SLICE STABLEHLO_DYNAMIC_UPDATE_SLICE STABLEHLO_PAD STABLEHLO_IOTA STABLEHLO_DOT_GENERAL
    STABLEHLO_REDUCE_WINDOW STABLEHLO_SORT STABLEHLO_WHILE STABLEHLO_GATHER STABLEHLO_TRANSPOSE DILATE
    STABLEHLO_RNG_BIT_GENERATOR REDUCE_WINDOW STABLEHLO_COMPOSITE STABLEHLO_SHIFT_LEFT STABLEHLO_CBRT
    STABLEHLO_CASE
    """

OPERATORS = tuple(_OPERATORS.split())
"""Names of the builtin operators by code."""

CUSTOM = OPERATORS.index("CUSTOM")
GREATER_CODES = OPERATORS.index("PLACEHOLDER_FOR_GREATER_OP_CODES")
"""What the old one-byte field holds when the code is in the new field only."""

DTYPES = (
    *("float32", "float16", "int32", "uint8", "int64", "string", "bool", "int16", "complex64", "int8"),
    *("float64", "complex128", "uint64", "other", "other", "uint32", "uint16", "int4", "bfloat16", "int2"),
    *("uint4", "float8", "float8"),
)
"""Element types by number; `other` are handles of resources (13) and variants (14)."""

ACTIVATIONS = ("none", "relu", "relu-n1-to-1", "relu6", "tanh", "sign-bit")
PADDINGS = ("same", "valid")

_SAME = """
    add sub mul div maximum minimum pow squared_difference exp log sqrt rsqrt square abs neg floor ceil round
    sin cos relu relu6 relu_n1_to_1 prelu elu gelu hard_swish tanh softmax log_softmax leaky_relu
    conv_2d depthwise_conv_2d fully_connected average_pool_2d max_pool_2d mean sum reduce_max reduce_min
    reduce_prod split slice strided_slice gather pad reshape squeeze transpose tile pack unpack shape cast
    resize_bilinear depth_to_space space_to_depth where select equal greater less quantize dequantize
    lstm rnn svdf if while call conv_3d
    """
_OTHERS = {
    "TRANSPOSE_CONV": "transpose-conv2d",
    "BATCH_MATMUL": "matmul",
    "ADD_N": "add",
    "LOGISTIC": "sigmoid",
    "RELU_0_TO_1": "clip",
    "L2_NORMALIZATION": "l2-norm",
    "LOCAL_RESPONSE_NORMALIZATION": "local-response-norm",
    "CONCATENATION": "concat",
    "SPLIT_V": "split",
    "GATHER_ND": "gather",
    "PADV2": "pad",
    "MIRROR_PAD": "pad",
    "EXPAND_DIMS": "unsqueeze",
    "BROADCAST_TO": "broadcast",
    "RESIZE_NEAREST_NEIGHBOR": "resize-nearest",
    "SPACE_TO_BATCH_ND": "space-to-batch",
    "BATCH_TO_SPACE_ND": "batch-to-space",
    "ARG_MAX": "argmax",
    "ARG_MIN": "argmin",
    "TOPK_V2": "topk",
    "SELECT_V2": "select",
    "NOT_EQUAL": "equal",
    "GREATER_EQUAL": "greater",
    "LESS_EQUAL": "less",
    "LOGICAL_AND": "logical",
    "LOGICAL_OR": "logical",
    "LOGICAL_NOT": "not",
    "FAKE_QUANT": "fake-quantize",
    "UNIDIRECTIONAL_SEQUENCE_LSTM": "lstm",
    "BIDIRECTIONAL_SEQUENCE_LSTM": "lstm",
    "UNIDIRECTIONAL_SEQUENCE_RNN": "rnn",
    "BIDIRECTIONAL_SEQUENCE_RNN": "rnn",
    "EMBEDDING_LOOKUP": "embedding",
    "NON_MAX_SUPPRESSION_V4": "non-max-suppression",
    "NON_MAX_SUPPRESSION_V5": "non-max-suppression",
    "STABLEHLO_WHILE": "while",
    "STABLEHLO_CASE": "if",
    "STABLEHLO_COMPOSITE": "call",
    "CALL_ONCE": "call",
    "STABLEHLO_ADD": "add",
    "STABLEHLO_SUBTRACT": "sub",
    "STABLEHLO_MULTIPLY": "mul",
    "STABLEHLO_DIVIDE": "div",
    "STABLEHLO_MAXIMUM": "maximum",
    "STABLEHLO_MINIMUM": "minimum",
    "STABLEHLO_POWER": "pow",
    "STABLEHLO_LOGISTIC": "sigmoid",
    "STABLEHLO_TANH": "tanh",
    "STABLEHLO_EXPONENTIAL": "exp",
    "STABLEHLO_LOG": "log",
    "STABLEHLO_ABS": "abs",
    "STABLEHLO_FLOOR": "floor",
    "STABLEHLO_COSINE": "cos",
    "STABLEHLO_NEGATE": "neg",
    "STABLEHLO_RSQRT": "rsqrt",
    "STABLEHLO_CLAMP": "clip",
    "STABLEHLO_CONVERT": "cast",
    "STABLEHLO_SELECT": "select",
    "STABLEHLO_AND": "logical",
    "STABLEHLO_OR": "logical",
    "STABLEHLO_RESHAPE": "reshape",
    "STABLEHLO_BROADCAST_IN_DIM": "broadcast",
    "TFLite_Detection_PostProcess": "detection-postprocess",
}

COMMON: Mapping[str, str] = {
    **{name.upper(): name.replace("_2d", "2d").replace("_3d", "3d").replace("_", "-") for name in _SAME.split()},
    **_OTHERS,
}
"""Common type of an operator by its name in the schema (see `graph.TYPES`)."""

CALLS: Mapping[str, tuple[int, tuple[int, ...]]] = {
    "CALL": (16, (0,)),
    "IF": (92, (0, 1)),
    "WHILE": (93, (0, 1)),
    "CALL_ONCE": (103, (0,)),
}
"""Operators that run subgraphs: kind of their options and the fields that name a subgraph."""

CALLS_2: Mapping[str, tuple[int, tuple[int, ...]]] = {
    "STABLEHLO_REDUCE": (6, (1,)),
    "STABLEHLO_SCATTER": (7, (6,)),
    "STABLEHLO_REDUCE_WINDOW": (13, (5,)),
    "STABLEHLO_SORT": (14, (2,)),
    "STABLEHLO_WHILE": (15, (0, 1)),
    "STABLEHLO_COMPOSITE": (21, (1,)),
}
"""The same for operators whose options stand in the second union."""
