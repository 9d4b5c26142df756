//! The advice for a login that the server wants and that was not asked for.

use pilotfish::testing::Fault::ReplyAt;
use pilotfish::testing::Point::{EndOfData, Mail, Rcpt};
use pilotfish::testing::Server;

use super::hints::{CLEAR, NO_LOGIN, advice};
use super::office::Office;

#[tokio::test]
async fn a_login_that_is_missing() {
    for point in [Mail, Rcpt] {
        advice(&[
            (
                NO_LOGIN,
                point,
                "530 5.7.0 Authentication required",
                "give --user and --password-file",
            ),
            (
                CLEAR,
                point,
                "530 5.7.0 Authentication required",
                "leave --tls none out",
            ),
            (
                CLEAR,
                point,
                "535 5.7.1 Authentication required",
                "leave --tls none out",
            ),
            (
                NO_LOGIN,
                point,
                "535 5.7.0 no",
                "give --user and --password-file",
            ),
            (
                NO_LOGIN,
                point,
                "554 5.7.1 SMTP AUTH is required",
                "give --user and --password-file",
            ),
            (
                CLEAR,
                point,
                "550 5.7.1 Authentication is required to relay",
                "leave --tls none out",
            ),
            (
                NO_LOGIN,
                point,
                "550 You must log in",
                "give --user and --password-file",
            ),
            (
                CLEAR,
                point,
                "530 5.7.0 Must issue a STARTTLS command first",
                "leave --tls none out",
            ),
        ])
        .await;
    }
    for (point, reply, status, words) in [
        (
            Mail,
            "550 5.7.1 Authentication required",
            77,
            "the server wants a login",
        ),
        (
            Mail,
            "503 Error: need EHLO and AUTH first !",
            77,
            "the server wants a login",
        ),
        (
            Mail,
            "503 5.5.4 Error: send AUTH command first",
            77,
            "the server wants a login",
        ),
        // The domain is not authenticated, whoever logs in.
        (
            EndOfData,
            "550 5.7.26 the sender is not authenticated. SPF did not pass",
            65,
            "SPF",
        ),
        (
            EndOfData,
            "554 5.7.5 the domain requires authentication",
            65,
            "554 5.7.5",
        ),
        (
            Rcpt,
            "550 5.7.23 <me@example.org> is not authenticated: SPF fail",
            65,
            "SPF",
        ),
    ] {
        let fault = ReplyAt(point, reply.to_owned());
        let office = Office::open(Server::builder().anonymous().fault_every(1, fault)).await;
        let run = office.send_without_login(&format!("{NO_LOGIN} --to ann@example.org --text Hi"));
        let ended = run.end().await;
        ended.fails(status, words);
        let advised = ended.stderr.contains("the server wants a login");
        assert_eq!(advised, status == 77, "{reply}: {ended:?}");
    }
}
