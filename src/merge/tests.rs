//! Tables of which each row is checked.

use super::*;

fn table(text: &str) -> Rows {
    let source = std::io::Cursor::new(text.as_bytes().to_vec());
    TableOptions::new().read("people.csv", source).unwrap()
}

fn template(fields: &str) -> Template {
    let source = format!("---\nfrom: me@example.org\n{fields}\n---\nDear {{{{ name }}}}\n");
    Template::parse("invite.txt", &source).unwrap()
}

const PEOPLE: &str = "name,email\nAnn,ann@example.org\nBo,bo@example.org\nAnn, Ann@Example.ORG \nCy,cy@example.org\n";

async fn checked(selection: &mut Selection, fields: &str) -> (Summary, Vec<String>) {
    let mut seen = Vec::new();
    let template = template(fields);
    let show = |mail: &Rendered, _: &[Pinned]| {
        let to: Vec<_> = mail.recipients().map(ToString::to_string).collect();
        seen.push(format!("{} {}", mail.row(), to.join(" ")));
    };
    let summary = check(
        table(PEOPLE),
        &template,
        selection,
        &Attachments::new(),
        show,
    )
    .await;
    (summary.unwrap(), seen)
}

#[tokio::test]
async fn rows_are_counted() {
    let fields = "to: {{ email|trim }}";
    let (summary, seen) = checked(&mut Selection::new(), fields).await;
    assert_eq!((summary.rows, summary.mails), (4, 4));
    assert!(summary.smallest > 200 && summary.smallest <= summary.largest);
    assert!(summary.total >= 3 * summary.smallest + summary.largest);
    assert_eq!(seen.len(), 4);

    let list = "# left\n\nBO@EXAMPLE.org\r\nboss@example.org\n";
    let list = ExceptList::read("except.txt", list.as_bytes()).unwrap();
    assert_eq!(list.len(), 2);
    let mut selection = Selection::new().dedupe("email").except(list);
    let (summary, seen) = checked(&mut selection, fields).await;
    let counts = (
        summary.rows,
        summary.mails,
        summary.duplicates,
        summary.excepted,
    );
    assert_eq!(counts, (4, 2, 1, 1));
    assert_eq!(seen, ["2 ann@example.org", "5 cy@example.org"]);

    // A recipient in the list gets none of the others' mails either.
    let list = ExceptList::read("except.txt", &b"boss@example.org"[..]).unwrap();
    let mut selection = Selection::new().except(list);
    let fields = "to: {{ email|trim }}\ncc: bosses: boss@example.org, cy@example.org;";
    let (_, seen) = checked(&mut selection, fields).await;
    assert_eq!(seen[0], "2 ann@example.org cy@example.org");

    let mut selection = Selection::new().only_to("me@example.org".parse().unwrap());
    let (summary, seen) = checked(&mut selection, fields).await;
    assert_eq!(summary.mails, 4);
    assert_eq!(seen[0], "2 me@example.org");
}

#[tokio::test]
async fn the_first_row_that_is_wrong_is_an_error() {
    let people = "name,email\nAnn,ann@example.org\n\nBo,bo\n";
    let template = template("to: {{ email }}");
    let mut selection = Selection::new();
    let attachments = Attachments::new();
    let checked = check(
        table(people),
        &template,
        &mut selection,
        &attachments,
        |_, _| {},
    )
    .await;
    let error = checked.unwrap_err();
    assert_eq!(
        (error.row(), error.kind()),
        (Some(4), MergeErrorKind::Address)
    );
    let mut selection = Selection::new().dedupe("emial");
    let checked = check(
        table(people),
        &template,
        &mut selection,
        &attachments,
        |_, _| {},
    )
    .await;
    let error = checked.unwrap_err();
    assert_eq!(error.to_string(), "people.csv:2: no column \"emial\"");
    assert_eq!(error.help(), Some("did you mean \"email\"?"));
}

#[test]
fn a_list_of_exceptions_has_addresses() {
    for (list, expected) in [
        (
            "a@example.org\n\nann\n",
            "except.txt:3: the address has no @",
        ),
        ("a@example.org, b@example.org\n", "except.txt:1: "),
    ] {
        let error = ExceptList::read("except.txt", list.as_bytes()).unwrap_err();
        assert!(error.to_string().starts_with(expected), "{error}");
    }
    assert!(ExceptList::read("except.txt", &b"\xef\xbb\xbfa@example.org"[..]).is_ok());
}
