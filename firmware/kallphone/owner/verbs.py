"""What each verb of `kallphone wallet` and `kallphone contacts` does with what was typed."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from kallphone.ledger.answer import Said
from kallphone.owner import bookkeeping, phonebook, wallet
from kallphone.owner.desk import OwnersDesk

Verb = Callable[[OwnersDesk, argparse.Namespace], Said]

VERBS: dict[str, Verb] = {
    "wallet balance": lambda desk, typed: wallet.balance(desk, search=typed.search),
    "wallet withdraw": lambda desk, typed: wallet.withdraw(desk, typed.to, typed.amount),
    "wallet exit": lambda desk, typed: wallet.exit_(desk, typed.provider),
    "wallet receipts": lambda desk, typed: bookkeeping.receipts(
        desk, typed.first, typed.last, typed.csv, typed.json_file
    ),
    "contacts list": lambda desk, _: phonebook.listed(desk),
    "contacts import": lambda desk, typed: phonebook.imported(desk, typed.vcards),
    "contacts export": lambda desk, typed: phonebook.exported(desk, typed.vcards),
}
