"""Rules of configurations of ST's model zoo services, which `zoo run --from st` takes as they are."""

from __future__ import annotations

from registry.rulebook.explanation import Chapter, Explanation

_RULES = {
    "unsupported": Explanation(
        "A key or value that is not supported here",
        "ST's services know it, this version does not do it. It is refused by name rather than left out in "
        "silence.",
        "Take one of the values that the message names, or remove the key.",
    ),
    "interpolation": Explanation(
        "A value that ST's services fill in",
        "The value refers to another by `${...}`, which is filled in only when ST's services start.",
        "Write the value out.",
    ),
    "operation-mode": Explanation(
        "No operation mode",
        "`operation_mode` is missing or not one of those that ST documents.",
        "Take one of the modes that the message lists.",
    ),
    "augmentation": Explanation(
        "An augmentation that is not known here",
        "`data_augmentation` names a function that this version has no counterpart of.",
        "Remove the function, or take one of those that the message lists.",
    ),
    "optimizer": Explanation(
        "An optimizer that is not known here",
        "`training.optimizer` names none, several, or one that this version does not have.",
        "Name one of those that the message lists.",
    ),
    "callback": Explanation(
        "A callback that is not known here",
        "`training.callbacks` has a callback without a counterpart, or two that both change the learning rate.",
        "Remove it, or keep one scheduler of the learning rate.",
    ),
    "board": Explanation(
        "A board that has no card",
        "The board is none of this registry's targets, or its series is another one.",
        "Take one of the boards that the message lists; `zoo targets` shows them all.",
    ),
    "dataset": Explanation(
        "A dataset that has no card",
        "`dataset.name` is none of this registry's datasets, so that its classes are not known.",
        "Take one of the names that the message lists, or add `cards/datasets/NAME.yaml`.",
    ),
    "classes": Explanation(
        "Classes that are not the dataset's",
        "`dataset.class_names` differ from those on the dataset's card, in name or in order.",
        "Write the names in the order of the card, or name the dataset that has these classes.",
    ),
    "paths": Explanation(
        "A path without those that belong to it",
        "Images, masks and the list of a split belong together, and one of the three is missing.",
        "Add the keys that the message names.",
    ),
    "masks": Explanation(
        "Masks in another folder than is stated",
        "The list of the split lies where its masks are looked for in another folder than the configuration names.",
        "Move the list or the masks, so that they lie as in PASCAL VOC's layout.",
    ),
}

CHAPTER = Chapter(
    "Configurations of ST's services",
    "Taking over a `user_config.yaml`: `zoo run --from st`.",
    _RULES,
)
