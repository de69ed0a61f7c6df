"""The permalink of a delivery: its hop and its recipient, never a serial number."""

from __future__ import annotations

from zlib import crc32


def row_id(hop_id: int, recipient: str, original_recipient: str) -> str:
    """`m_`, 16 hex digits of the hop, 8 of a checksum of the recipient."""
    of_recipient = crc32(f"{recipient}\0{original_recipient}".encode())
    return f"m_{hop_id << 32 | of_recipient:024x}"


def hop_of_row_id(value: str) -> int | None:
    """The hop_id in a row id; None if it is none."""
    digits = value.removeprefix("m_")
    if digits == value or len(digits) != 24:
        return None
    try:
        return int(digits, 16) >> 32
    except ValueError:
        return None
