import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kallphone.provision.scrub import scrubbed, secrets_in
from kallphone.provision.toml_text import written
from tests.provision.card import COMPLETE


def test_secrets_go_and_all_else_stays():
    done = scrubbed(COMPLETE, "2026-11-25")
    assert tomllib.loads(done)["wifi"] == {"ssid": "Home", "password": ""}
    assert "correct horse" not in done
    assert "4711" not in done
    assert "legal" not in done
    assert done.replace("# applied on 2026-11-25: password was taken out\n", "").count("\n") > 5
    kept = [line for line in done.splitlines() if "applied on" not in line]
    assert len(kept) == len(COMPLETE.splitlines())
    assert 'password = ""   # on the router' in kept
    assert "# Mine" in kept
    assert 'country = "at"   # Vienna' in kept


def test_a_note_is_not_repeated_by_the_next_time():
    once = scrubbed(COMPLETE, "2026-11-25")
    again = scrubbed(once.replace('password = ""', 'password = "another one"'), "2026-12-24")
    assert again.count("password was taken out") == 1
    assert "2026-12-24: password" in again


@pytest.mark.parametrize(
    "text",
    [
        "[key]\nwords = [\n  'legal', # one\n  \"winner\",\n]\n# after\n",
        '[key]\nwords = """\nlegal\nwinner"""\n# after\n',
        "[key]\nwords = 'legal winner' # after\n",
        '[wifi]\nssid="a"\n[key]  # mine\n  words="legal \\" winner" # after\n',
        'key.words = "legal winner"\n# after\n',
    ],
)
def test_secrets_in_any_form(text: str):
    done = scrubbed(text, "d")
    assert "legal" not in done
    assert "winner" not in done
    assert "# after" in done
    assert tomllib.loads(done)["key"]["words"] == ""


@pytest.mark.parametrize("text", ['key = { words = "legal winner" }\n', '["key"]\n"words" = "legal"\n'])
def test_where_a_secret_is_not_found_in_its_line_the_file_is_written_anew(text: str):
    done = scrubbed(text, "d")
    assert "legal" not in done
    assert tomllib.loads(done) == {"key": {"words": ""}}


def test_line_ends_of_windows_stay():
    done = scrubbed(COMPLETE.replace("\n", "\r\n"), "d")
    assert done.count("\n") == done.count("\r\n")


@given(st.text(min_size=1).filter(lambda text: "\0" not in text), st.text(), st.booleans())
def test_any_password_is_taken_out(password: str, ssid: str, literal: bool):
    text = written({"wifi": {"ssid": ssid, "password": password, "hidden": True}})
    if literal and "'" not in password and password.isprintable():
        text = f"[wifi]\npassword = '{password}'\n"
    document = tomllib.loads(text)
    document["wifi"]["password"] = ""
    done = scrubbed(text, "d")
    assert tomllib.loads(done) == document
    assert secrets_in(tomllib.loads(done)) == []


_VALUES = st.recursive(
    st.text() | st.integers(-(2**60), 2**60) | st.booleans() | st.lists(st.text()),
    lambda inner: st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), _VALUES, max_size=5))
def test_what_is_written_reads_as_it_was(document: dict[str, object]):
    assert tomllib.loads(written(document)) == document


def test_lists_of_tables_are_written():
    document = {"contacts": [{"name": "A"}, {"name": "B", "of": {"x": 1}}], "a": {"b": [1, 2]}}
    assert tomllib.loads(written(document)) == document
