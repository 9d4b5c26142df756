//! What follows the flags on a help page and in a manual page: examples, exit statuses, files and
//! environment variables.

use crate::exit;

/// What ends the page of one command.
pub(crate) struct Ending {
    /// The command, as it is typed after `pilotfish`.
    command: &'static str,
    /// Each runs as it is printed. `-h` of a group shows the first one.
    pub(crate) examples: &'static [&'static str],
    /// The exit statuses that the command has.
    statuses: &'static [u8],
}

/// The statuses of commands that send mails.
const SENDING: &[u8] = &[
    exit::OK,
    exit::USAGE,
    exit::DATA,
    exit::NO_INPUT,
    exit::NO_HOST,
    exit::UNAVAILABLE,
    exit::BUG,
    exit::OS_ERROR,
    exit::CANNOT_CREATE,
    exit::TEMPORARY,
    exit::PROTOCOL,
    exit::NO_PERMISSION,
    exit::CONFIG,
    exit::PARTIAL,
    exit::UNKNOWN,
    exit::HUNG_UP,
    exit::INTERRUPTED,
    exit::TERMINATED,
];

/// The statuses that callers of sendmail(1) get.
const CALLED: &[u8] = &[
    exit::OK,
    exit::USAGE,
    exit::DATA,
    exit::NO_INPUT,
    exit::NO_HOST,
    exit::UNAVAILABLE,
    exit::BUG,
    exit::OS_ERROR,
    exit::CANNOT_CREATE,
    exit::IO_ERROR,
    exit::TEMPORARY,
    exit::PROTOCOL,
    exit::NO_PERMISSION,
    exit::CONFIG,
];

/// The statuses of commands that set things up and connect.
const CONNECTING: &[u8] = &[
    exit::OK,
    exit::USAGE,
    exit::NO_HOST,
    exit::UNAVAILABLE,
    exit::CANNOT_CREATE,
    exit::TEMPORARY,
    exit::PROTOCOL,
    exit::NO_PERMISSION,
    exit::CONFIG,
    exit::INTERRUPTED,
];

/// The statuses of commands that look at files only.
const LOCAL: &[u8] = &[exit::OK, exit::USAGE, exit::CANNOT_CREATE, exit::CONFIG];

/// The statuses of commands that read nothing.
const PRINTING: &[u8] = &[exit::OK, exit::USAGE, exit::CANNOT_CREATE];

/// The statuses of commands that change the configuration, which another process may have locked.
const CHANGING: &[u8] = &[
    exit::OK,
    exit::USAGE,
    exit::CANNOT_CREATE,
    exit::TEMPORARY,
    exit::CONFIG,
    exit::INTERRUPTED,
];

const SEND: &[&str] = &[
    "pilotfish send ann@example.org -s 'A shark' -a shark.png < letter.txt",
    "pilotfish send ann@example.org bob@example.net -s News --markdown news.md",
    "df -h | pilotfish send me@example.org -s 'Disks of web1'",
    "pilotfish send -A work ann@example.org -s News --html @news.html --inline auto",
    "pilotfish send -A work --to ann@example.org -s Look -m 'A shark was here.' \\\n    \
     --html '<p>Look: <img src=cid:shark>' --inline shark=shark.png",
    "pilotfish send --server smtp.gmail.com --user me@gmail.com \\\n    \
     --password-file ~/.gmail.password ann@example.org -s Hi -m Hello",
    "ps aux | pilotfish send ann@example.org -s Log -m 'See:' -a '-;name=ps.txt'",
    "pilotfish send -t --raw finished.eml",
    "pilotfish send ann@example.org --text @letter.txt --dry-run",
];

