//! Requests to the server: notifications, deadlines and priorities.

use pilotfish::testing::Offer;

use super::cli_fixture::{CliFixture, server};
use super::run::Run;

#[tokio::test]
async fn flags_become_parameters() {
    let fixture = CliFixture::open(
        server()
            .offer(Offer::Dsn)
            .offer(Offer::DeliverBy(0))
            .offer(Offer::FutureRelease {
                longest: 86_400,
                latest: "2030-01-31T08:00:00Z".to_owned(),
            })
            .offer(Offer::MtPriority)
            .offer(Offer::RequireTls),
    )
    .await;
    let run = fixture.send(
        "--to ann@example.org --text Hi --dsn delay,success --dsn-return hdrs --dsn-envid 'a b' \
         --deliver-by 1h,return,trace --hold-for 2h --priority -9 --require-tls",
    );
    run.end().await.result();
    let mail = fixture.mail().await;
    for (keyword, value) in [
        ("RET", Some("HDRS")),
        ("ENVID", Some("a+20b")),
        ("BY", Some("3600;RT")),
        ("HOLDFOR", Some("7200")),
        ("MT-PRIORITY", Some("-9")),
        ("REQUIRETLS", Some("")),
    ] {
        assert_eq!(mail.mail_parameter(keyword), value, "{keyword}");
    }
    let notify = mail.rcpt_parameter("ann@example.org", "NOTIFY");
    assert_eq!(notify, Some("SUCCESS,DELAY"));
}

#[tokio::test]
async fn missing_extensions_are_69() {
    for (flags, words) in [
        ("--dsn never", "(DSN)"),
        ("--deliver-by 1h", "(DELIVERBY)"),
        ("--hold-until 2030-01-31T08:00:00Z", "(FUTURERELEASE)"),
        ("--priority 3", "(MT-PRIORITY)"),
        ("--require-tls", "5.7.30"),
    ] {
        let fixture = CliFixture::open(server()).await;
        let run = fixture.send(&format!("--to ann@example.org --text Hi {flags}"));
        run.end().await.fails(69, words);
        fixture.received_nothing().await;
    }
}

#[tokio::test]
async fn notifications_can_be_optional() {
    let fixture = CliFixture::open(server()).await;
    let run = fixture.send("--to ann@example.org --text Hi --dsn never --dsn-if-offered");
    run.end().await.result();
    let mail = fixture.mail().await;
    assert_eq!(mail.rcpt_parameter("ann@example.org", "NOTIFY"), None);
}

#[tokio::test]
async fn invalid_requests_are_64() {
    for (flags, words) in [
        ("--dsn sometimes", "write never, or some of"),
        ("--dsn-return some", "--dsn-return cannot be 'some'"),
        ("--dsn-envid ''", "printable ASCII"),
        ("--dsn-envid ö", "printable ASCII"),
        ("--deliver-by soon", "write a time as in 90s"),
        ("--deliver-by 0s,return", "more than 0"),
        ("--hold-for 0s", "use 1 to 999999999"),
        ("--hold-until tomorrow", "2030-01-31T08:00:00Z"),
        (
            "--hold-for 1h --hold-until 2030-01-31T08:00:00Z",
            "cannot be used with",
        ),
        ("--priority 10", "write a number from -9 to 9"),
        ("--on-rejected maybe", "--on-rejected cannot be 'maybe'"),
    ] {
        let arguments = "send --server there.invalid --from me@example.org --to ann@example.org";
        let run = Run::new(&format!("{arguments} {flags}"));
        run.end().await.fails(64, words);
    }
}
