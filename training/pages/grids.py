"""Layouts in rows and columns: tables, forms, receipts."""

from __future__ import annotations

from itertools import pairwise
from random import Random

from training.pages import figures, typefaces
from training.pages.parts import (
    fill_column,
    latin,
    margin_px,
    number,
    price,
    shaded,
    write_title,
)
from training.pages.writing import Box, Hand, Sheet


def table(sheet: Sheet, hand: Hand) -> None:
    """Rows and columns, ruled or not, under a title now and then; words left and numbers right."""
    rng, margin = sheet.rng, round(sheet.width_px * sheet.rng.uniform(0.01, 0.1))
    columns, rows = rng.randint(2, 9), rng.randint(3, 40)
    left, right, top = margin, sheet.width_px - margin, margin
    body = hand.sized(min(sheet.width_px / columns / rng.uniform(4, 9), sheet.width_px / 14))
    if rng.random() < 0.6:
        top = write_title(sheet, body, (left, top, right, sheet.height_px))
    step = max(body.step_px, round((sheet.height_px - top - margin) / rows * rng.uniform(0.5, 1)))
    edges = _edges(rng, left, right, columns)
    is_number = [column > 0 and rng.random() < 0.6 for column in range(columns)]
    has_rules, has_lines = rng.random() < 0.5, rng.random() < 0.6
    y = top
    for row in range(rows):
        if y + step > sheet.height_px - margin:
            break
        if row == 0 and rng.random() < 0.5:
            sheet.draw.rectangle((left, y, right, y + step), fill=shaded(rng, sheet.paper))
        _row(sheet, body, edges, (y, step), [each and row > 0 for each in is_number])
        y += step
        if has_lines or row == 0:
            sheet.draw.line((left, y, right, y), fill=hand.ink)
    for x in edges if has_rules else ():
        sheet.draw.line((x, top, x, y), fill=hand.ink)
    if rng.random() < 0.5:
        fill_column(sheet, body, (left, y + step, right, sheet.height_px - margin), "left")


def _row(
    sheet: Sheet, body: Hand, edges: list[int], rise: tuple[int, int], is_number: list[bool]
) -> None:
    y, step = rise
    for (left, right), is_one in zip(pairwise(edges), is_number, strict=True):
        box = left + 3, y + (step - body.size_px) // 2, right - 3, y + step
        _cell(sheet, body, box, is_number=is_one)


def _cell(sheet: Sheet, body: Hand, cell: Box, *, is_number: bool) -> None:
    left, top, right, _ = cell
    rng = sheet.rng
    if rng.random() < 0.08:
        return
    if is_number:
        sheet.line((right, top), number(rng), latin(body), anchor="ra")
        return
    room = max(
        1,
        round(
            (right - left)
            / body.size_px
            / (2 if body.language not in ("zh_CN", "zh_TW", "ja") else 1.2)
        ),
    )
    text = sheet.words(body, rng.randint(1, 5))[: room + 1]
    sheet.line((left, top), text, body)


def form(sheet: Sheet, hand: Hand) -> None:
    """Labels with lines or boxes to fill in beside or below them, some of them filled in."""
    rng, margin = sheet.rng, margin_px(sheet)
    body = hand.sized(sheet.width_px / rng.uniform(30, 50))
    pen = Hand(
        hand.language,
        typefaces.choose(rng, hand.language),
        round(body.size_px * 1.15),
        (30, 30, 140),
    )
    y = write_title(sheet, body, (margin, margin, sheet.width_px - margin, sheet.height_px))
    columns = rng.choice((1, 2, 2, 3))
    edges = _edges(rng, margin, sheet.width_px - margin, columns)
    step = round(body.size_px * rng.uniform(1.8, 3.2))
    while y + step < sheet.height_px - margin:
        for left, right in pairwise(edges):
            end = sheet.line((left, y), sheet.words(body, rng.randint(1, 3)) + ":", body)
            if end < right - step:
                if rng.random() < 0.5:
                    sheet.draw.line(
                        (end + 4, y + body.size_px, right - 6, y + body.size_px), fill=body.ink
                    )
                else:
                    sheet.draw.rectangle(
                        (end + 4, y - 3, right - 6, y + step - 6), outline=body.ink
                    )
                if rng.random() < 0.5:
                    sheet.line(
                        (end + 10, y), sheet.words(pen, rng.randint(1, 3))[: 24 // columns], pen
                    )
        y += step
        if rng.random() < 0.08:
            text = sheet.words(body, rng.randint(10, 50))
            y = (
                sheet.paragraph(
                    (margin, y, sheet.width_px - margin, sheet.height_px - margin), text, body
                )
                + step // 2
            )


def receipt(sheet: Sheet, hand: Hand) -> None:
    """A narrow strip: the shop in the middle, items left and prices right, a total, a thank-you."""
    rng, margin = sheet.rng, sheet.width_px // 16
    path = typefaces.choose(rng, hand.language, monospaced=rng.random() < 0.6)
    body = Hand(
        hand.language, path, max(6, round(sheet.width_px / rng.uniform(16, 30))), hand.ink, 1.25
    )
    left, right, y = margin, sheet.width_px - margin, margin
    head = body.sized(body.size_px * rng.uniform(1, 1.8))
    for index in range(rng.randint(2, 7)):
        chosen = head if index == 0 else body
        sheet.line(
            (sheet.width_px // 2, y),
            sheet.words(chosen, rng.randint(1, 4))[:30],
            chosen,
            anchor="ma",
        )
        y += chosen.step_px
    y += body.step_px
    while y < sheet.height_px - margin - body.step_px:
        kind = rng.random()
        if kind < 0.08:
            sheet.line((left, y), rng.choice("-=*_") * 60, latin(body))
        elif kind < 0.16:
            sheet.line((sheet.width_px // 2, y), sheet.words(body, 3)[:24], body, anchor="ma")
        else:
            sheet.line((left, y), sheet.words(body, rng.randint(1, 3))[:18], body)
            sheet.line((right, y), price(rng), latin(body), anchor="ra")
        y += body.step_px
        if rng.random() < 0.03:
            figures.bars(sheet, (left * 3, y, right - 2 * left, y + 3 * body.step_px))
            y += 4 * body.step_px


def _edges(rng: Random, left: int, right: int, columns: int) -> list[int]:
    shares = [rng.uniform(0.6, 1.8) for _ in range(columns)]
    edges, total = [left], sum(shares)
    for share in shares:
        edges.append(edges[-1] + round((right - left) * share / total))
    return edges