const ENDINGS: &[Ending] = &[
    Ending {
        command: "send",
        examples: SEND,
        statuses: SENDING,
    },
    Ending {
        command: "sendmail",
        examples: &[
            "printf 'To: ann@example.org\\nSubject: Hi\\n\\nHello\\n' | pilotfish sendmail -t",
            "git config sendemail.sendmailCmd 'pilotfish sendmail'",
        ],
        statuses: CALLED,
    },
    Ending {
        command: "account add",
        examples: &[
            "pilotfish account add me@gmail.com",
            "pilotfish account add me@example.org --name work --server smtp.example.org \\\n    \
             --password-command 'pass show mail/work' --no-input",
        ],
        statuses: CONNECTING,
    },
    Ending {
        command: "account list",
        examples: &["pilotfish account list"],
        statuses: LOCAL,
    },
    Ending {
        command: "account show",
        examples: &["pilotfish account show work"],
        statuses: LOCAL,
    },
    Ending {
        command: "account test",
        examples: &["pilotfish account test work"],
        statuses: CONNECTING,
    },
    Ending {
        command: "account remove",
        examples: &["pilotfish account remove work"],
        statuses: CHANGING,
    },
    Ending {
        command: "account default",
        examples: &["pilotfish account default work"],
        statuses: CHANGING,
    },
    Ending {
        command: "auth login",
        examples: &[
            "pilotfish auth login work",
            "pilotfish auth login work --device",
            "pilotfish auth login gmail --paste",
        ],
        statuses: CONNECTING,
    },
    Ending {
        command: "auth status",
        examples: &["pilotfish auth status"],
        statuses: &[
            exit::OK,
            exit::USAGE,
            exit::CANNOT_CREATE,
            exit::NO_PERMISSION,
            exit::CONFIG,
        ],
    },
    Ending {
        command: "auth token",
        examples: &[
            "pilotfish auth token work",
            "msmtp: auth xoauth2, passwordeval \"pilotfish auth token work\"",
        ],
        statuses: CONNECTING,
    },
    Ending {
        command: "auth refresh",
        examples: &["pilotfish auth refresh work"],
        statuses: CONNECTING,
    },
    Ending {
        command: "auth logout",
        examples: &["pilotfish auth logout work"],
        statuses: CONNECTING,
    },
    Ending {
        command: "auth set",
        examples: &["pilotfish auth set work"],
        statuses: CONNECTING,
    },
    Ending {
        command: "config path",
        examples: &["pilotfish config path"],
        statuses: PRINTING,
    },
    Ending {
        command: "config check",
        examples: &["pilotfish config check"],
        statuses: LOCAL,
    },
    Ending {
        command: "config import",
        examples: &[
            "pilotfish config import ~/.msmtprc",
            "pilotfish config import ~/.muttrc --dry-run",
            "pilotfish config import ~/.gitconfig --store file",
        ],
        statuses: &[
            exit::OK,
            exit::USAGE,
            exit::DATA,
            exit::NO_INPUT,
            exit::CANNOT_CREATE,
            exit::TEMPORARY,
            exit::CONFIG,
            exit::INTERRUPTED,
        ],
    },
    Ending {
        command: "config show",
        examples: &["pilotfish config show --origin"],
        statuses: LOCAL,
    },
    Ending {
        command: "check",
        examples: &[
            "pilotfish check smtp.gmail.com",
            "pilotfish check me@gmail.com",
            "pilotfish check --login -A work",
            "pilotfish check --json mail.example.org:587 | jq .problems",
        ],
        statuses: CONNECTING,
    },
    Ending {
        command: "explain",
        examples: &["pilotfish explain '535-5.7.8 Username and Password not accepted'"],
        statuses: PRINTING,
    },
    Ending {
        command: "demo",
        examples: &[
            "pilotfish demo",
            "pilotfish demo -A work --to ann@example.org",
        ],
        statuses: SENDING,
    },
    Ending {
        command: "completions",
        examples: &[
            "pilotfish completions bash \\\n    \
             > ~/.local/share/bash-completion/completions/pilotfish",
            "pilotfish completions zsh > ~/.zfunc/_pilotfish",
            "pilotfish completions fish > ~/.config/fish/completions/pilotfish.fish",
        ],
        statuses: PRINTING,
    },
    Ending {
        command: "man",
        examples: &[
            "pilotfish man send | man -l -",
            "pilotfish man --output ~/.local/share/man/man1",
        ],
        statuses: PRINTING,
    },
];

/// The end of the page of a command, which has no subcommands.
pub(crate) fn of(command: &str) -> Option<&'static Ending> {
    ENDINGS.iter().find(|ending| ending.command == command)
}

/// A status, what it says, and whether the same mail may be sent again.
pub(crate) type Status = (u8, &'static str, &'static str);

