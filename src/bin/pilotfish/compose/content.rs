//! From flags to the parts of a message.

use std::path::Path;

use pilotfish::message::{BodyType, MessageBuilder, Method};

use super::cannot_make;
use crate::args::ContentArguments;
use crate::failure::Failure;
use crate::input::{InlineSpec, Input, TextSource, raw};

pub(super) async fn with_content(
    mut builder: MessageBuilder,
    content: ContentArguments,
) -> Result<MessageBuilder, Failure> {
    let html = content.html.as_ref().and_then(|source| source.input());
    let document = html.or(content.markdown.as_ref()).and_then(Input::path);
    let directory = document.and_then(Path::parent).unwrap_or(Path::new(""));
    let directory = directory.to_owned();
    let has_html = content.html.is_some() || content.markdown.is_some();
    if !has_html && !content.inline.is_empty() {
        let message = "--inline is for the pictures of --html or --markdown: add one of them";
        let help = "a picture beside a text is attached: --attach FILE";
        return Err(Failure::usage(message).with_help(help));
    }
    let has_parts = content.has_parts();
    let text = match content.text {
        Some(text) => text.body("--text").await?,
        None => None,
    };
    let html = match content.html {
        Some(TextSource::Given(blank)) if blank.trim().is_empty() => None,
        Some(html) => html.body("--html").await?,
        None => None,
    };
    let markdown = match content.markdown {
        Some(input) => not_blank(input.text().await?),
        None => None,
    };
    let lacks_html = has_html && html.is_none() && markdown.is_none();
    let lacks_text = text.is_none() && html.is_none() && markdown.is_none();
    if !has_parts && (lacks_html || lacks_text) {
        let help = "pipe the text in, or --text TEXT, or --edit; --text '' means empty";
        return Err(Failure::usage("the mail would be empty").with_help(help));
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
            InlineSpec::Auto if lacks_html => builder,
            InlineSpec::Auto => builder.inline_images(directory.clone()),
        };
    }
    for spec in content.attach {
        builder = builder.attach(spec.attachment().await?);
    }
    for input in content.forward {
        builder = builder.forward(raw::finished(input, "--forward").await?.body);
    }
    if let Some(input) = content.calendar {
        let icalendar = input.text().await?;
        let method = Method::of(&icalendar).map_err(|error| cannot_make(&error))?;
        builder = builder.calendar(method, icalendar);
    }
    if let Some(language) = content.language {
        builder = builder.language(language);
    }
    Ok(builder.max_body_type(content.body_type.unwrap_or(BodyType::EightBit)))
}

fn not_blank(text: String) -> Option<String> {
    (!text.trim().is_empty()).then_some(text)
}
