from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import rlp
from trie import HexaryTrie

from kallnet import calldata, slots
from kallnet.account import Account, Address, address_to_hex
from kallnet.cache import CachedLedger
from kallnet.deployment import NETWORK_API_VERSION, Deployment, load_deployment
from kallnet.endpoint import Endpoint
from kallnet.entries import PROXY, ClientEntry, Cost, ProviderRef, ServiceEntry
from kallnet.keccak import keccak256
from kallnet.ledger import open_ledger
from kallnet.messages import CLIENT, SERVICE, Agreement, Register
from kallnet.number import KallNumber, number_for
from kallnet.proof import prove_account, prove_storage
from kallnet.routes import rank_routes
from kallnet.typed import digest, registry_domain
from kallphone.demo.chain import LocalChain
from kallphone.demo.process import run
from kallphone.demo.stage import Say
from tests.bench.percentiles import percentile, spread
from tests.bench.report import BenchError, Figures

_CLIENTS = 200
_PROOFS = 500
_RESOLVES = 500
_ROUNDS = 3

# VmRSS, since a new process's ru_maxrss starts at that of its parent.
_RSS = 'print(next(l.split()[1] for l in open("/proc/self/status") if l.startswith("VmRSS")))'
_KALLNET = f"""\
import sys
from pathlib import Path
from kallnet.cache import CachedLedger
from kallnet.deployment import load_deployment
from kallnet.ledger import open_ledger
url, deployment, number = sys.argv[1:]
ledger = open_ledger([url], load_deployment(deployment), finality="latest")
cache = CachedLedger(ledger, Path(deployment).with_suffix(".rss.sqlite"))
account = cache.resolve(int(number))
assert account is not None and cache.client_entry(account) is not None
{_RSS}
"""
_WEB3 = f"""\
import json, sys
from web3 import Web3
url, deployment, number = sys.argv[1:]
web3 = Web3(Web3.HTTPProvider(url))
registry = json.load(open(deployment))["contracts"]["KallRegistry"]
word, account = {{"name": "", "type": "uint256"}}, {{"name": "", "type": "address"}}
abi = [{{"name": "resolve", "type": "function", "stateMutability": "view", "inputs": [word],
         "outputs": [account]}}]
account = web3.eth.contract(registry, abi=abi).functions.resolve(int(number)).call()
topics = [None, None, "0x" + account[2:].rjust(64, "0")]
assert web3.eth.get_logs({{"address": registry, "fromBlock": 0, "topics": topics}})
{_RSS}
"""


@dataclass(frozen=True)
class _World:
    chain: LocalChain
    file: Path
    callee: Account
    provider: Account

    @property
    def deployment(self) -> Deployment:
        return load_deployment(self.file)

    @property
    def number(self) -> KallNumber:
        return number_for(self.callee.address, 0)


async def measure(folder: Path, say: Say) -> Figures:
    """What proving costs beside py-trie, a warm look-up, and the memory of a client that did one."""
    with LocalChain() as chain:
        world = await asyncio.to_thread(_populate, chain, folder, say)
        figures: Figures = {"proof_ms": _proofs(world, say), "resolve_warm_ms": _resolves(world, folder, say)}
        return figures | {"ledger_rss_mb": await _memory(world)}


def _populate(chain: LocalChain, folder: Path, say: Say) -> _World:
    say(f"registering {_CLIENTS} clients")
    chain.deploy(folder)
    provider = Account(keccak256(b"provider"))
    clients = [Account(keccak256(bytes([i, i >> 8]))) for i in range(_CLIENTS)]
    world = _World(chain, chain.deployment_path(folder), clients[0], provider)
    service = ServiceEntry(provider.public_key, (1,), PROXY, (Cost(1000, 1, 100),), details={"domain": "a.b"})
    _register(world, provider, SERVICE, service.encode())
    for client in clients:
        message = Agreement(provider.address, client.address, PROXY, 2**40 - 1)
        signature = provider.sign(digest(registry_domain(world.deployment), message))
        ref = ProviderRef(provider.address, PROXY, 2**40 - 1, signature)
        _register(world, client, CLIENT, ClientEntry(client.public_key, (1,), providers=(ref,)).encode())
    return world


