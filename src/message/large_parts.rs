//! What makes a message large.

use std::fmt;

use crate::message::Message;
use crate::message::encoding::BodyType;

/// A part that has a name, and its octets as they are sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LargePart {
    pub(crate) name: Box<str>,
    pub(crate) size: u64,
}

/// How many characters of a name are shown.
const SHOWN: usize = 40;

impl fmt::Display for LargePart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut characters = self.name.chars();
        let name: String = characters.by_ref().take(SHOWN).collect();
        let more = if characters.next().is_some() {
            "..."
        } else {
            ""
        };
        write!(f, "{}{more} ({} octets)", name.escape_debug(), self.size)
    }
}

impl Message {
    /// The `count` largest attachments, the largest first, as they are sent to a server that can
    /// carry so much.
    pub(crate) fn largest_parts(&self, most: BodyType, count: usize) -> Vec<LargePart> {
        let mut largest: Vec<LargePart> = Vec::new();
        for (name, size) in self.0.template.named_parts(most.min(self.0.most)) {
            let place = largest.partition_point(|part| part.size >= size);
            if place < count {
                let name = name.into();
                largest.insert(place, LargePart { name, size });
                largest.truncate(count);
            }
        }
        largest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::part::Attachment;
    use crate::message::source::Body;

    async fn message(sizes: &[(&str, usize)]) -> Message {
        let builder = Message::builder()
            .from("ann@example.org")
            .to("bo@example.org")
            .text("Look:");
        let builder = sizes.iter().fold(builder, |builder, (name, size)| {
            let attachment = Attachment::new(Body::bytes(vec![0; *size]), *name);
            builder.attach(attachment)
        });
        builder.build().await.unwrap()
    }

    fn largest(message: &Message, most: BodyType, count: usize) -> String {
        let parts = message.largest_parts(most, count);
        let parts: Vec<_> = parts.iter().map(ToString::to_string).collect();
        parts.join(", ")
    }

    #[tokio::test]
    async fn the_largest_come_first_and_of_equal_ones_the_first() {
        let sizes = [("a", 57), ("b", 0), ("c", 114), ("d", 57), ("e", 3)];
        let message = message(&sizes).await;
        for (count, expected) in [
            (0, ""),
            (1, "c (156 octets)"),
            (3, "c (156 octets), a (78 octets), d (78 octets)"),
            (
                9,
                "c (156 octets), a (78 octets), d (78 octets), e (6 octets), b (0 octets)",
            ),
        ] {
            assert_eq!(largest(&message, BodyType::SevenBit, count), expected);
        }
        assert_eq!(
            largest(&self::message(&[]).await, BodyType::SevenBit, 3),
            ""
        );
    }

    #[tokio::test]
    async fn a_name_is_shown_shortened_and_with_quotes_escaped() {
        let name = format!("\"{}", "é".repeat(60));
        let message = message(&[(&name, 1)]).await;
        let expected = format!("\\\"{}... (6 octets)", "é".repeat(39));
        assert_eq!(largest(&message, BodyType::SevenBit, 1), expected);
    }
}
