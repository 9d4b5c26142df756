//! Fields of finished messages that change: empty ones, and those with local names.

use super::*;

/// RFC 5322 section 3.6: To, Cc and the like have at least one address, identifier or phrase.
#[test]
fn a_field_that_must_not_be_empty_is_left_out() {
    const KEPT: &[&str] = &[];
    for (fields, left_out) in [
        ("To:\n", &["To"][..]),
        ("Cc: \n \t\n", &["Cc"]),
        ("REPLY-TO:\nSubject:\nComments:\nX-Odd:\n", &["REPLY-TO"]),
        (
            "In-Reply-To:\nReferences: \nKeywords:\n",
            &["In-Reply-To", "References", "Keywords"],
        ),
        (
            "Resent-To:\nResent-Cc:\nResent-Sender:\nResent-From: a@b\n",
            &["Resent-To", "Resent-Cc", "Resent-Sender"],
        ),
        ("Cc: a@x.test\nCc:\n", &["Cc"]),
        ("Cc: (nobody)\nTo: undisclosed-recipients:;\n", KEPT),
        ("Subject:\n", KEPT),
    ] {
        let filled = fields
            .split_inclusive('\n')
            .filter(|line| {
                !left_out
                    .iter()
                    .any(|name| line.trim() == format!("{name}:"))
            })
            .filter(|line| !line.trim().is_empty())
            .collect::<String>();
        for (signature, repair, keeps) in [
            ("", false, false),
            ("", true, false),
            ("DKIM-Signature: v=1\n", false, true),
            ("DKIM-Signature: v=1\n", true, false),
        ] {
            let octets = format!("{signature}{fields}Date: x\nFrom: a@b\nMessage-ID: <1@x>\n\nx\n");
            let message = Message::raw(Body::bytes(octets)).to("bo@x.test");
            let message = if repair { message.repair() } else { message };
            let message = run(message.build()).unwrap();
            let warnings: Vec<_> = message.warnings().iter().map(ToString::to_string).collect();
            let sent = text(message);
            let mut expected: Vec<_> = left_out
                .iter()
                .map(|name| format!("the field {name} is empty, and is left out"))
                .collect();
            if keeps {
                expected.clear();
                assert!(sent.contains(&fields.replace('\n', "\r\n")), "{sent}");
            } else {
                let expected = format!("{signature}{filled}Date: x\n").replace('\n', "\r\n");
                assert!(sent.starts_with(&expected), "{sent}");
            }
            if !signature.is_empty() && !expected.is_empty() {
                expected.insert(0, "the DKIM signature".to_owned());
            }
            assert_eq!(warnings.len(), expected.len(), "{fields:?}: {warnings:?}");
            for (warning, begin) in warnings.iter().zip(&expected) {
                assert!(warning.starts_with(begin), "{fields:?}: {warnings:?}");
            }
        }
    }
}

/// A message of cron, whose user has no domain.
#[test]
fn local_names_get_a_domain() {
    let message = "From: root (Cron Daemon)\nTo: root, ann@y.test\nCc: crew: bo;\nBcc: cy\n\
                   Reply-To: root@z.test\nSubject: root\nDate: x\nMessage-ID: <1@x.test>\n\nroot\n";
    let build = |domain: Option<&str>| {
        let mut builder = Message::raw(Body::bytes(message)).recipients_from_fields();
        if let Some(domain) = domain {
            builder = builder.local_domain(domain);
        }
        run(builder.build())
    };
    assert!(build(None).is_err());
    assert!(build(Some("no domain")).is_err());
    let message = build(Some("x.test")).unwrap();
    let envelope = message.envelope();
    let paths: Vec<_> = envelope
        .forward_paths()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(envelope.reverse_path().to_string(), "<root@x.test>");
    assert_eq!(
        paths,
        [
            "<root@x.test>",
            "<ann@y.test>",
            "<bo@x.test>",
            "<cy@x.test>"
        ]
    );
    let octets = run(blocks(&mut message.into_octets())).unwrap().concat();
    assert_eq!(
        String::from_utf8(octets).unwrap(),
        "From: root@x.test (Cron Daemon)\r\nTo: root@x.test, ann@y.test\r\nCc: crew: bo@x.test;\r\n\
         Reply-To: root@z.test\r\nSubject: root\r\nDate: x\r\nMessage-ID: <1@x.test>\r\n\r\nroot\r\n",
    );
}
