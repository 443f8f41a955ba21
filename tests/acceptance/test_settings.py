"""Settings: flag over `ZOO_*` over `zoo.toml` over the user's file over the default."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.world import Cards, Zoo, assert_says, model_bytes, pinned
from tests.unit import builders


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def project_file(zoo: Zoo) -> Path:
    return zoo.work / "zoo.toml"


def user_file(zoo: Zoo) -> Path:
    return zoo.home / "config" / "zoo" / "zoo.toml"


def config(zoo: Zoo, **variables: str) -> Any:
    result = zoo("config", "--format", "json", **variables)
    assert result.code == 0, result
    return result.json()


def test_the_defaults(zoo: Zoo) -> None:
    del zoo.environment["ZOO_CACHE"]
    found = config(zoo)
    assert {name: item["value"] for name, item in found.items()} == {
        "cache": str(zoo.home / "cache" / "zoo"),
        "cards": ["builtin"],
        "registries": [],
        "mirrors": [],
        "offline": False,
        "target": None,
        "prefer": "accuracy",
        "tracking": f"sqlite:///{zoo.home}/.local/share/zoo/mlflow.db",
        "ssh": "ssh",
    }
    assert {item["from"][0]["origin"] for item in found.values()} == {"default"}
    assert all(item["help"] and item["variable"].startswith("ZOO_") for item in found.values())


def test_the_home_folder_serves_where_nothing_is_said_of_caches(zoo: Zoo) -> None:
    for name in ("ZOO_CACHE", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"):
        del zoo.environment[name]
    write(zoo.home / ".config" / "zoo" / "zoo.toml", 'target = "imx8mp"\n')
    found = config(zoo)
    assert found["cache"]["value"] == str(zoo.home / ".cache" / "zoo")
    assert found["target"]["value"] == "imx8mp"


def test_each_place_wins_over_the_next_and_the_losers_are_told(zoo: Zoo) -> None:
    origins = []
    for place in ("default", "user", "project", "environment"):
        if place == "user":
            write(user_file(zoo), 'prefer = "latency"\n')
        if place == "project":
            write(project_file(zoo), 'prefer = "ram"\n')
        found = config(zoo, **({"ZOO_PREFER": "flash"} if place == "environment" else {}))["prefer"]
        assert found["value"] == found["from"][0]["value"]
        origins.append([(item["value"], item["origin"]) for item in found["from"]])
    default, user, project = ("accuracy", "default"), ("latency", str(user_file(zoo))), ("ram", "zoo.toml")
    assert origins == [
        [default],
        [user, default],
        [project, user, default],
        [("flash", "environment ZOO_PREFER"), project, user, default],
    ]


def test_the_text_tells_winner_and_losers(zoo: Zoo) -> None:
    write(project_file(zoo), 'prefer = "ram"\n')
    result = zoo("config", ZOO_PREFER="flash")
    assert result.code == 0, result
    assert "prefer = flash" in result.out
    assert "from environment ZOO_PREFER; overrides ram from zoo.toml; overrides accuracy from default" in result.out


def test_a_flag_wins_over_all(zoo: Zoo, cards: Cards) -> None:
    data = model_bytes()
    cards.card(
        pinned("accurate", data, metrics=[builders.metric(0.9)]),
        pinned("fast", data, latencies=[builders.latency(1)]),
        pinned("lean", data, footprints=[builders.footprint("activation-ram", 1)]),
        pinned("slim", data, footprints=[builders.footprint("weights-flash", 1)]),
        pinned("tiny", data[:100]),
    )

    def chosen(*arguments: str, **variables: str) -> str:
        result = zoo("pull", "net", "--dry-run", "--format", "json", *arguments, **variables)
        assert result.code == 0, result
        name: str = result.json()["variant"]
        return name.rpartition("/")[2]

    assert chosen() == "accurate"
    write(user_file(zoo), 'prefer = "latency"\n')
    assert chosen() == "fast"
    write(project_file(zoo), 'prefer = "ram"\n')
    assert chosen() == "lean"
    assert chosen(ZOO_PREFER="flash") == "slim"
    assert chosen("--prefer", "size", ZOO_PREFER="flash") == "tiny"


def test_the_target_of_a_project_is_the_target_of_its_pulls(zoo: Zoo, cards: Cards) -> None:
    cards.card(pinned("foreign", model_bytes(), format="onnx"))
    write(project_file(zoo), 'target = "board"\n')
    result = zoo("pull", "net", "--dry-run")
    assert result.code == 1, result
    assert_says(result, "for board")


def test_paths_in_a_file_mean_paths_beside_it(zoo: Zoo, cards: Cards) -> None:
    cards.card(pinned("small", model_bytes()))
    del zoo.environment["ZOO_CARDS"], zoo.environment["ZOO_CACHE"]
    write(user_file(zoo), 'cache = "kept"\n')
    write(project_file(zoo), 'cards = "../cards"\nmirrors = ["m", "http://127.0.0.1/m"]\noffline = true\n')
    result = zoo("list", "--format", "json")
    assert [row["name"] for row in result.json()] == ["acme/net/small"]
    assert (user_file(zoo).parent / "kept" / "catalogue").is_dir()
    found = config(zoo)
    assert found["mirrors"]["value"] == ["m", "http://127.0.0.1/m"]
    assert found["offline"]["value"] is True


def test_several_folders_of_cards_are_one_catalogue(zoo: Zoo, cards: Cards, shipped: Zoo) -> None:
    cards.card(pinned("small", model_bytes()))
    with_builtin = shipped("list", "--format", "json", ZOO_CARDS=f"{cards.folder}:builtin")
    publishers = {row["publisher"] for row in with_builtin.json()}
    assert publishers == {"acme", "google", "nxp", "st", "ti", "zoo"}
    by_flags = zoo("list", "--format", "json", "--cards", cards.folder, "--cards", "builtin", ZOO_CARDS="")
    assert by_flags.json() == with_builtin.json()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('targte = "imx8mp"', ["unknown setting 'targte'", "did you mean 'target'"]),
        ("colour = 5", ["unknown setting 'colour'", "cache, cards, registries, mirrors"]),
        ("target = 5", ["target", "expected a string, found 5"]),
        ('offline = "yes"', ["offline", "expected true or false, found 'yes'"]),
        ("mirrors = [1]", ["mirrors", "expected a list of strings, found [1]"]),
        ("cards = {a = 1}", ["cards", "expected a list of strings"]),
        ('prefer = "beauty"', ["prefer", "'beauty'", "accuracy, latency, ram, flash, size"]),
        ("prefer = [", ["cannot be read as TOML"]),
        ('prefer = "ram"\nprefer = "ram"', ["cannot be read as TOML"]),
    ],
)
def test_a_wrong_file_is_named_with_what_is_wrong(zoo: Zoo, text: str, said: list[str]) -> None:
    write(project_file(zoo), text + "\n")
    result = zoo("config")
    assert result.code == 2, result
    assert_says(result, "zoo.toml: ", *said, "next: ")


def test_a_wrong_file_of_the_user_stops_every_command(zoo: Zoo) -> None:
    write(user_file(zoo), "colour = 5\n")
    for arguments in (["config"], ["list"], ["pull", "deeplabv3"]):
        result = zoo(*arguments)
        assert result.code == 2, result
        assert_says(result, f"{user_file(zoo)}: unknown setting 'colour'")


def test_a_file_that_is_no_text(zoo: Zoo) -> None:
    project_file(zoo).write_bytes(b"\xff\xfe\x00")
    result = zoo("config")
    assert result.code == 2, result
    assert_says(result, "zoo.toml", "cannot be read as TOML")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [("ZOO_OFFLINE", "maybe", ["expected 1 or 0"]), ("ZOO_PREFER", "beauty", ["accuracy, latency"])],
)
def test_a_wrong_variable_is_named(zoo: Zoo, name: str, value: str, said: list[str]) -> None:
    result = zoo("config", **{name: value})
    assert result.code == 2, result
    assert_says(result, name, value, *said)


def test_an_unknown_default_target_is_named(zoo: Zoo, cards: Cards) -> None:
    cards.card(pinned("small", model_bytes()))
    result = zoo("pull", "net", ZOO_TARGET="bord")
    assert result.code == 2, result
    assert_says(result, "unknown target 'bord'", "did you mean board")


def test_a_command_is_taken_from_the_user_and_not_from_a_project(zoo: Zoo) -> None:
    write(user_file(zoo), 'ssh = "ssh -F mine"\n')
    assert config(zoo)["ssh"]["value"] == "ssh -F mine"
    assert config(zoo, ZOO_SSH="ssh -v")["ssh"]["value"] == "ssh -v"
    write(project_file(zoo), 'ssh = "touch /tmp/owned"\n')
    result = zoo("config")
    assert result.code == 2, result
    assert_says(result, "zoo.toml: ssh: expected no command", str(user_file(zoo)), "ZOO_SSH")
