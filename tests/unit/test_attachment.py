import json
from typing import Any

import pytest

from registry.attachment import EMPTY, Attachment
from registry.digest import Digest
from registry.errors import MismatchError
from registry.signature import MAX_BYTES

WHOLE = Attachment(Digest.of(b"manifest"), 8, Digest.of(b"envelope"), 8)
DOCUMENT = json.loads(WHOLE.to_bytes())


def test_the_empty_config_is_the_one_of_the_specification() -> None:
    # OCI image specification 1.1, guidance for an empty descriptor
    assert DOCUMENT["config"] == {
        "mediaType": "application/vnd.oci.empty.v1+json",
        "digest": "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
        "size": 2,
    }
    assert EMPTY == b"{}"


def test_it_refers_to_its_subject_and_is_read_back() -> None:
    assert DOCUMENT["subject"]["digest"] == str(Digest.of(b"manifest"))
    assert DOCUMENT["subject"]["mediaType"] == "application/vnd.oci.image.manifest.v1+json"
    assert Attachment.parse(WHOLE.to_bytes(), "it") == WHOLE


LAYER = DOCUMENT["layers"][0]


@pytest.mark.parametrize(
    "changes",
    [
        {"schemaVersion": 1},
        {"mediaType": "application/json"},
        {"artifactType": "application/vnd.cncf.model.manifest.v1+json"},
        {"layers": []},
        {"layers": [LAYER, LAYER]},
        {"layers": [{**LAYER, "mediaType": "application/octet-stream"}]},
        {"layers": [{**LAYER, "size": MAX_BYTES + 1}]},
        {"layers": [{**LAYER, "digest": "sha512:0"}]},
        {"subject": None},
        {"subject": {**DOCUMENT["subject"], "digest": "x"}},
    ],
)
def test_another_form_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(MismatchError, match=r"expected .*, found "):
        Attachment.parse(json.dumps({**DOCUMENT, **changes}).encode(), "it")
