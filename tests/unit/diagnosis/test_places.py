from __future__ import annotations

import socket
import stat
from pathlib import Path

import pytest

from registry.diagnosis.finding import Finding
from registry.diagnosis.places import examine_mirror, examine_registry, named
from registry.errors import RequestError
from registry.store.base import Mirror
from registry.store.folder import FolderMirror
from registry.store.layout import LayoutStore
from registry.store.site import SiteStore
from registry.store.web import WebMirror
from tests import simulator as web
from tests.simulator import Simulator

NOTHING = "/blobs/sha256/e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
LAYOUT, EMPTY = b'{"imageLayoutVersion":"1.0.0"}', b'{"schemaVersion":2,"manifests":[]}'


def registry_in(folder: Path) -> Finding:
    return examine_registry(str(folder), lambda address: LayoutStore(Path(address)), offline=True)


def mirror_in(folder: Path) -> Finding:
    return examine_mirror(str(folder), lambda address: FolderMirror(Path(address)), offline=True)


def site(address: str) -> Finding:
    return examine_registry(address, SiteStore, offline=False)


def web_mirror(address: str) -> Finding:
    return examine_mirror(address, WebMirror, offline=False)


def test_a_registry_in_a_folder(tmp_path: Path) -> None:
    LayoutStore(tmp_path / "store").prepare()
    found = registry_in(tmp_path / "store")
    assert (found.subject, found.state) == (f"registry {tmp_path}/store", "ok")
    assert found.found == "answers, with 0 versions"


def test_a_folder_that_is_no_registry(tmp_path: Path) -> None:
    found = registry_in(tmp_path)
    assert (found.state, found.advice) == ("fault", "`zoo publish CARD --to DIR` makes one")
    assert found.found.startswith("expected an OCI Image Layout")


@pytest.mark.parametrize("index", [b"", b"[]", b'{"schemaVersion":2,"manifests":[{}]}'])
def test_a_registry_with_a_damaged_index(tmp_path: Path, index: bytes) -> None:
    LayoutStore(tmp_path).prepare()
    (tmp_path / "index.json").write_bytes(index)
    assert registry_in(tmp_path).state == "fault"


def test_a_mirror_in_a_folder(tmp_path: Path) -> None:
    found = mirror_in(tmp_path)
    assert (found.state, found.found) == ("ok", "answers")


def test_a_folder_that_is_not_mounted(tmp_path: Path) -> None:
    found = mirror_in(tmp_path / "usb")
    assert (found.state, found.found) == ("fault", "no such folder")
    assert found.advice == "mount it, or correct its path"


def test_a_site_that_is_a_registry(simulator: Simulator) -> None:
    simulator.route("/oci-layout", web.whole(LAYOUT))
    simulator.route("/index.json", web.whole(EMPTY))
    assert site(simulator.url).found == "answers, with 0 versions"


def test_a_site_that_is_none(simulator: Simulator) -> None:
    found = site(simulator.url)
    assert (found.subject, found.state) == (f"registry {simulator.url}", "fault")


@pytest.mark.parametrize(
    ("status", "registry", "mirror"),
    [(401, "fault", "fault"), (403, "fault", "warning"), (400, "unknown", "unknown")],
)
def test_no_entry_is_told_apart_from_no_answer(
    simulator: Simulator, status: int, registry: str, mirror: str
) -> None:
    for path in ("/oci-layout", NOTHING):
        simulator.route(path, web.status(status))
    assert site(simulator.url).state == registry
    found = web_mirror(simulator.url)
    assert found.state == mirror
    assert found.found.startswith(f"the server answered HTTP {status}")


def test_a_mirror_that_answers_everything_with_a_page(simulator: Simulator) -> None:
    simulator.route(NOTHING, web.whole(b"<html>log in</html>"))
    found = web_mirror(simulator.url)
    assert found.state == "warning"
    assert "gives 19 bytes for a file that is empty" in found.found


def test_a_mirror_that_holds_the_empty_file(simulator: Simulator) -> None:
    simulator.route(NOTHING, web.whole(b""))
    assert web_mirror(simulator.url).state == "ok"


def test_nobody_listens() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))  # taken, and refuses as long as it does not listen
        address = f"http://ann:s3cr3t@127.0.0.1:{free.getsockname()[1]}"
        found = web_mirror(address)
    assert found.state == "unknown"
    assert "refused" in found.found
    assert "s3cr3t" not in str(found)


def test_offline_nobody_is_asked(simulator: Simulator) -> None:
    for found in (
        examine_registry(simulator.url, SiteStore, offline=True),
        examine_mirror(simulator.url, WebMirror, offline=True),
    ):
        assert (found.state, found.found) == ("note", "not asked: the network is off")
    assert simulator.count() == 0


def test_an_address_of_no_kind() -> None:
    def open_mirror(address: str) -> Mirror:
        raise RequestError(f"address {address!r}: unknown kind", hint="a store is a folder")

    found = examine_mirror("ftp://ann:s3cr3t@x", open_mirror, offline=False)
    assert (found.subject, found.state, found.advice) == ("mirror ftp://x", "fault", "a store is a folder")
    assert "s3cr3t" not in found.found


def test_nothing_is_changed_in_a_registry(tmp_path: Path) -> None:
    LayoutStore(tmp_path).prepare()
    before = {path: path.stat() for path in tmp_path.rglob("*")}
    registry_in(tmp_path)
    mirror_in(tmp_path)
    after = {path: path.stat() for path in tmp_path.rglob("*")}
    assert {path: (one.st_mtime_ns, one.st_size) for path, one in before.items()} == {
        path: (one.st_mtime_ns, one.st_size) for path, one in after.items()
    }
    assert all(stat.S_ISDIR(one.st_mode) or stat.S_ISREG(one.st_mode) for one in after.values())


def test_only_addresses_are_shortened() -> None:
    assert named("mirror", "/srv/a?b") == "mirror /srv/a?b"
    assert named("mirror", "https://a:b@host/x?token=c") == "mirror https://host/x"
