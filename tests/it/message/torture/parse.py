"""Prints the facts that Python's email package finds in the mails of a directory, by name."""

import datetime
import email
import email.policy
import hashlib
import json
import os
import re
import sys
from email.errors import NonASCIILocalPartDefect, UndecodableBytesDefect

ADDRESSES = ["from", "sender", "reply-to", "to", "cc", "bcc"]
IDS = ["in-reply-to", "references"]
OWN = re.compile("^(?!content-|mime-version$|date$|subject$|message-id$)")


# It knows no RFC 6532, but reads by it.
IN_UTF8 = (NonASCIILocalPartDefect, UndecodableBytesDefect)


def header(message):
    found = {d for part in message.walk() for d in defects(part) if not isinstance(d, IN_UTF8)}
    facts = {"defects": sorted({repr(d) for d in found})}
    for name in ADDRESSES:
        field = message[name]
        if field is None:
            continue
        if field.addresses:
            facts[name] = [address.addr_spec for address in field.addresses]
            facts[f"{name} names"] = [address.display_name for address in field.addresses]
        groups = [group.display_name for group in field.groups if group.display_name is not None]
        if groups:
            facts[f"{name} groups"] = groups
    if message["subject"] is not None:
        facts["subject"] = str(message["subject"])
    date = message["date"].datetime
    if date.tzinfo is None:  # -0000
        date = date.replace(tzinfo=datetime.timezone.utc)
    facts["date"] = int(date.timestamp())
    facts["zone"] = int(date.utcoffset().total_seconds() // 60)
    facts["message-id"] = str(message["message-id"]).strip("<>")
    for name, value in message.items():
        name = name.lower()
        if name in IDS:
            facts[f"ids {name}"] = [one.strip("<>") for one in str(value).split()]
        elif OWN.match(name) and name not in ADDRESSES:
            facts.setdefault(f"field {name}", []).append(str(value))
    return facts


def defects(part):
    yield from part.defects
    for value in part.values():
        yield from value.defects


def entity(part, place, facts):
    facts[f"{place} type"] = part.get_content_type()
    parameters = dict(part["content-type"].params) if part["content-type"] else {}
    parameters.pop("boundary", None)
    if parameters:
        facts[f"{place} parameters"] = parameters
    if part.get_content_disposition():
        facts[f"{place} disposition"] = part.get_content_disposition()
    if part.get_filename() is not None:
        facts[f"{place} name"] = part.get_filename()
    if part["content-id"]:
        facts[f"{place} id"] = part["content-id"].strip("<>")
    if part["content-language"]:
        facts[f"{place} language"] = part["content-language"]
    if part.is_multipart():
        for number, child in enumerate(part.iter_parts(), 1):
            entity(child, f"{place.rstrip('/')}/{number}", facts)
        return
    octets = part.get_payload(decode=True)
    if part.get_content_maintype() == "text" and not part.is_attachment():
        facts[f"{place} text"] = octets.decode(part.get_content_charset("ascii"))
    else:
        facts[f"{place} octets"] = f"{len(octets)} {hashlib.sha256(octets).hexdigest()}"


mails = []
for file in sorted(os.scandir(sys.argv[1]), key=lambda file: file.name):
    with open(file, "rb") as octets:
        message = email.message_from_bytes(octets.read(), policy=email.policy.default)
    facts = header(message)
    entity(message, "/", facts)
    mails.append(facts)
# Python keeps octets that are not ASCII as surrogates.
text = json.dumps(mails, ensure_ascii=False).encode("utf-8", "surrogateescape")
sys.stdout.buffer.write(text)
