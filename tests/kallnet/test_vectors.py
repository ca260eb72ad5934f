import json

import pytest

from kallnet.account import address_to_hex, recover
from kallnet.entries import decode_client, decode_service, verify_agreement
from kallnet.keccak import keccak256
from kallnet.number import is_number
from tests.kallnet.samples import oracle_sign
from tests.vectors import generate


@pytest.mark.parametrize("name", ["numbers.json", "digests.json", "entries.json", "transfers.json"])
def test_the_files_are_what_the_code_gives(name: str) -> None:
    assert (generate.HERE / name).read_text() == generate.rendered()[name], (
        "the vectors changed: if the protocol was meant to, run python -m tests.vectors.generate"
    )


def test_eth_account_gives_the_same_digests() -> None:
    for domain, message, account in generate._signed():
        digest, signature = oracle_sign(domain, message, account.export_key())
        vector = generate._vector(domain, message, account)
        assert vector["digest"] == "0x" + digest.hex()
        assert vector["signature"] == "0x" + signature.hex()
        assert address_to_hex(recover(digest, signature)) == vector["signer"]


def test_numbers_are_numbers() -> None:
    assert all(is_number(v["number"]) for v in json.loads((generate.HERE / "numbers.json").read_text()))


def test_entries_decode() -> None:
    decoders = {"1": decode_client, "2": decode_service}
    for vector in json.loads((generate.HERE / "entries.json").read_text()):
        raw = bytes.fromhex(vector["entry"][2:])
        assert decoders[vector["kind"]](raw).encode() == raw
        assert vector["hash"] == "0x" + keccak256(raw).hex()


def test_the_client_s_agreement_is_good() -> None:
    (ref,) = generate.client_entry().providers
    verify_agreement(ref, generate.CLIENT_ACCOUNT.address, generate.REGISTRY, generate.DEADLINE - 1)
