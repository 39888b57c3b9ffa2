"""Layouts with little text: signs, slides, screens, labels, single lines, words in pictures."""

from __future__ import annotations

from PIL import Image, ImageDraw

from training.pages import figures
from training.pages.parts import number
from training.pages.writing import Colour, Hand, Sheet


def single_line(sheet: Sheet, hand: Hand) -> None:
    """One to three lines that fill the picture, as a cut-out line does."""
    rng = sheet.rng
    count = rng.choices((1, 2, 3, 5), (6, 2, 2, 1))[0]
    body = hand.sized(sheet.height_px / count * rng.uniform(0.45, 0.9))
    y = round(sheet.height_px / count * 0.05)
    x = round(sheet.width_px * rng.uniform(-0.3, 0.08))
    for _ in range(count):
        text = sheet.words(body, rng.randint(2, 30)) if rng.random() < 0.9 else number(rng)
        sheet.line((x, y), text, body)
        y += round(sheet.height_px / count)


def slide(sheet: Sheet, hand: Hand) -> None:
    """A large heading and some points, often with a picture."""
    rng, margin = sheet.rng, sheet.width_px // 14
    head = hand.sized(sheet.height_px / rng.uniform(8, 16))
    body = hand.sized(head.size_px * rng.uniform(0.4, 0.8))
    if rng.random() < 0.3:
        band = (0, 0, sheet.width_px, round(2.6 * head.size_px))
        sheet.draw.rectangle(band, fill=_contrasting(sheet, hand.ink))
    box = (margin, margin // 2, sheet.width_px - margin, sheet.height_px)
    y = sheet.paragraph(
        box, sheet.words(head, rng.randint(1, 6)), head, align=rng.choice(("left", "centre"))
    )
    right = sheet.width_px - margin
    if rng.random() < 0.4:
        right = sheet.width_px // 2
        figures.draw(
            sheet,
            (right + margin, y + margin // 2, sheet.width_px - margin, sheet.height_px - margin),
        )
    y += head.size_px
    for _ in range(rng.randint(1, 8)):
        text = sheet.words(body, rng.randint(1, 14))
        sheet.draw.ellipse(
            (margin, y + body.size_px // 3, margin + body.size_px // 3, y + 2 * body.size_px // 3),
            fill=body.ink,
        )
        y = sheet.paragraph(
            (margin + body.size_px, y, right, sheet.height_px - margin // 2), text, body
        )
        y += round(body.size_px * rng.uniform(0.2, 1))


def words_in_picture(sheet: Sheet, hand: Hand) -> None:
    """Some texts of all sizes and colours on a texture, on plates of their own now and then."""
    rng = sheet.rng
    figures.paste_texture(sheet, (0, 0, sheet.width_px, sheet.height_px))
    for _ in range(rng.choices((1, 2, 4, 8), (4, 4, 3, 2))[0]):
        size = min(sheet.width_px, sheet.height_px) / rng.uniform(3, 22)
        chosen = Hand(hand.language, hand.path, max(8, round(size)), _bright_or_dark(sheet))
        text = sheet.words(chosen, rng.randint(1, 5))
        _tilted(sheet, text[: max(2, round(1.6 * sheet.width_px / size))], chosen)


def _tilted(sheet: Sheet, text: str, hand: Hand) -> None:
    rng = sheet.rng
    width, height = round(hand.font.getlength(text)) + hand.size_px, round(1.7 * hand.size_px)
    label = Image.new("RGBA", (max(4, width), height))
    pen = ImageDraw.Draw(label)
    if rng.random() < 0.45:
        pen.rectangle((0, 0, width, height), fill=(*_contrasting(sheet, hand.ink), 255))
    outline = rng.random() < 0.3
    pen.text(
        (hand.size_px // 2, hand.size_px // 6),
        text,
        fill=(*hand.ink, 255),
        font=hand.font,
        stroke_width=max(1, hand.size_px // 14) if outline else 0,
        stroke_fill=(*_contrasting(sheet, hand.ink), 255),
    )
    label = label.rotate(rng.gauss(0, 5), expand=True, resample=Image.Resampling.BILINEAR)
    x = rng.randint(-label.width // 6, max(0, sheet.width_px - 5 * label.width // 6))
    y = rng.randint(0, max(0, sheet.height_px - label.height))
    sheet.image.paste(label, (x, y), label)
    sheet.mark((x, y, x + label.width, y + label.height))


def screen(sheet: Sheet, hand: Hand) -> None:
    """Panels with short texts, as programs, games and shops show them."""
    rng = sheet.rng
    if rng.random() < 0.5:
        figures.paste_texture(sheet, (0, 0, sheet.width_px, sheet.height_px))
    side = min(sheet.width_px, sheet.height_px)
    for _ in range(rng.randint(3, 14)):
        width, height = round(side * rng.uniform(0.15, 0.9)), round(side * rng.uniform(0.06, 0.4))
        left = rng.randint(0, max(0, sheet.width_px - width))
        top = rng.randint(0, max(0, sheet.height_px - height))
        fill: Colour = rng.choice(
            ((255, 255, 255), (245, 245, 245), (30, 30, 40), (20, 90, 180), (200, 60, 40))
        )
        sheet.draw.rounded_rectangle(
            (left, top, left + width, top + height), side // 50, fill=fill, outline=(128, 128, 128)
        )
        ink = (20, 20, 20) if sum(fill) > 450 else (250, 250, 250)
        body = Hand(hand.language, hand.path, max(7, round(side / rng.uniform(16, 50))), ink)
        pad = body.size_px // 2
        box = (left + pad, top + pad, left + width - pad, top + height)
        sheet.paragraph(
            box,
            sheet.words(body, rng.randint(1, 25)),
            body,
            align=rng.choice(("left", "left", "centre")),
        )


def _bright_or_dark(sheet: Sheet) -> Colour:
    rng = sheet.rng
    low, high = rng.choice(((0, 90), (170, 255)))
    return rng.randint(low, high), rng.randint(low, high), rng.randint(low, high)


def _contrasting(sheet: Sheet, ink: Colour) -> Colour:
    rng = sheet.rng
    low, high = (170, 255) if sum(ink) < 384 else (0, 90)
    return rng.randint(low, high), rng.randint(low, high), rng.randint(low, high)
