"""Which host names the pages answer to: a page elsewhere must not read them under its own name.

A web site can let its name point at 127.0.0.1 and so have a browser read what only this
machine should see (DNS rebinding); the `Host` header then still has the site's name.
werkzeug's own list cannot hold an IPv6 address (its `host_is_trusted` cuts at the first
colon, 3.2), so the check is made here.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from ipaddress import ip_address

from flask import Flask, request
from werkzeug.exceptions import SecurityError

LOCAL = ("localhost", "127.0.0.1", "[::1]")
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[^:\[\]]*)(?::\d+)?")


def local_names(listen: str) -> tuple[str, ...]:
    """The names for an address to listen on (HOST:PORT) that only this machine reaches.

    Empty, which is any name, for all others.
    """
    host = listen.rpartition(":")[0].strip("[]").lower()
    if not _is_loopback(host):
        return ()
    own = f"[{host}]" if ":" in host else host
    return LOCAL if own in LOCAL else (*LOCAL, own)


def is_trusted(host: str, names: Collection[str]) -> bool:
    """Whether a `Host` header, its port aside, is one of the names; ".corp.example" is any below.

    No header at all is trusted: no browser leaves it out.
    """
    found = _HOST.fullmatch(host.lower())
    if found is None:
        return False
    name = found[1]
    below = (each for each in names if each.startswith("."))
    return name in ("", *names) or any(name.endswith(each) for each in below)


def install(app: Flask, names: Collection[str]) -> None:
    """Refuses requests under other names; no names: none is refused."""

    def refuse() -> None:
        if not is_trusted(request.headers.get("Host", ""), names):
            raise SecurityError("This name is not one of those that these pages answer to.")

    if names:
        app.before_request(refuse)


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
