//! What a file is, by its content and by its name.

use std::path::Path;

/// How many octets from the beginning are looked at.
pub(crate) const PREFIX: usize = 4_096;

/// The media type of the first octets, up to [`PREFIX`] of them, if they are of a known format.
///
/// Text has none: a few letters at its beginning may look like a signature by accident, and its name
/// shows better which kind of text it is.
pub(crate) fn by_content(prefix: &[u8]) -> Option<&'static str> {
    if is_text(prefix) {
        return None;
    }
    let found = infer::get(prefix)?;
    (found.matcher_type() != infer::MatcherType::Text).then(|| found.mime_type())
}

/// The media type of a file: of its content, if the content shows one, or else of the extension of
/// `name`, or else of the extension of `path`.
///
/// The content decides, as names are wrong more often, except where it shows a container that many
/// formats are built on. Composite and unknown types are `application/octet-stream`.
pub(crate) fn guess(
    content: Option<&'static str>,
    path: Option<&Path>,
    name: &str,
) -> &'static str {
    let by_path = |path| mime_guess::from_path(path).first_raw();
    let extension = by_path(Path::new(name)).or_else(|| by_path(path?));
    let guess = match (content, extension) {
        (Some(content), Some(extension)) if is_built_on(extension, content) => Some(extension),
        (content, extension) => content.or(extension),
    };
    let is_composite =
        |guess: &str| guess.starts_with("message/") || guess.starts_with("multipart/");
    guess
        .filter(|guess| !is_composite(guess))
        .unwrap_or("application/octet-stream")
}

/// Whether a file of type `extension` may well look like a file of type `content`.
fn is_built_on(extension: &str, content: &str) -> bool {
    match content {
        "application/zip" | "application/x-ole-storage" => extension.starts_with("application/"),
        "audio/ogg" | "video/mp4" | "video/x-matroska" | "image/tiff" => {
            let is_media = ["audio/", "video/", "image/"]
                .iter()
                .any(|m| extension.starts_with(m));
            is_media && !infer::is_mime_supported(extension)
        }
        _ => false,
    }
}

/// Whether this is UTF-8, but for a character that is cut at the end, and has no controls but
/// those of text.
fn is_text(prefix: &[u8]) -> bool {
    let valid = match std::str::from_utf8(prefix) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => {
            let whole = prefix.get(..error.valid_up_to()).unwrap_or_default();
            std::str::from_utf8(whole).unwrap_or_default()
        }
        Err(_) => return false,
    };
    valid
        .bytes()
        .all(|b| !b.is_ascii_control() || matches!(b, b'\t' | b'\n' | b'\r' | 0x0c | 0x1b))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
    const ZIP: &[u8] = b"PK\x03\x04\x14\0\0\0\x08\0";

    #[test]
    fn the_content_decides_then_the_extension() {
        for (name, content, media_type) in [
            ("a.png", PNG, "image/png"),
            ("a.jpg", PNG, "image/png"),
            ("a", PNG, "image/png"),
            ("a.txt", b"\xff\xd8\xff\xe0\0\x10JFIF\0", "image/jpeg"),
            ("a.bin", b"GIF89a\x01\0\x01\0", "image/gif"),
            ("a.x", b"RIFF\x24\0\0\0WEBPVP8 ", "image/webp"),
            (
                "a.x",
                b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf",
                "image/avif",
            ),
            ("a.x", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "image/heif"),
            ("a.x", b"BM\x36\0\0\0\0\0\0\0", "image/bmp"),
            ("a.png", b"II*\0\x08\0\0\0\0\0\0\0", "image/tiff"),
            (
                "a.x",
                b"\0\0\x01\0\x01\0\x10\x10\0\0",
                "image/vnd.microsoft.icon",
            ),
            ("a.doc", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3", "application/pdf"),
            ("BMW.txt", b"BMW is a brand", "text/plain"),
            ("a.svg", b"<?xml version=\"1.0\"?><svg/>", "image/svg+xml"),
            ("a.html", b"<!DOCTYPE html><p>", "text/html"),
            ("a.png", b"<html><script>", "image/png"),
            ("a.csv", b"", "text/csv"),
            ("a.png", b"", "image/png"),
            ("a.png", b"\x89", "image/png"),
            ("a", b"", "application/octet-stream"),
            ("a.nothing-known", b"text", "application/octet-stream"),
            ("a.zip", ZIP, "application/zip"),
            ("a", ZIP, "application/zip"),
            ("a.png", ZIP, "application/zip"),
            ("a.apk", ZIP, "application/vnd.android.package-archive"),
            ("a.odt", ZIP, "application/vnd.oasis.opendocument.text"),
            (
                "a.docx",
                ZIP,
                "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            ),
            (
                "a.eml",
                b"From: a@x.test\r\n\r\n",
                "application/octet-stream",
            ),
        ] {
            let guess = guess(by_content(content), None, name);
            assert_eq!(guess, media_type, "{name} {content:?}");
        }
    }

    #[test]
    fn text_may_be_cut_in_a_character() {
        assert!(is_text("日本".as_bytes()));
        assert!(is_text(&"日本".as_bytes()[..5]));
        assert!(!is_text(b"\xff\xfe"));
        assert!(!is_text(b"a\0"));
    }
}
