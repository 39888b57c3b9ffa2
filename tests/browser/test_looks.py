"""What holds for both views at every width and in both colour schemes."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from tests.browser.chromium import Tab
from tests.browser.test_reading import SCANS, read, written

from served import RunningServer

WIDTHS_PX = (360, 768, 1440)
SCHEMES = ("light", "dark")
LEAST_CONTRAST = 4.5
# Texts that are shown, each with its colour and what is behind it.
CONTRASTS = """(() => {
    const linear = value => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    const channel = value => linear(value / 255);
    const parsed = colour => colour.match(/[\\d.]+/g).map(Number);
    const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
    const over = ([r, g, b, a = 1], below) =>
        [r, g, b].map((value, at) => value * a + below[at] * (1 - a));
    const ground = element => {
        if (!element) return [255, 255, 255];
        const colour = parsed(getComputedStyle(element).backgroundColor);
        return (colour[3] ?? 1) === 1 ? colour : over(colour, ground(element.parentElement));
    };
    const found = [];
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
        const element = texts.currentNode.parentElement;
        if (!texts.currentNode.data.trim() || !element.checkVisibility()) continue;
        if (element.closest('.text, :disabled, .unseen, noscript, option')) continue;
        const back = ground(element);
        const front = over(parsed(getComputedStyle(element).color), back);
        const [high, low] = [light(front), light(back)].sort((a, b) => b - a);
        found.push([(high + 0.05) / (low + 0.05), texts.currentNode.data.trim().slice(0, 40)]);
    }
    return found;
})()"""
# Whatever takes the focus, and what it is called.
NAMELESS = """[...document.querySelectorAll('a, button, input, select, summary, [tabindex="0"]')]
    .filter(each => each.checkVisibility())
    .filter(each => !(each.ariaLabel || each.labels?.length || each.innerText?.trim()
        || each.getAttribute('aria-labelledby')))
    .map(each => each.outerHTML)"""
AXE = os.environ.get("AXE_JS", "")


def show(tab: Tab, server: RunningServer, view: str, tmp_path: Path) -> None:
    if view == "live":
        tab.open(f"http://127.0.0.1:{server.http_port}/live")
        tab.until("document.querySelector('#workers li')")
    elif view == "read":
        read(tab, written(tmp_path / "a file.tif", SCANS))
        tab.eval("document.querySelector('#options').open = true")


@pytest.mark.parametrize("view", ["empty", "read", "live"])
def test_every_text_can_be_read_and_nothing_sticks_out(
    tab: Tab, server: RunningServer, view: str, tmp_path: Path
) -> None:
    show(tab, server, view, tmp_path)

    for scheme in SCHEMES:
        tab.prefer(prefers_color_scheme=scheme, prefers_reduced_motion="reduce")
        for width_px in WIDTHS_PX:
            tab.resize(width_px)
            assert tab.eval("document.documentElement.scrollWidth") <= width_px
            texts = tab.eval(CONTRASTS)
            assert len(texts) > 5
            assert [each for each in texts if each[0] < LEAST_CONTRAST] == [], (scheme, width_px)


@pytest.mark.parametrize("view", ["empty", "read", "live"])
def test_everything_that_takes_the_focus_has_a_name(
    tab: Tab, server: RunningServer, view: str, tmp_path: Path
) -> None:
    show(tab, server, view, tmp_path)

    assert tab.eval(NAMELESS) == []
    assert tab.eval("document.querySelectorAll('main').length") == 1
    assert (
        tab.eval("[...document.querySelectorAll('h1')].filter(h => h.checkVisibility()).length")
        == 1
    )
    assert tab.eval("document.documentElement.lang") == "en"


@pytest.mark.parametrize("view", ["empty", "read", "live"])
def test_axe_finds_nothing(tab: Tab, server: RunningServer, view: str, tmp_path: Path) -> None:
    if not AXE:
        pytest.skip("AXE_JS names no axe.min.js (npm pack axe-core)")
    show(tab, server, view, tmp_path)
    tab.eval(Path(AXE).read_text(encoding="utf-8") + "; true")

    told = tab.eval("axe.run(document).then(told => JSON.stringify(told.violations))")

    found = [(each["id"], [node["html"] for node in each["nodes"]]) for each in json.loads(told)]
    assert found == []


def test_the_live_view_follows_the_server(tab: Tab, server: RunningServer, tmp_path: Path) -> None:
    read(tab, written(tmp_path / "a file.tif", SCANS))

    tab.eval("document.querySelector('nav a[data-view=live]').click()")

    tab.until(
        "document.querySelector('#steps tr') && document.querySelector('.stroke').getAttribute('d')"
    )
    assert tab.eval("location.pathname") == "/live"
    assert tab.eval("document.querySelector('nav [aria-current]').textContent") == "Live"
    labels = tab.eval("[...document.querySelectorAll('.plot svg')].map(each => each.ariaLabel)")
    assert any(label.startswith("Lines read. a second: now ") for label in labels)
    before = tab.eval("document.querySelector('.stroke').getAttribute('d')")
    tab.until(f"document.querySelector('.stroke').getAttribute('d') !== {json.dumps(before)}")
    tab.eval("history.back()")
    tab.until("!document.querySelector('#view-read').hidden")
    assert tab.eval("document.querySelectorAll('.card').length") == 3
