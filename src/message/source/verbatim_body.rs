//! Bodies that are sent line by line, as they are.

use super::body::Body;
use super::look_through::look_through;
use crate::message::encoding::{BodyEncoding, BodyType, Scan, Trouble};
use crate::message::error::BodyError;

/// A body that was looked through, and contains nothing that cannot be sent.
#[derive(Debug)]
pub(crate) struct VerbatimBody {
    pub(crate) body: Body,
    pub(crate) encoding: BodyEncoding,
    pub(crate) body_type: BodyType,
}

impl VerbatimBody {
    /// Looks through a body that is open and can be read more than once. It can be sent unless
    /// it has a NUL or a line that is too long.
    ///
    /// # Errors
    ///
    /// If it cannot be read.
    pub(crate) async fn new(body: Body) -> Result<Result<Self, Trouble>, BodyError> {
        let scan = look_through(&body, Scan::default(), Scan::apply).await?;
        Ok(scan.body_type().map(|body_type| Self {
            body,
            encoding: BodyEncoding::Lines(scan.len()),
            body_type,
        }))
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::super::look_through::SLICE;
    use super::*;

    fn text() -> Vec<u8> {
        let mut text = b"x".repeat(100);
        // A line end that a slice ends in.
        text.resize(SLICE - 1, b'\n');
        text.extend_from_slice("\r\nä\n".as_bytes());
        text
    }

    #[test]
    fn long_bodies_are_looked_through_slice_by_slice() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text()).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread();
        let from_file = async {
            let mut body = Body::file(file.path());
            body.open().await.unwrap();
            VerbatimBody::new(body).await.unwrap().unwrap()
        };
        let runtime = { runtime }.build().unwrap();
        let from_file = runtime.block_on(from_file);
        let from_memory = runtime.block_on(VerbatimBody::new(Body::bytes(text())));
        let len = 100 + 2 * (SLICE as u64 - 101) + 2 + 4;
        for body in [from_file, from_memory.unwrap().unwrap()] {
            assert_eq!(body.encoding, BodyEncoding::Lines(len));
            assert_eq!(body.body_type, BodyType::EightBit);
        }
    }

    #[test]
    fn others_may_run_meanwhile() {
        let looking = VerbatimBody::new(Body::bytes(text()));
        assert!(looking.now_or_never().is_none());
    }
}
