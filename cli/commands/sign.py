"""`zoo sign`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli import output, passphrase
from cli.session import Voice, voice_options
from cli.store_option import chosen_store, store_option
from cli.stores import open_store
from registry.errors import RequestError

if TYPE_CHECKING:
    from registry.keys import PrivateKey
    from registry.sign import Signed

FILE = click.Path(path_type=Path)


@click.command(
    "sign",
    epilog="""\b
Examples:
  zoo sign --new-key keys/acme.key                          # and keys/acme.pub, which users trust
  zoo sign acme/net/small --store /srv/models --key keys/acme.key --dry-run
  zoo sign acme/net --store /srv/models --key keys/acme.key
  zoo sign acme/net/small --store /srv/models --key keys/acme.key --version 2

Signed is the newest version of each variant that NAME means, unless --version says another. Compare the digest
with the one that `zoo publish` told. A passphrase is asked on a terminal or taken from ZOO_KEY_PASSPHRASE.
`zoo verify --signature NAME` judges signatures. Needs the extra `sign`: pip install 'edge-model-zoo[sign]'.""",
)
@click.argument("name", required=False)
@store_option("--store")
@click.option("--key", type=FILE, metavar="FILE", help="Private key, Ed25519 in PEM.")
@click.option("--version", "number", type=click.IntRange(min=1), help="Which version; the newest when not given.")
@click.option("--new-key", type=FILE, metavar="FILE", help="Make a pair of keys instead; nothing is overwritten.")
@click.option("-n", "--dry-run", is_flag=True, help="Say what would be signed, but write nothing.")
@output.format_option("text", "json")
@voice_options
def command(
    name: str | None,
    address: str | None,
    key: Path | None,
    number: int | None,
    new_key: Path | None,
    dry_run: bool,
    form: str,
    quiet: bool,
    verbose: bool,
) -> None:
    """Sign published versions of NAME, or make the key that does."""
    voice = Voice(quiet=quiet, verbose=verbose)
    if new_key is not None:
        if name or address or key or number or dry_run:
            raise RequestError("--new-key makes a key and signs nothing", hint="leave the other options out")
        _create(new_key, voice, form)
        return
    if not (name and key):
        missing = [word for word, value in (("NAME", name), ("--key", key)) if not value]
        raise RequestError(
            f"expected NAME and --key; missing: {', '.join(missing)}",
            hint="`zoo sign --new-key FILE` makes a key; `zoo sign --help` has examples",
        )
    _sign(name, chosen_store(address, voice), _opened(key, voice), number, form, dry_run=dry_run)


def _create(path: Path, voice: Voice, form: str) -> None:
    from registry import keys

    if path.suffix == ".pub":
        raise RequestError(
            f"{path}: .pub is for the public half", hint=f"such as --new-key {path.with_suffix('.key')}"
        )
    secret = passphrase.for_new_key(path)
    public = keys.create(path, secret)
    if secret is None:
        voice.note(f"{path} is not encrypted: whoever reads it can sign; {passphrase.VARIABLE} or a terminal helps")
    if form == "json":
        output.print_json({"key": str(public.identifier), "private": str(path), "public": public.name})
        return
    click.echo(f"{path}  private key: keep it offline")
    click.echo(f"{public.name}  public key: give it to those who should trust you")
    click.echo(f"key {public.identifier}")


def _opened(path: Path, voice: Voice) -> PrivateKey:
    from registry import keys

    key = keys.read_private(path, lambda: passphrase.for_key(path))
    if mode := keys.open_to_others(path):
        voice.note(f"note: {path} is open to others than its owner (mode {mode}): chmod 600 {path}")
    return key


def _sign(name: str, address: str, key: PrivateKey, number: int | None, form: str, *, dry_run: bool) -> None:
    from registry.selection import Selection, select
    from registry.sign import sign
    from registry.store.writable import current_index

    store = open_store(address)
    versions = select(current_index(store), Selection((name,), number), store.address)
    signed = sign(store, versions, key, dry_run=dry_run)
    identifier = str(key.public.identifier)
    if form == "json":
        versions_ = [_document(one) for one in signed]
        output.print_json({"store": store.address, "key": identifier, "dry_run": dry_run, "versions": versions_})
        return
    for one in signed:
        verb = ("would sign" if dry_run else "signed") if one.new else "unchanged"
        said = "" if one.new else ": signed with this key already"
        click.echo(f"{verb} {one.version.name} version {one.version.number}{said}")
        click.echo(f"  {one.version.digest}")
    click.echo(f"key {identifier}")


def _document(one: Signed) -> dict[str, object]:
    version = one.version
    return {
        "variant": version.name,
        "version": version.number,
        "digest": str(version.digest),
        "signature": str(one.attachment),
        "new": one.new,
    }
