"""`vigie models sign` and `vigie models verify`: signatures and digests of bundles."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vigie import settings
from vigie.cli import options
from vigie.cli.errors import EXAMPLES, exit_code
from vigie.errors import VigieError

if TYPE_CHECKING:
    from vigie.stores.base import Store


@dataclass(frozen=True)
class _Target:
    """A bundle to sign or verify: its verified files, and the place of its signature."""

    label: str
    store: Store
    prefix: str
    files: dict[str, bytes]


@click.command(
    epilog=EXAMPLES.format(
        "vigie models sign cards --key signer.pem", "vigie models sign ./cards-2 --key signer.pem",
        "openssl ecparam -name prime256v1 -genkey -noout -out signer.pem",
    )
)  # fmt: skip
@click.argument("targets", metavar="NAME[@VERSION]|FOLDER…", nargs=-1, required=True)
@click.option(
    "--key", required=True, type=click.Path(path_type=Path), help="Private key: elliptic curve, PEM."
)
@click.option("--ask-password", is_flag=True, help="Prompt for the key's password.")
def sign(targets: tuple[str, ...], key: Path, ask_password: bool) -> None:
    """Sign bundles with your key.

    Other installations can then refuse bundles without your signature (VIGIE_REQUIRE_SIGNATURE). The signature is stored
    beside the manifest as model.sig. Needs `pip install 'vigie[sign]'`.
    """
    from vigie.bundles import signing
    from vigie.bundles.verification import write_signature
    from vigie.cli.console import print_line

    password = click.prompt("Password of the key", hide_input=True, err=True) if ask_password else None
    for target in _targets(targets):
        write_signature(target.store, target.prefix, signing.sign(target.files, key, password=password))
        print_line(f"signed {target.label}")


@click.command(
    epilog=EXAMPLES.format(
        "vigie models verify",
        "vigie models verify cards --key signer.pub",
        "vigie models verify ./cards-2 --key signer.pub",
    )
)
@click.argument("targets", metavar="[NAME[@VERSION]|FOLDER…]", nargs=-1)
@click.option(
    "--key", type=click.Path(path_type=Path), help="Public key of the signer; by default VIGIE_PUBLIC_KEY."
)
@options.as_json
@click.pass_context
def verify(ctx: click.Context, targets: tuple[str, ...], key: Path | None, as_json: bool) -> None:
    """Check every byte of bundles, and their signatures.

    Reads the bundles from their stores. Checks signatures if there is a key. Without a name, checks all models of the
    catalog. The exit code is that of the first failure.
    """
    from vigie.cli import console

    found, code = [], 0
    for name in targets or _all_models():
        try:
            found.append(
                {"model": name, "bytes": "as registered", "signature": _check(name, key), "problem": ""}
            )
        except VigieError as error:
            found.append({"model": name, "bytes": "?", "signature": "?", "problem": error.message})
            code = code or exit_code(error)
    if as_json:
        console.dump(found)
    else:
        table = console.columns("model", "bytes", "signature", "problem")
        for line in found:
            table.add_row(*line.values())
        console.show(table)
    if code:
        ctx.exit(code)


def _check(name: str, key: Path | None) -> str:
    from vigie.bundles import signing
    from vigie.bundles.verification import read_signature

    target = next(iter(_targets((name,))))
    signature = read_signature(target.store, target.prefix)
    public = key or settings.load().public_key
    if public is None:
        return "none" if signature is None else "not checked: no key"
    if signature is None and key is None and not settings.load().require_signature:
        return "none"
    signing.verify(target.files, signature, public, bundle=target.label)
    return "good"


def _all_models() -> list[str]:
    from vigie import resources

    with resources.open_catalog(settings.load()) as catalog:
        return [f"{entry.name}@{entry.version}" for entry in catalog.list(active_only=False)]


def _targets(names: tuple[str, ...]) -> list[_Target]:
    """Return the named bundles: of a folder or URL, else of a model of the catalog."""
    from vigie import resources
    from vigie.bundles.fetch import fetch
    from vigie.cli import publish
    from vigie.stores.open import open_location

    found = []
    for name in names:
        if "/" in name or "\\" in name or Path(name).is_dir():
            source = publish.find(name)
            found.append(
                _Target(f"{source.bundle.name} {source.bundle.version}", source.store, "", source.files)
            )
            continue
        with resources.open_catalog(settings.load()) as catalog:
            model, _, version = name.partition("@")
            entry = catalog.find(model, version or None)
        store = open_location(entry.store)
        found.append(_Target(entry.label, store, entry.storage.prefix, fetch(store, entry.bundle)))
    return found
