//! From what was typed to parts.

use std::path::Path;

use pilotfish::message::{Data, MessageBuilder, Method};

use super::cannot_make;
use crate::args::ContentArguments;
use crate::exit;
use crate::failure::Failure;
use crate::inline_spec::InlineSpec;
use crate::input::Input;
use crate::text_source::TextSource;

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
    let text_is_read = matches!(content.text, Some(TextSource::Read(_)));
    let has_parts = content.has_parts();
    let may_be_empty = has_parts || content.has_given_text();
    let mut text = read(content.text, "--text").await?;
    let html = read(content.html, "--html").await?;
    let markdown = match content.markdown {
        Some(input) => Some(input.text().await?),
        None => None,
    };
    let is_blank =
        |text: &Option<String>| text.as_deref().is_none_or(|text| text.trim().is_empty());
    if !may_be_empty && is_blank(&text) && is_blank(&html) && is_blank(&markdown) {
        let help = "pipe the text in, or add --text TEXT; --text '' makes an empty mail";
        return Err(Failure::new(exit::USAGE, "the mail would be empty").with_help(help));
    }
    if text_is_read && has_parts && is_blank(&text) {
        text = None;
    }
    if let Some(text) = text {
        builder = if content.flowed {
            builder.text_flowed(text)
        } else {
            builder.text(text)
        };
    }
    if let Some(html) = html {
        builder = builder.html(html);
    }
    if let Some(markdown) = markdown {
        builder = builder.markdown(markdown);
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

async fn read(source: Option<TextSource>, flag: &str) -> Result<Option<String>, Failure> {
    match source {
        Some(source) => source.text(flag).await.map(Some),
        None => Ok(None),
    }
}

impl ContentArguments {
    /// Whether there is something else in the mail than a text.
    pub(super) fn has_parts(&self) -> bool {
        !self.attach.is_empty()
            || !self.inline.is_empty()
            || !self.forward.is_empty()
            || self.calendar.is_some()
    }

    /// Whether a text stands on the command line.
    fn has_given_text(&self) -> bool {
        let mut texts = [&self.text, &self.html].into_iter().flatten();
        texts.any(|source| source.input().is_none())
    }
}
