//! How Postfix handles the parameters of extensions.

use serde_json::json;

use super::{
    live_env::{self, address, assert_once, fetch},
    mail::Mail,
};

#[test]
#[ignore = "needs the real servers: tests/run starts them"]
fn the_sender_is_notified_of_success_on_request() {
    let mail = Mail::over("submission").to("bob");
    let id = format!("{}+=", mail.id);
    let mail = mail.arguments([
        "--dsn",
        "success",
        "--dsn-return",
        "hdrs",
        "--dsn-envid",
        &id,
    ]);
    let run = mail.send();
    assert_once(&fetch("bob", &mail.id), run.accepted());
    let report = live_env::report("ann", &mail.id);
    assert_eq!(report["notifications"], 1);
    // With RET=FULL the last part would be message/rfc822.
    let parts = [
        "text/plain",
        "message/delivery-status",
        "text/rfc822-headers",
    ];
    assert_eq!(report["parts"], json!(parts));
    let fields = &report["fields"];
    assert_eq!(fields["Original-Envelope-Id"], id);
    let recipient = format!("rfc822; {}", address("bob"));
    assert_eq!(fields["Final-Recipient"], recipient);
    // Dovecot, which has the mailbox, does not offer DSN.
    assert_eq!(fields["Action"], "relayed");
}

#[test]
#[ignore = "needs the real servers: tests/run starts them"]
fn an_address_beyond_ascii_is_accepted() {
    let sender = address("jörg");
    let mail = Mail::over("sink").to("bob");
    let mail = mail.arguments(["--transcript", "--envelope-from", &sender]);
    let run = mail.send();
    run.accepted();
    let said = format!("MAIL FROM:<{sender}> ");
    let line = run
        .stderr
        .lines()
        .find(|line| line.contains(&said))
        .unwrap();
    assert!(line.ends_with(" SMTPUTF8"), "{line}");
}
