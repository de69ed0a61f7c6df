"""The checks, in the order of a report: one file and one line each."""

from __future__ import annotations

from tracer.diagnostics.check import Check
from tracer.diagnostics.checks import (
    arc,
    bimi,
    bulk_rules,
    client_setup,
    dane,
    dkim,
    dmarc,
    dnsbl,
    dnssec,
    helo,
    mta_sts,
    mx,
    own_traces,
    ptr,
    second_opinion,
    smtp,
    spf,
    starttls,
    tls_rpt,
)

# Threads start in this order: the conversation with mail hosts takes longest, so it begins first.
CHECKS: tuple[Check, ...] = (
    smtp.CHECK,
    mx.CHECK,
    spf.CHECK,
    dkim.CHECK,
    dmarc.CHECK,
    arc.CHECK,
    starttls.CHECK,
    dane.CHECK,
    mta_sts.CHECK,
    tls_rpt.CHECK,
    dnssec.CHECK,
    ptr.CHECK,
    helo.CHECK,
    dnsbl.CHECK,
    bimi.CHECK,
    bulk_rules.CHECK,
    client_setup.CHECK,
    own_traces.CHECK,
    second_opinion.CHECK,
)
ORDINARY = tuple(check for check in CHECKS if not check.on_request)
