from __future__ import annotations

from collections.abc import Iterator

import pytest
from selenium import webdriver

from tests.bench_page.demo import Demo
from tests.bench_page.page import Page, open_browser


@pytest.fixture(scope="package")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """With two phones that have money on deposit."""
    with Demo(tmp_path_factory.mktemp("demo")) as started:
        for phone in started.on.phones:
            started.run(phone.held.wait_for_event("CreditChanged", 60))
        yield started


@pytest.fixture(scope="package")
def desktop() -> Iterator[webdriver.Chrome]:
    browser = open_browser(1440, 900)
    yield browser
    browser.quit()


@pytest.fixture(scope="package")
def telephone() -> Iterator[webdriver.Chrome]:
    browser = open_browser(390, 844, telephone=True)
    yield browser
    browser.quit()


@pytest.fixture
def page(demo: Demo, desktop: webdriver.Chrome) -> Iterator[Page]:
    """The page with both phones idle and on their hooks; it must not complain."""
    opened = Page(desktop, demo.address)
    yield from _used(demo, opened)


@pytest.fixture
def small_page(demo: Demo, telephone: webdriver.Chrome) -> Iterator[Page]:
    opened = Page(telephone, demo.address)
    yield from _used(demo, opened)


def _used(demo: Demo, page: Page) -> Iterator[Page]:
    for phone in demo.on.phones:
        demo.run(phone.held.wait_for(lambda held: held.lamps["line"], 60, "its line"))
    yield page
    complaints = page.complaints()
    page.browser.get("about:blank")
    for phone in demo.on.phones:
        demo.run(phone.held.lower())
    assert complaints == []
