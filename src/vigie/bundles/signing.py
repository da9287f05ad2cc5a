"""Signatures of bundles with OpenSSF model signing and a key file; needs the extra `vigie[sign]`, no network.

The signature covers the five files and the manifest, which has the name and version. It is stored beside them as `model.sig`,
a Sigstore bundle, which it does not cover. The library's own command verifies a bundle's folder as well:

    model_signing verify key FOLDER --signature FOLDER/model.sig --public_key KEY.pub

A signature proves who made the bytes, not that they are the requested model: the caller compares the manifest's digest, name
and version, as it does without signatures.

Keys are elliptic curve keys in PEM (P-256, P-384 or P-521). `verify` checks the bytes in memory that will be used, not
files that could change afterwards.
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
    """Return the bytes of `model.sig` for a bundle.

    Args:
        files: file name -> bytes, the five files and the manifest; or the folder that has them.
        private_key: key file in PEM.
        password: password of the key file.

    Raises:
        NotFound: there is no such key file or folder.
        InputRefused: the key cannot sign, or a file name cannot be signed.
        UsageRefused: the extra is not installed.
    """
    library = _library()
    contents = _contents(files)
    key = _key_file(private_key)
    with _in_folder(contents) as folder:
        target = folder.parent / SIGNATURE
        try:
            # The library declares the password as text but passes it on to one that needs bytes.
            secret: Any = password.encode() if password is not None else None
            signer = library.signing.Config().use_elliptic_key_signer(private_key=key, password=secret)
        except (ValueError, TypeError, AttributeError) as error:
            raise _bad_key(private_key, "private") from error
        signer.set_hashing_config(_hashing(library)).sign(folder, target)
        return target.read_bytes()


def verify(
    files: Mapping[str, bytes] | Path, signature: bytes | None, public_key: Path, *, bundle: str = "bundle"
) -> None:
    """Verify that the key's owner signed exactly these files.

    Args:
        files: file name -> bytes, or the folder that has them.
        signature: bytes of `model.sig`, None where there is none.
        public_key: key file in PEM.
        bundle: name of the bundle, for errors.

    Raises:
        UnsignedBundle: there is no signature.
        DamagedBundle: the signature is of another key or of other files, or is unreadable.
        NotFound: there is no such key file or folder.
        InputRefused: the key cannot verify, or a file name cannot be signed.
        UsageRefused: the extra is not installed.
    """
    if signature is None:
        raise UnsignedBundle(bundle)
    library = _library()
    contents = _contents(files)
    key = _key_file(public_key)
    if len(signature) > SIGNATURE_LIMIT:
        raise _damaged(bundle, "a larger file", msg("at most {limit:,} bytes", limit=SIGNATURE_LIMIT))
    try:
        verifier = library.verifying.Config().use_elliptic_key_verifier(public_key=key)
    except (ValueError, TypeError, AttributeError) as error:
        raise _bad_key(public_key, "public") from error
    verifier.set_hashing_config(_hashing(library))
    with _in_folder(contents) as folder:
        target = folder.parent / SIGNATURE
        target.write_bytes(signature)
        _check(verifier, folder, target, bundle)
    # The signature itself may name files to leave out of the comparison: all files must be in it.
    if _signed_names(signature, bundle) != set(contents):
        raise _damaged(bundle, "a signature of other files", "one of the five files and the manifest")


def _check(verifier: Any, folder: Path, signature: Path, bundle: str) -> None:
    from cryptography.exceptions import InvalidSignature

    try:
        with contextlib.redirect_stdout(io.StringIO()):  # the library prints warnings there
            verifier.verify(folder, signature)
    except InvalidSignature as error:
        raise _damaged(bundle, "a signature that was altered", "one made by the key") from error
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        mismatch = str(error).startswith("Signature mismatch")
        other_key = str(error).startswith("Key mismatch")
        found = "files that are not those signed" if mismatch else "no signature that can be read"
        found = "a signature of another key" if other_key else found
        raise _damaged(bundle, found, "a signature of these files by the key") from error


def _signed_names(signature: bytes, bundle: str) -> set[str]:
    try:
        payload = json.loads(base64.b64decode(json.loads(signature)["dsseEnvelope"]["payload"]))
        return {str(resource["name"]) for resource in payload["predicate"]["resources"]}
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _damaged(bundle, "a signature of an unknown layout", "one that lists its files") from error


def _damaged(bundle: str, found: str, expected: str) -> DamagedBundle:
    hint = "fetch the bundle again from its makers, and check that VIGIE_PUBLIC_KEY is their key"
    return DamagedBundle(bundle, SIGNATURE, found=found, expected=expected, hint=hint)


def _library() -> Any:
    require("sign", "signing or verifying a bundle")
    import model_signing
    import model_signing.hashing
    import model_signing.signing
    import model_signing.verifying

    return model_signing


def _hashing(library: Any) -> Any:
    config = library.hashing.Config().use_file_serialization(hashing_algorithm="sha256", allow_symlinks=False)
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
    """Return the files by name without the signature; refuse links and folders."""
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
def _in_folder(contents: Mapping[str, bytes]) -> Iterator[Path]:
    """Write the files to a private folder, because the library hashes folders only."""
    with tempfile.TemporaryDirectory(prefix="vigie-sign-") as place:
        folder = Path(place) / "bundle"
        folder.mkdir()
        for name, data in contents.items():
            (folder / name).write_bytes(data)
        yield folder
