"""Every DNS question of a run passes here: `Lookup.ask(name, rdtype) -> Answer`."""

from tracer.diagnostics.lookup.answers import Answer, Answered
from tracer.diagnostics.lookup.facade import Lookup
from tracer.diagnostics.lookup.names import ascii_name
from tracer.diagnostics.lookup.servers import BadNameserver, Nameserver, parse_nameserver

__all__ = [
    "Answer",
    "Answered",
    "BadNameserver",
    "Lookup",
    "Nameserver",
    "ascii_name",
    "parse_nameserver",
]
