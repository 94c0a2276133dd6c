"""Work on many things at a time."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from argosy_store.parallel import for_each


@pytest.mark.parametrize("width", [0, 1, 3, 50])
def test_every_item_is_done_once(width: int) -> None:
    done: list[int] = []

    for_each(done.append, range(20), width=width)

    assert sorted(done) == list(range(20))


def test_as_many_are_done_at_a_time_as_asked_for() -> None:
    together = threading.Barrier(4, timeout=20)

    def meet(_: int) -> None:
        together.wait()

    for_each(meet, range(8), width=4)


def test_with_a_width_of_one_everything_happens_here() -> None:
    threads: list[threading.Thread] = []

    for_each(lambda _: threads.append(threading.current_thread()), range(3), width=1)

    assert threads == [threading.current_thread()] * 3


def test_after_an_error_nothing_new_is_begun() -> None:
    begun: list[int] = []
    failed = threading.Event()

    def work(item: int) -> None:
        begun.append(item)
        if item == 0:
            failed.set()
            raise ValueError("zero")
        failed.wait(20)

    with pytest.raises(ValueError, match="zero"):
        for_each(work, range(1000), width=4)

    # Each of the others may have taken one more before the error was noted.
    assert len(begun) <= 8


def test_an_error_of_the_items_themselves_is_raised() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise ValueError("no more")

    with pytest.raises(ValueError, match="no more"):
        for_each(lambda _: None, items(), width=3)
