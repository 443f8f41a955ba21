"""Fixtures of the tests that drive the installed command."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from registry.digest import Digest
from tests.acceptance.world import Cards, Zoo
from tests.oci_registry import Front, docker_registry
from tests.simulator import Simulator
from tests.ssh_server import Board, running_board

if TYPE_CHECKING:
    from tests.s3_service import S3Service
    from tests.unit.quantization.networks import World


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    """A web server on loopback, without any path yet."""
    with Simulator() as running:
        yield running
    assert running.failures == []


@pytest.fixture
def s3() -> Iterator[S3Service]:
    """A bucket on loopback."""
    from tests.s3_service import S3Service  # moto takes a while

    with S3Service() as running:
        yield running
    assert running.failures == []


@pytest.fixture
def zoo(tmp_path: Path) -> Iterator[Zoo]:
    """The installed command, in folders of its own."""
    command = Zoo(tmp_path)
    yield command
    command.close()


@pytest.fixture
def cards(zoo: Zoo, tmp_path: Path) -> Cards:
    """A small catalogue, the one that `zoo` reads."""
    made = Cards(tmp_path / "cards")
    zoo.environment["ZOO_CARDS"] = str(made.folder)
    return made


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped catalogue, compiled once for all tests."""
    zoo = Zoo(tmp_path_factory.mktemp("compiled"))
    assert zoo("list").code == 0
    return zoo.cache / "catalogue"


@pytest.fixture
def shipped(zoo: Zoo, compiled: Path) -> Zoo:
    """The installed command with the shipped catalogue, compiled already."""
    shutil.copytree(compiled, zoo.cache / "catalogue")
    return zoo


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A small float network with images, made once for all tests."""
    from tests.unit.quantization import networks  # TensorFlow takes a while

    return networks.world(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="session")
def docker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Host and port of a real registry; each test has a repository of its own there."""
    if not shutil.which("docker-registry"):
        pytest.skip("needs the Debian package docker-registry")
    with docker_registry(tmp_path_factory.mktemp("registry")) as host:
        yield host


@pytest.fixture
def front(docker: str) -> Iterator[Front]:
    """A proxy before that registry, which a test may make misbehave."""
    with Front(docker) as running:
        yield running
    assert running.failures == []


@pytest.fixture
def repository(request: pytest.FixtureRequest) -> str:
    """Name of a repository that no other test uses."""
    return f"tests/t{Digest.of(request.node.nodeid.encode()).hex[:20]}"


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Board]:
    """A board behind a real SSH server, for all tests."""
    with running_board(tmp_path_factory.mktemp("board") / "board") as found:
        yield found


@pytest.fixture
def board(running: Board) -> Board:
    """That board as it is when nobody has made it weak or faulty."""
    running.reset()
    return running
