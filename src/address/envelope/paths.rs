//! The paths of a message.

use std::collections::{BTreeMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use super::error::EnvelopeError;
use super::options::{Options, Partial, RecipientOptions};
use crate::address::error::Problem;
use crate::address::{AddrSpec, AddressError, ForwardPath, ReversePath};

/// The recipients of a message, and the address for reports about it: RFC 5321 section 2.3.1.
///
/// It has one or more recipients, each of them once. They may differ from the fields of the message:
/// recipients of blind copies are in no field. Cloning is cheap.
///
/// ```
/// use pilotfish::address::{Envelope, ReversePath};
///
/// let envelope = Envelope::new(ReversePath::Null, ["bo@example.org", "bo@EXAMPLE.org"])?;
/// assert_eq!(envelope.forward_paths().len(), 1);
/// # Ok::<(), pilotfish::address::AddressError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Envelope(Arc<Parts>);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Parts {
    reverse_path: ReversePath,
    forward_paths: Vec<ForwardPath>,
    options: Options,
    /// The options of single recipients, by their place.
    own: BTreeMap<usize, RecipientOptions>,
}

impl Envelope {
    /// An envelope for these recipients, in this order. Of equal recipients it keeps the first.
    ///
    /// Each path is a text such as `ann@example.org`, an [`AddrSpec`] or a path.
    ///
    /// # Errors
    ///
    /// If a text is not an address, or if there is no recipient.
    pub fn new(
        reverse_path: impl TryInto<ReversePath, Error: Into<AddressError>>,
        forward_paths: impl IntoIterator<Item: TryInto<ForwardPath, Error: Into<AddressError>>>,
    ) -> Result<Self, AddressError> {
        let reverse_path = reverse_path.try_into().map_err(Into::into)?;
        let paths = forward_paths.into_iter();
        let paths = paths.map(|path| path.try_into().map_err(Into::into));
        let mut forward_paths = paths.collect::<Result<Vec<ForwardPath>, _>>()?;
        if forward_paths.len() > 1 {
            let mut seen = HashSet::new();
            forward_paths.retain(|path| seen.insert(path.clone()));
        }
        if forward_paths.is_empty() {
            return Err(AddressError::of_values(Problem::NoRecipient));
        }
        Ok(Self(Arc::new(Parts {
            reverse_path,
            forward_paths,
            options: Options::default(),
            own: BTreeMap::new(),
        })))
    }

    /// Sets the options, in place of earlier ones.
    #[must_use]
    pub fn with_options(mut self, options: Options) -> Self {
        Arc::make_mut(&mut self.0).options = options;
        self
    }

    /// Sets the options of one recipient. An option that is `None` is as for [each](Options::each).
    ///
    /// # Errors
    ///
    /// [`EnvelopeError::NoSuchRecipient`] if it is not a recipient of the envelope.
    pub fn with_recipient_options(
        mut self,
        recipient: &ForwardPath,
        options: RecipientOptions,
    ) -> Result<Self, EnvelopeError> {
        let mut paths = self.forward_paths().iter();
        let place = paths.position(|path| path == recipient);
        let place = place.ok_or_else(|| EnvelopeError::NoSuchRecipient {
            path: recipient.to_string().into(),
        })?;
        Arc::make_mut(&mut self.0).own.insert(place, options);
        Ok(self)
    }

    /// The address for reports of failure.
    #[must_use]
    pub fn reverse_path(&self) -> &ReversePath {
        &self.0.reverse_path
    }

    /// The recipients: at least one, and no two are equal.
    #[must_use]
    pub fn forward_paths(&self) -> &[ForwardPath] {
        &self.0.forward_paths
    }

    /// Whether an address has a non-ASCII local part, which only servers with SMTPUTF8 accept (RFC 6531
    /// section 3.4). The message may need SMTPUTF8 for its own reasons.
    #[must_use]
    pub fn needs_smtputf8(&self) -> bool {
        self.address_beyond_ascii().is_some()
    }

