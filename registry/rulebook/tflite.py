"""Rules of TensorFlow Lite files."""

from __future__ import annotations

from registry.rulebook.explanation import Chapter, Explanation

_DANGERS = {
    "tflite-archive": Explanation(
        "A damaged or hostile archive at the end of the file",
        "Label files travel in a zip archive behind the model. It is broken, too large, or has names that lead out "
        "of a folder; what is wrong is left out.",
        "Attach the labels again, or submit the model without them and name the classes on the card.",
    ),
    "tflite-constant-size": Explanation(
        "A constant with other bytes than its shape takes",
        "A runtime that trusts the shape would read beyond the constant.",
        "Export the model again; no converter writes such a file.",
    ),
    "tflite-external-buffer": Explanation(
        "Weights outside of the file",
        "A tensor's bytes stand in another file, so that the digest of this one does not cover them.",
        "Export the model with its weights inside.",
    ),
    "tflite-flex": Explanation(
        "An operator of TensorFlow itself",
        "The operator needs the Flex delegate, which no microcontroller has; some of them read files or run code.",
        "Convert with the built-in operators of TensorFlow Lite only, and replace the layer that does not convert.",
    ),
    "tflite-metadata": Explanation(
        "Metadata that is broken or stands twice",
        "The metadata in the file cannot be read, or two entries have one name. The model runs without it.",
        "Write the metadata again with the tool that made it, or remove it.",
    ),
    "tflite-options": Explanation(
        "Options of another operator",
        "An operator carries options of another kind; a runtime takes defaults, or stops.",
        "Export the model again with a converter of the version that the runtime has.",
    ),
    "tflite-order": Explanation(
        "An operator before what it reads",
        "Operators stand in order of execution, and one reads a tensor that a later one writes: it would read "
        "what lies in memory by chance.",
        "Export the model again; do not reorder a file by hand.",
    ),
    "tflite-recursion": Explanation(
        "Subgraphs that run themselves",
        "A subgraph calls itself, at once or by way of others, and would never end.",
        "Export the model again without the recursion.",
    ),
    "tflite-shape": Explanation(
        "A tensor larger than any memory",
        "A shape takes more memory than any machine has; a runtime would fail, or wrap the number around.",
        "Export the model again with the input size that is meant.",
    ),
}

_LIMITS = {
    "tflite-custom": Explanation(
        "An operator that is not of TensorFlow Lite",
        "Only a runtime that carries this operator's own code can run the file.",
        "Declare only targets whose runtime carries it, or submit a variant without the operator.",
    ),
    "tflite-delegate": Explanation(
        "A part that was compiled for one delegate",
        "The file holds the output of a delegate, which runs nowhere else.",
        "Submit the model before it was compiled; a compiled one is a variant for that target alone.",
    ),
    "tflite-quantization": Explanation(
        "A quantization that runtimes rarely know",
        "A tensor is quantized by blocks, by several axes or in a way of its own.",
        "Quantize per tensor or per channel.",
    ),
    "tflite-quantization-shape": Explanation(
        "Scales that do not belong to the tensor",
        "The number of scales or zero points is not the size of the axis that they are for.",
        "Quantize the model again.",
    ),
    "tflite-scale": Explanation(
        "A scale that is no positive number",
        "A scale is zero, negative or infinite, so that the integers mean nothing.",
        "Calibrate with real images and quantize again.",
    ),
    "tflite-schema": Explanation(
        "Another version of the schema",
        "Runtimes of today read version 3 of TensorFlow Lite's schema.",
        "Convert the model with a current converter.",
    ),
    "tflite-type": Explanation(
        "An unknown element type",
        "The code of a tensor's element type is not of the schema.",
        "Export the model again; a newer type needs a newer version of this tool.",
    ),
    "tflite-unknown-operator": Explanation(
        "An unknown operator code",
        "The code of an operator is not of the schema: the file is newer than this tool, or damaged.",
        "Convert for an older runtime, or update this tool.",
    ),
}

_NOTES = {
    "tflite-control-flow": Explanation(
        "Operators that run subgraphs",
        "What runs is decided while the model runs, so that work and memory are bounds and no figures.",
        "Nothing, where it is meant; compilers of NPUs rarely take such a model.",
    ),
    "tflite-metadata-size": Explanation(
        "Very long metadata",
        "The metadata is longer than 1 MiB and was cut here.",
        "Keep data out of the metadata.",
    ),
    "tflite-resource": Explanation(
        "State beside the graph",
        "The model keeps a table or variables of its own, so that a result may depend on what ran before.",
        "Nothing, where it is meant; say so in the card's `notes`.",
    ),
    "tflite-sparse": Explanation(
        "Weights that are stored sparse",
        "Zeros are left out; fewer runtimes take such weights.",
        "Nothing, where the target takes them.",
    ),
    "tflite-subgraph": Explanation(
        "A subgraph that is not shown",
        "A subgraph runs from several places, or from none, and does not stand in the graph that is counted.",
        "Remove what is not run; otherwise nothing.",
    ),
}

CHAPTER = Chapter(
    "TensorFlow Lite files",
    "Reading a TFLite file: `zoo inspect`, `zoo check`, `zoo deploy` and every command that opens one.",
    {**_DANGERS, **_LIMITS, **_NOTES},
)
