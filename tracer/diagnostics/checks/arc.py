"""ARC (RFC 8617): what a forwarder vouches for. It stands in messages only, not in DNS.

`mailtracer verify` validates a message's chain; a diagnosis without a message can only say
where to look.
"""

from __future__ import annotations

from collections.abc import Iterator

from tracer.diagnostics.about import About
from tracer.diagnostics.check import Check
from tracer.diagnostics.model import Finding, Fix, Side, Target
from tracer.diagnostics.world import World

CODES = ("arc.needs_message",)


def run(target: Target, world: World) -> Iterator[Finding]:
    """Where mail is sent on in another's name, say how its chain is looked at."""
    author = _domain(target.header_from)
    fix = Fix(reference="RFC 8617")
    about = About("arc", Side.SENDER, author)
    yield about.na("needs_message", fix=fix, author=author, sender=target.sender_domain)


def _domain(address: str) -> str:
    return address.rpartition("@")[2].lower().rstrip(".")


def _concerns(target: Target) -> bool:
    author = _domain(target.header_from)
    return bool(author and target.sender_domain and author != target.sender_domain)


CHECK = Check(name="arc", run=run, concerns=_concerns)
