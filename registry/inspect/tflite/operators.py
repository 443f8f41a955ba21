"""Operators of a TFLite subgraph: names, versions, attributes, inputs in common order, what is unsafe."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from registry.inspect.bounds import MAX_OPERATORS
from registry.inspect.findings import Findings
from registry.inspect.graph import Operator, Tensor
from registry.inspect.tflite.flatbuffer import INT8, INT32, UINT8, UINT32, UINT64, FlatBuffer, Table
from registry.inspect.tflite.node import Node
from registry.inspect.tflite.options import attributes, kind_of_options
from registry.inspect.tflite.schema import CALLS, CALLS_2, COMMON, CUSTOM, GREATER_CODES, OPERATORS

MOST_CODES = 4096
MOST_OPERANDS = 1 << 16

_ORDER = {"TRANSPOSE_CONV": (2, 1, 3, 0), "CONV_3D_TRANSPOSE": (2, 1, 3, 0), "SPLIT": (1, 0)}
"""Inputs by number where the schema has another order than data, weights, bias; the output's shape goes last."""

_REACHING = ("File", "PyFunc", "Save", "Restore", "Dataset", "Library", "RemoteCall", "Checkpoint")
"""Words in the names of TensorFlow's operators that reach beyond the graph: files, Python, shared libraries."""

_OUTER = {
    "HASHTABLE": "keeps a table of its own beside the graph",
    "HASHTABLE_IMPORT": "fills a table that lives beside the graph",
    "VAR_HANDLE": "names a variable that lives beside the graph",
    "ASSIGN_VARIABLE": "writes a variable that lives beside the graph",
    "READ_VARIABLE": "reads a variable that lives beside the graph",
}


@dataclass(frozen=True)
class Code:
    """A kind of operator that a file uses.

    Attributes:
        native: Name.
        version: Version of the operator.
        custom: Whether the schema does not define it.
    """

    native: str
    version: int
    custom: bool


@dataclass(frozen=True)
class Call:
    """An operator that runs subgraphs.

    Attributes:
        operator: Its place in its subgraph.
        subgraphs: Those it runs, by number.
    """

    operator: int
    subgraphs: tuple[int, ...]


