from inkstream_server.scheduling.priority import Priority, rank


def test_of_two_that_came_together_the_interactive_one_goes_first() -> None:
    assert rank(Priority.INTERACTIVE, 100.0) < rank(Priority.BATCH, 100.0)


def test_within_a_priority_who_came_first_goes_first() -> None:
    for priority in Priority:
        assert rank(priority, 100.0) < rank(priority, 100.5)


def test_an_interactive_page_overtakes_batch_pages_of_the_last_seconds() -> None:
    assert rank(Priority.INTERACTIVE, 109.0) < rank(Priority.BATCH, 100.0)


def test_a_batch_page_that_has_waited_long_is_overtaken_no_more() -> None:
    assert rank(Priority.BATCH, 100.0) < rank(Priority.INTERACTIVE, 111.0)
