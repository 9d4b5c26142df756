//! Dialogues of known services, and one with every feature, cut inside TLS and before it.
//!
//! A handshake takes a thousand times as long as a cut, so the cuts are several octets apart. Each
//! kind of cut starts at a different octet. `every_octet` omits none.

use pilotfish::message::BodyType;

use super::clear::picture;
use super::verify::verify;
use super::{Dialogue, SessionSetup};
use crate::support::client::{ACCOUNT, Account};
use crate::support::mini_server::Replies;
use crate::support::script::Script;

/// The number of octets between two cuts.
const STRIDE: usize = 13;

fn fixture(host: &'static str, user: &'static str, fixture: &'static str) -> Dialogue {
    let setup = match fixture {
        _ if fixture.ends_with("_465") => SessionSetup::Implicit,
        _ => SessionSetup::StartTls,
    };
    let replies = Replies::of(&Script::fixture(fixture));
    Dialogue::new(fixture, Account { host, user }, setup, replies)
}

/// The dialogues that end with an error. All others succeed.
const FAILURES: [&str; 8] = [
    "gmail_421_after_end_of_data",
    "gmail_421_greeting",
    "gmail_454_too_many_logins",
    "gmail_534_application_password",
    "gmail_535_bad_credentials",
    "gmail_550_daily_limit",
    "gmail_552_too_large_at_mail",
    "gmail_lost_after_end_of_data",
];

/// Tests of one line: a host, a user, and the file of the dialogue.
macro_rules! cut {
    ($($fixture:ident($host:literal, $user:literal))*) => {$(
        #[tokio::test(start_paused = true)]
        async fn $fixture() {
            let dialogue = fixture($host, $user, stringify!($fixture));
            let tally = verify(&dialogue, STRIDE, stringify!($fixture).len()).await;
            assert!(tally.not_accepted > 0, "{tally:?}");
            assert_eq!(tally.accepted > 0, !FAILURES.contains(&stringify!($fixture)), "{tally:?}");
        }
    )*};
}

cut! {
    gmail_success("smtp.gmail.com", "me@gmail.com")
    gmail_success_465("smtp.gmail.com", "me@gmail.com")
    gmail_421_after_end_of_data("smtp.gmail.com", "me@gmail.com")
    gmail_421_greeting("smtp.gmail.com", "me@gmail.com")
    gmail_454_too_many_logins("smtp.gmail.com", "me@gmail.com")
    gmail_534_application_password("smtp.gmail.com", "me@gmail.com")
    gmail_535_bad_credentials("smtp.gmail.com", "me@gmail.com")
    gmail_550_daily_limit("smtp.gmail.com", "me@gmail.com")
    gmail_552_too_large_at_mail("smtp.gmail.com", "me@gmail.com")
    gmail_lost_after_end_of_data("smtp.gmail.com", "me@gmail.com")
    exchange_online("smtp.office365.com", "me@contoso.example")
    amazon_ses("email-smtp.eu-west-1.amazonaws.com", "me@shop.example")
    yahoo("smtp.mail.yahoo.com", "me@yahoo.example")
    icloud("smtp.mail.me.com", "me@icloud.example")
    fastmail_465("smtp.fastmail.com", "me@fastmail.example")
}

/// STARTTLS, a login, two recipients and an image.
fn all_there_is(setup: SessionSetup) -> Dialogue {
    let replies = Replies::Offering(&[
        "STARTTLS",
        "AUTH PLAIN LOGIN",
        "PIPELINING",
        "SIZE 1000000",
        "8BITMIME",
    ]);
    let message = picture(&["a@example.org", "b@example.org"], BodyType::EightBit);
    Dialogue::new("all there is", ACCOUNT, setup, replies).message(message)
}

#[tokio::test(start_paused = true)]
async fn all_there_is_by_starttls_and_at_once() {
    for setup in [SessionSetup::StartTls, SessionSetup::Implicit] {
        let tally = verify(&all_there_is(setup), STRIDE, 0).await;
        assert!(tally.accepted > 0, "{tally:?}");
        assert!(tally.unknown > tally.within_tls, "{tally:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn all_there_is_with_a_login_in_clear_text() {
    let replies = Replies::Offering(&["AUTH LOGIN", "PIPELINING"]);
    let dialogue = Dialogue::new("login", ACCOUNT, SessionSetup::ClearAuth, replies);
    let tally = verify(&dialogue, 1, 0).await;
    assert!(tally.unknown > 60 && tally.cases() > 1_800, "{tally:?}");
}

#[tokio::test(start_paused = true)]
#[ignore = "a minute of handshakes: tests/run runs it"]
async fn every_octet() {
    let tally = verify(&all_there_is(SessionSetup::StartTls), 1, 0).await;
    assert!(tally.cases() > 10_000, "{tally:?}");
}
