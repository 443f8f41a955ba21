"""Rules of configurations (training, quantization, pipelines) and of manifests beyond their schemas."""

from __future__ import annotations

from registry.rulebook.explanation import Chapter, Explanation

_RULES = {
    "data": Explanation(
        "No source of images, or several",
        "A step needs images and the configuration names none, or a training names both a folder and a generated "
        "dataset.",
        "Name one folder with `data`, or give it by `--data DIR`; a training takes `folder` or `shapes`.",
    ),
    "images": Explanation(
        "Too few images",
        "A split has fewer images than a batch or a validation needs.",
        "Lower `batch`, or name a split that has more.",
    ),
    "input": Explanation(
        "An input size that the network cannot have",
        "Height and width must be multiples of the output stride, so that every feature map is whole.",
        "Take the multiple that the message names.",
    ),
    "unused": Explanation(
        "A property without effect",
        "Something else in the configuration makes this property mean nothing. What has no effect is refused, so "
        "that nobody believes in it.",
        "Remove the property, or choose what makes it count; the message says what that is.",
    ),
    "scheme": Explanation(
        "A scheme that the representation does not have",
        "Not every quantization exists in every format.",
        "Take one of the schemes that the message lists for the representation, or the other representation.",
    ),
    "granularity": Explanation(
        "A granularity that cannot be had",
        "TensorFlow quantizes int16x8 per channel only.",
        "Write `per-channel`.",
    ),
    "calibration": Explanation(
        "Calibration images that are not named in one way",
        "The images that set the ranges must be stated once: by their ids, by a count or by a share. A "
        "quantization without any would invent its ranges.",
        "Keep one of `ids`, `count` and `share`, and name the folder.",
    ),
    "order": Explanation(
        "Steps that cannot follow each other",
        "A step of a chain needs what only an earlier one makes, or stands twice.",
        "Put the step where the message says that it can stand, or leave it out.",
    ),
    "model": Explanation(
        "More than one model to begin with",
        "A chain that trains has no model to begin with but what its training names; a configuration names one "
        "model.",
        "Name the model in one place: `training.parent` where the chain trains, `model` where it does not.",
    ),
    "path-taken": Explanation(
        "Two files in one place",
        "A deployment's manifest has two files of one path, perhaps in another case, or a file where another has a "
        "folder.",
        "Make the package again with `zoo deploy`; a manifest is not written by hand.",
    ),
}

CHAPTER = Chapter(
    "Configurations and manifests",
    "Reading a configuration or a package's manifest: `zoo train`, `zoo quantize`, `zoo run`, `zoo deploy`.",
    _RULES,
)
