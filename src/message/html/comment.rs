//! Where a comment of an HTML document ends.

/// How much of a comment has been read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Comment {
    /// How many octets of [`CONDITION`], if there is nothing else in it.
    condition: usize,
    end: End,
}

/// What a conditional comment begins with. What it contains is markup for some readers.
const CONDITION: &[u8] = b"[if";

/// How much of the end of the comment has been read (HTML, sections 13.2.5.43 to 13.2.5.52).
#[derive(Debug, Clone, Copy)]
enum End {
    None,
    /// `<!--`, which `>` ends.
    Begun,
    /// `<!---`, which `>` ends too.
    HyphenAtBegin,
    Hyphen,
    Hyphens,
    /// `--!`
    HyphensAndMark,
}

impl Comment {
    /// After `<!--`.
    pub(super) const BEGUN: Self = Self {
        condition: 0,
        end: End::Begun,
    };

    /// The comment after this octet; `None` if the octet ends it.
    pub(super) fn after(self, octet: u8) -> Option<Self> {
        let condition = match CONDITION.get(self.condition) == Some(&octet) {
            true if self.condition + 1 == CONDITION.len() => return None,
            true => self.condition + 1,
            false => CONDITION.len(),
        };
        let end = match (self.end, octet) {
            (End::Begun | End::HyphenAtBegin | End::Hyphens | End::HyphensAndMark, b'>') => {
                return None;
            }
            (End::Begun, b'-') => End::HyphenAtBegin,
            (End::None | End::HyphensAndMark, b'-') => End::Hyphen,
            (_, b'-') => End::Hyphens,
            (End::Hyphens, b'!') => End::HyphensAndMark,
            _ => End::None,
        };
        Some(Self { condition, end })
    }
}
