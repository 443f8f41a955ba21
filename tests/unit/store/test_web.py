from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.digest import Digest
from registry.store.web import WebMirror, shown
from tests.unit.strategies import PROPERTY

SECRET = "s3cr3t"
PART = st.from_regex(r"[a-z0-9.-]{1,8}", fullmatch=True)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://example.org/a/b", "https://example.org/a/b"),
        ("https://user:s3cr3t@example.org:8080/a", "https://example.org:8080/a"),
        ("https://s3cr3t@example.org/a", "https://example.org/a"),
        ("https://a@s3cr3t@example.org/a", "https://example.org/a"),
        ("https://example.org/a?X-Amz-Signature=s3cr3t", "https://example.org/a"),
        ("https://example.org/a#s3cr3t", "https://example.org/a"),
        ("https://[::1]:8080/a", "https://[::1]:8080/a"),
    ],
)
def test_an_address_is_shown_without_secrets(url: str, expected: str) -> None:
    assert shown(url) == expected


@PROPERTY
@given(PART, PART, PART)
def test_no_secret_shows_wherever_it_stands(host: str, path: str, user: str) -> None:
    for url in (
        f"https://{user}:{SECRET}@{host}/{path}",
        f"https://{SECRET}@{host}/{path}?a={SECRET}#{SECRET}",
        f"https://{host}/{path}?token={SECRET}",
    ):
        assert SECRET not in shown(url)
        assert urlsplit(shown(url)).hostname == host
        assert shown(shown(url)) == shown(url)


@pytest.mark.parametrize("url", ["https://[::1/a", "https://s3cr3t@[/a", "http://[", "https://exa\u2100mple.org/a"])
def test_an_address_that_is_none_is_shown_all_the_same(url: str) -> None:
    assert SECRET not in shown(url)


def test_a_mirror_is_shown_without_secrets_and_is_not_local() -> None:
    mirror = WebMirror("https://user:s3cr3t@example.org/mirror/")
    assert mirror.address == "https://example.org/mirror"
    assert mirror.local is False


def test_opening_waits_until_the_block_is_entered() -> None:
    # nothing listens on port 1; the address is not tried before it is needed
    WebMirror("http://127.0.0.1:1").open(Digest.of(b""))
