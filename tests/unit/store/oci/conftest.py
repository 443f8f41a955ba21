"""Stores in a real registry, through a front."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from registry.store.oci.address import Address
from registry.store.oci.logins import Logins
from registry.store.oci.store import RegistryStore
from tests.oci_registry import Front, login_file

OpenStore = Callable[..., RegistryStore]


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is tried again is tried at once."""
    monkeypatch.setattr("registry.store.connections._BACKOFF_SECONDS", 0.0)


@pytest.fixture
def open_store(front: Front, repository: str, tmp_path: Path) -> OpenStore:
    """Opens the test's repository as another user would: with a connection and memory of its own."""

    def made(**login: str) -> RegistryStore:
        variables = {"HOME": str(tmp_path / "home")}
        if login:
            variables["REGISTRY_AUTH_FILE"] = str(login_file(tmp_path / "auth.json", front.host, **login))
        return RegistryStore(Address.parse(f"oci://{front.host}/{repository}"), Logins(variables))

    return made


@pytest.fixture
def store(open_store: OpenStore) -> RegistryStore:
    """The test's repository, empty."""
    return open_store()
