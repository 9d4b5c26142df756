//! One conversation with a server: from the greeting to QUIT.
//!
//! Setting up is a chain of types, so that what must not happen cannot be written down:
//!
//! ```text
//! Greeted ----starttls----> Secured ----authenticate---------> Session
//!    |                         ^  \-----without_authentication----^
//!    |      implicit_tls ------/                                  |
//!    \----- in_cleartext / danger_cleartext_auth -----------------/
//! ```
//!
//! Credentials go out on a [`Secured`] session alone; what was learnt in clear text is gone with
//! the [`Greeted`] that learnt it; the one way round has `danger` in its name. Once set up, a
//! [`Session`] sends one mail after the other, or [many](Session::send_each) close behind each other.

mod authenticate;
mod credentials_provider;
mod each;
mod ending;
mod flow;
mod greeted;
mod hello;
mod inquiry;
mod login_refusal;
mod mail;
mod options;
mod outcome;
mod parameters;
mod portions;
mod prepare;
mod progress;
mod queue_id;
mod recall;
mod receipt;
mod recipient;
mod secured;
mod security;
mod server;
mod settled;
mod timing;
mod transaction;
mod transfer;
mod watch;

pub use credentials_provider::{CredentialsProvider, ProvidedCredentials};
pub use each::Returned;
pub use greeted::Greeted;
pub use hello::Hello;
pub use mail::Mail;
pub(crate) use progress::Observer;
pub use progress::Progress;
pub(crate) use recall::Recall;
pub use receipt::Receipt;
pub use recipient::{Recipient, RecipientOutcome, recipient_outcomes};
pub use secured::Secured;
pub use security::Security;
pub use server::{ServerConfig, ServerConfigBuilder};
pub use timing::{SetUp, Timing};
pub use transaction::Session;

pub use crate::observe::MailOutcome;
pub use crate::protocol::{Chunking, Pipelining, Strategy};
