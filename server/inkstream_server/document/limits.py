"""How much of a document may be read. Who counts and refuses is each reader's own business."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from inkstream_server.errors import InvalidField


class DocumentLimits(BaseModel):
    """Bounds on what one input may cost. Every one of them is checked before the cost arises."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_image_pixels: int = Field(
        default=100_000_000,
        ge=1,
        le=2**30,  # OpenCV refuses more by itself
        description="Pixels that an image, or one page of a TIFF, may have by its header.",
    )
    max_page_pixels: int = Field(
        default=40_000_000,
        ge=1,
        le=2**30,
        description="Pixels that one rasterised PDF page may have.",
    )
    max_document_pages: int = Field(
        default=2000,
        ge=1,
        le=1_000_000,
        description="Pages of a document that one request may read.",
    )
    max_document_bytes: int = Field(
        default=1 << 30,
        ge=1,
        description="Bytes that a document may have.",
    )
    max_lines: int = Field(
        default=1000,
        ge=1,
        le=100_000,
        description="Crops of single lines that one request may bring.",
    )
    max_page_s: float = Field(
        default=30.0,
        gt=0.0,
        le=3600.0,
        description="Seconds that one step of a page (opening, drawing) may take.",
    )
    default_dpi: int = Field(
        default=144,
        ge=1,
        le=2400,
        description="Dots per inch that PDF pages are rasterised at where the request names none.",
    )
    min_dpi: int = Field(
        default=10, ge=1, le=2400, description="Fewest dots per inch that a request may name."
    )
    max_dpi: int = Field(
        default=600, ge=1, le=2400, description="Most dots per inch that a request may name."
    )

    @model_validator(mode="after")
    def _dpi_in_order(self) -> Self:
        if not self.min_dpi <= self.default_dpi <= self.max_dpi:
            raise ValueError("min_dpi <= default_dpi <= max_dpi must hold")
        return self

    def requested_dpi(self, dpi: int) -> int | None:
        """The dpi a request names; None where it leaves the choice to the server (0).

        Raises InvalidField where it lies outside min_dpi to max_dpi.
        """
        if dpi == 0:
            return None
        if not self.min_dpi <= dpi <= self.max_dpi:
            raise InvalidField.of(
                "pages.dpi", dpi, f"{self.min_dpi} to {self.max_dpi}, or 0 for the default"
            )
        return dpi
