from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.catalog import Catalog, Filter
from registry.constraints import Constraints
from registry.errors import RequestError
from tests.unit import builders
from tests.unit.builders import card, variant
from tests.unit.strategies import PROPERTY

CARDS = (
    card(variant("256-int8", known_as=["Net_256.TFLITE"]), variant("512-int8"), model="segnet", family="seg"),
    card(variant("256-int8"), publisher="zeta", model="segnet", family="seg"),
    card(variant("100%_int8"[:3]), publisher="zeta", model="net-50", family="net"),
    card(variant("tiny"), publisher="zeta", model="x.net", family="xnet"),
)


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalog]:
    root = tmp_path_factory.mktemp("cards")
    for document in CARDS:
        builders.write_card(root, document)
    with closing(Catalog.open([str(root)], str(tmp_path_factory.mktemp("index")))) as opened:
        assert opened.problems() == []
        yield opened


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("acme/segnet/512-int8", ["acme/segnet/512-int8"]),
        ("ACME/SegNet/512-INT8", ["acme/segnet/512-int8"]),
        (" acme/segnet ", ["acme/segnet/256-int8", "acme/segnet/512-int8"]),
        ("acme/seg", ["acme/segnet/256-int8", "acme/segnet/512-int8"]),
        ("segnet/512-int8", ["acme/segnet/512-int8"]),
        ("segnet", ["acme/segnet/256-int8", "acme/segnet/512-int8", "zeta/segnet/256-int8"]),
        ("seg", ["acme/segnet/256-int8", "acme/segnet/512-int8", "zeta/segnet/256-int8"]),
        ("256-int8", ["acme/segnet/256-int8", "zeta/segnet/256-int8"]),
        ("net_256.tflite", ["acme/segnet/256-int8"]),
        ("Net_256.TFLITE", ["acme/segnet/256-int8"]),
        ("tiny", ["zeta/x.net/tiny"]),
        ("se", []),
        ("acme", []),
        ("", []),
        ("/", []),
        ("a/b/c/d", []),
        ("acme/segnet/", []),
        ("%", []),
        ("x_net", []),
    ],
)
def test_what_a_name_means(catalog: Catalog, name: str, found: list[str]) -> None:
    assert catalog.find(name) == found


@pytest.mark.parametrize(
    ("piece", "found"),
    [
        ("12-i", ["acme/segnet/512-int8"]),
        ("X.NE", ["zeta/x.net/tiny"]),
        ("x_n", []),
        ("x%t", []),
        ("t-5", ["zeta/net-50/100"]),
        ("et", []),
        ("!!!", []),
        ("\\\\\\", []),
    ],
)
def test_where_no_part_fits_a_piece_of_three_letters_does(catalog: Catalog, piece: str, found: list[str]) -> None:
    if found:
        assert catalog.one_card(piece) == found
        assert [row.full_name for row in catalog.select(Filter(Constraints(), name=piece))] == found
        return
    with pytest.raises(RequestError, match="unknown model"):
        catalog.one_card(piece)
    with pytest.raises(RequestError, match="unknown model"):
        next(catalog.select(Filter(Constraints(), name=piece)))


@pytest.mark.parametrize("name", ["seg", "acme/segnet", "256-int8", "net_256.tflite", "zeta/x.net/tiny"])
def test_a_list_and_a_pull_understand_a_name_alike(catalog: Catalog, name: str) -> None:
    assert [row.full_name for row in catalog.select(Filter(Constraints(), name=name))] == catalog.find(name)


def test_a_piece_that_leads_to_one_card_means_its_variants(catalog: Catalog) -> None:
    assert catalog.one_card("12-i") == ["acme/segnet/512-int8"]
    assert catalog.one_card("acme/segnet") == ["acme/segnet/256-int8", "acme/segnet/512-int8"]


def test_an_ambiguous_name_lists_full_names_to_paste(catalog: Catalog) -> None:
    with pytest.raises(RequestError, match="'seg' is ambiguous: it names variants of 2 cards") as caught:
        catalog.one_card("seg")
    assert (caught.value.hint or "").split() == ["one", "of:", *catalog.find("seg")]


