"""The mail of one firm, corp.example: a gateway, a mailbox host, and who works there.

mx1 takes mail from outside, sends it through the content filter and hands it to mx2;
it also takes mail from the firm's people and sends it out. mx2 keeps the mailboxes,
the aliases and the list. Both are ordinary configurations, with the waiting times
shortened by `Pace`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tests.system.lab.network import Place
from tests.system.lab.postfix import Instance, Setup

MAILBOXES = ("anna", "jonas", "olga", "ivan", "mei", "lucia", "sergey", "emma", "accounts", "info")
LEFT = "peter"
"""Still known to the gateway, no longer to the mailbox host."""
GREYLISTED = frozenset({"accounts", "lucia"})
ALIASES = {
    "support@corp.example": ("jonas@corp.example", "olga@corp.example"),
    "sales@corp.example": ("emma@corp.example",),
    "marta@corp.example": ("marta.silva@northwind.example",),
    "root@mx2.corp.example": ("ivan@corp.example",),
}
LIST = "team@lists.corp.example"
LIST_MEMBERS = ("anna@corp.example", "sergey@corp.example", "boris@pochta.example")
LIST_OWNER = "olga@corp.example"


@dataclass(frozen=True)
class Pace:
    """Postfix's waiting times, in seconds."""

    retry_s: int = 2
    lifetime_s: int = 30
    notice_s: int = 0
    """When a sender hears that the message is still waiting; 0 is never."""


@dataclass(frozen=True)
class Site:
    """Where everything of the firm listens."""

    mx1: Place
    submission: Place
    mx2: Place
    reinjection: Place
    filter: Place
    postscreen: Place | None = None
    policy_port: int = 0
    auth_port: int = 0
    milter_port: int = 0


def known_addresses() -> list[str]:
    """Every address that mx1 takes mail for."""
    local = [f"{name}@corp.example" for name in (*MAILBOXES, LEFT)]
    return sorted({*local, *ALIASES, LIST} - {"root@mx2.corp.example"})


def gateway(
    it: Instance, site: Site, pace: Pace, network: Mapping[str, str], routes: str, certificate: str
) -> Setup:
    """mx1: long queue ids, subjects logged, one kind of subject silently dropped."""
    here = site.mx1.address
    door = f"content_filter=scan:[{site.filter.address}]:{site.filter.port}"
    main = {
        **_both(site.mx1, pace),
        **network,
        **_screen(site),
        "enable_long_queue_ids": "yes",
        "mynetworks": f"127.0.0.0/8 {site.mx2.address}/32",
        "mydestination": "mx1.corp.example",
        "local_recipient_maps": "",
        "alias_maps": "",
        "relay_domains": "corp.example lists.corp.example",
        "relay_recipient_maps": it.table("recipients", "hash"),
        "transport_maps": it.table("transport", "hash"),
        "header_checks": it.table("header_checks", "pcre"),
        "message_size_limit": "200000",
        "smtpd_helo_required": "yes",
        "smtpd_helo_restrictions": "permit_mynetworks reject_non_fqdn_helo_hostname",
        "smtpd_sender_restrictions": f"permit_mynetworks reject_non_fqdn_sender "
        f"check_sender_access {it.table('senders', 'pcre')} $lab_sender_checks",
        "smtpd_relay_restrictions": "permit_mynetworks permit_sasl_authenticated "
        "reject_unauth_destination",
        "smtpd_recipient_restrictions": "permit_mynetworks permit_sasl_authenticated "
        "$lab_client_checks reject_unlisted_recipient "
        f"check_policy_service inet:127.0.0.1:{site.policy_port}",
        "smtpd_milters": f"inet:127.0.0.1:{site.milter_port}",
        "milter_default_action": "accept",
        "smtpd_sasl_type": "dovecot",
        "smtpd_sasl_path": f"inet:127.0.0.1:{site.auth_port}",
        "smtpd_tls_chain_files": certificate,
        "smtpd_tls_security_level": "may",
        "smtpd_tls_loglevel": "1",
    }
    services = [
        f"{here}:{site.mx1.port} inet n - n - - smtpd -o {door}",
        f"{here}:{site.submission.port} inet n - n - - smtpd -o syslog_name=postfix/submission"
        " -o smtpd_sasl_auth_enable=yes -o smtpd_sender_restrictions= -o smtpd_helo_restrictions="
        " -o smtpd_recipient_restrictions=permit_sasl_authenticated,reject",
        f"127.0.0.1:{site.reinjection.port} inet n - n - - smtpd -o content_filter="
        " -o smtpd_milters= -o receive_override_options=no_header_body_checks"
        " -o smtpd_authorized_xforward_hosts=127.0.0.0/8 -o smtpd_tls_security_level=none",
        "scan unix - - n - 10 smtp -o smtp_send_xforward_command=yes"
        " -o smtp_tls_security_level=none -o smtp_bind_address=127.0.0.1",
        *_postscreen(site, door),
    ]
    tables = {
        "recipients": "".join(f"{address} ok\n" for address in known_addresses()),
        "transport": f"corp.example relay:[{_host(site.mx2)}]:{site.mx2.port}\n"
        f"lists.corp.example relay:[{_host(site.mx2)}]:{site.mx2.port}\n"
        f"retired.example error:5.1.2 This domain takes no mail any more\n{routes}",
        "header_checks": "/^Subject: .*prize draw/ DISCARD unwanted advertising\n"
        "/^Subject:/ INFO\n",
        "senders": "/@blocked\\.example$/ 550 5.7.1 Access denied\n",
    }
    return Setup(main, tuple(services), tables, hashed=("recipients", "transport"))


