//! The expressions of templates, with the values of a row.

use std::collections::BTreeMap;
use std::sync::Arc;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Object, Value as Expression};
use minijinja::{AutoEscape, Environment, ErrorKind, Output, State, UndefinedBehavior};
use serde_json::Value;

use super::front_matter::Part;
use super::marked::{Marked, has_mark, mark};
use super::names;
use crate::merge::error::{MergeError, MergeErrorKind, quoted};
use crate::merge::rows::Row;
use crate::merge::suggestion::did_you_mean;

/// The steps that a text of one mail may take.
const MAX_STEPS: u64 = 1_000_000;

/// By this name expressions have the row as a whole.
const ROW: &str = "row";

/// How the names of texts in HTML end.
const HTML: &str = ".html";

/// Compiles and renders the texts of a template. An expression reads nothing but the row: there are no
/// files, no other templates and no environment.
#[derive(Debug)]
pub(super) struct Engine {
    file: String,
    environment: Environment<'static>,
    parts: Vec<(String, Part)>,
}

/// One of the texts.
#[derive(Debug, Clone, Copy)]
pub(super) struct PartId(usize);

/// What becomes of values in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Values {
    /// They are marked.
    Marked,
    /// They are text in HTML.
    Escaped,
}

impl Engine {
    pub(super) fn new(file: &str) -> Self {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        // Its reports have all values of the row in them.
        environment.set_debug(false);
        environment.set_fuel(Some(MAX_STEPS));
        let syntax = SyntaxConfig::builder().keep_trailing_newline(true).build();
        if let Ok(syntax) = syntax {
            environment.set_syntax(syntax);
        }
        environment.set_auto_escape_callback(|name| {
            if name.ends_with(HTML) {
                AutoEscape::Html
            } else {
                AutoEscape::None
            }
        });
        environment.set_formatter(write_value);
        Self {
            file: file.to_owned(),
            environment,
            parts: Vec::new(),
        }
    }

    /// Compiles a text.
    pub(super) fn add(&mut self, part: Part, values: Values) -> Result<PartId, MergeError> {
        let bad = |message: String| MergeError::new(MergeErrorKind::Template, message);
        if has_mark(&part.text) {
            let message = "the template has the character U+FDD0 or U+FDD1".to_owned();
            let error = bad(message).with_help("remove it");
            return Err(error.in_file(&self.file).at_line(part.line));
        }
        let id = self.parts.len();
        let extension = if values == Values::Escaped { HTML } else { "" };
        let name = format!("{id}{extension}");
        let added = self
            .environment
            .add_template_owned(name.clone(), part.text.clone());
        added.map_err(|error| {
            let (line, column) = place(&part, &error);
            let bad = bad(what(&error)).in_file(&self.file).at_line(line);
            bad.at_column(column).caused_by(error)
        })?;
        self.parts.push((name, part));
        Ok(PartId(id))
    }

    /// Where a text stands in the template: `invite.md:4`.
    pub(super) fn place(&self, id: PartId) -> String {
        let line = self.parts.get(id.0).map_or(1, |(_, part)| part.line);
        format!("{}:{line}", self.file)
    }

    /// The source of a text.
    pub(super) fn text(&self, id: PartId) -> &str {
        self.parts.get(id.0).map_or("", |(_, part)| &part.text)
    }

    /// Whether a text has no expressions.
    pub(super) fn is_fixed(&self, id: PartId) -> bool {
        let text = self.text(id);
        !["{{", "{%", "{#"].iter().any(|tag| text.contains(tag))
    }

    /// Checks that each variable is a column.
    pub(super) fn check(&self, columns: &[String]) -> Result<(), MergeError> {
        let known = names::of_columns(columns.iter().map(String::as_str));
        for (name, part) in &self.parts {
            let is_known = |variable: &String| known.contains(variable) || self.is_global(variable);
            let unknown = self
                .variables(name)
                .into_iter()
                .filter(|name| !is_known(name));
            let places = unknown.map(|name| (names::find(&part.text, &name).unwrap_or(0), name));
            if let Some((offset, variable)) = places.min() {
                let (line, column) = part.place(offset);
                let message = format!("no column {}", quoted(&variable));
                let help = did_you_mean(&variable, "columns", known.iter().map(String::as_str));
                let error = MergeError::new(MergeErrorKind::Column, message).with_help(help);
                let error = error.in_file(&self.file);
                return Err(error.at_line(line).at_column(column));
            }
        }
        Ok(())
    }

    fn variables(&self, name: &str) -> Vec<String> {
        let template = self.environment.get_template(name).ok();
        let names = template.map(|template| template.undeclared_variables(false));
        names.into_iter().flatten().collect()
    }

    fn is_global(&self, name: &str) -> bool {
        name == ROW || self.environment.globals().any(|(global, _)| global == name)
    }

