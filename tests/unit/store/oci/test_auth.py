import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.store.oci.auth import Challenge, challenges
from tests.unit.strategies import PROPERTY


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", []),
        ("Negotiate", []),
        ('Basic realm="x y"', [("basic", {"realm": "x y"})]),
        (
            'Bearer realm="https://auth.example.org/token",service="r",scope="repository:a/b:pull,push"',
            [
                (
                    "bearer",
                    {
                        "realm": "https://auth.example.org/token",
                        "service": "r",
                        "scope": "repository:a/b:pull,push",
                    },
                )
            ],
        ),
        (
            'Bearer realm="https://a", service=r, Basic realm="b"',
            [("bearer", {"realm": "https://a", "service": "r"}), ("basic", {"realm": "b"})],
        ),
        (r'Basic realm="a \"quoted\" one"', [("basic", {"realm": 'a "quoted" one'})]),
    ],
)
def test_challenges_are_read_in_order(header: str, expected: list[tuple[str, dict[str, str]]]) -> None:
    assert challenges(header) == [Challenge(scheme, parameters) for scheme, parameters in expected]


@PROPERTY
@given(st.text(alphabet='Bearer basic="\\, \t', max_size=200))
def test_any_header_is_read(header: str) -> None:
    for challenge in challenges(header):
        assert challenge.parameters


@PROPERTY
@given(st.lists(st.from_regex(r"[a-z/:,. ]{1,20}", fullmatch=True), min_size=1, max_size=4))
def test_what_is_quoted_comes_back_whole(values: list[str]) -> None:
    names = ["realm", "service", "scope", "error"]
    parameters = dict(zip(names, values, strict=False))
    header = "Bearer " + ",".join(f'{name}="{value}"' for name, value in parameters.items())
    assert challenges(header) == [Challenge("bearer", parameters)]
