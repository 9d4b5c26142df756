//! Logins by OAuth 2.0, with servers and a browser that others wrote.

mod browser;
mod command;
mod dovecot;
mod login;
