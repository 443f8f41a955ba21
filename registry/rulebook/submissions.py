"""Rules of the judgement of a submission: the card against its files, its history and the policy."""

from __future__ import annotations

from registry.rulebook.explanation import Chapter, Explanation

_FILES = {
    "digest": Explanation(
        "Not the bytes that the card names",
        "The file's sha256 is not the one on the card, or a dataset's list is not the one whose digest its card "
        "states. A figure belongs to bytes; of other bytes nothing is known.",
        "Hash the file that is meant (`sha256sum FILE`) and write that digest; if the file was replaced, it is a "
        "new variant with a new name.",
    ),
    "file-size": Explanation(
        "A file that is larger than the policy allows",
        "`[policy]` of `zoo.toml` bounds the size of a file. Models for boards are small; a large one costs "
        "everybody who mirrors the catalogue.",
        "Submit the quantized or pruned file, or ask the maintainers to raise `size` in `[policy]`.",
    ),
    "lfs-pointer": Explanation(
        "A Git LFS pointer instead of the model",
        "The address gave the few lines of text by which Git LFS stands for a file, not the file.",
        "Give the address of the real bytes (for GitHub the `media` address), or run `git lfs pull` in the "
        "checkout.",
    ),
    "not-a-model": Explanation(
        "Something else than a model",
        "What came is a web page, a document or another file, not the format that the card states. Often it is the "
        "page to log in, or the page that shows the file.",
        "Open the address without being logged in, and give the one that downloads the file itself.",
    ),
    "unobtainable": Explanation(
        "No place gave the bytes",
        "The cache, the mirrors and the card's own addresses were asked, and none gave the file. Without its bytes "
        "the variant cannot be judged.",
        "Look at each place's reason in the message; name a folder, site or bucket with `--mirror`, or correct "
        "the address.",
    ),
    "unreadable-model": Explanation(
        "The model breaks its format",
        "The file begins like a model and then points outside of itself, ends early or holds what the format does "
        "not allow. A runtime would crash on it, or worse.",
        "Export the model again and copy it in binary mode; `zoo inspect FILE` names the broken place.",
    ),
    "link": Explanation(
        "A link instead of a document",
        "A symbolic link leads to a file that is no part of the change, so nobody who reads the change sees what "
        "it says.",
        "Put the file itself in the link's place.",
    ),
    "unpinned": Explanation(
        "A file without a digest",
        "The card states no sha256, so that nobody can tell whether the bytes of tomorrow are those of today.",
        "Download the file once, look at it, and write its `sha256` and `size`. A publisher whose files cannot be "
        "had may be listed under `unpinned` in `[policy]`.",
    ),
}

_CLAIMS = {
    "claim": Explanation(
        "The card says one thing, the file another",
        "Format, element types, shapes, quantization, operators or work were read from the file, and the card "
        "states them otherwise. Whoever chooses by the card would get something else.",
        "Correct the card: `zoo inspect FILE` prints what the file says, `zoo verify --deep` every claim.",
    ),
    "does-not-fit": Explanation(
        "A declared target cannot take the file",
        "The card declares support for a target that does not take the format or quantization, lacks an operator, "
        "or has too little memory.",
        "Remove the target from the variant's `targets`, or submit a variant that fits; `zoo fit` says what is in "
        "the way.",
    ),
    "fit-unlikely": Explanation(
        "By the estimate, the file does not fit",
        "No compiler was asked: the estimate of memory says that the model needs more than the target has. "
        "Compilers may do better than an estimate.",
        "Compile it with the target's toolchain and add the footprint that it reports, with its source.",
    ),
}

_FIGURES = {
    "unbound-figure": Explanation(
        "A figure without the digest of what was measured",
        "The figure does not say on which bytes it was measured, so that it counts as a claim and no more.",
        "Measure with `zoo eval` or `zoo bench`, which name the digest, and add the `measurement`.",
    ),
    "not-runnable": Explanation(
        "The model cannot be run",
        "The engine refuses the file, breaks down on it or does not end, or gives something else than classes.",
        "Run `zoo eval FILE --data FOLDER` and see what it says; make the file anew with a converter that the "
        "engine knows.",
    ),
    "not-reproduced": Explanation(
        "Measured again, the figure is another one",
        "The model was run again over the dataset, and the result differs from the card's by more than the "
        "tolerance.",
        "Look at protocol, pre-processing and split of the figure; correct the value, or state the conditions in "
        "which it holds.",
    ),
    "not-measured-again": Explanation(
        "The figure was not measured again",
        "The images of the figure's dataset are not here, or no runtime of the format is installed. The figure "
        "stands as it is claimed.",
        "Give the dataset with `--data NAME=FOLDER` and install the extra `[eval]`, or accept the claim.",
    ),
    "quantization-loss": Explanation(
        "Quantization costs more than the policy allows",
        "The accuracy of the quantized variant lies further below its float parent's, in the same dataset, split "
        "and protocol, than `loss` in `[policy]`.",
        "Calibrate with more and fitting images, keep sensitive layers in float (scheme `mixed`), or quantize per "
        "channel; `zoo eval --against` shows which classes lose.",
    ),
    "measured-on-training-data": Explanation(
        "Measured on the images it was trained on",
        "The figure's split is the one that the variant's training names. Such a figure says how well the model "
        "remembers, not how well it sees.",
        "Measure on a held-out split, or correct the split that the training names.",
    ),
    "leaked-images": Explanation(
        "Training images in the split that is measured on",
        "Pictures of the training split, by name or by bytes, are in the split on which the figure was measured.",
        "Take them out of one of the two and measure again; `zoo dataset check` lists them.",
    ),
    "other-images": Explanation(
        "Not the images that the figure names",
        "The folder here has another list of images than the one whose digest the figure names, so that a result "
        "on it neither confirms nor contradicts.",
        "Get the split that was measured on; `zoo dataset check` says how the folder differs from its card.",
    ),
    "lineage-mismatch": Explanation(
        "A lineage record of another file",
        "No step of the variant's lineage record makes the bytes that the card names.",
        "Record the steps that made this file, or correct the digest.",
    ),
}

_POLICY = {
    "licence-policy": Explanation(
        "A licence that the policy does not allow",
        "The licence of the weights or of the training data is not among those in `[policy]`, or nobody knows it.",
        "State the licence if it is known; otherwise ask the owner, or the maintainers for an exception.",
    ),
    "published-changed": Explanation(
        "A published variant was edited",
        "A variant that others may have pulled by its name says something else now. What is published never "
        "changes.",
        "Undo the edit, and add what is new as a variant of its own.",
    ),
    "published-removed": Explanation(
        "A published variant vanished",
        "A variant that others may have pinned is not there any more, and their next pull would fail.",
        "Bring it back; `zoo yank` withdraws a variant and leaves it where others can find why.",
    ),
    "no-verdict": Explanation(
        "A step could not be done",
        "Something that the judgement needs did not answer: a store, the disk, a worker or a time limit. It is "
        "neither a yes nor a no.",
        "Run the check again; if it stays, the message says what was missing, and `zoo doctor` what to mend.",
    ),
}

CHAPTER = Chapter(
    "Submissions",
    "Judging a submission, with its files, its history and the policy: `zoo check`.",
    {**_FILES, **_CLAIMS, **_FIGURES, **_POLICY},
)
