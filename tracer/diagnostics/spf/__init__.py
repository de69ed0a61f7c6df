"""SPF (RFC 7208): the verdict for one client, and a look at the whole of a record."""

from tracer.diagnostics.spf.evaluate import evaluate
from tracer.diagnostics.spf.model import (
    MAX_LOOKUPS,
    MAX_VOIDS,
    SpfNode,
    SpfResult,
    SpfTerm,
    SpfVerdict,
)
from tracer.diagnostics.spf.survey import SpfFault, SpfSurvey, survey

__all__ = [
    "MAX_LOOKUPS",
    "MAX_VOIDS",
    "SpfFault",
    "SpfNode",
    "SpfResult",
    "SpfSurvey",
    "SpfTerm",
    "SpfVerdict",
    "evaluate",
    "survey",
]
