//! Servers and connections that fail, stall or lie, and callers that give up.

/// More recipients than fit into the buffers on the way.
pub(crate) mod backpressure;
/// A mail that nobody waits for any more.
pub(crate) mod cancellation;
/// Connections that are cut after each octet.
pub(crate) mod connection_cuts;
/// A mail that is dropped at each of its awaits.
pub(crate) mod dropped;
/// The reply to the end of data, on which everything depends.
pub(crate) mod end_of_data;
/// Servers that mean no good, at every point.
pub(crate) mod hostile;
/// Replies that a server should not give, or not then.
pub(crate) mod out_of_step;
/// Replies of which a part comes.
pub(crate) mod partial_replies;
/// Each stage has a limit of its own.
pub(crate) mod time_limits;
/// Servers that are silent, drip, or hardly read, with the clock paused.
pub(crate) mod timeouts;
/// Servers that say more than they were asked for.
pub(crate) mod unsolicited_replies;
