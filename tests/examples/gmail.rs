//! Sends a text and an image through Gmail.
//!
//! `cargo run --example gmail -- me@gmail.com ann@example.org shark.png`, with an app password
//! (<https://myaccount.google.com/apppasswords>) in the file `app-password`.

#![expect(clippy::print_stdout, reason = "an example talks to its reader")]

mod look_alike;

use pilotfish::{Client, Credentials, Message, ServerConfig};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [me, to, picture] = &arguments[..] else {
        return Err("three arguments: your address, the recipient's, a picture".into());
    };

    let login = Credentials::new(me, std::fs::read_to_string("app-password")?.trim())?;
    let gmail = ServerConfig::builder("smtp.gmail.com").credentials(login);
    let client = Client::new(look_alike::instead(gmail)?.build()?);
    let message = Message::builder()
        .from(me)
        .to(to)
        .subject("A shark 🦈")
        .text("Look what swam by.\n")
        .attach(picture);
    let receipt = client.send(message.build().await?).await?;
    println!("{}", receipt.reply);
    for (recipient, reply) in &receipt.rejected {
        println!("not to {recipient}: {reply}");
    }
    client.close().await;
    Ok(())
}
