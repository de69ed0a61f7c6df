"""DMARC (RFC 9989): records, the walk up the tree, alignment, and leave to send reports."""

from tracer.diagnostics.dmarc.discover import DmarcUnclear, Walk, Walks, walk_names
from tracer.diagnostics.dmarc.evaluate import (
    AuthResult,
    DmarcResult,
    DmarcVerdict,
    evaluate,
)
from tracer.diagnostics.dmarc.record import DmarcRecord, Policy, parse_record
from tracer.diagnostics.dmarc.reports import ReportAddress, report_addresses

__all__ = [
    "AuthResult",
    "DmarcRecord",
    "DmarcResult",
    "DmarcUnclear",
    "DmarcVerdict",
    "Policy",
    "ReportAddress",
    "Walk",
    "Walks",
    "evaluate",
    "parse_record",
    "report_addresses",
    "walk_names",
]
