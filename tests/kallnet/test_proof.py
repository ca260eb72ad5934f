import random
from dataclasses import dataclass
from typing import Any

import pytest
import rlp
from trie import HexaryTrie

from kallnet.account import Address
from kallnet.errors import ProofInvalid
from kallnet.keccak import keccak256
from kallnet.proof import EMPTY_ROOT, MAX_NODES, prove, prove_account, prove_storage
from tests.kallnet.fakes import ACCOUNT, CODE, proof_of

MUTATIONS = 3_000


@dataclass(frozen=True)
class Case:
    root: bytes
    key: bytes
    nodes: list[bytes]


def grown(rng: random.Random, size: int) -> dict[bytes, bytes]:
    """Keys as in the state, and some that share long prefixes, so that nodes nest in their parents."""
    values = {keccak256(rng.randbytes(4)): rng.randbytes(rng.choice([1, 3, 33, 70])) for _ in range(size)}
    stem = rng.randbytes(31)
    return values | {stem + bytes([i]): bytes([i + 1]) for i in range(rng.randrange(4))}


def planted(values: dict[bytes, bytes]) -> HexaryTrie:
    trie = HexaryTrie({})
    for key, value in values.items():
        trie[key] = value
    return trie


def cases(seed: int) -> list[Case]:
    """A proof of a key that is there and of one that is not, in tries of many sizes."""
    rng = random.Random(seed)
    values = grown(rng, rng.choice([1, 2, 5, 40, 300]))
    trie = planted(values)
    present, absent = rng.choice(list(values)), keccak256(rng.randbytes(5))
    return [Case(trie.root_hash, key, proof_of(trie, key)) for key in (present, absent)]


def ours(case: Case) -> bytes | None:
    """b"" for a key that is shown to be absent, as py-trie has it; None when the proof is refused."""
    try:
        value = prove(case.root, case.key, case.nodes)
    except ProofInvalid:
        return None
    return b"" if value is None else value


def oracle(case: Case) -> bytes | None:
    nodes = [node for raw in case.nodes if (node := decoded(raw))]
    try:
        value: bytes = HexaryTrie.get_from_proof(case.root, case.key, nodes)
    except Exception:  # whatever py-trie makes of junk, it is a refusal
        return None
    return value


def decoded(raw: bytes) -> list[Any]:
    """py-trie takes no raw nodes and stops at a stray one that is no list: that is not there for it."""
    try:
        node = rlp.decode(raw, strict=True)
    except rlp.exceptions.DecodingError:
        return []
    return node if isinstance(node, list) else []


def mutated(rng: random.Random, case: Case) -> Case:
    nodes, key = list(case.nodes), bytearray(case.key)
    place = rng.randrange(len(nodes))
    match rng.randrange(9):
        case 0:
            node = bytearray(nodes[place])
            node[rng.randrange(len(node))] ^= 1 << rng.randrange(8)
            nodes[place] = bytes(node)
        case 1:
            del nodes[place]
        case 2:
            nodes[place] = nodes[place][: rng.randrange(len(nodes[place]))]
        case 3:
            rng.shuffle(nodes)
        case 4:
            nodes.insert(place, rng.randbytes(rng.randrange(1, 600)))
        case 5:
            key[rng.randrange(32)] ^= 1 << rng.randrange(8)
        case 6:
            nodes[place] += rng.randbytes(rng.randrange(1, 9))
        case 7:
            nodes.append(nodes[place])
        case 8:
            return Case(keccak256(case.root), case.key, nodes)
    return Case(case.root, bytes(key), nodes)


@pytest.mark.parametrize("seed", range(60))
def test_honest_proofs_give_what_is_there(seed: int) -> None:
    for case in cases(seed):
        assert ours(case) == oracle(case) is not None


def test_mutated_proofs_are_judged_as_py_trie_judges_them() -> None:
    rng = random.Random(3009)
    honest = [case for seed in range(60) for case in cases(seed)]
    judged = {True: 0, False: 0}
    for _ in range(MUTATIONS):
        case = mutated(rng, rng.choice(honest))
        found = ours(case)
        assert found == oracle(case)
        judged[found is not None] += 1
    assert min(judged.values()) > MUTATIONS / 10  # some mutations do no harm, and both kinds are met


