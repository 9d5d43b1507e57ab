"""What the loop's thread logs goes nowhere; what others log is not touched."""

from __future__ import annotations

import logging
import threading

import pytest

from distill_tests.engine.mute import muted_logs


def test_only_the_muted_thread_is_silent(caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("an.sdk")
    with caplog.at_level(logging.DEBUG), muted_logs():
        logger.error("key=hidden")
        other = threading.Thread(target=logger.warning, args=("from elsewhere",))
        other.start()
        other.join()
    logger.error("afterwards")
    assert [record.getMessage() for record in caplog.records] == ["from elsewhere", "afterwards"]


def test_of_two_that_overlap_neither_mutes_for_longer_than_it_lasts(caplog: pytest.LogCaptureFixture) -> None:
    before = logging.getLogRecordFactory()
    first, second = muted_logs(), muted_logs()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    second.__exit__(None, None, None)
    logging.getLogger("an.sdk").error("afterwards")
    logging.setLogRecordFactory(before)
    assert [record.getMessage() for record in caplog.records] == ["afterwards"]


def test_the_factory_is_what_it_was_afterwards() -> None:
    before = logging.getLogRecordFactory()
    with muted_logs():
        assert logging.getLogRecordFactory() is not before
    assert logging.getLogRecordFactory() is before
