from __future__ import annotations

import re
from pathlib import Path

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kallphone.phone.dialplan import (
    INTERDIGIT_S,
    Complete,
    Emergency,
    KallNumber,
    Outside,
    Redial,
    Service,
    SpeedDial,
    Target,
    Unfinished,
    Wrong,
    at_timeout,
    classify,
    grouped,
    pause_s,
)
from kallphone.phone.numbering import EVERYWHERE, PLANS
from kallphone.phone.services import SPELLINGS, ServiceCode, Spelling
from kallphone.phone.tones import CADENCES

NUMBER = "2345678900"
COUNTRIES = sorted(PLANS)
# libphonenumber's number for Mumbai alone would be a Kall number begun.
NOT_OURS = {("in", "2611")}
# Spain's national police, civil guard, health, fire and local police, which libphonenumber leaves out.
ONLY_OURS = {("es", number) for number in ("061", "062", "080", "091", "092")}

countries = st.sampled_from(COUNTRIES)
kall_numbers = st.from_regex(r"[2-9][0-9]{9}", fullmatch=True)


def typed(keys: str, country: str = "de") -> Target | None:
    """What the phone does once nothing more is typed, checking that it did not act or refuse before."""
    for length in range(1, len(keys)):
        assert classify(keys[:length], country) == Unfinished(), keys[:length]
    verdict = classify(keys, country)
    assert verdict != Wrong()
    if verdict == Unfinished():
        verdict = at_timeout(keys, country)
    return verdict.target if isinstance(verdict, Complete) else None


def test_every_country_with_tones_has_a_plan() -> None:
    assert sorted(CADENCES) == COUNTRIES


@given(kall_numbers, countries)
def test_a_kall_number_is_complete_with_its_tenth_digit(number: str, country: str) -> None:
    assert typed(number, country) == KallNumber(number)
    assert classify(number, country) == Complete(KallNumber(number))


@pytest.mark.parametrize("keys", ["2345", "234567890", "23456789001", "0", "00", "030", "*", "*7", "**", "5"])
def test_half_a_number_is_nothing_after_a_pause(keys: str) -> None:
    assert at_timeout(keys, "de") == Wrong()


@pytest.mark.parametrize("keys", [
    "14", "23#", "234*", "0#", "*0", "*99", "A", "5D", "##5", "0301#", "00 49", "٣",
])
def test_what_means_nothing_is_told_at_once(keys: str) -> None:
    assert classify(keys, "de") == Wrong()


@pytest.mark.parametrize("key", "123456789")
def test_a_digit_and_a_cross_is_speed_dial(key: str) -> None:
    assert typed(f"{key}#") == SpeedDial(key)


def test_a_cross_alone_redials_after_a_short_pause() -> None:
    assert typed("#") == Redial()
    assert pause_s("#", "de") < 2


@pytest.mark.parametrize("spelling", SPELLINGS, ids=lambda spelling: spelling.keys)
@pytest.mark.parametrize("country", ["de", "us"])
def test_every_spelling_of_a_service_can_be_dialled(spelling: Spelling, country: str) -> None:
    argument = NUMBER if "n" in spelling.keys else ""
    keys = spelling.keys.replace("n", argument)
    assert typed(keys, country) == Service(spelling.code, argument)
    assert classify(keys, country) == Complete(Service(spelling.code, argument))


def test_every_service_has_a_spelling() -> None:
    assert {spelling.code for spelling in SPELLINGS} == set(ServiceCode)
    assert len({spelling.keys for spelling in SPELLINGS}) == len(SPELLINGS)


def test_the_page_on_dialling_has_every_code() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs/dialling.md").read_text()
    codes = {code.replace(" ", "").replace("NUMBER", "n") for code in re.findall(r"`([*#][^`]*)`", page)}
    assert {spelling.keys for spelling in SPELLINGS} == codes - {"#", "**", "**49..."}


