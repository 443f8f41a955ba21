"""What an ONNX file says of a value against what follows from the operator that gives it."""

from __future__ import annotations

from registry.inspect.findings import Findings
from registry.inspect.onnx.constants import Value
from registry.inspect.onnx.messages import NamedShape, NamedSize, ValueMessage
from registry.inspect.onnx.schema import DATA_TYPES, STANDARD
from registry.inspect.onnx.step import Step
from registry.inspect.onnx.words import plain, word


def settle(
    value: Value,
    inferred: tuple[str, NamedShape | None],
    stated: ValueMessage | None,
    step: Step,
    findings: Findings,
) -> None:
    """Give a value its dtype and shape: what follows from the operator, then what the file says.

    Where both are known and differ, the operator is right, and a finding says so.

    Args:
        value: Result of the step.
        inferred: Dtype and shape that follow from the step; `other` and None where unknown.
        stated: The file's own description.
        step: What gives the value.
        findings: Where a contradiction goes.
    """
    dtype, shape = inferred
    said = DATA_TYPES.get(stated.data_type, "other") if stated else "other"
    known = step.node.domain == STANDARD and (word(step) != "other" or plain(step) != step.type)
    if dtype == "other" or (not known and said != "other"):
        dtype = said
    elif said not in ("other", dtype):
        _contradict(findings, value, said, dtype)
    value.dtype = dtype
    value.shape = _agreed(value, shape, stated.shape if stated else None, findings)


def _agreed(
    value: Value, shape: NamedShape | None, said: NamedShape | None, findings: Findings
) -> NamedShape | None:
    if shape is None or said is None:
        return said if shape is None else shape
    differ = len(shape) != len(said) or any(
        isinstance(a, int) and isinstance(b, int) and a != b for a, b in zip(shape, said, strict=True)
    )
    if differ:
        _contradict(findings, value, str(list(said)), str(list(shape)))
        return shape
    return tuple(_better(a, b) for a, b in zip(shape, said, strict=True))


def _better(inferred: NamedSize, said: NamedSize) -> NamedSize:
    return said if inferred is None or (isinstance(inferred, str) and isinstance(said, int)) else inferred


def _contradict(findings: Findings, value: Value, said: str, inferred: str) -> None:
    text = f"the file says {said}, its operators give {inferred}"
    findings.add("note", "onnx-contradiction", value.name, text[:500])