pub(crate) const STATUSES: &[Status] = &[
    (
        exit::OK,
        "success; a mail was accepted for every recipient",
        "no",
    ),
    (exit::USAGE, "the command line is wrong", "once corrected"),
    (
        exit::DATA,
        "the mail, the sender or all recipients were rejected; or the mail is too large, or one of \
         its addresses, header fields or parts is wrong",
        "once corrected",
    ),
    (
        exit::NO_INPUT,
        "an attachment, the text or another file cannot be read",
        "once it is readable",
    ),
    (
        exit::NO_HOST,
        "the host name does not exist",
        "to another server",
    ),
    (
        exit::UNAVAILABLE,
        "the server does not offer something that is needed",
        "to another server",
    ),
    (
        exit::BUG,
        "a bug in Pilotfish: please report it",
        "no, ask first",
    ),
    (exit::OS_ERROR, "the operating system failed", "yes"),
    (
        exit::CANNOT_CREATE,
        "the output or a temporary file cannot be written",
        "once it is writable",
    ),
    (
        exit::IO_ERROR,
        "the whole mail was sent, and no reply came: it may have arrived",
        "no, ask first",
    ),
    (
        exit::TEMPORARY,
        "it did not succeed now, and may succeed later",
        "yes, later",
    ),
    (
        exit::PROTOCOL,
        "TLS or the protocol failed",
        "once corrected",
    ),
    (
        exit::NO_PERMISSION,
        "the server rejected the login",
        "with the right login",
    ),
    (
        exit::CONFIG,
        "the configuration, a key or the source of a password is at fault",
        "once corrected",
    ),
    (
        exit::PARTIAL,
        "the mail was accepted for some recipients, and not for the others",
        "to the others alone",
    ),
    (
        exit::UNKNOWN,
        "the whole mail was sent, and no reply came: for some recipients at least, it may have \
         arrived",
        "no, ask first",
    ),
    (
        exit::HUNG_UP,
        "the terminal was closed; nothing was sent",
        "yes",
    ),
    (
        exit::INTERRUPTED,
        "interrupted, or you answered no; nothing was sent",
        "yes",
    ),
    (exit::TERMINATED, "terminated; nothing was sent", "yes"),
];

/// Files that are read.
pub(crate) const FILES: &[(&str, &str)] = &[
    (
        "~/.config/pilotfish/config.toml",
        "your accounts and settings; with XDG_CONFIG_HOME, pilotfish/config.toml there",
    ),
    (
        "/etc/pilotfish/config.toml",
        "accounts and settings for all users; yours count more",
    ),
];

/// Environment variables that count.
pub(crate) const VARIABLES: &[(&str, &str)] = &[
    (
        "PILOTFISH_CONFIG",
        "the configuration to read, in place of your file and that of the system",
    ),
    (
        "XDG_CONFIG_HOME",
        "the folder of your configuration, in place of ~/.config",
    ),
    (
        "CREDENTIALS_DIRECTORY",
        "where systemd puts passwords that an account names by `password-credential`",
    ),
    (
        "DBUS_SESSION_BUS_ADDRESS",
        "the bus on which the keyring of the desktop is reached",
    ),
    (
        "SSL_CERT_FILE, SSL_CERT_DIR",
        "the certificate authorities of the system, for `--tls-roots system`",
    ),
    (
        "BROWSER",
        "the browsers for a login with OAuth 2.0, as in `firefox --new-tab %s`",
    ),
    ("VISUAL, EDITOR", "the editor of `--edit`, else vi"),
    (
        "PAGER",
        "shows `--help` on a terminal, else `less -FIRX`; empty for none",
    ),
    (
        "NO_COLOR, TERM",
        "no colours if NO_COLOR is set or TERM is dumb",
    ),
    (
        "LC_ALL, LC_CTYPE, LANG",
        "marks such as ✓ are printed in UTF-8 alone",
    ),
    ("TZ", "the time zone of the field Date"),
];

impl Ending {
    /// The statuses of the command, in the order of their codes.
    pub(crate) fn statuses(&self) -> impl Iterator<Item = &'static Status> {
        let is_of_this = |(code, ..): &&Status| self.statuses.contains(code);
        STATUSES.iter().filter(is_of_this)
    }

    /// Whether the command reads the configuration.
    pub(crate) fn is_configured(&self) -> bool {
        self.statuses.contains(&exit::CONFIG)
    }

    /// Whether the command sends mails, so that it matters whether one is sent again.
    pub(crate) fn sends(&self) -> bool {
        self.statuses.contains(&exit::DATA)
    }
}
