from __future__ import annotations

import dataclasses
import tomllib
from contextlib import closing
from pathlib import Path

import pytest

from kallphone.config import load_config
from kallphone.device.reset import erase
from kallphone.phone.book import Contact
from kallphone.phone.settings import Screening, Settings
from kallphone.provision.handover import read_errors, read_provisioned
from kallphone.setup.configuration import read_offer, write_config
from kallphone.setup.states import WriteConfig
from kallphone.storage.contacts import ContactStore
from kallphone.storage.database import Database
from kallphone.storage.key import key_in
from kallphone.storage.pin import PinLock
from kallphone.storage.preferences import Preferences
from tests.provision.card import COMPLETE, OTHER_WORDS, WORDS, Card

SSH_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEtqpxVnxoXsLzDDLFxW me@desk"


def database_of(card: Card) -> Database:
    return Database(card.layout.state / "phone.sqlite")


def pin_holds(card: Card, pin: str) -> bool:
    with closing(database_of(card)) as database:
        return PinLock(database).holds(pin)


def settings_of(card: Card) -> Settings:
    with closing(database_of(card)) as database:
        return Preferences(database).load()


def names_of(card: Card) -> list[str]:
    with closing(database_of(card)) as database:
        return [one.name for one in ContactStore(database).load().contacts]


def words_of(card: Card) -> str:
    return " ".join(key_in(card.layout.state).words())


def test_a_complete_file_makes_a_phone_without_a_wizard(card: Card):
    assert card.start(COMPLETE) == ()
    config = load_config(card.layout.config)
    assert (config.country, config.language, config.provider_api) == ("at", "de", "https://home.example:8443")
    assert config.state == card.layout.state.resolve()
    assert config.deployment.read_text() == (card.layout.share / "deployment.json").read_text()
    assert config.deployment.parent == card.layout.state.resolve()
    assert words_of(card) == WORDS
    assert pin_holds(card, "4711")
    assert f"ssid={b'Home'.hex()}" in card.wpa
    assert "country=AT" in card.wpa


def test_secrets_are_taken_out_of_the_card_and_of_nothing_else(card: Card):
    card.start(COMPLETE)
    for secret in ("correct horse", "4711", "legal"):
        assert secret not in card.text
    assert 'country = "at"   # Vienna' in card.text
    assert "# applied on 2026-11-25: password was taken out" in card.text
    for file in card.layout.data.rglob("*"):
        if file.is_file():
            assert b"correct horse" not in file.read_bytes()
            assert file.stat().st_mode & 0o077 == 0 or file.name.startswith("phone.sqlite")


def test_the_card_is_writable_only_while_it_is_written(card: Card):
    card.start(COMPLETE)
    assert card.mounts == ["rw", "ro"]
    card.start()
    card.start()
    assert card.mounts == ["rw", "ro"]


def test_what_was_on_the_card_is_overwritten_not_only_unlinked(card: Card, tmp_path: Path):
    card.file.write_text(COMPLETE)
    other_name = tmp_path / "sectors"
    other_name.hardlink_to(card.file)
    card.start()
    assert not other_name.read_bytes().strip(b"\0")


@pytest.mark.parametrize(
    ("without", "asked"),
    [
        ('country = "at"   # Vienna', {"country"}),
        ('ssid = "Home"\npassword = "correct horse"   # on the router', {"network"}),
        (f'words = "{WORDS}"', {"key"}),
    ],
)
def test_what_is_left_out_is_asked_by_the_wizard(card: Card, without: str, asked: set[str]):
    assert card.start(COMPLETE.replace(without, "")) == ()
    assert not card.layout.config.exists()
    steps = set(read_provisioned(card.layout.state).steps)
    assert {"language", "country", "network", "key", "pin step"} - steps == asked


def test_what_the_wizard_does_not_ask_is_handed_on_to_it(card: Card):
    (card.layout.boot / "ca.pem").write_text("a certificate")
    text = '[provider]\napi = "https://new.example"\nca_file = "ca.pem"\n[money]\ndeposit = 5\n'
    assert card.start(text) == ()
    offer = read_offer(card.layout)
    assert "provider" in offer.answered
    write_config(card.layout, offer, WriteConfig("fr", "ch", ""))
    config = load_config(card.layout.config)
    assert (config.provider_api, config.deposit) == ("https://new.example", 5)
    assert config.ca_file is not None
    assert config.ca_file.read_text() == "a certificate"
    assert config.ca_file.parent == card.layout.state.resolve()


