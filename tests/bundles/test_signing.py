"""Signatures of bundles."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from vigie import settings
from vigie.bundles import signing
from vigie.errors import DamagedBundle, InputRefused, NotFound, UnsignedBundle

FILES = {
    "booster.ubj.zst": b"\x28\xb5\x2f\xfd booster",
    "features.json": b"{}",
    "calibration.json": b'{"a":1}',
    "performance.json": b'{"b":1}',
    "profile.json": b'{"c":1}',
    "manifest.json": b'{"name": "m", "version": "1"}',
}


def _pair(
    folder: Path, name: str, curve: ec.EllipticCurve, password: bytes | None = None
) -> tuple[Path, Path]:
    key = ec.generate_private_key(curve)
    private, public = folder / f"{name}.pem", folder / f"{name}.pub"
    locked = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    pem = serialization.Encoding.PEM
    private.write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, locked))
    public.write_bytes(key.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo))
    return private, public


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return _pair(tmp_path_factory.mktemp("keys"), "ours", ec.SECP256R1())


@pytest.fixture(scope="module")
def signature(keys: tuple[Path, Path]) -> bytes:
    return signing.sign(FILES, keys[0])


@pytest.mark.parametrize("curve", [ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1()], ids=lambda c: c.name)
def test_sign_and_verify(tmp_path: Path, curve: ec.EllipticCurve) -> None:
    """With each curve and an encrypted key file."""
    private, public = _pair(tmp_path, "k", curve, b"secret")
    signing.verify(FILES, signing.sign(FILES, private, password="secret"), public)


def test_a_folder_has_the_signature_of_its_files(
    tmp_path: Path, keys: tuple[Path, Path], signature: bytes
) -> None:
    """Whatever its name, with or without model.sig in it."""
    folder = tmp_path / "another name"
    folder.mkdir()
    for name, data in FILES.items():
        (folder / name).write_bytes(data)
    (folder / signing.SIGNATURE).write_bytes(signature)
    signing.verify(folder, signature, keys[1])
    signing.verify({**FILES, signing.SIGNATURE: signature}, signing.sign(folder, keys[0]), keys[1])


def test_the_command_of_model_signing_verifies_a_bundle(
    tmp_path: Path, keys: tuple[Path, Path], signature: bytes
) -> None:
    """A bundle can be verified without Vigie."""
    for name, data in {**FILES, signing.SIGNATURE: signature}.items():
        (tmp_path / name).write_bytes(data)
    command = [sys.executable, "-W", "ignore", "-m", "model_signing", "verify", "key", str(tmp_path)]
    arguments = ["--signature", str(tmp_path / signing.SIGNATURE), "--public_key", str(keys[1])]
    done = subprocess.run([*command, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", list(FILES))
def test_a_flipped_bit_is_refused(keys: tuple[Path, Path], signature: bytes, name: str) -> None:
    """In any file."""
    flipped = bytes([FILES[name][0] ^ 1]) + FILES[name][1:]
    with pytest.raises(DamagedBundle, match="not those signed"):
        signing.verify({**FILES, name: flipped}, signature, keys[1], bundle="m")


def test_a_missing_or_additional_file_is_refused(keys: tuple[Path, Path], signature: bytes) -> None:
    """The signature covers all files together."""
    fewer = {name: data for name, data in FILES.items() if name != "profile.json"}
    for files in (fewer, {**FILES, "more.json": b"{}"}, {**FILES, ".gitignore": b""}):
        with pytest.raises(DamagedBundle, match="not those signed"):
            signing.verify(files, signature, keys[1])


def test_another_key_is_refused(tmp_path: Path, signature: bytes) -> None:
    """Also where the signature's hint at its key is forged."""
    _, public = _pair(tmp_path, "theirs", ec.SECP256R1())
    with pytest.raises(DamagedBundle, match="another key"):
        signing.verify(FILES, signature, public)
    forged = json.loads(signature)
    forged["verificationMaterial"]["publicKey"] = {}
    with pytest.raises(DamagedBundle, match="altered"):
        signing.verify(FILES, json.dumps(forged).encode(), public)


def test_an_altered_statement_is_refused(keys: tuple[Path, Path], signature: bytes) -> None:
    """The digests in a signature are signed."""
    altered = json.loads(signature)
    payload = base64.b64decode(altered["dsseEnvelope"]["payload"]).replace(b"sha256", b"blake2")
    altered["dsseEnvelope"]["payload"] = base64.b64encode(payload).decode()
    with pytest.raises(DamagedBundle, match="altered"):
        signing.verify(FILES, json.dumps(altered).encode(), keys[1])


@pytest.mark.parametrize(
    "junk", [b"", b"{}", b"[]", b"null", b"\xff\xfe", b'{"verificationMaterial": {}}', b"[" * 100_000]
)
def test_a_malformed_signature_is_refused(keys: tuple[Path, Path], junk: bytes) -> None:
    """With an error of Vigie."""
    with pytest.raises(DamagedBundle):
        signing.verify(FILES, junk, keys[1])


def test_a_signature_that_ignores_a_file_is_refused(tmp_path: Path, keys: tuple[Path, Path]) -> None:
    """The format lets a signature ignore files."""
    import model_signing

    folder = tmp_path / "b"
    folder.mkdir()
    for name, data in FILES.items():
        (folder / name).write_bytes(data)
    hashing = model_signing.hashing.Config().set_ignored_paths(paths=[folder / "booster.ubj.zst"])
    config = model_signing.signing.Config().use_elliptic_key_signer(private_key=keys[0])
    config.set_hashing_config(hashing).sign(folder, tmp_path / "s")
    with pytest.raises(DamagedBundle):
        signing.verify({**FILES, "booster.ubj.zst": b"evil"}, (tmp_path / "s").read_bytes(), keys[1])


def test_a_missing_signature_has_its_own_error(keys: tuple[Path, Path]) -> None:
    """It is not damage."""
    with pytest.raises(UnsignedBundle, match="vigie models sign"):
        signing.verify(FILES, None, keys[1])


def test_unusable_keys_are_refused(tmp_path: Path, signature: bytes) -> None:
    """Missing, malformed, of another kind, or encrypted."""
    with pytest.raises(NotFound):
        signing.sign(FILES, tmp_path / "none.pem")
    junk = tmp_path / "junk.pem"
    junk.write_text("not a key")
    pem, subject = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    wrong = tmp_path / "rsa.pem"
    wrong.write_bytes(
        other.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    wrong_public = tmp_path / "rsa.pub"
    wrong_public.write_bytes(other.public_key().public_bytes(pem, subject))
    locked, _ = _pair(tmp_path, "locked", ec.SECP256R1(), b"secret")
    for key, password in ((junk, None), (wrong, None), (locked, None), (locked, "wrong")):
        with pytest.raises(InputRefused):
            signing.sign(FILES, key, password=password)
    for key in (junk, wrong_public):
        with pytest.raises(InputRefused):
            signing.verify(FILES, signature, key)


def test_a_name_with_a_folder_is_refused(keys: tuple[Path, Path]) -> None:
    """No file is written outside the temporary folder."""
    for name in ("../x", "a/b", "..", "/etc/x", "a\\b"):
        with pytest.raises(InputRefused):
            signing.sign({name: b""}, keys[0])


def test_the_key_is_a_setting() -> None:
    """VIGIE_PUBLIC_KEY names the key file; without it nothing is verified."""
    assert settings.load({}).public_key is None
    assert settings.load({"VIGIE_PUBLIC_KEY": "/k.pub"}).public_key == Path("/k.pub")
