"""Says of every mail 0.eml, 1.eml, ... in a directory what dkimpy finds wrong with its signature."""

import json
import logging
import os
import sys

import dkim


class Complaints(logging.Handler):
    def emit(self, record):
        complaints.append(record.getMessage())


logger = logging.getLogger("dkim")
logger.addHandler(Complaints())
logger.propagate = False

directory, records = sys.argv[1], json.loads(sys.argv[2])
results = []
for number in range(len(os.listdir(directory))):
    complaints = []
    with open(os.path.join(directory, f"{number}.eml"), "rb") as file:
        message = file.read()
    lookup = lambda name, timeout=5: records[name.decode().rstrip(".")].encode()
    if dkim.verify(message, logger=logger, dnsfunc=lookup):
        results.append(None)
    else:
        results.append("; ".join(complaints) or "the signature is wrong")
json.dump(results, sys.stdout)
