"""What every reader offers once an input is open. How it reads is the reader's own."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from inkstream_server.document.page_size import PageSize


class Document(Protocol):
    """Pages, drawn one at a time and only when asked for. Not for use by two threads at once.

    Pages are numbered from 1 to page_count. A page that cannot be read raises for itself, each
    time it is asked for; the other pages stay readable. `dpi` matters to PDFs alone; None leaves
    the choice to the server: its default, lowered where the page would not fit the limit.
    """

    @property
    def media_type(self) -> str: ...

    @property
    def page_count(self) -> int: ...

    def page_size(self, page_number: int, dpi: int | None) -> PageSize:
        """Exactly the size of what `draw` returns, from headers alone.

        Raises ImageTooLarge or PageTooLarge, ImageDamaged or PdfDamaged.
        """

    def draw(self, page_number: int, dpi: int | None) -> NDArray[np.uint8]:
        """The page, H x W x 3 BGR, C-contiguous; it may be a read-only view of the input.

        Raises what `page_size` raises.
        """

    def close(self) -> None:
        """Frees what the libraries hold. May be called again."""
