//! The metrics that a recorder receives.
#![cfg(feature = "metrics")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Label, Metadata,
    Recorder, SharedString, Unit,
};
use pilotfish::testing::{Fault, Point};
use pilotfish::{Client, ErrorKind, ServerConfig};

use crate::support::client::ACCOUNT;
use crate::support::open_server::open_server;

/// Counters, gauges, and the number of measurements. Their names include all labels but `server`,
/// each after a space.
#[derive(Debug, Clone, Default)]
struct Figures(Arc<Mutex<BTreeMap<String, f64>>>, Aborts);

/// The client that the recorder aborts at the next change of a gauge.
type Aborts = Arc<Mutex<Option<Client>>>;

#[derive(Debug)]
struct Figure(Figures, String);

impl Figures {
    fn figure(&self, key: &Key) -> Arc<Figure> {
        let labels = key.labels().filter(|label| label.key() != "server");
        let name = [key.name()].into_iter().chain(labels.map(Label::value));
        assert!(key.labels().any(|label| label.value() == "127.0.0.1"));
        Arc::new(Figure(self.clone(), name.collect::<Vec<_>>().join(" ")))
    }

    /// All values that are not zero.
    fn reported(&self) -> Vec<String> {
        let figures = self.0.lock().unwrap();
        let figures = figures.iter().filter(|(_, value)| **value != 0.0);
        figures
            .map(|(name, value)| format!("{name} {value}"))
            .collect()
    }
}

impl Figure {
    fn add(&self, by: f64) {
        *self.0.0.lock().unwrap().entry(self.1.clone()).or_default() += by;
    }
}

impl CounterFn for Figure {
    fn increment(&self, by: u64) {
        self.add(f64::from(u32::try_from(by).unwrap()));
    }

    fn absolute(&self, _: u64) {
        panic!("counted otherwise");
    }
}

impl GaugeFn for Figure {
    fn increment(&self, by: f64) {
        self.add(by);
        let client = self.0.1.lock().unwrap().take();
        if let Some(client) = client {
            client.abort();
        }
    }

    fn decrement(&self, by: f64) {
        self.add(-by);
    }

    fn set(&self, _: f64) {
        panic!("counted otherwise");
    }
}

impl HistogramFn for Figure {
    fn record(&self, value: f64) {
        assert!((0.0..60.0).contains(&value));
        self.add(1.0);
    }
}

impl Recorder for Figures {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.figure(key))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.figure(key))
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(self.figure(key))
    }
}

/// Runs a test, and records the metrics of this thread.
fn recorded(test: impl AsyncFnOnce(&Figures)) {
    let figures = Figures::default();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    metrics::with_local_recorder(&figures, || runtime.unwrap().block_on(test(&figures)));
}

fn client(port: u16) -> Client {
    let server = ServerConfig::builder("127.0.0.1")
        .port(port)
        .security(pilotfish::Security::Cleartext)
        .build();
    Client::builder(server.unwrap())
        .max_connections(1)
        .build()
        .unwrap()
}

/// A recorder is code of the caller, which may use the client.
#[test]
fn a_recorder_that_aborts_the_client() {
    recorded(async |figures| {
        let server = open_server().start().await.unwrap();
        let client = client(server.addr().port());
        *figures.1.lock().unwrap() = Some(client.clone());
        let result = client.send(ACCOUNT.letter(&["a@example.org"])).await;
        assert_eq!(result.unwrap_err().kind(), ErrorKind::Closed);
        assert!(figures.1.lock().unwrap().is_none());
    });
}

#[test]
fn mails_are_counted_by_outcome() {
    recorded(async |figures| {
        let server = open_server()
            .refuse_recipient("nobody@example.org", "550 5.1.1 nobody")
            .refuse_recipient("later@example.org", "450 4.2.1 later")
            .fault(Fault::CloseAt(Point::EndOfData))
            .start()
            .await
            .unwrap();
        let client = client(server.addr().port());
        // The connection is cut after the end of the first message.
        for to in [
            &["a@example.org"][..],
            &["a@example.org"],
            &["a@example.org", "nobody@example.org"],
            &["nobody@example.org"],
            &["later@example.org"],
        ] {
            let _ = client.send(ACCOUNT.letter(to)).await;
        }
        let open = figures.reported();
        assert!(
            open.contains(&"pilotfish_connections 1".to_owned()),
            "{open:?}"
        );
        client.close().await;
        server.shutdown().await.unwrap();
        let expected = [
            "pilotfish_connects_total open 2",
            "pilotfish_envelope_seconds 3",
            "pilotfish_mails_total accepted 1",
            "pilotfish_mails_total deferred 1",
            "pilotfish_mails_total partial 1",
            "pilotfish_mails_total rejected 1",
            "pilotfish_mails_total unknown 1",
            "pilotfish_message_octets_total 752",
            "pilotfish_queue_wait_seconds 5",
            "pilotfish_reply_seconds 3",
            "pilotfish_set_up_seconds auth 2",
            "pilotfish_set_up_seconds connect 2",
            "pilotfish_set_up_seconds greeting 2",
            "pilotfish_set_up_seconds tls 2",
            "pilotfish_transactions_total accepted 1",
            "pilotfish_transactions_total deferred 1",
            "pilotfish_transactions_total partial 1",
            "pilotfish_transactions_total rejected 1",
            "pilotfish_transactions_total unknown 1",
            "pilotfish_transfer_seconds 3",
        ];
        assert_eq!(figures.reported(), expected);
    });
}

#[test]
fn mails_that_wait_are_counted() {
    recorded(async |figures| {
        let server = open_server().fault_always(Fault::SilentAt(Point::Greeting));
        let server = server.start().await.unwrap();
        let client = client(server.addr().port());
        let waiting = (0..3).map(|_| Box::pin(client.send(ACCOUNT.letter(&["a@example.org"]))));
        let mut waiting: Vec<_> = waiting.collect();
        for sending in &mut waiting {
            assert!(futures_util::poll!(sending).is_pending());
        }
        assert_eq!(figures.reported(), ["pilotfish_queued_mails 3"]);
        drop(waiting);
        assert_eq!(figures.reported(), [""; 0]);
    });
}

#[test]
fn a_failed_session_is_counted() {
    recorded(async |figures| {
        let server = open_server()
            .fault(Fault::ReplyAt(Point::Greeting, "554 5.3.2 not here".into()))
            .start()
            .await
            .unwrap();
        let client = client(server.addr().port());
        let _ = client.send(ACCOUNT.letter(&["a@example.org"])).await;
        client.close().await;
        server.shutdown().await.unwrap();
        let expected = [
            "pilotfish_connects_total rejected 1",
            "pilotfish_mails_total rejected 1",
        ];
        assert_eq!(figures.reported(), expected);
    });
}
