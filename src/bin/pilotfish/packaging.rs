//! `pilotfish completions` and `pilotfish man`: what a package installs beside the program, from the
//! definitions of the command line.

use std::io::{self, Write as _};
use std::path::Path;

use clap::{Arg, ArgAction, Command, CommandFactory as _, ValueHint};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, italic, roman};

use crate::args::endings::{self, Ending, FILES, VARIABLES};
use crate::args::page::{command, place, subcommands};
use crate::args::{Arguments, CompletionsArguments, GlobalArguments, ManArguments};
use crate::exit;
use crate::failure::Failure;
use crate::output::report::{self, failed};
use crate::sendmail;

/// Prints the completions for a shell, and returns the exit status.
pub(crate) fn completions(arguments: &CompletionsArguments) -> u8 {
    let mut script = Vec::new();
    let mut all = Arguments::command();
    all.build();
    let mut all = with_plain_names(all).mut_subcommand("sendmail", |command| of_sendmail(&command));
    clap_complete::generate(arguments.shell, &mut all, "pilotfish", &mut script);
    report::page(String::from_utf8_lossy(&script).trim_end())
}

/// The command with the flags of sendmail(1) in place of those that all other commands have.
fn of_sendmail(command: &Command) -> Command {
    let flags = sendmail::FLAGS.iter().flat_map(|(flags, what)| {
        let (names, value) = match flags.rsplit_once(' ') {
            Some((names, value)) if !value.starts_with('-') => (names, Some(value)),
            _ => (*flags, None),
        };
        // The generators know flags of one letter.
        let letters = names.split(", ").filter_map(|name| {
            let mut letters = name.strip_prefix('-')?.chars();
            let letter = letters.next().filter(|_| letters.next().is_none())?;
            Some((name, letter))
        });
        letters.map(move |(name, letter)| {
            let flag = Arg::new(name).short(letter).help(*what);
            match value {
                Some("FILE") => flag.value_name("FILE").value_hint(ValueHint::FilePath),
                Some(_) => flag.value_name("VALUE").value_hint(ValueHint::Other),
                None => flag.action(ArgAction::SetTrue),
            }
        })
    });
    let about = command.get_about().cloned().unwrap_or_default();
    Command::new("sendmail")
        .bin_name("pilotfish sendmail")
        .about(about)
        .disable_help_flag(true)
        .args(flags)
        .arg(
            Arg::new("recipients")
                .num_args(0..)
                .value_hint(ValueHint::EmailAddress),
        )
}

/// The command with `VALUE` in place of names of values that the generator does not escape: a colon or
/// a quotation mark ends a part of a specification of zsh.
fn with_plain_names(command: Command) -> Command {
    let is_plain = |name: &str| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '|');
    command
        .mut_args(|flag| {
            let names = flag.get_value_names().unwrap_or_default();
            if names.iter().all(|name| is_plain(name)) {
                flag
            } else {
                flag.value_name("VALUE")
            }
        })
        .mut_subcommands(with_plain_names)
}

/// Prints a manual page, or writes all of them, and returns the exit status.
pub(crate) fn man(arguments: &ManArguments, global: &GlobalArguments) -> u8 {
    let done = match &arguments.output {
        Some(folder) => write_all(folder).map(|()| exit::OK),
        None => print(&arguments.command),
    };
    match done {
        Ok(status) => status,
        Err(failure) => failed(global, None, &failure),
    }
}

/// Prints the page of one command, and returns the exit status.
fn print(path: &[String]) -> Result<u8, Failure> {
    let shown = path.join(" ");
    let Some(command) = command(path.iter().map(String::as_str)) else {
        let message = format!("there is no command '{}'", shown.escape_debug());
        return Err(Failure::usage(message).with_help("all commands: pilotfish -h"));
    };
    let page = page(&command, &shown).map_err(|error| cannot_write("the page", error))?;
    Ok(report::page(String::from_utf8_lossy(&page).trim_end()))
}

/// Writes the pages of all commands, each with the name of its command.
fn write_all(folder: &Path) -> Result<(), Failure> {
    std::fs::create_dir_all(folder)
        .map_err(|error| cannot_write(&folder.display().to_string(), error))?;
    let mut open = command([]).map(|all| (all, String::new()));
    let mut waiting = Vec::new();
    while let Some((command, path)) = open.take().or_else(|| waiting.pop()) {
        let name = if path.is_empty() {
            "pilotfish.1".to_owned()
        } else {
            format!("pilotfish-{}.1", path.replace(' ', "-"))
        };
        let file = folder.join(name);
        page(&command, &path)
            .and_then(|page| std::fs::write(&file, page))
            .map_err(|error| cannot_write(&file.display().to_string(), error))?;
        waiting.extend(subcommands(&command).map(|subcommand| {
            let path = format!("{path} {}", subcommand.get_name());
            (subcommand.clone(), path.trim_start().to_owned())
        }));
    }
    Ok(())
}

fn cannot_write(what: &str, error: io::Error) -> Failure {
    Failure::io(exit::CANNOT_CREATE, format!("cannot write {what}"), error)
}

