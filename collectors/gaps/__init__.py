"""Repairing gaps: fetching from a provider's API what its webhooks did not bring.

Each provider is one file with a `REPAIR`, listed here.
"""

from __future__ import annotations

from collectors.gaps import mailgun, microsoft365, postmark, sendgrid, sparkpost
from collectors.gaps.repair import Repair

REPAIRS: tuple[Repair, ...] = (
    mailgun.REPAIR,
    sendgrid.REPAIR,
    postmark.REPAIR,
    sparkpost.REPAIR,
    microsoft365.REPAIR,
)

BY_PROVIDER = {repair.provider: repair for repair in REPAIRS}
