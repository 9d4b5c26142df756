//! The elements of DER, in which certificates are written (X.690 section 8.1).

/// An element of DER (X.690 section 8.1), with a length of up to four octets.
pub(in crate::transport) struct DerElement<'a> {
    pub(in crate::transport) tag: u8,
    pub(in crate::transport) content: &'a [u8],
    pub(super) whole: &'a [u8],
    pub(in crate::transport) rest: &'a [u8],
}

impl<'a> DerElement<'a> {
    /// All elements up to the first that is not valid.
    pub(super) fn all(octets: &'a [u8]) -> impl Iterator<Item = Self> {
        std::iter::successors(Self::first(octets), |element| Self::first(element.rest))
    }

    pub(in crate::transport) fn first(octets: &'a [u8]) -> Option<Self> {
        let (&[tag, first], after) = octets.split_first_chunk()?;
        let (length, after) = match first {
            0..=0x7f => (usize::from(first), after),
            0x81..=0x84 => {
                let (digits, after) = after.split_at_checked(usize::from(first - 0x80))?;
                let length = digits
                    .iter()
                    .fold(0, |length, digit| length << 8 | usize::from(*digit));
                (length, after)
            }
            _ => return None,
        };
        let (content, rest) = after.split_at_checked(length)?;
        let (whole, _) = octets.split_at_checked(octets.len() - rest.len())?;
        Some(Self {
            tag,
            content,
            whole,
            rest,
        })
    }
}
