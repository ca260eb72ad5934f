"""Root applies; what it makes in the phone's folder belongs to the phone's user."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.provision.card import COMPLETE, Card
from tests.provision.conftest import make_layout

PHONE = 64_321

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="gives files to another user")


@pytest.fixture
def owned() -> Iterator[Card]:
    """Not below tmp_path, which no other user may enter."""
    folder = Path(tempfile.mkdtemp(prefix="kallphone-owned-"))
    folder.chmod(0o755)
    card = Card(make_layout(folder))
    os.chown(card.layout.state, PHONE, PHONE)
    card.layout.state.chmod(0o700)
    yield card
    shutil.rmtree(folder)


def test_the_phones_folder_stays_the_phones(owned: Card):
    assert (
        owned.start(COMPLETE.replace("[owner]", "[settings]\nring = 1\n[display]\nrotate = 2\n[owner]")) == ()
    )
    files = [path for path in owned.layout.state.rglob("*") if path.is_file()]
    assert {"account.key", "device.secret", "phone.sqlite", "kallphone.toml", "pins.toml"} <= {
        path.name for path in files
    }
    assert {(path.stat().st_uid, path.stat().st_gid) for path in files} == {(PHONE, PHONE)}
    assert {path.stat().st_uid for path in owned.layout.system.rglob("*")} == {0}
    assert os.geteuid() == 0


def test_a_link_of_the_phones_user_leads_root_nowhere(owned: Card):
    target = owned.layout.system / "secret"
    target.write_text("root's")
    target.chmod(0o600)
    link = owned.layout.state / "phone.sqlite"
    link.symlink_to(target)
    assert owned.start(COMPLETE) != ()
    assert target.read_text() == "root's"


def test_faults_belong_to_the_phone_too(owned: Card):
    owned.start("[wifi]\nssid = 7\n")
    assert (owned.layout.state / "provision-errors.txt").stat().st_uid == PHONE
