"""Addresses of devices."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.device.address import Address
from registry.errors import RequestError
from tests.unit.strategies import PROPERTY


@pytest.mark.parametrize(
    ("text", "expected", "place"),
    [
        ("ssh://root@board:2222/opt/models", Address("root", "board", 2222, "/opt/models"), "root@board:2222"),
        ("ssh://board/opt", Address(None, "board", None, "/opt"), "board"),
        ("ssh://my_alias.lan", Address(None, "my_alias.lan", None, ""), "my_alias.lan"),
        ("ssh://board//opt///models//", Address(None, "board", None, "/opt/models"), "board"),
        ("ssh://me@[::1]:22/x", Address("me", "::1", 22, "/x"), "me@[::1]:22"),
        ("ssh://[fe80::1%eth0]/x", Address(None, "fe80::1%eth0", None, "/x"), "[fe80::1%eth0]"),
        ("ssh://a%40b@board/x", Address("a@b", "board", None, "/x"), "a@b@board"),
        ("ssh://board/a b/%24x'\"%0A/-%5C#?", Address(None, "board", None, "/a b/$x'\"\n/-\\#?"), "board"),
        ("ssh://board/%ff", Address(None, "board", None, "/\udcff"), "board"),
    ],
)
def test_an_address_says_where(text: str, expected: Address, place: str) -> None:
    found = Address.parse(text)
    assert found == expected
    assert found.place == place


@pytest.mark.parametrize(
    "text",
    [
        "",
        "board",
        "root@board:/opt",
        "http://board/x",
        "ssh://",
        "ssh:///opt",
        "ssh://-oProxyCommand=x/opt",
        "ssh://-l@board/opt",
        "ssh://@board/opt",
        "ssh://a%0Ab@board/opt",
        "ssh://bo ard/opt",
        "ssh://board;reboot/opt",
        "ssh://board:0/opt",
        "ssh://board:65536/opt",
        "ssh://board:/opt",
        "ssh://board:\uff12\uff12/opt",
        "ssh://[::1/opt",
        "ssh://board/opt/../etc",
        "ssh://board/%2e%2e/etc",
        "ssh://board/./opt",
        "ssh://board/a%00b",
        "ssh://board/" + "a" * 2000,
    ],
)
def test_anything_else_is_no_address(text: str) -> None:
    with pytest.raises(RequestError) as caught:
        Address.parse(text)
    assert "ssh://" in str(caught.value.hint)
    assert len(caught.value.message) < 200


def test_some_commands_need_a_folder() -> None:
    assert Address.parse("ssh://board/opt").folder == "/opt"
    with pytest.raises(RequestError, match="ssh://me@board: expected a folder"):
        _ = Address.parse("ssh://me@board").folder


def test_a_password_is_refused_and_not_repeated() -> None:
    with pytest.raises(RequestError, match="a password does not belong") as caught:
        Address.parse("ssh://root:hunter2@board/opt")
    assert "hunter2" not in f"{caught.value.message} {caught.value.hint}"


@PROPERTY
@given(st.one_of(st.text(), st.text().map(lambda text: f"ssh://{text}"), st.text().map(lambda t: f"ssh://b/{t}")))
def test_any_text_is_an_address_or_a_plain_refusal(text: str) -> None:
    try:
        found = Address.parse(text)
    except RequestError:
        return
    assert not found.host.startswith("-")
    assert found.path == "" or (found.path.startswith("/") and "/../" not in f"{found.path}/")
    assert Address.parse(str(found)) == found
