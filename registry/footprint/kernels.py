"""What a kernel needs beside its tensors, and how far its output may lie on its input.

Sources. Sizes of scratch buffers are read off C code that STM32Cube.AI 7 and 8 generate and that people publish
(arrays `*_scratch0` and `*_scratch1` beside `*_weights` and `*_output`), in bytes:

- int8 convolution of K = kernel height x width x input channels values and C output channels: 4K for two columns
  of 16-bit input, 14C for requantization of each channel, and weights widened to 16 bits, 2KC but at most 5120;
- int8 1x1 convolution: 4 for each input and 10 for each output channel; fully connected: 2 and 10;
- float convolution: one column of input, 4K.

Two terms are not in that code and were derived from published figures (benchmarks/footprint_figures.json, rows that
are not held out): a padded int8 convolution keeps four rows of output; a depthwise one as many rows of input as its
kernel is high, and 12 bytes for each channel.

Why input and output may overlap: a windowed kernel runs over rows from the top. Row r of the output needs input
rows from r * stride - padding on; when it is stored all rows above have been used. So the output may lie below the
input by a distance D and run into it, as long as no row of output reaches a row of input that is still needed (the
diagonal of arXiv:2010.01668; vMCU, arXiv:2406.06542, does it in segments). The generated code keeps a pixel more
between them, and so does the distance here.
"""

from __future__ import annotations

from dataclasses import dataclass

from registry.footprint.kinds import ELEMENTWISE, WINDOWED, is_padded, window
from registry.footprint.steps import Program, Step
from registry.inspect.graph import Layout, Operator, Tensor

WIDENED_WEIGHTS_BYTES = 5120
LONGEST_STRETCH = 2
"""Output over input bytes up to which compilers let a convolution's output run into its input.

MobileNetV1's 1x1 convolutions (2) overlap in ST's figures; the expansions of MobileNetV2 (6) do not, although
nothing speaks against it.
"""


@dataclass(frozen=True)
class Area:
    """Rows, columns, channels and bytes of a value of a tensor that a window runs over."""

    rows: int
    columns: int
    channels: int
    value: int

    @property
    def row(self) -> int:
        """Bytes of a row."""
        return self.columns * self.channels * self.value


def area(tensor: Tensor, layout: Layout, value: int) -> Area:
    """Geometry of an activation, batch left out.

    Args:
        tensor: Of rank 4, 3 (one row) or less (one value with channels).
        layout: Order of its dimensions.
        value: Bytes of each of its values as they are stored.
    """
    sizes = [size or 1 for size in (tensor.shape or ())[1:]]
    if layout == "NCHW" and len(sizes) > 1:
        sizes = [*sizes[1:], sizes[0]]
    rows, columns, channels = ([1] * (3 - len(sizes)) + sizes)[-3:] if sizes else (1, 1, 1)
    return Area(rows, columns, channels, value)


def scratch(program: Program, step: Step) -> int:
    """Bytes a kernel needs beside its input and output."""
    operator = program.first(step)
    moving = program.moving(operator)
    if not moving or not operator.outputs:
        return 0
    source, output = _areas(program, step)
    height, width = window(operator)
    column = height * width * source.channels // max(int(operator.attributes.get("groups") or 1), 1)
    rows = _pool_rows(step) * output.row
    if operator.type == "depthwise-conv2d":
        return height * source.row + 12 * source.channels + rows
    if operator.type == "fully-connected":
        return 2 * source.channels + 10 * output.channels if source.value == 1 else 0
    if operator.type not in ("conv2d", "conv1d"):
        return 0
    if source.value > 1:
        return 4 * column + rows
    if height * width == 1:
        return 4 * source.channels + 10 * output.channels + rows
    widened = min(2 * column * output.channels, WIDENED_WEIGHTS_BYTES)
    kept = 4 * output.row if is_padded(operator) else 0
    return 4 * column + 14 * output.channels + widened + kept + rows


def _pool_rows(step: Step) -> int:
    """Rows of a convolution's output that pooling inside it keeps."""
    return window(step.pooled)[0] if step.pooled else 0


def together(program: Program, step: Step, dying: tuple[int, ...]) -> int:
    """Bytes of the input that dies in this step and of the output, as far as compilers let them overlap.

    Args:
        program: What is planned.
        step: One of its kernels.
        dying: Places that nothing reads after it.
    """
    sizes = program.sizes
    source, output = sum(sizes[place] for place in dying), sum(sizes[place] for place in step.writes)
    kind = program.first(step).type
    if kind in ELEMENTWISE and dying:
        largest = max(sizes[place] for place in dying)
        return source - largest + max(largest, output)
    if kind not in WINDOWED or not dying or output > LONGEST_STRETCH * source:
        return source + output
    return min(source + output, _diagonal(program, step, source, output))


def _diagonal(program: Program, step: Step, source_bytes: int, output_bytes: int) -> int:
    """Bytes of input and output when the output starts below the input and runs into it."""
    operator = program.first(step)
    source, output = _areas(program, step)
    high, wide = window(operator)
    stride = window(operator, "strides")[0]
    missing = (output.rows - 1) * stride + high - source.rows
    above = max(missing, 0) // 2 if is_padded(operator) else _rows_put_above(program, operator)
    if step.pooled is not None:
        stride *= window(step.pooled, "strides")[0]
        output = area(program.tensor(step.pooled.outputs[0]), program.graph.layout, output.value)
    if stride == 1 and operator.type == "conv2d" and high * wide > 1 and source.value == 1:
        # sound, yet ST's figures for ResNet and for int8 activity recognition leave room for both
        return source_bytes + output_bytes
    pixel = output.channels * output.value
    last = max(output.rows - 1, 0)
    starts = {0, min(-(-above // stride), last), last}
    ends = ((row + 1) * output.row - max(0, row * stride - above) * source.row for row in starts)
    distance = max(ends) + pixel
    return max(output_bytes, distance + source_bytes)


def _rows_put_above(program: Program, operator: Operator) -> int:
    """Rows that a padding before an operator, which is not stored, puts above its input."""
    maker = program.maker_of(program.moving(operator)[0])
    pads = maker.attributes.get("pads", ()) if maker is not None and maker.type == "pad" else ()
    rows = 2 if program.graph.layout == "NCHW" else 1
    return max(int(pads[rows][0]), 0) if len(pads) == 4 else 0


def _areas(program: Program, step: Step) -> tuple[Area, Area]:
    """What is stored of input and output of the operator that leads; a pooled convolution's output is its rows."""
    operator = program.first(step)
    layout, widths = program.graph.layout, program.widths
    source, output = program.unpadded(program.moving(operator)[0]), program.tensor(operator.outputs[0])
    read, written = (widths[places[0]] if places else 1 for places in (step.reads, step.writes))
    return area(source, layout, read), area(output, layout, written)


def least_together(program: Program, step: Step, dying: tuple[int, ...]) -> int:
    """Bytes of dying input and output that no order of work inside the kernel can go below.

    Every output of a fully connected layer or a product of matrices needs every input, so both are there at once.
    Any other kernel might in the best case write where it has read, so that the larger of the two remains.
    """
    sizes = program.sizes
    source, output = sum(sizes[place] for place in dying), sum(sizes[place] for place in step.writes)
    whole = program.first(step).type in ("fully-connected", "matmul")
    return source + output if whole else max(source, output)
