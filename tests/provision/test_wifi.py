import pytest

from kallphone.provision.wifi import (
    Network,
    knows,
    password_fault,
    pre_shared_key,
    with_country,
    with_network,
)

# IEEE 802.11i-2004, annex H.4.3 (802.11-2020, J.4.2).
VECTORS = [
    ("IEEE", "password", "f42c6fc52df0ebef9ebb4b90b38a5f902e83fe1b135a70e23aed762e9710a12e"),
    ("ThisIsASSID", "ThisIsAPassword", "0dc0d6eb90555ed6419756b9a15ec3e3209b63df707dd508d14581f8982721af"),
    ("Z" * 32, "a" * 32, "becb93866bb8c3832cb777c2f559807c8c59afcb6eae734885001300a981cc62"),
]

ROUTER = """ctrl_interface=DIR=/run/wpa_supplicant GROUP=netdev
update_config=1
country=FR

network={
	ssid="Office"
	psk=aa
}
network={
	ssid=486f6d65
	psk=bb
}
"""


@pytest.mark.parametrize(("ssid", "passphrase", "key"), VECTORS)
def test_keys_are_those_of_the_standard(ssid: str, passphrase: str, key: str):
    assert pre_shared_key(ssid.encode(), passphrase).hex() == key


def test_the_passphrase_is_in_no_file():
    made = with_network("", Network("IEEE", "password"))
    assert "password" not in made
    assert f"psk={VECTORS[0][2]}" in made


def test_a_network_takes_the_place_of_its_namesake_and_no_other():
    made = with_network(ROUTER, Network("Home", "12345678"))
    assert made.count("network={") == 2
    assert "psk=bb" not in made
    assert made.startswith(ROUTER[: ROUTER.index("network={\n\tssid=486f")])
    quoted = with_network(ROUTER, Network("Office", "12345678"))
    assert "psk=aa" not in quoted
    assert "psk=bb" in quoted


@pytest.mark.parametrize(
    "ssid", ['say "hi"', "  two spaces before", "Café Zürich", "電話", "back\\slash", "#1}"]
)
def test_any_name_can_be_written_and_found_again(ssid: str):
    made = with_network(ROUTER, Network(ssid, "12345678"))
    assert f"ssid={ssid.encode().hex()}\n" in made
    assert knows(made, ssid)
    assert not knows(made, ssid.strip() + "x")
    assert with_network(made, Network(ssid, "12345678")) == made


def test_open_hidden_and_wpa3_networks():
    assert "key_mgmt=NONE" in with_network("", Network("Park"))
    assert "scan_ssid=1" in with_network("", Network("Park", hidden=True))
    made = with_network("", Network("New", 'pass"word', wpa3=True))
    assert "key_mgmt=SAE" in made
    assert 'sae_password="pass"word"' in made


def test_a_key_of_64_digits_is_taken_as_it_is():
    assert f"psk={'ab' * 32}" in with_network("", Network("x", "AB" * 32))


def test_the_country_is_said_once():
    made = with_country(ROUTER, "DE")
    assert made.count("country=") == 1
    assert with_country(made, "DE") == made
    assert made.count("network={") == 2


@pytest.mark.parametrize(
    ("password", "words"), [("short", "has 5 characters"), ("z" * 64, "has 64"), ("größer als", "ASCII")]
)
def test_passwords_that_no_network_has(password: str, words: str):
    assert words in password_fault(password)
    assert password not in password_fault(password)
