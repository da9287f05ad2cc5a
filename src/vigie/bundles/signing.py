"""Signatures of bundles with OpenSSF model signing and a key file; needs the extra `vigie[sign]`, no network.

The signature covers the five files and the manifest, so that name and version, which the manifest holds, are
signed with them. It is kept beside them as `model.sig`, a Sigstore bundle, and is none of the files it covers. The
vendor's own command verifies a bundle's folder as well:

    model_signing verify key FOLDER --signature FOLDER/model.sig --public_key KEY.pub

A signature says who made the bytes, not that they are the ones asked for: the caller compares the name and version
of the manifest with what it wanted, as it does without signatures.

Keys are elliptic curve keys in PEM (P-256, P-384 or P-521). `verify` works on bytes already in memory, those
that will be used, and never on files that could change in between.
"""

from __future__ import annotations

import base64
import contextlib
import io
import json
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from vigie.errors import DamagedBundle, InputRefused, NotFound, UnsignedBundle
from vigie.extras import require
from vigie.i18n.messages import msg

SIGNATURE = "model.sig"
SIGNATURE_LIMIT = 1024**2

_KEYS = msg("make one with `openssl ecparam -name prime256v1 -genkey -noout` and `openssl ec -pubout`")


def sign(files: Mapping[str, bytes] | Path, private_key: Path, *, password: str | None = None) -> bytes:
    """The bytes of `model.sig` for a bundle.

    Args:
        files: file name -> bytes, the five files and the manifest; or the folder that holds them.
        private_key: key file in PEM.
        password: what the key file is encrypted with.

    Raises:
        NotFound: no such key file or folder.
        InputRefused: the key is not one that can sign, or a file name cannot be signed.
        UsageRefused: the extra is not installed.
    """
    vendor = _vendor()
    contents = _contents(files)
    key = _key_file(private_key)
    with _laid_out(contents) as folder:
        target = folder.parent / SIGNATURE
        try:
            # The vendor types the password as text and hands it on as it is to a library that wants bytes.
            secret: Any = password.encode() if password is not None else None
            signer = vendor.signing.Config().use_elliptic_key_signer(private_key=key, password=secret)
        except (ValueError, TypeError, AttributeError) as error:
            raise _bad_key(private_key, "private") from error
        signer.set_hashing_config(_hashing(vendor)).sign(folder, target)
        return target.read_bytes()


def verify(
    files: Mapping[str, bytes] | Path, signature: bytes | None, public_key: Path, *, bundle: str = "bundle"
) -> None:
    """Returns where the signature is that of the key's owner, for exactly these files.

    Args:
        files: file name -> bytes, or the folder that holds them.
        signature: the bytes of `model.sig`, None where there is none.
        public_key: key file in PEM.
        bundle: what to call the bundle in an error.

    Raises:
        UnsignedBundle: there is no signature.
        DamagedBundle: the signature is another key's, or not that of these files, or no signature at all.
        NotFound, InputRefused, UsageRefused: as in `sign`.
    """
    if signature is None:
        raise UnsignedBundle(bundle)
    vendor = _vendor()
    contents = _contents(files)
    key = _key_file(public_key)
    if len(signature) > SIGNATURE_LIMIT:
        raise _damaged(bundle, "a larger file", msg("at most {limit:,} bytes", limit=SIGNATURE_LIMIT))
    try:
        verifier = vendor.verifying.Config().use_elliptic_key_verifier(public_key=key)
    except (ValueError, TypeError, AttributeError) as error:
        raise _bad_key(public_key, "public") from error
    verifier.set_hashing_config(_hashing(vendor))
    with _laid_out(contents) as folder:
        target = folder.parent / SIGNATURE
        target.write_bytes(signature)
        _check(verifier, folder, target, bundle)
    # The signature itself may name files to leave out of the comparison: all of ours must be in it.
    if _covered(signature, bundle) != set(contents):
        raise _damaged(bundle, "a signature of other files", "one of the five files and the manifest")


def _check(verifier: Any, folder: Path, signature: Path, bundle: str) -> None:
    from cryptography.exceptions import InvalidSignature

    try:
        with contextlib.redirect_stdout(io.StringIO()):  # the vendor prints its warnings there
            verifier.verify(folder, signature)
    except InvalidSignature as error:
        raise _damaged(bundle, "a signature that was altered", "one made by the key") from error
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        mismatch = str(error).startswith("Signature mismatch")
        other_key = str(error).startswith("Key mismatch")
        found = "files that are not those signed" if mismatch else "no signature that can be read"
        found = "a signature of another key" if other_key else found
        raise _damaged(bundle, found, "a signature of these files by the key") from error


def _covered(signature: bytes, bundle: str) -> set[str]:
    try:
        payload = json.loads(base64.b64decode(json.loads(signature)["dsseEnvelope"]["payload"]))
        return {str(resource["name"]) for resource in payload["predicate"]["resources"]}
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _damaged(bundle, "a signature of an unknown layout", "one that lists its files") from error


def _damaged(bundle: str, found: str, expected: str) -> DamagedBundle:
    hint = "fetch the bundle again from its makers, and check that VIGIE_PUBLIC_KEY is their key"
    return DamagedBundle(bundle, SIGNATURE, found=found, expected=expected, hint=hint)


def _vendor() -> Any:
    require("sign", "signing or verifying a bundle")
    import model_signing
    import model_signing.hashing
    import model_signing.signing
    import model_signing.verifying

    return model_signing


def _hashing(vendor: Any) -> Any:
    config = vendor.hashing.Config().use_file_serialization(hashing_algorithm="sha256", allow_symlinks=False)
    return config.set_ignored_paths(paths=[SIGNATURE], ignore_git_paths=False)


def _key_file(path: Path) -> Path:
    if not path.is_file():
        raise NotFound("key file", str(path), hint=_KEYS)
    return path


def _bad_key(path: Path, kind: str) -> InputRefused:
    found = msg(
        "{name}: found no {kind} key that can be used, expected an elliptic curve key in PEM",
        name=path.name,
        kind=kind,
    )
    return InputRefused(found, hint=msg("check its password, or {keys}", keys=_KEYS))


def _contents(files: Mapping[str, bytes] | Path) -> dict[str, bytes]:
    """The files by name, the signature left out; a folder may hold no others and no folders."""
    if isinstance(files, Path):
        if not files.is_dir():
            raise NotFound("folder", str(files))
        entries = sorted(path for path in files.iterdir() if path.name != SIGNATURE)
        odd = next((path.name for path in entries if path.is_symlink() or not path.is_file()), None)
        if odd is not None:
            raise InputRefused(
                msg("{odd}: found a link or a folder, expected the files of a bundle", odd=odd)
            )
        return {path.name: path.read_bytes() for path in entries}
    contents = {name: data for name, data in files.items() if name != SIGNATURE}
    for name in contents:
        if name in {"", ".", ".."} or Path(name).name != name or "\\" in name or "\0" in name:
            raise InputRefused(msg("file name {name!r}: expected a name without a folder", name=name))
    return contents


@contextlib.contextmanager
def _laid_out(contents: Mapping[str, bytes]) -> Iterator[Path]:
    """A private folder with the files, because the vendor hashes folders only."""
    with tempfile.TemporaryDirectory(prefix="vigie-sign-") as place:
        folder = Path(place) / "bundle"
        folder.mkdir()
        for name, data in contents.items():
            (folder / name).write_bytes(data)
        yield folder
