from typing import Any

import pytest

from registry.errors import RequestError
from registry.policy import Rule, read, rule_for


def test_keys_and_require() -> None:
    rules = read({"acme": {"keys": ["a.pub", "b.pub"], "require": True}, "*": {"keys": "c.pub"}}, "zoo.toml")
    assert rules == {"acme": Rule(("a.pub", "b.pub"), True), "*": Rule(("c.pub",), False)}


def test_the_own_rule_of_a_publisher_stands_alone() -> None:
    own, others = Rule(("a.pub",), False), Rule(("c.pub",), True)
    assert rule_for({"acme": own, "*": others}, "acme") == own
    assert rule_for({"acme": own, "*": others}, "zeta") == others
    assert rule_for({"acme": own}, "zeta") == Rule((), False)
    assert rule_for({"acme": Rule(), "*": others}, "acme") == Rule()


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (5, "zoo.toml: trust: expected one table a publisher"),
        ({"acme": True}, "zoo.toml: trust.acme: expected a table"),
        ({"acme": {"key": "a.pub"}}, "zoo.toml: trust.acme: unknown key 'key'"),
        ({"acme": {"keys": 5}}, "zoo.toml: trust.acme.keys: expected a list of files"),
        ({"acme": {"keys": [""]}}, "zoo.toml: trust.acme.keys: expected a list of files"),
        ({"acme": {"require": "yes"}}, "zoo.toml: trust.acme.require: expected true or false, found 'yes'"),
        ({"ACME": {}}, "zoo.toml: trust: 'ACME' is no publisher"),
        ({"*": 5}, r"zoo.toml: trust.\*: expected a table"),
    ],
)
def test_another_form_is_named_with_its_place(table: Any, said: str) -> None:
    with pytest.raises(RequestError, match=said) as caught:
        read(table, "zoo.toml")
    assert caught.value.hint
