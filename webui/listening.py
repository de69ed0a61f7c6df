"""The address that the pages listen on, tried before anything is started."""

from __future__ import annotations

import errno
import re
import socket

import click

from tracer.errors import AddressUnavailable

PORTS_TRIED = 20
_HOST_PORT = re.compile(r"(?P<host>\[[0-9a-fA-F:.]+\]|[^:\s]*):(?P<port>\d{1,5})")


def checked(listen: str) -> str:
    """The address, if it can be listened on now; a socket's file (`unix:PATH`) is taken as it is.

    Raises click.BadParameter for what is no HOST:PORT, AddressUnavailable for one that is taken.
    """
    if listen.startswith("unix:"):
        return listen
    host, port = _parts(listen)
    fault = _fault(host, port)
    if fault is not None:
        raise AddressUnavailable(f"{listen} cannot be listened on: {_advice(fault, host, port)}")
    return listen


def first_free(listen: str) -> str:
    """The address, or the same with the next port that is not taken.

    Raises as `checked` does.
    """
    host, port = _parts(listen)
    for tried in range(port, min(port + PORTS_TRIED, 65_536)):
        fault = _fault(host, tried)
        if fault is None:
            return f"{listen.rpartition(':')[0]}:{tried}"
        if fault.errno != errno.EADDRINUSE:
            break
    return checked(listen)


def _parts(listen: str) -> tuple[str, int]:
    found = _HOST_PORT.fullmatch(listen)
    if found is None or int(found["port"]) > 65_535:
        raise click.BadParameter(
            f"{listen!r} is not HOST:PORT, like 127.0.0.1:8025.", param_hint="--listen"
        )
    return found["host"].strip("[]"), int(found["port"])


def _fault(host: str, port: int) -> OSError | None:
    """What keeps us from listening there; None: nothing does."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind) as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind(address)
    except OSError as error:
        return error
    return None


def _advice(fault: OSError, host: str, port: int) -> str:
    if isinstance(fault, socket.gaierror):
        return f"no host is named {host} here. Take an address of this machine, or 127.0.0.1."
    if fault.errno == errno.EADDRINUSE:
        return f"another program listens there. Stop it, or choose another port: {port + 1}"
    if fault.errno == errno.EACCES:
        return "the rights are missing. Choose a port above 1023."
    if fault.errno == errno.EADDRNOTAVAIL:
        return "it is no address of this machine. Take one that is, or 127.0.0.1."
    return f"{fault.strerror or fault}."