    /// The first address that has a non-ASCII local part.
    pub(crate) fn address_beyond_ascii(&self) -> Option<&AddrSpec> {
        let recipients = self.0.forward_paths.iter().map(ForwardPath::addr_spec);
        let mut all = (self.0.reverse_path.addr_spec().into_iter()).chain(recipients);
        all.find(|address| !address.is_ascii())
    }

    /// The options: what the envelope requests from the server besides delivery.
    #[must_use]
    pub fn options(&self) -> &Options {
        &self.0.options
    }

    /// What happens to the mail if the server rejects some of its recipients.
    #[must_use]
    pub fn partial(&self) -> Partial {
        self.0.options.partial
    }

    /// The options of each recipient, in their order.
    pub fn recipient_options(&self) -> impl Iterator<Item = RecipientOptions> {
        let each = &self.0.options.each;
        (0..self.0.forward_paths.len()).map(move |place| match self.0.own.get(&place) {
            Some(own) => RecipientOptions {
                notify: own.notify.or(each.notify),
                original: own.original.clone().or_else(|| each.original.clone()),
            },
            None => each.clone(),
        })
    }

    /// Whether an option needs DSN (RFC 3461).
    pub(crate) fn asks_for_dsn(&self) -> bool {
        let Options { ret, id, each, .. } = &self.0.options;
        let mut recipients = std::iter::once(each).chain(self.0.own.values());
        ret.is_some()
            || id.is_some()
            || recipients.any(|asked| *asked != RecipientOptions::default())
    }

    /// Splits the mail for servers with a limit (RFC 9422, RFC 5321 section 4.5.3.1.10): first the same
    /// mail for the first recipients, at most this many and in this many domains, but at least one; then
    /// the same mail for the remaining recipients, or `None` if no recipients remain.
    pub(crate) fn split(&self, recipients: usize, domains: usize) -> (Self, Option<Self>) {
        let end = self.end_of_portion(recipients, domains);
        if end == self.0.forward_paths.len() {
            return (self.clone(), None);
        }
        let first = self.select(0..end, |_| true);
        let rest = self.select(end..self.0.forward_paths.len(), |_| true);
        (first, Some(rest))
    }

    /// The number of recipients in the first portion.
    fn end_of_portion(&self, recipients: usize, domains: usize) -> usize {
        let paths = self.0.forward_paths.iter();
        // There are at most as many domains as recipients.
        if paths.len() <= recipients.min(domains) {
            return self.0.forward_paths.len();
        }
        let mut seen = HashSet::new();
        let end = paths.enumerate().position(|(count, path)| {
            let domain = path.addr_spec().domain();
            let is_full = count >= recipients || (seen.len() >= domains && !seen.contains(domain));
            seen.insert(domain);
            is_full && count > 0
        });
        end.unwrap_or(self.0.forward_paths.len())
    }

    /// The same mail for those of these recipients that it has; `None` if it has none of them.
    pub(crate) fn restricted_to(&self, paths: &[ForwardPath]) -> Option<Self> {
        let wanted: HashSet<_> = paths.iter().collect();
        let all = 0..self.0.forward_paths.len();
        let restricted = self.select(all, |path| wanted.contains(path));
        (!restricted.0.forward_paths.is_empty()).then_some(restricted)
    }

    /// The same mail for those recipients in this range that `keep` accepts.
    fn select(&self, range: Range<usize>, keep: impl Fn(&ForwardPath) -> bool) -> Self {
        let places = range.clone();
        let paths = self.0.forward_paths.get(range).unwrap_or_default();
        let mut forward_paths = Vec::with_capacity(paths.len());
        let mut own = BTreeMap::new();
        for (place, path) in places.zip(paths).filter(|(_, path)| keep(path)) {
            if let Some(options) = self.0.own.get(&place) {
                own.insert(forward_paths.len(), options.clone());
            }
            forward_paths.push(path.clone());
        }
        Self(Arc::new(Parts {
            reverse_path: self.0.reverse_path.clone(),
            own,
            forward_paths,
            options: self.0.options.clone(),
        }))
    }
}
