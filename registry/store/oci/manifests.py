"""Manifests and tags of a repository."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Sequence

from registry.digest import Digest
from registry.errors import UnavailableError
from registry.manifest import MANIFEST_TYPE, MAX_BYTES
from registry.store.index import INDEX_TYPE
from registry.store.oci.client import PUSH, Client, RefusedError

AT_ONCE = 8
"""Manifests that are asked for at the same time."""

ACCEPT = f"{MANIFEST_TYPE}, {INDEX_TYPE}"

_PAGE = 1000
_MAX_PAGES = 1000
_MAX_PAGE_BYTES = 16 << 20
_PAUSES_SECONDS = (0.2, 0.5, 1.0, 2.0)


class Manifests:
    """Puts and gets manifests by digest or by tag."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def put(self, reference: str, data: bytes) -> str | None:
        """Put a manifest. Returns the subject that the registry lists it under, if any.

        docker-registry 2.8 does not see a blob for a moment in which another publisher puts the same one: that
        is waited for.

        Raises:
            UnavailableError: The registry does not take it.
        """
        type_ = json.loads(data).get("mediaType", MANIFEST_TYPE)
        path, headers = f"manifests/{reference}", {"Content-Type": type_}
        for seconds in (*_PAUSES_SECONDS, None):
            try:
                with self._client.ask("PUT", path, 201, actions=PUSH, data=data, headers=headers) as response:
                    return response.headers.get("OCI-Subject")
            except RefusedError as error:
                if seconds is None or "MANIFEST_BLOB_UNKNOWN" not in error.codes:
                    raise
                time.sleep(seconds * random.uniform(1.0, 1.5))  # noqa: S311 - spreads clients, guards nothing
        return None

    def get(self, reference: str) -> bytes | None:
        """A manifest; None where there is none.

        Raises:
            MismatchError: It is too long.
            UnavailableError: The registry did not answer.
        """
        path, headers = f"manifests/{reference}", {"Accept": ACCEPT}
        with self._client.ask("GET", path, 200, 404, headers=headers) as response:
            return None if response.status_code == 404 else self._client.body(response, MAX_BYTES)

    def get_all(self, references: Sequence[str]) -> list[bytes | None]:
        """Several manifests, in order; see `get`."""
        from concurrent.futures import ThreadPoolExecutor

        if not references:
            return []
        with ThreadPoolExecutor(min(AT_ONCE, len(references))) as pool:
            return list(pool.map(self.get, references))

    def tagged(self, tag: str) -> Digest | None:
        """Digest of the manifest under a tag; None where there is none.

        Raises:
            UnavailableError: The registry did not answer.
        """
        with self._client.ask("HEAD", f"manifests/{tag}", 200, 404, headers={"Accept": ACCEPT}) as response:
            if response.status_code == 404:
                return None
            stated = response.headers.get("Docker-Content-Digest", "")
        if stated.startswith("sha256:"):
            return Digest.parse(stated)
        data = self.get(tag)
        return None if data is None else Digest.of(data)

    def tags(self) -> set[str]:
        """All tags of the repository; none where it does not exist yet.

        Raises:
            UnavailableError: The registry does not answer, is none, or lists without end.
        """
        found: set[str] = set()
        path: str | None = f"tags/list?n={_PAGE}"
        for _page in range(_MAX_PAGES):
            if path is None:
                return found
            with self._client.send("GET", path) as response:
                if response.status_code == 404 and self._client.error_codes(response):
                    return found  # it has no repository of this name yet
                if response.status_code != 200:
                    raise self._client.refusal(response)
                found |= self._page(self._client.body(response, _MAX_PAGE_BYTES))
                path = response.links.get("next", {}).get("url")
                path = path and self._client.url(path)
        raise UnavailableError(f"{self._client.address}: the list of tags has no end")

    def _page(self, data: bytes) -> set[str]:
        try:
            listed = json.loads(data)["tags"]
        except (ValueError, KeyError, TypeError, RecursionError):
            listed = ""
        if listed is not None and not (isinstance(listed, list) and all(isinstance(one, str) for one in listed)):
            raise UnavailableError(
                f"{self._client.address}: expected a list of tags, found something else",
                hint="see that it is an OCI registry",
            )
        return set(listed or ())
