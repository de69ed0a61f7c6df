"""Domain names as they go on the wire: absolute, A-labels, lower case."""

from __future__ import annotations

_LABEL = 63  # octets, RFC 1035, 2.3.4
_NAME = 253  # characters without the dot at the end, which makes 255 octets


def ascii_name(name: str) -> str | None:
    """`name` in A-labels (IDNA 2008 with UTS 46 mapping), lower case, without a dot at the end.

    None for what cannot be a domain name: an empty or overlong label, an overlong name, a
    label that IDNA forbids. Any ASCII character may stand in a label (RFC 2181, 11): SPF
    macros make such names. A dot always divides labels.
    """
    if not name.isascii():
        mapped = _mapped(name)
        if mapped is None:
            return None
        name = mapped
    name = name.removesuffix(".").lower()
    if len(name) > _NAME:
        return None
    return name if all(0 < len(label) <= _LABEL for label in name.split(".")) else None


def _mapped(name: str) -> str | None:
    import idna

    try:
        mapped = idna.uts46_remap(name, std3_rules=False, transitional=False)
        return ".".join(
            label if label.isascii() else idna.alabel(label).decode("ascii")
            for label in mapped.split(".")
        )
    except idna.IDNAError:
        return None
