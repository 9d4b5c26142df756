//! Every recipient of a mail gets it, and the command reports who did.

use serde_json::{Value, json};

use super::{
    live_env::{self, address, assert_once, fetch, header},
    mail::Mail,
};

#[test]
#[ignore = "needs the real servers: tests/run starts them"]
fn a_bcc_recipient_gets_the_mail_and_is_named_nowhere() {
    let mail = Mail::over("submission").to("bob").cc("carl").bcc("dora");
    let run = mail.send();
    let line = run.accepted();
    let copies = ["bob", "carl", "dora"].map(|user| fetch(user, &mail.id));
    for copy in &copies {
        assert_once(copy, line);
        assert_eq!(copy["to"], address("bob"));
        assert_eq!(copy["cc"], address("carl"));
        assert_eq!(header(copy, "Bcc"), None);
    }
    assert!(!copies[0].to_string().contains(&address("dora")));
    assert_eq!(copies[2]["delivered_to"], address("dora"));
}

#[test]
#[ignore = "needs the real servers: tests/run starts them"]
fn the_report_agrees_with_what_arrived() {
    let mail = Mail::over("submission").to("bob").arguments(["--json"]);
    let report = mail.send().report(0);
    let got = fetch("bob", &mail.id);
    assert_once(&got, &report["reply"]["lines"].to_string());
    assert_eq!(report["outcome"], "accepted");
    assert_eq!(report["error"], Value::Null);
    assert_eq!(
        outcomes(&report),
        json!([[address("bob"), "accepted", null]])
    );
    assert_eq!(report["tls"]["version"], "TLSv1.3");
    let message_id = report["message_id"].as_str().unwrap();
    assert!(header(&got, "Message-ID").unwrap().contains(message_id));
}

/// Address, outcome and code for each recipient.
fn outcomes(report: &Value) -> Value {
    let recipients = report["recipients"].as_array().unwrap().iter();
    recipients
        .map(|one| json!([one["address"], one["outcome"], one["reply"]["code"]]))
        .collect()
}

#[test]
#[ignore = "needs the real servers: tests/run starts them"]
fn an_unknown_recipient_does_not_affect_the_others() {
    let mail = Mail::over("submission")
        .to("bob")
        .to("nobody")
        .to("carl")
        .arguments(["--json"]);
    let report = mail.send().report(80);
    assert_eq!(report["outcome"], "partial");
    assert_eq!(
        outcomes(&report),
        json!([
            [address("bob"), "accepted", null],
            [address("nobody"), "rejected", 550],
            [address("carl"), "accepted", null],
        ])
    );
    assert_eq!(report["recipients"][1]["reply"]["enhanced"], "5.1.1");
    assert_eq!(fetch("bob", &mail.id)["copies"], 1);
    assert_eq!(fetch("carl", &mail.id)["copies"], 1);
}

#[test]
#[ignore = "needs the real servers: tests/run starts them"]
fn a_server_is_reached_by_its_ipv6_address() {
    if !live_env::has_ipv6() {
        // `servers start` has printed that this is not tested here.
        return;
    }
    let mail = Mail::over("submission").server(live_env::server("[::1]", "submission"));
    let mail = mail.to("bob");
    let run = mail.send();
    assert_once(&fetch("bob", &mail.id), run.accepted());
}

#[test]
#[ignore = "needs the real servers: tests/run starts them"]
fn a_password_is_sent_in_clear_text_on_request() {
    let mail = Mail::over("no_starttls").to("bob");
    let mail = mail.arguments(["--tls", "none", "--danger-cleartext-auth"]);
    let run = mail.send();
    assert_once(&fetch("bob", &mail.id), run.accepted());
}
