from __future__ import annotations

from pathlib import Path

import pytest

from kallnet.errors import SecretFileInvalid
from kallnet.secret_file import load_account
from tests.kallnet.samples import ALICE

KEY = ALICE.export_key().hex()


def key_file(folder: Path, text: str, mode: int = 0o600) -> Path:
    path = folder / "key"
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return path


@pytest.mark.parametrize("text", [KEY, KEY + "\n", "0x" + KEY, KEY.upper()])
def test_a_key_of_the_providers_format(tmp_path: Path, text: str) -> None:
    assert load_account(key_file(tmp_path, text)).address == ALICE.address


@pytest.mark.parametrize(
    "text", ["", KEY[:-1], KEY + "0", "g" + KEY[1:], "0" * 64, "f" * 64, " ".join(KEY)[:64]]
)
def test_what_is_no_key_is_not_shown(tmp_path: Path, text: str) -> None:
    with pytest.raises(SecretFileInvalid, match=r"32 bytes (as 64 hex|between 1 and)") as caught:
        load_account(key_file(tmp_path, text))
    assert not text or text not in str(caught.value)


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620])
def test_others_must_not_read_it(tmp_path: Path, mode: int) -> None:
    path = key_file(tmp_path, KEY, mode)
    with pytest.raises(SecretFileInvalid, match=f"run chmod 600 {path}"):
        load_account(path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SecretFileInvalid, match="does not exist"):
        load_account(tmp_path / "none")


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    with pytest.raises(SecretFileInvalid, match="as text"):
        load_account(key_file(tmp_path, "é" * 32))
