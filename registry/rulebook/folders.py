"""Rules of dataset folders in the PASCAL VOC layout."""

from __future__ import annotations

from registry.rulebook.explanation import Chapter, Explanation

_RULES = {
    "bad-name": Explanation(
        "A name that leads out of the folder",
        "A line of a list, or the file it names, lies outside of the dataset's folder. It was not opened.",
        "Lists hold identifiers such as `2007_000033`, one a line, without a path.",
    ),
    "duplicate": Explanation(
        "The same image twice",
        "A list names an image twice, or two images have the same bytes; it would count twice in every figure.",
        "Keep one of the two.",
    ),
    "missing-image": Explanation(
        "An image is missing",
        "The list names an image that the folder does not have.",
        "Add the image under `JPEGImages`, or take the line out of the list.",
    ),
    "missing-mask": Explanation(
        "A mask is missing",
        "The image has no mask, so that nothing can be measured on it.",
        "Add the mask under `SegmentationClass`, or take the line out of the list.",
    ),
    "damaged": Explanation(
        "A picture that cannot be read",
        "The file of an image or a mask is truncated, too large, or no picture.",
        "Copy the file again from the dataset's archive.",
    ),
    "unknown-id": Explanation(
        "A mask with ids of no class",
        "Pixels have a value that the dataset's card has no class for, and that is not void.",
        "Correct the masks, or the classes on the dataset's card; a palette image must be saved with its indices.",
    ),
    "leak": Explanation(
        "A training image in a held-out list",
        "An image of a validation or test list is in a training list too, by name or by bytes. A figure measured "
        "on it says how well a model remembers.",
        "Take the image out of one of the two lists.",
    ),
    "count": Explanation(
        "Another number of images",
        "A list is empty, or has another number of images than the dataset's card states.",
        "Get the whole split, or correct the card.",
    ),
}

CHAPTER = Chapter(
    "Folders of images and masks",
    "Looking through a dataset's folder: `zoo dataset check`.",
    _RULES,
)
