"""Rules of ONNX files."""

from __future__ import annotations

from registry.rulebook.explanation import Chapter, Explanation

_INSIDE = "Save the model with its weights inside, or beside it under a plain relative name."

_EXTERNAL = {
    "onnx-external-absolute": Explanation(
        "Weights by an absolute path",
        "Loading the model would read any file of the machine that its author chose.",
        _INSIDE,
    ),
    "onnx-external-outside": Explanation(
        "Weights outside of the model's folder",
        "The path of the weights climbs out of the folder by `..`, and would read files that are none of the "
        "model's.",
        _INSIDE,
    ),
    "onnx-external-link": Explanation(
        "Weights behind a link",
        "A symbolic link on the way to the weights may lead anywhere.",
        "Put the file itself where the link is.",
    ),
    "onnx-external-location": Explanation(
        "Weights without a usable place",
        "The place of the weights is empty, nested too deeply, or no regular file.",
        _INSIDE,
    ),
    "onnx-external-many": Explanation(
        "Weights in too many files",
        "The weights are spread over more files than are looked at.",
        "Save all weights in one file, or inside the model.",
    ),
    "onnx-external-missing": Explanation(
        "Weights that are not there",
        "The file of weights is not beside the model, which cannot run without it.",
        "Add the file as an artifact of the variant, or save the weights inside the model.",
    ),
    "onnx-external-short": Explanation(
        "Weights that end too early",
        "The file of weights has fewer bytes than the model reads from it.",
        "Copy the file of weights again; it belongs to this model only.",
    ),
}

_DANGERS = {
    "onnx-data-size": Explanation(
        "A constant with other bytes than its shape takes",
        "A runtime that trusts the shape would read beyond the constant.",
        "Export the model again; no exporter writes such a file.",
    ),
    "onnx-dimensions": Explanation(
        "Dimensions that cannot be",
        "A constant has a negative dimension, too many, or so large ones that they overflow any memory.",
        "Export the model again.",
    ),
    "onnx-duplicate-name": Explanation(
        "Two values of one name",
        "Readers may differ in which of the two they take, so that one file is two models.",
        "Export the model again, with names of their own.",
    ),
    "onnx-nesting": Explanation(
        "Graphs nested too deeply",
        "Graphs stand in each other deeper than is read; deep nesting is a way to exhaust a reader.",
        "Export the model without the nested control flow.",
    ),
    "onnx-shadow": Explanation(
        "A function in the place of an operator",
        "The file brings a function under the name of one of ONNX's own operators: the operator does not do what "
        "its name says.",
        "Export the model without the function, or give it a domain of its own.",
    ),
}

_LIMITS = {
    "onnx-domain": Explanation(
        "An operator from outside of ONNX",
        "Only a runtime that carries this operator's own code can run the file.",
        "Declare only targets whose runtime carries it, or export for standard operators.",
    ),
    "onnx-ml": Explanation(
        "An operator of classical machine learning",
        "Operators of the domain `ai.onnx.ml` are trees, encoders and the like; toolchains of boards do not take "
        "them.",
        "Do that step outside of the model.",
    ),
    "onnx-operator": Explanation(
        "No operator of this name",
        "ONNX has no such operator in its standard domain.",
        "Export the model again with a current exporter.",
    ),
    "onnx-training": Explanation(
        "Parts for training",
        "The file holds operators or graphs for training, which a runtime for inference does not take.",
        "Export the model for inference.",
    ),
}

_NOTES = {
    "metadata-cut": Explanation(
        "Very long metadata",
        "The metadata in the file is longer than is kept, and was cut here.",
        "Keep data out of the metadata.",
    ),
    "onnx-blocks": Explanation(
        "Scales by block",
        "Weights are quantized by block, which is not read here and which few toolchains of boards take.",
        "Quantize per tensor or per channel.",
    ),
    "onnx-contradiction": Explanation(
        "The file contradicts its operators",
        "A stated shape or element type is not the one that the operators give; the operators are believed.",
        "Run shape inference again when the model is exported.",
    ),
    "onnx-control-flow": Explanation(
        "Operators that run inner graphs",
        "What runs is decided while the model runs, so that work and memory are bounds and no figures.",
        "Nothing, where it is meant; compilers of NPUs rarely take such a model.",
    ),
    "onnx-function": Explanation(
        "Functions of the file's own",
        "Operators stand in a function that is called more than once or never, apart from the graph that is "
        "counted.",
        "Nothing, where it is meant; inline the functions for toolchains that do not take them.",
    ),
    "onnx-order": Explanation(
        "Nodes out of order",
        "Nodes stand before what they read, which ONNX does not allow; they were sorted to be read.",
        "Sort the graph when it is exported: some runtimes refuse it as it is.",
    ),
    "onnx-scale": Explanation(
        "A scale that is no positive number",
        "A scale is zero, negative or infinite, so that the integers mean nothing.",
        "Calibrate with real images and quantize again.",
    ),
}

CHAPTER = Chapter(
    "ONNX files",
    "Reading an ONNX file: `zoo inspect`, `zoo check`, `zoo deploy` and every command that opens one.",
    {**_EXTERNAL, **_DANGERS, **_LIMITS, **_NOTES},
)