def test_a_new_certificate_beside_an_unchanged_file_counts_and_a_lost_one_does_not(card: Card):
    beside = card.layout.boot / "ca.pem"
    beside.write_text("a certificate")
    assert card.start(COMPLETE + '[provider]\nca_file = "ca.pem"\n') == ()
    kept = load_config(card.layout.config).ca_file
    assert kept is not None
    assert kept.read_text() == "a certificate"
    with closing(database_of(card)) as database:
        Preferences(database).save(Settings(country="at", language="fr"))
    before = card.text
    beside.write_text("a new certificate")
    assert card.start() == ()
    assert kept.read_text() == "a new certificate"
    assert settings_of(card).language == "fr"
    beside.unlink()
    assert card.start() == ()
    assert kept.read_text() == "a new certificate"
    assert card.text == before


def test_a_preset_needs_to_name_the_network_and_no_more(card: Card):
    preset = '[ledger]\nrpc = ["https://rpc.example"]\ndeployment = "deployment.json"\n'
    card.layout.preset.write_text(preset + '[provider]\napi = "https://home.example"\n')
    assert card.start(COMPLETE) == ()
    assert load_config(card.layout.config).deposit == 2_000_000


def test_what_was_left_out_can_be_added_on_the_card(card: Card):
    card.start(COMPLETE.replace('country = "at"', "#"))
    assert not card.layout.config.exists()
    assert card.start(card.text.replace("#   # Vienna", 'country = "at"')) == ()
    assert card.layout.config.exists()


def test_a_new_key_and_a_cable_are_enough(card: Card):
    card.start('[phone]\ncountry = "de"\n[key]\nnew = true\n[wifi]\ncable = true\n')
    assert card.layout.config.exists()
    assert key_in(card.layout.state).open()


def test_without_a_network_of_the_image_the_wizard_comes(card: Card):
    card.layout.preset.unlink()
    assert card.start(COMPLETE) == ()
    assert not card.layout.config.exists()


def test_an_image_whose_template_nobody_touched_asks_everything(card: Card):
    template = Path("firmware/kallphone/provision/card.toml").read_text()
    assert card.start(template) == ()
    assert card.text == template
    assert list(card.layout.state.iterdir()) == []
    assert card.mounts == []


def test_a_later_edit_counts_and_leaves_what_the_owner_chose_since(card: Card):
    card.start(COMPLETE)
    with closing(database_of(card)) as database:
        Preferences(database).save(Settings(country="at", language="fr", large_text=True))
    card.start(card.text.replace('country = "at"', 'country = "ch"'))
    assert load_config(card.layout.config).country == "ch"
    now = settings_of(card)
    assert (now.country, now.language, now.large_text) == ("ch", "fr", True)
    assert "country=CH" in card.wpa


CHOICES = """
[settings]
large_text = true
[settings.limits]
per_call = 2
per_day = 5
[[contacts]]
name = "Oma"
number = "NUMBER"
"""


def test_an_edit_elsewhere_resets_no_setting_and_no_contact(card: Card):
    number = _number()
    card.start(COMPLETE + CHOICES.replace("NUMBER", number))
    with closing(database_of(card)) as database:
        preferences, book = Preferences(database), ContactStore(database)
        now = preferences.load()
        limits = dataclasses.replace(now.limits, per_call=9, per_day=9)
        preferences.save(dataclasses.replace(now, large_text=False, limits=limits))
        book.save_all([Contact(number, "Grandma")])
    assert card.start(card.text.replace("# Mine", "# Ours").replace("per_day = 5", "per_day = 6")) == ()
    now = settings_of(card)
    assert (now.large_text, now.limits.per_call, now.limits.per_day) == (False, 9, 6)
    assert names_of(card) == ["Grandma"]
    card.start(card.text.replace('"Oma"', '"Omi"'))
    assert names_of(card) == ["Omi"]


def test_a_phone_whose_settings_are_gone_is_told_all_of_them_again(card: Card):
    card.start(COMPLETE + CHOICES.replace("NUMBER", _number()))
    (card.layout.state / "phone.sqlite").unlink()
    card.start(card.text.replace("# Mine", "# Ours"))
    assert settings_of(card).limits.per_day == 5
    assert names_of(card) == ["Oma"]


def test_another_wifi_is_added_and_the_known_one_needs_no_password_again(card: Card):
    card.start(COMPLETE)
    before = card.wpa
    assert card.start(card.text.replace('country = "at"', 'country = "de"')) == ()
    assert card.start(card.text.replace('"Home"\n', '"Office"\n')) == (
        "kallphone.toml: [wifi] password: is empty; give that of 'Office', or open = true if it has none",
    )
    card.start('[wifi]\nssid = "Office"\npassword = "12345678"\n')
    assert card.wpa.count("network={") == 2
    assert before.splitlines()[-1] in card.wpa
    assert card.errors == ""


