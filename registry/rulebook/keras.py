"""Rules of Keras files, and of the HDF5 that holds their weights."""

from __future__ import annotations

from registry.rulebook.explanation import Chapter, Explanation

_PLAIN = "Save the model again with Keras's own `save`, which writes none of this."

_CODE = {
    "keras-lambda": Explanation(
        "A Lambda layer",
        "A Lambda layer holds code as bytecode or by name, and loading the model would run it "
        "(CVE-2024-3660, CVE-2025-1550).",
        "Replace it by a layer or operation of Keras, or export the model to TFLite or ONNX.",
    ),
    "keras-function": Explanation(
        "A function that is looked up by name",
        "Loading would look up a function outside of the parts of Keras that models are made of, or one that "
        "fetches or reads files (CVE-2025-8747).",
        "Use functions of `keras.ops` and `keras.activations` only.",
    ),
    "keras-custom": Explanation(
        "A class that is not of Keras",
        "Loading would import somebody's module, and only its own code can run the layer or the activation.",
        "Build the model from layers of Keras, or export it to TFLite or ONNX.",
    ),
    "keras-payload": Explanation(
        "A member that may hold code",
        "The archive has a member such as `.pkl`, `.npz`, `.py` or `.so`, or a layer that runs what it brings "
        "along.",
        "Remove the member; weights belong into `model.weights.h5`.",
    ),
    "keras-pickle": Explanation(
        "A text that unpacks to pickled objects",
        "Unpickling runs whatever the author of the file chose.",
        "Save the model without the object; a configuration holds numbers and names.",
    ),
    "keras-marshal": Explanation(
        "A text that unpacks to bytecode",
        "The configuration holds marshalled Python bytecode, as a Lambda layer does.",
        "Replace the function by a layer or operation of Keras.",
    ),
    "keras-reads-file": Explanation(
        "A layer that reads a file",
        "Loading would open a path of the author's choice on the reader's machine (CVE-2025-12058).",
        "Put the vocabulary into the layer's configuration.",
    ),
    "keras-zip": Explanation(
        "A member of the archive that was left out",
        "A member's name leads out of the folder or stands twice, it is a link or encrypted, or it unpacks to many "
        "times its size.",
        _PLAIN,
    ),
}

_HDF5 = {
    "hdf5-external": Explanation(
        "Weights outside of the file",
        "The HDF5 file takes bytes from other files, so that its digest does not cover them.",
        _PLAIN,
    ),
    "hdf5-link": Explanation(
        "A link in the HDF5 file",
        "A soft or external link, or a second name of an object, may lead to other files or in a circle. It was "
        "not followed.",
        _PLAIN,
    ),
    "hdf5-expands": Explanation(
        "Weights that unpack to many times the file",
        "An array states far more bytes than the file could hold, which would exhaust the memory.",
        _PLAIN,
    ),
    "hdf5-filter": Explanation(
        "A compression that loads a plug-in",
        "Reading the weights would load a plug-in library into the process.",
        "Save the weights without compression, or with gzip.",
    ),
    "hdf5-unread": Explanation(
        "A part that is stored in an unusual way",
        "A link or an attribute is stored in a way that is not read here, so that nobody looked at it.",
        _PLAIN,
    ),
    "hdf5-shared": Explanation(
        "A type or shape that stands elsewhere",
        "An array's type or shape is that of another object, which is not read here.",
        "Nothing; save the model again if its shapes are wanted.",
    ),
}

_LIMITS = {
    "keras-wrapper": Explanation(
        "A wrapper of a training tool",
        "A layer is wrapped for quantization-aware training or pruning, and only that tool can load it.",
        "Strip the wrappers before saving: `strip_pruning`, or convert to TFLite.",
    ),
    "keras-asset": Explanation(
        "A file that a layer brings along",
        "The archive has an asset such as a vocabulary, which Keras unpacks to disk when it loads the model.",
        "Nothing, where it is meant.",
    ),
    "keras-layer": Explanation(
        "A layer that is not counted",
        "What the layer computes is not known here, so that its work and memory are missing from the figures.",
        "Nothing, where it is meant; export to TFLite or ONNX for figures of every operator.",
    ),
    "keras-operation": Explanation(
        "A function that is not counted",
        "The function has no common name, so that its work is missing from the figures.",
        "Nothing, where it is meant; export to TFLite or ONNX for figures of every operator.",
    ),
    "keras-shape": Explanation(
        "The file contradicts its layers",
        "A stated shape is not the one that the layers give; the layers are believed.",
        _PLAIN,
    ),
    "keras-weights": Explanation(
        "Weights that are missing or not shown",
        "The file has no weights, lacks those of a layer, or has more arrays for one than are shown.",
        "Save the whole model and not its configuration alone.",
    ),
}

CHAPTER = Chapter(
    "Keras files",
    "Reading a `.keras` or `.h5` file, of which nothing is imported or unpickled: `zoo inspect`, `zoo check`, "
    "`zoo deploy` and every command that opens one.",
    {**_CODE, **_HDF5, **_LIMITS},
)
