"""Says what dkimpy finds wrong with each signature of each mail: verify.py RECORDS MAIL..."""

import json
import logging
import sys

import dkim


class Complaints(logging.Handler):
    def emit(self, record):
        complaints.append(record.getMessage())


logger = logging.getLogger("dkim")
logger.addHandler(Complaints())
logger.propagate = False

records = json.loads(sys.argv[1])


def lookup(name, timeout=5):
    return records.get(name.decode().rstrip("."), "").encode()


results = []
for path in sys.argv[2:]:
    with open(path, "rb") as file:
        mail = dkim.DKIM(file.read(), logger=logger)
    signatures = [name for name, _ in mail.headers if name.lower() == b"dkim-signature"]
    results.append([])
    for number in range(len(signatures)):
        complaints = []
        try:
            valid = mail.verify(number, dnsfunc=lookup)
        except dkim.DKIMException as error:
            valid = complaints.append(str(error))
        complaint = "; ".join(complaints) or "the signature is wrong"
        results[-1].append(None if valid else complaint)
json.dump(results, sys.stdout)
