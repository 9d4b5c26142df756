"""Who has a mailbox on the servers, who may log in, and the passwords."""

from base64 import b64encode

DOMAIN = "pilotfish.test"
# What would trip up a shell or a careless parser.
PASSWORD = 'Deep & "blue" 42%d \\ $HOME ü'
WRONG_PASSWORD = "Not-the-password-of-anyone-7"
USERS = ["ann", "bob", "carl", "dora"]
# Has a mailbox that takes hardly anything: in the words of Dovecot 2.3 and of 2.4.
FULL = "full"
QUOTA = "userdb_quota_rule=*:bytes=100 userdb_quota_storage_size=100B"


def email(user):
    return f"{user}@{DOMAIN}"


def mailboxes():
    """Postfix's table of mailboxes."""
    return ", ".join(f"{email(user)}={user}" for user in USERS)


def logins():
    """Dovecot's file of logins."""
    return "".join(f"{email(user)}:{{PLAIN}}{PASSWORD}\n" for user in USERS)


def quotas(bed):
    """Dovecot's file of mailboxes that have no login."""
    return f"{email(FULL)}::mail:mail::{bed}/mail/{FULL}::{QUOTA}\n"


def plain_login(user="ann", password=PASSWORD):
    return f"\0{email(user)}\0{password}"


def base64(text):
    return b64encode(text.encode()).decode()


def secrets():
    """Every form in which a password could slip into an output."""
    for password in (PASSWORD, WRONG_PASSWORD):
        yield from (password, base64(password))
        yield from (base64(plain_login(user, password)) for user in USERS)
