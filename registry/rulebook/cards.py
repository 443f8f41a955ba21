"""Rules of model cards, targets, datasets and lineage records beyond their schemas."""

from __future__ import annotations

from registry.rulebook.explanation import Chapter, Explanation

_NAMES = {
    "blank": Explanation(
        "Left for a person to say",
        "`zoo new` derives what it can from a file and marks the rest with `TODO`: what the network is, under "
        "which licence it may be used, what it was trained on. No file says that, and a guess would be read as a "
        "fact.",
        "Replace the mark by what is true, or by `unknown` where the field takes it.",
    ),
    "file-name": Explanation(
        "A name that is not the file's",
        "A card lies at `cards/PUBLISHER/MODEL.yaml`, a target or a dataset in a file of its own name. A card that "
        "says another name could stand for somebody else's.",
        "Rename the file or the folder, or correct the name in it.",
    ),
    "duplicate-name": Explanation(
        "A name that is taken",
        "Two cards, variants, files or golden vectors have the same name, perhaps in another case. A name must "
        "lead to one thing, on file systems too that fold the case of letters.",
        "Give each a name of its own; two cards of one model become one card with more variants.",
    ),
    "unknown-variant": Explanation(
        "No such variant",
        "A parent or a contradiction names a variant that neither this card nor the catalogue has.",
        "Correct the name: a variant of the same card by its own name, any other as `publisher/model/variant`.",
    ),
    "unknown-dataset": Explanation(
        "No such dataset",
        "A figure, a training or a calibration names a dataset that has no document, so nobody can tell what was "
        "measured on.",
        "Correct the name, or add `cards/datasets/NAME.yaml`; `zoo datasets` lists those that exist.",
    ),
    "unknown-target": Explanation(
        "No such target",
        "A figure or a declaration of support names a board or SoC that has no document.",
        "Correct the name, or add `cards/targets/NAME.yaml`; `zoo targets` lists those that exist.",
    ),
    "unknown-board": Explanation(
        "A memory of a board that is not named",
        "A target's memory says which board it is of, and the target's `boards` do not have that board.",
        "Add the board to `boards`, or correct the name at the memory.",
    ),
    "unknown-source": Explanation(
        "No such source",
        "A `provenance` names a key that the card's `sources` do not have, so that the figure cannot be looked up.",
        "Add the document under `sources`, or name one that is there.",
    ),
    "unknown-file": Explanation(
        "No such file in the variant",
        "A golden vector names a file that is not among the variant's artifacts, so that nobody could fetch it.",
        "Add the file to `artifacts` with its role, size and sha256, or correct the name.",
    ),
}

