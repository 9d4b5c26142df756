//! What Postfix makes of the parameters of DSN.

use serde_json::json;

use super::{
    bed::{self, address, assert_once, fetch},
    mail::Mail,
};

#[test]
#[ignore = "needs the real servers: tests/run starts them"]
fn the_sender_is_notified_of_success_as_was_asked() {
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
    let report = bed::report("ann", &mail.id);
    assert_eq!(report["notifications"], 1);
    // With RET=FULL the last would be message/rfc822.
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
    assert_eq!(fields["Action"], "delivered");
}
