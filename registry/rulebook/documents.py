"""Rules of every YAML document, before anybody asks what it says."""

from __future__ import annotations

from registry.rulebook.explanation import Chapter, Explanation

_RULES = {
    "unreadable": Explanation(
        "The file cannot be read",
        "The operating system refused to open the file, or it is a folder, a device or a pipe.",
        "Look at its path and its permissions. The message ends with the system's own reason.",
    ),
    "size": Explanation(
        "A size is missing or not the one it should be",
        "A document is longer than 8 MiB, which no honest card is and which would cost everybody's time; or a file "
        "with a digest states no size, so that a download cannot be bounded; or a mask has other dimensions than "
        "its image, so that its pixels belong to no pixel.",
        "Keep data out of documents; write the file's size in bytes beside its sha256; make the mask again from "
        "the image's own size.",
    ),
    "encoding": Explanation(
        "The document is not UTF-8",
        "A byte sequence at the named offset is no UTF-8 text; another encoding would read differently on every "
        "machine.",
        "Save the file as UTF-8.",
    ),
    "empty": Explanation(
        "The document is empty",
        "There is nothing in it but white space.",
        "Write the document, or remove the file. `cards/README.md` shows a card to begin with.",
    ),
    "syntax": Explanation(
        "Not valid YAML",
        "The text breaks YAML's syntax at the named place, so nothing of it can be trusted to mean what it seems "
        "to.",
        "Mend the named line: most often the indentation, a missing space after a colon, or an open quote.",
    ),
    "alias": Explanation(
        "A YAML anchor or alias",
        "Anchors (`&name`) and aliases (`*name`) let a few lines unfold to gigabytes, and hide from a reader what "
        "a variant says. They are refused before they are followed.",
        "Write the value out. What all variants of a card have in common stands once, under `common`.",
    ),
    "tag": Explanation(
        "A YAML tag",
        "Tags (`!name`) make some readers build objects or run code. Documents here hold plain values only.",
        "Remove the tag; put text in quotes where it would be read as a number.",
    ),
    "documents": Explanation(
        "More than one YAML document in the file",
        "A line of `---` begins a second document, which most readers would never see.",
        "One document a file: move the second to a file of its own.",
    ),
    "depth": Explanation(
        "Nested too deeply",
        "Mappings and lists stand more than 40 deep in each other. No schema here needs ten, and deep nesting is a "
        "way to exhaust a reader.",
        "Flatten the document to what its schema describes.",
    ),
    "key": Explanation(
        "A key that is no word",
        "A mapping or a list stands where a key should, which has no counterpart in JSON.",
        "Use a plain string as the key; quote it if it has special characters.",
    ),
    "duplicate-key": Explanation(
        "The same key twice",
        "One mapping has the key two times. Readers differ in which value they take, so one card would say two "
        "things.",
        "Keep one of the two.",
    ),
    "number": Explanation(
        "A number too large to hold",
        "The number has no finite value in double precision.",
        "Write a finite number, or `null` where nothing is known.",
    ),
    "control-character": Explanation(
        "An invisible character",
        "Control characters can drive a terminal, and direction characters make text read other than it is.",
        "Delete the character that the message names by its code point.",
    ),
    "kind": Explanation(
        "The document does not say what it is",
        "Every document names its schema and version in the property `schema`; without it nobody knows by which "
        "rules to judge it.",
        "Begin the document with its schema, such as `schema: model-card/1`.",
    ),
}

CHAPTER = Chapter(
    "Reading a document",
    "Every command that reads a YAML document: `zoo validate`, `zoo check`, and those that take a configuration.",
    _RULES,
)
