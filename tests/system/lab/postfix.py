"""One private Postfix instance: its folders, its configuration, its log, its end.

Nothing outside its own folder is written; the system's `/etc/postfix` is only read
(`dynamicmaps.cf`). Source of the parameters: postconf(5), master(5).
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

MASTER = """\
pickup    unix  n - n 1     1 pickup
cleanup   unix  n - n -     0 cleanup
qmgr      unix  n - n 300   1 qmgr
tlsmgr    unix  - - n 1000? 1 tlsmgr
rewrite   unix  - - n -     - trivial-rewrite
bounce    unix  - - n -     0 bounce
defer     unix  - - n -     0 bounce
trace     unix  - - n -     0 bounce
verify    unix  - - n -     1 verify
flush     unix  n - n 1000? 0 flush
proxymap  unix  - - n -     - proxymap
proxywrite unix - - n -     1 proxymap
smtp      unix  - - n -     - smtp
relay     unix  - - n -     - smtp -o syslog_name=postfix/relay
showq     unix  n - n -     - showq
error     unix  - - n -     - error
retry     unix  - - n -     - error
discard   unix  - - n -     - discard
local     unix  - n n -     - local
virtual   unix  - n n -     - virtual
lmtp      unix  - - n -     - lmtp
anvil     unix  - - n -     1 anvil
scache    unix  - - n -     1 scache
postlog   unix-dgram n - n - 1 postlogd
"""
QUEUES = ("maildrop", "incoming", "active", "deferred", "hold")


@dataclass(frozen=True)
class Instance:
    """A Postfix named `name` that keeps everything below `root`."""

    name: str
    root: Path

    @property
    def config(self) -> Path:
        return self.root / "etc"

    @property
    def log(self) -> Path:
        return self.root / "mail.log"

    @property
    def queue(self) -> Path:
        return self.root / "queue"

    def table(self, name: str, kind: str) -> str:
        """How main.cf names one of this instance's tables: `kind:path`."""
        return f"{kind}:{self.config / name}"


@dataclass(frozen=True)
class Setup:
    """What one instance is told: main.cf, the services that listen, and its tables.

    `tables` maps a file name to its text; those in `hashed` and `aliases` are
    compiled with postmap and postalias.
    """

    main: Mapping[str, str]
    services: tuple[str, ...]
    tables: Mapping[str, str]
    hashed: tuple[str, ...] = ()
    aliases: tuple[str, ...] = field(default=())


def write(instance: Instance, setup: Setup) -> None:
    """Lay out the folders and files of `instance`; the log exists and is empty."""
    for folder in (instance.config, instance.queue, instance.root / "data"):
        folder.mkdir(parents=True)
    shutil.chown(instance.root / "data", "postfix")
    instance.log.touch()
    (instance.config / "main.cf").write_text(
        "".join(f"{k} = {v}\n" for k, v in {**_own(instance), **setup.main}.items())
    )
    (instance.config / "master.cf").write_text("\n".join(setup.services) + "\n" + MASTER)
    for name, text in setup.tables.items():
        (instance.config / name).write_text(text)
    for name in setup.hashed:
        _run("postmap", "-c", str(instance.config), instance.table(name, "hash"))
    for name in setup.aliases:
        _run("postalias", "-c", str(instance.config), instance.table(name, "hash"))


def _own(instance: Instance) -> dict[str, str]:
    return {
        "compatibility_level": "3.6",
        "queue_directory": str(instance.queue),
        "data_directory": str(instance.root / "data"),
        "mail_owner": "postfix",
        "setgid_group": "postdrop",
        "maillog_file": str(instance.log),
        "maillog_file_prefixes": str(instance.root),
        "inet_protocols": "ipv4",
        "biff": "no",
        "in_flow_delay": "0",
    }


def start(instance: Instance) -> None:
    """Start it; `RuntimeError` with its log if it refuses."""
    try:
        _run("postfix", "-c", str(instance.config), "start")
    except RuntimeError as refused:
        raise RuntimeError(f"{refused}\n{instance.log.read_text()}") from refused


def stop(instance: Instance) -> None:
    """Stop it now; an instance that does not run is fine."""
    _run("postfix", "-c", str(instance.config), "stop", check=False)


def flush(instance: Instance) -> None:
    """Try all deferred mail again now."""
    _run("postqueue", "-c", str(instance.config), "-f")


def postsuper(instance: Instance, flag: str, queue_id: str) -> None:
    """What an administrator does to one queued message: -d delete, -h hold, -H release."""
    _run("postsuper", "-c", str(instance.config), flag, queue_id)


def send(instance: Instance, sender: str, recipients: tuple[str, ...], mail: bytes) -> None:
    """Hand `mail` over as a local program would, by sendmail(1)."""
    _run("sendmail", "-C", str(instance.config), "-f", sender, "--", *recipients, given=mail)


def queued(instance: Instance) -> int:
    """How many messages are in its queue, on hold included."""
    return sum(len(files) for queue in QUEUES for _, _, files in os.walk(instance.queue / queue))


def _run(*command: str, check: bool = True, given: bytes = b"") -> None:
    done = subprocess.run(command, input=given, capture_output=True, timeout=60, check=False)
    if check and done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.decode(errors='replace').strip()}")
