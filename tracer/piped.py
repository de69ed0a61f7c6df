"""A filter behind pipe(8) that hands the mail back by sendmail(1): what ties the two stays.

SpamAssassin is often bound in so (Postfix' FILTER_README, "simple content filter"): pipe(8)
logs `delivered via spamassassin service`, and pickup(8) takes the same mail in under another
queue id that no line connects with the first.  Both stays know the Message-ID, so that each,
for itself, names a tie made of it; `tracer.legs` asks for more before it joins them.
"""

from __future__ import annotations

from hashlib import blake2b

TIE = "pipe:"
_DELIVERED = "delivered via "
_AGENTS = ("pipe", "postfix")  # the latter where a logger cut the daemon's name off
_PICKED_UP = "local uid "


def names_given(message_id: str, program: str, reply: str) -> tuple[str, ...]:
    """The tie of a delivery that pipe(8) made; none for another agent's."""
    if not message_id or not reply.startswith(_DELIVERED) or not program.endswith(_AGENTS):
        return ()
    return (_tie(message_id),)


def names_taken(client_name: str, message_id: str) -> tuple[str, ...]:
    """The tie of a mail that pickup(8) took in; none for one that came another way."""
    if not client_name.startswith(_PICKED_UP) or not message_id:
        return ()
    return (_tie(message_id),)


def is_tie(name: str) -> bool:
    """Whether what stands among queue ids is such a tie."""
    return name.startswith(TIE)


def _tie(message_id: str) -> str:
    # No queue id holds a colon; a Message-ID may hold blanks, which part names in the store.
    return TIE + blake2b(message_id.encode("utf-8", "replace"), digest_size=9).hexdigest()
