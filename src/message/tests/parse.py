"""Prints what Python's email package makes of the mails 0.eml, 1.eml, ... in a directory."""

import base64
import email
import email.policy
import json
import os
import sys


def addresses(message, name):
    field = message[name]
    if field is None:
        return []
    return [[a.display_name, a.addr_spec] for a in field.addresses]


def octets(part):
    return base64.b64encode(part.get_payload(decode=True)).decode()


mails = []
for number in range(len(os.listdir(sys.argv[1]))):
    with open(os.path.join(sys.argv[1], f"{number}.eml"), "rb") as file:
        message = email.message_from_bytes(file.read(), policy=email.policy.default)
    parts = [part for part in message.walk() if not part.is_multipart()]
    mails.append({
        "subject": message["subject"],
        "from": addresses(message, "from"),
        "to": addresses(message, "to"),
        "date": message["date"].datetime.strftime("%a, %-d %b %Y %H:%M:%S %z"),
        "message_id": message["message-id"],
        "field": message["x-field"],
        "defects": [str(d) for part in message.walk() for d in part.defects],
        "text": [octets(part) for part in parts if not part.is_attachment()],
        "attachments": [
            [part.get_filename(), part.get_content_type(), octets(part)]
            for part in parts
            if part.is_attachment()
        ],
    })
json.dump(mails, sys.stdout)
