//! Reading the table of services.
//!
//! The table is a small part of TOML: a table for each service, and one line for each key, with a text, a
//! list of texts, a number or `true`. So a program needs no TOML parser for the limits of a client. A test
//! compares what is read here with what the parser reads.

use std::time::Duration;

use super::Service;
use crate::session::Security;

/// Reads the table.
pub(super) fn read(text: &'static str) -> Vec<Service> {
    let mut services = Vec::new();
    for line in text.lines() {
        if let Some(key) = line.strip_prefix('[') {
            services.push(Service {
                key: key.trim_end_matches(']'),
                ..Service::default()
            });
        } else if let (Some((key, value)), Some(service)) =
            (line.split_once(" = "), services.last_mut())
        {
            set(service, key, value);
        }
    }
    services
}

/// Sets a field of the service. A comment has no key that is known.
fn set(service: &mut Service, key: &str, value: &'static str) {
    let mut texts = value.split('"').skip(1).step_by(2);
    let number = value.parse().ok();
    match key {
        "name" => service.name = texts.next().unwrap_or_default(),
        "hosts" => service.hosts = texts.collect(),
        "ports" => service.ports = texts.filter_map(port).collect(),
        "user" => service.user = texts.next().unwrap_or_default(),
        "secret" => service.secret = texts.next().unwrap_or_default(),
        "oauth" => service.oauth = texts.next(),
        "length" => service.length = number,
        "no-blanks" => service.no_blanks = value == "true",
        "domains" => service.domains = texts.collect(),
        "mx" => service.mx = texts.collect(),
        "page" => service.page = texts.next(),
        "two-step" => service.two_step = texts.next(),
        "recipients" => service.recipients = number,
        "connections" => service.connections = number,
        "mails" => service.mails = number,
        "idle" => service.idle = number.map(|seconds| Duration::from_secs(seconds.into())),
        "minute" => service.a_minute = number,
        "day" => service.a_day = number,
        _ => {}
    }
}

/// A port with its mode, as in `465 implicit`.
fn port(text: &str) -> Option<(u16, Security)> {
    let (port, mode) = text.split_once(' ')?;
    Some((port.parse().ok()?, mode.parse().ok()?))
}

