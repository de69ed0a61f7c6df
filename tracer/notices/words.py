"""The words that notices are known by, in the languages that the large programs speak.

All are compared in lower case. Sources: the texts of Postfix bounce(5), Exim (config
`bounce_message_file`), qmail-send.c, sendmail savemail.c, Exchange and Outlook in their
languages, Gmail, Yahoo, Yandex, Mail.ru, QQ, GMX and T-Online, Orange, La Poste, onet.pl.
"""

from __future__ import annotations

import re

DAEMONS = re.compile(
    r"mailer-?daemon|mail delivery (?:sub)?system|system administrator|smtp_mail_service|"
    r"interscan|imss@|mail system|postmaster|mdaemon|microsoftexchange|"
    r"mail ?administrator|<>|mailmaster|daemon@|bounce|delivery"
)
BOUNCE_SUBJECTS = (
    "undeliver", "delivery status notification", "delivery failure", "failure notice",
    "mail delivery failed", "returned mail", "delivery notification", "mail system error",
    "could not be delivered", "non delivery", "non-delivery", "delivery has failed",
    "message not delivered", "mail delivery problem", "mail failed", "failed mail", "user unknown",
    "mail delivery warning", "delivery warning", "returned to sender", "delivery report",
    "mail could not be", "delivery error", "message could not be", "rejected:",
    "unzustellbar", "nicht zugestellt", "nicht zustellbar", "unzustellbarkeit",
    "non remis", "non distribu", "échec de la remise", "echec de", "non délivré", "retour de",
    "не доставлен", "недоставлен", "не удалось доставить", "не может быть доставлено",
    "недоставка", "сообщение об ошибке доставки", "ошибка доставки",
    "nie dostarczon", "niedostarczon", "zwrot", "nie można dostarczyć", "nie zostało dostarczon",
    "no se puede entregar", "no se ha podido entregar", "devuelto", "non recapitabile",
    "não entregue", "onbestelbaar", "doručení se nezdařilo",
    "配信不能", "配信エラー", "エラーメール", "送信できません", "届けられません", "配達できません",
    "退信", "投递失败", "失败", "系统退信", "无法送达", "未送达", "無法傳遞", "无法投递",
)  # fmt: skip
DELAY_SUBJECTS = (
    "delayed", "(delay)", "warning: could not send", "warning: message", "still being retried",
    "delivery delay", "verzögert", "verzoegert", "retard", "отложен", "задерж", "opóźni",
    "配信遅延", "遅延", "延迟",
)  # fmt: skip
DELAY_TEXTS = (
    "this is a warning message only", "you do not need to resend your message",
    "no action is required on your part", "delivery attempts will continue",
    "still being retried", "has been delayed", "has not yet been delivered",
    "will be retried", "will keep trying", "will continue to be attempted", "will retry for",
    "delivery to the following recipient has been delayed",
    "delivery to these recipients or distribution lists has been delayed",
    "noch nicht zugestellt", "wird weiterhin versucht", "verzögerung",
    "sera retenté", "a été retardé", "n'a pas encore été",
    "пока не доставлено", "попытки доставки будут продолжены", "доставка задерживается",
    "будет повторена", "jeszcze nie został", "配信が遅れています", "仍将继续尝试",
)  # fmt: skip
OPENINGS = (
    "this is the mail system at host", "this is the mail delivery agent at",
    "this is an automatically generated delivery status notification",
    "this message was created automatically by mail delivery software",
    "hi. this is the qmail-send program", "this is the qmail-send program",
    "this is the mlmmj program", "this is the deliver program at",
    "delivery to the following recipient", "delivery has failed to these recipients",
    "your message did not reach some or all of the intended recipients",
    "your message wasn't delivered to", "your message couldn't be delivered",
    "your message to", "message not delivered", "address not found", "delivery incomplete",
    "i'm sorry to have to inform you that", "sorry, we were unable to deliver your message",
    "the original message was received at", "the following addresses had permanent fatal errors",
    "the following recipient(s) cannot be reached", "the following recipient(s) could not be",
    "unable to deliver message to the following", "could not be delivered to",
    "was not delivered to", "transcript of session follows", "undeliverable",
    "a message that you sent could not be delivered", "message could not be delivered",
    "did not reach the following recipient", "unable to deliver message to", "was not delivered to",
    "unable to deliver the message", "could not deliver", "couldn't deliver", "can't deliver",
    "undeliverable to", "delivery failed", "permanent fatal", "failed recipients",
    "not delivered to",
    "failed addresses follow", "delivery of email to this address", "failed to deliver",
    "permanent delivery", "this is a permanent error", "failed permanently", "permanent failure",
    "diese e-mail konnte nicht", "konnte nicht zugestellt werden", "fehler bei der zustellung",
    "konnten nicht erreicht werden", "ihre nachricht", "zustellung an folgende empfänger",
    "n'a pas pu être remis", "n'a pas pu etre", "n'ont pas pu être", "impossible de remettre",
    "échec de la remise", "n'a pu être délivré",
    "не удалось доставить", "не может быть доставлено", "не было доставлено", "не доставлено",
    "сообщение не доставлено", "письмо не доставлено", "не удалась доставка",
    "nie można dostarczyć", "nie została dostarczona", "nie mogła zostać dostarczona",
    "nie zostało dostarczone", "wiadomość nie", "niestety",
    "no se pudo entregar", "no se ha podido entregar", "non è stato possibile recapitare",
    "配信できませんでした", "送信できませんでした", "お届けできませんでした",
    "届けることができません",
    "无法送达", "投递失败", "退信", "退回", "无法投递", "未能送达", "無法送達",
)  # fmt: skip
AUTO_SUBJECTS = (
    "automatic reply", "auto reply", "autoreply", "auto-reply", "auto response", "autoresponse",
    "out of office", "out of the office", "on vacation", "away from", "vacation reply",
    "автоответ", "автоматический ответ", "в отпуске", "нет на месте", "в отъезде",
    "automatische antwort", "abwesenheit", "abwesend", "nicht im büro", "im urlaub",
    "réponse automatique", "absence du bureau", "absent", "en congé",
    "odpowiedź automatyczna", "autoodpowiedź", "nieobecność",
    "respuesta automática", "fuera de la oficina", "risposta automatica", "fuori sede",
    "resposta automática", "automatisch antwoord", "afwezig",
    "自動応答", "自動返信", "不在", "自动回复", "自动答复", "自動回覆",
)  # fmt: skip
CHALLENGES = (
    "please confirm your message", "confirm your email to", "verify that you are a real person",
    "sender verification", "requires that you verify", "challenge/response", "spamarrest",
    "boxbe", "tmda", "must confirm that you", "click the link below to deliver your message",
    "in order to complete the delivery", "подтвердите, что вы не робот",
    "bestätigen sie ihre nachricht",
)  # fmt: skip
COMPLAINT_SUBJECTS = ("complaint about message from", "abuse report", "spam complaint", "fbl:")
# What the returned message begins with where it is pasted below the notice.
RETURNED = re.compile(
    r"(?im)^[ \t>*-]*(?:"
    r"(?:this is )?a copy of the (?:message|headers)|this is a copy of (?:the|your) message|"
    r"below this line is a copy|-+ ?original message ?-+|original message follows|"
    r"-+ ?(?:original )?message headers? follows?|-+ the header of the original message|"
    r"-+ ?returned message|-+ ?message header|original message headers:|"
    r"original headers follow|the original message (?:is|was) attached|"
    r"-+ ?unsent message (?:below|follows)|message header follows|-+ ?original message header|"
    r"received: from |return-path: <"
    r")"
)
