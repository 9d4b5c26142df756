//! Dovecot by LMTP: a reply for each recipient.

use pilotfish::message::BodyType;
use pilotfish::protocol::{Chunking, Pipelining, Strategy};
use pilotfish::session::{Mail, ServerConfig};
use pilotfish::transport::Route;
use pilotfish::{Message, Security};

use super::live_env::{self, address, fetch_all};
use super::session::{is_delivery_of, letter, new_id, octets};
use crate::session::send_each::strategy;
use crate::support::client::{send, summary};

/// By TCP, and by a Unix socket.
fn servers(strategy: Strategy) -> [ServerConfig; 2] {
    let server = || {
        let builder = ServerConfig::builder("localhost");
        builder.lmtp().strategy(strategy)
    };
    let by_tcp = server().port(live_env::port("lmtp"));
    let by_tcp = by_tcp.security(Security::Cleartext);
    let by_socket = server().route(Route::new().unix_socket(live_env::file("lmtp_socket")));
    [by_tcp.build().unwrap(), by_socket.build().unwrap()]
}

const STRATEGIES: [(Pipelining, Chunking); 4] = [
    (Pipelining::Never, Chunking::Never),
    (Pipelining::Auto, Chunking::Never),
    (Pipelining::Auto, Chunking::Always),
    (Pipelining::Eager, Chunking::Auto),
];

async fn to(recipients: &[&str], id: &str) -> Message {
    let text = "Longer than the quota of one of them.\n".repeat(20);
    let builder = recipients
        .iter()
        .fold(letter(id).text(text), |builder, user| {
            builder.to(address(user))
        });
    builder.build().await.unwrap()
}

#[tokio::test]
#[ignore = "needs the real servers: tests/run starts them"]
async fn full_and_unknown_mailboxes_do_not_affect_the_others() {
    for (pipelining, chunking) in STRATEGIES {
        for server in servers(strategy(pipelining, chunking)) {
            let id = new_id();
            let message = to(&["full", "carl", "nobody", "dora"], &id).await;
            let sent = octets(&message, BodyType::EightBit).await;
            let receipt = send(server.connect().await.unwrap(), message)
                .await
                .unwrap();
            let accepted: Vec<_> = receipt.accepted.iter().map(ToString::to_string).collect();
            assert_eq!(
                accepted,
                ["carl", "dora"].map(|user| format!("<{}>", address(user)))
            );
            let rejected = receipt.rejected.iter();
            let rejected: Vec<_> = rejected
                .map(|(path, reply)| (path.to_string(), reply.code().to_string()))
                .collect();
            let full = (format!("<{}>", address("full")), "552".to_owned());
            let no_recipient = (format!("<{}>", address("nobody")), "550".to_owned());
            assert_eq!(rejected, [full, no_recipient]);
            for user in ["carl", "dora"] {
                let arrived = fetch_all(user, &id, 1);
                assert_eq!(arrived.len(), 1);
                assert!(is_delivery_of(&arrived[0], &sent));
            }
        }
    }
}

#[tokio::test]
#[ignore = "needs the real servers: tests/run starts them"]
async fn a_mail_without_accepted_recipients_is_rejected() {
    for (pipelining, chunking) in STRATEGIES {
        for server in servers(strategy(pipelining, chunking)) {
            let id = new_id();
            let mut session = server.connect().await.unwrap();
            let full = session.send(to(&["full"], &id).await).await;
            let no_recipient = session.send(to(&["nobody"], &id).await).await;
            let carl = session.send(to(&["carl"], &id).await).await;
            session.quit().await;
            let reported = [full, no_recipient, carl].map(|outcome| summary(&outcome));
            let start = "Rejected at EndOfData, NotAccepted, permanent: 552 5.2.2";
            assert!(reported[0].starts_with(start), "{reported:?}");
            assert_eq!(
                reported[1],
                "Rejected at Rcpt, NotAccepted, permanent: no reply"
            );
            assert!(
                reported[2].starts_with(&format!("<{}>: 250", address("carl"))),
                "{reported:?}"
            );
            assert_eq!(fetch_all("carl", &id, 1).len(), 1);
        }
    }
}

#[tokio::test]
#[ignore = "needs the real servers: tests/run starts them"]
async fn a_batch_has_the_replies_of_each_mail_apart() {
    for (pipelining, chunking) in STRATEGIES {
        for server in servers(strategy(pipelining, chunking)) {
            let id = new_id();
            let mut mails = Vec::new();
            for recipients in [
                &["carl", "full"][..],
                &["full"],
                &["nobody"],
                &["dora", "carl"],
            ] {
                mails.push(Mail::from(to(recipients, &id).await));
            }
            let mut session = server.connect().await.unwrap();
            let mut outcomes = vec![String::new(); mails.len()];
            let returned = session
                .send_each(futures_util::stream::iter(mails), |index, result| {
                    outcomes[index] = summary(&result);
                })
                .await;
            assert!(returned.is_empty(), "{returned:?}");
            session.quit().await;
            let starts = [
                format!(
                    "<{}>, not <{}> (552 5.2.2",
                    address("carl"),
                    address("full")
                ),
                "Rejected at EndOfData, NotAccepted, permanent: 552 5.2.2".to_owned(),
                "Rejected at Rcpt, NotAccepted, permanent: no reply".to_owned(),
                format!("<{}> <{}>: 250 2.0.0", address("dora"), address("carl")),
            ];
            for (outcome, start) in outcomes.iter().zip(starts) {
                assert!(outcome.starts_with(&start), "{outcome}");
            }
            assert_eq!(fetch_all("carl", &id, 2).len(), 2);
            assert_eq!(fetch_all("dora", &id, 1).len(), 1);
        }
    }
}
