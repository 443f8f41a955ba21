"""What each layer of Keras becomes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from registry.inspect.keras import activations, convolutions, merges, recurrent, shapes
from registry.inspect.keras.build import Step

Handler = Callable[[Step], int | tuple[int, ...]]

_TRAINING = """
    ActivityRegularization GaussianNoise GaussianDropout AlphaDropout Identity Masking
    RandomFlip RandomRotation RandomZoom RandomContrast RandomBrightness RandomTranslation RandomHeight RandomWidth
    RandomColorJitter RandomColorDegeneration RandomErasing RandomGaussianBlur RandomGrayscale RandomHue
    RandomInvert RandomPerspective RandomPosterization RandomSaturation RandomSharpness RandomShear
    RandAugment AugMix AutoContrast CutMix MixUp Solarization Equalization
    """
"""Layers that change nothing when a model is used; Masking changes what others make of it."""

_DROPOUT = ("Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D")

_OTHER = """
    ThresholdedReLU RMSNormalization SpectralNormalization RandomCrop CategoryEncoding
    Discretization Hashing HashedCrossing IntegerLookup StringLookup TextVectorization MelSpectrogram
    STFTSpectrogram RNN StackedRNNCells LSTMCell GRUCell SimpleRNNCell ConvLSTM1D ConvLSTM2D ConvLSTM3D
    AdaptiveAveragePooling1D AdaptiveAveragePooling2D
    AdaptiveMaxPooling1D AdaptiveMaxPooling2D AdaptiveAveragePooling3D AdaptiveMaxPooling3D
    LocallyConnected1D LocallyConnected2D Lambda TorchModuleWrapper TFSMLayer JaxLayer FlaxLayer DenseFeatures
    ReversibleEmbedding MaxNumBoundingBoxes Pipeline Wrapper Layer InputSpec
    """
"""Layers of Keras that have no common operator; their results' shapes are not known unless the file says them."""

_WRAPPERS = ("QuantizeWrapper", "QuantizeWrapperV2", "PruneLowMagnitude", "ClusterWeights")


def _ranked(name: str, handler: Callable[..., int], ranks: tuple[int, ...], *more: str) -> dict[str, Handler]:
    """A layer that Keras has for several numbers of spatial dimensions."""
    return {name.format(rank): partial(_call, handler, rank, more) for rank in ranks}


def _call(handler: Callable[..., int], rank: int, more: tuple[str, ...], step: Step) -> int:
    return handler(step, rank, *more)


HANDLERS: dict[str, Handler] = {
    **_ranked("Conv{}D", convolutions.convolution, (1, 2, 3)),
    **_ranked("Convolution{}D", convolutions.convolution, (1, 2, 3)),
    **_ranked("DepthwiseConv{}D", convolutions.depthwise, (1, 2)),
    **_ranked("SeparableConv{}D", convolutions.separable, (1, 2)),
    **_ranked("SeparableConvolution{}D", convolutions.separable, (1, 2)),
    **_ranked("Conv{}DTranspose", convolutions.transposed, (1, 2, 3)),
    **_ranked("Convolution{}DTranspose", convolutions.transposed, (1, 2, 3)),
    **_ranked("MaxPooling{}D", convolutions.pool, (1, 2, 3), "max"),
    **_ranked("AveragePooling{}D", convolutions.pool, (1, 2, 3), "average"),
    **_ranked("GlobalMaxPooling{}D", convolutions.global_pool, (1, 2, 3), "max"),
    **_ranked("GlobalAveragePooling{}D", convolutions.global_pool, (1, 2, 3), "average"),
    **_ranked("ZeroPadding{}D", shapes.pad, (1, 2, 3)),
    **_ranked("Cropping{}D", shapes.crop, (1, 2, 3)),
    **_ranked("UpSampling{}D", shapes.upsampling, (1, 2, 3)),
    "Dense": convolutions.dense,
    "EinsumDense": convolutions.einsum_dense,
    "Embedding": convolutions.embedding,
    "Activation": activations.named,
    "ReLU": activations.relu,
    "LeakyReLU": activations.leaky_relu,
    "PReLU": activations.prelu,
    "ELU": activations.elu,
    "Softmax": activations.softmax,
    "Add": partial(merges.merge, kind="add"),
    "Subtract": partial(merges.merge, kind="sub"),
    "Multiply": partial(merges.merge, kind="mul"),
    "Maximum": partial(merges.merge, kind="maximum"),
    "Minimum": partial(merges.merge, kind="minimum"),
    "Average": merges.average,
    "Concatenate": merges.concatenate,
    "Dot": merges.dot,
    **dict.fromkeys(("BatchNormalization", "BatchNormalizationV1", "SyncBatchNormalization"), merges.batch_norm),
    "LayerNormalization": merges.layer_norm,
    "GroupNormalization": merges.group_norm,
    "Normalization": merges.normalization,
    "UnitNormalization": merges.unit_norm,
    "Rescaling": merges.rescaling,
    **dict.fromkeys(
        ("Attention", "AdditiveAttention", "MultiHeadAttention", "GroupedQueryAttention"), merges.attention
    ),
    "Resizing": shapes.resizing,
    "CenterCrop": shapes.center_crop,
    "Reshape": shapes.reshape,
    "Flatten": shapes.flatten,
    "Permute": shapes.permute,
    "RepeatVector": shapes.repeat_vector,
    **dict.fromkeys(("LSTM", "GRU", "SimpleRNN", "CuDNNLSTM", "CuDNNGRU"), recurrent.recurrent),
    "Bidirectional": recurrent.bidirectional,
    "TimeDistributed": recurrent.time_distributed,
    **dict.fromkeys(_WRAPPERS, recurrent.unwrapped),
    **dict.fromkeys(_DROPOUT, shapes.dropout),
    **dict.fromkeys(_TRAINING.split(), shapes.identity),
}

SAME_SHAPE = frozenset({"RMSNormalization", "ThresholdedReLU", "SpectralNormalization"})
"""Layers without a common operator that keep the shape."""

KNOWN = frozenset(HANDLERS) | frozenset(_OTHER.split()) | {"InputLayer", "Functional", "Model", "Sequential"}
"""Classes that Keras itself has, as far as a model's configuration names them."""

UNREGISTERED = frozenset(_WRAPPERS)
"""Classes that Keras lacks and that are known all the same."""