#[cfg(feature = "config")]
#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::TABLE;
    use super::*;
    use crate::transport::Host;

    type Table = BTreeMap<String, BTreeMap<String, toml::Value>>;

    /// The fields of a service as the table writes them.
    fn written(service: &Service) -> BTreeMap<String, toml::Value> {
        let text = |text: &str| toml::Value::from(text);
        let list = |texts: &[&str]| toml::Value::from(texts.to_vec());
        let mode = |mode| match mode {
            Security::ImplicitTls => "implicit",
            Security::StartTls => "starttls",
            Security::Cleartext => "none",
        };
        let ports = service.ports.iter();
        let ports: Vec<_> = ports
            .map(|(port, tls)| format!("{port} {}", mode(*tls)))
            .collect();
        let seconds = |time: Duration| u32::try_from(time.as_secs()).unwrap();
        let some_list = |texts: &[&str]| (!texts.is_empty()).then(|| list(texts));
        let fields = [
            ("name", Some(text(service.name))),
            ("hosts", Some(list(&service.hosts))),
            ("ports", Some(toml::Value::from(ports))),
            ("user", Some(text(service.user))),
            ("secret", Some(text(service.secret))),
            ("oauth", service.oauth.map(text)),
            ("length", service.length.map(toml::Value::from)),
            ("no-blanks", service.no_blanks.then(|| true.into())),
            ("domains", some_list(&service.domains)),
            ("mx", some_list(&service.mx)),
            ("page", service.page.map(text)),
            ("two-step", service.two_step.map(text)),
            ("recipients", service.recipients.map(toml::Value::from)),
            ("connections", service.connections.map(toml::Value::from)),
            ("mails", service.mails.map(toml::Value::from)),
            ("idle", service.idle.map(seconds).map(toml::Value::from)),
            ("minute", service.a_minute.map(toml::Value::from)),
            ("day", service.a_day.map(toml::Value::from)),
        ];
        let set = fields.into_iter();
        set.filter_map(|(key, value)| Some((key.to_owned(), value?)))
            .collect()
    }

    #[test]
    fn what_is_read_is_what_is_written() {
        let parsed: Table = toml::from_str(TABLE).unwrap();
        let read = Service::all().iter();
        let read: Table = read
            .map(|service| (service.key.to_owned(), written(service)))
            .collect();
        assert_eq!(read, parsed);
        assert!(read.len() > 50);
    }

    #[test]
    fn every_row_can_be_used() {
        let mut domains: Vec<&str> = Vec::new();
        for service in Service::all() {
            let key = service.key;
            assert!(
                !service.ports.is_empty() && !service.name.is_empty(),
                "{key}"
            );
            let secrets = ["password", "app password", "key", "oauth", "none"];
            assert!(secrets.contains(&service.secret), "{key}");
            let providers = [None, Some("google"), Some("microsoft")];
            assert!(providers.contains(&service.oauth), "{key}");
            assert!(
                service.secret != "oauth" || service.oauth.is_some(),
                "{key}"
            );
            for host in &service.hosts {
                let region = host.replace('*', "eu-west-1");
                assert!(region.parse::<Host>().is_ok(), "{host}");
                let found = Service::of_host(&region).unwrap();
                assert!(found.hosts.contains(host), "{key} {host}");
            }
            for name in service
                .hosts
                .iter()
                .chain(&service.domains)
                .chain(&service.mx)
            {
                assert_eq!(*name, name.to_ascii_lowercase());
            }
            for page in service.page.iter().chain(&service.two_step) {
                assert!(page.starts_with("https://"), "{page}");
            }
            // Passwords go to the first port, in clear text nowhere but to this machine.
            let is_safe = |(_, tls): &(u16, Security)| *tls != Security::Cleartext;
            assert!(
                service.ports.iter().all(is_safe) || service.secret == "none",
                "{key}"
            );
            domains.extend(&service.domains);
        }
        let all = domains.len();
        domains.sort_unstable();
        domains.dedup();
        assert_eq!(domains.len(), all, "a domain is at two services");
    }

    #[test]
    fn services_are_found() {
        let by_host = |host| Service::of_host(host).map(|service| service.key);
        let by_domain = |domain| Service::of_domain(domain).map(|service| service.key);
        let by_mx = |name| Service::of_mail_exchanger(name).map(|service| service.key);
        for (found, expected) in [
            (by_host("smtp.gmail.com"), Some("gmail")),
            (by_host("SMTP.Office365.com."), Some("office365")),
            (by_host("email-smtp.eu-west-1.amazonaws.com"), Some("ses")),
            (by_host("email-smtp.amazonaws.com"), None),
            (by_host("amazonaws.com"), None),
            (by_host("mail.amazonaws.com"), None),
            (by_host("notsmtp.gmail.com"), None),
            (by_host("smtp.gmail.com.example.org"), None),
            (by_host(""), None),
            (by_domain("GMAIL.com"), Some("gmail")),
            (by_domain("example.org"), None),
            (by_mx("ASPMX.L.GOOGLE.COM."), Some("workspace")),
            (by_mx("alt1.aspmx.l.google.com"), Some("workspace")),
            (
                by_mx("example-org.mail.protection.outlook.com"),
                Some("office365"),
            ),
            (by_mx("in1-smtp.messagingengine.com"), Some("fastmail")),
            (by_mx("notmessagingengine.com"), None),
            (by_mx("mx.example.org"), None),
        ] {
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn users() {
        for (key, expected) in [
            ("gmail", Some("me@x.test")),
            ("webde", Some("me")),
            ("sendgrid", Some("apikey")),
            ("ses", None),
            ("local", None),
        ] {
            let user = Service::of_key(key).unwrap().user_of("me@x.test");
            assert_eq!(user.as_deref(), expected, "{key}");
        }
    }
}
