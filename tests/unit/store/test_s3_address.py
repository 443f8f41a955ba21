import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import RequestError
from registry.store.s3_address import S3Address
from tests.unit.strategies import PROPERTY


def test_an_address_says_what_it_says_and_nothing_else() -> None:
    address = S3Address.parse(
        "s3://models/team/zoo/?endpoint=https%3A%2F%2Fs3.example%3A9000&region=eu-central-1&profile=ci"
        "&addressing=path&sse=aws:kms&kms_key=arn:aws:kms:eu-central-1:1:key/2"
    )
    assert address == S3Address(
        "models",
        "team/zoo",
        "https://s3.example:9000",
        "eu-central-1",
        "ci",
        "path",
        "aws:kms",
        "arn:aws:kms:eu-central-1:1:key/2",
    )
    assert str(address) == "s3://models/team/zoo"
    assert address.key("index.json") == "team/zoo/index.json"


@pytest.mark.parametrize("text", ["s3://models", "s3://models/"])
def test_a_whole_bucket_is_a_store(text: str) -> None:
    address = S3Address.parse(text)
    assert (address.prefix, str(address), address.key("index.json")) == ("", "s3://models", "index.json")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("s3://", "expected the name of a bucket, found ''"),
        ("s3:///zoo", "expected the name of a bucket"),
        ("s3://bad bucket/zoo", "expected the name of a bucket"),
        ("s3://models:9000/zoo", "expected the name of a bucket"),
        ("s3://[models/zoo", "expected a bucket"),
        ("s3://models/a//b", "expected a plain prefix"),
        ("s3://models/a/../b", "expected a plain prefix"),
        ("s3://models/" + "a" * 901, "expected a plain prefix"),
        ("s3://models/zoo#part", "a fragment"),
        ("s3://models/zoo?secret_key=hidden", "unknown parameter 'secret_key'"),
        ("s3://models/zoo?region=a&region=b", "expected one value of region, found two"),
        ("s3://models/zoo?region=", "expected one value of region, found none"),
        ("s3://models/zoo?addressing=dns", "expected addressing path or virtual or auto, found 'dns'"),
        ("s3://models/zoo?sse=rot13", "expected sse AES256 or aws:kms"),
        ("s3://models/zoo?kms_key=k", "kms_key needs sse=aws:kms"),
        ("s3://models/zoo?sse=AES256&kms_key=k", "kms_key needs sse=aws:kms"),
        ("s3://models/zoo?endpoint=minio:9000", "expected an endpoint"),
        ("s3://models/zoo?endpoint=http://user:hidden@host", "expected an endpoint"),
        ("s3://models/zoo?endpoint=http://host:port", "expected an endpoint"),
        ("s3://key:hidden@models/zoo", "credentials do not belong in an address"),
    ],
)
def test_a_broken_address_is_told_without_what_may_be_secret(text: str, said: str) -> None:
    with pytest.raises(RequestError) as caught:
        S3Address.parse(text)
    assert said in caught.value.message
    assert "hidden" not in caught.value.message + str(caught.value.hint)


@PROPERTY
@given(st.text(st.characters(codec="utf-8"), max_size=60))
def test_whatever_comes_is_an_address_or_a_mistake(text: str) -> None:
    try:
        address = S3Address.parse(f"s3://{text}")
    except RequestError:
        return
    assert S3Address.parse(str(address)).key("x") == address.key("x")
    assert ".." not in address.key("x").split("/")
