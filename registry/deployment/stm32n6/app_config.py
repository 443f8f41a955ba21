"""`app_config.h`: the configuration of ST's application for semantic segmentation on STM32N6570-DK.

The macros are those that the application reads (STM32N6-GettingStarted-SemanticSegmentation, as it goes with ST
Edge AI Core 2.2); what it does not ask for has names that begin with NETWORK or APP.
"""

from __future__ import annotations

from registry.deployment.base import Subject
from registry.deployment.stm32n6.c_source import define, header, string
from registry.deployment.stm32n6.tensors import Input, Output
from registry.preparation import Preparation

LCD_WIDTH, LCD_HEIGHT = 800, 480
"""Pixels of the STM32N6570-DK's display."""

_POSTPROCESSES = {
    "int8": "POSTPROCESS_SSEG_DEEPLAB_V3_UI",
    "float32": "POSTPROCESS_SSEG_DEEPLAB_V3_UF",
    "class-map": "POSTPROCESS_CUSTOM",
}
"""The application's name for reading an output, by kind: UI is uint8 in and int8 out, UF float32 out."""

_ASPECTS = {"stretch": "ASPECT_RATIO_FIT", "shorter-side": "ASPECT_RATIO_CROP"}
"""The application's way to the input's size: FIT does not keep the proportions, CROP takes the middle."""

_FOREIGN = (
    "#ifdef __has_include",
    *(
        line
        for name in ("arm_math.h", "stai_network.h")
        for line in (f'#if __has_include("{name}")', f'#include "{name}"', "#endif")
    ),
    "#endif",
)
"""Headers that ST's application expects behind this one, where it has them; alone this one compiles everywhere."""


def header_text(subject: Subject, image: Input, scores: Output) -> str:
    """`app_config.h`."""
    height, width, channels = image.size
    class_height, class_width = scores.size
    return header(
        "APP_CONFIG",
        f"Application configuration of {subject.name} for STM32N6570-DK",
        *_FOREIGN,
        '#include "network_io.h"',
        "",
        "#define USE_DCACHE",
        define("CAMERA_FLIP", "CMW_MIRRORFLIP_NONE"),
        "",
        define("ASPECT_RATIO_CROP", "(1)", "the middle of the picture, proportions kept"),
        define("ASPECT_RATIO_FIT", "(2)", "the whole picture, proportions not kept"),
        define("ASPECT_RATIO_FULLSCREEN", "(3)", "as FIT, shown as large as the display"),
        define("ASPECT_RATIO_MODE", _ASPECTS.get(subject.preparation.resize, "ASPECT_RATIO_CROP")),
        "",
        define("COLOR_BGR", "(0)"),
        define("COLOR_RGB", "(1)"),
        define("COLOR_MODE", "COLOR_BGR" if subject.preparation.colour == "BGR" else "COLOR_RGB"),
        "",
        define("POSTPROCESS_TYPE", _POSTPROCESSES[scores.kind]),
        define("NN_WIDTH", f"({width})"),
        define("NN_HEIGHT", f"({height})"),
        define("NN_BPP", f"({channels})", "bytes of a pixel"),
        "",
        define("NB_CLASSES", f"({scores.classes})"),
        *_class_table(class_names(subject, scores)),
        "",
        define("AI_SSEG_DEEPLABV3_PP_WIDTH", f"({class_width})"),
        define("AI_SSEG_DEEPLABV3_PP_HEIGHT", f"({class_height})"),
        define("AI_SSEG_DEEPLABV3_PP_NB_CLASSES", "(NB_CLASSES)"),
        "",
        define("APP_LCD_WIDTH", f"({LCD_WIDTH})"),
        define("APP_LCD_HEIGHT", f"({LCD_HEIGHT})"),
        define("WELCOME_MSG_1", string(subject.name)),
        define("WELCOME_MSG_2", f"((char *[2]) {{{string(subject.digest.hex[:32])}, {string(_where(subject))}}})"),
    )


def class_names(subject: Subject, scores: Output) -> list[str]:
    """A name for each class; `class N` where nobody gives one.

    ST's applications print names as formats (`UTIL_LCDEx_PrintfAt`), so a `%` becomes `_`.
    """
    names = [name.replace("%", "_") for name in subject.labels[: scores.classes]]
    return names + [f"class {number}" for number in range(len(names), scores.classes)]


def unlike(how: Preparation) -> list[str]:
    """In what the application's camera pipeline differs from the preprocessing, in words."""
    found = []
    if how.resize not in _ASPECTS:
        found.append(
            f"the preprocessing resizes by `{how.resize}`, which ST's application cannot do; it takes the middle of"
            " the picture (ASPECT_RATIO_CROP) instead, so that accuracy may differ from the card's"
        )
    if how.colour == "grey":
        found.append(
            "ST's application gives RGB pixels; a network of grey pixels needs a camera pipeline of its own"
        )
    return found


def _class_table(names: list[str]) -> list[str]:
    """The macro that declares the names, a line for each."""
    lines = [f"    {string(name)}, \\" for name in names]
    lines[-1] = lines[-1].removesuffix(", \\") + "}"
    return ["#define CLASSES_TABLE const char *classes_table[NB_CLASSES] = { \\", *lines]


def _where(subject: Subject) -> str:
    return "partly in external RAM" if subject.fit.placement.spill else "in internal RAM"
