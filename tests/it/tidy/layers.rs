//! The modules that each module may use.

use std::collections::BTreeSet;
use std::path::Path;

use super::{File, ROOT, none, source};

/// The modules that each module of the library may use: the layers, lowest first.
const LAYERS: &[(&str, &[&str])] = &[
    ("secret", &[]),
    // A package that both use by name.
    ("cryptography", &[]),
    // Error messages of the operating system.
    ("descriptors", &[]),
    // Names and figures, which every recorder understands.
    ("observe", &[]),
    ("address", &[]),
    // A reply, and the address that it is about, are values.
    ("error", &["address", "protocol"]),
    ("protocol", &["address", "secret", "cryptography"]),
    (
        "message",
        &["address", "secret", "descriptors", "cryptography"],
    ),
    // Rows and a template become messages; whoever sends them is not known here.
    ("merge", &["message", "address", "cryptography"]),
    (
        "transport",
        &["protocol", "secret", "error", "descriptors", "cryptography"],
    ),
    (
        "session",
        &[
            "protocol",
            "transport",
            "message",
            "address",
            "secret",
            "error",
            "observe",
        ],
    ),
    // The mode of a port is a value of sessions. Blanks in a secret may not be meant.
    ("services", &["session", "secret"]),
    // Only values of the protocol: a strategy, and the meaning of a reply.
    (
        "client",
        &[
            "services", "session", "protocol", "message", "address", "error", "observe",
        ],
    ),
    // It is a provider of a session's credentials, so it knows that trait, and no session. A session
    // knows the trait alone. Requests use the TLS and the routes of mail, and nothing else of SMTP but
    // the check of a token and the masks of secrets.
    (
        "oauth",
        &[
            "session",
            "transport",
            "protocol",
            "secret",
            "error",
            "cryptography",
        ],
    ),
    // It makes mails of rows, and outcomes of results.
    (
        "runner",
        &["spool", "client", "session", "protocol", "address", "error"],
    ),
    // A store knows nothing of mails but octets, and names content by its hash.
    ("spool", &["cryptography"]),
    // An account becomes a server with its route, TLS and login, a client with its limits, and a signer
    // of messages.
    (
        "config",
        &[
            "address",
            "client",
            "services",
            "protocol",
            "message",
            "transport",
            "session",
            "secret",
            "error",
            "oauth",
        ],
    ),
    // The errors of other modules become the crate's error.
    (
        "error_sources",
        &[
            "address",
            "config",
            "error",
            "merge",
            "message",
            "oauth",
            "protocol",
            "transport",
        ],
    ),
    // What became of many mails, as values of its own, and the hash of the page's style.
    ("report", &["cryptography"]),
    // The test server must not test itself.
    ("testing", &["secret", "cryptography"]),
];

/// Files that may use more than their module. Only one file of the test server uses the library: it
/// describes how a client connects. The server reads and replies without the library.
const FILES: &[(&str, &[&str])] = &[(
    "src/testing/client.rs",
    &["client", "error", "protocol", "session", "transport"],
)];

/// Modules whose types are also at the root of the crate.
const AT_THE_ROOT: &[(&str, &str)] = &[
    ("Client", "client"),
    ("Error", "error"),
    ("Fate", "error"),
    ("Problem", "error"),
    ("ErrorKind", "error"),
    ("Result", "error"),
    ("Stage", "protocol"),
    ("Attachment", "message"),
    ("Message", "message"),
    ("Credentials", "protocol"),
    ("Secret", "secret"),
    ("Security", "session"),
    ("ServerConfig", "session"),
];

/// The modules of the crate that the product's lines use.
fn modules_named(file: &File) -> BTreeSet<String> {
    let code = file
        .code()
        .map(|(_, line)| line)
        .collect::<Vec<_>>()
        .join("\n");
    let root = "super::".repeat(depth(file));
    let in_crate = code.split("crate::").skip(1);
    let after_root = in_crate.chain(code.split(root.as_str()).skip(1));
    let first_names = after_root.flat_map(|rest| {
        let list = rest.strip_prefix('{').and_then(|rest| rest.split_once('}'));
        list.map_or(vec![rest], |(list, _)| list.split(',').collect())
    });
    let mut modules = BTreeSet::new();
    for text in first_names {
        let end = |c: char| !c.is_alphanumeric() && c != '_';
        let name = text.trim().split(end).next().unwrap_or_default();
        let home = AT_THE_ROOT.iter().find(|(at_root, _)| *at_root == name);
        modules.insert(home.map_or(name, |(_, home)| home).to_owned());
    }
    modules.remove("");
    modules
}

/// How many levels the module of a file is below the crate root.
fn depth(file: &File) -> usize {
    let path = file.path.strip_prefix("src/").unwrap();
    let path = path.strip_suffix("/mod.rs").unwrap_or(path);
    path.split('/').count()
}

#[test]
fn a_layer_names_only_those_below() {
    let mut complaints = Vec::new();
    for file in source() {
        if file.path.starts_with("src/bin/") || ["lib", "manual"].contains(&file.module()) {
            continue;
        }
        let layer = LAYERS.iter().find(|(module, _)| *module == file.module());
        let Some((module, allowed)) = layer else {
            complaints.push(format!("{}: this module is in no layer", file.path));
            continue;
        };
        let more = FILES.iter().find(|(path, _)| *path == file.path);
        let more = more.map_or(&[][..], |(_, more)| more);
        for named in modules_named(&file) {
            let is_allowed = |list: &[&str]| list.contains(&named.as_str());
            if named != *module && !is_allowed(allowed) && !is_allowed(more) {
                complaints.push(format!("{}: {module} may not name {named}", file.path));
            }
        }
    }
    none(&complaints);
}

#[test]
fn the_layers_are_those_of_the_library() {
    let lib = std::fs::read_to_string(Path::new(ROOT).join("src/lib.rs")).unwrap();
    for (module, _) in LAYERS {
        let declared = format!("mod {module};");
        assert!(lib.contains(&declared), "there is no {module} any more");
    }
    let exported: Vec<_> = lib
        .lines()
        .filter(|line| line.starts_with("pub use "))
        .collect();
    for (name, module) in AT_THE_ROOT {
        let from = format!("pub use {module}::");
        let found = exported
            .iter()
            .any(|line| line.starts_with(&from) && line.contains(name));
        assert!(found, "{name} is not at the root any more");
    }
}

#[test]
fn protocol_has_no_io_no_clock_and_no_randomness() {
    let foreign = [
        "tokio",
        "rustls",
        "tracing",
        "message::",
        "Instant",
        "SystemTime",
        "Duration",
        "getrandom",
        "rand::",
        "std::net::Tcp",
        "std::io",
        "std::fs",
        "std::env",
        "async ",
        "println!",
    ];
    let mut complaints = Vec::new();
    for file in source() {
        // The time that a server asks the client to wait is a value that is parsed from its words.
        let reads_durations = file.path == "src/protocol/retry_after.rs";
        for (number, line) in file.code() {
            if reads_durations && line.contains("Duration") {
                continue;
            }
            if file.module() == "protocol"
                && let Some(word) = foreign.iter().find(|word| line.contains(**word))
            {
                complaints.push(format!("{}:{number}: {word}", file.path));
            }
        }
    }
    none(&complaints);
}
