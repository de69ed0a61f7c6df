"""Who sends our mail for us: providers, by the host that takes it from us or by their reports.

Only hosts for handing mail over stand here. A provider's MX (mxa.mailgun.org,
inbound-smtp.eu-west-1.amazonaws.com) takes mail in for its customers and is as final as any.
Source: the providers' pages on sending by SMTP, read 2026-11-22. Pure.
"""

from __future__ import annotations

import re

_REPORTS = "webhook/"
_HOSTS = (
    ("sendgrid", "Twilio SendGrid", r"smtp(?:\.eu)?\.sendgrid\.net"),
    ("mailgun", "Mailgun", r"smtp(?:\.eu)?\.mailgun\.org"),
    ("ses", "Amazon SES", r"email-smtp(?:-fips)?\.[a-z0-9-]+\.amazonaws\.com"),
    ("postmark", "Postmark", r"smtp(?:-broadcasts)?\.postmarkapp\.com"),
    ("sparkpost", "SparkPost", r"smtp(?:\.eu)?\.sparkpostmail\.com"),
    ("mailjet", "Mailjet", r"in(?:-v3)?\.mailjet\.com"),
    ("brevo", "Brevo", r"smtp-relay\.(?:brevo|sendinblue)\.com"),
    ("mandrill", "Mailchimp Transactional", r"smtp(?:\.us-east-1|\.us-west-2)?\.mandrillapp\.com"),
    ("resend", "Resend", r"smtp\.resend\.com"),
    ("mailersend", "MailerSend", r"smtp\.mailersend\.net"),
    ("mailtrap", "Mailtrap", r"(?:live|bulk)\.smtp\.mailtrap\.io"),
    ("unisender_go", "Unisender Go", r"smtp\.(?:go\d\.unisender\.ru|[a-z]+\d?\.unione\.io)"),
    ("scaleway", "Scaleway", r"smtp\.tem\.(?:scw\.cloud|scaleway\.com)"),
    ("elastic_email", "Elastic Email", r"smtp(?:25)?\.elasticemail\.com"),
)
_NAMES = {name: title for name, title, _ in _HOSTS} | {
    "ses_eventbridge": "Amazon SES", "postal": "Postal", "kumomta": "KumoMTA",
    "stalwart": "Stalwart",
}  # fmt: skip
_ANY = re.compile("|".join(f"(?P<{name}>{host})" for name, _, host in _HOSTS), re.IGNORECASE)


def provider_of(relay: str, program: str = "") -> str:
    """The provider that has a message, as people write it; "" if it is none that we know.

    `relay` as logged: "smtp.sendgrid.net[192.0.2.1]:587". `program` of the last word: reports
    have "webhook/sendgrid".
    """
    if program.startswith(_REPORTS):
        return _NAMES.get(program.removeprefix(_REPORTS), "")
    found = _ANY.fullmatch(relay.partition("[")[0].partition(":")[0])
    return _NAMES[found.lastgroup] if found and found.lastgroup else ""