def _register(world: _World, account: Account, kind: int, entry: bytes) -> None:
    message = Register(kind, account.address, entry, 0, 0, 2**40)
    signature = account.sign(digest(registry_domain(world.deployment), message))
    world.chain.transact(address_to_hex(world.deployment.registry), calldata.register(message, signature))


def _proofs(world: _World, say: Say) -> dict[str, float]:
    """One account and the two slots of a record, checked against the state root."""
    registry, wanted = world.deployment.registry, slots.record(CLIENT, world.callee.address)
    endpoint = Endpoint(world.chain.url, 10.0)
    root = bytes.fromhex(endpoint.ask("eth_getBlockByNumber", ["latest", False])["stateRoot"][2:])
    keys = ["0x" + slot.hex() for slot in wanted]
    answer = endpoint.ask("eth_getProof", [address_to_hex(registry), keys, "latest"])
    endpoint.close()
    account = [bytes.fromhex(node[2:]) for node in answer["accountProof"]]
    storage = [[bytes.fromhex(n[2:]) for n in proof["proof"]] for proof in answer["storageProof"]]
    question = _Question(root, registry, account, wanted, storage)
    checks = {"kallnet": _ours, "py_trie": _oracle}
    proved = [check(question) for check in checks.values()]
    if proved[0] != proved[1] or 0 in proved[0]:
        raise BenchError(f"kallnet proves {proved[0]}, py-trie {proved[1]}")
    times: dict[str, list[float]] = {name: [] for name in checks}
    for _ in range(_PROOFS):
        for name, check in checks.items():
            times[name].append(_timed(lambda check=check: check(question)))
    for name, taken in times.items():
        say(f"proof by {name}: {spread(taken)} ms")
    return {name: round(median(taken), 3) for name, taken in times.items()}


@dataclass(frozen=True)
class _Question:
    root: bytes
    contract: Address
    account: list[bytes]
    slots: tuple[bytes, ...]
    storage: list[list[bytes]]


def _ours(q: _Question) -> list[int]:
    state = prove_account(q.root, q.contract, q.account)
    assert state is not None
    pairs = zip(q.slots, q.storage, strict=True)
    return [prove_storage(state.storage_root, slot, nodes) for slot, nodes in pairs]


def _oracle(q: _Question) -> list[int]:
    state = rlp.decode(_found(q.root, q.contract, q.account))
    pairs = zip(q.slots, q.storage, strict=True)
    return [int.from_bytes(rlp.decode(_found(state[2], slot, nodes)), "big") for slot, nodes in pairs]


def _found(root: bytes, key: bytes, nodes: list[bytes]) -> Any:
    return HexaryTrie.get_from_proof(root, keccak256(key), [rlp.decode(node) for node in nodes])


def _resolves(world: _World, folder: Path, say: Say) -> dict[str, float]:
    """From a number to its ranked routes, all from the cache on disk."""
    ledger = open_ledger([world.chain.url], world.deployment, finality="latest")
    with closing(ledger), closing(CachedLedger(ledger, folder / "cache.sqlite", fresh=3600.0)) as cache:
        _resolve(cache, world.number)
        times = [_timed(lambda: _resolve(cache, world.number)) for _ in range(_RESOLVES)]
    say(f"warm look-up: {spread(times)} ms")
    return {f"p{share}": round(percentile(times, share), 2) for share in (50, 95)}


def _resolve(cache: CachedLedger, number: KallNumber) -> None:
    account = cache.resolve(number)
    assert account is not None
    entry = cache.client_entry(account)
    assert entry is not None
    services = {r.provider: s for r in entry.providers if (s := cache.service_entry(r.provider))}
    assert rank_routes(entry, entry, services, {NETWORK_API_VERSION})


async def _memory(world: _World) -> dict[str, float]:
    arguments = [world.chain.url, str(world.file), str(world.number)]
    found = {}
    for name, program in {"kallnet": _KALLNET, "web3": _WEB3}.items():
        seen = [
            int(json.loads(await run([sys.executable, "-c", program, *arguments], f"a look-up by {name}")))
            for _ in range(_ROUNDS)
        ]
        found[name] = round(median(seen) / 1024, 1)
    return found


def _timed(work: Callable[[], object]) -> float:
    """In ms."""
    began = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - began)
