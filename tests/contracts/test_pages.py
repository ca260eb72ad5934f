"""The pages of docs/ledger against the contracts' sources."""

import re
from pathlib import Path

import pytest
from contracts import gas

from tests.contracts.sources import CONTRACTS, Declared, all_declared, of_kind

LEDGER = CONTRACTS.parent / "docs" / "ledger"
PAGES = {path.name: path.read_text() for path in sorted(LEDGER.glob("*.md"))}
TITLE = re.compile(r"# `(\w+\.\w+)`\n")
LINK = re.compile(r"\]\(([\w./-]+\.md)\)")
MESSAGE = re.compile(r"`([A-Z]\w+\((?:\w+ \w+,?)+\))`")
GAS = re.compile(r"about ([\d,]+)\s\(`(\w+)`\)")
VERBS = [declaration for declaration in all_declared() if declaration.is_verb]
# The coin's own, which OpenZeppelin declares.
COIN_MESSAGES = {
    "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)",
    "Delegation(address delegatee,uint256 nonce,uint256 expiry)",
    (
        "TransferWithAuthorization(address from,address to,uint256 value,"
        "uint256 validAfter,uint256 validBefore,bytes32 nonce)"
    ),
}


def names(declarations: list[Declared]) -> list[str]:
    return [f"{declaration.source}.{declaration.name}" for declaration in declarations]


def title(page: str) -> str | None:
    found = TITLE.match(page)
    return found and found[1]


def page_of(verb: Declared) -> str:
    """The page with the verb as its title; empty when there is none."""
    wanted = f"{verb.source}.{verb.name}"
    return next((page for page in PAGES.values() if title(page) == wanted), "")


def pages_about(source: str) -> str:
    """A library's errors belong to every contract that uses it: they may stand on any page."""
    own = [page for page in PAGES.values() if (title(page) or "").startswith(f"{source}.")]
    return "\n".join([*own, PAGES["README.md"]] if own else PAGES.values())


def test_the_sources_are_understood() -> None:
    """Else all of the tests below could pass on nothing."""
    assert len(VERBS) >= 17
    assert "KallEscrow.claimBatch" in names(VERBS)
    assert "KallEscrow.channel" not in names(VERBS)
    assert len(of_kind("error")) == sum(
        len(re.findall(r"^\s*error ", source.read_text(), re.MULTILINE))
        for source in (CONTRACTS / "src").rglob("*.sol")
    )


@pytest.mark.parametrize("verb", VERBS, ids=names(VERBS))
def test_each_verb_has_a_page_with_its_parameters(verb: Declared) -> None:
    assert f"\nfunction {verb.name}({verb.parameters})" in page_of(verb)


@pytest.mark.parametrize("error", of_kind("error"), ids=names(of_kind("error")))
def test_each_error_is_on_a_page_of_its_contract(error: Declared) -> None:
    assert f"`{error.call}`" in pages_about(error.source)


@pytest.mark.parametrize("event", of_kind("event"), ids=names(of_kind("event")))
def test_each_event_is_on_a_page_of_its_contract(event: Declared) -> None:
    assert f"`{event.call}`" in pages_about(event.source)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_quotes_messages_as_they_are_signed(name: str) -> None:
    ours = set(re.findall(r'"(\w+\([^"]+\))"', (CONTRACTS / "src" / "Messages.sol").read_text()))
    assert set(MESSAGE.findall(PAGES[name])) <= ours | COIN_MESSAGES


def test_each_message_with_a_deadline_is_on_a_page() -> None:
    source = (CONTRACTS / "src" / "Messages.sol").read_text()
    quoted = {message for page in PAGES.values() for message in MESSAGE.findall(page)}
    assert set(re.findall(r'"(\w+\([^"]+,uint256 deadline\))"', source)) <= quoted


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_the_gas_of_the_snapshot(name: str) -> None:
    measured = gas.gas_by_operation()
    for about, operation in GAS.findall(PAGES[name]):
        assert int(about.replace(",", "")) == pytest.approx(measured[operation], rel=0.02), operation


def test_each_operation_of_the_snapshot_is_on_a_page() -> None:
    told = {operation for page in PAGES.values() for _, operation in GAS.findall(page)}
    assert told == gas.gas_by_operation().keys() - {"channel_life"}


def test_the_table_has_each_page_once() -> None:
    linked = [link for link in LINK.findall(PAGES["README.md"]) if "/" not in link]
    assert sorted(linked) == sorted(PAGES.keys() - {"README.md"})
    for name, page in PAGES.items():
        if title(page):
            assert f"| [`{title(page)}`]({name}) |" in PAGES["README.md"]


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_to_files(name: str) -> None:
    for link in LINK.findall(PAGES[name]):
        assert (LEDGER / Path(link)).resolve().is_file(), link
