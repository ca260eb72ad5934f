"""What can go wrong at `kallphone ledger`; the words say what to do.

CommandError
├── UsageError        what was typed can't be meant: exit code 2
├── WrongKey          the key is of another account than the one to sign for
├── NoAgreement       the provider's word for this client can't be had
├── WalletMissing     the libraries that sign transactions are not installed
├── OutOfGas          the payer can't pay for the transaction
├── ContractRefused   the contract would revert, or did
└── NotMined          sent, and no receipt yet
"""

from __future__ import annotations

from pathlib import Path

from kallnet.account import Address, address_to_hex


class CommandError(Exception):
    pass


class UsageError(CommandError):
    pass


class WrongKey(CommandError):
    def __init__(self, path: Path, found: Address, wanted: Address) -> None:
        there, needed = address_to_hex(found), address_to_hex(wanted)
        super().__init__(f"{path} is the key of {there}: name that of {needed} with --key")


class NoAgreement(CommandError):
    pass


class WalletMissing(CommandError):
    pass


class OutOfGas(CommandError):
    def __init__(self, payer: Address, owned: int, needed: int) -> None:
        who, has, wants = address_to_hex(payer), owned / 10**18, needed / 10**18
        super().__init__(f"{who} has {has:.6f} for gas and up to {wants:.6f} is needed: send it some")


class ContractRefused(CommandError):
    """`data` is the contract's error, empty when it gave none."""

    def __init__(self, words: str, data: bytes = b"") -> None:
        super().__init__(f"the contract refuses: {words}")
        self.data = data


class NotMined(CommandError):
    pass
