from pathlib import Path

import pytest
from kallimage.prune import (
    module_name,
    modules_below,
    modules_named,
    prune,
    read_dependencies,
    read_lines,
    read_rules,
)

IMAGE = Path(__file__).parents[2] / "image-build/image"
DEP = """\
kernel/fs/overlayfs/overlay.ko.xz:
kernel/fs/fat/vfat.ko.xz: kernel/fs/fat/fat.ko.xz
kernel/fs/fat/fat.ko.xz:
kernel/sound/drivers/snd-aloop.ko.xz: kernel/sound/core/snd-pcm.ko.xz kernel/sound/core/snd.ko.xz
kernel/sound/core/snd-pcm.ko.xz: kernel/sound/core/snd.ko.xz
kernel/sound/core/snd.ko.xz:
kernel/drivers/gpu/huge.ko.xz:
"""


def lay(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)


def left(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}


def test_what_is_dropped_goes_with_all_below_it_and_what_is_kept_stays(tmp_path: Path):
    doc = "usr/share/doc"
    lay(tmp_path, f"{doc}/a/copyright", f"{doc}/a/changelog", f"{doc}/b/README", "usr/bin/a")
    prune(tmp_path, read_rules(["keep usr/share/doc/*/copyright", "drop usr/share/doc"]))
    assert left(tmp_path) == {f"{doc}/a/copyright", "usr/bin/a"}
    assert not (tmp_path / doc / "b").exists()


def test_a_glob_drops_what_it_names_but_what_is_kept_by_name(tmp_path: Path):
    lay(tmp_path, "data/en_dict", "data/ru_dict", "data/voices/en")
    prune(tmp_path, read_rules(["keep data/en_dict", "drop data/*_dict"]))
    assert left(tmp_path) == {"data/en_dict", "data/voices/en"}


def test_a_link_is_dropped_and_not_followed(tmp_path: Path):
    lay(tmp_path, "usr/lib/kept")
    (tmp_path / "gone").symlink_to("usr/lib")
    prune(tmp_path, read_rules(["drop gone"]))
    assert left(tmp_path) == {"usr/lib/kept"}


def test_an_unknown_rule_is_refused():
    with pytest.raises(ValueError, match="remove"):
        read_rules(["remove usr/bin"])


def test_the_images_own_rules_are_read_and_keep_what_the_phone_needs(tmp_path: Path):
    needed = ("usr/bin/kallphone", "usr/share/kallphone/pins.toml", "usr/share/zoneinfo/Europe/Berlin",
              "etc/passwd", "usr/lib/aarch64-linux-gnu/espeak-ng-data/de_dict",
              "usr/lib/udev/rules.d/60-persistent-storage.rules")
    lay(tmp_path, *needed, "var/lib/dpkg/status", "usr/share/man/man1/a.1", "etc/machine-id")
    prune(tmp_path, read_rules(read_lines(IMAGE / "prune.txt")))
    assert left(tmp_path) >= set(needed)
    assert not (tmp_path / "var/lib/dpkg").exists()
    assert not (tmp_path / "usr/share/man").exists()
    assert not (tmp_path / "etc/machine-id").exists()


def test_modules_come_with_what_they_need():
    dependencies = read_dependencies(DEP)
    found = modules_below(dependencies, ["sound/drivers/snd-aloop", "fs/fat/*"])
    assert found == {f"kernel/{name}.ko.xz" for name in (
        "sound/drivers/snd-aloop", "sound/core/snd-pcm", "sound/core/snd", "fs/fat/vfat", "fs/fat/fat")}


def test_modules_are_found_by_either_spelling_and_those_built_in_have_no_file():
    dependencies = read_dependencies(DEP)
    found = modules_named(dependencies, ["snd_aloop", "mmc-block"], ["kernel/drivers/mmc/core/mmc_block.ko"])
    parts = ("core/snd-pcm", "core/snd", "drivers/snd-aloop")
    assert found == [f"kernel/sound/{name}.ko.xz" for name in parts]
    with pytest.raises(KeyError, match="nothing"):
        modules_named(dependencies, ["nothing"], [])


@pytest.mark.parametrize("path", ["kernel/a/snd-aloop.ko.xz", "kernel/a/snd-aloop.ko", "snd_aloop.ko.zst"])
def test_the_kernels_name_of_a_module(path: str):
    assert module_name(path) == "snd_aloop"