def test_calls_can_be_forwarded_to_a_number_of_another_network() -> None:
    assert typed("*720301234567#") == Service(ServiceCode.FORWARD_ALWAYS, "+49301234567")
    assert typed("*21*0301234567#") == Service(ServiceCode.FORWARD_ALWAYS, "+49301234567")
    assert typed("*720301234567") == Service(ServiceCode.FORWARD_ALWAYS, "+49301234567")


def test_forwarding_waits_for_the_cross_that_people_type() -> None:
    assert classify(f"*21*{NUMBER}", "de") == Unfinished()
    assert pause_s(f"*21*{NUMBER}", "de") == 3


@pytest.mark.parametrize("keys", [f"*21{NUMBER}#", "*21*5#", "*21*112#", "*72#", "*21#", f"*21*{NUMBER}*"])
def test_forwarding_needs_a_whole_number(keys: str) -> None:
    assert classify(keys, "de") == Wrong()


@pytest.mark.parametrize(("keys", "country", "e164"), [
    ("0301234567", "de", "+49301234567"),
    ("00441632960961", "de", "+441632960961"),
    ("**441632960961", "de", "+441632960961"),
    ("+441632960961", "de", "+441632960961"),
    ("12025550123", "us", "+12025550123"),
    ("011493012345", "us", "+493012345"),
    ("0612345678", "it", "+390612345678"),
    ("0034911234567", "es", "+34911234567"),
    ("0011493012345", "au", "+493012345"),
    ("010493012345", "jp", "+493012345"),
    ("0312345678", "jp", "+81312345678"),
])
def test_numbers_of_other_networks_become_e164(keys: str, country: str, e164: str) -> None:
    assert typed(keys, country) == Outside(e164)
    assert at_timeout(f"{keys}#", country) == Complete(Outside(e164))


def test_a_north_american_number_needs_no_pause() -> None:
    assert classify("12025550123", "us") == Complete(Outside("+12025550123"))
    assert classify("11", "us") == Unfinished()  # 112
    assert classify("113", "us") == Wrong()


def test_a_number_outside_is_never_longer_than_e164_allows() -> None:
    assert classify("00" + "4" * 14, "de") == Unfinished()
    assert classify("00" + "4" * 15, "de") == Complete(Outside("+" + "4" * 15))
    assert classify("00" + "4" * 16, "de") == Wrong()


def test_a_number_of_unknown_length_gets_the_long_pause() -> None:
    assert pause_s("0301234567", "de") == INTERDIGIT_S
    assert pause_s("*720301234567", "de") == INTERDIGIT_S
    assert pause_s("2345", "de") == INTERDIGIT_S


def trunk_of(country: str) -> str:
    return phonenumbers.PhoneMetadata.metadata_for_region(country.upper()).national_prefix or ""


@pytest.mark.parametrize("country", COUNTRIES)
@pytest.mark.parametrize("kind", ["FIXED_LINE", "MOBILE"])
def test_prefixes_are_those_of_libphonenumber(country: str, kind: str) -> None:
    kind_of_number = getattr(phonenumbers.PhoneNumberType, kind)
    example = phonenumbers.example_number_for_type(country.upper(), kind_of_number)
    e164 = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)
    assert typed(e164.replace("+", "**"), country) == Outside(e164)
    if trunk_of(country) and country != "br":
        national = phonenumbers.national_significant_number(example)
        assert typed(trunk_of(country) + national, country) == Outside(e164)


@pytest.mark.parametrize("country", [c for c in COUNTRIES if c not in ("br", "it") and not trunk_of(c)])
def test_without_a_trunk_prefix_national_numbers_are_dialled_as_from_abroad(country: str) -> None:
    keys = phonenumbers.national_significant_number(phonenumbers.example_number(country.upper()))
    target = typed(keys, country) if len(keys) == 10 else at_timeout(keys, country)
    assert target in (Wrong(), KallNumber(keys))


