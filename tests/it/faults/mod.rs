//! Servers and connections that fail, stall or send wrong replies, and callers that cancel.

/// More recipients than the network buffers hold.
pub(crate) mod backpressure;
/// Mails that the caller cancels.
pub(crate) mod cancellation;
/// Connections that are cut after each octet.
pub(crate) mod connection_cuts;
/// Futures that are dropped at each `await`.
pub(crate) mod dropped;
/// The reply to the end of data, which decides about the mail.
pub(crate) mod end_of_data;
/// Hostile servers, at every point of a dialogue.
pub(crate) mod hostile;
/// Replies at the wrong time.
pub(crate) mod out_of_step;
/// Partial replies.
pub(crate) mod partial_replies;
/// The time limit of each stage.
pub(crate) mod time_limits;
/// Servers that are silent, send one octet at a time, or hardly read; the clock is paused.
pub(crate) mod timeouts;
/// Servers that send unsolicited replies.
pub(crate) mod unsolicited_replies;
