//! One conversation with a server: from the greeting to QUIT.
//!
//! The set-up is a chain of types, so that the compiler rejects what must not happen:
//!
//! ```text
//! Greeted ----starttls----> Secured ----authenticate---------> Session
//!    |                         ^  \-----without_authentication----^
//!    |      implicit_tls ------/                                  |
//!    \----- in_cleartext / danger_cleartext_auth -----------------/
//! ```
//!
//! Credentials are sent only on a [`Secured`] session; the only exception has `danger` in its name. The
//! extensions that were listed in clear text are dropped with the [`Greeted`] that read them. Once set up, a
//! [`Session`] sends one mail after the other, or [many](Session::send_each) that follow each other closely.

mod departure;
mod dialogue;
mod findings;
mod mail;
mod plan;
mod portions;
mod receipt;
mod recipient;
mod send;
mod send_each;
#[expect(
    clippy::module_inception,
    reason = "the file holds the type of that name"
)]
mod session;
mod setup;
mod telemetry;
mod timing;
mod withdrawal;

pub use departure::{Departing, Departure};
pub use mail::Mail;
pub use receipt::Receipt;
pub use recipient::{Recipient, RecipientOutcome, recipient_outcomes};
pub use send_each::UnsentMail;
pub use session::Session;
#[cfg(feature = "config")]
pub(crate) use setup::ServerAddress;
pub use setup::{
    CredentialsProvider, Greeted, Hello, ProvidedCredentials, RenewedCredentials, Secured,
    Security, ServerConfig, ServerConfigBuilder,
};
pub(crate) use telemetry::Observer;
pub use telemetry::Progress;
pub use timing::{SetUp, Timing};
pub(crate) use withdrawal::Withdrawal;

pub use crate::observe::MailOutcome;
