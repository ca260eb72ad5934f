"""The calls of KallKrypton, KRYPTON's verbs over the registry; messages and signatures are the registry's."""

from __future__ import annotations

from kallnet.abi import decode, encode_call
from kallnet.account import Address, address_to_hex
from kallnet.errors import AbiInvalid, LedgerInconsistent
from kallnet.messages import Register, Release
from kallnet.rpc import JsonRpc


def deploy(message: Register, hostname: str, signature: bytes) -> bytes:
    function = "deploy(address,string,bytes,uint256,uint256,bytes)"
    m = message
    return encode_call(function, m.account, hostname, m.entry, m.nonce, m.deadline, signature)


def undeploy(message: Release, signature: bytes) -> bytes:
    return _release("undeploy", message, signature)


def register(message: Register, provider: Address, uuid: bytes, signature: bytes) -> bytes:
    function = "register(address,address,bytes16,bytes,uint256,uint256,uint256,bytes)"
    m = message
    return encode_call(function, m.account, provider, uuid, m.entry, m.salt, m.nonce, m.deadline, signature)


def unregister(message: Release, signature: bytes) -> bytes:
    return _release("unregister", message, signature)


def version(rpc: JsonRpc, krypton: Address) -> str:
    call = {"to": address_to_hex(krypton), "data": "0x" + encode_call("version()").hex()}
    answer = rpc.call("eth_call", [call, "latest"])
    try:
        (text,) = decode(("string",), bytes.fromhex(answer.removeprefix("0x")))
    except (AbiInvalid, AttributeError, ValueError):
        where = address_to_hex(krypton)
        raise LedgerInconsistent(f"{where} is not KallKrypton: check the deployment file") from None
    return str(text)


def _release(function: str, m: Release, signature: bytes) -> bytes:
    signed = f"{function}(address,uint256,uint256,bytes)"
    return encode_call(signed, m.account, m.nonce, m.deadline, signature)
