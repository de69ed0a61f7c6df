"""Zone-file lines that are ready to paste."""

from __future__ import annotations

_STRING = 255  # octets of one string, RFC 1035, 3.3
TTL_S = 3600


def txt_line(name: str, text: str, ttl_s: int | None = None) -> str:
    """A TXT record; a long text is divided into strings of the length allowed."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    pieces = [escaped[at : at + _STRING] for at in range(0, len(escaped), _STRING)] or [""]
    strings = " ".join(f'"{piece}"' for piece in pieces)
    return f"{name}. {TTL_S if ttl_s is None else ttl_s} IN TXT {strings}"
