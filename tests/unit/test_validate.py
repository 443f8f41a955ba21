"""Documents against each other; `tests/cards/` has the cases of single cards."""

from pathlib import Path

import pytest

from registry.consistency import find_documents
from registry.errors import RequestError
from registry.parallel import FEW
from registry.problem import Problem
from registry.validate import validate
from tests.unit import builders
from tests.unit.builders import INT8, card, metric, variant


def errors(root: Path, *paths: Path) -> list[Problem]:
    return [item for item in found(root, *paths) if item.severity == "error"]


def found(root: Path, *paths: Path) -> list[Problem]:
    return [item for verdict in validate(find_documents(paths or [root]), [root]) for item in verdict.problems]


def test_documents_are_found_in_order_once_and_not_in_hidden_places(tmp_path: Path) -> None:
    for name in ("b/two.yaml", "b/one.yml", "a/net.yaml", ".git/x.yaml", "b/.x.yaml", "b/notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    names = [str(path.relative_to(tmp_path)) for path in find_documents([tmp_path, tmp_path / "b"])]
    assert names == ["a/net.yaml", "b/one.yml", "b/two.yaml"]
    assert find_documents([tmp_path / "b" / "notes.txt"]) == [tmp_path / "b" / "notes.txt"]


def test_a_path_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="no such file or folder"):
        find_documents([tmp_path / "gone"])


def test_a_new_dataset_and_target_count_as_soon_as_they_are_judged_together(tmp_path: Path) -> None:
    own = variant(metrics=[metric(0.5)], latencies=[builders.latency(3)])
    path = builders.write_card(tmp_path / "new", card(own))
    empty = tmp_path / "empty"
    assert {item.rule for item in errors(empty, path)} == {"unknown-dataset", "unknown-target"}
    builders.write_dataset(tmp_path / "new", builders.dataset())
    builders.write_target(tmp_path / "new", builders.target())
    assert errors(empty, tmp_path / "new") == []
    assert errors(tmp_path / "new", path) == []


def test_a_parent_may_stand_in_the_catalogue_that_is_not_judged(tmp_path: Path) -> None:
    builders.write_card(tmp_path, card(variant("float", metrics=[metric(0.5)])))
    builders.write_dataset(tmp_path, builders.dataset())
    child = variant("small", quantization=INT8, parent="acme/net/float")
    path = builders.write_card(tmp_path / "new", card(child, model="child"))
    assert found(tmp_path, path) == []
    assert [item.rule for item in errors(tmp_path / "new", path)] == ["unknown-variant"]


@pytest.mark.parametrize("parent", ["../../acme/net", "acme/../net", "acme/net/float/more", "a//b"])
def test_a_parent_is_never_looked_for_outside(tmp_path: Path, parent: str) -> None:
    path = builders.write_card(tmp_path, card(variant("small", quantization=INT8, parent=parent)))
    assert [item.rule for item in errors(tmp_path, path)] in (["unknown-variant"], ["pattern"])


def test_a_name_counts_in_all_its_files(tmp_path: Path) -> None:
    first = builders.write_document(tmp_path / "acme" / "net.yaml", card())
    second = builders.write_document(tmp_path / "acme" / "net.yml", card())
    (problem,) = errors(tmp_path)
    assert (problem.file, problem.rule) == (str(second), "duplicate-name")
    assert str(first) in problem.message


def test_cards_enough_for_workers_are_judged_in_order(tmp_path: Path) -> None:
    count = FEW * 2
    for number in range(count):
        broken = {"title": number} if number % 3 == 0 else {}
        builders.write_card(tmp_path, {**card(model=f"net{number:03}"), **broken})
    verdicts = list(validate(find_documents([tmp_path]), [tmp_path]))
    assert [Path(verdict.file).stem for verdict in verdicts] == [f"net{number:03}" for number in range(count)]
    bad = [Path(verdict.file).stem for verdict in verdicts if verdict.problems]
    assert bad == [f"net{number:03}" for number in range(0, count, 3)]


def test_a_class_count_without_a_known_dataset_is_not_compared(tmp_path: Path) -> None:
    builders.write_dataset(tmp_path, {key: value for key, value in builders.dataset().items() if key != "classes"})
    path = builders.write_card(tmp_path, card(variant(classes={"count": 9, "dataset": "shapes"})))
    assert errors(tmp_path, path) == []
    own = variant(classes={"count": 9, "dataset": "shapes", "names": [str(n) for n in range(9)]})
    builders.write_dataset(tmp_path, builders.dataset())
    builders.write_card(tmp_path, card(own))
    assert errors(tmp_path, path) == []


def test_names_of_classes_are_as_many_as_the_count(tmp_path: Path) -> None:
    builders.write_dataset(tmp_path, builders.dataset())
    path = builders.write_card(tmp_path, card(variant(classes={"count": 3, "names": ["a", "b"]})))
    assert [(item.rule, item.pointer) for item in errors(tmp_path, path)] == [
        ("class-count", "/variants/0/classes/count")
    ]


def test_classes_that_all_variants_share_are_reported_once(tmp_path: Path) -> None:
    builders.write_dataset(tmp_path, builders.dataset())
    common = {"classes": {"count": 9, "dataset": "shapes"}}
    path = builders.write_card(tmp_path, card(variant("a"), variant("b"), common=common))
    assert [item.pointer for item in errors(tmp_path, path)] == ["/common/classes/count"]


def test_cards_that_are_each_others_parents_are_refused(tmp_path: Path) -> None:
    for own, other in (("one", "two"), ("two", "one")):
        builders.write_card(tmp_path, card(variant("v", parent=f"acme/{other}/v"), model=own))
    problems = errors(tmp_path)
    assert problems
    assert {(item.rule, item.pointer) for item in problems} == {("parent", "/variants/0/parent")}
