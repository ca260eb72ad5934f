"""What a phone takes and what it refuses: signatures, hand-overs of keys, age, size, product."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from nacl.signing import SigningKey

from kallphone.update.confirm import confirm
from kallphone.update.errors import (
    CardTrouble,
    Postponed,
    PublishError,
    Refused,
    TooOld,
    Unreachable,
    UpdateError,
    UpToDate,
)
from kallphone.update.install import Updater
from kallphone.update.keys import TrustedKeys, hand_over, no_hand_overs, parse_keys, sign
from kallphone.update.manifest import KEYS_FILE, MANIFEST_FILE, SIGNATURE_FILE, SYSTEM_FILE, parse_manifest
from kallphone.update.signing import hand_over_files, make_key, read_key, sign_release, trust_list
from kallphone.update.slots import config_sector
from tests.update.world import (
    NEW,
    OLD,
    SLOT_SIZE,
    Pieces,
    Restarted,
    World,
    make_release,
    make_system,
    publish,
)

KEYS = [SigningKey(bytes([number] * 32)) for number in range(1, 6)]


def public(*numbers: int) -> tuple[bytes, ...]:
    return tuple(bytes(KEYS[number].verify_key) for number in numbers)


def install(world: World, release: Path) -> None:
    updater = Updater(world.box())
    updater.install(updater.check([Pieces(release)]))


def assert_nothing_was_started(world: World) -> None:
    world.start()
    assert (world.build, world.slot, world.trials) == (OLD, "a", 0)
    assert world.box().memory.pending() is None


def test_a_good_update_is_taken(world: World, release: Path) -> None:
    with pytest.raises(Restarted):
        install(world, release)
    world.start()
    assert (world.build, world.slot) == (NEW, "b")


@pytest.mark.parametrize("name", [MANIFEST_FILE, SIGNATURE_FILE])
def test_any_changed_byte_of_what_is_signed_is_refused(world: World, release: Path, name: str) -> None:
    good = (release / name).read_bytes()
    # JSON may end in any white space; where it is not signed that changes nothing.
    for place in range(len(good) - (name == SIGNATURE_FILE)):
        (release / name).write_bytes(good[:place] + bytes([good[place] ^ 1]) + good[place + 1 :])
        try:
            Updater(world.box()).check([Pieces(release)])
        except Refused:
            continue
        raise AssertionError(f"byte {place} of {name} may be changed")
    assert_nothing_was_started(world)


def test_changed_bytes_of_the_system_are_refused(world: World, release: Path) -> None:
    good = (release / SYSTEM_FILE).read_bytes()
    for place in {0, 1, 4095, 4096, 6_999, 7_000, len(good) - 1} | set(range(0, len(good), 997)):
        (release / SYSTEM_FILE).write_bytes(good[:place] + bytes([good[place] ^ 0x80]) + good[place + 1 :])
        with pytest.raises(Refused, match="changed or damaged"):
            install(world, release)
        assert not any(world.partition("b").read_bytes()[:4096]), "a refused system could be mounted"
    assert_nothing_was_started(world)


@pytest.mark.parametrize("change", [lambda good: good[:-1], lambda good: good + b"x", lambda _: b""])
def test_a_system_of_another_length_is_refused(
    world: World, release: Path, change: Callable[[bytes], bytes]
) -> None:
    (release / SYSTEM_FILE).write_bytes(change((release / SYSTEM_FILE).read_bytes()))
    with pytest.raises(Refused):
        install(world, release)
    assert_nothing_was_started(world)


@pytest.mark.parametrize(("build", "error"), [(OLD, UpToDate), (OLD - 1, TooOld), (1, TooOld)])
def test_what_runs_and_what_is_older_is_not_taken(
    world: World, tmp_path: Path, key: SigningKey, build: int, error: type[UpdateError]
) -> None:
    make_release(tmp_path / "old", build, key)
    with pytest.raises(error):
        install(world, tmp_path / "old")


def test_the_floor_holds_also_for_a_phone_that_runs_an_older_system(world: World, release: Path) -> None:
    world.box().memory.raise_floor(NEW + 1)
    with pytest.raises(TooOld):
        install(world, release)
    world.box().memory.raise_floor(OLD)
    assert world.box().memory.floor() == NEW + 1


def test_the_last_good_system_is_taken_again_once_its_slot_is_damaged(world: World, release: Path) -> None:
    with pytest.raises(Restarted):
        install(world, release)
    world.start()
    confirm(world.box())
    assert world.box().memory.floor() == NEW
    world.partition("b").write_bytes(bytes(SLOT_SIZE))
    (world.boot / "config.txt").write_bytes(config_sector("a"))  # as the initramfs does
    world.start()
    assert world.build == OLD
    with pytest.raises(Restarted):
        install(world, release)
    world.start()
    assert world.build == NEW


def test_another_key_is_refused(world: World, tmp_path: Path) -> None:
    make_release(tmp_path / "other", NEW, SigningKey.generate())
    with pytest.raises(Refused, match="does not trust"):
        install(world, tmp_path / "other")


def test_another_product_and_what_is_too_big_is_refused(world: World, release: Path, key: SigningKey) -> None:
    manifest = parse_manifest((release / MANIFEST_FILE).read_bytes())
    publish(release, replace(manifest, product="toaster"), key)
    with pytest.raises(Refused, match="toaster"):
        install(world, release)
    publish(release, replace(manifest, min_slot_size=SLOT_SIZE + 1), key)
    with pytest.raises(Refused, match="too big"):
        install(world, release)
    assert_nothing_was_started(world)


@pytest.mark.parametrize(
    "change",
    [
        {"build": "2000"},
        {"build": True},
        {"build": -1},
        {"system": None},
        {"system": {"file": "../../etc/passwd", "size": 1, "sha256": "0" * 64}},
        {"system": {"file": "x", "size": 1, "sha256": "zz"}},
        {"format": "kallphone-update-9"},
        {"version": ""},
    ],
)
def test_a_signed_manifest_still_has_to_make_sense(release: Path, change: dict[str, object]) -> None:
    told = json.loads((release / MANIFEST_FILE).read_bytes()) | change
    with pytest.raises(Refused):
        parse_manifest(json.dumps(told).encode())


def test_a_stick_without_an_update_is_said(world: World, tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="no update"):
        install(world, tmp_path)


def test_a_system_without_boot_files_is_not_started(world: World, tmp_path: Path, key: SigningKey) -> None:
    empty = json.dumps({"build": NEW, "boot": {"kall.txt": ""}}).encode() + b"\n" + bytes(9_000)
    make_release(tmp_path / "empty", NEW, key, empty)
    world.systems[NEW] = empty
    with pytest.raises(CardTrouble, match="boot files"):
        install(world, tmp_path / "empty")
    assert_nothing_was_started(world)


@pytest.mark.parametrize("told", [NEW - 1, NEW + 1, None])
def test_a_system_of_another_build_than_its_manifest_says_is_not_started_nor_fetched_each_day(
    world: World, tmp_path: Path, key: SigningKey, told: int | None
) -> None:
    line, _, rest = make_system(NEW).partition(b"\n")
    system = json.dumps(json.loads(line) | {"build": told}).encode() + b"\n" + rest
    make_release(tmp_path / "misnamed", NEW, key, system)
    source = Pieces(tmp_path / "misnamed")
    updater = Updater(world.box())
    with pytest.raises(Refused, match=f"as build {NEW}, its system says {told or 'nothing'}"):
        updater.install(updater.check([source]))
    with pytest.raises(Postponed, match="did not work here"):
        updater.install(updater.check([source]))
    assert source.streamed == 1
    world.systems[NEW] = system
    assert_nothing_was_started(world)


def chain(*lists: tuple[int, ...], signers: tuple[int, ...]) -> bytes:
    told = no_hand_overs()
    for serial, (keys, signer) in enumerate(zip(lists, signers, strict=True), 1):
        told = hand_over(told, TrustedKeys(serial, public(*keys)), KEYS[signer])
    return told


def test_a_phone_from_the_shelf_walks_to_keys_that_it_never_heard_of() -> None:
    handovers = chain((0, 1), (1, 2), (3,), signers=(0, 1, 2))
    image = TrustedKeys(0, public(0))
    newest = image.walk(handovers)
    assert newest == TrustedKeys(3, public(3))
    newest.verify(b"content", sign(b"content", KEYS[3]), "a test")
    for number in (0, 1, 2):
        with pytest.raises(Refused, match="does not trust"):
            newest.verify(b"content", sign(b"content", KEYS[number]), "a test")
    assert TrustedKeys(2, public(1, 2)).walk(handovers) == newest


def test_hand_overs_by_strangers_with_gaps_or_changed_are_refused() -> None:
    image = TrustedKeys(0, public(0))
    with pytest.raises(Refused, match="does not trust"):
        image.walk(chain((4,), signers=(4,)))
    with pytest.raises(Refused, match="lacks statement 1"):
        image.walk(hand_over(None, TrustedKeys(2, public(1)), KEYS[0]))
    good = chain((1,), signers=(0,))
    changed = good.replace(public(1)[0].hex().encode(), public(4)[0].hex().encode())
    assert changed != good
    with pytest.raises(Refused, match="was changed"):
        image.walk(changed)


def test_a_statement_is_no_manifest_and_a_manifest_is_no_statement(release: Path) -> None:
    with pytest.raises(Refused):
        parse_manifest(TrustedKeys(1, public(1)).to_bytes())
    with pytest.raises(Refused):
        parse_keys((release / MANIFEST_FILE).read_bytes())


def test_a_superseded_key_is_refused_by_whoever_saw_the_statement(
    world: World, tmp_path: Path, key: SigningKey
) -> None:
    make_release(tmp_path / "new", NEW, KEYS[1])
    statement = hand_over(None, TrustedKeys(1, public(1)), key)
    (tmp_path / "new" / KEYS_FILE).write_bytes(statement)
    Updater(world.box()).check([Pieces(tmp_path / "new")])
    # Whoever stole the old key withholds the statement.
    make_release(tmp_path / "stolen", NEW + 1, key)
    with pytest.raises(Refused, match="does not trust"):
        Updater(world.box()).check([Pieces(tmp_path / "stolen")])
    # One that was not told of it yet can't know.
    young = World(tmp_path / "young", key)
    assert Updater(young.box()).check([Pieces(tmp_path / "stolen")]).manifest.build == NEW + 1


def test_damaged_memory_of_keys_falls_back_to_the_image(world: World, release: Path) -> None:
    (world.layout.system / "update").mkdir()
    (world.layout.system / "update/keys.json").write_bytes(b"\0" * 40)
    assert Updater(world.box()).check([Pieces(release)]).manifest.build == NEW


@pytest.mark.skipif(not shutil.which("mksquashfs"), reason="wants squashfs-tools")
def test_a_publisher_signs_no_system_under_another_build(tmp_path: Path) -> None:
    release = tmp_path / "files/usr/share/kallphone/release.json"
    release.parent.mkdir(parents=True)
    out = tmp_path / "out"
    out.mkdir()
    for written in (f'{{"version": "2", "build": {NEW}}}', "{}"):
        release.write_text(written)
        command = ["mksquashfs", str(tmp_path / "files"), str(out / SYSTEM_FILE), "-quiet", "-noappend"]
        subprocess.run([*command, "-no-progress"], check=True, capture_output=True)
        with pytest.raises(PublishError, match=f"is build {NEW}|has no usr/share"):
            sign_release(out, "2", NEW + 100, KEYS[0])
        if "build" in written:
            sign_release(out, "2", NEW, KEYS[0])


def test_a_publisher_makes_keys_hands_over_and_signs(world: World, tmp_path: Path) -> None:
    first, second = tmp_path / "keys/first", tmp_path / "keys/second"
    image = tmp_path / "update-keys.json"
    image.write_bytes(trust_list([make_key(first)]))
    shelf = parse_keys(image.read_bytes())
    assert first.stat().st_mode & 0o777 == 0o600
    with pytest.raises(PublishError, match="exists"):
        make_key(first)
    hand_over_files(image, tmp_path / KEYS_FILE, read_key(first), [make_key(second)])
    with pytest.raises(PublishError, match="not trusted by now"):
        hand_over_files(image, tmp_path / KEYS_FILE, read_key(first), [bytes(32)])
    folder = tmp_path / "out"
    folder.mkdir()
    with pytest.raises(PublishError, match="does not exist"):
        sign_release(folder, "2", NEW, read_key(second))
    (folder / SYSTEM_FILE).write_bytes(make_system(NEW))
    sign_release(folder, "2", NEW, read_key(second), keys_json=tmp_path / KEYS_FILE)
    for trusted in (shelf, parse_keys(image.read_bytes())):
        box = replace(world.box(), image_keys=trusted)
        assert Updater(box).check([Pieces(folder)]).manifest.version == "2"
