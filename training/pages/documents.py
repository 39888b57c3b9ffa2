"""Layouts of running text: columns, letters, listings, covers, and columns from top to bottom.

Each fills a sheet with what such a page holds, in the proportions that tell top from bottom.
"""

from __future__ import annotations

from training.pages import typefaces
from training.pages.parts import date, fill_column, latin, margin_px, write_title
from training.pages.writing import Hand, Sheet


def article(sheet: Sheet, hand: Hand) -> None:
    """Columns with a title, headings, figures and a footer, as papers and books have."""
    rng, margin = sheet.rng, margin_px(sheet)
    columns = rng.choices((1, 2, 3, 5), (6, 4, 1, 1))[0]
    body = hand.sized(sheet.width_px / rng.uniform(26, 42) / (0.55 + 0.45 * columns))
    y = margin
    if rng.random() < 0.6:
        y = write_title(sheet, body, (margin, y, sheet.width_px - margin, sheet.height_px))
    align = rng.choice(("left", "justified", "justified"))
    gap = round(body.size_px * rng.uniform(1, 2.5))
    width = (sheet.width_px - 2 * margin - (columns - 1) * gap) // columns
    bottom = sheet.height_px - margin
    if columns == 1 and rng.random() < 0.25:
        bottom = rng.randint(sheet.height_px // 2, bottom)  # the last page of a chapter
    for column in range(columns):
        left = margin + column * (width + gap)
        fill_column(sheet, body, (left, y, left + width, bottom), align)
    _header_and_footer(sheet, body, margin)


def _header_and_footer(sheet: Sheet, body: Hand, margin: int) -> None:
    rng, small = sheet.rng, body.sized(body.size_px * 0.9)
    if rng.random() < 0.4:
        sheet.line((margin, max(2, margin // 2 - small.size_px // 2)), sheet.words(small, 4), small)
    if rng.random() < 0.6:
        y = sheet.height_px - margin // 2 - small.size_px // 2
        sheet.line((sheet.width_px // 2, y), str(rng.randint(1, 900)), latin(small), anchor="ma")


def letter(sheet: Sheet, hand: Hand) -> None:
    """A sender, a date, a subject and some paragraphs: much paper, most of it below."""
    rng, margin = sheet.rng, margin_px(sheet) + sheet.width_px // 20
    body = hand.sized(sheet.width_px / rng.uniform(28, 48))
    right = sheet.width_px - margin
    y = margin
    if rng.random() < 0.5:
        head = body.sized(body.size_px * rng.uniform(1.2, 2.5))
        align = rng.choice(("left", "centre", "right"))
        y = sheet.paragraph(
            (margin, y, right, y + 3 * head.step_px), sheet.words(head, 3), head, align=align
        )
    for _ in range(rng.randint(0, 6)):
        sheet.line((margin, y), sheet.words(body, rng.randint(2, 4)), body)
        y += body.step_px
    sheet.line((right, y), date(rng), latin(body), anchor="ra")
    y += 2 * body.step_px
    bottom = rng.randint(sheet.height_px // 2, sheet.height_px - margin)
    while y + 3 * body.step_px < bottom:
        y = sheet.paragraph(
            (margin, y, right, bottom), sheet.words(body, rng.randint(10, 80)), body
        )
        y += body.step_px
    for _ in range(rng.randint(1, 3)):
        sheet.line((margin, y), sheet.words(body, rng.randint(1, 3)), body)
        y += body.step_px


def listing(sheet: Sheet, hand: Hand) -> None:
    """Lines of uneven length that start at indented places, as programs and verses do."""
    rng, margin = sheet.rng, margin_px(sheet) // 2
    path = typefaces.choose(rng, hand.language, monospaced=rng.random() < 0.7)
    body = Hand(
        hand.language, path, max(6, round(sheet.width_px / rng.uniform(22, 60))), hand.ink, 1.3
    )
    y, depth = margin, 0
    while y + body.step_px < sheet.height_px - margin:
        depth = max(0, min(6, depth + rng.choice((-1, 0, 0, 0, 1))))
        if rng.random() < 0.85:
            x = margin + 2 * depth * body.size_px
            text = sheet.words(body, rng.randint(1, 9))[
                : max(4, (sheet.width_px - x) * 2 // body.size_px)
            ]
            sheet.line((x, y), text, body)
        y += body.step_px


def title_page(sheet: Sheet, hand: Hand) -> None:
    """A cover: a few lines, large and small, in the middle, and smaller ones at the foot."""
    rng, margin = sheet.rng, margin_px(sheet)
    y = round(sheet.height_px * rng.uniform(0.08, 0.35))
    for _ in range(rng.randint(2, 7)):
        chosen = hand.sized(sheet.width_px / rng.uniform(8, 34))
        text = sheet.words(chosen, rng.randint(1, 8))
        box = (margin, y, sheet.width_px - margin, sheet.height_px - margin)
        y = sheet.paragraph(box, text, chosen, align=rng.choice(("centre", "centre", "left")))
        y += round(sheet.height_px * rng.uniform(0.0, 0.1))


def upright_columns(sheet: Sheet, hand: Hand) -> None:
    """Chinese and Japanese from top to bottom, columns from right to left."""
    rng, margin = sheet.rng, margin_px(sheet) // 2
    body = hand.sized(sheet.width_px / rng.uniform(8, 34))
    step = round(body.size_px * rng.uniform(1.2, 2))
    x = sheet.width_px - margin - body.size_px
    while x > margin:
        y = margin + (round(2 * body.size_px) if rng.random() < 0.2 else 0)
        bottom = sheet.height_px - margin
        if rng.random() < 0.25:
            bottom = rng.randint(y, bottom)
        for letter_ in sheet.words(body, 60).replace(" ", ""):
            if y + body.size_px > bottom:
                break
            if not letter_.isascii():
                sheet.line((x, y), letter_, body)
                y += round(body.size_px * 1.08)
        x -= step
