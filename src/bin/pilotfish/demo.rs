//! `pilotfish demo`: a mail with a picture, sent to a server inside this process.

use std::fmt::Write as _;
use std::path::Path;

use mail_parser::{MessageParser, MimeHeaders as _};
use pilotfish::testing;
use pilotfish::transport::TlsClient;
use pilotfish::{Attachment, Client, Credentials, Message, Secret, Server};
use sha2::{Digest as _, Sha256};

use crate::exit;
use crate::failure::Failure;
use crate::logging::{self, Dialogue};
use crate::report;

/// Where everything is written to.
const DIRECTORY: &str = "pilotfish-demo";

/// A drawing of our own.
const SHARK: &[u8] = include_bytes!("../../../tests/fixtures/images/shark.png");

const USER: &str = "pilot@example.org";

/// Sends the picture, shows how it went, and returns the exit status: 1 if what arrived is not
/// what was sent.
pub(crate) async fn run() -> u8 {
    logging::init(Dialogue::Shown, 0);
    match send_and_compare().await {
        Ok(outcome) => outcome,
        Err(failure) => {
            report::error(&failure, None);
            failure.status
        }
    }
}

async fn send_and_compare() -> Result<u8, Failure> {
    let directory = Path::new(DIRECTORY);
    let sent_path = directory.join("sent.png");
    std::fs::create_dir_all(directory)
        .and_then(|()| std::fs::write(&sent_path, SHARK))
        .map_err(|error| cannot_write(&error))?;

    let password = random_password()?;
    let server = testing::Server::builder()
        .user(USER, password.clone())
        .start()
        .await
        .map_err(|error| Failure::of(exit::OS_ERROR, &error))?;
    report::notice(&format!(
        "a submission server listens on {}, with a certificate authority made for it",
        server.addr()
    ));

    let message = message(&sent_path).await?;
    let client = Client::new(submission(&server, password)?);
    let receipt = client.send(message).await?;
    client.close().await;
    let received = server
        .next_received()
        .await
        .map_err(|error| Failure::of(exit::BUG, &error))?;
    // The server is strict: anything that it found fault with is an error here.
    server
        .shutdown()
        .await
        .map_err(|error| Failure::of(exit::BUG, &error))?;

    let picture = picture(&received.octets)?;
    std::fs::write(directory.join("received.eml"), &received.octets)
        .and_then(|()| std::fs::write(directory.join("received.png"), &picture))
        .map_err(|error| cannot_write(&error))?;

    let same = picture == SHARK;
    report::result(&format!(
        "{}\n\n\
         {DIRECTORY}/received.eml  the mail as the server got it, {} octets\n\
         {DIRECTORY}/received.png  the picture in it, {} octets\n\n\
         SHA-256 sent      {}\n\
         SHA-256 received  {}\n\
         {}",
        receipt.reply,
        received.octets.len(),
        picture.len(),
        sha256(SHARK),
        sha256(&picture),
        if same {
            "the same"
        } else {
            "not the same: this is a bug"
        },
    ));
    Ok(u8::from(!same))
}

async fn message(picture: &Path) -> Result<Message, Failure> {
    let attachment = Attachment::file(picture).name(
        "shark 🦈.png"
            .parse()
            .map_err(|error| Failure::new(exit::BUG, format!("{error:?}")))?,
    );
    Message::builder()
        .from("Pilot <pilot@example.org>")
        .to("Shark <shark@example.org>")
        .subject("Grüße vom Pilotfisch 🦈")
        .text("Hello,\n\nthis is you, as I see you.\n\n.\n..and a few dots that want care.\n")
        .attach(attachment)
        .build()
        .await
        .map_err(|error| Failure::of(exit::DATA, &error))
}

fn submission(server: &testing::Server, password: Secret) -> Result<Server, Failure> {
    let tls = TlsClient::builder()
        .ca_pem(server.ca_pem().as_bytes())?
        .build()?;
    let credentials =
        Credentials::new(USER, password).map_err(|error| Failure::of(exit::BUG, &error))?;
    let builder = Server::builder(server.addr().ip().into())
        .port(server.addr().port())
        .tls(tls)
        .credentials(credentials);
    Ok(builder.build()?)
}

fn random_password() -> Result<Secret, Failure> {
    let mut octets = [0; 16];
    getrandom::fill(&mut octets).map_err(|error| Failure::new(exit::OS_ERROR, error))?;
    Ok(Secret::from(hexadecimal(&octets)))
}

/// Takes the picture out of the mail, by other code than that which put it in.
fn picture(mail: &[u8]) -> Result<Vec<u8>, Failure> {
    let missing = || Failure::new(exit::BUG, "there is no picture in what the server received");
    let mail = MessageParser::default().parse(mail).ok_or_else(missing)?;
    let picture = mail
        .attachments()
        .find(|part| {
            part.content_type()
                .is_some_and(|kind| kind.ctype() == "image")
        })
        .ok_or_else(missing)?;
    Ok(picture.contents().to_vec())
}

fn sha256(octets: &[u8]) -> String {
    hexadecimal(&Sha256::digest(octets))
}

fn hexadecimal(octets: &[u8]) -> String {
    octets.iter().fold(String::new(), |mut text, octet| {
        let _ = write!(text, "{octet:02x}");
        text
    })
}

fn cannot_write(error: &std::io::Error) -> Failure {
    let message = format!("cannot write into ./{DIRECTORY}: go to a directory of your own");
    Failure {
        causes: vec![error.to_string()],
        ..Failure::new(exit::CANNOT_CREATE, message)
    }
}
