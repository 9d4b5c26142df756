//! From what was typed to parts.

use std::path::Path;

use pilotfish::message::{Data, MessageBuilder, Method};

use super::cannot_make;
use crate::args::ContentArguments;
use crate::exit;
use crate::failure::Failure;
use crate::inline_spec::InlineSpec;
use crate::input::Input;

pub(super) async fn with_content(
    mut builder: MessageBuilder,
    content: ContentArguments,
) -> Result<MessageBuilder, Failure> {
    let html = content.html.as_ref().and_then(|source| source.input());
    let document = html.or(content.markdown.as_ref()).and_then(Input::path);
    let directory = document.and_then(Path::parent).unwrap_or(Path::new(""));
    let directory = directory.to_owned();
    let has_html = content.html.is_some() || content.markdown.is_some();
    if !has_html && content.inline.contains(&InlineSpec::Auto) {
        let message = "--inline auto is for the pictures of --html or --markdown: add one of them";
        return Err(Failure::new(exit::USAGE, message));
    }
    if let Some(source) = content.text {
        let text = source.text().await?;
        builder = if content.flowed {
            builder.text_flowed(text)
        } else {
            builder.text(text)
        };
    }
    if let Some(source) = content.html {
        builder = builder.html(source.text().await?);
    }
    if let Some(input) = content.markdown {
        builder = builder.markdown(input.text().await?);
    }
    for spec in content.inline {
        builder = match spec {
            InlineSpec::Part(label, file) => builder.inline(label, file.attachment().await?),
            InlineSpec::Auto => builder.inline_images(directory.clone()),
        };
    }
    for spec in content.attach {
        builder = builder.attach(spec.attachment().await?);
    }
    for input in content.forward {
        builder = builder.forward(input.body().await?);
    }
    if let Some(input) = content.calendar {
        let icalendar = input.text().await?;
        let method = Method::of(&icalendar).map_err(|error| cannot_make(&error))?;
        builder = builder.calendar(method, icalendar);
    }
    if let Some(language) = content.language {
        builder = builder.language(language);
    }
    Ok(builder.data(content.body.map_or(Data::EightBit, Data::from)))
}