    /// Renders a text.
    pub(super) fn render(&self, id: PartId, row: &RowValues) -> Result<Marked, MergeError> {
        let Some((name, part)) = self.parts.get(id.0) else {
            return Ok(Marked::new(String::new()));
        };
        let template = self.environment.get_template(name);
        let rendered = template.and_then(|template| template.render(row.0.clone()));
        rendered.map(Marked::new).map_err(|error| {
            let row = row.row();
            let (line, _) = place(part, &error);
            let here = format!("({}:{line})", self.file);
            let wrong = |kind, message: String| {
                let error = MergeError::new(kind, format!("{message} {here}"));
                error
                    .in_file(row.table())
                    .at_line(row.line())
                    .of_row(row.number())
            };
            let wrong = match error.kind() {
                ErrorKind::UndefinedError => {
                    let (variable, known) = self.missing(name, part, row, &error);
                    let help = did_you_mean(&variable, "columns", known.iter().map(String::as_str));
                    let message = format!("no column {}", quoted(&variable));
                    wrong(MergeErrorKind::Column, message).with_help(help)
                }
                ErrorKind::OutOfFuel => {
                    let message = "the template takes too many steps for this row";
                    wrong(MergeErrorKind::Limit, message.to_owned())
                }
                _ => wrong(MergeErrorKind::Template, what(&error)),
            };
            wrong.caused_by(error)
        })
    }

    /// The variable that a row lacks, and those that it has.
    fn missing(
        &self,
        name: &str,
        part: &Part,
        row: &Row,
        error: &minijinja::Error,
    ) -> (String, Vec<String>) {
        let known = names::of_columns(row.columns());
        let (line, _) = place(part, error);
        let is_unknown = |name: &String| !known.contains(name) && !self.is_global(name);
        let unknown = self.variables(name).into_iter().filter(is_unknown);
        let here = unknown.filter_map(|name| {
            let offset = names::find(&part.text, &name)?;
            (part.place(offset).0 == line).then_some((offset, name))
        });
        let expression = || {
            let range = error.range()?;
            part.text.get(range).map(str::to_owned)
        };
        let variable = here.min().map(|(_, name)| name).or_else(expression);
        (variable.unwrap_or_default(), known)
    }
}

/// Writes a value into the text. Nothing is written for null.
fn write_value(
    out: &mut Output<'_>,
    state: &mut State<'_, '_>,
    value: &Expression,
) -> Result<(), minijinja::Error> {
    if value.is_none() {
        return Ok(());
    }
    if !matches!(state.auto_escape(), AutoEscape::None) {
        return minijinja::escape_formatter(out, state, value);
    }
    let text = value.to_string();
    let text = if value.is_safe() { text } else { mark(&text) };
    out.write_str(&text).map_err(minijinja::Error::from)
}

/// What is wrong with a template.
fn what(error: &minijinja::Error) -> String {
    let detail = error
        .detail()
        .map_or_else(|| error.kind().to_string(), str::to_owned);
    detail.replace(['\r', '\n'], " ")
}

/// The line and the character of an error in the file.
fn place(part: &Part, error: &minijinja::Error) -> (u64, u64) {
    if let Some(range) = error.range() {
        return part.place(range.start);
    }
    let lines = error.line().unwrap_or(1).saturating_sub(1) as u64;
    (part.line + lines, 1)
}

/// The values of a row, for expressions.
pub(super) struct RowValues(Expression, Arc<RowObject>);

#[derive(Debug)]
struct RowObject {
    row: Row,
    /// Whether its row is a value of its own.
    is_whole: bool,
}

impl RowValues {
    pub(super) fn new(row: &Row) -> Self {
        let object = Arc::new(RowObject {
            row: row.clone(),
            is_whole: true,
        });
        Self(Expression::from_dyn_object(Arc::clone(&object)), object)
    }

    pub(super) fn row(&self) -> &Row {
        &self.1.row
    }
}

impl Object for RowObject {
    fn get_value(self: &Arc<Self>, key: &Expression) -> Option<Expression> {
        let name = key.as_str()?;
        match names::value_of(&self.row, name) {
            Some(value) => Some(expression(value)),
            None if self.is_whole && name == ROW => {
                let row = self.row.clone();
                Some(Expression::from_object(Self {
                    row,
                    is_whole: false,
                }))
            }
            None => None,
        }
    }
}

/// A value of a row in expressions.
fn expression(value: &Value) -> Expression {
    match value {
        Value::Null => Expression::from(()),
        Value::Bool(value) => Expression::from(*value),
        Value::String(text) => Expression::from(text.as_str()),
        Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(number), _) => Expression::from(number),
            (None, Some(number)) => Expression::from(number),
            (None, None) => Expression::from(number.as_f64().unwrap_or_default()),
        },
        Value::Array(items) => items.iter().map(expression).collect(),
        Value::Object(fields) => {
            let pairs = fields.iter();
            let pairs = pairs.map(|(name, value)| (name.as_str(), expression(value)));
            Expression::from(pairs.collect::<BTreeMap<_, _>>())
        }
    }
}
