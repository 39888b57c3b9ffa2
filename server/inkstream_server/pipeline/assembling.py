"""Puts a page's result together out of what its steps gave. Nothing is computed on pixels here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from inkstream_server.pipeline.fitted_lines import UPSIDE_DOWN
from inkstream_server.pipeline.frames import PageFrame
from inkstream_server.pipeline.results import Page, TextLine
from inkstream_server.pipeline.settings import PageSettings
from inkstream_server.pipeline.sheet import Sheet
from inkstream_server.stages.captions import Caption
from inkstream_server.stages.recognition import LineText
from inkstream_server.stages.regions import Polygon
from inkstream_server.stages.words import place, rolled
from inkstream_server.workers.cpu_tasks import LineRegion, PageImages

# Vertices from one corner to the one across.
_HALF_WAY: Final = 2


def text_line(read: LineText, polygon: Polygon, angle: int) -> TextLine:
    """A line that was read in `polygon` (from the page's top left), turned by `angle`."""
    is_upside_down = angle == UPSIDE_DOWN
    words = place(read.words, polygon, is_upside_down=is_upside_down) if read.words else ()
    own = rolled(polygon, _HALF_WAY if is_upside_down else 0)
    return TextLine(read.text, read.score, own, angle, words)


def captions(lines: Sequence[TextLine], settings: PageSettings) -> tuple[Caption, ...]:
    """What is written where on the page as it was read: the words where known, else the lines."""
    return tuple(each for line in _told(lines, settings) for each in _captions(line))


def assemble(
    sheet: Sheet, found: Sequence[LineRegion], lines: Sequence[TextLine], images: PageImages
) -> Page:
    """The page's result; `lines` are those of `found`, on the page as it was read."""
    settings, frame = sheet.job.settings, sheet.frame
    region_polygons = frame.place([each.region.polygon for each in found])
    return Page(
        page_number=sheet.job.page_number,
        width_px=frame.size.width_px,
        height_px=frame.size.height_px,
        angle=sheet.angle,
        frame=frame.frame,
        lines=tuple(_placed(_told(lines, settings), frame)),
        regions=tuple(
            replace(each.region, polygon=polygon)
            for each, polygon in zip(found, region_polygons, strict=True)
        ),
        region_angles=tuple(line.angle for line in lines),
        settings=settings,
        timing=sheet.account.timing(),
        images=images,
    )


def _told(lines: Sequence[TextLine], settings: PageSettings) -> list[TextLine]:
    """Those whose score is enough."""
    return [line for line in lines if line.score >= settings.text_rec_score_thresh]


def _captions(line: TextLine) -> Iterator[Caption]:
    if line.words:
        words = (word for word in line.words if not word.text.isspace())
        yield from (Caption(word.text, word.polygon) for word in words)
    else:
        yield Caption(line.text, line.polygon)


def _placed(lines: Sequence[TextLine], frame: PageFrame) -> Iterator[TextLine]:
    """The lines and their words where they are told to be."""
    words = [word for line in lines for word in line.words]
    line_polygons = frame.place([line.polygon for line in lines])
    placed = iter(frame.place([word.polygon for word in words]))
    for line, polygon in zip(lines, line_polygons, strict=True):
        own = tuple(replace(word, polygon=next(placed)) for word in line.words)
        yield replace(line, polygon=polygon, words=own)
