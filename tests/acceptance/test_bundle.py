"""One file that carries versions elsewhere, and what a hostile one cannot do; the installed command."""

from __future__ import annotations

import gzip
import io
import json
import os
import shutil
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from registry.digest import Digest
from registry.manifest import canonical
from registry.store.layout import LayoutStore
from tests.acceptance.test_publish import assert_whole, snapshot
from tests.acceptance.test_replicate import entries, publish, sign, versions
from tests.acceptance.world import Cards, Zoo, assert_says, files_below, model_bytes, pinned

SMALL, LARGE = model_bytes(5000, 1), model_bytes(9000, 2)


@pytest.fixture
def store(zoo: Zoo, cards: Cards) -> Path:
    publish(zoo, cards, "store", small=SMALL, large=LARGE)
    sign(zoo.work / "store")
    return zoo.work / "store"


@pytest.fixture
def members(zoo: Zoo, store: Path) -> dict[str, bytes]:
    """Members of a whole bundle, which lies in `good.tar`."""
    result = zoo("bundle", "--all", "--store", "store", "-o", "good.tar")
    assert result.code == 0, result
    with tarfile.open(zoo.work / "good.tar") as archive:
        return {name: read(archive, name) for name in archive.getnames()}


def read(archive: tarfile.TarFile, name: str) -> bytes:
    file = archive.extractfile(name)
    assert file is not None
    return file.read()


def test_a_bundle_carries_versions_with_numbers_yanks_and_signatures(zoo: Zoo, store: Path) -> None:
    zoo("yank", "large", "--store", "store", "--reason", "old")
    result = zoo("bundle", "--all", "--store", "store", "-o", "all.tar", "--format", "json")
    assert result.code == 0, result
    assert result.json()["digest"] == str(Digest.of_file(zoo.work / "all.tar"))
    assert result.json()["size"] == (zoo.work / "all.tar").stat().st_size
    done = zoo("import", "all.tar", "--to", "other")
    assert done.code == 0, done
    assert entries(zoo.work / "other") == entries(store)
    names = {path.name for path in files_below(store / "blobs")}
    assert {path.name for path in files_below(zoo.work / "other" / "blobs")} == names
    again = zoo("import", "all.tar", "--to", "other")
    assert "moved 0 blobs, 0 B" in again.out


def test_the_same_selection_gives_the_same_bytes_on_any_machine(zoo: Zoo, cards: Cards, store: Path) -> None:
    def bundle(source: str, file: str, mask: int, **variables: str) -> bytes:
        starter = ("bash", "-c", f'umask {mask:03o}; exec "$@"', "bash")
        result = zoo.under(starter, "bundle", "small", "large", "--store", source, "-o", file, **variables)
        assert result.code == 0, result
        return (zoo.work / file).read_bytes()

    first = bundle("store", "first.tar", 0o022, TZ="UTC", LC_ALL="C")
    for path in files_below(store):
        os.utime(path, (1, 1))
    assert bundle("store", "second.tar", 0o077, TZ="Asia/Tokyo", LC_ALL="C.UTF-8") == first
    # another store, filled in another order, with more in it
    publish(zoo, cards, "other", large=LARGE)
    cards.card(pinned("small", SMALL), pinned("large", LARGE))
    assert zoo("copy", "store", "other").code == 0
    assert bundle("other", "third.tar", 0o000) == first
    with tarfile.open(zoo.work / "first.tar") as archive:
        listed = archive.getmembers()
    assert [one.name for one in listed] == sorted(one.name for one in listed)
    assert {(one.mtime, one.uid, one.gid, one.uname, one.gname, one.mode) for one in listed} == {
        (0, 0, 0, "", "", 0o644)
    }


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["bundle", "--store", "store", "-o", "x.tar"], "expected either NAME or --all, found neither"),
        (["bundle", "net", "--all", "--store", "store", "-o", "x.tar"], "found both"),
        (["bundle", "nothing", "--store", "store", "-o", "x.tar"], "not published"),
        (["import", "nowhere.tar", "--to", "other"], "no such file: nowhere.tar"),
    ],
)
def test_a_mistake_is_told_with_the_way_on(zoo: Zoo, store: Path, arguments: list[str], said: str) -> None:
    result = zoo(*arguments)
    assert result.code == 2, result
    assert_says(result, said, "next:")
    assert not (zoo.work / "x.tar").exists()
    assert not (zoo.work / "other").exists()


