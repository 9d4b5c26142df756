"""Starts the servers from a copy of what tests/provision has unpacked. Nothing of the machine's own
Postfix, Dovecot or Exim is run or read.

The copy is in the bed, since the servers' users need not be able to read the folder of the tests. The
servers run as users that every Debian has, except Exim, which asks for a user of its own by name.
"""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import sys
from pathlib import Path

LIVE = Path(__file__).resolve().parent
TOOLS = LIVE.parents[2] / "target/tools"
COPIED = ("servers", "exim")
MODULES = "/usr/lib/dovecot/modules"
# Here is the module that checks the signatures of tokens.
CRYPTOGRAPHY = "/usr/lib/dovecot"


def missing():
    """What tests/provision has not fetched."""
    needed = (TOOLS / name for name in (*COPIED, "node/node"))
    return [str(path) for path in needed if not path.exists()]


def copy(bed):
    """Only what runs: no documentation, and no pages of a manual."""
    for name in COPIED:
        shutil.copytree(TOOLS / name, root(bed, name), symlinks=True,
                        ignore=shutil.ignore_patterns("share"))
    move_modules(bed)


def move_modules(bed):
    """Dovecot's programs load modules from a path that is compiled into them. Gives them a path of
    the same length in the bed."""
    path = f"{bed}/lib".ljust(len(MODULES), "/")
    if len(path) > len(MODULES):
        raise RuntimeError(f"{path} is longer than {MODULES}")
    (bed / "lib").symlink_to(root(bed) / MODULES[1:])
    # The path of the bed is too long for this one. A path from where Dovecot's processes run fits.
    (bed / "crypt").symlink_to(root(bed) / CRYPTOGRAPHY[1:])
    crypt = "../../crypt".ljust(len(CRYPTOGRAPHY), "/")
    for folder in ("usr/bin", "usr/sbin", "usr/lib/dovecot"):
        for file in (root(bed) / folder).rglob("*"):
            if file.is_file() and not file.is_symlink():
                octets = file.read_bytes().replace(MODULES.encode(), path.encode())
                octets = octets.replace(f"\0{CRYPTOGRAPHY}\0".encode(), f"\0{crypt}\0".encode())
                file.write_bytes(octets)


def root(bed, name="servers"):
    """Where the copy is: the root of a tree with `usr/sbin` and the like."""
    return bed / "copied" / name


def environment(root):
    """Lets programs find the libraries in their own tree, before the machine's."""
    libraries = sorted({str(path.parent) for path in root.rglob("lib*.so*")})
    return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LD_LIBRARY_PATH": ":".join(libraries)}


def start_postfix(bed):
    """Not by `postfix start`: the scripts that it runs would read what the machine has installed."""
    queue = bed / "queue"
    (queue / "pid").mkdir()
    for folder in ("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming",
                   "maildrop", "private", "public", "saved", "trace"):
        (queue / folder).mkdir(mode=0o700)
        shutil.chown(queue / folder, "news")
    run(bed, "usr/lib/postfix/sbin/master", "-w", "-c", bed / "postfix")


def start_dovecot(bed):
    """Dovecot would read its configuration with the machine's `doveconf`, whose absolute path is
    compiled in. This starts the `doveconf` of the copy in the way that Dovecot does it: `doveconf`
    reads the configuration and then runs Dovecot."""
    file = bed / "dovecot/dovecot.conf"
    how = ["-f", "service=master", "-m", "master", "-e"] if is_dovecot_2_3(bed) else ["-F"]
    run(bed, "usr/bin/doveconf", "-c", file, *how, root(bed) / "usr/sbin/dovecot", "-c", file)


def dovecot_file(bed):
    """Dovecot 2.4 cannot read what 2.3 reads."""
    return "dovecot-2.3.conf" if is_dovecot_2_3(bed) else "dovecot-2.4.conf"


def is_dovecot_2_3(bed):
    version = subprocess.run([root(bed) / "usr/sbin/dovecot", "--version"], check=True,
                             env=environment(root(bed)), stdout=subprocess.PIPE).stdout
    return version.startswith(b"2.3.")


def run(bed, program, *arguments):
    """Runs a program from the copy, which leaves daemons behind or nothing."""
    command = [str(word) for word in (root(bed) / program, *arguments)]
    # Not a pipe: the daemons would hold it open for ever.
    with open(bed / "start.log", "a") as log:
        process = subprocess.Popen(command, env=environment(root(bed)), start_new_session=True,
                                   stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        if process.wait() != 0:
            raise RuntimeError(f"{command[0]} failed")
    except BaseException:
        # Scripts start other scripts, and none may work on after us.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        raise


def start_exim(bed):
    """Exim asks for the user that its package would have made, and gets `mail` by that name."""
    folder, tree = bed / "exim", root(bed, "exim")
    mail = pwd.getpwnam("mail")
    numbers = f"{mail.pw_uid}:{mail.pw_gid}"
    users = "".join(f"{name}:x:{numbers}::/:/bin/sh\n" for name in ("Debian-exim", "mail"))
    groups = "".join(f"{name}:x:{mail.pw_gid}:\n" for name in ("Debian-exim", "mail"))
    (folder / "passwd").write_text(f"root:x:0:0::/:/bin/sh\n{users}", "utf-8")
    (folder / "group").write_text(f"root:x:0:\n{groups}", "utf-8")
    wrapper = {
        "LD_PRELOAD": "libnss_wrapper.so",
        "NSS_WRAPPER_PASSWD": str(folder / "passwd"),
        "NSS_WRAPPER_GROUP": str(folder / "group"),
    }
    start(folder, "mail", [tree / "usr/sbin/exim4", "-C", folder / "exim.conf", "-bdf"],
          environment(tree) | wrapper)


def start_next_hop(bed, port):
    start(bed / "next_hop", None, [sys.executable, LIVE / "next_hop", str(port)])


def start_maildev(bed):
    """As the owner of its folder: it does not need root. It finds its configuration there."""
    folder = bed / "maildev"
    owner = folder.stat().st_uid
    shutil.chown(bed / "tls/localhost.key", owner)
    program = TOOLS / "node/node_modules/maildev/dist/bin/maildev.js"
    start(folder, pwd.getpwuid(owner).pw_name, [TOOLS / "node/node", program], {})


def start(folder, user, command, env=None):
    """Starts a server that stays in the foreground, in a folder of its own."""
    who = {}
    if user:
        who = {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}
    with open(folder.with_suffix(".log"), "w") as log:
        subprocess.Popen(command, cwd=folder, env=env, start_new_session=True,
                         stdin=subprocess.DEVNULL, stdout=log, stderr=log, **who)
