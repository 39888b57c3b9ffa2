"""How many pages are under way at once, planned from the workers. Configurations may say otherwise.

What keeps to these bounds is the window of a document and the gate before all pages.
"""

from __future__ import annotations


def window_page_count(model_worker_count: int) -> int:
    """Pages of one document.

    Enough that no worker idles while one page's last lines are read, and no more: what waits in a
    window delays the document's own first page.
    """
    return 2 * model_worker_count + 1


def working_page_count(model_worker_count: int) -> int:
    """Pages of one priority that are behind the gate."""
    return 3 * model_worker_count + 2
