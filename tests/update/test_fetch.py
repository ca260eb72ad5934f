"""Updates over real HTTPS: broken connections, servers without ranges, wrong clocks, files too long."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from nacl.signing import SigningKey

from kallphone.update.errors import Refused, Unreachable
from kallphone.update.fetch import Patience, Server
from kallphone.update.install import Updater
from kallphone.update.manifest import MANIFEST_FILE, SYSTEM_FILE
from tests.update.https_server import DAY, Site, serving
from tests.update.world import Restarted, World, make_release

CONTENT = bytes(range(256)) * 4_000
BUILD = 1_700_000_000


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    (tmp_path / "site").mkdir()
    (tmp_path / "site/big").write_bytes(CONTENT)
    with serving(tmp_path / "site", tmp_path / "certs") as site:
        yield site


def server_of(site: Site, slept: list[float] | None = None, clock: float = 0) -> Server:
    naps = [] if slept is None else slept
    return Server(
        site.url,
        release_build=BUILD,
        ca_file=site.ca_file,
        patience=Patience(connect=5, silence=5, small_file=10, whole=60, tries=3, pause=1),
        clock=lambda: clock or time.time(),
        sleep=naps.append,
    )


def test_a_file_comes_whole(site: Site) -> None:
    assert b"".join(server_of(site).stream("big", len(CONTENT))) == CONTENT
    assert site.asked == [("/big", "")]


@pytest.mark.parametrize("ranges", [True, False])
def test_a_broken_download_goes_on_where_it_broke(site: Site, ranges: bool) -> None:
    site.ranges = ranges
    site.breaks = [300_000, 500_000, 700_001]
    slept: list[float] = []
    assert b"".join(server_of(site, slept).stream("big", len(CONTENT))) == CONTENT
    assert len(slept) == len(site.asked) - 1
    starts = [int(wanted.removeprefix("bytes=").removesuffix("-") or 0) for _, wanted in site.asked]
    assert starts == sorted(set(starts))
    assert len(starts) >= 3


def test_a_download_that_gets_nowhere_ends(site: Site) -> None:
    site.breaks = [0] * 50
    slept: list[float] = []
    with pytest.raises(Unreachable):
        list(server_of(site, slept).stream("big", len(CONTENT)))
    assert len(slept) == 2


def test_a_file_of_another_length_is_refused(site: Site) -> None:
    with pytest.raises(Refused, match="longer"):
        list(server_of(site).stream("big", len(CONTENT) - 1))
    with pytest.raises(Unreachable):
        list(server_of(site).stream("big", len(CONTENT) + 1))
    with pytest.raises(Refused, match="longer"):
        server_of(site).read("big", 1000)


def test_what_is_missing_is_none_and_redirects_are_not_followed(site: Site) -> None:
    assert server_of(site).read("nothing", 100) is None
    for status, words in ((302, "elsewhere"), (503, "later")):
        site.answer = status
        with pytest.raises(Unreachable, match=words):
            server_of(site).read("big", 100)


def test_only_https_is_asked() -> None:
    with pytest.raises(Unreachable, match="https://"):
        Server("http://updates.example", release_build=1)


def test_an_unknown_ca_is_no_server_of_ours(site: Site) -> None:
    server = Server(site.url, release_build=BUILD, clock=time.time)
    with pytest.raises(Unreachable, match="can't prove who it is"):
        server.read("big", 100)


def test_a_list_of_authorities_that_is_not_there_is_told_in_words(tmp_path: Path) -> None:
    server = Server(
        "https://127.0.0.1:1", release_build=BUILD, ca_file=tmp_path / "ca.pem", patience=Patience(tries=1)
    )
    with pytest.raises(Unreachable, match=r"invalid path: .*/ca\.pem"):
        server.read("manifest.json", 100)
    with pytest.raises(Unreachable, match=r"invalid path: .*/ca\.pem"):
        list(server.stream("big", 10))


def test_a_wrong_clock_is_named(tmp_path: Path) -> None:
    with serving(tmp_path, tmp_path / "certs", valid_from=DAY) as site:
        with pytest.raises(Unreachable, match=r"clock says 01 January 1970.*USB stick"):
            server_of(site, clock=1).read("big", 100)
        with pytest.raises(Unreachable, match=r"not yet valid.*clock is wrong"):
            server_of(site).read("big", 100)


def test_a_dead_server_is_told_in_words(tmp_path: Path) -> None:
    with serving(tmp_path, tmp_path / "certs") as site:
        pass
    with pytest.raises(Unreachable, match=r"can't be reached: .*refused"):
        server_of(site).read("big", 100)


def test_an_update_comes_over_a_bad_line(world: World, site: Site, key: SigningKey) -> None:
    make_release(site.folder, 2_000, key)
    assert Updater(world.box()).check([server_of(site)]).manifest.build == 2_000
    size = (site.folder / MANIFEST_FILE).stat().st_size
    site.breaks = [size, 10_000, 10_000, 10_000, 10_000]
    updater = Updater(world.box())
    with pytest.raises(Restarted):
        updater.install(updater.check([server_of(site)]))
    world.start()
    assert world.build == 2_000
    assert sum(path == f"/{SYSTEM_FILE}" for path, _ in site.asked) >= 3
