from pathlib import Path

from kallnet.account import Account
from kallnet.errors import SecretFileInvalid


def read_secret(path: Path, size: int = 32) -> str:
    """The hex text of `size` bytes in a file. Raises SecretFileInvalid, without the content."""
    try:
        mode = path.stat().st_mode & 0o777
        text = path.read_text(encoding="ascii").strip().removeprefix("0x")
    except FileNotFoundError:
        raise SecretFileInvalid(f"{path} does not exist") from None
    except (OSError, UnicodeDecodeError):
        raise SecretFileInvalid(f"{path} can't be read as text") from None
    if mode & 0o077:
        raise SecretFileInvalid(f"{path} is readable by others (mode {mode:o}): run chmod 600 {path}")
    if len(text) != 2 * size or not all(digit in "0123456789abcdefABCDEF" for digit in text):
        raise SecretFileInvalid(f"{path} must hold {size} bytes as {2 * size} hex digits")
    return text


def load_account(path: Path) -> Account:
    """The account whose key is in the file. Raises SecretFileInvalid."""
    try:
        return Account(bytes.fromhex(read_secret(path)))
    except ValueError as error:
        raise SecretFileInvalid(f"{path}: {error}") from None
