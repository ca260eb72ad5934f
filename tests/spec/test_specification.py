"""The specification says what the code does, and its vectors are the code's."""

import re
from pathlib import Path

import pytest

from kallnet import details, entries, header, headers, identity, number, proof, reputation, sealed, transfers
from kallnet.cache import DAY
from kallnet.deployment import NETWORK_API_VERSION
from kallnet.typed import members
from kallphone.phone.messages import LONGEST_TEXT
from kallprovider import PERIOD_SECONDS, exposure, http, mailbox, sessions
from kallprovider.config import load_config
from kallprovider.errors import ConfigError
from kallprovider.relay import CALLS
from kallprovider.transfers import UNMINED_PERIODS
from tests.provider.test_config import written
from tests.provider.test_http import Door
from tests.spec import specification
from tests.spec.recomputed import KINDS, TYPES, inputs, recomputed
from tests.spec.specification import Vector

CONTRACTS = specification.PATH.parents[2] / "contracts" / "src"
DAY_SECONDS = 24 * 3600
VECTORS = specification.vectors()


@pytest.mark.parametrize("vector", VECTORS, ids=[f"{i}-{v.kind}" for i, v in enumerate(VECTORS)])
def test_a_vector_comes_out_as_it_is_written(vector: Vector) -> None:
    given = {name: value for name, value in vector.fields.items() if name in inputs(vector.kind)}
    computed = recomputed(vector.kind, vector.fields)
    assert computed.keys() | given.keys() == vector.fields.keys()
    assert {name: computed.get(name, value) for name, value in vector.fields.items()} == vector.fields


def test_every_kind_has_a_vector() -> None:
    """A transfer of its rail stands for all that the coin's message can say."""
    assert {vector.kind for vector in VECTORS} == KINDS - {"TransferWithAuthorization"}


@pytest.mark.parametrize("name", sorted(TYPES))
def test_every_message_s_type_and_json_names_are_told(name: str) -> None:
    type_ = TYPES[name].TYPE
    assert f"| `{type_}` |" in specification.text()
    renamed = {member for _, member in members(type_) if member != member.lower()}
    snake = {member: re.sub(r"([A-Z])", r"_\1", member).lower() for member in renamed}
    assert (
        snake.items()
        <= {
            "serviceType": "service_type",
            "callId": "call_id",
            "specHash": "spec_hash",
            "validAfter": "valid_after",
            "validBefore": "valid_before",
        }.items()
    )


def test_every_door_of_the_provider_is_described(tmp_path: Path) -> None:
    door = Door(tmp_path)
    routes = [r for r in door.api.application().router.routes() if r.method != "HEAD" and r.resource]
    served = {f"{route.method} {route.resource.canonical}" for route in routes if route.resource}
    door.store.close()
    assert len(served) >= 8
    assert served <= specification.doors()


CONSTANTS = {
    "API_VERSION": NETWORK_API_VERSION,
    "PERIOD": PERIOD_SECONDS,
    "SALTS": number.SALTS,
    "ENTRY_FORMAT": entries.FORMAT,
    "MAX_ENTRY": entries.MAX_SIZE,
    "MAX_TEXT": entries.MAX_TEXT,
    "MAX_AMOUNT": entries.MAX_PRICE,
    "HEADER_AGE": int(headers.HOUR),
    "MAX_NODES": proof.MAX_NODES,
    "CHALLENGE_LIFE": sessions.CHALLENGE_SECONDS,
    "MAX_BODY": http.MAX_BODY,
    "MAX_SEALED": sealed.MAX_SIZE,
    "MAIL_WINDOW": mailbox.WINDOW,
    "MAIL_AGE": mailbox.AGE // DAY_SECONDS,
    "MAIL_WAIT": mailbox.MAX_WAIT,
    "LONGEST_TEXT": LONGEST_TEXT,
    "IDENTITY_WINDOW": identity.WINDOW,
    "WRITE_OFF_WINDOW": int(exposure.WRITE_OFF_WINDOW),
    "WRITE_OFF_FLOATS": exposure.WRITE_OFF_FLOATS,
    "TRANSFER_EPOCH": transfers.EPOCH,
    "TRANSFER_LIFE": transfers.VALID_SECONDS,
    "TRANSFER_LEAST_LEFT": transfers.LEAST_LEFT,
    "TRANSFER_MOST_LEFT": transfers.MOST_LEFT,
    "UNMINED_PERIODS": UNMINED_PERIODS,
    "RATING_EPOCH": reputation.EPOCH_LENGTH // DAY_SECONDS,
}

