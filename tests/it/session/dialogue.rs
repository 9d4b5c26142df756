//! Dialogues of known services, as their transcripts show them.

use crate::support::client::{Account, play_script, summary};
use crate::support::delivery::Delivery;
use crate::support::script::Script;

const GMAIL: Account = Account {
    host: "smtp.gmail.com",
    user: "me@gmail.com",
};

/// Replays a transcript in every delivery. The outcome is always the same.
async fn replay(account: Account, fixture: &str, outcome: &str) {
    let script = Script::fixture(fixture);
    for delivery in Delivery::ALL {
        let (result, _) = play_script(&script, delivery, async |stream| {
            let message = account.letter(&["a@example.org"]);
            if fixture.ends_with("_465") {
                account.submit_465(stream, message).await
            } else {
                account.submit(stream, message).await
            }
        })
        .await;
        let result = summary(&result);
        let result = result.replace(" d2e1a72fcca58-81fa12913cesm10275683b3a.48 - gsmtp", "");
        assert_eq!(result, outcome, "{delivery:?}");
    }
}

/// Tests of one line: an account, a transcript, and its outcome.
macro_rules! replays {
    ($($name:ident($account:expr, $fixture:literal): $outcome:literal)*) => {$(
        #[tokio::test(start_paused = true)]
        async fn $name() {
            replay($account, $fixture, $outcome).await;
        }
    )*};
}

replays! {
    gmail_accepts(GMAIL, "gmail_success"):
        "<a@example.org>: 250 2.0.0 OK  1781920757"
    gmail_accepts_on_port_465(GMAIL, "gmail_success_465"):
        "<a@example.org>: 250 2.0.0 OK  1781920757"
    gmail_rejects_the_password(GMAIL, "gmail_535_bad_credentials"):
        "Auth at Auth, NotAccepted, permanent: 535 5.7.8 Username and Password not accepted. \
         For more information, go to https://support.google.com/mail/?p=BadCredentials"
    gmail_requires_an_app_password(GMAIL, "gmail_534_application_password"):
        "Auth at Auth, NotAccepted, permanent: 534 5.7.9 Application-specific password required. \
         For more information, go to https://support.google.com/mail/?p=InvalidSecondFactor"
    gmail_had_too_many_logins_which_is_not_a_wrong_password(GMAIL, "gmail_454_too_many_logins"):
        "Auth at Auth, NotAccepted, transient: 454 4.7.0 Too many login attempts, \
         please try again later."
    gmail_is_busy_before_it_greets(GMAIL, "gmail_421_greeting"):
        "Closed at Greeting, NotAccepted, transient: 421 4.7.0 Try again later, \
         closing connection."
    gmail_rejects_the_declared_size_and_later_replies_are_not_the_error(
        GMAIL, "gmail_552_too_large_at_mail"
    ):
        "Rejected at Mail, NotAccepted, permanent: 552 5.2.3 Your message exceeded Google's \
         message size limits. Please visit https://support.google.com/mail/?p=MaxSizeError \
         to view our size guidelines."
    gmail_daily_limit_is_over_tomorrow(GMAIL, "gmail_550_daily_limit"):
        "Rejected at EndOfData, NotAccepted, transient: 550 5.4.5 Daily user sending limit \
         exceeded. For more information on Gmail sending limits go to \
         https://support.google.com/a/answer/166852"
    gmail_421_after_end_of_data_is_an_answer(GMAIL, "gmail_421_after_end_of_data"):
        "Closed at EndOfData, NotAccepted, transient: 421 4.3.0 Temporary System Problem.  \
         Try again later (10)."
    gmail_lost_after_end_of_data_is_fate_unknown(GMAIL, "gmail_lost_after_end_of_data"):
        "Closed at EndOfData, Unknown, permanent: no reply"
    exchange_online_takes_passwords_only_by_login(
        Account { host: "smtp.office365.com", user: "me@contoso.example" }, "exchange_online"
    ):
        "<a@example.org>: 250 2.0.0 OK <SY5P282MB0001.AUSP282.PROD.OUTLOOK.COM> \
         [Hostname=SY5P282MB0001.AUSP282.PROD.OUTLOOK.COM]"
    amazon_ses_gets_one_command_at_a_time(
        Account { host: "email-smtp.eu-west-1.amazonaws.com", user: "me@shop.example" },
        "amazon_ses"
    ):
        "<a@example.org>: 250 Ok 0102018f0c1d2e3f-000000"
    yahoo_accepts(
        Account { host: "smtp.mail.yahoo.com", user: "me@yahoo.example" }, "yahoo"
    ):
        "<a@example.org>: 250 OK , completed"
    icloud_accepts(
        Account { host: "smtp.mail.me.com", user: "me@icloud.example" }, "icloud"
    ):
        "<a@example.org>: 250 2.0.0 Ok: queued as 9315A18002C5"
    fastmail_accepts(
        Account { host: "smtp.fastmail.com", user: "me@fastmail.example" }, "fastmail_465"
    ):
        "<a@example.org>: 250 2.0.0 Ok: queued as 4CZlTk2Wk4z3"
}
