"""Waits until each server answers as its tests need it."""

import imaplib
import smtplib
import ssl
import time
from urllib.request import urlopen

from accounts import PASSWORD, base64, email, plain_login

# Seconds: ten times what a slow machine needs.
PATIENCE = 30


def wait(bed, addresses, ports, services):
    """Waits for all of them; SERVICES has what Postfix offers at which port."""
    wait_until_ready(check_imap, ports["imap"])
    for name in ("next_hop", "dovecot", "exim"):
        wait_until_ready(check_chunking, ports[name])
    wait_until_ready(check_lmtp, ports["lmtp"])
    for name, service in services.items():
        for host in addresses:
            wait_until_ready(check_smtp, bed, host, ports[name], *service)
    maildev = ("implicit", "localhost", "LOGIN PLAIN")
    wait_until_ready(check_smtp, bed, "127.0.0.1", ports["maildev"], *maildev)
    wait_until_ready(check_web, ports["maildev_web"])


def wait_until_ready(check, *arguments):
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return check(*arguments)
        except (OSError, imaplib.IMAP4.error, smtplib.SMTPException):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def check_imap(port):
    with imaplib.IMAP4("127.0.0.1", port, timeout=PATIENCE) as imap:
        imap.authenticate("PLAIN", lambda _: plain_login().encode())


def check_web(port):
    with urlopen(f"http://127.0.0.1:{port}/api/healthz", timeout=PATIENCE) as answer:
        expect(answer.read(), b"true")


def check_chunking(port):
    with smtplib.SMTP("127.0.0.1", port, timeout=PATIENCE) as smtp:
        smtp.ehlo("bed.test")
        expect(smtp.has_extn("chunking"), True)


def check_lmtp(port):
    with smtplib.LMTP("127.0.0.1", port, timeout=PATIENCE) as lmtp:
        lmtp.ehlo("bed.test")
        expect(lmtp.has_extn("pipelining"), True)


def check_smtp(bed, host, port, tls, certified, logins):
    """One real dialogue, as far as a login."""
    context = ssl.create_default_context(cafile=bed / "tls/ca.pem")
    # Else the certificate for another name would end the check here.
    context.check_hostname = False
    if tls == "implicit":
        smtp = smtplib.SMTP_SSL(host, port, timeout=PATIENCE, context=context)
    else:
        smtp = smtplib.SMTP(host, port, timeout=PATIENCE)
    with smtp:
        smtp.ehlo("bed.test")
        expect(smtp.has_extn("starttls"), tls == "starttls")
        if tls == "starttls":
            smtp.starttls(context=context)
            smtp.ehlo("bed.test")
        if certified:
            expect(smtp.sock.getpeercert()["subjectAltName"][0], ("DNS", certified))
        expect(smtp.esmtp_features["auth"].split(), logins.split())
        if "PLAIN" in logins:
            reply = smtp.docmd("AUTH PLAIN", base64(plain_login()))
        else:
            smtp.docmd("AUTH LOGIN", base64(email("ann")))
            reply = smtp.docmd(base64(PASSWORD))
        expect(reply[0], 235)


def expect(value, expected):
    if value != expected:
        raise RuntimeError(f"{value!r} where {expected!r} was expected")
