//! `pilotfish demo`: a mail with a picture, sent to a server inside this process, or to another.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use mail_parser::{MessageParser, MimeHeaders as _};
use pilotfish::address::{IntoAddresses, Mailbox};
use pilotfish::message::Body;
use pilotfish::testing;
use pilotfish::transport::TlsConfig;
use pilotfish::{Attachment, Client, Credentials, Message, Secret, ServerConfig};
use sha2::{Digest as _, Sha256};

use crate::args::{DemoArguments, GlobalArguments, ServerArguments};
use crate::compose::{list, parse};
use crate::connection::{Connection, signed};
use crate::exit;
use crate::failure::{Failure, Interrupted};
use crate::output::logging::{self, Watch};
use crate::output::report;
use crate::output::submission::TypedAddresses;
use crate::send::{Outgoing, deliver};

/// Where everything is written to.
const DIRECTORY: &str = "pilotfish-demo";

/// A drawing of our own.
const SHARK: &[u8] = include_bytes!("../../../tests/fixtures/images/shark.png");

const USER: &str = "pilot@example.org";

/// The picture as the mail shows it.
const HTML: &str = "<p>Hello,</p>\n<p>this is you, as I see you:</p>\n\
    <p><img src=\"cid:shark\" width=\"480\" alt=\"A shark\"></p>\n";

const TEXT: &str = "Hello,\n\nthis is you, as I see you.\n\n.\n..and a few dots that want care.\n";

/// Sends the picture, shows how it went, and returns the exit status: 1 if what arrived is not
/// what was sent.
pub(crate) async fn run(arguments: DemoArguments, global: &GlobalArguments) -> u8 {
    let global = GlobalArguments {
        transcript: true,
        ..global.clone()
    };
    let watch = logging::init(&global);
    let names_server = arguments.server.server.is_some();
    let outcome = if names_server || global.account.is_some() || global.config.is_some() {
        Box::pin(send_to_server(arguments, &global, watch)).await
    } else if let Some(flag) = for_a_server(&arguments, &global) {
        let message = format!("{flag} for a real server: name it by --server or --account");
        Err(Failure::usage(message))
    } else {
        send_and_compare().await
    };
    match outcome {
        Ok(status) => status,
        Err(failure) => report::failed(&global, None, &failure),
    }
}

/// What the flags have that the server in this process does not need.
fn for_a_server(arguments: &DemoArguments, global: &GlobalArguments) -> Option<&'static str> {
    if arguments.server != ServerArguments::default() {
        Some("these flags are")
    } else if arguments.from.is_some() {
        Some("--from is")
    } else if arguments.to.is_some() {
        Some("--to is")
    } else {
        global.json.then_some("--json is")
    }
}

/// Sends the mail to a server that somebody else runs.
async fn send_to_server(
    arguments: DemoArguments,
    global: &GlobalArguments,
    watch: Watch,
) -> Result<u8, Failure> {
    let from = arguments.from.as_deref();
    let (connection, mut stops) = Connection::open(global, arguments.server, None, from).await?;
    let from: Mailbox = match &arguments.from {
        Some(text) => parse("--from", text)?,
        None => connection
            .account
            .sender()
            .ok_or_else(|| Failure::usage("there is no sender: add --from"))?,
    };
    let to = match &arguments.to {
        Some(text) => list("--to", std::slice::from_ref(text))?,
        None => vec![from.clone().into()],
    };
    let message = async {
        let signer = connection.signer(None).await?;
        signed(message(from, to).await?, signer.as_ref()).await
    };
    let message = Box::pin(message);
    let message = stops.unless(Interrupted::NotSent(None), message).await?;
    let options = message.envelope().options().clone();
    let outgoing = Outgoing {
        message,
        options,
        typed: TypedAddresses::of(&arguments.to),
        concerns: Vec::new(),
        copy: None,
    };
    let delivered = deliver(connection, outgoing, global, watch, stops).await;
    Ok(delivered.status)
}

