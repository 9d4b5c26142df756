//! The route to a server.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

#[cfg(feature = "proxy")]
use super::proxy::Proxy;
use crate::protocol::named;
use crate::secret::Secret;

/// The route to a server. Default: a direct TCP connection.
///
/// ```
/// use pilotfish::transport::{Family, Route};
///
/// # fn example() -> Result<Route, std::net::AddrParseError> {
/// let route = Route::new()
///     .family(Family::Ipv4)
///     .local_address("192.0.2.7".parse()?);
/// # Ok(route)
/// # }
/// ```
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct Route {
    pub(super) family: Family,
    pub(super) local_address: Option<IpAddr>,
    #[cfg(feature = "proxy")]
    pub(super) proxy: Option<Proxy>,
    pub(super) unix_socket: Option<PathBuf>,
}

/// Which addresses of a host the client uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Family {
    /// All, in the system's order of preference.
    #[default]
    Any,
    /// IPv4 only.
    Ipv4,
    /// IPv6 only.
    Ipv6,
}

named!(Family, "family", "any, ipv4 and ipv6", {
    Any => "any",
    Ipv4 => "ipv4",
    Ipv6 => "ipv6",
});

impl Family {
    fn has(self, address: IpAddr) -> bool {
        match self {
            Self::Any => true,
            Self::Ipv4 => address.is_ipv4(),
            Self::Ipv6 => address.is_ipv6(),
        }
    }
}

impl Route {
    /// A direct TCP connection.
    pub fn new() -> Self {
        Self::default()
    }

    /// Uses addresses of one family only. With a proxy these are the addresses of the proxy.
    pub fn family(mut self, family: Family) -> Self {
        self.family = family;
        self
    }

    /// Connects from this address of the machine. Only addresses of its family are used.
    pub fn local_address(mut self, address: IpAddr) -> Self {
        self.local_address = Some(address);
        self
    }

    /// Connects through a proxy, which looks up the host name of the server. The certificate still has
    /// to be valid for the server's name.
    #[cfg(feature = "proxy")]
    pub fn proxy(mut self, proxy: Proxy) -> Self {
        self.proxy = Some(proxy);
        self
    }

    /// Connects to a Unix domain socket of this machine, and ignores the host and port of the server
    /// and the other settings of the route. A login in clear text is allowed there: the connection
    /// stays inside the machine, and the permissions of the folder control who may listen.
    #[cfg(unix)]
    pub fn unix_socket(mut self, path: impl Into<PathBuf>) -> Self {
        self.unix_socket = Some(path.into());
        self
    }

    /// Whether the connection stays inside the machine.
    pub(crate) fn is_local(&self) -> bool {
        self.path().is_some()
    }

    /// The Unix domain socket, if the route leads there.
    pub(crate) fn path(&self) -> Option<&Path> {
        self.unix_socket.as_deref()
    }

    /// Whether the proxy has a user without a password.
    #[cfg(feature = "proxy")]
    pub(crate) fn wants_password(&self) -> bool {
        self.proxy.as_ref().is_some_and(Proxy::wants_password)
    }

    #[cfg(not(feature = "proxy"))]
    #[expect(clippy::unused_self, reason = "the same signature with all features")]
    pub(crate) fn wants_password(&self) -> bool {
        false
    }

    /// The password of the proxy, if there is one.
    #[cfg(feature = "proxy")]
    pub(crate) fn secret(&self) -> Option<&Secret> {
        self.proxy.as_ref()?.password.as_ref()
    }

    #[cfg(not(feature = "proxy"))]
    #[expect(clippy::unused_self, reason = "the same signature with all features")]
    pub(crate) fn secret(&self) -> Option<&Secret> {
        None
    }

    /// Whether the client may connect to this address.
    pub(super) fn allows(&self, address: IpAddr) -> bool {
        let local = self.local_address;
        self.family.has(address) && local.is_none_or(|local| local.is_ipv4() == address.is_ipv4())
    }
}
