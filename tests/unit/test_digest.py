import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.digest import CHUNK, Digest
from registry.errors import RequestError
from tests.unit.strategies import PROPERTY

EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@PROPERTY
@given(st.binary(max_size=200))
def test_a_digest_survives_its_own_text(data: bytes) -> None:
    digest = Digest.of(data)
    assert digest.hex == hashlib.sha256(data).hexdigest()
    assert Digest.parse(str(digest)) == digest
    assert Digest.parse(digest.hex) == digest


@PROPERTY
@given(st.text(max_size=80) | st.from_regex(r"[0-9a-fA-F]{60,68}", fullmatch=True))
def test_a_text_is_a_digest_or_is_refused(text: str) -> None:
    right = len(text) == 64 and set(text) <= set("0123456789abcdef")
    try:
        assert Digest(text).hex == text
    except RequestError:
        assert not right
    else:
        assert right


@pytest.mark.parametrize(
    "text", ["", EMPTY.upper(), EMPTY[:-1], EMPTY + "0", EMPTY + "\n", "md5:" + EMPTY, "sha256:sha256:" + EMPTY]
)
def test_what_looks_like_a_digest_and_is_none(text: str) -> None:
    with pytest.raises(RequestError, match="not a SHA-256 digest") as caught:
        Digest.parse(text)
    assert "64 hexadecimal digits" in (caught.value.hint or "")


def test_a_file_of_several_pieces(tmp_path: Path) -> None:
    path = tmp_path / "data"
    data = bytes(range(256)) * (2 * CHUNK // 256) + b"end"
    path.write_bytes(data)
    assert Digest.of_file(path) == Digest.of(data)


def test_the_place_in_an_image_layout() -> None:
    assert Digest.of(b"").blob_path == f"blobs/sha256/{EMPTY}"