async fn send_and_compare() -> Result<u8, Failure> {
    let directory = Path::new(DIRECTORY);
    std::fs::create_dir_all(directory)
        .and_then(|()| is_real(directory))
        .map_err(cannot_write)?;

    let password = random_password()?;
    let server = testing::TestServer::builder()
        .user(USER, password.clone())
        .start()
        .await
        .map_err(|error| Failure::of(exit::OS_ERROR, &error))?;
    report::notice(&format!(
        "a submission server listens on {}, with a certificate authority made for it",
        server.addr()
    ));

    let message = message("Pilot <pilot@example.org>", "Shark <shark@example.org>").await?;
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

    let [inline, attached] = pictures(&received.octets)?;
    write(directory, "received.eml", &received.octets)
        .and_then(|()| write(directory, "received.png", &attached))
        .map_err(cannot_write)?;

    let same = inline == SHARK && attached == SHARK;
    report::answer(&format!(
        "{}\n\n\
         {DIRECTORY}/received.eml  the mail as the server got it, {} octets\n\
         {DIRECTORY}/received.png  the picture attached to it, {} octets\n\n\
         SHA-256 sent      {}\n\
         SHA-256 inline    {}\n\
         SHA-256 attached  {}\n\
         {}",
        receipt.reply,
        received.octets.len(),
        attached.len(),
        sha256(SHARK),
        sha256(&inline),
        sha256(&attached),
        if same {
            "the same"
        } else {
            "not the same: this is a bug"
        },
    ))?;
    Ok(u8::from(!same))
}

/// A text, the same in HTML with the picture in it, and the picture once more to be saved.
async fn message(from: impl IntoAddresses, to: impl IntoAddresses) -> Result<Message, Failure> {
    let picture = |name: &str| Attachment::new(Body::bytes(SHARK), name);
    let message = Message::builder()
        .from(from)
        .to(to)
        .subject("Grüße vom Pilotfisch 🦈")
        .text(TEXT)
        .html(HTML)
        .inline("shark", picture("shark.png"))
        .attach(picture("shark 🦈.png"));
    let built = message.build().await;
    built.map_err(|error| Failure::of(exit::DATA, &error))
}

fn submission(server: &testing::TestServer, password: Secret) -> Result<ServerConfig, Failure> {
    let tls = TlsConfig::builder().ca_pem(server.ca_pem()).build()?;
    let credentials =
        Credentials::new(USER, password).map_err(|error| Failure::of(exit::BUG, &error))?;
    let builder = ServerConfig::builder(server.addr().ip())
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

/// Takes the pictures out of the mail, the one that is shown and the one that is attached, by
/// other code than that which put them in.
fn pictures(mail: &[u8]) -> Result<[Vec<u8>; 2], Failure> {
    let parsed = MessageParser::default().parse(mail);
    let picture = |disposition: &str| {
        let part = parsed.as_ref()?.parts.iter().find(|part| {
            part.content_type()
                .is_some_and(|kind| kind.ctype() == "image")
                && part
                    .content_disposition()
                    .is_some_and(|found| found.ctype() == disposition)
        })?;
        Some(part.contents().to_vec())
    };
    let both = picture("inline").zip(picture("attachment"));
    let (inline, attached) = both.ok_or_else(|| {
        let message = "the pictures are not in what the server received";
        Failure::new(exit::BUG, message)
    })?;
    Ok([inline, attached])
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

/// That the directory is one, and not a link to another.
fn is_real(directory: &Path) -> std::io::Result<()> {
    if std::fs::symlink_metadata(directory)?.is_symlink() {
        return Err(std::io::Error::other("it is a symbolic link"));
    }
    Ok(())
}

/// Puts a file in the place of any other of this name. What a link points to stays as it is.
fn write(directory: &Path, name: &str, octets: &[u8]) -> std::io::Result<()> {
    let mut file = tempfile::NamedTempFile::new_in(directory)?;
    file.write_all(octets)?;
    file.persist(directory.join(name))?;
    Ok(())
}

fn cannot_write(error: std::io::Error) -> Failure {
    let message = format!("cannot write into ./{DIRECTORY}: go to a directory of your own");
    Failure::io(exit::CANNOT_CREATE, message, error)
}
