//! Ctrl-C: before the end of data the command cancels the mail. After it, the command waits for the
//! reply.

use pilotfish::testing::Fault::SilentAt;
use pilotfish::testing::Offer;
use pilotfish::testing::Point::{Body, Ehlo, EndOfData, Rcpt};
use rustix::process::Signal;

use super::cli_fixture::{CliFixture, Directory, server};
use super::peer::Peer;
use super::run::{Run, until};

/// The line of the log that shows that the end of data has left.
const LEFT: &str = "the mail has left";

#[tokio::test]
async fn while_it_waits_it_is_130() {
    for (signal, status) in [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129)] {
        let fixture = CliFixture::open(server().fault(SilentAt(Ehlo))).await;
        let mut sending = fixture
            .send("--to ann@example.org --transcript")
            .start()
            .await;
        sending.until("-> EHLO").await;
        sending.signal(signal);
        sending.end().await.fails(status, "the mail was not sent");
        fixture.received_nothing().await;
    }
}

#[tokio::test]
async fn before_the_greeting_it_is_130() {
    let peer = Peer::listen().await;
    let sending = peer.send("--to ann@example.org").start().await;
    let _client = peer.accept().await;
    sending.signal(Signal::INT);
    sending.end().await.fails(130, "the mail was not sent");
}

#[tokio::test]
async fn within_the_message_it_is_130_and_the_server_has_no_mail() {
    let fixture = CliFixture::open(server().fault(SilentAt(Body(100_000)))).await;
    fixture.directory.sparse_file("large.bin", 20_000_000);
    let run = fixture.send("--to ann@example.org -a large.bin --transcript");
    let mut sending = run.start().await;
    sending.until("<~ 354").await;
    sending.signal(Signal::INT);
    sending.end().await.fails(130, "the mail was not sent");
    fixture.received_nothing().await;
}

#[tokio::test]
async fn within_the_message_the_connection_ends_without_an_end_of_data() {
    let peer = Peer::listen().await;
    let fixture = CliFixture::open(server()).await;
    let file = fixture.directory.sparse_file("large.bin", 20_000_000);
    let run = peer.send("--to ann@example.org -a").args([file]);
    let sending = run.start().await;
    let mut client = peer.accept_up_to_data().await;
    client.expect_line("Date: ").await;
    sending.signal(Signal::INT);
    let last = client.expect_close().await;
    assert!(!last.ends_with(b"\r\n.\r\n"), "{last:?}");
    sending.end().await.fails(130, "the mail was not sent");
}

#[tokio::test]
async fn after_the_message_the_command_waits_for_the_reply() {
    let peer = Peer::listen().await;
    let mut sending = peer.send("--to ann@example.org -vvv").start().await;
    let mut client = peer.accept_up_to_data().await;
    client.expect_message().await;
    sending.until(LEFT).await;
    sending.signal(Signal::INT);
    sending.until("waiting for the reply").await;
    client.reply("250 2.0.0 Ok: queued as 4711").await;
    client.expect_line("QUIT").await;
    client.reply("221 bye").await;
    let ended = sending.end().await;
    assert!(ended.result().ends_with(": 4711"), "{ended:?}");
}

#[tokio::test]
async fn a_second_ctrl_c_after_the_message_is_81_at_once() {
    for (signal, word) in [(Signal::INT, "interrupted"), (Signal::TERM, "terminated")] {
        let peer = Peer::listen().await;
        let mut sending = peer.send("--to ann@example.org -vvv").start().await;
        let mut client = peer.accept_up_to_data().await;
        client.expect_message().await;
        sending.until(LEFT).await;
        sending.signal(Signal::INT);
        sending.until("waiting for the reply").await;
        sending.signal(signal);
        // The server never answers.
        let ended = sending.end().await;
        ended.fails(81, "before you send it again");
        ended.fails(81, word);
    }
}

#[tokio::test]
async fn the_json_outcome_is_unknown_too() {
    let peer = Peer::listen().await;
    let run = peer.send("--to ann@example.org -vvv --json");
    let mut sending = run.start().await;
    let mut client = peer.accept_up_to_data().await;
    client.expect_message().await;
    sending.until(LEFT).await;
    sending.signal(Signal::INT);
    sending.until("waiting for the reply").await;
    sending.signal(Signal::INT);
    let ended = sending.end().await;
    ended.reports(81, "interrupted");
    let outcome: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(outcome["outcome"], "unknown");
    assert_eq!(outcome["recipients"][0]["outcome"], "unknown");
}

