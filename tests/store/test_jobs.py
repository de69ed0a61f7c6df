"""Jobs: what the table promises, and that it holds when processes die."""

from __future__ import annotations

import errno
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.store.filling import LOGS, NOW_US, read
from tracer.config import Config
from tracer.config_exports import ExportsSettings, SmtpSettings
from tracer.errors import InvalidQuery, NotFound, Phrase
from tracer.exports.order import Order
from tracer.jobs import desk as desk_module
from tracer.jobs import export
from tracer.jobs.carrier import HueyCarrier
from tracer.jobs.desk import Desk, TooMany
from tracer.jobs.owner import is_gone, owner
from tracer.jobs.work import work
from tracer.model import DAY_US
from tracer.store import jobs
from tracer.store.jobs import Job, Made, State

ORDER = Order("", NOW_US, format="csv")
ROOT = Path(__file__).resolve().parents[2]


class Clock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.us = NOW_US

    def __call__(self) -> int:
        return self.us


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def desk(store: Engine, tmp_path: Path, clock: Clock) -> Desk:
    read(store, *LOGS)
    return Desk(store, Config(home=tmp_path), now_us=clock)


def files(desk: Desk) -> list[str]:
    return sorted(file.name for file in desk.folder.iterdir()) if desk.folder.exists() else []