@pytest.mark.parametrize("country", [country for country in COUNTRIES if country != "br"])
def test_international_prefixes_are_those_of_libphonenumber(country: str) -> None:
    abroad = phonenumbers.example_number_for_type("CH", phonenumbers.PhoneNumberType.FIXED_LINE)
    keys = phonenumbers.format_out_of_country_calling_number(abroad, country.upper())
    assert typed(re.sub("[^0-9]", "", keys), country) == Outside("+41212345678")


@pytest.mark.parametrize("country", COUNTRIES)
def test_emergency_numbers_are_those_of_libphonenumber(country: str) -> None:
    theirs = {n for n in _short_numbers() if phonenumbers.is_emergency_number(n, country.upper())}
    ours = {*PLANS[country].emergency, *EVERYWHERE}
    missing = {(country, n) for n in theirs - ours}
    added = {(country, n) for n in set(PLANS[country].emergency) - theirs}
    assert missing <= NOT_OURS
    assert added <= ONLY_OURS


def _short_numbers() -> list[str]:
    return [f"{n:0{digits}d}" for digits in range(2, 5) for n in range(10**digits)]


@given(countries, st.data())
def test_an_emergency_number_is_never_taken_for_something_else(country: str, data: st.DataObject) -> None:
    number = data.draw(st.sampled_from([*PLANS[country].emergency, *EVERYWHERE]))
    assert typed(number, country) == Emergency(number)
    assert at_timeout(f"{number}#", country) == Complete(Emergency(number))
    if number[0] in "01":
        assert classify(number, country) == Complete(Emergency(number))


def test_help_that_could_be_a_kall_number_waits_shortly_where_it_is_the_countrys_own() -> None:
    assert pause_s("911", "us") == 3
    assert pause_s("999", "gb") == 3
    assert pause_s("911", "de") == INTERDIGIT_S
    assert typed("9112345678", "us") == KallNumber("9112345678")


@given(st.text("0123456789*#ABCD", max_size=20), countries)
def test_every_sequence_of_keys_has_a_meaning(keys: str, country: str) -> None:
    verdict, later = classify(keys, country), at_timeout(keys, country)
    assert isinstance(verdict, Unfinished | Wrong | Complete)
    if isinstance(verdict, Complete):
        assert later == verdict
    if verdict == Wrong():
        assert later == verdict
    assert 1 <= pause_s(keys, country) <= INTERDIGIT_S


def valid_keys() -> st.SearchStrategy[str]:
    outside = st.from_regex(r"(\*\*|\+)[1-9][0-9]{6,14}#?", fullmatch=True)
    number = st.one_of(kall_numbers, outside.map(lambda keys: keys.rstrip("#")))
    spelled = st.builds(lambda spelling, n: spelling.keys.replace("n", n), st.sampled_from(SPELLINGS), number)
    return st.one_of(kall_numbers, outside, spelled, st.from_regex("[1-9]#", fullmatch=True))


@given(valid_keys(), countries)
def test_no_beginning_of_a_valid_number_is_refused(keys: str, country: str) -> None:
    for length in range(len(keys) + 1):
        assert classify(keys[:length], country) != Wrong(), keys[:length]
    assert isinstance(at_timeout(keys, country), Complete)


@given(st.text("0123456789*#ABCD", min_size=1, max_size=20), countries)
def test_what_was_refused_stays_refused(keys: str, country: str) -> None:
    if classify(keys[:-1], country) == Wrong():
        assert classify(keys, country) == Wrong()


@given(st.text("0123456789*#", max_size=20), countries)
def test_what_goes_to_a_gateway_is_e164(keys: str, country: str) -> None:
    verdict = at_timeout(keys, country)
    if isinstance(verdict, Complete) and isinstance(verdict.target, Outside):
        assert re.fullmatch(r"\+[1-9][0-9]{6,14}", verdict.target.e164)


def test_numbers_are_read_in_groups() -> None:
    assert grouped(NUMBER) == "234 567 8900"
    assert grouped("2345") == "2345"
