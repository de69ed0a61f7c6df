"""Whether those who are to get reports agree to it (RFC 9990, 4)."""

from __future__ import annotations

import msgspec

from tracer.diagnostics.dmarc.discover import DmarcUnclear, Walks, walk_names
from tracer.diagnostics.dmarc.record import DmarcRecord, is_record, parse_record
from tracer.diagnostics.lookup import Answer, Lookup, ascii_name


class ReportAddress(msgspec.Struct, frozen=True, kw_only=True):
    """One address of rua or ruf. `allowed` is None where DNS does not answer.

    `elsewhere`: where the record of leave sends these reports instead, if that is another
    host than the one asked; then they go to neither.
    """

    uri: str
    tag: str  # rua or ruf
    domain: str  # whose mail host gets the reports; "" for what is no mailto:
    is_external: bool = False
    allowed: bool | None = True
    elsewhere: str = ""
    record_name: str = ""  # where the leave must stand
    answer: Answer | None = None


def report_addresses(lookup: Lookup, record: DmarcRecord) -> tuple[ReportAddress, ...]:
    """Every address for reports of a record; never raises.

    An address outside the record's organisation needs leave: a record that begins with
    v=DMARC1 at `DOMAIN._report._dmarc.THEIRS`, which may be a wildcard's, and which may send
    the reports to another address of the same host only.
    """
    walks = Walks(lookup)
    named = [("rua", uri) for uri in record.rua] + [("ruf", uri) for uri in record.ruf]
    domains = {domain for _, uri in named if (domain := ascii_name(_host(uri)))}
    lookup.ask_all(
        (name, "TXT")
        for domain in sorted(domains - {record.domain})
        for name in (_leave_name(record, domain), *(f"_dmarc.{up}" for up in walk_names(domain)))
    )
    return tuple(_judged(walks, record, tag, uri) for tag, uri in named)


def _judged(walks: Walks, record: DmarcRecord, tag: str, uri: str) -> ReportAddress:
    host = _host(uri)
    if not host:
        return ReportAddress(uri=uri, tag=tag, domain="")
    domain = ascii_name(host)
    if domain is None:
        return ReportAddress(uri=uri, tag=tag, domain=host, is_external=True, allowed=False)
    if domain == record.domain or _are_one_organisation(walks, domain, record.domain):
        return ReportAddress(uri=uri, tag=tag, domain=domain)
    name = _leave_name(record, domain)
    answer = walks.lookup.ask(name, "TXT")
    leaves = [text for text in answer.records if is_record(text)]
    elsewhere = _elsewhere(leaves, tag, domain)
    return ReportAddress(
        uri=uri,
        tag=tag,
        domain=domain,
        is_external=True,
        allowed=bool(leaves) and not elsewhere if answer.known else None,
        elsewhere=elsewhere,
        record_name=name,
        answer=answer,
    )


def _elsewhere(leaves: list[str], tag: str, domain: str) -> str:
    """The first address of another host in the records of leave (RFC 9990, 4, step 9)."""
    for text in leaves:
        leave = parse_record(domain, text)
        for uri in leave.rua if tag == "rua" else leave.ruf:
            if _host(uri) and ascii_name(_host(uri)) != domain:
                return uri
    return ""


def _host(uri: str) -> str:
    """The domain of a mailto: address, "" for anything else."""
    scheme, _, rest = uri.partition(":")
    if scheme.lower() != "mailto":
        return ""
    return rest.partition("!")[0].partition("?")[0].rpartition("@")[2]


def _leave_name(record: DmarcRecord, domain: str) -> str:
    return f"{record.domain}._report._dmarc.{domain}"


def _are_one_organisation(walks: Walks, one: str, other: str) -> bool:
    try:
        return (
            walks.up_from(one).organizational_domain == walks.up_from(other).organizational_domain
        )
    except DmarcUnclear:
        return False
