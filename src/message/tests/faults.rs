//! Bodies that turn out not to be what they were: the last block is never handed out.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::SystemTime;

use tokio::io::{AsyncRead, AsyncReadExt, ReadBuf};

use super::*;

/// So long that its end is not read before the first octets are taken.
const LEN: usize = 1_200_000;

/// What becomes of a message with a file that `change` is done to after the first block.
fn changed_in_the_middle(change: impl FnOnce(&mut File)) -> Result<Vec<Vec<u8>>, BodyError> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.bin");
    std::fs::write(&path, vec![b'x'; LEN]).unwrap();
    run(async {
        let attachment = Attachment::file(&path);
        let message = builder().attach(attachment).build().await.unwrap();
        let mut octets = message.into_octets();
        let first = octets.next_block(&mut Vec::new()).await.unwrap();
        assert!(first);
        change(
            &mut OpenOptions::new()
                .read(true)
                .write(true)
                .open(&path)
                .unwrap(),
        );
        let rest = blocks(&mut octets).await;
        if rest.is_err() {
            let again = octets.next_block(&mut Vec::new()).await;
            assert!(matches!(again, Err(BodyError::BrokenOff)));
        }
        rest
    })
}

#[test]
fn a_file_that_does_not_change_is_sent() {
    assert!(changed_in_the_middle(|_| {}).is_ok());
}

#[test]
fn a_file_that_shrinks() {
    let error = changed_in_the_middle(|file| file.set_len(200_000).unwrap()).unwrap_err();
    let (
        BodyError::Length {
            expected, found, ..
        },
        text,
    ) = (&error, error.to_string())
    else {
        panic!("{error:?}");
    };
    assert_eq!((*expected, *found), (1_200_000, 200_000));
    assert!(
        text.contains("a.bin\" has 200000 octets instead of 1200000"),
        "{text}"
    );
}

#[test]
fn a_file_that_grows() {
    let error = changed_in_the_middle(|file| file.set_len(1_200_001).unwrap()).unwrap_err();
    assert!(matches!(
        error,
        BodyError::Length {
            expected: 1_200_000,
            found: 1_200_001,
            ..
        }
    ));
}

#[test]
fn a_file_that_is_rewritten_in_place() {
    let error = changed_in_the_middle(|file| {
        file.write_all(b"y").unwrap();
        // The clock of a file system may be too coarse to tell the time of writing from before.
        file.set_modified(SystemTime::UNIX_EPOCH).unwrap();
    });
    assert!(matches!(error, Err(BodyError::Changed { .. })));
}

#[test]
fn a_small_file_is_sent_as_it_was_when_the_message_was_built() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a");
    for old in ["", "old", &"x".repeat(65_536)] {
        std::fs::write(&path, old).unwrap();
        let message = builder().attach(&path).build_now().unwrap();
        let before = octets(message.clone());
        std::fs::write(&path, "new, and longer than the old one").unwrap();
        assert_eq!(octets(message.clone()), before);
        std::fs::remove_file(&path).unwrap();
        assert_eq!(octets(message.clone()), before);
        assert_eq!(message.files().next(), Some(&*path));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_that_says_it_is_empty_and_is_not() {
    let attachment = Attachment::file("/proc/self/status");
    let message = builder().attach(attachment).build_now().unwrap();
    let error = run(blocks(&mut message.into_octets())).unwrap_err();
    assert!(matches!(
        error,
        BodyError::Length {
            expected: 0,
            found: 1..,
            ..
        }
    ));
}

#[test]
fn a_reader_that_gives_another_number_of_octets() {
    for (given, len) in [
        (0_usize, 1_u64),
        (99, 100),
        (100_000, 100_001),
        (1, 0),
        (101, 100),
    ] {
        let octets = std::io::Cursor::new(vec![0; given]);
        let attachment = Attachment::new(Body::reader(octets, len), "a");
        let message = builder().attach(attachment).build_now().unwrap();
        let mut octets = message.into_octets();
        run(async {
            let error = blocks(&mut octets).await.unwrap_err();
            match error {
                BodyError::Length {
                    expected, found, ..
                } => {
                    let seen = (given as u64).min(len + 1);
                    assert_eq!((expected, found), (len, seen));
                }
                other => panic!("{other}"),
            }
            let again = octets.next_block(&mut Vec::new()).await;
            assert!(matches!(again, Err(BodyError::BrokenOff)));
        });
    }
}

struct Fails;

impl AsyncRead for Fails {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        _: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        Poll::Ready(Err(std::io::Error::other("gone")))
    }
}

#[test]
fn a_reader_that_fails() {
    let reader = AsyncReadExt::chain(&b"abc"[..], Fails);
    let attachment = Attachment::new(Body::reader(reader, 6), "a");
    let message = builder().attach(attachment).build_now().unwrap();
    let error = run(blocks(&mut message.into_octets())).unwrap_err();
    assert!(matches!(error, BodyError::Read { .. }));
    assert_eq!(
        error.to_string(),
        "cannot read the reader: send the message again when it can be read"
    );
}

fn not_attached(attachment: Attachment) -> BodyError {
    match builder().attach(attachment).build_now() {
        Err(MessageError::Body(error)) => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn of_several_parts_the_first_that_cannot_be_opened_is_reported() {
    let dir = tempfile::tempdir().unwrap();
    let files = [("good", "x"), ("bad.eml", "Subject: a\n\n\0\n")];
    for (name, octets) in files {
        std::fs::write(dir.path().join(name), octets).unwrap();
    }
    for (parts, reported) in [
        ("good none-1 none-2", "none-1"),
        ("good . none", "directory"),
        ("good bad.eml none", "NUL"),
        ("good none bad.eml", "none"),
        ("none.eml bad.eml none", "none.eml"),
    ] {
        let parts = parts.split(' ').fold(builder(), |builder, name| {
            let path = dir.path().join(name);
            if name.contains(".eml") {
                builder.forward(path)
            } else {
                builder.attach(path)
            }
        });
        let error = parts.build_now().unwrap_err().to_string();
        assert!(error.contains(reported), "{error}");
    }
}

#[test]
fn what_cannot_be_attached_is_found_before() {
    let dir = tempfile::tempdir().unwrap();
    let error = not_attached(Attachment::file(dir.path()));
    assert!(matches!(
        error,
        BodyError::NotRegular {
            found: "a directory",
            ..
        }
    ));
    let error = not_attached(Attachment::file(dir.path().join("none")));
    assert!(matches!(error, BodyError::Open { .. }));
    #[cfg(unix)]
    {
        let path = dir.path().join("a\nb");
        std::fs::write(&path, b"").unwrap();
        let error = not_attached(Attachment::file(&path));
        assert!(matches!(error, BodyError::Name { .. }));
        assert!(!error.to_string().contains('\n'));
        let named = Attachment::file(&path).name("a");
        assert!(builder().attach(named).build_now().is_ok());
    }
}
