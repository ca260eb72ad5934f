import codecs

import pytest

from kallphone.provision.card_text import CardText, decoded, parsed
from kallphone.provision.errors import FileInvalid

TEXT = '[wifi]\r\nssid = "Zürich"\r\n'


@pytest.mark.parametrize(
    "content",
    [
        TEXT.encode(),
        codecs.BOM_UTF8 + TEXT.encode(),
        codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"),
        codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
    ],
)
def test_what_editors_write_is_read(content: bytes):
    assert parsed("f", decoded("f", content).text) == {"wifi": {"ssid": "Zürich"}}


def test_a_byte_order_mark_is_kept():
    assert CardText("a", bom=True).encode() == codecs.BOM_UTF8 + b"a"


def test_letters_of_an_old_encoding_are_refused_with_their_line():
    with pytest.raises(FileInvalid, match=r'line 2 has a letter that is not UTF-8.*"UTF-8"'):
        decoded("kallphone.toml", TEXT.encode("cp1252"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[wifi]\nssid = Home\n", r"line 2 \(ssid\) lacks quotation marks"),
        ('[wifi]\n\nssid = "Home\npassword = "x"\n', r"line 3 \(ssid\) lacks quotation marks"),
        ("[wifi]\nssid = \u201cHome\u201d\n", r"line 2 \(ssid\) has curly quotation marks"),
        ("[wifi\nssid = 1\n", "line 1"),
        ('[wifi]\nssid = "a"\nssid = "b"\n', r"line 3 \(ssid\)|ssid"),
        ('[wifi]\nssid = "a"\n[wifi]\n', "line 3"),
    ],
)
def test_the_line_that_is_wrong_is_named(text: str, words: str):
    with pytest.raises(FileInvalid, match=words):
        parsed("kallphone.toml", text)


def test_a_password_is_not_repeated():
    with pytest.raises(FileInvalid) as caught:
        parsed("kallphone.toml", "[wifi]\npassword = hunter2hunter2\n")
    assert "hunter2" not in str(caught.value)


def test_a_file_that_is_no_settings_is_refused():
    with pytest.raises(FileInvalid, match="256 KiB"):
        decoded("kallphone.toml", b"#" * 300_000)
