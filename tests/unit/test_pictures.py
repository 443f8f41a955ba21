from __future__ import annotations

import struct
import sys
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from registry import pictures
from registry.errors import RejectedError, RequestError, UnavailableError


def saved(image: Image.Image, path: Path, **options: Any) -> Path:
    image.save(path, **options)
    return path


def halves() -> Image.Image:
    """Left half red, right half blue; 20 wide, 10 high."""
    image = Image.new("RGB", (20, 10), "red")
    image.paste("blue", (10, 0, 20, 10))
    return image


@pytest.mark.parametrize("ending", ["png", "bmp", "gif", "tiff", "ppm"])
def test_what_was_saved_is_read(tmp_path: Path, ending: str) -> None:
    found = pictures.read(saved(halves(), tmp_path / f"a.{ending}"))
    assert (found.dtype, found.shape) == (np.uint8, (10, 20, 3))
    assert (found == np.asarray(halves())).all()


def test_the_orientation_that_a_camera_noted_is_applied(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turn clockwise to see it upright
    found = pictures.read(saved(halves(), tmp_path / "a.png", exif=exif))
    assert found.shape == (20, 10, 3)
    assert found[0, 0].tolist() == [255, 0, 0]
    assert found[-1, 0].tolist() == [0, 0, 255]


def test_grey_is_three_equal_channels(tmp_path: Path) -> None:
    found = pictures.read(saved(Image.new("L", (4, 3), 77), tmp_path / "a.png"))
    assert (found.shape, set(found.ravel().tolist())) == ((3, 4, 3), {77})


def test_transparency_stands_over_white(tmp_path: Path) -> None:
    image = Image.new("RGBA", (3, 1), (0, 0, 0, 0))
    image.putpixel((1, 0), (0, 0, 0, 255))
    image.putpixel((2, 0), (0, 0, 0, 128))
    found = pictures.read(saved(image, tmp_path / "a.png"))[0, :, 0]
    assert found.tolist() == [255, 0, 127]


def test_a_transparent_entry_of_a_palette_stands_over_white(tmp_path: Path) -> None:
    image = Image.new("P", (2, 1), 0)
    image.putpalette([0, 0, 0, 0, 200, 0])
    image.putpixel((1, 0), 1)
    found = pictures.read(saved(image, tmp_path / "a.png", transparency=0))
    assert found.tolist() == [[[255, 255, 255], [0, 200, 0]]]


@pytest.mark.parametrize("ending", ["png", "tiff"])
def test_16_bits_are_scaled_to_8(tmp_path: Path, ending: str) -> None:
    deep = np.array([[0, 257, 0x8080, 0xFFFF]], dtype=np.uint16)
    found = pictures.read(saved(Image.fromarray(deep), tmp_path / f"a.{ending}"))
    assert found[0, :, 0].tolist() == [0, 1, 128, 255]


def test_of_an_animation_the_first_frame_counts(tmp_path: Path) -> None:
    path = saved(
        Image.new("RGB", (4, 4), "red"),
        tmp_path / "a.gif",
        save_all=True,
        append_images=[Image.new("RGB", (4, 4), "blue")],
    )
    assert pictures.read(path)[0, 0].tolist() == [255, 0, 0]


def test_ink_colours_become_light(tmp_path: Path) -> None:
    path = saved(Image.new("CMYK", (8, 8), (0, 255, 255, 0)), tmp_path / "a.jpg", quality=100)
    red, green, blue = pictures.read(path)[4, 4].tolist()
    assert red > 200
    assert max(green, blue) < 60


@pytest.mark.parametrize("ending", ["png", "jpg", "bmp", "gif", "tiff", "webp"])
def test_a_truncated_file_is_rejected_with_its_name(tmp_path: Path, ending: str) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    path = saved(Image.fromarray(noise), tmp_path / f"a.{ending}")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(RejectedError, match=f"a.{ending}"):
        pictures.read(path)


def png_claiming(width: int, height: int) -> bytes:
    """A PNG of a few bytes that claims a size."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize("side", [10_001, 60_000])
def test_a_huge_picture_is_refused_before_it_takes_memory(tmp_path: Path, side: int) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(png_claiming(side, side))
    with pytest.raises(RejectedError, match=f"at most {pictures.MAX_PIXELS} pixels"):
        pictures.read(path)


def test_what_is_no_picture_is_rejected(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_text("<html>not found</html>")
    with pytest.raises(RejectedError, match="found none of these"):
        pictures.read(path)


def test_postscript_which_would_run_a_program_is_not_opened(tmp_path: Path) -> None:
    with pytest.raises(RejectedError, match="found none of these"):
        pictures.read(saved(halves(), tmp_path / "a.eps"))


def test_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="no such file"):
        pictures.read(tmp_path / "a.png")
    with pytest.raises(UnavailableError, match="cannot be read"):
        pictures.read(tmp_path)


def test_without_pillow_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(UnavailableError, match="PIL is not installed") as caught:
        pictures.read(tmp_path / "a.png")
    assert "edge-model-zoo[eval]" in str(caught.value.hint)
