from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from selenium import webdriver
from selenium.common.exceptions import TimeoutException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

PATIENCE_S = 60

_FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    # A microphone that beeps, and a person who allows it.
    "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
)  # fmt: skip


def open_browser(width: int, height: int, *, telephone: bool = False) -> webdriver.Chrome:
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for flag in (*_FLAGS, f"--window-size={width},{height}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    browser = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
    size = {"width": width, "height": height, "deviceScaleFactor": 1 + telephone, "mobile": telephone}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    if telephone:
        browser.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": True})
    return browser


class Page:
    """The bench as a person has it: what is seen, what is heard, what a hand does."""

    def __init__(self, browser: webdriver.Chrome, address: str) -> None:
        self.browser = browser
        browser.get(address)
        self.until(lambda: len(self.all(".phone")) == 2 and self.connected(), "two phones")

    def connected(self) -> bool:
        return self.one("#link").text == "Connected"

    def all(self, selector: str) -> list[WebElement]:
        return self.browser.find_elements(By.CSS_SELECTOR, selector)

    def one(self, selector: str) -> WebElement:
        return self.browser.find_element(By.CSS_SELECTOR, selector)

    def of(self, phone: int, selector: str) -> WebElement:
        return self.all(".phone")[phone].find_element(By.CSS_SELECTOR, selector)

    def until(self, seen: Callable[[], Any], what: str) -> None:
        wait = WebDriverWait(self.browser, PATIENCE_S, poll_frequency=0.1)
        try:
            wait.until(lambda _: seen())
        except TimeoutException:
            raise AssertionError(f"waited in vain for {what}; {self.story()}") from None

    def state(self, phone: int) -> str:
        return self.of(phone, ".state").text

    def spoken(self, phone: int) -> str:
        """The phone's screen as a screen reader speaks it."""
        script = f"return document.querySelectorAll('.spoken')[{phone}].textContent"
        return str(self.browser.execute_script(script))

    def reads(self, phone: int, words: str) -> None:
        self.until(lambda: words in self.spoken(phone), f"{words!r} on phone {phone}")

    def seconds_talked(self, phone: int) -> int:
        """As the screen of a call counts them, 0 where it shows none."""
        found = re.search(r"^(\d+):(\d\d)$", self.spoken(phone), re.MULTILINE)
        return 60 * int(found[1]) + int(found[2]) if found else 0

    def lamp(self, phone: int, name: str) -> str:
        return (self.of(phone, f"[data-lamp={name}]").get_attribute("aria-label") or "").rpartition(" ")[2]

    def heard(self, phone: int) -> tuple[float, float]:
        """Loudness (1 is full scale) and strongest frequency in Hz of what the page plays."""
        heard = self.browser.execute_script(f"return bench.heard({phone})")
        return heard["rms"], heard["hz"]

    def key_down(self, key: str) -> None:
        ActionChains(self.browser).key_down(key).perform()

    def key_up(self, key: str) -> None:
        ActionChains(self.browser).key_up(key).perform()

    def rung(self) -> tuple[float, float]:
        """The same of all ringers."""
        rung = self.browser.execute_script("return bench.rung()")
        return rung["rms"], rung["hz"]

    def news(self, source: str) -> list[str]:
        """Newest first."""
        script = (
            "return [...document.querySelectorAll(`#news li[data-source='${arguments[0]}'] span`)]"
            ".map((one) => one.textContent)"
        )
        return list(self.browser.execute_script(script, source))

    def told(self, source: str, words: str, *, before: int = 0) -> None:
        """Waits for news of that source that was not among the first `before`."""
        def seen() -> bool:
            news = self.news(source)
            return any(words in one for one in news[: len(news) - before])

        self.until(seen, f"the news {words!r}")

    def choose(self, control: str, choice: str) -> None:
        row = self.one(f"[data-control='{control}']")
        next(one for one in row.find_elements(By.TAG_NAME, "button") if one.text == choice).click()

    def type(self, *keys: str) -> None:
        for key in keys:
            ActionChains(self.browser, duration=20).key_down(key).key_up(key).perform()

    def hold(self, element: WebElement) -> None:
        ActionChains(self.browser).click_and_hold(element).perform()

    def let_go(self) -> None:
        ActionChains(self.browser).release().perform()

    def complaints(self) -> list[str]:
        return [entry["message"] for entry in self.browser.get_log("browser")]

    def story(self) -> str:
        script = "return [...document.querySelectorAll('#news li')].slice(0, 12).map((one) => one.innerText)"
        return str([self.state(0), self.state(1), *self.browser.execute_script(script)])