def test_a_file_with_a_fault_changes_nothing_and_says_all_of_them(card: Card):
    text = COMPLETE.replace('"at"', '"xx"').replace("4711", "47").replace("[key]", "[keys]")
    faults = card.start(text)
    assert len(faults) == 2
    assert "[keys] is not known" in card.errors
    assert "[owner] pin: must be 4 to 8 digits" in card.errors
    assert card.start(COMPLETE.replace('"at"', '"xx"')) != ()
    assert "[phone] country: is 'xx'" in card.errors
    assert read_errors(card.layout.state) == tuple(card.errors.splitlines()[2:])
    assert sorted(path.name for path in card.layout.state.iterdir()) == ["provision-errors.txt"]
    assert card.wpa == ""
    assert card.start(COMPLETE) == ()
    assert card.errors == ""
    assert read_errors(card.layout.state) == ()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[owner]\npin = 123456\n", "[owner] pin: must be a text in quotation marks"),
        ('[wifi]\nssid = "a"\npassword = 12345678\n', "[wifi] password: must be a text"),
        (f'[wifi]\nssid = "{"ü" * 17}"\nopen = true\n', "longer than 32 bytes"),
        ('[wifi]\npassword = "12345678"\n', "[wifi] ssid: is missing"),
        ('[wifi]\nssid = "a"\ncountry = "Germany"\nopen = true\n', "two letters"),
        ('[key]\nwords = "legal winner"\n', "12 words, not 2"),
        (f'[key]\nwords = "{WORDS.replace("thank", "tank")}"\n', "don't belong together"),
        (f'[key]\nnew = true\nwords = "{WORDS}"\n', "words are for a key that is restored"),
        ('[installer]\nssh_key = "command=\\"sh\\" ssh-ed25519 AAAA"\n', "is no public key"),
        ('[installer]\naccount = "0x12"\n', "[installer] account"),
        ('[update]\nurl = "http://updates.example"\n', "https://"),
        ("[settings]\nloud = true\n", "loud is not known"),
        ('[settings]\nlanguage = "de"\n', "[phone]"),
        ("[settings.volumes]\nringer = 11\n", "volumes.ringer can't be 11"),
        ('[settings]\nscreening = "NOBODY"\n', "screening is none of EVERYBODY"),
        ("[phone]\ncountry = 5\n", "[phone] country"),
        ("[ledger]\ndeployment = 5\n", "[ledger] deployment"),
        ('[provider]\nca_file = ["ca.pem"]\n', "[provider] ca_file"),
        ('[provider]\nca_file = "a\\u0000b"\n', "[provider] ca_file"),
        ('[[contacts]]\nname = "A"\nnumber = "12"\n', "[contacts 1] number"),
        ('[display]\nchip = "ssd9999"\n', "pins.toml: display.chip"),
        ('[provider]\nca_file = "gone.pem"\n', "there is no file"),
        ('[phone]\ncuontry = "de"\n', "[phone] cuontry: is not known; did you mean 'country'?"),
    ],
)
def test_faults_are_told_in_words_and_secrets_are_not(card: Card, text: str, words: str):
    card.start(text)
    assert words in card.errors
    for secret in ("12345678", "123456", "thank", "legal"):
        assert secret not in card.errors
    assert not card.layout.config.exists()


def test_a_key_is_replaced_only_when_that_is_said(card: Card):
    card.start(COMPLETE)
    card.start(f'[key]\nwords = "{OTHER_WORDS}"\n')
    assert "this phone has another key already" in card.errors
    assert words_of(card) == WORDS
    assert card.start(f'[key]\nwords = "{OTHER_WORDS}"\nreplace = true\n') == ()
    assert words_of(card) == OTHER_WORDS
    assert (card.layout.state / "account.key.old-1").exists()


def test_the_same_words_again_and_a_new_key_change_nothing(card: Card):
    card.start(COMPLETE)
    assert card.start(f'[key]\nwords = "{WORDS}"\n') == ()
    assert card.start("[key]\nnew = true\n") == ()
    assert words_of(card) == WORDS
    assert not (card.layout.state / "account.key.old-1").exists()


def test_a_pin_is_replaced_only_by_whoever_has_the_words(card: Card):
    card.start(COMPLETE)
    card.start('[owner]\npin = "9999"\n[key]\nreplace = true\n')
    assert "this phone has another PIN" in card.errors
    card.start(f'[owner]\npin = "9999"\n[key]\nwords = "{WORDS}"\n')
    assert pin_holds(card, "4711")
    assert card.start(f'[owner]\npin = "9999"\n[key]\nwords = "{WORDS}"\nreplace = true\n') == ()
    assert pin_holds(card, "9999")


