"""Who a client is to a registry, and what it says when it is let in nowhere."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from registry.digest import Digest
from registry.errors import UnavailableError
from registry.store.oci.store import RegistryStore
from registry.store.writable import current_index
from tests.oci_registry import PASSWORD, TOKEN, USER, Answer, Front, Request, TokenServer

pytestmark = pytest.mark.server

OpenStore = Callable[..., RegistryStore]
DATA = b"some bytes"
DIGEST = Digest.of(DATA)


@pytest.fixture
def tokens(front: Front) -> TokenServer:
    """The registry behind tokens."""
    front.rules.append(made := TokenServer(front))
    return made


@pytest.fixture
def elsewhere(docker: str) -> Iterator[Front]:
    """Another host: its port makes it one."""
    with Front(docker) as running:
        yield running
    assert running.failures == []


def sent(front: Front) -> list[str]:
    """Authorizations that came."""
    return [request.headers.get("Authorization", "") for request in front.seen]


def read(store: RegistryStore) -> bytes:
    with store.open(DIGEST) as opened:
        return b"".join(opened.chunks)


def test_a_token_for_each_scope_is_kept(open_store: OpenStore, tokens: TokenServer, repository: str) -> None:
    store = open_store(user=USER, password=PASSWORD)
    store.put(DIGEST, [DATA], "it")
    assert store.holding(DIGEST) == len(DATA)
    assert read(store) == DATA
    assert sorted(tokens.scopes) == [f"repository:{repository}:pull", f"repository:{repository}:pull,push"]


def test_a_token_that_has_run_out_is_renewed(open_store: OpenStore, tokens: TokenServer) -> None:
    tokens.lifetime = 2
    store = open_store(user=USER, password=PASSWORD)
    store.put(DIGEST, [DATA], "it")
    for _time in range(3):
        assert read(store) == DATA
    assert len(tokens.scopes) > 3


def test_an_identity_token_buys_tokens(open_store: OpenStore, tokens: TokenServer, front: Front) -> None:
    tokens.refresh = "refresh-me"
    store = open_store(password="", identitytoken="refresh-me")
    store.put(DIGEST, [DATA], "it")
    assert read(store) == DATA
    assert not any(one.startswith("Basic") for one in sent(front))


def test_a_realm_elsewhere_gets_this_registrys_login(
    open_store: OpenStore, tokens: TokenServer, elsewhere: Front
) -> None:
    elsewhere.rules.append(tokens.give)
    tokens.realm = f"http://{elsewhere.host}/token"
    open_store(user=USER, password=PASSWORD).put(DIGEST, [DATA], "it")
    assert elsewhere.seen


@pytest.mark.parametrize("realm", ["http://0.0.0.0:PORT/token", "ftp://127.0.0.1/token", ""])
def test_a_realm_that_is_not_safe_gets_no_login(open_store: OpenStore, front: Front, realm: str) -> None:
    # 0.0.0.0 leads here, and is no loopback address for all that a client can know
    realm = realm.replace("PORT", front.host.rpartition(":")[2])
    header = {"WWW-Authenticate": f'Bearer realm="{realm}",service="x"'}
    front.rules.append(lambda _request: Answer(401, header))
    store = open_store(user=USER, password=PASSWORD)
    with pytest.raises(UnavailableError) as caught:
        store.holding(DIGEST)
    assert PASSWORD not in caught.value.message + str(caught.value.hint)
    assert set(sent(front)) == {""}
    assert any(request.path.startswith("/token") for request in front.seen) == ("0.0.0.0" in realm)


def test_the_login_stays_here_when_a_blob_is_elsewhere(
    open_store: OpenStore, front: Front, elsewhere: Front, tokens: TokenServer
) -> None:
    store = open_store(user=USER, password=PASSWORD)
    store.put(DIGEST, [DATA], "it")

    def away(request: Request) -> Answer | None:
        blob = request.method == "GET" and "/blobs/sha256" in request.path
        return Answer(307, {"Location": f"http://{elsewhere.host}{request.path}"}) if blob else None

    front.rules.append(away)
    assert read(store) == DATA
    assert sent(elsewhere) == [""]


def test_a_challenge_from_elsewhere_is_not_answered(open_store: OpenStore, front: Front, elsewhere: Front) -> None:
    front.rules.append(lambda _request: Answer(307, {"Location": f"http://{elsewhere.host}/x"}))
    elsewhere.rules.append(lambda _request: Answer(401, {"WWW-Authenticate": 'Basic realm="give me"'}))
    with pytest.raises(UnavailableError, match="HTTP 401"):
        read(open_store(user=USER, password=PASSWORD))
    assert set(sent(elsewhere)) == {""}


def test_an_upload_elsewhere_gets_no_login(
    open_store: OpenStore, front: Front, elsewhere: Front, tokens: TokenServer
) -> None:
    def away(request: Request) -> Answer | None:
        if request.method != "POST":
            return None
        answer = front.pass_on(request)
        answer.headers["Location"] = f"http://{elsewhere.host}{answer.headers['Location']}"
        return answer

    front.rules.append(away)
    store = open_store(user=USER, password=PASSWORD)
    store.put(DIGEST, [DATA], "it")
    assert set(sent(elsewhere)) == {""}
    assert read(store) == DATA


def test_an_upload_over_plain_http_elsewhere_is_refused(open_store: OpenStore, front: Front) -> None:
    away = Answer(202, {"Location": "http://registry.invalid/upload"})
    front.rules.append(lambda request: away if request.method == "POST" else None)
    with pytest.raises(UnavailableError, match="expected https"):
        open_store().put(DIGEST, [DATA], "it")


def test_a_netrc_does_not_take_the_place_of_a_login(
    open_store: OpenStore, front: Front, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login other password other-password\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    assert open_store().holding(DIGEST) is None
    assert set(sent(front)) == {""}


@pytest.mark.parametrize(
    ("login", "said"),
    [({}, "log in: `docker login"), ({"user": USER, "password": "wrong"}, "is refused; log in anew")],
)
def test_who_is_not_let_in_hears_how(
    open_store: OpenStore, tokens: TokenServer, login: dict[str, str], said: str
) -> None:
    with pytest.raises(UnavailableError, match="HTTP 401") as caught:
        current_index(open_store(**login))
    assert said in str(caught.value.hint)
    assert "wrong" not in caught.value.message + str(caught.value.hint)


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (401, b"", "log in"),
        (403, b'{"errors":[{"code":"DENIED","message":"s3cr3t"}]}', "read and write"),
        (404, b"", "is an OCI registry"),
        (418, b'{"errors":[{"code":"s3cr3t <b>"}]}', "in its log"),
        (429, b"", "too many requests"),
        (500, b"s3cr3t", "later"),
        (503, b'{"errors":3}', "later"),
    ],
)
def test_a_refusal_comes_with_a_next_step(
    open_store: OpenStore, front: Front, status: int, body: bytes, said: str
) -> None:
    front.rules.append(lambda _request: Answer(status, {"WWW-Authenticate": 'Basic realm="x"'}, body))
    store = open_store(user=USER, password=PASSWORD)
    with pytest.raises(UnavailableError, match=f"HTTP {status}") as caught:
        store.read_index()
    assert said in str(caught.value.hint)
    for secret in ("s3cr3t", PASSWORD, TOKEN, "Basic "):
        assert secret not in caught.value.message + str(caught.value.hint)


def test_the_codes_of_a_registry_are_told(open_store: OpenStore, front: Front) -> None:
    body = b'{"errors":[{"code":"DENIED"},{"code":"TOOMANYREQUESTS"}]}'
    front.rules.append(lambda _request: Answer(403, {}, body))
    with pytest.raises(UnavailableError, match=r"\(DENIED, TOOMANYREQUESTS\)"):
        open_store().read_index()


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"token":3}', b'{"token":"a\\r\\nb"}', b"x" * (2 << 20)])
def test_an_answer_that_holds_no_token_is_told(open_store: OpenStore, front: Front, body: bytes) -> None:
    realm = f'Bearer realm="http://{front.host}/token"'
    front.rules.append(
        lambda request: (
            Answer(200, {}, body) if request.path.startswith("/token") else Answer(401, {"WWW-Authenticate": realm})
        )
    )
    with pytest.raises(UnavailableError, match="expected a token in JSON"):
        open_store().read_index()