_CONTENT = {
    "class-count": Explanation(
        "Numbers of classes that disagree",
        "The count of classes, their names, the class axis of the output, the dataset's card or a list of weights "
        "do not have the same number. Whoever draws the result would name classes wrongly.",
        "Count again: an output of shape 1x257x257x21 has 21 classes, background included.",
    ),
    "resolution": Explanation(
        "The input is not of the stated resolution",
        "Height or width of the image input differs from the variant's `resolution`.",
        "Take both from the file: `zoo inspect FILE` prints the shape of its inputs.",
    ),
    "licence": Explanation(
        "Not an SPDX licence expression",
        "Licences are named by SPDX, so that a policy can be held against them by machine.",
        "Write the SPDX identifier, such as `Apache-2.0`; `LicenseRef-NAME` where none exists; `unknown` where "
        "nobody knows.",
    ),
    "quantization": Explanation(
        "A description of quantization that contradicts itself",
        "A float variant has a granularity, an integer one has none, or the representation is not one of the "
        "format: TFLite files have no QDQ nodes.",
        "Take scheme, granularity and representation from the file: `zoo inspect FILE` derives all three.",
    ),
    "range": Explanation(
        "A value outside of what can be",
        "A zero point is no value of its type, a range ends before it begins, shares do not add up, or a figure "
        "is not plausible or not that of the file. Most often the unit is another one.",
        "Look at the unit (kB and KiB, ms and s), and copy the figure from its source again.",
    ),
    "file-format": Explanation(
        "A file name that belongs to another format",
        "The model's name has not the ending of the format that the card states.",
        "Correct the format or the name; `zoo inspect FILE` tells the format by the bytes.",
    ),
    "artifact-order": Explanation(
        "The first file is not the model",
        "The first artifact of a variant is the one that is deployed.",
        "Move the artifact with the role `model` to the top.",
    ),
    "artifact-role": Explanation(
        "A file of another role",
        "A golden vector names an artifact whose role says that it is something else.",
        "Correct the artifact's role, or name the right file.",
    ),
    "unused-file": Explanation(
        "A file that nothing names",
        "An artifact has the role of a golden vector's input or output, and no golden vector names it.",
        "Add the item of `golden` that uses it, or remove the artifact.",
    ),
    "contradiction": Explanation(
        "Two figures that differ and are not marked",
        "Two metrics have the same name, dataset, split, protocol and precision, and other values. Both may be "
        "kept, but a reader must be told.",
        "Mark both with `status: contradicted` and say in `contradictions` which sources disagree; or state the "
        "condition in which they differ.",
    ),
    "parent": Explanation(
        "A parent that cannot be",
        "A variant descends from itself; or a training names a parent where its technique begins with random "
        "weights, or names none where it needs one.",
        "Name the float model that the variant was made from; for a training, choose the technique that fits.",
    ),
    "float-parent": Explanation(
        "The loss by quantization cannot be told",
        "A quantized variant names no float parent, or its parent has no accuracy measured on its own file and on "
        "the same images. Nobody can tell then what quantization cost.",
        "Add the float model as a variant with its accuracy on the same images, and name it as `parent`.",
    ),
    "measurement": Explanation(
        "A figure that is not bound to the file's bytes",
        "A reproduced figure, or a recorded golden vector, must name the digest of the model it was measured on, "
        "and that must be this variant's.",
        "Measure on this file: `zoo bench --record` writes the measurement itself, `zoo eval` names the digest to "
        "write.",
    ),
}

_GOLDEN_AND_LINEAGE = {
    "golden-size": Explanation(
        "A golden vector of another size",
        "Shape and element type of a golden vector do not make the number of bytes that its file has.",
        "Correct shape or type; `zoo selftest` records vectors with both.",
    ),
    "layout": Explanation(
        "A layout that does not belong",
        "A layout has another number of axes than the shape, or lacks the axes that something else needs; or a "
        "folder is laid out in another way than PASCAL VOC's.",
        "Write one letter for each axis, such as NHWC; keep images, masks and lists of a dataset in one VOC "
        "folder.",
    ),
    "tensor": Explanation(
        "Not the tensor that the variant states",
        "A golden vector's number, shape or element type is not that of the variant's inputs or outputs.",
        "Take both from the file: `zoo inspect FILE` prints them.",
    ),
    "tolerance": Explanation(
        "A bound that proves nothing",
        "The bound cannot be told of such an output, or is so wide that another model would pass.",
        "Choose the bound for the element type: `steps` for 8 and 16 bit integers, `absolute` for real numbers, "
        "`differing` for class ids.",
    ),
    "lineage": Explanation(
        "A lineage record that cannot count",
        "A variant has several lineage records, or one without a digest, which proves nothing.",
        "Keep one record with all steps, and state its sha256.",
    ),
    "outputs": Explanation(
        "A step with outputs that cannot be",
        "An evaluation makes no files; every other step makes at least one.",
        "List under `outputs` what the step made, with digests.",
    ),
    "inputs": Explanation(
        "An evaluation of no model",
        "A lineage step of kind `evaluation` has no input with the role `model`.",
        "Add the model's digest to its `inputs`.",
    ),
    "made-twice": Explanation(
        "The same bytes made by two steps",
        "Two outputs of a lineage record have one digest, so that the graph has two ways to one file.",
        "Keep the step that made the bytes.",
    ),
}

CHAPTER = Chapter(
    "Cards, targets, datasets and lineage records",
    "Judging what a document says, by itself and against the catalogue: `zoo validate`, `zoo check`, `zoo "
    "publish`.",
    {**_NAMES, **_CONTENT, **_GOLDEN_AND_LINEAGE},
)