@pytest.mark.parametrize(
    ("typed", "near"),
    [
        ("segnett", "segnet"),
        ("SEGNTE", "segnet"),
        ("acme/segnet/512-int9", "acme/segnet/512-int8"),
        ("tinny", "tiny"),
    ],
)
def test_a_near_miss_is_guessed(catalog: Catalog, typed: str, near: str) -> None:
    assert catalog.suggest(typed)[0] == near
    with pytest.raises(RequestError, match="unknown model") as caught:
        catalog.one_card(typed)
    assert near in (caught.value.hint or "")


def test_a_far_miss_is_sent_to_the_list(catalog: Catalog) -> None:
    with pytest.raises(RequestError) as caught:
        catalog.one_card("qqqqqqqq")
    assert caught.value.hint == "`zoo list` shows every variant"


@PROPERTY
@given(st.text(max_size=20))
def test_any_text_is_looked_up_without_an_accident(catalog: Catalog, text: str) -> None:
    known = {"acme/segnet/256-int8", "acme/segnet/512-int8", "zeta/segnet/256-int8"}
    known |= {"zeta/net-50/100", "zeta/x.net/tiny"}
    assert set(catalog.find(text)) <= known
    assert len(catalog.suggest(text)) <= 5


@PROPERTY
@given(st.sampled_from(["acme/segnet/256-int8", "acme/segnet/512-int8", "zeta/x.net/tiny"]))
def test_every_unambiguous_part_of_a_full_name_leads_to_it(catalog: Catalog, full: str) -> None:
    publisher, model, name = full.split("/")
    for part in (full, f"{publisher}/{model}", f"{model}/{name}", model, name):
        assert full in catalog.find(part)


def test_more_names_than_one_reads_are_shown_by_card(tmp_path: Path) -> None:
    for publisher in ("acme", "zeta"):
        builders.write_card(tmp_path, card(*(variant(f"v{n:02}") for n in range(20)), publisher=publisher))
    with closing(Catalog.open([str(tmp_path)], str(tmp_path / "index"))) as opened:
        with pytest.raises(RequestError) as caught:
            opened.one_card("net")
        assert (caught.value.hint or "").split() == ["one", "of:", "acme/net", "zeta/net"]


class TestTargetsAndDatasets:
    """Boards and aliases are names too, but a name of its own comes first."""

    @pytest.fixture
    def opened(self, tmp_path: Path) -> Iterator[Catalog]:
        builders.write_target(tmp_path, builders.target("board", boards=["Board-DK"], aliases=["b.o.a.r.d"]))
        builders.write_target(tmp_path, builders.target("stick", aliases=["board", "wand"]))
        builders.write_dataset(tmp_path, builders.dataset("shapes", aliases=["Simple Shapes"]))
        builders.write_dataset(tmp_path, builders.dataset("streets", aliases=["shapes"]))
        with closing(Catalog.open([str(tmp_path)], str(tmp_path / "index"))) as opened:
            assert opened.problems() == []
            yield opened

    @pytest.mark.parametrize(
        ("name", "found"),
        [("board", "board"), ("Board-dk", "board"), ("B.O.A.R.D", "board"), ("STICK", "stick"), ("wand", "stick")],
    )
    def test_a_target(self, opened: Catalog, name: str, found: str) -> None:
        assert opened.target(name).name == found

    @pytest.mark.parametrize(("name", "found"), [("shapes", "shapes"), ("simple shapes", "shapes")])
    def test_a_dataset(self, opened: Catalog, name: str, found: str) -> None:
        assert opened.require_dataset(name).name == found

    def test_unknown_ones_are_refused_with_a_hint(self, opened: Catalog) -> None:
        with pytest.raises(RequestError, match="unknown target") as caught:
            opened.target("stik")
        assert "stick" in (caught.value.hint or "")
        with pytest.raises(RequestError, match="unknown dataset") as caught:
            opened.require_dataset("zzz")
        assert caught.value.hint == "`zoo datasets` lists them"
        assert opened.dataset("zzz") is None