class OperatorReader:
    """Reads the operators of one file."""

    def __init__(self, buffer: FlatBuffer, model: Table, findings: Findings) -> None:
        self._buffer = buffer
        self._findings = findings
        self._codes = [self._code(table, number) for number, table in enumerate(model.tables(1, MOST_CODES))]

    def _code(self, table: Table, number: int) -> Code:
        """A kind of operator; codes after 127 stand in a field of their own."""
        old, new = table.integer(0, INT8), table.integer(3, INT32)
        code, version = max(old, new) if old < GREATER_CODES else new, table.integer(2, INT32, 1)
        where = f"operator code {number}"
        if code == CUSTOM:
            name = table.string(1) or "(unnamed)"
            self._judge_custom(name, where)
            return Code(name, version, custom=True)
        if not 0 <= code < len(OPERATORS) or code == GREATER_CODES:
            self._findings.add("unsupported", "tflite-unknown-operator", where, f"code {code} is not of the schema")
            return Code(f"BUILTIN_{code}", version, custom=True)
        return Code(OPERATORS[code], version, custom=False)

    def _judge_custom(self, name: str, where: str) -> None:
        if name.startswith("Flex"):
            message = f"{name} runs TensorFlow's own kernel, which needs the Flex delegate"
            reaching = next((word for word in _REACHING if word in name), None)
            if reaching:
                message += ", and may read or write files or run other code"
            self._findings.add("danger" if reaching else "unsupported", "tflite-flex", where, message)
        else:
            message = f"{name} is not of TFLite: only a runtime that carries its code can run it"
            self._findings.add("unsupported", "tflite-custom", where, message)

    def read(self, subgraph: Table, tensors: Sequence[Tensor]) -> tuple[list[Operator], list[Call]]:
        """All operators of a subgraph, and those of them that run other subgraphs.

        Raises:
            MalformedError: One is not as the schema has it.
        """
        operators: list[Operator] = []
        calls: list[Call] = []
        for table in subgraph.tables(3, MAX_OPERATORS):
            operator = self._operator(table, tensors, len(operators))
            called = self._called(table, operator.native)
            if called:
                calls.append(Call(len(operators), called))
            operators.append(operator)
        return operators, calls

    def _operator(self, table: Table, tensors: Sequence[Tensor], number: int) -> Operator:
        index = table.integer(0, UINT32)
        if index >= len(self._codes):
            expected = f"one of {len(self._codes)} operator codes"
            raise self._buffer.malformed(table.position, expected, str(index))
        code = self._codes[index]
        inputs = self.indices(table, 1, tensors, optional=True)
        outputs = self.indices(table, 2, tensors)
        where = f"operator {number} ({code.native})"
        node = Node(
            code.native,
            None if code.custom else self._options(table, code.native, where),
            [None if index < 0 else tensors[index] for index in inputs],
            [tensors[index] for index in outputs],
        )
        self._judge(table, code, where)
        found = {} if code.custom else attributes(node)
        operator = Operator(
            type=COMMON.get(code.native, "other"),
            native=code.native,
            inputs=_ordered(code.native, inputs),
            outputs=outputs,
            attributes=found,
            version=code.version,
            custom=code.custom,
        )
        # grouped by its input channels, a convolution is depthwise in every format
        return replace(operator, type="depthwise-conv2d") if "multiplier" in found else operator

    def indices(
        self, table: Table, field: int, tensors: Sequence[Tensor], *, optional: bool = False
    ) -> tuple[int, ...]:
        """Numbers of tensors, all of which exist; -1 stands for one that is left out where that may be.

        Raises:
            MalformedError: One does not exist.
        """
        found = table.integers(field, INT32, MOST_OPERANDS)
        if found and (min(found) < (-1 if optional else 0) or max(found) >= len(tensors)):
            expected = f"tensors 0 to {len(tensors) - 1}"
            raise self._buffer.malformed(table.position, expected, f"{min(found)} to {max(found)}")
        return found

    def _options(self, table: Table, native: str, where: str) -> Table | None:
        """Options of the kind that belongs to the operator."""
        kind, expected = table.integer(3, UINT8), kind_of_options(native)
        if not kind or not expected:
            return None
        if kind != expected:
            message = f"its options are of kind {kind}, not {expected}; a runtime takes defaults or stops"
            self._findings.add("danger", "tflite-options", where, message)
            return None
        return table.table(4)

    def _called(self, table: Table, native: str) -> tuple[int, ...]:
        """Subgraphs that an operator runs."""
        if native == "STABLEHLO_CASE":
            options = table.table(12) if table.integer(11, UINT8) == 23 else None
            return options.integers(0, INT32, MOST_CODES) if options else ()
        calls, kind_field = (CALLS, 3) if native in CALLS else (CALLS_2, 11)
        if native not in calls:
            return ()
        kind, fields = calls[native]
        options = table.table(kind_field + 1) if table.integer(kind_field, UINT8) == kind else None
        # a missing field has the schema's default 0: the main subgraph, which no operator can run
        return tuple(options.integer(field, INT32) for field in fields) if options else (0,) * len(fields)

    def _judge(self, table: Table, code: Code, where: str) -> None:
        """What a user must know of one operator."""
        if code.native in _OUTER:
            self._findings.add("note", "tflite-resource", where, f"{code.native} {_OUTER[code.native]}")
        elif code.native == "STABLEHLO_CUSTOM_CALL":
            self._findings.add("unsupported", "tflite-custom", where, "it calls code by name that is not of TFLite")
        elif code.native == "DELEGATE":
            self._findings.add("unsupported", "tflite-delegate", where, "it was compiled for one delegate")
        offset, size = table.integer(9, UINT64), table.integer(10, UINT64)
        if offset > 1 or size:
            self._buffer.check(offset, size, "options of a custom operator")


def _ordered(native: str, inputs: tuple[int, ...]) -> tuple[int, ...]:
    """Inputs with data first, then weights, then bias (-1 where a bias could stand and does not)."""
    order = _ORDER.get(native, ())
    if not order or len(inputs) < 2:
        return inputs
    moved = tuple(inputs[number] if number < len(inputs) else -1 for number in order)
    return moved + inputs[len(order) :]
