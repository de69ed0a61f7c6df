"""Knot, rbldnsd and unbound on loopback: a signed DNS of its own, with a root of its own.

Knot serves and signs the zones of `zones/`, rbldnsd the block lists, unbound validates; it is
the one address that the diagnostics ask. Zones are told apart by files: everything on one
address, so that every zone is a stub of unbound's.
"""

from __future__ import annotations

import os
import pwd
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from string import Template
from types import TracebackType

import dns.message
import dns.query
import dns.rcode

from tests.needs import need

ZONES = Path(__file__).parent / "zones"
SIGNED = ("good.test", "pinned.test", "bogus.test", "test", ".")  # children before parents
UNKNOWN_KEY = "bogus.test"  # its parent has another DS than its own
SILENT = "silent.test"  # its name server does not answer
LISTS = {
    "bl.dnsbl.test": ("ip4set", ":127.0.0.2:listed, see bl.test\n127.0.0.2\n198.51.100.66\n"),
    "bl6.dnsbl.test": ("ip6trie", ":127.0.0.2:listed\n2001:db8::2\n2001:db8::66\n"),
    "dbl.dnsbl.test": ("dnset", ":127.0.0.2:listed\ntest\nlisted.example\n"),
    "refusing.dnsbl.test": ("ip4trie", ":127.255.255.254:open resolver\n0/0\n"),
    "world.dnsbl.test": ("ip4trie", ":127.0.0.2:closed\n0/0\n"),
    "gone.dnsbl.test": ("ip4set", ":127.0.0.2:x\n203.0.113.1\n"),
}
_SECONDS = 20.0


class Dns:
    """The three programs; `resolver` is where to ask once they run."""

    def __init__(self, folder: Path, filled: Mapping[str, str]) -> None:
        self._folder = folder
        self._filled = filled
        self._running: list[subprocess.Popen[bytes]] = []
        self._deaf: socket.socket | None = None
        self._knot, self._rbl, self._unbound, self._dead = _free_ports(4)
        self.resolver = f"127.0.0.1:{self._unbound}"

    def __enter__(self) -> Dns:
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End what was started here, and wait for it."""
        for program in self._running:
            program.terminate()
        for program in self._running:
            try:
                program.wait(5)
            except subprocess.TimeoutExpired:
                program.kill()
                program.wait()
        self._running.clear()
        if self._deaf is not None:
            self._deaf.close()

    def _start(self) -> None:
        # A dead name server: a socket that is bound and never read.
        self._deaf = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._deaf.bind(("127.0.0.1", self._dead))
        self._write_zones()
        self._run("rbldnsd", *self._rbldnsd())
        config = self._write("knot.conf", self._knot_config())
        self._run("knotd", "-c", str(config))
        _until(lambda: _answers(self._knot, "good.test", "SOA"), "knot does not answer")
        self._sign(config)
        anchor = self._tool("keymgr", "-c", str(config), ".", "dnskey")
        self._write("root.key", anchor)
        self._run("unbound", "-d", "-c", str(self._write("unbound.conf", self._unbound_config())))
        _until(lambda: _answers(self._unbound, "good.test", "MX"), "unbound does not answer")

    def _sign(self, config: Path) -> None:
        """Give each parent the DS of its child, and wait until the whole chain is served."""
        for zone in SIGNED:
            _until(lambda zone=zone: _answers(self._knot, zone, "DNSKEY"), f"{zone} is not signed")
        for zone in SIGNED[:-1]:
            if zone != UNKNOWN_KEY:
                ds = self._tool("keymgr", "-c", str(config), zone, "ds")
                # DNSKEY algorithm 13, digest 2 (SHA-256)
                record = next(line for line in ds.splitlines() if " 13 2 " in line)
                parent = zone.partition(".")[2] or "root"
                with self._zone(parent).open("a") as file:
                    file.write(f"{record}\n")
        self._tool("knotc", "-c", str(config), "zone-reload")
        for zone in SIGNED[:-1]:
            _until(lambda zone=zone: _answers(self._knot, zone, "DS"), f"{zone} has no DS")

    def _write_zones(self) -> None:
        for source in ZONES.glob("*.zone"):
            name = source.stem
            origin = "." if name == "root" else f"{name}."
            # The parent serves its children's zones too, so it needs no delegation but theirs.
            head = (
                f"$ORIGIN {origin}\n$TTL 300\n"
                "@ SOA ns.test. hostmaster.test. 1 3600 600 86400 60\n@ NS ns.test.\n"
            )
            body = Template(source.read_text()).safe_substitute(self._filled)
            self._write(f"zones/{source.name}", head + body + self._delegations(name))

    def _delegations(self, parent: str) -> str:
        ends = f".{parent}" if parent != "root" else ""
        zones = [path.stem for path in ZONES.glob("*.zone") if path.stem != "root"]
        children = [zone for zone in zones if zone.endswith(ends) and zone != parent]
        own = [zone for zone in children if "." not in zone.removesuffix(ends)] if ends else []
        if parent == "root":
            own = [zone for zone in zones if "." not in zone or zone.endswith(".arpa")]
        lines = [f"{zone}. NS ns.test." for zone in own]
        if parent == "test":
            lines += ["ns A 127.0.0.1", "dnsbl NS ns.test.", "silent NS ns.test."]
        return "".join(f"{line}\n" for line in lines)

    def _zone(self, name: str) -> Path:
        return self._folder / "zones" / f"{name}.zone"

    def _knot_config(self) -> str:
        zones = "".join(
            f'  - domain: "{_domain(path)}"\n    file: "{path.name}"\n'
            + ("    dnssec-signing: on\n    dnssec-policy: t\n" if _domain(path) in SIGNED else "")
            for path in sorted((self._folder / "zones").glob("*.zone"))
        )
        return f"""
