import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import RequestError
from registry.units import (
    BYTES,
    format_bytes,
    parse_bytes,
    parse_fraction,
    parse_milliseconds,
    parse_resolution,
    parse_seconds,
)
from tests.unit.strategies import PROPERTY


@PROPERTY
@given(st.integers(0, 10**9), st.sampled_from(sorted(BYTES)), st.sampled_from(["", " "]))
def test_a_size_in_any_unit(number: int, unit: str, gap: str) -> None:
    assert parse_bytes(f"{number}{gap}{unit}") == number * BYTES[unit]
    assert parse_bytes(f"{number}{gap}{unit.lower()}") == number * BYTES[unit]
    assert parse_bytes(f"{number}.5{gap}{unit}") == (number + 0.5) * BYTES[unit]


def test_decimal_and_binary_units_differ() -> None:
    assert parse_bytes("1kB") == parse_bytes("1KB") == 1000
    assert parse_bytes("1KiB") == 1024
    assert parse_bytes("2.5MiB") == 2621440
    assert parse_bytes("4096") == 4096


@PROPERTY
@given(st.text(max_size=12))
def test_a_text_is_a_number_or_is_refused(text: str) -> None:
    for parse in (parse_bytes, parse_milliseconds, parse_fraction):
        with contextlib.suppress(RequestError):
            assert parse(text) >= 0


@pytest.mark.parametrize(
    "text", ["", "big", "-1kB", "1 e3", "1e3", "1XB", "1kBB", "0x10", "nan", "inf", "1,5MB", "1..5"]
)
def test_sizes_that_are_none(text: str) -> None:
    with pytest.raises(RequestError):
        parse_bytes(text)


def test_times() -> None:
    assert parse_milliseconds("50ms") == parse_milliseconds("50") == parse_milliseconds("0.05s") == 50
    assert parse_milliseconds("500us") == pytest.approx(0.5)
    with pytest.raises(RequestError, match="unknown unit of time"):
        parse_milliseconds("50 MS")


@PROPERTY
@given(st.integers(0, 10000))
def test_per_cent_is_a_fraction_of_a_hundred(hundredths: int) -> None:
    text = f"{hundredths // 100}.{hundredths % 100:02d}%"
    assert parse_fraction(text) == pytest.approx(hundredths / 10000)


@pytest.mark.parametrize("text", ["70", "1.01", "101%", "-0.1", "0.7kB", "%"])
def test_fractions_that_are_none(text: str) -> None:
    with pytest.raises(RequestError):
        parse_fraction(text)


def test_resolutions_are_width_by_height() -> None:
    assert parse_resolution("768x384") == (384, 768)
    assert parse_resolution("768X384") == (384, 768)
    assert parse_resolution("512") == (512, 512)


@pytest.mark.parametrize("text", ["", "x", "512x", "x512", "512x512x3", "-512", "0", "1_000", "51.2", "٣"])
def test_resolutions_that_are_none(text: str) -> None:
    with pytest.raises(RequestError, match="not a resolution"):
        parse_resolution(text)


@PROPERTY
@given(st.floats(1, 2.0**42))
def test_shown_bytes_are_within_half_a_per_cent(count: float) -> None:
    shown = format_bytes(count)
    number, unit = shown.split(" ")
    assert len(number.replace(".", "").lstrip("0")) <= 4
    assert parse_bytes(shown) == pytest.approx(count, rel=0.006, abs=0.5)
    assert unit in BYTES


def test_unknown_bytes() -> None:
    assert format_bytes(None) == "?"
    assert format_bytes(0) == "0 B"
    assert format_bytes(760904) == "743 KiB"


@pytest.mark.parametrize(
    ("text", "seconds"), [("7d", 604800), ("12h", 43200), ("30min", 1800), ("90s", 90), ("0", 0), ("0.5h", 1800)]
)
def test_seconds_are_read(text: str, seconds: float) -> None:
    assert parse_seconds(text) == seconds


@pytest.mark.parametrize("text", ["7", "7 days", "d", "", "-1d", "1m", "1D"])
def test_a_grace_period_has_a_unit(text: str) -> None:
    with pytest.raises(RequestError):
        parse_seconds(text)