def _screen(site: Site) -> dict[str, str]:
    if site.postscreen is None:
        return {}
    return {
        "postscreen_greet_wait": "2s",
        "postscreen_greet_action": "enforce",
        "postscreen_dnsbl_sites": "zen.blocklist.example",
        "postscreen_dnsbl_action": "enforce",
        "postscreen_cache_map": "btree:$data_directory/postscreen_cache",
    }


def _postscreen(site: Site, door: str) -> list[str]:
    if site.postscreen is None:
        return []
    return [
        f"{site.postscreen.address}:25 inet n - n - 1 postscreen",
        f"smtpd pass - - n - - smtpd -o {door}",
        "dnsblog unix - - n - 0 dnsblog",
        "tlsproxy unix - - n - 0 tlsproxy",
    ]


def mailbox_host(
    it: Instance, site: Site, pace: Pace, network: Mapping[str, str], mailboxes: str
) -> Setup:
    """mx2: short queue ids, mailboxes of virtual(8), a list kept by local(8)."""
    main = {
        **_both(site.mx2, pace),
        **network,
        "enable_long_queue_ids": "no",
        "mynetworks": f"127.0.0.0/8 {site.mx1.address}/32",
        "mydestination": "mx2.corp.example lists.corp.example",
        "local_recipient_maps": "",
        "alias_maps": it.table("aliases", "hash"),
        "virtual_mailbox_domains": "corp.example",
        "virtual_mailbox_base": mailboxes,
        "virtual_mailbox_maps": it.table("mailboxes", "hash"),
        "virtual_uid_maps": "static:65534",
        "virtual_gid_maps": "static:65534",
        "virtual_alias_maps": it.table("virtual", "hash"),
        "relayhost": f"[{_host(site.mx1)}]:{site.mx1.port}",
        "smtpd_relay_restrictions": "permit_mynetworks reject_unauth_destination",
    }
    tables = {
        "aliases": f"team: {', '.join(LIST_MEMBERS)}\nowner-team: {LIST_OWNER}\n",
        "mailboxes": "".join(f"{name}@corp.example {name}/\n" for name in MAILBOXES),
        "virtual": "".join(f"{alias} {', '.join(to)}\n" for alias, to in ALIASES.items()),
    }
    service = f"{site.mx2.address}:{site.mx2.port} inet n - n - - smtpd"
    return Setup(main, (service,), tables, hashed=("mailboxes", "virtual"), aliases=("aliases",))


def _host(place: Place) -> str:
    """How a transport names the place: by name where it has port 25, else by address."""
    return place.name if place.port == 25 else place.address


def _both(place: Place, pace: Pace) -> dict[str, str]:
    return {
        "myhostname": place.name,
        "mydomain": "corp.example",
        "inet_interfaces": place.address,
        "minimal_backoff_time": f"{pace.retry_s}s",
        "maximal_backoff_time": f"{2 * pace.retry_s}s",
        "queue_run_delay": "1s",
        "maximal_queue_lifetime": f"{pace.lifetime_s}s",
        "bounce_queue_lifetime": f"{pace.lifetime_s}s",
        "delay_warning_time": f"{pace.notice_s}s",
        "recipient_delimiter": "+",
        "smtp_connect_timeout": "5s",
        # One session for each message, so that a session tells about one message only.
        "smtp_connection_cache_on_demand": "no",
        "smtp_destination_rate_delay": "0s",
        "smtp_tls_security_level": "may",
        "smtp_tls_loglevel": "1",
        "notify_classes": "",
    }
