"""Who writes to whom in the sample, and about what: made-up people and subjects."""

from __future__ import annotations

import random

from tests.system.lab.network import Client

OUTSIDE = {
    "northwind.example": ("kim.larsen", "marta.silva", "orders", "paul.weber", "nina"),
    "fabrikam.example": ("david.chen", "billing", "priya", "tom.clark"),
    "contoso.example": ("julia.hoffmann", "support", "raj.patel"),
    "pochta.example": ("boris", "tatiana.orlova", "dmitry", "elena.sokolova"),
    "adatum.example": ("newsletter", "events", "luis.garcia"),
    "tailspin.example": ("amelie.dubois", "noreply", "hr"),
    "woodgrove.example": ("sofia.rossi", "statements"),
    "universitet.example": ("kafedra", "petrov", "library"),
}
CLIENTS = {
    "northwind.example": Client("mail.northwind.example", "203.0.113.20"),
    "fabrikam.example": Client("out1.fabrikam.example", "203.0.113.31"),
    "contoso.example": Client("smtp.contoso.example", "203.0.113.44"),
    "pochta.example": Client("relay7.pochta.example", "203.0.113.52"),
    "adatum.example": Client("bulk3.adatum.example", "203.0.113.60"),
    "tailspin.example": Client("mta.tailspin.example", "203.0.113.71"),
    "woodgrove.example": Client("mail2.woodgrove.example", "203.0.113.85"),
    "universitet.example": Client("mail.universitet.example", "203.0.113.93"),
}
OFFICE = {
    "anna": Client("pc-anna.corp.example", "192.0.2.101"),
    "jonas": Client("pc-jonas.corp.example", "192.0.2.102"),
    "olga": Client("pc-olga.corp.example", "192.0.2.103"),
    "mei": Client("laptop-mei.corp.example", "192.0.2.104"),
    "lucia": Client("", "203.0.113.180", "[192.168.1.23]"),
    "sergey": Client("", "203.0.113.191", "[10.0.0.7]"),
    "emma": Client("pc-emma.corp.example", "192.0.2.107"),
    "accounts": Client("erp.corp.example", "192.0.2.110"),
}
ENGLISH = (
    "Invoice {n}",
    "Re: Meeting on Monday",
    "Your order {n} has shipped",
    "Contract draft v{d}",
    "Fwd: Travel plans",
    "Quarterly report",
    "Re: Re: Lunch on Thursday?",
    "Ticket #{n} updated",
    "Password reset",
    "Offer {n}",
    "Minutes of the board meeting",
    "Re: Question about invoice {n}",
    "Delivery note {n}",
    "Reminder: training on Friday",
    "Photos from the summer party",
    "Payslip for October",
    "Server maintenance tonight",
    "Application for the open position",
)
RUSSIAN = (
    "Счёт на оплату №{n}",
    "Re: Встреча в понедельник",
    "Договор, версия {d}",
    "Акт сверки",
    "Заказ {n} отправлен",
    "Отчёт за октябрь",
    "Вопрос по счёту №{n}",
    "Приглашение на семинар",
    "Re: Командировка",
    "Расписание занятий",
    "Коммерческое предложение №{n}",
    "Напоминание об оплате",
    "Фотографии с конференции",
)
RUSSIAN_DOMAINS = ("pochta.example", "universitet.example")


def subject(rng: random.Random, domain: str) -> str:
    russian = rng.random() < (0.85 if domain in RUSSIAN_DOMAINS else 0.08)
    text = rng.choice(RUSSIAN if russian else ENGLISH)
    return text.format(n=rng.randint(1000, 9999), d=rng.randint(2, 9))


def message_id(rng: random.Random, domain: str) -> str:
    """A Message-ID as one of the common programs makes it."""
    kind = rng.randrange(4)
    if kind == 0:
        return f"{rng.getrandbits(32):08x}-{rng.getrandbits(16):04x}-4e07@{domain}"
    if kind == 1:
        return f"CA+{rng.getrandbits(64):016X}w@mail.{domain}"
    if kind == 2:
        return f"{rng.randint(10**8, 10**9)}.{rng.randint(1, 99)}.{rng.getrandbits(40)}@{domain}"
    return f"AM0PR{rng.randint(10, 99)}MB{rng.getrandbits(48):012X}@eurprd.{domain}"