server:
    rundir: "{self._folder}"
    listen: 127.0.0.1@{self._knot}
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
log:
  - target: "{self._folder}/knot.log"
    any: info
database:
    storage: "{self._folder}/db"
policy:
  - id: t
    algorithm: ecdsap256sha256
    single-type-signing: on
    nsec3: on
template:
  - id: default
    storage: "{self._folder}/zones"
    zonefile-sync: -1
    zonefile-load: difference-no-serial
    journal-content: all
zone:
{zones}"""

    def _rbldnsd(self) -> list[str]:
        specs = []
        for zone, (kind, text) in LISTS.items():
            file = self._write(f"lists/{zone}", text)
            specs.append(f"{zone}:{kind}:{file.name}")
        user = []
        if os.geteuid() == 0:
            self._make_readable()
            user = ["-u", _unprivileged()]
        return ["-n", *user, "-b", f"127.0.0.1/{self._rbl}", "-w", str(self._folder / "lists"),
                *specs]  # fmt: skip

    def _make_readable(self) -> None:
        """rbldnsd gives root up before it reads its lists."""
        self._folder.chmod(0o755)
        for path in (self._folder / "lists", *(self._folder / "lists").iterdir()):
            path.chmod(0o755)

    def _unbound_config(self) -> str:
        zones = [_domain(path) for path in (self._folder / "zones").glob("*.zone")]
        places = dict.fromkeys(zones, self._knot)
        places |= dict.fromkeys(LISTS, self._rbl) | {SILENT: self._dead}
        stubs = "".join(
            f'stub-zone:\n    name: "{zone}"\n    stub-addr: 127.0.0.1@{port}\n'
            for zone, port in places.items()
        )
        local = "".join(
            f'    local-zone: "{zone}." nodefault\n'
            for zone in ("test", "100.51.198.in-addr.arpa", "8.b.d.0.1.0.0.2.ip6.arpa")
        )
        return f"""
server:
    interface: 127.0.0.1@{self._unbound}
    username: ""
    chroot: ""
    directory: "{self._folder}"
    pidfile: ""
    use-syslog: no
    logfile: "{self._folder}/unbound.log"
    num-threads: 1
    ede: yes
    do-not-query-localhost: no
    qname-minimisation: no
    do-ip6: no
    trust-anchor-file: "{self._folder}/root.key"
    domain-insecure: "dnsbl.test."
    domain-insecure: "{SILENT}."
{local}remote-control:
    control-enable: no
{stubs}"""

    def _write(self, name: str, text: str) -> Path:
        path = self._folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return path

    def _run(self, program: str, *arguments: str) -> None:
        (self._folder / "db").mkdir(exist_ok=True)
        with (self._folder / f"{program}.out").open("wb") as out:
            self._running.append(
                subprocess.Popen([need(program), *arguments], stdout=out, stderr=out)
            )

    def _tool(self, program: str, *arguments: str) -> str:
        done = subprocess.run(
            [need(program), *arguments], capture_output=True, text=True, check=True, timeout=30
        )
        return done.stdout


def _domain(path: Path) -> str:
    return "." if path.stem == "root" else path.stem


def _unprivileged() -> str:
    for name in ("rbldns", "nobody"):
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    return "nobody"


def _free_ports(count: int) -> list[int]:
    """Ports that nobody uses for TCP or UDP just now."""
    held, ports = [], []
    for _ in range(count):
        tcp = socket.create_server(("127.0.0.1", 0))
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        udp.bind(tcp.getsockname())
        held += [tcp, udp]
        ports.append(tcp.getsockname()[1])
    for one in held:
        one.close()
    return ports


def _answers(port: int, name: str, rdtype: str) -> bool:
    question = dns.message.make_query(name, rdtype)
    try:
        reply = dns.query.udp(question, "127.0.0.1", port=port, timeout=0.5)
    except (dns.exception.DNSException, OSError):
        return False
    return reply.rcode() == dns.rcode.NOERROR and bool(reply.answer)


def _until(condition: Callable[[], bool], otherwise: str) -> None:
    end = time.monotonic() + _SECONDS
    while not condition():
        assert time.monotonic() < end, otherwise
        time.sleep(0.02)
