"""A server of its own and a cheap load for it: python -m bench.hooks measures with these.

The load shares the processor with the server, so it must cost little: one thread keeps all
connections, and a request is ready-made but for the few digits that make it unlike the others.
"""

from __future__ import annotations

import heapq
import os
import selectors
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from base64 import b64encode
from pathlib import Path

PASSWORD = "bench:secret"
BASIC = "Basic " + b64encode(PASSWORD.encode()).decode()
SETTINGS = """\
[[source]]
name = "bench"
kind = "webhook"
provider = "sendgrid"
token = "{token}"
secrets = ["{password}"]
"""
PATIENCE_S = 15.0
AGAIN_S = 0.05
"""So long a connection waits that could not be made or was cut."""
_EVENT = (
    '[{"event": "delivered", "email": "user%04d@fabrikam.example", "timestamp": %010d, '
    '"sg_event_id": "%s", "smtp-id": "<%s@corp.example>", '
    '"sg_message_id": "%s.filter0001.1.0", "response": "250 2.0.0 OK", "tls": 1}]'
)
_HEAD = """\
POST {path} HTTP/1.1
Host: 127.0.0.1:{port}
User-Agent: SendGrid Event API
Authorization: {basic}
Content-Type: application/json
Content-Length: {length}

"""
_ACKNOWLEDGED = b'"receipt":"'


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Server:
    """`mailtracer serve` on a home of its own, started again after each kill."""

    def __init__(self, home: Path, port: int) -> None:
        self._home = home
        self._port = port
        self._spent_s = 0.0
        self._start()

    def _start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "webui.cli", "serve", "--home", str(self._home),
             "--listen", f"127.0.0.1:{self._port}"],
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        for _ in range(400):
            try:
                socket.create_connection(("127.0.0.1", self._port), 1).close()
                return
            except OSError:
                time.sleep(0.05)
        raise SystemExit("the server did not start")

    def _pids(self) -> list[int]:
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text()
        return [self._process.pid, *map(int, children.split())]

    def busy_s(self) -> float:
        """Seconds of processor time that the server has used, also before it was killed."""
        fields = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2] for pid in self._pids()]
        ticks = sum(int(one.split()[11]) + int(one.split()[12]) for one in fields)
        return self._spent_s + ticks / os.sysconf("SC_CLK_TCK")

    def kill(self) -> None:
        """SIGKILL to the server and the process that serves for it, then a new start."""
        self._spent_s = self.busy_s()
        for pid in self._pids():
            os.kill(pid, signal.SIGKILL)
        self._process.wait()
        self._start()

    def stop(self) -> None:
        """The end that an administrator gives it."""
        self._process.terminate()
        self._process.wait(20)


