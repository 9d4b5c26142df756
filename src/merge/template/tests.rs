//! Rows that become mails.

use super::*;
use crate::merge::Attachments;
use crate::merge::rows::TableOptions;

/// The fields before a text.
fn template(name: &str, fields: &str, body: &str) -> Result<Template, MergeError> {
    let source = format!("---\nfrom: me@example.org\n{fields}\n---\n{body}");
    Template::parse(name, &source)
}

fn rows(name: &str, table: &str) -> Vec<Row> {
    let table = std::io::Cursor::new(table.as_bytes().to_vec());
    let rows = TableOptions::new().read(name, table).unwrap();
    rows.map(Result::unwrap).collect()
}

fn ann() -> Row {
    let table = "name;email;ticket;First name;note\nAnn *Lee*;ann@example.org;0047;Ann;<b>\n";
    rows("people.csv", table).remove(0)
}

fn text(body: &str) -> String {
    let template = template("invite.txt", "to: {{ email }}", body).unwrap();
    template.render(&ann()).unwrap().text().unwrap().to_owned()
}

#[test]
fn expressions_have_the_values_of_the_row() {
    for (body, expected) in [
        ("Dear {{ name }},\n", "Dear Ann *Lee*,\n"),
        ("{{ First_name }} {{ row[\"First name\"] }}", "Ann Ann"),
        ("{% if ticket == \"0047\" %}a{% else %}b{% endif %}", "a"),
        ("{{ name|upper }} {{ ticket|int + 1 }}", "ANN *LEE* 48"),
        ("{% set x = name ~ ticket %}{{ x }}", "Ann *Lee*0047"),
        (
            "{% for n in range(3) %}{{ n }}{{ loop.index }} {% endfor %}",
            "01 12 23 ",
        ),
        ("{{ note }} & <b>", "<b> & <b>"),
        ("{# name #}{{ none }}", ""),
        ("{{ \"a&b c\"|urlencode }}", "a%26b%20c"),
    ] {
        assert_eq!(text(body), expected, "{body}");
    }
}

#[test]
fn values_of_json_lines_have_types() {
    let row = r#"{"email":"a@example.org","n":3,"price":1.10,"big":12345678901234567890,"tags":["x","y"],"person":{"name":"Ann"},"vip":true,"no":null}"#;
    let row = rows("people.jsonl", row).remove(0);
    for (body, expected) in [
        (
            "{{ n + 1 }} {{ price }} {{ big }}",
            "4 1.10 12345678901234567890",
        ),
        ("{% for tag in tags %}{{ tag }},{% endfor %}", "x,y,"),
        (
            "{{ person.name }} {% if vip %}vip{% endif %}{{ no }}",
            "Ann vip",
        ),
        ("{{ missing|default(\"-\") }}", "-"),
        ("{% if missing is defined %}a{% endif %}", ""),
    ] {
        let template = template("invite.txt", "to: {{ email }}", body).unwrap();
        let mail = template.render(&row).unwrap();
        assert_eq!(mail.text(), Some(expected), "{body}");
    }
}

#[test]
fn fields_of_a_mail() {
    let fields = "to: {{ name }} <{{ email }}>,\n  bo@example.org\nto: cy@example.org\n\
        cc: dan@example.org\nbcc: eve@example.org\nreply-to: help@example.org\n\
        envelope-from: bounces+{{ ticket }}@example.org\nsubject: {{ name }},\n  your ticket {{ ticket }}\n\
        header: X-Ticket: {{ ticket }}\nlist-unsubscribe: https://example.org/leave?a={{ email }}\n\
        attach: t/{{ ticket }}.pdf\nattach: terms.pdf\nattach: {{ \"\" }}\n\
        inline: logo.png\ninline: {{ ticket }}.png as ticket";
    let template = template("dir/invite.md", fields, "Dear {{ name }}").unwrap();
    let mail = template.render(&ann()).unwrap();
    let recipients: Vec<_> = mail.recipients().map(Mailbox::to_string).collect();
    let expected =
        "Ann *Lee* <ann@example.org> bo@example.org cy@example.org dan@example.org eve@example.org";
    assert_eq!(recipients.join(" "), expected);
    assert_eq!(mail.from()[0].to_string(), "me@example.org");
    assert_eq!(mail.subject(), Some("Ann *Lee*, your ticket 0047"));
    let files: Vec<_> = mail
        .files()
        .map(|path| path.display().to_string())
        .collect();
    assert_eq!(
        files,
        [
            "dir/t/0047.pdf",
            "dir/terms.pdf",
            "dir/logo.png",
            "dir/0047.png"
        ]
    );
    let shared: Vec<_> = template.shared_files().collect();
    assert_eq!(
        shared,
        [Path::new("dir/terms.pdf"), Path::new("dir/logo.png")]
    );
    assert_eq!(mail.text(), Some("Dear Ann *Lee*"));
    assert!(mail.html().unwrap().contains("<p>Dear Ann *Lee*</p>"));
}

