from __future__ import annotations

import pytest
from tests.unit.load.runs import document, image, page, plan, refused, run

from inkstream.load.outcome import Answer
from inkstream.load.plan import Requests, Seconds
from inkstream.load.report import Errors, report_on


def test_warm_up_is_left_out_of_counts_and_latencies() -> None:
    it = plan()

    report = report_on(it, run(it, image(0.0, 1.5), image(3.0, 3.5), image(4.0, 4.25)))

    assert report.total.request_count == 2
    assert report.warm_up_request_count == 1
    assert report.total.latency_ms is not None
    assert (report.total.latency_ms.min, report.total.latency_ms.max) == (250.0, 500.0)


def test_an_answer_behind_the_end_counts_with_its_latency_but_not_in_the_rates() -> None:
    it = plan()

    total = report_on(it, run(it, image(3.0, 4.0), image(11.0, 13.0))).total

    assert total.request_count == 2
    assert total.latency_ms is not None and total.latency_ms.max == 2000.0
    assert total.requests_per_s == total.pages_per_s == 0.1
    assert total.lines_per_s == 1.0


def test_a_rate_has_what_was_finished_in_the_span_though_it_was_due_before() -> None:
    it = plan()

    total = report_on(it, run(it, image(1.0, 3.0))).total

    assert total.request_count == 0
    assert total.pages_per_s == 0.1


def test_pages_count_for_the_rate_when_they_arrive() -> None:
    it = plan()

    total = report_on(it, run(it, document(10.0, page(11.0), page(11.9), page(12.5)))).total

    assert total.pages_per_s == 0.2
    assert total.page_count == 3
    assert total.requests_per_s == 0.0


def test_the_first_page_of_a_document_is_timed_from_when_it_was_due() -> None:
    it = plan()
    broken = page(5.1, reason="PDF_DAMAGED")

    total = report_on(
        it, run(it, image(3.0, 3.1), document(5.0, broken, page(5.5), page(7.0)))
    ).total

    assert total.first_page_ms is not None
    assert (total.first_page_ms.sample_count, total.first_page_ms.p50) == (1, 500.0)
    assert total.failed_page_count == 1
    assert total.failed_request_count == 0
    assert total.page_errors == (Errors("PDF_DAMAGED", 1, None),)


def test_failures_are_told_by_reason_and_have_no_latency() -> None:
    it = plan()
    outcomes = (
        image(3.0, 3.5),
        image(4.0, 4.001, refused("QUEUE_FULL", 0.5, 1.0)),
        image(5.0, 5.001, refused("QUEUE_FULL", 2.0)),
        image(6.0, 7.0, refused("DEADLINE_EXCEEDED")),
    )

    total = report_on(it, run(it, *outcomes)).total

    assert (total.request_count, total.failed_request_count) == (4, 3)
    assert total.latency_ms is not None and total.latency_ms.sample_count == 1
    assert total.errors == (Errors("QUEUE_FULL", 2, 1.5), Errors("DEADLINE_EXCEEDED", 1, None))
    assert total.requests_per_s == 0.1


def test_retries_are_counted_with_what_they_were_told_to_wait() -> None:
    it = plan()
    answer = Answer((page(6.0),), attempt_count=3, retry_after_s=(0.5, 1.0))

    total = report_on(it, run(it, image(3.0, 6.0, answer), image(3.0, 3.5))).total

    assert total.retry_count == 2
    assert total.mean_retry_after_s == 0.75
    assert total.failed_request_count == 0
    assert total.latency_ms is not None and total.latency_ms.max == 3000.0


def test_each_source_has_figures_of_its_own() -> None:
    it = plan()

    report = report_on(it, run(it, image(3.0, 3.5), document(4.0, page(5.0), page(6.0))))

    images, documents = report.sources
    assert (images.name, images.request_count, images.page_count) == ("a.png", 1, 1)
    assert (documents.name, documents.request_count, documents.page_count) == ("b.pdf", 1, 2)
    assert images.first_page_ms is None
    assert documents.latency_ms is not None and documents.latency_ms.p50 == 2000.0


def test_batches_and_queues_are_the_servers_own_figures() -> None:
    it = plan()
    blank = page(3.5, line_count=0, batch_size=0.0)
    pages = (blank, page(4.0, batch_size=2.0), page(5.0, batch_size=6.0))

    total = report_on(it, run(it, document(3.0, *pages))).total

    assert total.mean_batch_size == 4.0
    assert total.queued_share == 0.25


def test_a_run_by_count_is_measured_from_its_first_request_to_its_last_answer() -> None:
    it = plan(warm_up=Requests(1), measured=Requests(2))

    report = report_on(it, run(it, image(0.0, 1.0), image(3.0, 4.0), image(4.0, 8.0)))

    assert report.span.length_s == 5.0
    assert report.total.pages_per_s == 0.4


def test_the_span_of_a_run_that_was_stopped_ends_there() -> None:
    it = plan()
    stopped = run(it, image(3.0, 4.0), length_s=6.0, was_interrupted=True, abandoned_count=7)

    report = report_on(it, stopped)

    assert report.span.length_s == 4.0
    assert report.total.pages_per_s == 0.25
    assert report.abandoned_count == 7


@pytest.mark.parametrize("measured", [Seconds(10), Requests(10)])
def test_a_run_that_was_stopped_while_warming_up_has_no_figures(
    measured: Seconds | Requests,
) -> None:
    it = plan(measured=measured)

    report = report_on(it, run(it, image(0.0, 1.0), length_s=1.5, was_interrupted=True))

    assert report.span.length_s == 0.0
    assert report.total.pages_per_s == 0.0
    assert report.total.latency_ms is None
    assert report.latency_ms == ()


def test_an_open_loop_that_ends_between_arrivals_is_measured_to_the_end() -> None:
    it = plan()

    report = report_on(it, run(it, image(3.0, 4.0), length_s=11.0))

    assert report.span.length_s == 10.0


def test_only_a_run_without_failures_is_clean() -> None:
    it = plan()
    fine = image(3.0, 4.0)

    assert report_on(it, run(it, fine)).is_clean
    assert not report_on(it, run(it, fine, image(3.0, 4.0, refused("INTERNAL")))).is_clean
    assert not report_on(it, run(it, document(3.0, page(4.0, reason="PDF_DAMAGED")))).is_clean
    assert not report_on(it, run(it, fine, unsent_count=1)).is_clean
