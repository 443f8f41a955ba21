"""Rules of JSON Schema, by the keyword that a value breaks."""

from __future__ import annotations

from registry.rulebook.explanation import Chapter, Explanation

_RULES = {
    "unknown-key": Explanation(
        "A property that the schema does not have",
        "Properties are closed: a misspelt one would be ignored by every reader, and what it says would be lost.",
        "Correct the name (the message has the nearest), or remove it. What has no property of its own belongs "
        "into `notes`.",
    ),
    "required": Explanation(
        "A property is missing",
        "The schema, or what else the document says, needs it.",
        "Add the property. Where nobody knows the value, most properties take `unknown` or `null`; never make one "
        "up.",
    ),
    "type": Explanation(
        "A value of the wrong type",
        "A text stands where a number should, a single value where a list should, and the like.",
        "Write the type that the message expects. `no` is a word and `010` is ten; quotes make a text of anything.",
    ),
    "enum": Explanation(
        "Not one of the allowed values",
        "The property takes one of a few words, so that cards of all publishers can be compared.",
        "Take one of the words that the message lists; `unknown` is among them where it may be.",
    ),
    "const": Explanation(
        "Not the one value that may stand here",
        "The property is fixed, as the version in `schema` is.",
        "Write the value that the message names.",
    ),
    "pattern": Explanation(
        "A text of the wrong form",
        "Names, digests, dates and addresses have a form. Names are lower-case ASCII: that keeps letters of other "
        "alphabets that look the same from standing for somebody else's name.",
        "Write it in the form that the message shows; type a name again rather than pasting it.",
    ),
    "minimum": Explanation(
        "A number that is too small",
        "The number lies below what the quantity can be.",
        "Look at the unit and the sign.",
    ),
    "exclusiveMinimum": Explanation(
        "A number that is too small",
        "The quantity must be more than the bound, most often more than zero.",
        "Look at the unit and the sign; leave the property out where nothing was measured.",
    ),
    "maximum": Explanation(
        "A number that is too large",
        "The number lies above what the quantity can be. A mean IoU or an accuracy is a fraction of 1, so that 59 "
        "for 59 per cent is refused here.",
        "Write fractions of 1 where the schema says so, and look at the unit.",
    ),
    "minItems": Explanation(
        "Too few items",
        "The list needs more items to say anything.",
        "Add what is missing, or leave the list out where the schema allows it.",
    ),
    "maxItems": Explanation(
        "Too many items",
        "The list has more items than the schema allows, which bounds what a reader has to hold.",
        "Keep what belongs there; a pair such as a range has exactly two.",
    ),
    "minLength": Explanation(
        "A text that is too short",
        "An empty text says nothing.",
        "Write the text, or leave the property out.",
    ),
    "maxLength": Explanation(
        "A text that is too long",
        "The text is longer than its place in tables and reports.",
        "Shorten it; longer prose belongs into a document that the card's `sources` name.",
    ),
    "uniqueItems": Explanation(
        "The same item twice",
        "The list is a set, in which an item stands once.",
        "Remove the second.",
    ),
    "minProperties": Explanation(
        "A mapping that says nothing",
        "The mapping is there and has no property.",
        "Fill it, or remove it.",
    ),
    "maxProperties": Explanation(
        "A mapping with too many properties",
        "There are more properties than the schema allows, which bounds what a reader has to hold.",
        "Keep what belongs there.",
    ),
    "propertyNames": Explanation(
        "A key of the wrong form",
        "The keys of this mapping are names, and names have a form.",
        "Write the key in lower-case ASCII, as the schema describes it.",
    ),
    "oneOf": Explanation(
        "None of the allowed forms",
        "The value may have one of a few forms, and fits none of them; the message is about the nearest.",
        "Choose one form and write it whole; the schema describes each.",
    ),
    "anyOf": Explanation(
        "None of the allowed forms",
        "The value may have any of a few forms, and fits none of them; the message is about the nearest.",
        "Choose one form and write it whole; the schema describes each.",
    ),
}

CHAPTER = Chapter(
    "The schema of a document",
    "Judging a document by its JSON Schema (`schemas/`): `zoo validate`, `zoo check`, and every command that reads "
    "a configuration, a lock file or a record.",
    _RULES,
)