def test_a_bundle_of_damaged_bytes_is_never_left_behind(zoo: Zoo, store: Path) -> None:
    path = store / Digest.of(LARGE).blob_path
    path.chmod(0o644)
    path.write_bytes(LARGE[:-1] + b"?")
    (zoo.work / "x.tar").write_bytes(b"an older one")
    result = zoo("bundle", "large", "--store", "store", "-o", "x.tar")
    assert result.code == 1, result
    assert_says(result, str(Digest.of(LARGE)))
    assert (zoo.work / "x.tar").read_bytes() == b"an older one"
    assert [path.name for path in zoo.work.iterdir() if path.suffix == ".part"] == []


def test_conflicts_are_told_as_by_copy(zoo: Zoo, cards: Cards, members: dict[str, bytes]) -> None:
    publish(zoo, cards, "other", small=LARGE)
    before = snapshot(zoo.work / "other")
    result = zoo("import", "good.tar", "--to", "other")
    assert result.code == 1, result
    assert_says(result, "acme/net/small version 1: expected sha256:")
    assert snapshot(zoo.work / "other") == before


def packed(members: dict[str, bytes], change: Callable[[tarfile.TarInfo], None] | None = None) -> bytes:
    """A tar file as Python writes it; one member's header may be changed."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            if change:
                change(info)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def with_member(name: str, **fields: object) -> Callable[[dict[str, bytes]], bytes]:
    """A whole bundle with one more member."""

    def make(members: dict[str, bytes]) -> bytes:
        def change(info: tarfile.TarInfo) -> None:
            if info.name == name:
                for field, value in fields.items():
                    setattr(info, field, value)

        return packed({**members, name: b""}, change)

    return make


def doubled(members: dict[str, bytes]) -> bytes:
    buffer = packed({"index.json": members["index.json"]}).rstrip(b"\0")
    padded = buffer + bytes(-len(buffer) % 512)
    return padded + packed(members)


def without_a_blob(members: dict[str, bytes]) -> bytes:
    return packed({name: data for name, data in members.items() if name != Digest.of(SMALL).blob_path})


def one_blob_more(members: dict[str, bytes]) -> bytes:
    return packed({**members, Digest.of(b"more").blob_path: b"more"})


def flipped(members: dict[str, bytes]) -> bytes:
    return packed({**members, Digest.of(SMALL).blob_path: SMALL[:-1] + b"?"})


def of_another_size(members: dict[str, bytes]) -> bytes:
    return packed({**members, Digest.of(SMALL).blob_path: SMALL + b"?"})


def beyond_the_end(members: dict[str, bytes]) -> bytes:
    info = tarfile.TarInfo("index.json")
    info.size = 1 << 50
    return info.tobuf(tarfile.GNU_FORMAT) + bytes(1024)


def of_negative_size(members: dict[str, bytes]) -> bytes:
    info = tarfile.TarInfo("index.json")
    info.size = -512
    return info.tobuf(tarfile.GNU_FORMAT) + packed(members)


def a_bomb(members: dict[str, bytes]) -> bytes:
    return gzip.compress(packed(members) + bytes(50_000_000))


def pax_path(members: dict[str, bytes]) -> bytes:
    info = tarfile.TarInfo("index.json")
    info.pax_headers = {"path": "../../evil"}
    return info.tobuf(tarfile.PAX_FORMAT) + packed(members)


def a_long_name(members: dict[str, bytes]) -> bytes:
    return packed({**members, "blobs/" + "x" * 200: b""})


def evil_title(members: dict[str, bytes]) -> bytes:
    """A bundle whose manifest wants to leave the folder; all its digests are right."""
    index = json.loads(members["index.json"])
    entry = index["manifests"][0]
    name = Digest.parse(entry["digest"]).blob_path
    document = json.loads(members[name])
    document["layers"][0]["annotations"] = {"org.opencontainers.image.title": "../../.bashrc"}
    data = canonical(document)
    index["manifests"] = [{**entry, "digest": str(Digest.of(data)), "size": len(data)}]
    reached = [document["config"], *document["layers"]]
    kept = {
        Digest.parse(one["digest"]).blob_path: members[Digest.parse(one["digest"]).blob_path] for one in reached
    }
    kept |= {Digest.of(data).blob_path: data, "index.json": canonical(index), "oci-layout": members["oci-layout"]}
    return packed(kept)


HOSTILE: dict[str, tuple[Callable[[dict[str, bytes]], bytes], str]] = {
    "traversal": (with_member("../evil"), "found '../evil'"),
    "absolute": (with_member("/tmp/evil"), "found '/tmp/evil'"),
    "blob-traversal": (with_member("blobs/sha256/../../../evil"), "found 'blobs/sha256/../../../evil'"),
    "upper-case": (with_member("blobs/sha256/" + "A" * 64), "64 hexadecimal digits, found"),
    "escape": (with_member("\x1b[2J"), "found '\\x1b[2J'"),
    "folder": (with_member("blobs", type=tarfile.DIRTYPE), "expected a regular file, found a folder"),
    "link": (with_member("x", type=tarfile.SYMTYPE, linkname="/etc/passwd"), "found a symbolic link"),
    "hard-link": (with_member("x", type=tarfile.LNKTYPE, linkname="index.json"), "found a hard link"),
    "device": (with_member("x", type=tarfile.CHRTYPE), "found a device"),
    "pipe": (with_member("x", type=tarfile.FIFOTYPE), "found a pipe"),
    "sparse": (with_member("x", type=tarfile.GNUTYPE_SPARSE), "found a sparse file"),
    "unknown-type": (with_member("x", type=b"Z"), "expected a regular file, found type b'Z'"),
    "pax": (pax_path, "found a pax record"),
    "long-name": (a_long_name, "found a long name"),
    "twice": (doubled, "index.json: expected each member once, found it twice"),
    "missing": (without_a_blob, "expected 5000 bytes, found none"),
    "more": (one_blob_more, f"only blobs that its index reaches, found 1 more, such as {Digest.of(b'more')}"),
    "flipped": (flipped, f"expected {Digest.of(SMALL)}, found sha256:"),
    "other-size": (of_another_size, "expected 5000 bytes, found 5001 bytes"),
    "beyond-the-end": (beyond_the_end, f"expected {1 << 50} bytes, found 1024 bytes up to the file's end"),
    "negative": (of_negative_size, "expected a size from 0, found -512"),
    "bomb": (a_bomb, "an uncompressed tar file, found a file compressed with gzip"),
    "truncated": (lambda members: packed(members)[:9000], "found the end of the file after 9000 bytes"),
    "without-end": (lambda members: packed(members).rstrip(b"\0") + bytes(100), "found the end of the file after"),
    "tail": (lambda members: packed(members) + b"more", "expected zeros only, found further bytes"),
    "empty": (lambda members: b"", "expected a header, or two empty blocks as the end"),
    "no-tar": (lambda members: b"x" * 2000, "the header of an uncompressed tar file, found something else"),
    "no-index": (
        lambda members: packed({"oci-layout": members["oci-layout"]}),
        "the member index.json, found none",
    ),
    "no-layout": (lambda members: packed({"index.json": members["index.json"]}), "the member oci-layout"),
    "title": (evil_title, "expected a plain file name, found '../../.bashrc'"),
}


def test_what_the_hostile_ones_are_made_of_is_itself_imported(zoo: Zoo, members: dict[str, bytes]) -> None:
    (zoo.work / "again.tar").write_bytes(packed(members))
    assert zoo("import", "again.tar", "--to", "other").code == 0
    assert len(versions(zoo, "other")) == 2


def test_a_hostile_bundle_is_refused_with_the_reason_and_nothing_is_written(
    zoo: Zoo, members: dict[str, bytes]
) -> None:
    for name, (make, said) in HOSTILE.items():
        (zoo.work / f"{name}.tar").write_bytes(make(members))
        before = {path for path in zoo.folder.rglob("*") if "__pycache__" not in path.parts}
        result = zoo("import", f"{name}.tar", "--to", "other")
        assert result.code == 1, (name, result)
        assert_says(result, f"{name}.tar", said)
        assert result.out == ""
        assert {path for path in zoo.folder.rglob("*") if "__pycache__" not in path.parts} == before, name


def test_a_huge_index_in_a_bundle_is_refused_unread(zoo: Zoo, members: dict[str, bytes]) -> None:
    layout = packed({"oci-layout": members["oci-layout"]}).rstrip(b"\0")
    info = tarfile.TarInfo("index.json")
    info.size = 200 << 20
    with (zoo.work / "huge.tar").open("wb") as file:
        file.write(layout + bytes(-len(layout) % 512) + info.tobuf(tarfile.GNU_FORMAT))
        file.truncate(file.tell() + info.size + 1024)  # a hole: it takes no place on the disk
    limited = ("bash", "-c", 'ulimit -v 400000; exec "$@"', "bash")
    result = zoo.under(limited, "import", "huge.tar", "--to", "other")
    assert result.code == 1, result
    assert_says(result, "index.json: expected at most 67108864 bytes, found 209715200 bytes")


@pytest.mark.server
@pytest.mark.skipif(not shutil.which("skopeo"), reason="needs the Debian package skopeo")
def test_skopeo_reads_a_bundle(zoo: Zoo, members: dict[str, bytes]) -> None:
    for number, entry in enumerate(json.loads(members["index.json"])["manifests"][:2]):
        tag = entry["annotations"]["org.opencontainers.image.ref.name"]
        command = ["skopeo", "--insecure-policy", "--tmpdir", str(zoo.work)]
        raw = subprocess.run(
            [*command, "inspect", "--raw", f"oci-archive:good.tar:{tag}"],
            cwd=zoo.work,
            capture_output=True,
            check=True,
        ).stdout
        assert str(Digest.of(raw)) == entry["digest"]
        subprocess.run(
            [*command, "copy", f"oci-archive:good.tar:{tag}", f"dir:copied{number}"],
            cwd=zoo.work,
            capture_output=True,
            check=True,
        )
    contents = {path.read_bytes() for path in files_below(zoo.work) if path.parent.name.startswith("copied")}
    assert {SMALL, LARGE} <= contents
    assert_whole_store(zoo)


def assert_whole_store(zoo: Zoo) -> None:
    """The bundle still is what it was, and its store too."""
    assert zoo("import", "good.tar", "--to", "other").code == 0
    assert LayoutStore(zoo.work / "other").holding(Digest.of(SMALL)) == len(SMALL)


def test_an_imported_store_is_pulled_from(zoo: Zoo, cards: Cards) -> None:
    publish(zoo, cards, "store", small=SMALL)
    assert zoo("bundle", "small", "--store", "store", "-o", "small.tar").code == 0
    shutil.rmtree(zoo.work / "store")
    assert zoo("import", "small.tar", "--to", "inside").code == 0
    assert_whole(zoo.work / "inside")
    result = zoo("pull", "acme/net/small", "--mirror", "inside", "--offline", "-o", "out")
    assert result.code == 0, result
    assert (zoo.work / "out" / "small.tflite").read_bytes() == SMALL