/// The manual page of a command, in roff.
fn page(command: &Command, path: &str) -> io::Result<Vec<u8>> {
    let mut usage = command.clone();
    let usage = usage.render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ").to_owned();
    let command = command
        .clone()
        .override_usage(usage)
        // The page has all flags, and the generator leaves out what `-h` does not show.
        .mut_args(|flag| flag.hide_short_help(false));
    let man = Man::new(command.clone())
        .source(format!("Pilotfish {}", env!("CARGO_PKG_VERSION")))
        .manual("Pilotfish");
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    if path == "sendmail" {
        sendmail_sections().to_writer(&mut page)?;
    } else {
        man.render_synopsis_section(&mut page)?;
        man.render_description_section(&mut page)?;
        let mut flags = Vec::new();
        man.render_options_section(&mut flags)?;
        page.write_all(in_our_order(&String::from_utf8_lossy(&flags)).as_bytes())?;
        commands(&command, path).to_writer(&mut page)?;
    }
    if let Some(ending) = endings::of(path) {
        end(ending).to_writer(&mut page)?;
    }
    see_also(path).to_writer(&mut page)?;
    Ok(once(&page))
}

/// The page with the definitions of the generator at its beginning alone, not before each part.
fn once(page: &[u8]) -> Vec<u8> {
    const DEFINITIONS: usize = 2;
    let page = String::from_utf8_lossy(page);
    let lines: Vec<_> = page.lines().collect();
    let (definitions, rest) = lines.split_at(DEFINITIONS.min(lines.len()));
    let rest = rest.iter().filter(|line| !definitions.contains(line));
    let mut once: Vec<_> = definitions.iter().chain(rest).copied().collect();
    once.push("");
    once.join("\n").into_bytes()
}

/// The sections with flags, in the order of `--help`.
fn in_our_order(roff: &str) -> String {
    const HEADING: &str = ".SH ";
    let mut sections: Vec<(Option<usize>, String)> = vec![(None, String::new())];
    for line in roff.lines() {
        if let Some(heading) = line.strip_prefix(HEADING) {
            let heading = heading.trim_matches('"');
            sections.push((place(heading).or(place("Options")), String::new()));
        }
        if let Some((_, text)) = sections.last_mut() {
            text.push_str(line);
            text.push('\n');
        }
    }
    sections.sort_by_key(|(place, _)| *place);
    sections.into_iter().map(|(_, text)| text).collect()
}

/// The commands of a group.
fn commands(command: &Command, path: &str) -> Roff {
    let mut roff = Roff::new();
    let mut subcommands = subcommands(command).peekable();
    if subcommands.peek().is_none() {
        return roff;
    }
    roff.control("SH", ["COMMANDS"]);
    for subcommand in subcommands {
        let name = format!("pilotfish {path} {}", subcommand.get_name());
        let about = subcommand.get_about().map(ToString::to_string);
        item(
            &mut roff,
            &name.replace("  ", " "),
            &about.unwrap_or_default(),
        );
    }
    roff
}

/// Examples, exit statuses, files and variables.
fn end(ending: &Ending) -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", ["EXAMPLES"]);
    for (index, example) in ending.examples.iter().enumerate() {
        if index > 0 {
            roff.control("PP", []);
        }
        roff.control("nf", []);
        for line in example.lines() {
            roff.text([roman(line)]);
        }
        roff.control("fi", []);
    }
    roff.control("SH", ["EXIT STATUS"]);
    for (code, meaning, again) in ending.statuses() {
        let again = if ending.sends() {
            format!(". Send again? {again}")
        } else {
            String::new()
        };
        item(&mut roff, &code.to_string(), &format!("{meaning}{again}."));
    }
    for (heading, rows) in [("FILES", FILES), ("ENVIRONMENT", VARIABLES)] {
        if !ending.is_configured() {
            break;
        }
        roff.control("SH", [heading]);
        for (name, what) in rows {
            item(&mut roff, name, what);
        }
    }
    roff
}

/// The sections of sendmail(1), whose flags are not known to the parser.
fn sendmail_sections() -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", ["SYNOPSIS"]);
    for usage in sendmail::USAGES {
        roff.text([bold(*usage)]);
        roff.control("br", []);
    }
    roff.control("SH", ["DESCRIPTION"]);
    for paragraph in sendmail::PARAGRAPHS {
        roff.text([roman(*paragraph)]);
        roff.control("PP", []);
    }
    for (heading, rows) in [
        ("OPTIONS", sendmail::FLAGS),
        ("OTHER TASKS", sendmail::TASKS),
    ] {
        roff.control("SH", [heading]);
        for (flag, what) in rows {
            item(&mut roff, flag, what);
        }
    }
    roff.control("PP", []);
    roff.text([
        roman("Accepted without effect: "),
        italic(sendmail::IGNORED),
    ]);
    roff
}

fn see_also(path: &str) -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", ["SEE ALSO"]);
    let others: &[&str] = match path {
        "" => &[
            "pilotfish-send(1)",
            "pilotfish-account(1)",
            "pilotfish-sendmail(1)",
        ],
        "sendmail" => &[
            "pilotfish(1)",
            "pilotfish-send(1)",
            "aliases(5)",
            "sendmail(8)",
        ],
        _ => &["pilotfish(1)"],
    };
    roff.text([roman(others.join(", "))]);
    roff
}

/// A name, and what it is, indented.
fn item(roff: &mut Roff, name: &str, what: &str) {
    roff.control("TP", []);
    roff.text([bold(name)]);
    roff.text([roman(what)]);
}