def relinked(rng: random.Random, case: Case) -> Case:
    """A changed node under a root that fits it: what only a majority of lying endpoints could send."""
    nodes = list(case.nodes)
    place = rng.randrange(len(nodes))
    node = bytearray(nodes[place])
    for _ in range(rng.randrange(1, 4)):
        node[rng.randrange(len(node))] = rng.randrange(256)
    before, nodes[place] = keccak256(nodes[place]), bytes(node)
    for above in range(place - 1, -1, -1):
        old = keccak256(nodes[above])
        nodes[above] = nodes[above].replace(before, keccak256(nodes[above + 1]))
        before = old
    return Case(keccak256(nodes[0]), case.key, nodes)


def test_malformed_nodes_under_a_good_hash_crash_nothing() -> None:
    rng = random.Random(1186)
    honest = [case for seed in range(60) for case in cases(seed)]
    for _ in range(MUTATIONS):
        case = relinked(rng, rng.choice(honest))
        found, expected = ours(case), oracle(case)
        assert found is None or expected is None or found == expected


def test_an_account_and_its_absence() -> None:
    trie = planted({keccak256(bytes([i])): rlp.encode([i, i, CODE, CODE], ACCOUNT) for i in range(20)})
    root = trie.root_hash
    there = prove_account(root, Address(b"\3"), proof_of(trie, keccak256(b"\3")))
    assert there is not None
    assert (there.nonce, there.balance, there.storage_root, there.code_hash) == (3, 3, CODE, CODE)
    assert prove_account(root, Address(b"\x63"), proof_of(trie, keccak256(b"\x63"))) is None
    with pytest.raises(ProofInvalid):
        prove_account(root, Address(b"\3"), proof_of(trie, keccak256(b"\4"))[:1])


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"\x80",
        rlp.encode([1, 2, CODE]),
        rlp.encode([1, 2, CODE, b"x"]),
        rlp.encode([b"\0", 2, CODE, CODE]),
    ],
)
def test_what_is_no_account_is_refused(value: bytes) -> None:
    trie = planted({keccak256(b"\1"): value or b"\xc0"})
    with pytest.raises(ProofInvalid):
        prove_account(trie.root_hash, Address(b"\1"), proof_of(trie, keccak256(b"\1")))


def test_words_in_storage() -> None:
    slots = {bytes([i]).rjust(32, b"\0"): 2 ** (i * 9) for i in range(28)}
    trie = planted({keccak256(slot): rlp.encode(word) for slot, word in slots.items()})
    for slot, word in slots.items():
        assert prove_storage(trie.root_hash, slot, proof_of(trie, keccak256(slot))) == word
    unset = b"\x63".rjust(32, b"\0")
    assert prove_storage(trie.root_hash, unset, proof_of(trie, keccak256(unset))) == 0


@pytest.mark.parametrize("value", [rlp.encode(b"\1" * 33), rlp.encode(b"\0\1"), rlp.encode([1]), b"\x81"])
def test_what_is_no_word_is_refused(value: bytes) -> None:
    slot = bytes(32)
    trie = planted({keccak256(slot): value})
    with pytest.raises(ProofInvalid):
        prove_storage(trie.root_hash, slot, proof_of(trie, keccak256(slot)))


def test_in_an_empty_trie_everything_is_absent_without_a_node() -> None:
    assert HexaryTrie({}).root_hash == EMPTY_ROOT
    assert prove(EMPTY_ROOT, keccak256(b"anything"), []) is None
    with pytest.raises(ProofInvalid, match="missing"):
        prove(CODE, keccak256(b"anything"), [])


def test_nobody_can_keep_us_busy_with_nodes() -> None:
    (case, _) = cases(1)
    with pytest.raises(ProofInvalid, match="at most 65"):
        prove(case.root, case.key, case.nodes + [b"\xc0"] * MAX_NODES)
