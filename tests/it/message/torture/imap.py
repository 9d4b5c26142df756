"""Prints the facts that Dovecot finds in the mails of a directory, by name.

The mails go into a mailbox of their own, by APPEND, and come back as ENVELOPE, BODYSTRUCTURE and
BODY[n] (RFC 3501). PILOTFISH_LIVE names the folder of the running servers. Dovecot does not
decode: this does, by the encodings that Dovecot names, and with nothing of Python's email package
but the reader of dates.
"""

import base64
import hashlib
import imaplib
import json
import os
import quopri
import re
import sys
from datetime import timezone
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import unquote_to_bytes

PATIENCE = 30
LISTS = ["from", "sender", "reply-to", "to", "cc", "bcc"]
IDS = ["in-reply-to", "references"]
ENCODED_WORD = re.compile(r"=\?([^?*]+)(?:\*[^?]*)?\?([bq])\?([^? ]*)\?=", re.I)
BETWEEN = re.compile(r"(\?=)\s+(?==\?[^?]+\?[bq]\?[^? ]*\?=)", re.I)
OWN = re.compile("^(?!content-|mime-version$|date$|subject$|message-id$)")


def main(directory):
    bed = json.loads((Path(os.environ["PILOTFISH_LIVE"]) / "live.json").read_text("utf-8"))
    with imaplib.IMAP4("127.0.0.1", bed["ports"]["imap"], timeout=PATIENCE) as imap:
        login = f"\0{bed['users']['dora']}\0{bed['password']}".encode()
        imap.authenticate("PLAIN", lambda _: login)
        mailbox = f"torture-{os.getpid()}"
        done(imap.create(mailbox))
        try:
            files = sorted(Path(directory).iterdir())
            for file in files:
                done(imap.append(mailbox, None, None, file.read_bytes()))
            done(imap.select(mailbox, readonly=True))
            json.dump([facts(imap, n) for n in range(1, len(files) + 1)], sys.stdout)
        finally:
            if imap.state == "SELECTED":
                imap.close()
            imap.delete(mailbox)


def done(reply):
    status, data = reply
    if status != "OK":
        sys.exit(f"Dovecot: {status} {data}")
    return data


def fetch(imap, number, items):
    """What FETCH gave, as name and value."""
    pieces = []
    for piece in done(imap.fetch(str(number), f"({items})")):
        # A literal comes apart from its length.
        pieces += [(piece[0] + b"\r\n", piece[1])] if isinstance(piece, tuple) else [(piece, None)]
    found, _ = values(list(tokens(pieces)), 0)
    found = found[1]
    return dict(zip(found[::2], found[1::2]))


TOKEN = re.compile(rb'\s*(?:([()])|"((?:[^"\\]|\\.)*)"|\{\d+\}\r\n|([^\s()"{]+))', re.S)


def tokens(pieces):
    for text, literal in pieces:
        at = 0
        while match := TOKEN.match(text, at):
            at = match.end()
            bracket, string, atom = match.groups()
            if bracket:
                yield bracket
            elif string is not None:
                yield ("string", re.sub(rb"\\(.)", rb"\1", string))
            elif atom is not None:
                yield ("atom", atom)
        if literal is not None:
            yield ("string", literal)


def values(stream, at):
    """The values up to the closing bracket; and where that is."""
    found = []
    while at < len(stream) and stream[at] != b")":
        token = stream[at]
        if token == b"(":
            inner, at = values(stream, at + 1)
            found.append(inner)
        elif token[0] == "atom":
            found.append(None if token[1].upper() == b"NIL" else token[1].decode())
        else:
            found.append(token[1])
        at += 1
    return found, at


def text(octets):
    """A value that is printable ASCII on the wire, its encoded words decoded."""
    line = re.sub(r"\r\n([ \t])", r"\1", octets.decode())

    def decoded(word):
        charset, encoding, encoded = word.groups()
        if encoding.lower() == "b":
            content = base64.b64decode(encoded, validate=True)
        else:
            content = quopri.decodestring(encoded.encode(), header=True)
        return content.decode(charset)

    return ENCODED_WORD.sub(decoded, BETWEEN.sub(r"\1", line))


