"""The store: durable, shared by processes, and strict about whose replies a run may use."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distill_tests.errors import DistillError, NotStored
from distill_tests.store import Found, Policy, Store
from distill_tests.store.codec import decoded, encoded
from distill_tests.store.database import Database
from distill_tests.store.file import connected, explain
from distill_tests.store.process import STALE_S, is_alive, this_process
from distill_tests.types import Reply, TokenLogprob, Usage

HOUR = 3600.0


class House:
    """One store file and the runs that use it, on a clock that the test sets."""

    def __init__(self, path: Path) -> None:
        self.path, self.now = path, 1_000_000.0
        self.open: list[Store] = []

    def run(self, run_id: str, **policy: Any) -> Store:
        """A run that begins now, alive until it is closed."""
        self.now += 1
        store = Store(self.path, run_id=run_id, policy=Policy(**policy), clock=lambda: self.now)
        store.begin_run().result()
        self.open.append(store)
        return store

    def asked(self, run_id: str, *fingerprints: str, how: str = "crash", **policy: Any) -> Store:
        """A run that gets the replies it may use, asks the others, and ends as ``how`` says."""
        store = self.run(run_id, **policy)
        for fingerprint in fingerprints:
            self.now += 1
            if text(store, fingerprint) is None:
                store.save(fingerprint, Reply(text=f"{fingerprint} of {run_id}"), request={}).result()
        if how == "finish":
            store.finish_run(interrupted=False).result()
        elif how == "partial":
            store.finish_run(interrupted=False, partial=True).result()
        elif how == "interrupt":
            store.finish_run(interrupted=True).result()
        if how != "live":
            store.close()
        return store


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path / "state" / "store.sqlite")
    yield house
    for store in house.open:
        store.close()


def text(store: Store, fingerprint: str, *, revision: str | None = None) -> str | None:
    found = store.find(fingerprint, revision=revision).result()
    return None if found is None else found.reply.text


# --- which replies a run may use ----------------------------------------------------------------


def test_a_run_always_has_its_own_replies(house: House) -> None:
    assert text(house.asked("a", "q", how="live", refresh=True, max_age_s=0.0), "q") == "q of a"


def test_the_workers_of_a_run_see_each_other_s_replies(house: House) -> None:
    house.asked("a", "q", how="live")
    found = house.run("a").find("q", revision=None).result()
    assert isinstance(found, Found)
    assert found.ours


@pytest.mark.parametrize("how", ["crash", "interrupt"])
def test_a_run_that_did_not_finish_is_resumed(house: House, how: str) -> None:
    house.asked("a", "q", how=how)
    found = house.run("b").find("q", revision=None).result()
    assert isinstance(found, Found)
    assert (found.reply.text, found.ours) == ("q of a", False)


def test_a_finished_run_is_reused_under_a_revision_only(house: House) -> None:
    house.asked("a", "q", how="finish")
    assert text(house.run("b"), "q") is None
    assert text(house.run("c"), "q", revision="weights") == "q of a"


def test_reuse_takes_replies_of_finished_runs(house: House) -> None:
    house.asked("a", "q", how="finish")
    assert text(house.run("b", reuse=True), "q") == "q of a"


def test_refresh_takes_nothing_older_than_the_run(house: House) -> None:
    house.asked("a", "q", how="crash")
    house.asked("b", "q", how="finish")
    assert text(house.run("c", refresh=True, reuse=True), "q", revision="weights") is None


@pytest.mark.parametrize("policy", [{"reuse": True}, {"replay": True}, {}])
def test_max_age_bounds_every_reuse_across_runs(house: House, policy: dict[str, bool]) -> None:
    house.asked("a", "q", how="crash")
    house.now += HOUR
    assert text(house.run("b", max_age_s=2 * HOUR, **policy), "q", revision="weights") == "q of a"
    assert text(house.run("c", max_age_s=HOUR / 2, **policy), "q", revision="weights") is None


def test_replay_reads_any_run_newest_first_and_writes_nothing(house: House) -> None:
    house.asked("a", "q", "p", how="finish")
    house.asked("b", "q", how="finish")
    house.asked("c", "p", how="crash", refresh=True)
    before = dump(house.path)
    replay = house.run("d", replay=True)
    assert [text(replay, name) for name in ("q", "p", "absent")] == ["q of b", "p of c", None]
    replay.finish_run(interrupted=False).result()
    replay.close()
    assert dump(house.path) == before


def test_a_living_run_is_not_resumed_but_what_it_asks_from_now_on_is_shared(house: House) -> None:
    living = house.asked("a", "before", how="live")
    other = house.run("b")
    living.save("after", Reply(text="shared"), request={}).result()
    assert text(other, "before") is None
    assert text(other, "after") == "shared"


def test_a_finished_run_closes_the_runs_it_was_resumed_from(house: House) -> None:
    house.asked("a", "q", "p", how="crash")
    house.asked("b", "q", how="finish")
    after = house.run("c")
    assert (text(after, "q"), text(after, "p")) == (None, None)


def test_a_partial_run_closes_only_what_it_used(house: House) -> None:
    house.asked("a", "q", "p", how="crash")
    house.asked("b", "q", how="partial")
    after = house.run("c")
    assert (text(after, "q"), text(after, "p")) == (None, "p of a")


def test_a_chain_of_interrupted_runs_is_resumed_as_one_and_closed_as_one(house: House) -> None:
    house.asked("a", "q1", "unneeded", how="crash")
    house.asked("b", "q1", "q2", how="interrupt")
    resumed = house.asked("c", "q2", "q3", how="live")
    assert [text(resumed, name) for name in ("q1", "q2", "q3")] == ["q1 of a", "q2 of b", "q3 of c"]
    resumed.finish_run(interrupted=False).result()
    after = house.run("d")
    assert [text(after, name) for name in ("q1", "q2", "q3", "unneeded")] == [None] * 4


def test_a_run_closes_those_that_its_forerunner_was_resumed_from(house: House) -> None:
    house.asked("a", "q1", "unneeded", how="crash")
    house.asked("b", "q1", "q2", how="crash")
    house.asked("c", "q2", how="finish")  # It never needed anything of a itself.
    assert text(house.run("d"), "unneeded") is None


def test_a_refreshed_run_is_not_overruled_by_an_older_interrupted_one(house: House) -> None:
    house.asked("a", "q", "p", how="crash")
    house.asked("b", "q", how="finish", refresh=True)
    after = house.run("c")
    assert text(after, "q") is None
    assert text(after, "p") == "p of a"


def test_an_unrelated_finished_run_closes_nothing(house: House) -> None:
    house.asked("a", "q", how="crash")
    house.asked("b", "other", how="finish")
    assert text(house.run("c"), "q") == "q of a"


def test_nothing_of_a_living_run_is_closed_by_another(house: House) -> None:
    living = house.run("a")
    other = house.run("b")
    living.save("q", Reply(text="q of a"), request={}).result()
    assert text(other, "q") == "q of a"
    other.finish_run(interrupted=False).result()
    living.close()  # Only now does it crash.
    assert text(house.run("c"), "q") == "q of a"


def test_a_run_with_one_living_worker_is_alive(house: House) -> None:
    worker = house.run("a")
    house.asked("a", "q", how="crash")
    assert text(house.run("b"), "q") is None
    worker.close()
    house.now += 10
    assert text(house.run("c"), "q") == "q of a"


# --- leases -------------------------------------------------------------------------------------


def test_only_one_may_ask_until_it_saves(house: House) -> None:
    first, second = house.run("a"), house.run("a")
    assert first.claim("q", revision=None).result().granted
    assert second.claim("q", revision=None).result() == (None, False)
    first.save("q", Reply(text="once"), request={}).result()
    claim = second.claim("q", revision=None).result()
    assert claim.found is not None
    assert (claim.found.reply.text, claim.granted) == ("once", False)


def test_a_released_lease_is_the_next_one_s(house: House) -> None:
    first, second = house.run("a"), house.run("b")
    assert first.claim("q", revision=None).result().granted
    first.release("q").result()
    assert second.claim("q", revision=None).result().granted
    first.release("q").result()  # Not its own any more.
    assert not first.claim("q", revision=None).result().granted


def test_a_closed_store_gives_its_leases_back(house: House) -> None:
    first, second = house.run("a"), house.run("b")
    assert first.claim("q", revision=None).result().granted
    first.close()
    assert second.claim("q", revision=None).result().granted


def test_the_lease_of_a_dead_process_is_taken_over_at_once(house: House) -> None:
    house.run("a").claim("q", revision=None).result()
    subprocess.run([sys.executable, "-c", CLAIMS_AND_DIES, str(house.path)], check=False)
    assert house.run("b").claim("p", revision=None).result().granted
    assert not house.run("c").claim("q", revision=None).result().granted


CLAIMS_AND_DIES = """
import os, pathlib, signal, sys
from distill_tests.store import Store
assert Store(pathlib.Path(sys.argv[1]), run_id="d").claim("p", revision=None).result().granted
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_process_is_alive_until_it_is_gone_or_silent() -> None:
    here = this_process()
    assert is_alive(str(here), heartbeat=100, now=100 + STALE_S / 2)
    assert not is_alive(str(here), heartbeat=100, now=100 + 2 * STALE_S)
    assert is_alive(str(here._replace(host="elsewhere", pid=1)), heartbeat=100, now=101)
    assert not is_alive(str(here._replace(host="elsewhere")), heartbeat=100, now=100 + 2 * STALE_S)
    assert not is_alive(str(here._replace(born="1")), heartbeat=100, now=101)
    assert not is_alive(str(here._replace(pid=2**22 + 1)), heartbeat=100, now=101)


