"""The publisher's side: keys, hand-overs, and a folder that phones and USB sticks take updates from."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

from nacl.signing import SigningKey

from kallphone.storage.errors import KeyExists, StorageError
from kallphone.storage.files import read_private, write_private
from kallphone.update.errors import PublishError, Refused
from kallphone.update.keys import (
    TrustedKeys,
    hand_over,
    key_id,
    latest,
    no_hand_overs,
    parse_keys,
    sign,
)
from kallphone.update.manifest import KEYS_FILE, MANIFEST_FILE, SIGNATURE_FILE, SYSTEM_FILE, describe
from kallphone.update.staging import RELEASE_IN_SYSTEM


def make_key(file: Path) -> bytes:
    """Writes a new secret key, for its owner's eyes alone, where no file is yet; returns the public one."""
    key = SigningKey.generate()
    try:
        write_private(file, f"{bytes(key).hex()}\n".encode(), replace=False)
    except KeyExists:
        raise PublishError(f"{file} exists: who signs with it would be lost; name another file") from None
    return bytes(key.verify_key)


def read_key(file: Path) -> SigningKey:
    try:
        return SigningKey(bytes.fromhex(read_private(file).decode().strip()))
    except OSError as error:
        raise PublishError(f"{file} can't be read: {error.strerror}") from None
    except StorageError as error:
        raise PublishError(str(error)) from None
    except ValueError:
        raise PublishError(f"{file} is no signing key: 64 hexadecimal digits are wanted") from None


def public_keys(words: list[str]) -> list[bytes]:
    """From hexadecimal digits. Raises PublishError."""
    try:
        keys = [bytes.fromhex(word) for word in words]
    except ValueError:
        keys = []
    if not keys or any(len(key) != 32 for key in keys):
        raise PublishError("a public key has 64 hexadecimal digits: `kallphone update-keys make` prints it")
    return keys


def trust_list(keys: list[bytes]) -> bytes:
    """update-keys.json of an image before any hand-over."""
    return TrustedKeys(0, tuple(keys)).to_bytes()


def hand_over_files(image_keys: Path, keys_json: Path, signer: SigningKey, to: list[bytes]) -> TrustedKeys:
    """Adds a statement to keys.json and brings the image's list up to it: `to` alone is trusted then."""
    try:
        trusted = parse_keys(image_keys.read_bytes())
        handovers = keys_json.read_bytes() if keys_json.exists() else no_hand_overs()
    except OSError as error:
        raise PublishError(f"{error.filename} can't be read: {error.strerror}") from None
    newest = trusted.walk(handovers)
    _expect_trusted(signer, newest)
    offered = TrustedKeys(newest.serial + 1, tuple(to))
    extended = hand_over(handovers, offered, signer)
    newest.walk(extended)
    write_private(keys_json, extended, replace=True)
    write_private(image_keys, offered.to_bytes(), replace=True)
    keys_json.chmod(0o644)
    image_keys.chmod(0o644)
    return offered


def published_keys(image_keys: Path, keys_json: Path, signer: SigningKey) -> TrustedKeys:
    """The list for a new image, once it is sure that phones with it and older ones take what `signer` signs.

    Raises PublishError.
    """
    try:
        trusted = parse_keys(image_keys.read_bytes())
        said = latest(keys_json.read_bytes())
    except OSError as error:
        raise PublishError(f"{error.filename} can't be read: {error.strerror}") from None
    except Refused as error:
        raise PublishError(str(error)) from None
    if said != trusted and (said or trusted.serial):
        raise PublishError(f"{image_keys} and {keys_json} are not of the same hand-over: keep both together")
    _expect_trusted(signer, trusted)
    return trusted


def sign_release(
    folder: Path, version: str, build: int, key: SigningKey, *, notes: str = "", keys_json: Path | None = None
) -> None:
    """Writes manifest, signature and keys.json beside system.squashfs in `folder`. Raises PublishError."""
    system = folder / SYSTEM_FILE
    if not system.is_file():
        raise PublishError(f"{system} does not exist: put the system to publish there")
    found = _build_in(system)
    if found not in (None, build):
        raise PublishError(f"{system} is build {found}: phones would refuse it as {build}")
    manifest = describe(system, version, build, notes=notes).to_bytes()
    (folder / MANIFEST_FILE).write_bytes(manifest)
    (folder / SIGNATURE_FILE).write_bytes(sign(manifest, key))
    (folder / KEYS_FILE).write_bytes(keys_json.read_bytes() if keys_json else no_hand_overs())


def _build_in(system: Path) -> int | None:
    """What a squashfs says of itself; None where there are no squashfs-tools to look into it."""
    unpacker = shutil.which("unsquashfs")
    with system.open("rb") as file:
        if unpacker is None or file.read(4) != b"hsqs":
            return None
    done = subprocess.run(
        [unpacker, "-cat", str(system), str(RELEASE_IN_SYSTEM)], capture_output=True, check=False
    )
    try:
        return int(json.loads(done.stdout)["build"])
    except (ValueError, KeyError, TypeError):
        raise PublishError(f"{system} has no {RELEASE_IN_SYSTEM}: it is no system of a phone") from None


def _expect_trusted(signer: SigningKey, trusted: TrustedKeys) -> None:
    public = bytes(signer.verify_key)
    if public not in trusted.keys:
        raise PublishError(f"the key {key_id(public)} is not trusted by now, so it can sign nothing")
