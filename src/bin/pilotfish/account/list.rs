//! `account list` and `account show`.

use pilotfish::Security;
use pilotfish::config::Account;
use serde_json::json;

use crate::args::GlobalArguments;
use crate::failure::Failure;
use crate::output::report::answer;
use crate::settings::{configuration, effective};
use crate::terminal::wrap::columns;

/// Prints the accounts.
pub(super) async fn list(global: &GlobalArguments) -> Result<(), Failure> {
    let config = configuration(global).await?;
    let default = config.choose(None, None).ok().map(|(name, ..)| name);
    let accounts = config.accounts.iter();
    let rows = accounts.map(|(name, account)| {
        let address = account
            .sender()
            .map(|sender| sender.addr_spec().to_string());
        let is_default = Some(name.as_str()) == default;
        (is_default, name, address.unwrap_or_default(), account)
    });
    if global.json {
        let rows = rows.map(|(is_default, name, address, account)| {
            json!({
                "name": name, "default": is_default, "address": address,
                "server": place(account), "login": login(account), "secret": secret(account),
            })
        });
        let rows: Vec<_> = rows.collect();
        let object = json!({"schema": "pilotfish.accounts/1", "accounts": rows});
        return answer(&object.to_string());
    }
    let mut table = vec![["", "NAME", "ADDRESS", "SERVER", "LOGIN", "SECRET"].map(str::to_owned)];
    table.extend(rows.map(|(is_default, name, address, account)| {
        let star = if is_default { "*" } else { "" };
        [
            star.to_owned(),
            name.clone(),
            address,
            place(account),
            login(account).to_owned(),
            secret(account).to_owned(),
        ]
    }));
    if table.len() > 1 {
        answer(&aligned(&table))
    } else {
        crate::output::report::notice("no account is set up");
        Ok(())
    }
}

/// Prints the settings of an account, each with its place.
pub(super) async fn show(
    name: &str,
    account: &Account,
    global: &GlobalArguments,
) -> Result<(), Failure> {
    let entries = effective(global).await?;
    let own = entries.into_iter().filter(|entry| {
        let mut key = entry.key.iter();
        key.next().is_some_and(|table| table == "account")
            && key.next().is_some_and(|other| other == name)
    });
    let mut rows: Vec<_> = own
        .map(|entry| {
            let key = entry.key.get(2..).unwrap_or_default().join(".");
            let value = entry.value.trim_matches(['"', '\'']).to_owned();
            match key.split_once('-') {
                Some(("password" | "token", "command")) => {
                    let command = account.shown_secret_command().unwrap_or_default();
                    [
                        "secret".to_owned(),
                        format!("command: {command}"),
                        entry.place,
                    ]
                }
                Some(("token", place)) if account.uses_oauth() => [
                    "tokens".to_owned(),
                    format!("{place}: {value}"),
                    entry.place,
                ],
                Some(("password" | "token", place)) => [
                    "secret".to_owned(),
                    format!("{place}: {value}"),
                    entry.place,
                ],
                _ if key == "server" => [key, server(account), entry.place],
                _ => [key, value, entry.place],
            }
        })
        .collect();
    if rows.iter().all(|[key, ..]| key != "server") {
        let built_in = "built-in list of services".to_owned();
        rows.insert(0, ["server".to_owned(), server(account), built_in]);
    }
    if global.json {
        let rows = rows
            .iter()
            .map(|[key, value, origin]| json!({"key": key, "value": value, "origin": origin}));
        let rows: Vec<_> = rows.collect();
        let object = json!({"schema": "pilotfish.account/1", "name": name, "settings": rows});
        return answer(&object.to_string());
    }
    answer(&aligned(&rows))
}

/// The server with its port, or the socket.
pub(super) fn place(account: &Account) -> String {
    if let Some(path) = account.unix_socket() {
        return path.display().to_string();
    }
    let host = account.host().map(ToString::to_string).unwrap_or_default();
    let port = account.port().unwrap_or_else(|| account.security().port());
    if host.contains(':') {
        format!("[{host}]:{port}")
    } else {
        format!("{host}:{port}")
    }
}

/// The same with how sessions are protected.
fn server(account: &Account) -> String {
    let mode = match account.security() {
        Security::ImplicitTls => "implicit",
        Security::StartTls => "starttls",
        _ => "no TLS",
    };
    format!("{}, {mode}", place(account))
}

/// What the login is by.
fn login(account: &Account) -> &'static str {
    let has_token = account.uses_oauth()
        || account.token_file.is_some()
        || account.token_command.is_some()
        || account.token_env.is_some()
        || account.token_credential.is_some()
        || account.token_keyring.is_some();
    match account.logs_in() {
        false => "none",
        true if has_token => "OAuth 2.0",
        true if secret(account) == "-" => "certificate",
        true => "password",
    }
}

/// Where the tokens of a login are, or what obtains them without one.
fn oauth_secret(account: &Account) -> &'static str {
    let places = [
        (account.token_file.is_some(), "file"),
        (account.token_keyring.is_some(), "keyring"),
        (account.service_account_file.is_some(), "file"),
        (account.client_secret_file.is_some(), "file"),
        (account.client_secret_command.is_some(), "command"),
        (account.client_secret_env.is_some(), "variable"),
        (account.client_secret_credential.is_some(), "credential"),
        (account.client_secret_keyring.is_some(), "keyring"),
    ];
    let place = places.into_iter().find(|(is_there, _)| *is_there);
    place.map_or("-", |(_, place)| place)
}

/// Where the secret is.
fn secret(account: &Account) -> &'static str {
    if account.uses_oauth() {
        return oauth_secret(account);
    }
    let files = [account.password_file.as_ref(), account.token_file.as_ref()];
    let commands = [
        account.password_command.as_ref(),
        account.token_command.as_ref(),
    ];
    let variables = [account.password_env.as_ref(), account.token_env.as_ref()];
    let credentials = [
        account.password_credential.as_ref(),
        account.token_credential.as_ref(),
    ];
    if files.iter().any(Option::is_some) {
        "file"
    } else if commands.iter().any(Option::is_some) {
        "command"
    } else if variables.iter().any(Option::is_some) {
        "variable"
    } else if credentials.iter().any(Option::is_some) {
        "credential"
    } else if account.password_keyring.is_some() || account.token_keyring.is_some() {
        "keyring"
    } else if account.password_netrc.is_some() {
        "netrc"
    } else {
        "-"
    }
}

/// The rows with their columns below each other. The first column of a list is that of the star.
fn aligned<const N: usize>(rows: &[[String; N]]) -> String {
    let widths: [usize; N] = std::array::from_fn(|column| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| columns(cell)).max().unwrap_or_default()
    });
    let lines = rows.iter().map(|row| {
        let cells = row.iter().zip(widths).map(|(cell, width)| {
            let blanks = width.saturating_sub(columns(cell));
            format!("{cell}{}", " ".repeat(blanks))
        });
        let cells: Vec<_> = cells.collect();
        cells.join("  ").trim_end().to_owned()
    });
    lines.collect::<Vec<_>>().join("\n")
}