def test_ssh_comes_and_goes_with_its_line(card: Card):
    keys = card.layout.system / "ssh" / "authorized_keys"
    card.start(f'[installer]\nssh_key = "{SSH_KEY}"\n')
    assert keys.read_text() == SSH_KEY + "\n"
    assert keys.parent.stat().st_mode & 0o777 == 0o700
    card.start(f'# [installer]\n# ssh_key = "{SSH_KEY}"\n')
    assert not keys.exists()


def test_updates_settings_contacts_and_pins(card: Card):
    text = """
[update]
url = "https://updates.example/x"
automatic = false
[settings]
do_not_disturb = true
screening = "CONTACTS"
[settings.limits]
per_day = 5
[display]
rotate = 2
[[contacts]]
name = "Oma"
number = "234 567 8902"
key = "1"
"""
    number = _number()
    assert card.start(text.replace("234 567 8902", number)) == ()
    updates = tomllib.loads((card.layout.system / "update" / "settings.toml").read_text())
    assert updates == {"url": "https://updates.example/x", "automatic": False}
    chosen = settings_of(card)
    assert (chosen.do_not_disturb, chosen.screening, chosen.limits.per_day) == (True, Screening.CONTACTS, 5)
    assert chosen.country == "de"
    with closing(database_of(card)) as database:
        assert ContactStore(database).load().contacts == (Contact(number, "Oma", key="1"),)
    pins = tomllib.loads((card.layout.state / "pins.toml").read_text())
    assert pins["display"]["rotate"] == 2
    assert pins["keypad"]["rows"] == [5, 6, 13, 16]


def _number() -> str:
    from kallnet.number import is_number

    return next(str(n) for n in range(2345678900, 2345678910) if is_number(str(n)))


def test_pins_of_the_card(card: Card):
    table = Path("hardware/pins.toml").read_text()
    (card.layout.boot / "pins.toml").write_text(table.replace("pin = 26 ", "pin = 7 "))
    assert card.start("") == ()
    assert tomllib.loads((card.layout.state / "pins.toml").read_text())["hook"]["pin"] == 7
    (card.layout.boot / "pins.toml").write_text(table.replace("pin = 26 ", "pin = 12 "))
    assert "pins.toml" in card.start()[0]


def test_what_imager_leaves_is_only_noted(card: Card, caplog: pytest.LogCaptureFixture):
    caplog.set_level("INFO")
    for name in ("firstrun.sh", "user-data", "cmdline.txt", "custom.toml"):
        (card.layout.boot / name).write_text("password = hunter2")
    assert card.start(COMPLETE) == ()
    assert caplog.text.count("is not read by this phone") == 4
    assert card.layout.config.exists()


def test_a_file_that_windows_named_is_told(card: Card):
    (card.layout.boot / "kallphone.toml.txt").write_text(COMPLETE)
    assert "rename it" in card.start()[0]
    template = Path("firmware/kallphone/provision/card.toml").read_text()
    assert "rename it" in card.start(template)[0]
    assert card.start("[phone\n") == (
        "kallphone.toml: line 1 can't be read: Expected ']' at the end of a table declaration",
    )
    assert card.start(COMPLETE) == ()


def test_a_card_that_can_not_be_written_is_told_and_tried_again(card: Card, monkeypatch: pytest.MonkeyPatch):
    from kallphone.provision.errors import ProvisionError

    def refuse(_folder: Path, _how: str) -> None:
        raise ProvisionError("/boot can't be mounted rw: write-protected")

    with monkeypatch.context() as patched:
        patched.setattr(card, "_remount", refuse)
        assert "can't be mounted rw" in card.start(COMPLETE)[0]
    assert words_of(card) == WORDS
    assert card.start() == ()
    assert "correct horse" not in card.text


def test_a_full_disk_is_told(card: Card, monkeypatch: pytest.MonkeyPatch):
    from kallphone.storage import files

    def full(_path: Path, _content: bytes) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(files, "_write_and_sync", full)
        assert "tried again" in card.start(COMPLETE)[0]
    assert card.start() == ()
    assert card.layout.config.exists()


def test_a_phone_that_was_erased_takes_what_is_left_of_its_file_again(card: Card):
    card.start(COMPLETE + f'[installer]\nssh_key = "{SSH_KEY}"\n')
    erase(card.layout)
    assert card.start() == ()
    assert not card.layout.config.exists()
    steps = read_provisioned(card.layout.state).steps
    assert steps == ("language", "country")
    assert (card.layout.system / "ssh" / "authorized_keys").exists()