/// `timeout` and service managers send signals that repeat: the command still waits for the reply.
#[tokio::test]
async fn a_repeated_sigterm_or_sighup_does_not_shorten_the_wait() {
    for (signal, last, status) in [
        (Signal::TERM, None, 0),
        (Signal::HUP, None, 0),
        (Signal::TERM, Some(Signal::INT), 81),
    ] {
        let peer = Peer::listen().await;
        let mut sending = peer.send("--to ann@example.org -vvv").start().await;
        let mut client = peer.accept_up_to_data().await;
        client.expect_message().await;
        sending.until(LEFT).await;
        sending.signal(signal);
        sending.until("waiting for the reply (for 10 s)").await;
        sending.signal(Signal::TERM);
        sending.signal(Signal::HUP);
        if let Some(last) = last {
            // The server never answers.
            sending.signal(last);
            let ended = sending.end().await;
            ended.fails(status, "(interrupted)");
            continue;
        }
        client.reply("250 2.0.0 queued as 4711").await;
        client.expect_line("QUIT").await;
        client.reply("221 bye").await;
        let ended = sending.end().await;
        assert_eq!(ended.status, status, "{signal:?}: {ended:?}");
    }
}

/// A service manager kills the process soon after SIGTERM: the exit status has to be set by then.
#[tokio::test]
async fn after_the_message_sigterm_waits_for_ten_seconds() {
    let peer = Peer::listen().await;
    let mut runs = Vec::new();
    for (signal, word) in [
        (Signal::TERM, "terminated"),
        (Signal::HUP, "the terminal was closed"),
    ] {
        let mut sending = peer
            .send("--to ann@example.org --text Hi -vvv")
            .start()
            .await;
        let mut client = peer.accept_up_to_data().await;
        client.expect_message().await;
        sending.until(LEFT).await;
        sending.signal(signal);
        sending.until("waiting for the reply (for 10 s)").await;
        sending.signal(signal);
        runs.push((sending, client, word));
    }
    // The server never answers.
    for (sending, _client, word) in runs {
        sending.end().await.fails(81, word);
    }
}

#[tokio::test]
async fn a_total_time_ends_a_mail_that_has_not_left_and_one_that_has() {
    let peer = Peer::listen().await;
    let mail = "--to ann@example.org --text Hi --timeout";
    let (silent, sent) = tokio::join!(
        async {
            let sending = peer.send(&format!("{mail} total=1s")).start().await;
            let _client = peer.accept().await;
            sending.end().await
        },
        async {
            let other = Peer::listen().await;
            // Long enough for the mail to leave on a busy machine.
            let sending = other.send(&format!("{mail} total=4s")).start().await;
            let mut client = other.accept_up_to_data().await;
            client.expect_message().await;
            sending.end().await
        }
    );
    silent.fails(
        75,
        "the total time of --timeout is over: the mail was not sent",
    );
    sent.fails(81, "before you send it again");
}

#[tokio::test]
async fn a_source_of_the_password_counts_in_the_total_time() {
    let fixture = CliFixture::open(server()).await;
    let run = fixture.send_without_login(
        "--to ann@example.org --text Hi --user me@example.org --timeout total=1s \
         --password-command 'exec sleep 60'",
    );
    run.end().await.fails(75, "the mail was not sent");
    fixture.received_nothing().await;
}

/// A pipe may stay open and yield nothing: the authorities and the text are read from pipes, and the
/// message is written to one.
#[tokio::test]
async fn a_signal_ends_a_command_that_waits_for_a_pipe() {
    const MAIL: &str = "--from me@example.org --to ann@example.org";
    let directory = Directory::new();
    directory.sparse_file("large", 1_000_000);
    let signals = [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129)];
    for (index, (arguments, words)) in [
        (
            "--server there.invalid --tls-ca pipe --text Hi",
            "the mail was not sent",
        ),
        ("--dry-run --text @pipe", "the mail was not sent"),
        (
            "--dry-run --text Hi -a large -o pipe",
            "the message was not written whole",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let pipe = format!("pipe{index}");
        directory.pipe(&pipe);
        for (signal, status) in signals {
            let arguments = arguments.replace("pipe", &pipe);
            let run = Run::new(&format!("send {MAIL} {arguments}")).directory(directory.path());
            let command = run.start().await;
            let path = directory.path().join(&pipe);
            let mut other_end = std::fs::File::options();
            if arguments.contains("-o ") {
                other_end.read(true);
            } else {
                other_end.write(true);
            }
            // This succeeds as soon as the command opens its end.
            let open = tokio::task::spawn_blocking(move || other_end.open(path));
            let _other_end = open.await.unwrap().unwrap();
            command.signal(signal);
            command.end().await.fails(status, words);
        }
    }
}

