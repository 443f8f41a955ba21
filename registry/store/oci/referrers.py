"""What refers to a manifest: by the referrers API, or under the tag that the specification has in its place.

Source: OCI distribution specification 1.1, "Listing Referrers" and "Referrers Tag Schema".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from registry.digest import Digest
from registry.errors import UnavailableError
from registry.manifest import MANIFEST_TYPE, MAX_BYTES, Reader, canonical, descriptor
from registry.store.index import INDEX_TYPE, Referrer
from registry.store.oci.client import PUSH, Client

_ATTEMPTS = 20
_MAX_PAGES = 100


def referrers(client: Client, subject: Digest) -> tuple[Referrer, ...]:
    """What refers to a manifest.

    Raises:
        MismatchError: The registry's list is none.
        UnavailableError: The registry does not answer.
    """
    entries = _by_api(client, subject)
    if entries is None:
        entries = _by_tag(client, subject)
    return tuple(_referrers(entries, subject, client))


def add(client: Client, referrer: Referrer) -> None:
    """List a referrer under the tag, for a registry that keeps no list itself.

    Raises:
        UnavailableError: Others changed the list each time.
    """
    entry = descriptor(MANIFEST_TYPE, referrer.digest, referrer.size)
    entry["artifactType"] = referrer.artifact_type
    for _attempt in range(_ATTEMPTS):
        listed = _by_tag(client, referrer.subject)
        if any(isinstance(one, dict) and one.get("digest") == entry["digest"] for one in listed):
            return  # read back: a list that another writer replaced meanwhile would lack it
        data = canonical({"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": [*listed, entry]})
        path, headers = f"manifests/{_tag(referrer.subject)}", {"Content-Type": INDEX_TYPE}
        with client.ask("PUT", path, 201, actions=PUSH, data=data, headers=headers):
            pass
    raise UnavailableError(
        f"the referrers of {referrer.subject} in {client.address} were changed by others"
        f" {_ATTEMPTS} times in a row",
        hint="run the same command again",
    )


def _by_api(client: Client, subject: Digest) -> list[Any] | None:
    """Entries by the API; None where the registry has none."""
    path: str | None = f"referrers/{subject}"
    found: list[Any] = []
    for _page in range(_MAX_PAGES):
        if path is None:
            return found
        with client.ask("GET", path, 200, 404, headers={"Accept": INDEX_TYPE}) as response:
            if response.status_code == 404 or not response.headers.get("Content-Type", "").startswith(INDEX_TYPE):
                return None
            found += _entries(client.body(response, MAX_BYTES), subject, client)
            path = response.links.get("next", {}).get("url")
            path = path and client.url(path)
    raise UnavailableError(f"{client.address}: the list of referrers of {subject} has no end")


def _by_tag(client: Client, subject: Digest) -> list[Any]:
    path = f"manifests/{_tag(subject)}"
    with client.ask("GET", path, 200, 404, headers={"Accept": INDEX_TYPE}) as response:
        if response.status_code == 404:
            return []
        return _entries(client.body(response, MAX_BYTES), subject, client)


def _tag(subject: Digest) -> str:
    return f"sha256-{subject.hex}"


def _entries(data: bytes, subject: Digest, client: Client) -> list[Any]:
    read = _reader(subject, client)
    entries = read.mapping(read.json(data), "content").get("manifests")
    if not isinstance(entries, list):
        raise read.wrong("manifests", "a list", read.shown(entries))
    return entries


def _referrers(entries: list[Any], subject: Digest, client: Client) -> Iterator[Referrer]:
    read = _reader(subject, client)
    for number, item in enumerate(entries):
        entry = read.mapping(item, what := f"entry {number}")
        if "artifactType" in entry:  # others do not say what they are
            type_ = read.text(entry, "artifactType", what)
            yield Referrer(subject, read.digest(entry, what), read.size(entry, what), type_)


def _reader(subject: Digest, client: Client) -> Reader:
    return Reader(f"the referrers of {subject} in {client.address}", "have whoever wrote that list correct it")
