"""What is on pages beside text: pictures, charts, bars, textures. None of it tells a direction."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from training.pages.writing import Box, Sheet


def draw(sheet: Sheet, box: Box) -> None:
    kind = sheet.rng.random()
    if kind < 0.45:
        paste_texture(sheet, box)
    elif kind < 0.75:
        _shapes(sheet, box)
    else:
        sheet.draw.rectangle(box, outline=(90, 90, 90))


def paste_texture(sheet: Sheet, box: Box) -> None:
    left, top, right, bottom = box
    size = max(2, right - left), max(2, bottom - top)
    generator = np.random.default_rng(sheet.rng.randrange(1 << 32))
    sheet.image.paste(Image.fromarray(texture(size, generator)), (left, top))


def bars(sheet: Sheet, box: Box) -> None:
    """A bar code."""
    left, top, right, bottom = box
    x = left
    while x < right:
        width = sheet.rng.randint(1, 4)
        sheet.draw.rectangle((x, top, x + width, bottom), fill=(0, 0, 0))
        x += width + sheet.rng.randint(2, 6)


def texture(size: tuple[int, int], generator: np.random.Generator) -> NDArray[np.uint8]:
    """Noise of several scales in a few colours, as cloth, leaves and walls (height x width x 3)."""
    scale = max(1, max(size) // 300)  # finer grain than this is noise, which `wear` adds
    small = max(2, size[0] // scale), max(2, size[1] // scale)
    picture = np.zeros((small[1], small[0], 3), np.float32)
    for octave in range(int(generator.integers(1, 4)), int(generator.integers(5, 9))):
        cells = 2**octave
        colours = 3 if generator.random() < 0.5 else 1
        noise = generator.random((cells + 1, cells + 1, colours)).astype(np.float32)
        grown = cv2.resize(noise, small, interpolation=cv2.INTER_CUBIC)
        picture += grown.reshape(*grown.shape[:2], -1) * (generator.uniform(0.3, 1) / octave)
    picture -= picture.min()
    picture /= max(1e-6, float(picture.max()))
    dark, light = np.sort(generator.uniform(0, 255, (2, 3)), axis=0)
    coloured = (dark + picture * (light - dark)).astype(np.uint8)
    return np.asarray(cv2.resize(coloured, size), np.uint8)


def _shapes(sheet: Sheet, box: Box) -> None:
    left, top, right, bottom = box
    rng = sheet.rng
    sheet.draw.rectangle(box, outline=(60, 60, 60))
    for _ in range(rng.randint(2, 12)):
        xs = sorted(rng.randint(left, max(left, right)) for _ in range(2))
        ys = sorted(rng.randint(top, max(top, bottom)) for _ in range(2))
        colour = (rng.randrange(256), rng.randrange(256), rng.randrange(256))
        corners = (xs[0], ys[0], xs[1], ys[1])
        if rng.random() < 0.5:
            sheet.draw.rectangle(
                corners, fill=colour if rng.random() < 0.5 else None, outline=colour
            )
        elif rng.random() < 0.5:
            sheet.draw.ellipse(corners, fill=colour if rng.random() < 0.5 else None, outline=colour)
        else:
            sheet.draw.line(corners, fill=colour, width=rng.randint(1, 4))
