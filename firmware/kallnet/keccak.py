import sys
from typing import Any

# pycryptodome takes cffi where it can, whose C parser costs 2 MB, and then hashes more slowly than by ctypes.
_modules: dict[str, Any] = sys.modules
_cffi = _modules.get("cffi")
_modules["cffi"] = None
try:
    from Crypto.Hash import keccak
finally:
    if _cffi is None:
        del _modules["cffi"]
    else:
        _modules["cffi"] = _cffi


def keccak256(data: bytes) -> bytes:
    return keccak.new(digest_bits=256, data=data).digest()
