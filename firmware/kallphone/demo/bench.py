from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

from kallnet.account import Address
from kallnet.errors import LedgerError
from kallnet.rpc import JsonRpc
from kallphone.bench.ear import Ear
from kallphone.bench.happenings import Happenings
from kallphone.bench.table import Place, Table, settle
from kallphone.demo.breaking import FUNDS, controls_of
from kallphone.demo.ledger_news import LedgerNews
from kallphone.demo.money import EXIT_DELAY_S
from kallphone.demo.sentences import record_sentences
from kallphone.demo.stage import Say, Stage, Voice, stage

_LOOK_S = 0.5


@asynccontextmanager
async def bench(folder: Path, phones: int, say: Say) -> AsyncIterator[tuple[Stage, Table]]:
    """A stage whose phones are on a table: ears open, money on its way to them, the ledger watched."""
    async with AsyncExitStack() as stack:
        ears = [Ear((folder / f"ear-{index}.wav").resolve()) for index in range(phones)]
        for ear in ears:
            ear.open()
            stack.callback(ear.close)
        sentences = await asyncio.gather(
            *(record_sentences(folder / "sentences" / str(index), index) for index in range(phones))
        )
        voices = [Voice(record=ear.path) for ear in ears]
        scene = stage(folder, say, voices, exit_delay_s=EXIT_DELAY_S, machines=True)
        on = await stack.enter_async_context(scene)
        happenings = Happenings()
        spoken = folder / "sentences"
        places = [Place(*one, spoken) for one in zip(on.phones, ears, sentences, strict=True)]
        table = Table(places, happenings, controls_of(on, happenings))
        table.start()
        work = {asyncio.create_task(task) for task in (_fund(on), _watch_ledger(on, happenings))}
        stack.push_async_callback(settle, work)
        yield on, table


async def _fund(on: Stage) -> None:
    for phone in on.phones:
        await on.network.give_coins(phone.account, FUNDS)


async def _watch_ledger(on: Stage, happenings: Happenings) -> None:
    names = {phone.account: phone.name for phone in on.phones}
    names |= {on.network.provider: "the provider"}
    names |= {Address(bytes.fromhex(on.network.chain.accounts[0].address[2:])): "the bank"}
    node = JsonRpc([on.network.chain.url], timeout=2.0)
    news = LedgerNews(node, on.network.deployment, names)
    try:
        while True:
            with suppress(LedgerError):
                for words in await asyncio.to_thread(lambda: list(news.latest())):
                    happenings.tell("ledger", words)
            await asyncio.sleep(_LOOK_S)
    finally:
        node.close()
