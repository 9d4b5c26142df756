//! The header fields and the envelope.

use super::cli_fixture::{CliFixture, server};
use super::made::{Composer, fields};

#[tokio::test]
async fn fields_have_the_given_values() {
    for (arguments, expected) in [
        ("-s Hi", "Subject: Hi"),
        ("--message-id '<a@b>'", "Message-ID: <a@b>"),
        (
            "--date 'Tue, 1 Jul 2003 10:52:37 +0200'",
            "Date: Tue, 1 Jul 2003 10:52:37 +0200",
        ),
        (
            "--date '1 Jul 03 10:52 GMT'",
            "Date: Tue, 1 Jul 2003 10:52:00 +0000",
        ),
        (
            "--sender 'Eve <eve@example.org>'",
            "Sender: Eve <eve@example.org>",
        ),
        ("--sender me@example.org", ""),
        (
            "--in-reply-to '<a@b>'",
            "In-Reply-To: <a@b>\nReferences: <a@b>",
        ),
        (
            "--in-reply-to '<a@b>' --references '<c@d> <a@b>' --references '<e@f>'",
            "In-Reply-To: <a@b>\nReferences: <c@d> <a@b> <e@f>",
        ),
        ("--references '<a@b>'", "References: <a@b>"),
        (
            "--in-reply-to '<d3b8@0c28@x.test>' --references '<yes> <d3b8@0c28@x.test>'",
            "In-Reply-To: <d3b8@0c28@x.test>\nReferences: <yes> <d3b8@0c28@x.test>",
        ),
        (
            "-H 'Disposition-Notification-To: Zoë Åker <zoe@x.test>'",
            "Disposition-Notification-To: =?utf-8?b?Wm/DqyDDhWtlcg==?= <zoe@x.test>",
        ),
        (
            "-H 'Mail-Followup-To: ann@x.test, =?utf-8?q?Zo=C3=AB?= <zoe@x.test>'",
            "Mail-Followup-To: ann@x.test, =?utf-8?q?Zo=C3=AB?= <zoe@x.test>",
        ),
        (
            "-H 'List-Post: <mailto:list@x.test> (für alle)'",
            "List-Post: <mailto:list@x.test> (=?utf-8?b?ZsO8ciBhbGxl?=)",
        ),
        (
            "--reply-to 'Acme (Support) <a@x.test>'",
            "Reply-To: \"Acme (Support)\" <a@x.test>",
        ),
        (
            "--reply-to 'a@x.test <a@x.test>'",
            "Reply-To: \"a@x.test\" <a@x.test>",
        ),
        (
            "--auto-submitted generated",
            "Auto-Submitted: auto-generated",
        ),
        ("--auto-submitted replied", "Auto-Submitted: auto-replied"),
        ("--auto-submitted no", "Auto-Submitted: no"),
        (
            "--list-unsubscribe https://x.test/?a=b",
            "List-Unsubscribe: <https://x.test/?a=b>\n\
             List-Unsubscribe-Post: List-Unsubscribe=One-Click",
        ),
        (
            "--list-unsubscribe-mailto a+b@x.test",
            "List-Unsubscribe: <mailto:a%2Bb@x.test>",
        ),
        (
            "--list-unsubscribe https://x.test --list-unsubscribe-mailto a@x.test",
            "List-Unsubscribe: <https://x.test>, <mailto:a@x.test>\n\
             List-Unsubscribe-Post: List-Unsubscribe=One-Click",
        ),
    ] {
        let mail = Composer::default()
            .mail(&format!("{arguments} --text x"))
            .await;
        let names: Vec<_> = match expected {
            "" => vec!["Sender"],
            expected => expected
                .lines()
                .filter_map(|line| line.split(':').next())
                .collect(),
        };
        assert_eq!(fields(&mail, &names), expected, "{arguments}");
    }
}

#[tokio::test]
async fn several_authors_have_a_sender() {
    let authors = "--from 'ann@example.org, Bo <bo@example.org>' --to cy@example.org";
    let ended = Composer::default()
        .run(&format!("{authors} --sender bo@example.org --text x"))
        .await;
    assert_eq!(
        fields(&ended.stdout, &["From", "Sender"]),
        "From: ann@example.org, Bo <bo@example.org>\nSender: bo@example.org"
    );
}

#[tokio::test]
async fn failure_reports_go_to_the_given_address() {
    for (arguments, reverse_path) in [
        ("", "me@example.org"),
        ("--sender eve@example.org", "eve@example.org"),
        ("--envelope-from bounces@example.org", "bounces@example.org"),
        ("--envelope-from '<>'", ""),
    ] {
        let fixture = CliFixture::open(server()).await;
        let run = fixture.send(&format!("--to ann@example.org {arguments}"));
        run.end().await.result();
        assert_eq!(
            fixture.mail().await.reverse_path,
            reverse_path,
            "{arguments}"
        );
    }
}

#[tokio::test]
async fn invalid_values_are_64() {
    for (arguments, words) in [
        ("--message-id a@b", "use the form <left@right>"),
        ("--in-reply-to a@b", "use the form <left@right>"),
        ("--references ''", "no identifier"),
        ("--references '<a@b>,<c@d>'", "use the form <left@right>"),
        ("--date tomorrow", "is not a date"),
        (
            "--auto-submitted yes",
            "it is one of generated, replied, no",
        ),
        ("--list-unsubscribe http://x.test", "use https://"),
        ("--list-unsubscribe a@x.test", "use https://"),
        ("--date", "--date needs a value"),
    ] {
        let enough = "--from me@example.org --to ann@example.org";
        let ended = Composer::default()
            .run(&format!("{enough} {arguments}"))
            .await;
        ended.fails(64, words);
    }
}
