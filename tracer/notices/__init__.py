"""Notices: what bounce messages, delay warnings, complaints and automatic replies say."""

from tracer.notices.model import (
    Action,
    Complaint,
    Headers,
    Notice,
    NoticeKind,
    NoticeRecipient,
    TrailHop,
)
from tracer.notices.read import looks_like_mail, read_notice

__all__ = [
    "Action",
    "Complaint",
    "Headers",
    "Notice",
    "NoticeKind",
    "NoticeRecipient",
    "TrailHop",
    "looks_like_mail",
    "read_notice",
]