#[tokio::test]
async fn the_total_time_covers_all_that_the_mail_is_made_of() {
    let directory = Directory::new();
    directory.pipe("pipe");
    let account = "[account.a]\nserver = 'there.invalid'\nfrom = 'me@example.org'\n\
                   [account.a.network]\ntimeout = 'total=500ms'\n[account.a.dkim]\n\
                   domain = 'example.org'\nselector = 's'\nkey-command = 'exec sleep 60'\n";
    directory.file("mail.toml", account);
    let from = "--from me@example.org --server there.invalid --timeout total=500ms";
    for arguments in [
        &format!("{from} --text -"),
        &format!("{from} --text Hi -a '-;name=a.txt'"),
        &format!("{from} --raw -"),
        "-C mail.toml -A a --text Hi",
        "--timeout total=500ms -C /dev/stdin -A a --text Hi",
    ] {
        let script = format!("exec \"$0\" send --to ann@example.org {arguments} <>pipe");
        let ended = Run::shell(&script).directory(directory.path()).end().await;
        let words = "the total time of --timeout is over: the mail was not sent";
        ended.fails(75, words);
    }
    let script = "exec \"$0\" demo -C /dev/stdin -A a --timeout total=500ms <>pipe";
    let ended = Run::shell(script).directory(directory.path()).end().await;
    ended.fails(
        75,
        "the total time of --timeout is over: the mail was not sent",
    );
}

/// A command that prints a secret ends together with `pilotfish`. Otherwise it would keep standard
/// error open.
#[tokio::test]
async fn a_signal_ends_the_source_of_a_secret() {
    const SOURCE: &str = "echo > begun; exec sleep 3600";
    let fixture = CliFixture::open(server()).await;
    let account = format!(
        "[account.a]\nserver = 'there.invalid'\nfrom = 'me@example.org'\n[account.a.dkim]\n\
         domain = 'example.org'\nselector = 's'\nkey-command = '{SOURCE}'\n"
    );
    fixture.directory.file("mail.toml", account);
    for (signal, status) in [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129)] {
        let password = ["--password-command", SOURCE];
        for run in [
            fixture
                .send_without_login("--to ann@example.org --user me@example.org")
                .args(password),
            Run::new("send -C mail.toml -A a --to ann@example.org")
                .directory(fixture.directory.path()),
            Run::new("demo -C mail.toml -A a").directory(fixture.directory.path()),
        ] {
            let sending = run.start().await;
            let begun = fixture.directory.path().join("begun");
            until(|| begun.exists()).await;
            std::fs::remove_file(begun).unwrap();
            sending.signal(signal);
            sending.end().await.fails(status, "the mail was not sent");
        }
    }
    fixture.received_nothing().await;
}

/// The recipients of an accepted portion have the mail, whatever stops the next portion.
#[tokio::test]
async fn a_stop_in_a_later_portion_keeps_the_result_of_the_first() {
    for signals in [
        &[Signal::INT, Signal::INT][..],
        &[Signal::INT, Signal::TERM],
    ] {
        for (fault, status, of_bob) in [
            (SilentAt(Rcpt), 80, "not-tried"),
            (SilentAt(EndOfData), 81, "unknown"),
        ] {
            let server = server().offer(Offer::Recipients(1));
            let fixture = CliFixture::open(server.fault_every(2, fault.clone())).await;
            let to = "--to ann@example.org,bob@example.org --text Hi --json --transcript";
            let mut sending = fixture.send(to).start().await;
            sending.until("~> RCPT TO:<bob@example.org>").await;
            if status == 81 {
                sending.until("~> <content and end of mail").await;
            }
            sending.signal(signals[0]);
            if status == 81 {
                sending.until("waiting for the reply").await;
                sending.signal(signals[1]);
            }
            let ended = sending.end().await;
            ended.reports(
                status,
                if status == 81 {
                    "outcome unknown: the whole mail was sent, and Pilotfish stopped waiting for the reply"
                } else {
                    "the server had not replied for every recipient"
                },
            );
            let outcome: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
            let of = |index: usize| outcome["recipients"][index]["outcome"].clone();
            assert_eq!(of(0), "accepted", "{fault:?}: {ended:?}");
            assert_eq!(of(1), of_bob, "{fault:?}: {ended:?}");
        }
    }
}

/// Like with `nohup`, and like a shell does for programs in the background.
#[tokio::test]
async fn a_signal_that_is_ignored_from_the_start_changes_nothing() {
    for (name, signal) in [("HUP", Signal::HUP), ("INT", Signal::INT)] {
        let fixture = CliFixture::open(server().fault(SilentAt(Ehlo))).await;
        let script = format!(
            "trap '' {name}; exec \"$0\" send --server {} --tls-ca ca.pem --from me@example.org \
             --to ann@example.org --text Hi --transcript --timeout hello=2s",
            fixture.server.addr()
        );
        let run = Run::shell(&script).directory(fixture.directory.path());
        let mut sending = run.start().await;
        sending.until("-> EHLO").await;
        sending.signal(signal);
        sending.end().await.fails(75, "EHLO");
        fixture.received_nothing().await;
    }
}