# Name in the text: contract, name there, and the unit that follows the value.
IN_CONTRACTS = {
    "TERM": ("KallRegistry", "TERM", "days"),
    "GRACE": ("KallRegistry", "GRACE", "days"),
    "MAX_EXIT_DELAY": ("KallEscrow", "MAX_EXIT_DELAY", "days"),
    "RATING_EPOCH": ("KallRating", "EPOCH_LENGTH", "days"),
    "MAX_ENTRY": ("KallRegistry", "MAX_ENTRY", ""),
    "SALTS": ("KallNumber", "SALTS", ""),
    "MAX_PROPOSALS": ("KallSpec", "MAX_PROPOSALS", ""),
}


@pytest.mark.parametrize(("call", "message"), CALLS.items())
def test_every_relayed_call_is_named_with_its_message(call: str, message: type) -> None:
    assert f"`{call}` ({message.__name__})" in specification.text()


def test_the_constants_are_the_code_s() -> None:
    told = specification.constants()
    assert told.keys() == CONSTANTS.keys() | IN_CONTRACTS.keys() | {"MIN_FLOAT"}
    assert {name: told[name][0] for name in CONSTANTS} == CONSTANTS


@pytest.mark.parametrize("name", IN_CONTRACTS)
def test_the_constants_are_the_contracts(name: str) -> None:
    contract, there, unit = IN_CONTRACTS[name]
    source = (CONTRACTS / f"{contract}.sol").read_text()
    found = re.search(rf"constant {there} = ([\d_]+) ?(\w*);", source)
    assert found, f"{contract} has no constant {there}"
    value, told_unit = specification.constants()[name]
    assert (value, unit) == (int(found[1]), found[2])
    assert told_unit == "days" or not unit


def test_the_least_float_is_the_provider_s(tmp_path: Path) -> None:
    least, _ = specification.constants()["MIN_FLOAT"]
    given = "max_float_periods = 2"
    config = load_config(written(tmp_path, given, f"max_float_periods = {least}"))
    assert config.terms.max_float == least * config.terms.price
    with pytest.raises(ConfigError):
        load_config(written(tmp_path, given, f"max_float_periods = {least - 1}"))


def test_each_constant_is_used_by_its_name() -> None:
    text = specification.text().partition("## 3. ")[2]
    unused = {name for name in specification.constants() if not re.search(rf"\b{name}", text)}
    assert unused == set()


def test_the_check_digit_s_table_is_the_code_s() -> None:
    assert [tuple(row) for row in specification.damm_rows()] == list(number._DAMM)


def test_the_header_s_fields_stand_in_their_order() -> None:
    names = [name for name, _ in header._FIELDS]
    assert ", ".join(names) in specification.text().replace("\n", " ")


def test_every_known_detail_is_described() -> None:
    rows = re.findall(
        r"^\| (`\w+`)? ?\| `(\w+)` \| [^|]+ \| (?:yes|no) \|", specification.text(), re.MULTILINE
    )
    told: dict[str, set[str]] = {}
    kind = ""
    for named, key in rows:
        kind = named.strip("`") or kind
        told.setdefault(kind, set()).add(key)
    assert told == {kind: set(forms) for kind, forms in details.KNOWN.items()}


def test_what_is_kept_is_kept_for_a_day() -> None:
    assert DAY == DAY_SECONDS
    assert "for a day at most" in specification.text()


def test_every_link_of_the_contents_has_its_heading() -> None:
    anchors = {
        re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-")
        for heading in re.findall(r"^#+ (.*)$", specification.text(), re.MULTILINE)
    }
    links = set(re.findall(r"\]\(#([^)]+)\)", specification.text()))
    assert len(links) == 19
    assert links <= anchors