class _Line:
    """One connection that posts event after event."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.sent = 0
        self.began = 0.0
        self.came = b""
        self.sock: socket.socket | None = None


class Senders(threading.Thread):
    """Connections that post signed events of SendGrid, each the next when one is acknowledged."""

    def __init__(self, port: int, path: str, until: float, count: int, name: str = "s") -> None:
        super().__init__()
        self._port, self._until = port, until
        self._mark = f"{name}{os.getpid():x}"
        self._selector = selectors.DefaultSelector()
        self._again: list[tuple[float, int, _Line]] = []
        self._lines = [_Line(number) for number in range(count)]
        length = len(self._body(self._lines[0]))
        head = _HEAD.format(path=path, port=port, basic=BASIC, length=length)
        self._head = head.replace("\n", "\r\n").encode()
        self.receipts: list[str] = []
        self.waits_s: list[float] = []
        self.failures = 0
        self.busy_s = 0.0

    def run(self) -> None:
        """Post until the time is over; what was still under way is waited for."""
        for line in self._lines:
            self._connect(line)
        while self._selector.get_map() or self._again:
            for key, _ in self._selector.select(AGAIN_S):
                self._read(key.data)
            now = time.monotonic()
            while self._again and self._again[0][0] <= now:
                self._connect(heapq.heappop(self._again)[2])
            if now > self._until + PATIENCE_S:
                break
        for line in self._lines:
            self._close(line)
        self.busy_s = time.thread_time()

    def end(self) -> None:
        """Post nothing more and wait for what is under way."""
        self._until = time.monotonic()
        self.join()

    def _connect(self, line: _Line) -> None:
        if line.sent and time.monotonic() >= self._until:
            return
        try:
            line.sock = socket.create_connection(("127.0.0.1", self._port), PATIENCE_S)
        except OSError:
            self._fail(line)
            return
        line.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        line.sock.setblocking(False)
        self._selector.register(line.sock, selectors.EVENT_READ, line)
        self._post(line)

    def _body(self, line: _Line) -> bytes:
        mark = f"{self._mark}-{line.number:04d}-{line.sent:08d}"
        told = (line.sent % 5000, int(time.time()), mark, mark, mark)
        return (_EVENT % told).encode()

    def _post(self, line: _Line) -> None:
        line.sent += 1
        line.came = b""
        line.began = time.monotonic()
        assert line.sock
        try:
            line.sock.send(self._head + self._body(line))
        except OSError:
            self._fail(line)

    def _read(self, line: _Line) -> None:
        assert line.sock
        try:
            came = line.sock.recv(4096)
        except BlockingIOError:
            return
        except OSError:
            came = b""
        if not came:
            self._fail(line)
            return
        line.came += came
        head, end, body = line.came.partition(b"\r\n\r\n")
        if not end or not body.endswith(b"}"):
            return
        self._answered(line, head, body)

    def _answered(self, line: _Line, head: bytes, body: bytes) -> None:
        now = time.monotonic()
        start = body.find(_ACKNOWLEDGED) + len(_ACKNOWLEDGED)
        if head[9:12] == b"200" and start >= len(_ACKNOWLEDGED):
            self.waits_s.append(now - line.began)
            self.receipts.append(body[start : body.index(b'"', start)].decode())
        else:
            self.failures += 1
        if now >= self._until:
            self._close(line)
        elif b"connection: close" in head.lower():
            self._close(line)
            self._connect(line)
        else:
            self._post(line)

    def _fail(self, line: _Line) -> None:
        self.failures += 1
        self._close(line)
        heapq.heappush(self._again, (time.monotonic() + AGAIN_S, line.number, line))

    def _close(self, line: _Line) -> None:
        if line.sock is None:
            return
        if line.sock.fileno() in self._selector.get_map():
            self._selector.unregister(line.sock)
        line.sock.close()
        line.sock = None


class Tricklers(threading.Thread):
    """Connections that send an octet of a request a second until they are let go of.

    One that the server closed begins anew.
    """

    def __init__(self, port: int, path: str, count: int) -> None:
        super().__init__(daemon=True)
        self._port, self._count = port, count
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n"
        self._said = head.encode() + b"[" * 100_000
        self._done = threading.Event()
        self._sockets: list[socket.socket] = []

    def start(self) -> None:
        """Connect all of them first, so that whoever goes on finds them there."""
        self._sockets = [self._fresh() for _ in range(self._count)]
        super().start()

    def _fresh(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self._port), PATIENCE_S)

    def run(self) -> None:
        sent = [0] * self._count
        while not self._done.wait(1):
            for n in range(self._count):
                try:
                    self._sockets[n].send(self._said[sent[n] : sent[n] + 1])
                    sent[n] += 1
                except OSError:
                    self._renew(n)
                    sent[n] = 0

    def _renew(self, n: int) -> None:
        self._sockets[n].close()
        try:
            self._sockets[n] = self._fresh()
        except OSError:
            return  # the server is down: tried again in a second

    def let_go(self) -> None:
        """Close them all."""
        self._done.set()
        if self.is_alive():
            self.join()
        for one in self._sockets:
            one.close()


def missing(home: Path, receipts: list[str]) -> int:
    """How many acknowledged receipts the store does not have."""
    conn = sqlite3.connect(home / "mailtracer.db")
    found = {receipt for (receipt,) in conn.execute("SELECT id FROM receipts")}
    conn.close()
    return len(set(receipts) - found)
