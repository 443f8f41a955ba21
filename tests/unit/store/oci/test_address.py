import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import RequestError
from registry.store.oci.address import Address, is_loopback, may_see_secrets
from tests.unit.strategies import PROPERTY

SECRET = "s3cr3t"


@pytest.mark.parametrize(
    ("text", "base"),
    [
        ("oci://registry.example.org/team/models", "https://registry.example.org/v2/team/models/"),
        ("oci://registry.example.org:5000/models/", "https://registry.example.org:5000/v2/models/"),
        ("oci://127.0.0.1:5000/models", "http://127.0.0.1:5000/v2/models/"),
        ("oci://localhost/models", "http://localhost/v2/models/"),
        ("oci://[::1]:5000/models", "http://[::1]:5000/v2/models/"),
        ("oci://localhost.example.org/models", "https://localhost.example.org/v2/models/"),
        ("oci://127.0.0.1.example.org/models", "https://127.0.0.1.example.org/v2/models/"),
        ("oci+http://registry.example.org/models", "http://registry.example.org/v2/models/"),
        ("oci://docker.io/ann/models", "https://registry-1.docker.io/v2/ann/models/"),
        ("OCI://Registry.Example.ORG/a__b/c-d.e", "https://registry.example.org/v2/a__b/c-d.e/"),
    ],
)
def test_plain_http_is_for_loopback_or_said_aloud(text: str, base: str) -> None:
    assert Address.parse(text).base == base


@pytest.mark.parametrize("text", ["oci://registry.example.org:5000/team/models", "oci+http://host/models"])
def test_an_address_is_shown_as_it_was_given(text: str) -> None:
    assert str(Address.parse(text)) == text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("oci://models", "expected a repository"),
        ("oci://registry.example.org/", "expected a repository"),
        ("oci://registry.example.org/Team/models", "expected a repository in lower case"),
        ("oci://registry.example.org/team/models:v1", "without a tag"),
        ("oci://registry.example.org/team//models", "expected a repository"),
        ("oci://registry.example.org/../models", "expected a repository"),
        ("oci://registry.example.org/models?x=1", "expected a repository"),
        ("oci://registry.example.org/" + "a" * 250, "expected a repository"),
        ("oci:///models", "expected a host"),
        ("oci://ho st/models", "expected a host"),
        ("oci://host:port/models", "expected a host"),
        ("oci://ann:s3cr3t@registry.example.org/models", "found credentials"),
        ("oci://registry.example.org/models@sha256:" + "a" * 64, "found a digest or credentials"),
    ],
)
def test_what_is_no_address_is_refused(text: str, said: str) -> None:
    with pytest.raises(RequestError, match=said) as caught:
        Address.parse(text)
    assert SECRET not in caught.value.message + str(caught.value.hint)


@PROPERTY
@given(st.text(max_size=40))
def test_any_text_is_an_address_or_refused(rest: str) -> None:
    try:
        address = Address.parse(f"oci://{rest}")
    except RequestError:
        return
    assert Address.parse(str(address)) == address
    assert address.base.startswith(("https://", "http://"))
    assert address.base.startswith("https://") or is_loopback(address.host)


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://example.org/token", True),
        ("http://127.0.0.1:99/token", True),
        ("http://[::1]/token", True),
        ("http://example.org/token", False),
        ("http://localhost.example.org/token", False),
        ("http://127.0.0.1@example.org/token", False),
        ("ftp://localhost/token", False),
        ("", False),
    ],
)
def test_secrets_go_over_https_or_stay_on_this_machine(url: str, safe: bool) -> None:
    assert may_see_secrets(url) is safe
