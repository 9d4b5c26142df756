//! Replies of servers, and what they mean.

use super::super::ReplyCode;
use super::ReplyMeaning::{
    MechanismRejected, MessageTooLarge, StorageExceeded, TlsRequired, TooManyRecipients,
};
use super::*;

fn reply(code: u16, line: &str) -> Reply {
    Reply::new(ReplyCode::new(code).unwrap(), line.to_owned())
}

#[test]
fn what_passes_is_transient() {
    for (code, line, transient) in [
        (454, "4.7.0 Too many login attempts", true),
        (599, "no", false),
        (550, "5.4.5 Daily user sending limit exceeded", true),
        (550, "5.1.1 no such user", false),
        (552, "5.5.3 too many recipients", true),
        (552, "5.2.3 too big", false),
        (250, "fine", false),
    ] {
        assert_eq!(reply(code, line).is_transient(), transient, "{code} {line}");
    }
}

#[test]
fn who_wants_tls_first() {
    let not_now = "4.7.0 TLS not available due to temporary reason";
    let onward = "4.7.4 TLS is required, but was not offered by host mx.test";
    let unverified = "4.1.1 unverified address: TLS is required, but was not offered by mx.test";
    let broken = "4.7.5 TLS is required, but our TLS engine is unavailable";
    for (code, line, expected) in [
        (451, "5.7.3 STARTTLS is required to send mail", true),
        (451, "4.7.0 Must issue a STARTTLS command first", true),
        (454, "5.7.3 Must use encryption", true),
        (502, "5.7.0 Please issue STARTTLS", true),
        (523, "no", true),
        (523, "5.7.10 Encryption Needed", true),
        (538, "no", true),
        (538, "5.7.11 Encryption required", true),
        (450, "4.7.10 no", true),
        (454, "4.7.11 no", true),
        (530, "5.7.0 Must issue a STARTTLS command first", true),
        (550, "5.7.1 Encryption required for relaying", true),
        (503, "use STARTTLS", true),
        (550, "5.7.1 TLS required", true),
        (451, "4.7.1 this server requires TLS", true),
        (550, "encrypted attachments are not accepted", false),
        (250, "STARTTLS is required", false),
        (451, "4.7.1 Greylisted", false),
        (454, not_now, false),
        (454, "4.3.0 STARTTLS is not available now", false),
        (451, onward, false),
        (450, unverified, false),
        (450, "4.1.1 STARTTLS is required by mx.test", false),
        (454, broken, false),
        (450, "4.7.1 try again later, it must wait", false),
    ] {
        let reply = reply(code, line);
        assert_eq!(reply.means(TlsRequired), expected, "{code} {line}");
        let transient = (400..500).contains(&code);
        assert_eq!(reply.is_transient(), transient, "{code} {line}");
    }
}

/// As Postfix, `OpenSMTPD`, Courier and Exim say it, and RFC 5321 itself.
#[test]
fn a_recipient_too_many_is_known_by_code_status_or_words() {
    for (code, line, too_many, learnt) in [
        (452, "4.5.3 Error: too many recipients", true, true),
        (451, "4.5.3 Too many recipients", true, true),
        (431, "Too many recipients.", true, true),
        (431, "4.7.0 Too many RCPTs", true, true),
        (452, "too many recipients", true, true),
        (550, "5.5.3 too many recipients", true, true),
        (552, "5.5.3 Too many", true, true),
        (552, "later", true, false),
        (452, "later", true, false),
        (452, "4.2.2 over quota", false, false),
        (452, "4.3.1 disk full", false, false),
        (
            450,
            "4.2.1 the recipient limit of this mailbox",
            false,
            false,
        ),
        (450, "4.7.1 Greylisted", false, false),
        (550, "5.1.1 too many recipients of that name", false, false),
        (250, "2.5.3 the number of recipients is 7", false, false),
    ] {
        let reply = reply(code, line);
        let named = reply.means(TooManyRecipients);
        let found = (named || reply.means(StorageExceeded), named);
        assert_eq!(found, (too_many, learnt), "{code} {line}");
    }
}

#[test]
fn a_message_too_large_is_known_by_code_status_or_words() {
    for (code, line, too_large) in [
        (534, "SIZE=Message too big", true),
        (552, "5.3.4 Message size exceeds fixed limit", true),
        (552, "5.2.3 Your message exceeded our limits", true),
        (552, "no", true),
        (550, "Maximum message size exceeded", true),
        (554, "5.7.1 message is too large for your account", true),
        (552, "5.2.2 mailbox over quota", false),
        (501, "5.5.4 bad SIZE parameter", false),
        (553, "5.1.7 no such sender", false),
        (452, "4.3.1 too big for now", false),
        (534, "5.7.9 application-specific password required", false),
    ] {
        assert_eq!(
            reply(code, line).means(MessageTooLarge),
            too_large,
            "{code} {line}"
        );
    }
}

#[test]
fn refusals_of_a_mechanism() {
    for (text, expected) in [
        ("500 5.5.1 unrecognized command", true),
        ("500 5.5.6 line too long", true),
        ("501 5.5.2 cannot decode", true),
        ("502 5.5.1 not implemented", true),
        ("503 5.5.1 not now", true),
        ("504 5.5.4 unrecognized authentication type", true),
        ("504", true),
        ("534 5.7.9 mechanism is too weak", true),
        ("534", true),
        (
            "534-5.7.9 Application-specific password required\r\n534 5.7.9 - gsmtp",
            false,
        ),
        ("534 5.7.14 <https://accounts.google.com/signin>", false),
        ("534 5.7.1 see google.com", true),
        ("538 5.7.11 encryption required", true),
        ("432 4.7.12 a password transition is needed", true),
        ("432", true),
        ("432 4.3.2 concurrent connections", false),
        ("535 5.7.8 authentication failed", false),
        ("535", false),
        ("535 5.7.4 not this way", true),
        ("535 5.7.8 no mechanism available", true),
        ("535 5.7.139 basic authentication is disabled", false),
        ("550 5.7.4 security features not supported", true),
        ("550 5.7.30 basic authentication is not supported", false),
        ("454 4.7.0 later", false),
        ("525 5.7.13 user account disabled", false),
        ("530 5.7.0 must issue a STARTTLS command first", false),
    ] {
        let mut octets = bytes::BytesMut::from(format!("{text}\r\n").as_bytes());
        let reply = super::super::ReplyDecoder::default()
            .decode(&mut octets)
            .unwrap();
        assert_eq!(reply.unwrap().means(MechanismRejected), expected, "{text}");
    }
}
