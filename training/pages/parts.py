"""What pages of several kinds consist of: titles, columns, lists, figures; numbers and dates."""

from __future__ import annotations

from random import Random
from typing import Final

from training.pages import figures, typefaces
from training.pages.writing import Box, Colour, Hand, Sheet

_MARKS: Final = ("•", "-", "\N{EN DASH}", "{}.", "{})", "({})", "*")


def margin_px(sheet: Sheet) -> int:
    return round(sheet.width_px * sheet.rng.uniform(0.03, 0.13))


def write_title(sheet: Sheet, body: Hand, box: Box) -> int:
    left, top, right, bottom = box
    rng = sheet.rng
    hand = body.sized(body.size_px * rng.uniform(1.2, 3))
    text = sheet.words(hand, rng.randint(1, 9))
    y = sheet.paragraph(
        (left, top, right, min(bottom, top + 3 * hand.step_px)),
        text,
        hand,
        align=rng.choice(("left", "centre")),
    )
    if rng.random() < 0.3:
        small = sheet.words(body, rng.randint(2, 8))
        y = sheet.paragraph((left, y, right, bottom), small, body, align="centre")
    return y + round(body.size_px * rng.uniform(0.5, 2))


def fill_column(sheet: Sheet, body: Hand, box: Box, align: str) -> None:
    rng = sheet.rng
    left, y, right, bottom = box
    indent = round(body.size_px * rng.choice((0, 0, 1.5, 2)))
    gap = body.step_px * rng.choice((0, 0.4, 0.8, 1)) if indent else body.step_px * 0.7
    while y + body.step_px < bottom:
        kind = rng.random()
        if kind < 0.12:
            heading = body.sized(body.size_px * rng.uniform(1.0, 1.5))
            y += round(body.step_px * 0.6)
            y = sheet.paragraph(
                (left, y, right, bottom), sheet.words(heading, rng.randint(1, 6)), heading
            )
        elif kind < 0.18 and bottom - y > 8 * body.step_px:
            y = _figure(sheet, body, (left, y, right, min(bottom, y + (right - left))))
        elif kind < 0.28:
            y = _list(sheet, body, (left, y, right, bottom))
        else:
            text = sheet.words(body, rng.randint(12, 110))
            y = sheet.paragraph((left, y, right, bottom), text, body, align=align, indent_px=indent)
        y += round(gap)


def _list(sheet: Sheet, body: Hand, box: Box) -> int:
    left, y, right, bottom = box
    mark = sheet.rng.choice(_MARKS)
    inset = round(body.size_px * sheet.rng.uniform(1.2, 3))
    for number in range(1, sheet.rng.randint(3, 9)):
        if y + body.step_px >= bottom:
            break
        sheet.line((left + inset // 4, y), mark.format(number), latin(body))
        text = sheet.words(body, sheet.rng.randint(2, 18))
        y = sheet.paragraph((left + inset, y, right, bottom), text, body)
    return y


def _figure(sheet: Sheet, body: Hand, box: Box) -> int:
    left, top, right, bottom = box
    bottom = top + round((bottom - top) * sheet.rng.uniform(0.4, 0.9))
    figures.draw(sheet, (left, top, right, bottom))
    caption = body.sized(body.size_px * 0.9)
    text = sheet.words(caption, sheet.rng.randint(3, 20))
    return sheet.paragraph(
        (left, bottom + body.size_px // 2, right, sheet.height_px), text, caption
    )


def latin(hand: Hand) -> Hand:
    """The same hand for figures and signs, which not every script's font has."""
    if hand.language in ("zh_CN", "zh_TW", "ja", "ko"):
        return hand
    return Hand("en", typefaces.plain(), hand.size_px, hand.ink, hand.spacing)


def number(rng: Random) -> str:
    return rng.choice(
        (f"{rng.uniform(0, 1000):.2f}", f"{rng.randint(0, 99999):,}", f"{rng.random():.1%}")
    )


def price(rng: Random) -> str:
    return f"{rng.choice(('', '', '$', '€', 'RM'))}{rng.uniform(0, 200):.2f}"


def date(rng: Random) -> str:
    day, month, year = rng.randint(1, 28), rng.randint(1, 12), rng.randint(1950, 2030)
    return rng.choice(
        (f"{day:02}.{month:02}.{year}", f"{year}-{month:02}-{day:02}", f"{month}/{day}/{year}")
    )


def shaded(rng: Random, paper: Colour) -> Colour:
    share = rng.uniform(0.7, 0.95)
    red, green, blue = (round(value * share) for value in paper)
    return red, green, blue
