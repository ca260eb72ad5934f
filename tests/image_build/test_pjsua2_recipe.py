import base64
import csv
import hashlib
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from pjwheel.inspection import faults
from pjwheel.recipe import BuildError, Recipe, Source, build_key, load_recipe
from pjwheel.source import obtain
from pjwheel.store import Store
from pjwheel.target import Target
from pjwheel.tools import require_swig
from pjwheel.wheelfile import write_wheel

RECIPE = Path(__file__).parents[2] / "image-build/pjsua2"
TOOLS = {"swig": "4.1.0"}
DTLS = b"...DTLS-SRTP %s negotiation initiated as %s..."


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    copy = tmp_path / "recipe"
    shutil.copytree(RECIPE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


def pinned(tmp_path: Path, content: bytes, served: bytes) -> Recipe:
    """A recipe that pins `content` and finds `served` at its one address."""
    remote = tmp_path / "remote.tar"
    remote.write_bytes(served)
    source = Source("source.tar", hashlib.sha256(content).hexdigest(), (remote.as_uri(),))
    return replace(load_recipe(RECIPE), sources=(source,))


def target(platform: str) -> Target:
    return Target(Path("python3"), None, "313", ".so", platform, Path("/usr/include"))


def listing(machine: str, *libraries: str) -> str:
    needed = (f" 0x0000000000000001 (NEEDED)             Shared library: [{name}]" for name in libraries)
    return "\n".join([f"  Machine:                           {machine}", *needed])


def encoded_sha256(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")


LINKED = ("libopus.so.0", "libssl.so.3", "libcrypto.so.3", "libsrtp2.so.1", "libasound.so.2")


@pytest.mark.parametrize("ingredient", ["recipe.toml", "pjwheel/compilation.py", "patches/0003-new.patch"])
def test_key_follows_every_ingredient(directory: Path, ingredient: str):
    before = build_key(load_recipe(directory), TOOLS)
    with (directory / ingredient).open("a") as stream:
        stream.write("# changed\n")
    assert build_key(load_recipe(directory), TOOLS) != before


def test_key_follows_the_tools_but_not_the_page_about_it(directory: Path):
    before = build_key(load_recipe(directory), TOOLS)
    (directory / "README.md").write_text("changed")
    assert build_key(load_recipe(directory), TOOLS) == before
    assert build_key(load_recipe(directory), {"swig": "4.4.0"}) != before


def test_every_patch_says_why():
    recipe = load_recipe(RECIPE)
    assert recipe.patches
    for patch in recipe.patches:
        reason, _, change = patch.read_text().partition("\n--- ")
        assert reason.startswith("Subject: ")
        assert len(reason.split()) > 40
        assert "+++ " in change


def test_defines_reach_the_header():
    header = load_recipe(RECIPE).config_site_header()
    assert "#define PJMEDIA_SRTP_HAS_DTLS 1\n" in header
    assert "#define PJSIP_MAX_PKT_LEN 32000\n" in header


def test_given_source_must_match_a_pin(tmp_path: Path):
    forged = tmp_path / "forged.tar"
    forged.write_bytes(b"forged")
    with pytest.raises(BuildError, match="not a source that this recipe trusts") as refusal:
        obtain(load_recipe(RECIPE), tmp_path, str(forged), print)
    assert hashlib.sha256(b"forged").hexdigest() in str(refusal.value)


def test_given_source_must_exist(tmp_path: Path):
    with pytest.raises(BuildError, match="absent, which is not a file"):
        obtain(load_recipe(RECIPE), tmp_path, str(tmp_path / "absent"), print)


def test_damaged_cache_is_fetched_again(tmp_path: Path):
    recipe = pinned(tmp_path, b"good", served=b"good")
    cache = tmp_path / "cache"
    cache.mkdir()
    (cache / "source.tar").write_bytes(b"damaged")
    assert obtain(recipe, cache, None, print).read_bytes() == b"good"


def test_whole_cache_is_not_fetched_again(tmp_path: Path):
    recipe = pinned(tmp_path, b"good", served=b"good")
    obtain(recipe, tmp_path / "cache", None, print)
    (tmp_path / "remote.tar").unlink()
    assert obtain(recipe, tmp_path / "cache", None, print).read_bytes() == b"good"


def test_forged_download_is_refused_and_leaves_nothing(tmp_path: Path):
    recipe = pinned(tmp_path, b"good", served=b"forged")
    with pytest.raises(BuildError, match=r"(?s)the recipe pins.*PJPROJECT_TARBALL=path"):
        obtain(recipe, tmp_path / "cache", None, print)
    assert list((tmp_path / "cache").iterdir()) == []


@pytest.mark.parametrize("version", ["4.2.0", "4.2.1", "4.3.0", "4.3.1"])
def test_swig_with_crashing_callbacks_is_refused(version: str):
    with pytest.raises(BuildError, match=f"SWIG {version} .* SWIG=path"):
        require_swig(version, *load_recipe(RECIPE).swig_refused)


@pytest.mark.parametrize("version", ["4.1.0", "4.4.0", "4.10.0"])
def test_sound_swig_passes(version: str):
    require_swig(version, *load_recipe(RECIPE).swig_refused)


def test_sound_module_has_no_faults():
    assert faults(listing("AArch64", *LINKED), DTLS, load_recipe(RECIPE), target("linux-aarch64")) == []


@pytest.mark.parametrize(
    ("module", "content", "fault"),
    [
        (listing("AArch64", *LINKED[1:]), DTLS, "linked without libopus"),
        (listing("AArch64", LINKED[0], *LINKED[2:]), DTLS, "linked without libssl"),
        (listing("AArch64", *LINKED, "libpjsua2.so.2"), DTLS, "needs libpjsua2.so.2"),
        (listing("AArch64", *LINKED) + "\n 0x1d (RUNPATH) [/build]", DTLS, "searches libraries"),
        (listing("Advanced Micro Devices X86-64", *LINKED), DTLS, "not for linux-aarch64"),
        (listing("AArch64", *LINKED), b"", "DTLS-SRTP was not compiled in"),
    ],
)
def test_unfit_module_is_named(module: str, content: bytes, fault: str):
    (found,) = faults(module, content, load_recipe(RECIPE), target("linux-aarch64"))
    assert fault in found


def test_wheel_is_reproducible_and_records_its_files(tmp_path: Path):
    module = tmp_path / "module.py"
    module.write_text("answer = 42\n")
    tag = target("linux-aarch64").wheel_tag
    outs = [tmp_path / name for name in ("one", "two")]
    for out in outs:
        out.mkdir()
    files = {"pjsua2.py": module}
    first, second = (write_wheel(out, "pjsua2", "2.17+k0", tag, files, "words") for out in outs)
    assert first.name == "pjsua2-2.17+k0-cp313-cp313-linux_aarch64.whl"
    assert first.read_bytes() == second.read_bytes()
    with zipfile.ZipFile(first) as archive:
        rows = list(csv.reader(archive.read("pjsua2-2.17+k0.dist-info/RECORD").decode().splitlines()))
        for name, digest, size in rows[:-1]:
            content = archive.read(name)
            assert digest == f"sha256={encoded_sha256(content)}"
            assert int(size) == len(content)
        assert sorted(row[0] for row in rows) == sorted(archive.namelist())


def test_store_keeps_the_first_of_two_equal_builds(tmp_path: Path):
    store = Store(tmp_path / "store")
    wheel = store.workspace() / "pjsua2.whl"
    wheel.write_bytes(b"first")
    assert store.keep("key", wheel, {}).read_bytes() == b"first"
    wheel.write_bytes(b"second")
    assert store.keep("key", wheel, {}).read_bytes() == b"first"
    assert store.wheel("key") == store.root / "key/pjsua2.whl"