def test_many_threads_with_stores_of_their_own_lose_nothing(house: House) -> None:
    stores = [house.run("a") for _ in range(4)]

    def save(number: int) -> None:
        for index in range(50):
            fingerprint = f"{number}.{index}"
            assert stores[number].claim(fingerprint, revision=None).result().granted
            stores[number].save(fingerprint, Reply(text=fingerprint), request={}).result()

    threads = [threading.Thread(target=save, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(dump(house.path)["replies"]) == 200
    assert dump(house.path)["leases"] == []


# --- what is kept -------------------------------------------------------------------------------

texts = st.text(st.characters(codec=None))
replies = st.builds(
    Reply,
    text=texts,
    thinking=st.none() | texts,
    usage=st.none() | st.builds(Usage, input_tokens=st.integers(0), output_tokens=st.integers(0)),
    logprobs=st.none()
    | st.lists(
        st.builds(
            TokenLogprob,
            token=texts,
            logprob=st.floats(allow_nan=False),
            top=st.lists(st.tuples(texts, st.floats(allow_nan=False)), max_size=2).map(tuple),
        ),
        max_size=2,
    ).map(tuple),
    latency_s=st.none() | st.floats(0, 1e6),
    attempts=st.integers(1, 9),
    received_at=st.none() | st.just("2025-03-01T12:00:00+00:00"),
)


@given(replies)
def test_a_reply_comes_back_as_it_was(reply: Reply) -> None:
    assert decoded(encoded(reply)) == reply


def test_a_saved_reply_is_in_the_file_before_its_future_is_done(house: House) -> None:
    store = house.run("a")
    store.save("q", Reply(text="durable"), request={"messages": ["Who?"]}).result()
    row = dump(house.path)["replies"][0]
    assert json.loads(row["reply"])["text"] == "durable"
    assert json.loads(row["request"]) == {"messages": ["Who?"]}


def test_without_a_path_replies_live_as_long_as_the_store() -> None:
    with closing(Store(None, run_id="a")) as store:
        store.save("q", Reply(text="kept"), request={}).result()
        assert text(store, "q") == "kept"
    with closing(Store(None, run_id="a")) as store:
        assert text(store, "q") is None


def test_steps_that_wait_share_a_transaction_and_a_step_s_own_error_harms_no_other() -> None:
    database = Database(None)
    hold = threading.Event()
    said: list[str] = []
    steps: list[int] = []

    def held(connection: sqlite3.Connection) -> None:
        connection.set_trace_callback(said.append)
        hold.wait(60)

    def step(connection: sqlite3.Connection) -> int:
        steps.append(connection.total_changes)
        return len(steps)

    def fails(connection: sqlite3.Connection) -> int:
        raise DistillError("mine alone")

    database.do(held)
    futures = [database.do(step), database.do(fails), database.do(step)]
    hold.set()
    assert (futures[0].result(), futures[2].result()) == (1, 2)
    with pytest.raises(DistillError, match="mine alone"):
        futures[1].result()
    assert sum(sql.startswith("BEGIN") for sql in said) <= 1
    database.close()


# --- files that cannot be used ------------------------------------------------------------------


def trouble(path: Path, **policy: bool) -> str:
    with closing(Store(path, run_id="a", policy=Policy(**policy))) as store:
        with pytest.raises(DistillError) as caught:
            store.find("q", revision=None).result()
        with pytest.raises(DistillError) as again:
            store.save("q", Reply(text=""), request={}).result()
        assert str(again.value) == str(caught.value)
    return str(caught.value)


def test_a_file_that_is_no_database_is_named_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    path.write_bytes(b"hello, this is no database\n" * 400)
    assert trouble(path) == (
        f"{path}: the store is damaged (file is not a database); move it and its -wal and -shm files away "
        "(its replies are then asked again), or run with --no-store"
    )


def test_a_file_that_was_damaged_later_is_named(house: House) -> None:
    house.asked("a", *(f"q{number}" for number in range(300)), how="finish")
    content = bytearray(house.path.read_bytes())
    content[4096:] = b"\xa5" * (len(content) - 4096)
    house.path.write_bytes(content)
    assert f"{house.path}: the store is damaged (" in trouble(house.path)


def test_a_newer_store_is_left_alone(house: House) -> None:
    house.asked("a", "q", how="finish")
    with closing(sqlite3.connect(house.path)) as connection:
        connection.execute("PRAGMA user_version=2")
    assert trouble(house.path) == (
        f"{house.path}: a store of version 2, and this distill-tests knows version 1; "
        "upgrade distill-tests, or move the file away, or run with --no-store"
    )


def test_another_program_s_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "places.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE bookmarks (url)")
    before = path.read_bytes()
    assert "an SQLite file of another program" in trouble(path)
    assert path.read_bytes() == before


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")
    path = tmp_path / "state" / "store.sqlite"
    assert trouble(path).startswith(f"{path}: cannot write the store (")


def test_a_folder_in_the_place_of_the_store_is_named(tmp_path: Path) -> None:
    assert trouble(tmp_path) == (
        f"{tmp_path}: cannot write the store (unable to open database file); "
        "make the folder writable, or run with --no-store"
    )


def test_a_read_only_store_says_so(house: House) -> None:
    house.asked("a", "q", how="finish")
    reading = sqlite3.connect(f"{house.path.as_uri()}?mode=ro", uri=True)
    with closing(reading), pytest.raises(sqlite3.OperationalError) as caught:
        reading.execute("DELETE FROM replies")
    assert "cannot write the store (attempt to write a readonly database)" in str(
        explain(house.path, caught.value)
    )


def test_a_full_disk_ends_the_asking_and_keeps_what_was_stored(house: House) -> None:
    store = house.run("a")
    store.save("q", Reply(text="kept"), request={}).result()
    store._database.do(lambda connection: connection.execute("PRAGMA max_page_count=1").fetchall()).result()
    with pytest.raises(DistillError, match="the disk is full; free some space and run again"):
        store.save("p", Reply(text="x" * 1_000_000), request={}).result()
    with pytest.raises(DistillError, match="the disk is full"):
        store.claim("small", revision=None).result()
    store.close()
    assert text(house.run("b", reuse=True), "q") == "kept"


def test_replay_without_a_store_says_so_and_makes_none(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    store = Store(path, run_id="a", policy=Policy(replay=True))
    with closing(store), pytest.raises(NotStored, match="there is no store to replay from"):
        store.find("q", revision=None).result()
    assert not path.exists()


def test_a_store_can_be_made_by_many_at_once(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    failures: list[BaseException] = []

    def make() -> None:
        try:
            connected(path).close()
        except DistillError as error:
            failures.append(error)

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def dump(path: Path) -> dict[str, list[dict[str, Any]]]:
    """The rows of every table but those that come and go with processes."""
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        return {
            table: [dict(row) for row in connection.execute(f"SELECT * FROM {table}")]
            for table in ("runs", "replies", "uses", "leases")
        }
