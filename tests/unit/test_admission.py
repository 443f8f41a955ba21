from typing import Any

import pytest

from registry.admission import Admission, admission, read
from registry.errors import RequestError


def test_every_key_of_a_policy() -> None:
    table = {
        "weights": ["Apache-2.0", "unknown"],
        "data": ["CC0-1.0"],
        "size": "64 MiB",
        "unpinned": ["st"],
        "loss": 0.05,
        "rerun": "required",
    }
    found = admission(read(table, "zoo.toml"))
    assert found == Admission(("Apache-2.0", "unknown"), ("CC0-1.0",), 64 << 20, ("st",), 0.05, "required")


def test_what_is_not_said_is_the_default() -> None:
    assert admission(read({}, "zoo.toml")) == Admission()
    assert admission(read({"size": 4096}, "zoo.toml")).size == 4096


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (5, "zoo.toml: policy: expected a table"),
        ({"weight": []}, "zoo.toml: policy.weight: unknown key"),
        ({"weights": "MIT"}, "zoo.toml: policy.weights: expected a list of words"),
        ({"data": [""]}, "zoo.toml: policy.data: expected a list of words"),
        ({"unpinned": [5]}, "zoo.toml: policy.unpinned: expected a list of words"),
        ({"size": "64 parsecs"}, "zoo.toml: policy.size: unknown unit of size"),
        ({"size": 0}, "zoo.toml: policy.size: expected bytes"),
        ({"size": True}, "zoo.toml: policy.size: expected bytes"),
        ({"loss": 2}, "zoo.toml: policy.loss: expected a fraction of 1"),
        ({"loss": True}, "zoo.toml: policy.loss: expected a fraction of 1"),
        ({"rerun": "maybe"}, "zoo.toml: policy.rerun: expected one of required, possible, never"),
    ],
)
def test_another_form_is_named_with_its_place(table: Any, said: str) -> None:
    with pytest.raises(RequestError, match=said) as caught:
        read(table, "zoo.toml")
    assert caught.value.hint
