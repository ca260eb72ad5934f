"""Texts between two phones through a real provider process, with a real ledger."""

from __future__ import annotations

import pytest

from kallnet.account import Account
from kallphone.directory import DirectorySettings
from kallphone.mail import MailWorker, open_mail
from kallphone.phone.events import MessageArrived, MessageSent
from kallphone.phone.messages import MessageState
from tests.payments.conftest import Phone, until
from tests.payments.test_with_provider import (
    Table,
    chain,  # noqa: F401
    deployment_path,  # noqa: F401
    home,  # noqa: F401
    table,  # noqa: F401
)

pytestmark = pytest.mark.chain


def mail_of(table: Table, phone: Phone) -> MailWorker:  # noqa: F811
    state = table.directory / phone.account.address.hex()
    state.mkdir(exist_ok=True)
    settings = DirectorySettings(
        table.deployment, (table.chain.url,), None, state / "unused", table.home.url, table.ca_file
    )
    return open_mail(
        phone.account,
        settings,
        phone.database,
        state,
        phone.posted,
        phone.worker.credentials,
        is_blocked=lambda account, number: False,
        is_machine=lambda account, number: False,
    )


def test_a_text_reaches_a_phone_that_was_off_and_is_receipted(table: Table):  # noqa: F811
    alice, bob = (table.phone(Account.generate()) for _ in range(2))
    alice_number, bob_number = alice.opened().number, bob.opened().number
    table.chain.mine(64)  # what was registered is final now
    alice_mail = mail_of(table, alice)
    alice_mail.start()
    alice_mail.send(1, bob_number, "Grüsse aus Bern")
    assert alice.posted.wait_for(MessageSent) == MessageSent(1, MessageState.TAKEN)
    table.home.kill()
    table.home.start()

    bob_mail = mail_of(table, bob)
    bob_mail.start()
    arrived = bob.posted.wait_for(MessageArrived).message
    assert (arrived.number, arrived.text) == (alice_number, "Grüsse aus Bern")
    assert alice.posted.wait_for(MessageSent) == MessageSent(1, MessageState.DELIVERED)

    # Both wait at the provider now: this one comes at once.
    bob_mail.send(1, alice_number, "Danke!")
    assert alice.posted.wait_for(MessageArrived).message.text == "Danke!"
    until(lambda: bob_mail.messages()[0].state is MessageState.DELIVERED)
    alice_mail.stop()
    bob_mail.stop()
