"""The page that reads, as a person uses it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from google.protobuf import json_format
from tests.browser.chromium import WAIT_S, Tab
from tests.pictures import pdf, picture, png, tiff
from tests.wire.calls import Stubs, document_request, metric, pages_of
from tests.wire.test_lives import IN_FLIGHT, eventually, paused_workers

from inkstream.v1 import page_pb2
from served import RunningServer

SCANS = tiff(picture("first page", "of three"), picture("second", "page"), picture())
MANY = pdf(*(f"page {number}" for number in range(50)))
LONG = pdf(*(f"page {number}" for number in range(150)))
DONE = "!document.querySelector('#anew').hidden && document.querySelector('#bar').hidden"
CARD = "document.querySelectorAll('.card')"
NOTICE = "!document.querySelector('#problem').hidden"
# Where the first page's lines lie, in widths of the page.
PLACES = """[...document.querySelector('.card').querySelectorAll('.text span')].map(span => {
    const sheet = span.closest('.sheet').getBoundingClientRect();
    const {left, top, right, bottom} = span.getBoundingClientRect();
    const {x, y, width} = sheet;
    return [left - x, top - y, right - x, bottom - y].map(pixels => pixels / width);
})"""
GIVEN = """const given = new DataTransfer();
    given.items.add(new File([new Uint8Array(%s)], 'shot.png', {type: 'image/png'}));"""
PASTE = "new ClipboardEvent('paste', {clipboardData: given})"
DROP = "new DragEvent('drop', {dataTransfer: given, cancelable: true})"


@pytest.fixture
def scans(tmp_path: Path) -> Path:
    return written(tmp_path / "three scans.tif", SCANS)


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def read(tab: Tab, path: Path, limit_s: float = WAIT_S) -> None:
    tab.choose_file("#file", path)
    tab.until(DONE, limit_s)


def expected_texts(stubs: Stubs) -> list[list[str]]:
    pages = pages_of(stubs.read_document(document_request(SCANS)))
    return [[line.text for line in page.lines] for page in pages]


def search(tab: Tab, query: str) -> None:
    tab.eval("document.querySelector('#query').select()")
    tab.type(query)
    tab.until("document.querySelector('#found').textContent !== ''")


def clipboard(tab: Tab) -> str:
    tab.send(
        "Browser.grantPermissions", permissions=["clipboardReadWrite", "clipboardSanitizedWrite"]
    )
    return str(tab.eval("navigator.clipboard.readText()"))


def test_a_file_becomes_pages_with_their_text_beside_and_over_them(
    tab: Tab, stubs: Stubs, scans: Path
) -> None:
    read(tab, scans)

    texts = expected_texts(stubs)
    beside = tab.eval(
        f"[...{CARD}].map(c => [...c.querySelectorAll('li')].map(l => l.textContent))"
    )
    over = tab.eval(
        f"[...{CARD}].map(c => [...c.querySelectorAll('.text span')].map(s => s.textContent))"
    )
    assert beside == over == texts
    assert texts[0] and texts[1] and not texts[2]
    assert tab.eval(f"[...{CARD}].map(c => c.querySelector('h2').textContent)") == [
        "Page 1", "Page 2", "Page 3",
    ]  # fmt: skip
    tab.until("[...document.images].every(image => image.complete && image.naturalWidth === 480)")
    assert "3 pages" in tab.text("#work-told")


def test_the_text_lies_where_the_page_has_it(tab: Tab, stubs: Stubs, scans: Path) -> None:
    read(tab, scans)

    page = pages_of(stubs.read_document(document_request(SCANS)))[0]
    places = tab.eval(PLACES)
    for line, place in zip(page.lines, places, strict=True):
        box = line.box
        expected = [each / page.width for each in (box.x_min, box.y_min, box.x_max, box.y_max)]
        assert place == pytest.approx(expected, abs=0.012)


def test_pages_appear_while_later_ones_are_read_and_can_be_given_up(
    tab: Tab, server: RunningServer, tmp_path: Path
) -> None:
    tab.choose_file("#file", written(tmp_path / "long.pdf", LONG))
    tab.until(f"{CARD}.length >= 2")
    with paused_workers(server):
        assert tab.eval("!document.querySelector('#cancel').hidden")
        assert "of 150 pages" in tab.text("#work-told")
        tab.eval("document.querySelector('#cancel').click()")
        tab.until(DONE)

    assert tab.text("#work-told").startswith("Cancelled")
    assert 2 <= tab.eval(f"{CARD}.length") < 150
    eventually(lambda: metric(server, IN_FLIGHT) == 0)


def test_of_many_pages_few_are_built(tab: Tab, tmp_path: Path) -> None:
    read(tab, written(tmp_path / "many.pdf", MANY), limit_s=4 * WAIT_S)

    assert tab.eval(f"{CARD}.length") == 50
    tab.until("document.querySelectorAll('.leaf').length < 20")
    tab.eval(f"{CARD}[49].scrollIntoView()")
    tab.until(f"{CARD}[49].querySelector('.leaf img')?.complete")
    tab.until(f"!{CARD}[0].querySelector('.leaf')")
    assert tab.eval(f"[...{CARD}].map(c => c.dataset.page).join()") == ",".join(
        str(number) for number in range(1, 51)
    )


def test_a_search_goes_through_all_pages_and_round(tab: Tab, stubs: Stubs, scans: Path) -> None:
    texts = expected_texts(stubs)
    wanted = texts[1][0][:2]
    count = sum(line.lower().count(wanted.lower()) for page in texts for line in page)
    read(tab, scans)

    search(tab, wanted.upper())

    assert tab.text("#found") == f"{count} found"
    tab.press("Enter")
    assert tab.text("#found") == f"1 of {count}"
    assert tab.eval("document.querySelectorAll('.text mark.current').length") == 1
    tab.press("Enter", shift=True)
    assert tab.text("#found") == f"{count} of {count}"
    assert tab.eval("document.querySelectorAll('.said mark').length") == count
    search(tab, "nowhere to be found")
    tab.until("document.querySelector('#found').textContent === 'No match'")
    assert tab.eval("document.querySelectorAll('mark').length") == 0


def test_all_a_page_or_a_line_can_be_copied(tab: Tab, stubs: Stubs, scans: Path) -> None:
    first, second, _ = expected_texts(stubs)
    read(tab, scans)
    clipboard(tab)

    tab.eval("document.querySelector('#copy-all').click()")
    eventually(lambda: clipboard(tab) == "\n".join(first) + "\n\n" + "\n".join(second))
    tab.eval(f"{CARD}[1].querySelector('header button').click()")
    eventually(lambda: clipboard(tab) == "\n".join(second))
    tab.eval(f"{CARD}[0].querySelector('li .copy-line').click()")
    eventually(lambda: clipboard(tab) == first[0])


def test_text_is_copied_where_there_is_no_clipboard_to_write_to(
    tab: Tab, stubs: Stubs, scans: Path
) -> None:
    read(tab, scans)
    clipboard(tab)
    tab.eval("{window.kept = navigator.clipboard}")
    tab.eval("{Object.defineProperty(navigator, 'clipboard', {value: undefined})}")

    tab.eval(f"{CARD}[1].querySelector('header button').click()")

    expected = "\n".join(expected_texts(stubs)[1])
    eventually(lambda: bool(tab.eval("kept.readText()") == expected))


def test_the_json_is_the_contracts(tab: Tab, stubs: Stubs, scans: Path, tmp_path: Path) -> None:
    tab.send("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
    read(tab, scans)

    tab.eval("document.querySelector('#save').click()")

    saved = tmp_path / "three scans.json"
    eventually(saved.exists)
    told = json.loads(saved.read_text())
    pages = [json_format.ParseDict(page, page_pb2.Page()) for page in told["pages"]]
    assert [[line.text for line in page.lines] for page in pages] == expected_texts(stubs)
    assert (told["start"]["pageCount"], told["end"]["okPageCount"]) == (3, 3)


def test_the_keyboard_alone_will_do(tab: Tab, stubs: Stubs, scans: Path) -> None:
    first, _, _ = expected_texts(stubs)
    clipboard(tab)
    tab.send("Page.setInterceptFileChooserDialog", enabled=True)
    tab.chosen_from.clear()

    to(tab, "choose")
    tab.press("Enter")
    tab.until("true")
    (node,) = tab.chosen_from
    tab.send("DOM.setFileInputFiles", files=[str(scans)], backendNodeId=node)
    tab.until(DONE)
    to(tab, "query")
    tab.type(first[0][:2])
    tab.until("document.querySelector('#found').textContent !== ''")
    to(tab, "next")
    tab.press(" ")
    assert tab.text("#found").startswith("1 of ")
    while not tab.eval("document.activeElement.matches('.copy-line')"):
        tab.press("Tab")
    tab.press("ArrowDown")
    tab.press("Enter")

    eventually(lambda: clipboard(tab) == first[1])
    tab.send("Page.setInterceptFileChooserDialog", enabled=False)


def to(tab: Tab, element_id: str) -> None:
    """Go on with the tab key until that element has the focus, which can be seen on all the way."""
    for _ in range(40):
        tab.press("Tab")
        assert tab.eval("getComputedStyle(document.activeElement).outlineStyle !== 'none'")
        if tab.eval(f"document.activeElement.id === '{element_id}'"):
            return
    raise AssertionError(f"{element_id} is not reached")


def test_what_is_no_document_is_told_with_what_to_do(tab: Tab, tmp_path: Path) -> None:
    tab.choose_file("#file", written(tmp_path / "notes.txt", b"no picture"))
    tab.until(NOTICE)

    told = tab.text("#problem")
    assert "UNSUPPORTED_MEDIA_TYPE" in told and "Send a PDF" in told
    assert tab.eval("document.activeElement.closest('#problem') !== null")
    forgive(tab, 422)


def test_a_locked_pdf_is_opened_by_its_password(tab: Tab, tmp_path: Path) -> None:
    locked = written(tmp_path / "locked.pdf", pdf("secret", password="päss word"))
    tab.choose_file("#file", locked)
    tab.until("document.querySelector('#unlock')")

    tab.type("wrong")
    tab.press("Enter")
    tab.until("document.querySelector('#problem').innerText.includes('PDF_PASSWORD_WRONG')")
    tab.until("document.activeElement.id === 'unlock'")
    tab.type("päss word")
    tab.press("Enter")
    tab.until(f"{CARD}.length === 1")

    tab.until(DONE)
    assert not tab.eval(NOTICE)
    forgive(tab, 422)


def test_a_wrong_option_is_led_to(tab: Tab, scans: Path) -> None:
    tab.eval("document.querySelector('#ranges').value = '7-3'")
    tab.choose_file("#file", scans)
    tab.until(NOTICE)

    assert "INVALID_FIELD" in tab.text("#problem")
    assert tab.eval("document.activeElement.id") == "ranges"
    tab.eval("document.querySelector('#ranges').value = '2'")
    tab.eval("document.querySelector('#problem button').click()")
    tab.until(f"{CARD}.length === 1")
    assert tab.text(".card h2") == "Page 2"
    forgive(tab, 422)


def test_a_picture_is_pasted_and_dropped(tab: Tab) -> None:
    given = GIVEN % list(png(picture("pasted")))

    tab.eval(f"{{{given} document.dispatchEvent({PASTE})}}")
    tab.until(f"{DONE} && {CARD}.length === 1")
    tab.eval("document.querySelector('.card').dataset.before = 'yes'")
    tab.eval(f"{{{given} document.dispatchEvent({DROP})}}")
    tab.until(f"{DONE} && {CARD}.length === 1 && !document.querySelector('[data-before]')")


def test_a_token_is_asked_for_and_kept_in_the_tab_alone(tab: Tab, scans: Path) -> None:
    tab.eval("""{
        const ask = window.fetch;
        window.fetch = (url, options) => options.headers.Authorization === 'Bearer let me in'
            ? ask(url, options) : Promise.resolve(new Response('{}', {status: 401}));
    }""")
    tab.choose_file("#file", scans)
    tab.until("!document.querySelector('#token').hidden")

    tab.type("let me in")
    tab.press("Enter")
    tab.until(f"{CARD}.length === 3")

    assert tab.eval("localStorage.length") == 0
    assert tab.eval("document.cookie") == ""
    assert tab.eval("Object.values(sessionStorage)") == ["let me in"]
    assert tab.eval("document.querySelector('#token').hidden")
    tab.eval("sessionStorage.clear()")


def forgive(tab: Tab, status: int) -> None:
    """A refused request is told by the browser too."""
    tab.complaints[:] = [each for each in tab.complaints if f"status of {status}" not in each]