def facts(imap, number):
    got = fetch(imap, number, "ENVELOPE BODYSTRUCTURE BODY.PEEK[HEADER]")
    date, subject, *lists, _, message_id = got["ENVELOPE"]
    date = parsedate_to_datetime(date.decode())
    if date.tzinfo is None:  # -0000
        date = date.replace(tzinfo=timezone.utc)
    found = {
        "date": int(date.timestamp()),
        "zone": int(date.utcoffset().total_seconds() // 60),
        "message-id": message_id.decode().strip("<>"),
        "defects": [],
    }
    if subject is not None:
        found["subject"] = text(subject)
    header = fields(got["BODY[HEADER]"])
    for name, mailboxes in zip(LISTS, lists):
        # Dovecot gives From for these if they are not there (RFC 3501 section 7.4.2).
        if mailboxes and name in header:
            add_mailboxes(found, name, mailboxes)
    for name, field in header.items():
        if name in IDS:
            found[f"ids {name}"] = [one.strip("<>") for one in text(field[0]).split()]
        elif OWN.match(name) and name not in LISTS:
            found[f"field {name}"] = [text(value) for value in field]
    entity(imap, number, got["BODYSTRUCTURE"], "", "/", found)
    return found


def fields(header):
    found = {}
    for line in re.sub(rb"\r\n([ \t])", rb"\1", header).split(b"\r\n"):
        if line:
            name, _, value = line.partition(b":")
            found.setdefault(name.decode().lower(), []).append(value.removeprefix(b" "))
    return found


def add_mailboxes(found, field, mailboxes):
    groups, addresses, names = [], [], []
    for name, _, local_part, domain in mailboxes:
        if domain is not None:
            addresses.append(f"{quoted(local_part.decode())}@{domain.decode()}")
            names.append(text(name or b""))
        elif local_part is not None:
            groups.append(text(local_part))
    if addresses:
        found[field] = addresses
        found[f"{field} names"] = names
    if groups:
        found[f"{field} groups"] = groups


def quoted(local_part):
    """A local part, whose quotes IMAP takes away (RFC 3501 section 7.4.2)."""
    if re.fullmatch(r"[^\x00-\x20()<>\[\]:;@\\,.\"]+(\.[^\x00-\x20()<>\[\]:;@\\,.\"]+)*", local_part):
        return local_part
    return '"' + re.sub(r'(["\\])', r"\\\1", local_part) + '"'


def entity(imap, number, structure, path, place, found):
    if isinstance(structure[0], list):
        children = [child for child in structure if isinstance(child, list)]
        children = children[: next(i for i, v in enumerate(structure) if not isinstance(v, list))]
        subtype, *extension = structure[len(children) :]
        media_type = f"multipart/{subtype.decode()}"
        more, disposition, language = (extension + [None] * 3)[:3]
        for at, child in enumerate(children, 1):
            inside = f"{path}.{at}".lstrip("."), f"{place.rstrip('/')}/{at}"
            entity(imap, number, child, *inside, found)
        content_id = None
    else:
        main_type, subtype, more, content_id, _, encoding, *extension = structure
        media_type = f"{main_type.decode()}/{subtype.decode()}"
        is_message = main_type.lower() + subtype.lower() == b"messagerfc822"
        if is_message:
            size, _, inner, *extension = extension
            extension = [size, *extension]
            path = path or "1"
            # The parts of a multipart in it are numbered as if they were in the message's place.
            inside = path if isinstance(inner[0], list) else f"{path}.1"
            entity(imap, number, inner, inside, f"{place.rstrip('/')}/1", found)
        # The number of lines, and one more extension: the MD5.
        has_lines = is_message or main_type.lower() == b"text"
        extension = extension[2:] if has_lines else extension[1:]
        _, disposition, language = (extension + [None] * 3)[:3]
        if not is_message:
            octets = body(imap, number, path or "1", encoding.decode().lower())
        is_text = main_type.lower() == b"text" and not disposition
        charset = parameters(more).get("charset", "ascii")
        if is_text:
            found[f"{place} text"] = octets.decode(charset)
        elif not is_message:
            found[f"{place} octets"] = f"{len(octets)} {hashlib.sha256(octets).hexdigest()}"
    found[f"{place} type"] = media_type.lower()
    more = parameters(more)
    more.pop("boundary", None)
    if more:
        found[f"{place} parameters"] = more
    if disposition:
        found[f"{place} disposition"] = disposition[0].decode().lower()
        name = parameters(disposition[1]).get("filename")
        if name is not None:
            found[f"{place} name"] = name
    if language:
        tags = language if isinstance(language, list) else [language]
        found[f"{place} language"] = ", ".join(tag.decode() for tag in tags)
    if content_id:
        found[f"{place} id"] = content_id.decode().strip("<>")


def body(imap, number, path, encoding):
    octets = fetch(imap, number, f"BODY.PEEK[{path}]")[f"BODY[{path}]"]
    if encoding == "base64":
        return base64.b64decode(octets.replace(b"\r\n", b""), validate=True)
    if encoding == "quoted-printable":
        return quopri.decodestring(octets)
    return octets


def parameters(found):
    """Parameters, continued and encoded ones (RFC 2231) put together."""
    whole, pieces = {}, {}
    found = found or []
    for name, value in zip(found[::2], found[1::2]):
        name = name.decode().lower()
        base, *section = name.rstrip("*").split("*")
        if "*" not in name:
            whole[name] = value.decode()
        else:
            key = int(section[0]) if section else 0
            pieces.setdefault(base, {})[key] = (value, name.endswith("*"))
    for base, sections in pieces.items():
        charset, octets = "ascii", b""
        for at in range(len(sections)):
            value, is_encoded = sections[at]
            if is_encoded and at == 0:
                charset, _, value = value.split(b"'", 2)
                charset = charset.decode()
            octets += unquote_to_bytes(value) if is_encoded else value
        whole[base] = octets.decode(charset)
    return whole


main(sys.argv[1])
