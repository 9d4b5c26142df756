//! The text of the mail, which a person may still have to write.

use super::draft::Draft;
use super::editor;
use crate::args::{GlobalArguments, MailArguments};
use crate::compose::compose;
use crate::connection::Connection;
use crate::failure::{Failure, Interrupted};
use crate::input::standard_input::{self, Writer};
use crate::input::{Input, TextSource};
use crate::output::report;
use crate::stop::Stops;

/// Reads the text, or has a person write it. Everything else is looked at before that.
pub(super) async fn with_text(
    mail: &mut MailArguments,
    draft: &mut Option<Draft>,
    connection: &Connection,
    stops: &mut Stops,
    global: &GlobalArguments,
) -> Result<(), Failure> {
    let assigned = standard_input::assign(mail, connection.reads_stdin());
    let writer = stops.unless(Interrupted::NotSent(None), assigned).await?;
    if mail.content.edit || writer == Writer::Person {
        let terminal = mail.content.edit.then(|| editor::terminal(global.no_input));
        let terminal = terminal.transpose()?;
        let tried = tried(mail.clone(), connection);
        stops.unless(Interrupted::NotSent(None), tried).await?;
        let source = mail.content.text.take().filter(|_| mail.content.edit);
        let begin = match source {
            Some(source) => source.draft().await?,
            None => String::new(),
        };
        let draft = draft.insert(Draft::new(begin)?);
        if let Some(terminal) = terminal {
            let edited = editor::edit(draft.path(), &terminal);
            stops.with_a_program(edited).await?;
        } else {
            report::notice(
                "Type the text, then Ctrl-D on a line of its own. (--edit opens an editor.)",
            );
            let typed = draft.typed();
            stops.unless(Interrupted::NotSent(None), typed).await?;
        }
        let path = Input::File(draft.path().to_owned());
        mail.content.text = Some(TextSource::Read(path));
    }
    if let Some(source) = mail.content.text.take() {
        let made = source.made();
        mail.content.text = Some(stops.unless(Interrupted::NotSent(None), made).await?);
    }
    Ok(())
}

/// Makes the mail with another text, so that its addresses, files and fields are right before a person
/// writes the text.
async fn tried(mut mail: MailArguments, connection: &Connection) -> Result<(), Failure> {
    mail.content.text = Some(TextSource::Made("text".to_owned()));
    // Standard input can be read once.
    if mail.inputs().any(|input| *input == Input::Stdin) {
        return Ok(());
    }
    compose(mail, None, connection.account.sender())
        .await
        .map(drop)
}