#[test]
fn html_is_escaped() {
    let html = |name: &str, body: &str| {
        let template = template(name, "to: {{ email }}", body).unwrap();
        let mail = template.render(&ann()).unwrap();
        mail.html().unwrap_or_default().replace('\n', "")
    };
    assert_eq!(html("a.html", "<p>{{ note }}{{ none }}"), "<p>&lt;b&gt;");
    assert_eq!(html("a.HTM", "{{ note|safe }}"), "<b>");
    assert!(html("a.md", "{{ name }} *x*").contains("<p>Ann *Lee* <em>x</em></p>"));
    assert!(html("a.md", "{{ name|safe }}").contains("<p>Ann <em>Lee</em></p>"));
    assert_eq!(html("a.txt", "{{ note }}"), "");
}

#[test]
fn variables_are_columns() {
    let columns = ["name", "email", "ticket", "First name"].map(str::to_owned);
    for (fields, body, expected, help) in [
        (
            "to: {{ email }}\nsubject: your {{ tickt }}",
            "",
            "invite.md:4:18: no column \"tickt\"",
            "did you mean \"ticket\"?",
        ),
        (
            "to: {{ email }}",
            "\n{# x #}{{ name }} {{ street.number }}",
            "invite.md:6:22: no column \"street\"",
            "the columns are name, email, ticket, First_name",
        ),
        (
            "to:\n  {{ First-name }}",
            "",
            "invite.md:4:6: no column \"First\"",
            "the columns are name, email, ticket, First_name",
        ),
    ] {
        let error = template("invite.md", fields, body)
            .unwrap()
            .check(&columns)
            .unwrap_err();
        assert_eq!(error.to_string(), expected);
        assert_eq!(error.help(), Some(help));
        assert_eq!(error.kind(), MergeErrorKind::Column);
    }
    let good =
        "{{ First_name }}{% for x in range(2) %}{{ x }}{{ loop.index }}{% endfor %}{{ row.email }}";
    template("invite.md", "to: {{ email }}", good)
        .unwrap()
        .check(&columns)
        .unwrap();
}

#[test]
fn templates_that_are_wrong() {
    for (source, expected) in [
        (
            "---\nfrom: a\n---\n",
            "a.md:1: the template has no recipient",
        ),
        ("---\nto: {{ a }\n---\n", "a.md:2:"),
        ("---\nto: a\n---\n\n{% if a %}\n", "a.md:"),
        ("---\nto: a\n---\n{% include \"b\" %}", "a.md:4:"),
        ("---\nto: a\nheader: a b: c\n---\n", "a.md:3:"),
        (
            "---\nto: a\u{fdd0}\n---\n",
            "a.md:2: the template has the character",
        ),
    ] {
        let error = Template::parse("a.md", source).unwrap_err();
        assert!(error.to_string().starts_with(expected), "{error}");
    }
    assert_eq!(
        Template::open("none.md").unwrap_err().kind(),
        MergeErrorKind::Io
    );
}

