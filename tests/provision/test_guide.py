"""The installer's guide, tried."""

import re
import shlex
import tomllib
from pathlib import Path

import pytest

from kallphone.cli import _parser
from tests.provision.test_batch import BAR, Desk, has_pin

GUIDE = Path("docs/installer.md").read_text()
COMMANDS = sorted(set(re.findall(r"`(kallphone (?:provision|batch)[^`\n]*)`", GUIDE)))


@pytest.mark.parametrize("command", COMMANDS)
def test_the_commands_are_there(command: str):
    _parser().parse_args(shlex.split(command)[1:])


def test_the_guide_has_all_steps_of_a_batch():
    assert [command.split()[2] for command in COMMANDS if "batch" in command] == [
        "collect",
        "new-key",
        "seal",
    ]


def test_its_plan_seals_and_is_taken(tmp_path: Path):
    desk = Desk(tmp_path)
    first, plan = (
        re.sub("^   ", "", block, flags=re.M) for block in re.findall(r"```toml\n(.*?)```", GUIDE, re.S)
    )
    assert tomllib.loads(first)["installer"]["device_file"] is True
    text = plan.replace("10000000abcd0001", "aa01").replace('pin = "..."', 'pin = "1111"')
    text = text.replace('number = "..."', f'number = "{BAR}"').replace(
        'password = "..."', 'password = "12345678"'
    )
    assert desk.give(desk.seal(1, text)) == ()
    assert has_pin(desk.phones["aa01"], "1111")
    assert desk.phones["aa01"].layout.config.exists()
    assert "surplus, not in the plan: aa02" in desk.lines


def test_the_sections_of_the_template_are_explained():
    template = Path("firmware/kallphone/provision/card.toml").read_text()
    for section in re.findall(r"^# (\[\[?[a-z]+\]\]?)", template, re.M):
        assert f"`{section}`" in GUIDE
