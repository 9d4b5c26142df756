//! The numbers of Microsoft's errors, which say more than the code of OAuth 2.0.

use super::error::OAuthErrorKind as Kind;

/// What the description of an error means if it has a number that is known.
pub(super) fn of_microsoft(description: &str) -> Option<(Kind, &'static str)> {
    let (_, rest) = description.split_once("AADSTS")?;
    let end = rest.find(|c: char| !c.is_ascii_digit());
    let number: u32 = rest.get(..end.unwrap_or(rest.len()))?.parse().ok()?;
    let found = NUMBERS
        .iter()
        .find(|(numbers, ..)| numbers.contains(&number));
    found.map(|(_, kind, advice)| (*kind, *advice))
}

type Meaning = (&'static [u32], Kind, &'static str);

#[expect(
    clippy::unreadable_literal,
    reason = "they are written as people search for them"
)]
const NUMBERS: &[Meaning] = &[
    (
        &[70000, 70002, 70008, 700084, 50132],
        Kind::LoginEnded,
        "the login has ended: log in again",
    ),
    (
        &[700082],
        Kind::LoginEnded,
        "the login was not used for 90 days and has ended: log in again",
    ),
    (
        &[50173, 50133],
        Kind::LoginEnded,
        "the password was changed or the login was ended by the user or the administrator: log in again",
    ),
    (
        &[50076, 50078, 50079],
        Kind::LoginEnded,
        "a second factor is required now: log in again with the browser",
    ),
    (
        &[54005, 70019, 70020],
        Kind::Expired,
        "the code has expired or was used before: begin the login again",
    ),
    (
        &[65001],
        Kind::AdminConsent,
        "neither the user nor an administrator has allowed this client: log in again and allow it, or ask the administrator",
    ),
    (
        &[90094, 90095, 90093],
        Kind::AdminConsent,
        "an administrator has to allow this client first: ask the administrator of the organization",
    ),
    (
        &[65004],
        Kind::AccessDenied,
        "access was denied: log in again and allow it",
    ),
    (
        &[53000, 53001, 53003, 530003],
        Kind::AccessDenied,
        "a rule of the organization (conditional access) blocks this login: ask its administrator",
    ),
    (
        &[50105, 50020, 50177],
        Kind::AccessDenied,
        "the user is not assigned to this client or is of another organization: ask the administrator",
    ),
    (
        &[50034, 50053, 50057],
        Kind::AccessDenied,
        "the account does not exist here, is locked or is disabled: ask the administrator",
    ),
    (
        &[7000215],
        Kind::InvalidClient,
        "the client secret is wrong: use the value of the secret, not its ID",
    ),
    (
        &[7000222],
        Kind::InvalidClient,
        "the client secret has expired: make a new one where the client is registered",
    ),
    (
        &[7000112],
        Kind::InvalidClient,
        "the client is disabled in this organization: register one of your own",
    ),
    (
        &[700016, 700038],
        Kind::InvalidClient,
        "the organization does not know the client ID: check it and the tenant",
    ),
    (
        &[7000218, 700025],
        Kind::InvalidClient,
        "the client is registered as another type: allow public client flows there, or use its secret",
    ),
    (
        &[90002, 900023],
        Kind::Config,
        "there is no such tenant: check its ID or domain",
    ),
    (
        &[50194, 9002331, 9002346, 500202],
        Kind::Config,
        "the client is not for accounts of this kind: use the tenant that it is registered for",
    ),
    (
        &[70011, 28000, 500011],
        Kind::InvalidScope,
        "the scope is not the right one: SMTP needs https://outlook.office.com/SMTP.Send offline_access",
    ),
    (
        &[50011, 500113],
        Kind::RedirectUri,
        "the redirect URI http://localhost is not registered: add it to the client as one of a mobile or desktop program",
    ),
    (
        &[700024, 500133],
        Kind::Clock,
        "the server refuses the time of the request: check the clock of this machine",
    ),
];
