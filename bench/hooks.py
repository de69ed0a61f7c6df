"""How many webhooks a second are acknowledged, and how long each waits.

`python -m bench.hooks` starts the server on a scratch home, posts signed events of SendGrid
from several connections for some seconds and prints receipts/s and waiting times. Then every
acknowledged receipt is looked up: one that is missing makes the run fail. With `--kills N` the
server is killed (SIGKILL) N times meanwhile; with `--tricklers N` so many connections send an
octet a second beside.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import secrets
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
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


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Server:
    """`mailtracer serve` on a home of its own, started again after each kill."""

    def __init__(self, home: Path, port: int) -> None:
        self._home = home
        self._port = port
        self._start()

    def _start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "webui.cli", "serve", "--home", str(self._home),
             "--listen", f"127.0.0.1:{self._port}"],
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", self._port), 1).close()
                return
            except OSError:
                time.sleep(0.1)
        raise SystemExit("the server did not start")

    def _pids(self) -> list[int]:
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text()
        return [self._process.pid, *map(int, children.split())]

    def busy_s(self) -> float:
        """Seconds of processor time that the server has used since it was started."""
        fields = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2] for pid in self._pids()]
        ticks = sum(int(one.split()[11]) + int(one.split()[12]) for one in fields)
        return ticks / os.sysconf("SC_CLK_TCK")

    def kill(self) -> None:
        """SIGKILL to the server and the process that serves for it, then a new start."""
        for pid in self._pids():
            os.kill(pid, signal.SIGKILL)
        self._process.wait()
        time.sleep(0.2)
        self._start()

    def warm_up(self, path: str) -> None:
        """One question, so that the first event finds everything loaded."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=15)
        connection.request("GET", path)
        connection.getresponse().read()
        connection.close()

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(20)


class Sender(threading.Thread):
    """One connection that posts event after event until the time is over."""

    def __init__(self, port: int, path: str, until: float, number: int) -> None:
        super().__init__()
        self._port, self._path, self._until, self._number = port, path, until, number
        self.receipts: list[str] = []
        self.waits_s: list[float] = []
        self.failures = 0

    def run(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=15)
        headers = {"Authorization": BASIC, "Content-Type": "application/json"}
        n = 0
        while time.monotonic() < self._until:
            n += 1
            began = time.monotonic()
            try:
                connection.request("POST", self._path, self._body(n), headers)
                answer = connection.getresponse()
                told = answer.read()
            except OSError:
                self.failures += 1
                connection.close()
                time.sleep(0.05)
                continue
            except http.client.HTTPException:
                self.failures += 1
                connection.close()
                continue
            if answer.status == 200:
                self.waits_s.append(time.monotonic() - began)
                self.receipts.append(json.loads(told)["receipt"])
            else:
                self.failures += 1
        connection.close()

    def _body(self, n: int) -> bytes:
        mark = f"{self._number}-{n}-{secrets.token_hex(6)}"
        event = {
            "event": "delivered", "email": f"user{n % 5000}@fabrikam.example",
            "timestamp": int(time.time()), "sg_event_id": mark, "smtp-id": f"<{mark}@corp.example>",
            "sg_message_id": f"{mark}.filter0001.1.0", "response": "250 2.0.0 OK", "tls": 1,
        }  # fmt: skip
        return json.dumps([event]).encode()


def trickle(port: int, path: str, count: int, until: float) -> list[socket.socket]:
    """Connections that send an octet of a request a second, kept up by a thread."""
    sockets = [socket.create_connection(("127.0.0.1", port)) for _ in range(count)]
    said = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n".encode() + b"[" * 9

    def drip() -> None:
        for n in range(100_000):
            if time.monotonic() > until:
                return
            for one in sockets:
                try:
                    one.send(said[n % len(said) : n % len(said) + 1])
                except OSError:
                    continue
            time.sleep(1)

    threading.Thread(target=drip, daemon=True).start()
    return sockets


def missing(home: Path, receipts: list[str]) -> int:
    """How many acknowledged receipts the store does not have."""
    conn = sqlite3.connect(home / "mailtracer.db")
    found = {receipt for (receipt,) in conn.execute("SELECT id FROM receipts")}
    conn.close()
    return len(set(receipts) - found)


def main() -> None:
    """Run it and print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--senders", type=int, default=32)
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--tricklers", type=int, default=0)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home, port, token = Path(folder), free_port(), secrets.token_urlsafe(18)
        settings = SETTINGS.format(token=token, password=PASSWORD)
        (home / "config.toml").write_text(settings, "utf-8")
        server = Server(home, port)
        server.warm_up(f"/hooks/bench/{token}")
        busy_s = server.busy_s()
        until = time.monotonic() + asked.seconds
        path = f"/hooks/bench/{token}"
        held = trickle(port, path, asked.tricklers, until)
        senders = [Sender(port, path, until, n) for n in range(asked.senders)]
        for sender in senders:
            sender.start()
        for _ in range(asked.kills):
            time.sleep(asked.seconds / (asked.kills + 1))
            server.kill()
        for sender in senders:
            sender.join()
        for one in held:
            one.close()
        busy_s = server.busy_s() - (0 if asked.kills else busy_s)
        server.stop()
        lost = missing(home, [r for s in senders for r in s.receipts])
        tell(senders, asked.seconds, busy_s, lost)


def tell(senders: list[Sender], seconds: float, busy_s: float, lost: int) -> None:
    waits = sorted(wait for sender in senders for wait in sender.waits_s)
    if not waits:
        raise SystemExit("nothing was acknowledged")
    at = {name: waits[min(len(waits) - 1, int(len(waits) * part))] * 1000
          for name, part in (("p50", 0.5), ("p99", 0.99), ("max", 1.0))}  # fmt: skip
    busy_ms = busy_s * 1000 / len(waits)
    shown = ", ".join(f"{name} {wait:.0f} ms" for name, wait in at.items())
    failures = sum(sender.failures for sender in senders)
    print(f"{len(waits) / seconds:.0f} receipts/s acknowledged; waiting {shown}; failed {failures}")
    print(f"the server's own time: {busy_ms:.2f} ms a receipt")
    print(f"acknowledged and not in the store: {lost}")
    raise SystemExit(1 if lost else 0)


if __name__ == "__main__":
    main()
