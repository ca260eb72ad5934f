import re
import subprocess
import sys
import tomllib
from importlib import resources
from pathlib import Path

from tests.provision.card import WORDS, Card
from tests.provision.conftest import deployment

TEMPLATE = (resources.files("kallphone.provision") / "card.toml").read_text(encoding="utf-8")


def uncommented() -> str:
    """As after taking away each # that stands before a section or a key."""
    return re.sub(r"^# (?=\[|[a-z_]+ = )", "", TEMPLATE, flags=re.MULTILINE)


def test_the_template_says_nothing_until_it_is_edited():
    assert tomllib.loads(TEMPLATE) == {}


def test_each_line_of_the_template_is_known(card: Card):
    text = uncommented()
    assert len(tomllib.loads(text)) >= 12
    text = text.replace('number = ""', f'number = "{_number()}"')
    (card.layout.boot / "deployment.json").write_text(deployment())
    assert card.start(text) == ()
    assert card.layout.config.exists()


def _number() -> str:
    from kallnet.number import is_number

    return next(str(n) for n in range(2345678900, 2345678910) if is_number(str(n)))


def test_provisioning_a_phone_that_is_not_touched_loads_no_libraries(tmp_path: Path):
    """It stands between power and dial tone at each start."""
    boot = tmp_path / "boot/firmware"
    boot.mkdir(parents=True)
    (boot / "kallphone.toml").write_text(TEMPLATE)
    assert _loaded(tmp_path) & {"pjsua2", "nacl", "mnemonic", "vobject", "requests", "coincurve"} == set()


def _loaded(root: Path) -> set[str]:
    script = (
        "import sys; from kallphone.__main__ import main\n"
        f"sys.argv[1:] = ['provision', 'apply', '--root', {str(root)!r}]\n"
        "assert main() == 0\n"
        "print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_a_whole_file_is_applied_without_pjsua2(tmp_path: Path):
    boot = tmp_path / "boot/firmware"
    boot.mkdir(parents=True)
    (boot / "kallphone.toml").write_text(f'[key]\nwords = "{WORDS}"\n[owner]\npin = "4711"\n')
    assert "pjsua2" not in _loaded(tmp_path)