def until(condition: Callable[[], bool], seconds: float = 30) -> None:
    """Wait for a condition."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.02)


def done(desk: Desk, order: Order = ORDER) -> Job:
    job = work(desk, desk.submit(order, "olga").id, threading.Event())
    assert job is not None
    return job


def test_a_job_is_queued_then_done_and_its_file_is_there(desk: Desk) -> None:
    job = desk.submit(ORDER, "olga")
    assert (job.state, job.asked_by) == (State.QUEUED, "olga")
    ended = work(desk, job.id, threading.Event())
    assert ended is not None and ended.state is State.DONE
    assert ended.rows == ended.total and ended.rows > 10
    assert desk.file_of(ended).stat().st_size == ended.octets
    assert files(desk) == [ended.file]


def test_an_id_that_is_carried_twice_is_run_once(desk: Desk) -> None:
    job = desk.submit(ORDER, "")
    assert work(desk, job.id, threading.Event()) is not None
    assert work(desk, job.id, threading.Event()) is None


def test_of_two_workers_one_gets_the_job(desk: Desk) -> None:
    job = desk.submit(ORDER, "")
    with desk.engine.begin() as conn:
        first = jobs.begin(conn, job.id, "a/1/1", NOW_US)
        second = jobs.begin(conn, job.id, "b/1/1", NOW_US)
    assert first is not None and second is None


def test_an_order_that_cannot_be_understood_is_refused(desk: Desk) -> None:
    for order in (replaced(q="status:bouncd"), replaced(format="doc"), replaced(columns="none")):
        with pytest.raises(InvalidQuery):
            desk.submit(order, "")


def replaced(**changes: str) -> Order:
    return Order(**({"q": "", "asked_us": NOW_US} | changes))  # type: ignore[arg-type]


def test_the_same_order_means_the_same_rows_later(desk: Desk) -> None:
    order = Order("last:12h", NOW_US)
    assert order.query().since_us == NOW_US - DAY_US // 2


def test_a_cancelled_job_stops_and_leaves_no_file(desk: Desk) -> None:
    job = desk.submit(ORDER, "")
    me = owner()
    with desk.engine.begin() as conn:
        jobs.begin(conn, job.id, me, NOW_US)
    assert desk.cancel(job.id).state is State.CANCELLED
    with desk.engine.begin() as conn:
        assert not jobs.advance(conn, job.id, me, NOW_US, 5, 10)
        assert not jobs.finish(conn, job.id, me, NOW_US, Made(1, 1, "x", "x"), NOW_US)
    assert desk.find(job.id).state is State.CANCELLED


def test_a_job_that_is_cancelled_while_it_runs_is_given_up(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = desk.submit(ORDER, "")
    count = export.expected_rows

    def counted(*args: object) -> int | None:
        desk.cancel(job.id)
        return count(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(export, "expected_rows", counted)
    ended = work(desk, job.id, threading.Event())
    assert ended is not None and ended.state is State.CANCELLED
    assert files(desk) == []


def test_a_job_waiting_can_be_cancelled(desk: Desk) -> None:
    job = desk.submit(ORDER, "")
    assert desk.cancel(job.id).state is State.CANCELLED
    assert work(desk, job.id, threading.Event()) is None


def test_a_process_that_stops_gives_its_job_back(desk: Desk) -> None:
    job = desk.submit(ORDER, "")
    stopping = threading.Event()
    stopping.set()
    assert work(desk, job.id, stopping) is None
    assert desk.find(job.id).state is State.QUEUED
    assert files(desk) == []


def test_a_folder_without_rights_fails_the_job_and_says_what_to_do(desk: Desk) -> None:
    desk.folder.write_text("in the way")
    ended = done(desk)
    assert ended.state is State.FAILED
    assert ended.why is not None and "Choose another place" in ended.why
    assert isinstance(ended.why, Phrase) and "%(path)s" in ended.why.template


def test_a_fault_of_ours_fails_the_job_kindly(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_args: object) -> int:
        raise ZeroDivisionError

    monkeypatch.setattr(export, "expected_rows", broken)
    ended = done(desk)
    assert ended.state is State.FAILED and ended.why is not None
    assert "ZeroDivisionError" in ended.why and "Run it again" in ended.why
    assert "Traceback" in caplog.text


def test_files_go_when_their_time_is_over_and_rows_a_while_later(desk: Desk, clock: Clock) -> None:
    job = done(desk)
    clock.us += 7 * DAY_US - 1
    desk.tidy()
    assert desk.find(job.id).state is State.DONE and files(desk) == [job.file]
    clock.us += 1
    desk.tidy()
    assert desk.find(job.id).state is State.EXPIRED and files(desk) == []
    clock.us += 7 * DAY_US
    desk.tidy()
    with pytest.raises(NotFound):
        desk.find(job.id)


def test_a_deleted_job_takes_its_file_along(desk: Desk) -> None:
    job = done(desk)
    desk.delete(job.id)
    assert files(desk) == []
    with pytest.raises(NotFound):
        desk.delete(job.id)


def test_what_killed_processes_left_is_swept_away(desk: Desk) -> None:
    job = done(desk)
    waits = desk.submit(ORDER, "")
    (desk.folder / "0123456789abcdef.csv.tmp").write_text("half")
    (desk.folder / f"{job.file}.tmp.x7").mkdir()
    (desk.folder / f"{job.file}.tmp.x7" / "sheet").write_text("half")
    (desk.folder / f"{waits.id}.xlsx.tmp").write_text("in the making")
    desk.tidy()
    assert len(files(desk)) == 4  # they may be of a job that has just begun
    for found in desk.folder.iterdir():
        os.utime(found, (0, 0))
    desk.tidy()
    assert files(desk) == sorted([job.file, f"{waits.id}.xlsx.tmp"])


def test_only_so_many_jobs_may_wait(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk_module, "MOST_WAITING", 2)
    first = desk.submit(ORDER, "")
    desk.submit(ORDER, "")
    with pytest.raises(TooMany, match="cancel those that nobody needs"):
        desk.submit(ORDER, "")
    desk.cancel(first.id)
    desk.submit(ORDER, "")


def test_a_running_job_of_a_dead_process_is_queued_again(desk: Desk) -> None:
    alive, dead = desk.submit(ORDER, ""), desk.submit(ORDER, "")
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    child.wait()
    mine = owner()
    with desk.engine.begin() as conn:
        jobs.begin(conn, alive.id, mine, NOW_US)
        host, _, start = mine.rsplit("/", 2)
        jobs.begin(conn, dead.id, f"{host}/{child.pid}/{start}", NOW_US)
        assert jobs.take_back(conn, lambda job: is_gone(job, NOW_US)) == [dead.id]
    assert desk.find(alive.id).state is State.RUNNING
    assert desk.find(dead.id).state is State.QUEUED


def test_a_later_process_with_the_same_number_is_another_one() -> None:
    host, pid, _ = owner().rsplit("/", 2)
    job = Job("x", "export", "{}", "", NOW_US, State.RUNNING, f"{host}/{pid}/1")
    assert is_gone(job, NOW_US)


def test_another_machine_is_gone_when_it_is_silent_for_long() -> None:
    job = Job("x", "export", "{}", "", NOW_US, State.RUNNING, "elsewhere/1/1", NOW_US)
    assert not is_gone(job, NOW_US + 1_000_000)
    assert is_gone(job, NOW_US + DAY_US)


def test_pending_jobs_are_listed_before_finished_ones(desk: Desk, clock: Clock) -> None:
    first = done(desk)
    clock.us += 1
    second = done(desk)
    clock.us -= 100
    waits = desk.submit(ORDER, "")
    with desk.engine.connect() as conn:
        listed = [job.id for job in jobs.listed(conn, "export")]
    assert listed == [waits.id, second.id, first.id]


def test_threads_work_the_queue_off_and_stop(desk: Desk) -> None:
    carrier = HueyCarrier(desk)
    served = replace(desk, carrier=carrier)
    before = desk.submit(ORDER, "")  # while nobody served
    carrier.start()
    try:
        later = served.submit(ORDER, "")
        until(lambda: all(desk.find(id).state is State.DONE for id in (before.id, later.id)))
    finally:
        carrier.stop()
    assert not [t for t in threading.enumerate() if t.name.startswith(("Worker-", "Scheduler"))]


def test_notice_that_failed_is_logged_in_our_words_alone(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    smtp = SmtpSettings(host="127.0.0.1", port=1, sender="t@corp.example", security="none")
    told = ExportsSettings(mail_to="ops@corp.example")
    sending = replace(desk, config=replace(desk.config, smtp=smtp, exports=told))
    carrier = HueyCarrier(sending)
    carrier.start()
    try:
        job = replace(sending, carrier=carrier).submit(
            Order("", NOW_US, format="csv", tell=True), ""
        )
        until(lambda: bool(desk.find(job.id).told))
    finally:
        carrier.stop()  # ends when the try that failed has been put back
    assert f"export {job.id}: the notice was not delivered" in caplog.text
    assert "CancelExecution" not in caplog.text


_SERVING = """
import sys
from pathlib import Path
from tracer.config import Config
from tracer.jobs.carrier import HueyCarrier
from tracer.jobs.desk import Desk, TooMany
from tracer.store import scan
from tracer.store.engine import open_engine
scan.chunks.__defaults__ = (1,)  # a row at a time, so that there is time to die in between
carrier = HueyCarrier(Desk(open_engine(sys.argv[1]), Config(home=Path(sys.argv[2]))))
carrier.start()
print("up", flush=True)
sys.stdin.read()
"""


def serving(desk: Desk) -> subprocess.Popen[bytes]:
    child = subprocess.Popen(
        [sys.executable, "-c", _SERVING, str(desk.engine.url), str(desk.config.home)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT,
    )  # fmt: skip
    assert child.stdout is not None and child.stdout.readline() == b"up\n"
    return child


def test_a_job_survives_kills_at_any_moment_and_its_file_is_whole(desk: Desk) -> None:
    reference = desk.file_of(done(desk)).read_bytes()
    wanted = [desk.submit(ORDER, "") for _ in range(12)]
    moments = random.Random(5)
    for _ in range(6):
        child = serving(desk)
        time.sleep(moments.uniform(0.0, 0.25))
        child.send_signal(signal.SIGKILL)
        child.communicate()
        for job in (desk.find(one.id) for one in wanted):
            assert job.state in (State.QUEUED, State.RUNNING, State.DONE)
            if job.state is State.DONE:
                assert desk.file_of(job).read_bytes() == reference
    child = serving(desk)
    until(lambda: all(desk.find(job.id).state is State.DONE for job in wanted))
    child.communicate(b"")
    assert {desk.file_of(desk.find(job.id)).read_bytes() for job in wanted} == {reference}
    desk.tidy()
    assert len(files(desk)) == len(wanted) + 1


def test_settings_say_how_long_files_are_kept(desk: Desk) -> None:
    short = replace(desk, config=replace(desk.config, exports=ExportsSettings(keep_days=1)))
    assert done(short).expires_us == NOW_US + DAY_US


def test_the_pace_of_past_jobs_is_known(store: Engine) -> None:
    with store.begin() as conn:
        assert jobs.pace(conn, "export", lambda job: True) is None
        job = jobs.add(conn, "export", "{}", "", 0)
        jobs.begin(conn, job.id, "me", 1_000_000)
        jobs.finish(conn, job.id, "me", 3_000_000, Made(10_000, 1, "ab", "x"), 9)
        assert jobs.pace(conn, "export", lambda job: True) == 5_000


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.EROFS, "the disk is read-only. Choose another place"),
        (errno.EACCES, "give the right to write"),
        (errno.ENOSPC, "the disk is full. Make room there"),
        (errno.EIO, "Input/output error"),
    ],
)
def test_a_place_that_refuses_fails_the_job_and_says_what_to_do(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, number: int, said: str
) -> None:
    def refuse(*_args: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "replace", refuse)
    ended = done(desk)
    assert ended.state is State.FAILED and ended.why is not None and said in ended.why
    assert files(desk) == []
