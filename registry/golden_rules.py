"""Rules of a card's golden vectors: their files are there and of the right size, and their bounds say something."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from registry.card import UNPINNED
from registry.document import Document, Step
from registry.golden import INPUT_ROLE, OUTPUT_ROLE, ROLES, GoldenTensor
from registry.problem import Problem

Place = tuple[Step, ...]

MOST_STEPS = {"uint8": 32, "int8": 32, "int16": 8192}
"""Widest bound in stored units: an eighth of what the type holds. A wider one would let other models pass."""


def check(document: Document, place: Place, whole: dict[str, Any]) -> Iterator[Problem]:
    """Problems of the golden vectors of one variant.

    Args:
        document: The card.
        place: Where the variant stands.
        whole: The variant with the card's common properties.
    """
    vectors = whole.get("golden", ())
    names = [vector["name"] for vector in vectors]
    for number, vector in enumerate(vectors):
        at = (*place, "golden", number)
        if names.index(vector["name"]) < number:
            yield document.problem(
                (*at, "name"),
                "duplicate-name",
                "two golden vectors of the variant have the same name",
                expected="a name of its own",
                found=vector["name"],
            )
        for side, role in (("input", INPUT_ROLE), ("output", OUTPUT_ROLE)):
            yield from _file(document, (*at, side), vector[side], role, whole)
            yield from _tensor(document, (*at, side), vector[side], f"{side}s", whole)
        yield from _tolerance(document, (*at, "tolerance"), vector)
        yield from _recorded(document, (*at, "recorded", "model"), vector, whole)
    yield from _unused(document, place, whole)


def _file(
    document: Document, at: Place, side: dict[str, Any], role: str, whole: dict[str, Any]
) -> Iterator[Problem]:
    """The artifact of this name has the role, a digest, and the size that shape and type make."""
    found = [artifact for artifact in whole.get("artifacts", ()) if artifact["file"] == side["file"]]
    if not found:
        named = [artifact["file"] for artifact in whole.get("artifacts", ()) if artifact["role"] == role]
        yield document.problem(
            (*at, "file"),
            "unknown-file",
            f"no artifact {side['file']!r} in this variant",
            expected=" or ".join(named) or f"an artifact with the role {role}",
            found=side["file"],
        )
        return
    artifact, size = found[0], GoldenTensor.from_document(side).size
    if artifact["role"] != role:
        yield document.problem(
            (*at, "file"),
            "artifact-role",
            "the artifact has another role",
            expected=f"role {role}",
            found=f"role {artifact['role']}",
        )
    elif artifact["sha256"] == UNPINNED:
        yield document.problem(
            (*at, "file"),
            "unpinned",
            "a golden vector without a digest proves nothing",
            expected="the sha256 of the artifact",
            found=UNPINNED,
        )
    elif artifact["size"] is not None and artifact["size"] != size:
        yield document.problem(
            (*at, "shape"),
            "golden-size",
            "shape and type do not make the size of the artifact",
            expected=f"{artifact['size']} bytes",
            found=f"{size} bytes",
        )


def _tensor(
    document: Document, at: Place, side: dict[str, Any], kind: str, whole: dict[str, Any]
) -> Iterator[Problem]:
    """What is said here agrees with itself, and with what the variant says of its tensors."""
    if "layout" in side and len(side["layout"]) != len(side["shape"]):
        yield document.problem(
            (*at, "layout"),
            "layout",
            "the layout has another number of axes than the shape",
            expected=f"{len(side['shape'])} axes",
            found=side["layout"],
        )
    if side.get("every", 1) > 1 and not {"H", "W"} <= set(side.get("layout", "")):
        yield document.problem(
            (*at, "every"),
            "layout",
            "'every' counts pixels in height and width, which the layout does not name",
            expected="a 'layout' with the axes H and W",
            found=side.get("layout", "no layout"),
        )
    number, tensors = side.get("number", 0), whole.get("tensors", {}).get(kind)
    if tensors is None:
        return
    if number >= len(tensors):
        found = str(number)
        message = f"the variant has no such tensor under {kind!r}"
        yield document.problem((*at, "number"), "tensor", message, expected=f"below {len(tensors)}", found=found)
        return
    stated = tensors[number]
    sizes = stated["shape"]
    fits = len(sizes) == len(side["shape"]) and all(
        wanted in (None, given) for wanted, given in zip(sizes, side["shape"], strict=True)
    )
    for key, same, expected in (
        ("shape", fits, str(sizes)),
        ("dtype", stated["dtype"] in (side["dtype"], "unknown"), stated["dtype"]),
    ):
        if not same:
            message = f"not the {key} that the variant states of its {kind}"
            yield document.problem((*at, key), "tensor", message, expected=expected, found=str(side[key]))


def _tolerance(document: Document, at: Place, vector: dict[str, Any]) -> Iterator[Problem]:
    """Each bound can be measured on such an output."""
    output, tolerance = vector["output"], vector["tolerance"]
    dtype, whole = output["dtype"], not output["dtype"].startswith("float")
    for key, can, expected in (
        (
            "steps",
            dtype in MOST_STEPS,
            "8 or 16 bit integers; 'absolute' for real numbers, 'differing' for class ids",
        ),
        ("absolute", not whole or "scale" in output, "real numbers, or integers with a scale"),
        ("differing", whole, "integers; 'absolute' for real numbers"),
        ("best_class", "C" in output.get("layout", ""), "an output whose 'layout' has an axis C of classes"),
    ):
        if key in tolerance and not can:
            message = f"{key!r} cannot be told of this output"
            yield document.problem((*at, key), "tolerance", message, expected=expected, found=dtype)
    most = MOST_STEPS.get(dtype)
    if most is not None and tolerance.get("steps", 0) > most:
        message = "so wide a bound would let other models pass"
        found = str(tolerance["steps"])
        yield document.problem((*at, "steps"), "tolerance", message, expected=f"at most {most}", found=found)


def _recorded(document: Document, at: Place, vector: dict[str, Any], whole: dict[str, Any]) -> Iterator[Problem]:
    digests = [one["sha256"] for one in whole.get("artifacts", ()) if one["role"] == "model"]
    model = vector.get("recorded", {}).get("model")
    if model is not None and model not in digests:
        yield document.problem(
            at,
            "measurement",
            "recorded from bytes that are not this variant's",
            expected=" or ".join(digests) or "a pinned model",
            found=model,
        )


def _unused(document: Document, place: Place, whole: dict[str, Any]) -> Iterator[Problem]:
    named = {vector[side]["file"] for vector in whole.get("golden", ()) for side in ("input", "output")}
    for number, artifact in enumerate(whole.get("artifacts", ())):
        if artifact["role"] in ROLES and artifact["file"] not in named:
            yield document.problem(
                (*place, "artifacts", number, "file"),
                "unused-file",
                "no golden vector of the variant names the file",
                expected="an item of 'golden' with it",
                found=artifact["file"],
            )
