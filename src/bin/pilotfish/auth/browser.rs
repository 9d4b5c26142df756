//! The browser of this desktop.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Stdio;

use tokio::process::Command;

/// The commands that open a page, each a program and its arguments. The first that works counts.
pub(super) struct Browser(Vec<Vec<String>>);

impl Browser {
    /// Those of the variable `BROWSER`, or else that of the desktop; `None` if no program is there.
    pub(super) fn find() -> Option<Self> {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let has_desktop = variable("DISPLAY").or_else(|| variable("WAYLAND_DISPLAY"));
        let desktop = match has_desktop {
            _ if cfg!(target_os = "macos") => "open",
            Some(_) => "xdg-open",
            None => "",
        };
        let own = commands(&variable("BROWSER").unwrap_or_default());
        let is_there = |command: &Vec<String>| command.first().is_some_and(|name| is_program(name));
        let own: Vec<_> = own.into_iter().filter(is_there).collect();
        let found = if own.is_empty() {
            let desktop = commands(desktop);
            desktop.into_iter().filter(is_there).collect()
        } else {
            own
        };
        Some(Self(found)).filter(|browser| !browser.0.is_empty())
    }

    /// Opens the page. A browser that runs on is not waited for by its caller, and goes on without it.
    pub(super) async fn open(&self, url: &str) {
        for command in &self.0 {
            let words = with_url(command, url);
            let Some((program, arguments)) = words.split_first() else {
                continue;
            };
            let mut command = Command::new(program);
            command.args(arguments).stdin(Stdio::null());
            let command = command.stdout(Stdio::null()).stderr(Stdio::null());
            let status = command.status().await;
            if status.is_ok_and(|status| status.success()) {
                return;
            }
        }
    }
}

/// The commands of a list with `:` between them, as `BROWSER` has it.
fn commands(list: &str) -> Vec<Vec<String>> {
    let words = |command: &str| command.split_whitespace().map(str::to_owned).collect();
    let commands = list.split(':').map(words);
    commands
        .filter(|command: &Vec<String>| !command.is_empty())
        .collect()
}

/// The command with the address in place of each `%s`, or else at its end.
fn with_url(command: &[String], url: &str) -> Vec<String> {
    let has_place = command.iter().any(|word| word.contains("%s"));
    let words = command.iter().map(|word| word.replace("%s", url));
    let end = (!has_place).then(|| url.to_owned());
    words.chain(end).collect()
}

/// Whether the name is that of a program that may be run.
fn is_program(name: &str) -> bool {
    let may_run = |path: &Path| {
        path.metadata()
            .is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
    };
    if name.contains('/') {
        return may_run(Path::new(name));
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| may_run(&folder.join(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variable_browser() {
        for (list, expected) in [
            ("", &[][..]),
            ("firefox", &["firefox URL"]),
            ("firefox:w3m", &["firefox URL", "w3m URL"]),
            (":firefox  --new-tab : ", &["firefox --new-tab URL"]),
            ("a --url=%s -x:b", &["a --url=URL -x", "b URL"]),
            ("a %s %s", &["a URL URL"]),
        ] {
            let commands = commands(list);
            let shown = commands
                .iter()
                .map(|command| with_url(command, "URL").join(" "));
            assert_eq!(shown.collect::<Vec<_>>(), expected, "{list}");
        }
    }
}
