//! Mails that cannot be sent, or not safely: the command sends nothing, and prints the reason.

use std::{net::TcpStream, process::Command};

use super::{
    live_env::{self, assert_never_submitted},
    mail::{Mail, Run},
};

fn mail(service: &str) -> Mail {
    Mail::over(service).to("bob").arguments(["--transcript"])
}

/// The command ends with the code and one error, and no recipient gets the mail.
fn fails(mail: &Mail, code: i32) -> Run {
    let run = mail.send();
    run.failed(code);
    assert_never_submitted("bob", &mail.id);
    run
}

/// The same, and the server never receives this text.
fn fails_before(word: &str, mail: &Mail, code: i32) {
    let run = fails(mail, code);
    assert!(!run.commands().contains(&word), "{run:?}");
}

#[test]
#[ignore = "needs the real servers: tests/run starts them"]
fn a_wrong_password_ends_with_77() {
    let mail = mail("submission").password("wrong_password_file");
    fails_before("MAIL", &mail, 77);
}

#[test]
#[ignore = "needs the real servers: tests/run starts them"]
fn a_wrong_password_by_auth_login_ends_with_77() {
    let mail = mail("login_only").password("wrong_password_file");
    fails_before("MAIL", &mail, 77);
}

#[test]
#[ignore = "needs the real servers: tests/run starts them"]
fn an_untrusted_authority_ends_with_76_after_starttls() {
    fails_before("AUTH", &mail("submission").trusting("unrelated_ca"), 76);
}

#[test]
#[ignore = "needs the real servers: tests/run starts them"]
fn an_untrusted_authority_ends_with_76_over_implicit_tls() {
    fails_before("EHLO", &mail("submissions").trusting("unrelated_ca"), 76);
}

#[test]
#[ignore = "needs the real servers: tests/run starts them"]
fn a_certificate_for_another_host_ends_with_76_after_starttls() {
    fails_before("AUTH", &mail("other_name"), 76);
}

#[test]
#[ignore = "needs the real servers: tests/run starts them"]
fn a_certificate_for_another_host_ends_with_76_over_implicit_tls() {
    fails_before("EHLO", &mail("other_names"), 76);
}

#[test]
#[ignore = "needs the real servers: tests/run starts them"]
fn a_server_without_starttls_gets_no_password() {
    fails_before("AUTH", &mail("no_starttls"), 76);
}

#[test]
#[ignore = "needs the real servers: tests/run starts them"]
fn disabling_tls_does_not_send_the_password() {
    let mail = mail("no_starttls").arguments(["--tls", "none"]);
    let run = mail.send();
    assert!(!run.commands().contains(&"AUTH"), "{run:?}");
    assert_never_submitted("bob", &mail.id);
}

#[test]
#[ignore = "needs the real servers: tests/run starts them"]
fn a_message_over_the_size_limit_is_not_even_begun() {
    fails_before("MAIL", &mail("small").attach_hole(300_000), 65);
}

#[test]
#[ignore = "needs the real servers: tests/run starts them"]
fn only_unknown_recipients_end_with_65() {
    let mail = Mail::over("submission").to("nobody").bcc("no.one");
    fails(&mail, 65);
}

#[test]
#[ignore = "needs the real servers: tests/run starts them"]
fn a_login_is_required_by_the_server() {
    fails(&mail("submission").without_login(), 65);
}

#[test]
#[ignore = "needs the real servers: tests/run starts them"]
fn a_closed_port_ends_with_75() {
    // While our end of a connection uses this port, no server listens on it.
    let taken = TcpStream::connect(live_env::server("127.0.0.1", "submission")).unwrap();
    let closed = taken.local_addr().unwrap();
    fails_before("EHLO", &mail("submission").server(closed.to_string()), 75);
}

#[test]
#[ignore = "needs the real servers: tests/run starts them"]
fn an_unknown_host_ends_with_68() {
    let host = "no-such-host.invalid";
    // Without any name server the resolver may report a temporary failure.
    let code = if resolver_denies(host) { 68 } else { 75 };
    fails_before(
        "EHLO",
        &mail("submission").server(format!("{host}:587")),
        code,
    );
}

fn resolver_denies(host: &str) -> bool {
    let ask = "import socket, sys
try:
    socket.getaddrinfo(sys.argv[1], 587)
except socket.gaierror as error:
    sys.exit(error.errno != socket.EAI_NONAME)
sys.exit('it exists')";
    let python = Command::new("python3").args(["-c", ask, host]).status();
    python.unwrap().success()
}
