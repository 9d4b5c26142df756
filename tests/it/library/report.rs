//! The report of a job: a page for people, rows and an object for programs.

use std::path::Path;

use pilotfish::report::{self, Outcome, Problem, ReplyClass, ReportData};
use serde_json::{Value, json};

use crate::support::jobs;

fn page(data: &ReportData) -> String {
    let mut page = Vec::new();
    report::html(data, &mut page).unwrap();
    let page = String::from_utf8(page).unwrap();
    // The template engine escapes slashes too.
    page.replace("&#x2f;", "/")
}

fn object(data: &ReportData) -> Value {
    let mut line = Vec::new();
    report::json(data, &mut line).unwrap();
    assert!(line.ends_with(b"}\n"));
    serde_json::from_slice(&line).unwrap()
}

/// What the JSON Schema says against an object.
fn faults(object: &Value) -> Option<String> {
    let (mut schemas, mut compiler) = (boon::Schemas::new(), boon::Compiler::new());
    compiler.enable_format_assertions();
    let schema = serde_json::from_str(report::SCHEMA).unwrap();
    compiler.add_resource("report.json", schema).unwrap();
    let schema = compiler.compile("report.json", &mut schemas).unwrap();
    let faults = schemas.validate(object, schema).err();
    faults.map(|faults| faults.to_string())
}

#[test]
fn every_job_has_an_object_that_the_schema_describes() {
    for data in jobs::all() {
        let object = object(&data);
        assert_eq!(faults(&object), None, "{}", data.job);
    }
    let paused = object(&jobs::paused());
    assert_eq!(paused["schema"], "pilotfish.report/1");
    assert_eq!(paused["state"], "paused");
    assert_eq!(paused["until"], "2026-11-30T09:12:00.000Z");
    for (key, value) in [
        ("schema", json!("pilotfish.report/2")),
        ("state", json!("done")),
        ("made", json!("yesterday")),
        ("counts", json!({"mails": -1})),
    ] {
        let mut wrong = paused.clone();
        wrong[key] = value;
        assert!(faults(&wrong).is_some(), "{key}");
    }
}

#[test]
fn every_job_has_a_page_that_loads_nothing() {
    for data in jobs::all() {
        let page = page(&data);
        let job = &data.job;
        assert!(
            page.contains("content=\"default-src 'none'; style-src 'sha256-"),
            "{job}"
        );
        // A reply may name a URL: as text.
        let links = page.replace("see https:", "see ");
        for loaded in [
            "http:", "https:", "url(", "@import", "<script", "<link", "<img", " src=", " href=",
            " style=",
        ] {
            assert!(!links.contains(loaded), "{job}: {loaded}");
        }
        let charts = page.matches("<svg ").count();
        assert!(charts > 0, "{job}");
        for label in ["role=\"img\"", "<title id=", "<desc id=", "</svg>"] {
            assert_eq!(page.matches(label).count(), charts, "{job}: {label}");
        }
        for section in [
            "Course",
            "Replies of the server",
            "Rejected and deferred",
            "Rows not accepted",
            "Facts",
        ] {
            assert!(
                page.contains(&format!("<h2>{section}</h2>")),
                "{job}: {section}"
            );
        }
    }
}

/// An identifier that a page has twice would give a chart the words of another.
#[test]
fn every_identifier_is_of_one_element() {
    for data in jobs::all() {
        let page = page(&data);
        let ids = page.split(" id=\"").skip(1);
        let mut ids: Vec<_> = ids.filter_map(|rest| rest.split('"').next()).collect();
        let count = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), count, "{}", data.job);
    }
}

#[test]
fn a_page_says_what_became_of_the_mails() {
    let page = page(&jobs::invitations());
    for text in [
        "finished in 46 min: 12 of 1,201 mails were not accepted",
        "<dd>1,189 <small>99 %</small></dd>",
        "29/min on average without the pauses, 30/min at most, over at most 4 connections.",
        "<td>14:02 to 14:07, 5 min</td><td><bdi>the process was killed</bdi></td>",
        "Half of the replies came within 96 ms (p50), 95 of 100 within 310 ms (p95)",
        "example.net 4, example.com 1",
        "4 rejected, 3 deferred",
        "<td class=\"time\" data-name=\"time\">14:01</td>",
        "<bdi>zoë.müller@example.net</bdi>",
        "<td class=\"number\">212 kB</td>",
        "Times are of UTC.",
    ] {
        assert!(page.contains(text), "{text}");
    }
    for (data, text) in [
        (
            jobs::paused(),
            "paused: the daily limit of work is reached (500 mails). Continues by itself at 2026-11-30 09:12",
        ),
        (jobs::paused(), "</i>left</dt><dd>701 "),
        (jobs::finished("empty", 0), "there was no mail to send"),
        (jobs::one_mail(), "the server accepted the mail"),
        (jobs::all_rejected(), "none of 12 mails was accepted"),
        (
            jobs::all_rejected(),
            "12 mails in 10 s, over at most 1 connection.",
        ),
        (
            jobs::three_days(),
            "finished in 3 days: the server accepted all 56,400 mails",
        ),
    ] {
        let page = self::page(&data);
        assert!(page.contains(text), "{text}");
    }
}

#[test]
fn text_of_servers_and_mails_is_no_markup() {
    let mut data = jobs::all_rejected();
    let text = "<script>x</script>'\"&\u{1b}\r\n";
    data.job = text.into();
    data.account = Some(text.into());
    data.replies
        .push(ReplyClass::new(text, Outcome::Deferred, 1).domain(text, 1));
    data.pauses.push(report::Pause::new(jobs::at(0), text));
    data.facts.limits.push(report::Fact::new(text, text));
    data.facts.template = Some(report::FileFact::new(text, 1, text));
    let page = page(&data);
    assert!(!page.contains("<script"), "{page}");
    assert!(!page.contains('\u{1b}'), "{page}");
    assert!(page.contains("&lt;script&gt;alert(1)&lt;"), "{page}");
    // The name of the job is no command.
    assert!(!page.contains("pilotfish batch"), "{page}");
}

#[test]
fn a_page_of_a_million_problems_has_a_thousand() {
    let mut data = jobs::finished("many", 10);
    data.counts.mails = 1_000_000;
    data.counts.rejected = 1_000_000;
    data.problems
        .extend((1..=1_000_000).map(|row| Problem::new(row, "bob@example.net", Outcome::Rejected)));
    let page = page(&data);
    assert_eq!(
        page.matches("<td class=\"number\" data-name=\"row\">")
            .count(),
        1_000
    );
    let more = "999,000 more rows are in the CSV: <code>pilotfish batch report many --csv</code>";
    assert!(page.contains(more));
    assert!(page.len() < 1_000_000, "{}", page.len());
    let object = object(&data);
    assert_eq!(object["problems"]["total"], 1_000_000);
    assert_eq!(
        object["problems"]["first"].as_array().map(Vec::len),
        Some(1_000)
    );
}

/// A course of any length is drawn with a bounded number of points.
#[test]
fn the_page_of_three_days_is_small() {
    let page = page(&jobs::three_days());
    assert!(page.len() < 200_000, "{}", page.len());
    assert!(page.contains("daily limit of work"));
}

/// For those who want to see one: `target/report.html`.
#[test]
fn a_report_can_be_looked_at() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    std::fs::write(folder.join("report.html"), page(&jobs::invitations())).unwrap();
}
