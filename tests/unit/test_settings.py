import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import RequestError
from registry.settings import BUILTIN, DEFINITIONS, PREFERENCES, Settings, load, user_folder
from tests.unit.strategies import PROPERTY

WORD = st.from_regex(r"[a-z]{1,6}", fullmatch=True)
ABSOLUTE = WORD.map(lambda word: f"/{word}")
ADDRESS = WORD.map(lambda word: f"https://{word}.example")
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "cache": ABSOLUTE,
    "cards": st.lists(ABSOLUTE | st.just(BUILTIN), min_size=1, max_size=3).map(tuple),
    "mirrors": st.lists(ABSOLUTE | ADDRESS, min_size=1, max_size=3).map(tuple),
    "offline": st.booleans(),
    "target": WORD,
    "prefer": st.sampled_from(PREFERENCES),
    "tracking": ADDRESS,
}
PLACES = ("flag", "environment", "project", "user")
SOME = st.fixed_dictionaries({}, optional=VALUES)


def as_text(name: str, value: Any) -> str:
    """A value as an environment variable has it."""
    if isinstance(value, bool):
        return "yes" if value else "0"
    if isinstance(value, tuple):
        return (os.pathsep if name == "cards" else ",").join(value)
    return str(value)


def write(path: Path, values: dict[str, Any]) -> str:
    path.write_text("".join(f"{name} = {json.dumps(value)}\n" for name, value in values.items()), encoding="utf-8")
    return str(path)


def load_from(folder: Path, places: dict[str, dict[str, Any]]) -> Settings:
    variables = {item.name: item.variable for item in DEFINITIONS}
    environ = {variables[name]: as_text(name, value) for name, value in places.get("environment", {}).items()}
    project = write(folder / "zoo.toml", places.get("project", {}))
    user = write(folder / "user.toml", places.get("user", {}))
    return load(places.get("flag", {}), {"HOME": "/home/somebody", **environ}, project, user)


@PROPERTY
@given(st.fixed_dictionaries(dict.fromkeys(PLACES, SOME)))
def test_the_nearest_place_wins(tmp_path: Path, places: dict[str, dict[str, Any]]) -> None:
    settings = load_from(tmp_path, places)
    for name in VALUES:
        giving = [place for place in PLACES if name in places[place]]
        found = settings.candidates[name]
        assert [item.value for item in found[:-1]] == [places[place][name] for place in giving]
        assert found[-1].origin == "default"
        assert getattr(settings, name) == found[0].value
        starts = {"flag": "flag", "environment": "environment ZOO_", "project": str(tmp_path / "zoo.toml")}
        for place, item in zip(giving, found, strict=False):
            assert item.origin.startswith(starts.get(place, str(tmp_path / "user.toml")))


def test_the_defaults_name_no_place_but_home() -> None:
    settings = load({}, {"HOME": "/home/somebody"}, "/nowhere/zoo.toml", "/nowhere/user.toml")
    assert settings[:7] == ("/home/somebody/.cache/zoo", (BUILTIN,), (), (), False, None, "accuracy")
    assert settings.tracking == "sqlite:////home/somebody/.local/share/zoo/mlflow.db"


def test_mlflows_own_variable_stands_between_the_user_and_the_default(tmp_path: Path) -> None:
    environ = {"HOME": "/h", "MLFLOW_TRACKING_URI": "http://theirs.example"}
    user = write(tmp_path / "user.toml", {"tracking": "http://ours.example"})
    assert load({}, environ, "/no", "/no").tracking == "http://theirs.example"
    settings = load({}, environ, "/no", user)
    origins = [item.origin for item in settings.candidates["tracking"]]
    assert settings.tracking == "http://ours.example"
    assert origins == [user, "environment MLFLOW_TRACKING_URI", "default"]


def test_flags_that_were_not_given_and_empty_variables_say_nothing(tmp_path: Path) -> None:
    flags = {"cache": None, "mirrors": (), "offline": None, "target": None}
    environ = {"HOME": "/h", "ZOO_CACHE": "", "ZOO_MIRROR": "", "ZOO_OFFLINE": ""}
    settings = load(flags, environ, str(tmp_path / "no"), str(tmp_path / "no"))
    assert all(len(found) == 1 for found in settings.candidates.values())


def test_a_flag_that_says_no_beats_a_variable_that_says_yes() -> None:
    settings = load({"offline": False}, {"HOME": "/h", "ZOO_OFFLINE": "1"}, "/no", "/no")
    assert settings.offline is False


def test_paths_of_a_file_lie_beside_it(tmp_path: Path) -> None:
    stated = {"cache": "here", "cards": ["mine", BUILTIN, "/abs"], "mirrors": ["blobs", "https://example.org/m"]}
    settings = load_from(tmp_path, {"project": stated})
    assert settings.cache == str(tmp_path / "here")
    assert settings.cards == (str(tmp_path / "mine"), BUILTIN, "/abs")
    assert settings.mirrors == (str(tmp_path / "blobs"), "https://example.org/m")


def test_one_word_stands_for_a_list_of_one(tmp_path: Path) -> None:
    assert load_from(tmp_path, {"project": {"mirrors": "/m"}}).mirrors == ("/m",)


def test_mirrors_in_a_variable_are_parted_by_commas_or_blanks() -> None:
    settings = load({}, {"HOME": "/h", "ZOO_MIRROR": "/a, https://b.example  /c"}, "/no", "/no")
    assert settings.mirrors == ("/a", "https://b.example", "/c")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("cache = ", "cannot be read as TOML"),
        ("cash = 'x'", "unknown setting 'cash'"),
        ("cache = 1", "cache: expected a string, found 1"),
        ("mirrors = [1]", "mirrors: expected a list of strings, found [1]"),
        ("offline = 'yes'", "offline: expected true or false, found 'yes'"),
        ("prefer = 'speed'", "prefer: 'speed' is not allowed"),
        ("[cache]\nfolder = 'x'", "cache: expected a string"),
    ],
)
def test_a_bad_file_is_named_with_what_is_wrong(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "zoo.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RequestError) as caught:
        load({}, {"HOME": "/h"}, str(path), "/no")
    assert caught.value.message.startswith(str(path))
    assert message in caught.value.message
    assert caught.value.hint


def test_a_near_miss_in_a_file_is_guessed(tmp_path: Path) -> None:
    with pytest.raises(RequestError) as caught:
        load_from(tmp_path, {"project": {"mirror": "/m"}})
    assert caught.value.hint == "did you mean 'mirrors'?"


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "zoo.toml").write_bytes(b"cache = '\xff'")
    with pytest.raises(RequestError, match="cannot be read as TOML"):
        load({}, {"HOME": "/h"}, str(tmp_path / "zoo.toml"), "/no")


@pytest.mark.parametrize(("variable", "value"), [("ZOO_OFFLINE", "maybe"), ("ZOO_PREFER", "speed")])
def test_a_bad_variable_is_named(variable: str, value: str) -> None:
    with pytest.raises(RequestError, match=variable):
        load({}, {"HOME": "/h", variable: value}, "/no", "/no")


@pytest.mark.parametrize("kind", ["cache", "config"])
def test_the_users_folders(kind: Any) -> None:
    assert user_folder({"HOME": "/h"}, kind) == f"/h/.{kind}/zoo"
    assert user_folder({"HOME": "/h", f"XDG_{kind.upper()}_HOME": "/x"}, kind) == "/x/zoo"