#[tokio::test]
async fn rows_that_make_no_mail() {
    for (fields, body, row, expected) in [
        (
            "to: {{ email }}",
            "a\n{{ tickt }}",
            r#"{"email":"a@example.org","ticket":1}"#,
            "people:1: no column \"tickt\" (a.md:6)",
        ),
        (
            "to: {{ email }}",
            "{{ person.nmae }}",
            r#"{"email":"a@example.org","person":{}}"#,
            "people:1: no column \"person.nmae\" (a.md:5)",
        ),
        (
            "to: {{ email }}\nsubject: {{ s }}",
            "",
            r#"{"email":"a@example.org","s":"x\r\nBcc: b@example.org"}"#,
            "people:1: in subject: a line break or another control character is in a value: remove it (a.md:4)",
        ),
        (
            "to: {{ email }}\nheader: X-A: {{ s }}",
            "",
            r#"{"email":"a@example.org","s":"x\nBcc: b@example.org"}"#,
            "people:1: in header: a line break or another control character is in a value: remove it (a.md:4)",
        ),
        (
            "to: {{ s }}",
            "",
            r#"{"s":"a@example.org\r\nBcc: b@example.org"}"#,
            "people:1: in to: the address contains a control character or a line separator: remove it \
             (at offset 13 of \"a@example.org\\r\\nBcc: b@example.org\") (a.md:3)",
        ),
        (
            "to: {{ s }}",
            "",
            r#"{"s":"ann"}"#,
            "people:1: in to: the address has no @",
        ),
        (
            "to: {{ s }}",
            "",
            r#"{"s":null}"#,
            "people:1: the mail has no recipient (a.md)",
        ),
        (
            "to: a@example.org\nattach: t/{{ s }}.pdf",
            "",
            r#"{"s":"../x"}"#,
            "people:1: in attach: a value leads to another directory",
        ),
        (
            "to: a@example.org\nlist-unsubscribe: {{ s }}",
            "",
            r#"{"s":"http://example.org"}"#,
            "people:1: in list-unsubscribe: \"http://example.org\" is not a URL",
        ),
        (
            "to: a@example.org",
            "{% for a in range(9999) %}{% for b in range(9999) %}{{ b }}{% endfor %}{% endfor %}",
            r#"{"s":1}"#,
            "people:1: the template takes too many steps for this row (a.md:5)",
        ),
        (
            "to: a@example.org",
            "{{ s|int }}",
            r#"{"s":"x"}"#,
            "people:1: ",
        ),
    ] {
        let template = template("a.md", fields, body).unwrap();
        let row = rows("people", row).remove(0);
        let error = template.render(&row).unwrap_err();
        assert!(error.to_string().starts_with(expected), "{error}");
        assert_eq!((error.row(), error.line()), (Some(1), Some(1)));
    }
    let mail = template("a.md", "to: a@example.org\nheader: Date: x", "").unwrap();
    let mail = mail.render(&ann()).unwrap();
    let error = mail.message(&Attachments::new(), &[]).await.unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("people.csv:2: the field Date cannot be added by hand")
    );
}

#[test]
fn the_author_is_that_of_the_template_or_the_default() {
    let source = "---\nto: a@example.org\n---\n";
    let template = Template::parse("a.txt", source).unwrap();
    let error = template.render(&ann()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "people.csv:2: the mail has no author (a.txt)"
    );
    let template = template.with_default_from("Me <me@example.org>".parse().unwrap());
    let mail = template.render(&ann()).unwrap();
    assert_eq!(mail.from()[0].to_string(), "Me <me@example.org>");
}

#[tokio::test]
async fn a_mail_becomes_a_message() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("0047.pdf"), "%PDF-1.7 ticket").unwrap();
    std::fs::write(directory.path().join("large.bin"), vec![7; 1 << 21]).unwrap();
    std::fs::write(directory.path().join("logo.png"), b"\x89PNG\r\n\x1a\n").unwrap();
    let fields = "to: {{ name }} <{{ email }}>\nsubject: Your ticket\nattach: {{ ticket }}.pdf\n\
        attach: large.bin\ninline: logo.png as logo\nheader: X-Ticket: {{ ticket }}\n\
        list-unsubscribe: mailto:leave@example.org";
    let body = "Dear {{ name }}\n\n![](cid:logo)\n";
    let template = template(
        directory.path().join("a.md").to_str().unwrap(),
        fields,
        body,
    )
    .unwrap();
    let mut attachments = Attachments::new();
    for path in template.shared_files().collect::<Vec<_>>() {
        attachments.share(&path).await.unwrap();
    }
    let mail = template.render(&ann()).unwrap();
    let pinned = mail.pin(&attachments).await.unwrap();
    let message = mail.message(&attachments, &pinned).await.unwrap();
    assert!(message.warnings().is_empty(), "{:?}", message.warnings());
    let mut reader = message.into_octets();
    let mut octets = Vec::new();
    while reader.next_block(&mut octets).await.unwrap() {}
    let text = String::from_utf8_lossy(&octets);
    for part in [
        "To: Ann *Lee* <ann@example.org>\r\n",
        "X-Ticket: 0047\r\n",
        "List-Unsubscribe: <mailto:leave@example.org>\r\n",
        "filename=0047.pdf",
        "filename=large.bin",
    ] {
        assert!(text.contains(part), "{part}: {}", &text[..2000]);
    }
    std::fs::write(directory.path().join("0047.pdf"), "%PDF-1.7 TICKET").unwrap();
    let error = mail.message(&attachments, &pinned).await.unwrap_err();
    assert_eq!(error.kind(), MergeErrorKind::Changed);
    assert!(error.to_string().starts_with("people.csv:2: "), "{error}");
    std::fs::remove_file(directory.path().join("0047.pdf")).unwrap();
    let error = mail.pin(&attachments).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.row()),
        (MergeErrorKind::Attachment, Some(2))
    );
}
