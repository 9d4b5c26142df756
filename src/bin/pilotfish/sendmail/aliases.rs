//! Addresses for local names: a file in the format of aliases(5).

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use pilotfish::address::{AddrSpec, Domain, Mailbox};

use crate::exit;
use crate::failure::Failure;

/// The most octets of a file.
const MAX_OCTETS: u64 = 16 << 20;

/// How many names may lead from one to the next.
const MAX_DEPTH: usize = 20;

/// What each local name stands for.
#[derive(Debug, Default)]
pub(crate) struct Aliases {
    path: PathBuf,
    names: BTreeMap<String, Vec<Target>>,
}

/// An address or a name, and the line where it stands.
#[derive(Debug, PartialEq, Eq)]
struct Target {
    text: String,
    line: usize,
}

impl Target {
    /// Whether it is a program, a file, or a list in a file. Such a target is an error for its own name alone.
    fn is_unusable(&self) -> bool {
        self.text.starts_with(['|', '/', ':'])
    }
}

impl Aliases {
    pub(crate) fn load(path: &Path) -> Result<Self, Failure> {
        let unreadable = |error: std::io::Error| {
            let message = format!("cannot read the aliases in {}", path.display());
            Failure::io(exit::CONFIG, message, error)
        };
        let size = std::fs::metadata(path).map_err(unreadable)?.len();
        if size > MAX_OCTETS {
            let message = format!("{} is too large for a file of aliases", path.display());
            return Err(Failure::new(exit::CONFIG, message));
        }
        let text = std::fs::read_to_string(path).map_err(unreadable)?;
        match Self::parse(&text) {
            Ok(names) => Ok(Self {
                path: path.to_owned(),
                names,
            }),
            Err((line, problem)) => {
                let message = format!("{}:{line}: {problem}", path.display());
                Err(Failure::new(exit::CONFIG, message))
            }
        }
    }

    /// The lines with targets that cannot be used, each with what is wrong.
    pub(crate) fn problems(&self) -> impl Iterator<Item = String> {
        let targets = self.names.values().flatten();
        let unusable = targets.filter(|target| target.is_unusable());
        unusable.map(|target| self.problem(target))
    }

    fn problem(&self, target: &Target) -> String {
        format!(
            "{}:{}: an alias is an address or a name: Pilotfish does not write into files and starts no programs",
            self.path.display(),
            target.line
        )
    }

    /// Reads `name: address, name`. A line that begins with white space goes on with the line before,
    /// and `#` begins a comment. An error has the number of its line.
    fn parse(text: &str) -> Result<BTreeMap<String, Vec<Target>>, (usize, String)> {
        let mut aliases = BTreeMap::<String, Vec<Target>>::new();
        let mut last: Option<String> = None;
        for (index, line) in text.lines().enumerate() {
            let at = |problem: &str| (index + 1, problem.to_owned());
            let line_text = line.split('#').next().unwrap_or_default();
            if line_text.trim().is_empty() {
                continue;
            }
            let targets = if line_text.starts_with(char::is_whitespace) {
                line_text
            } else {
                let (name, targets) = line_text
                    .split_once(':')
                    .ok_or_else(|| at("an alias is written as `name: address`"))?;
                last = Some(name.trim().trim_matches('"').to_ascii_lowercase());
                targets
            };
            let name = last
                .clone()
                .ok_or_else(|| at("the first line goes on with a line that is not there"))?;
            let targets = targets.split(',').map(str::trim);
            for target in targets.filter(|target| !target.is_empty()) {
                let plain = target.trim_start_matches('\\');
                let program = target.trim_start_matches('"');
                let is_address = !program.starts_with(['|', '/', ':']);
                aliases.entry(name.clone()).or_default().push(Target {
                    text: if is_address { plain } else { program }.to_owned(),
                    line: index + 1,
                });
            }
        }
        Ok(aliases)
    }

    /// The addresses that get the mail for this one: itself, unless it is a name of this machine with
    /// an alias. `domain` is that of local names, and `None` if they have none of their own.
    pub(super) fn resolve(
        &self,
        address: &AddrSpec,
        local: &Domain,
        has_domain: bool,
    ) -> Result<Vec<AddrSpec>, Failure> {
        let mut found = Vec::new();
        let mut seen = HashSet::new();
        let mut open = vec![(address.clone(), 0, has_domain)];
        while let Some((address, depth, is_whole)) = open.pop() {
            if address.domain() != local || depth > MAX_DEPTH {
                found.push(address);
                continue;
            }
            let name = address.local_part().as_str().to_ascii_lowercase();
            let is_first = seen.insert(name.clone());
            match self.names.get(&name) {
                Some(targets) if is_first => {
                    for target in targets.iter().rev() {
                        if target.is_unusable() {
                            return Err(Failure::new(exit::CONFIG, self.problem(target)));
                        }
                        let target = target.text.as_str();
                        let mailboxes = Mailbox::parse_list_with_domain(target, local);
                        let mailboxes = mailboxes.map_err(|error| {
                            let message = format!("in the alias of {name}: {error}");
                            Failure::new(exit::CONFIG, message)
                        })?;
                        let mailboxes = mailboxes.into_iter().map(Mailbox::into_addr_spec);
                        // An address that the file has with its domain needs no other.
                        let is_whole = has_domain || target.contains('@');
                        open.extend(mailboxes.map(|address| (address, depth + 1, is_whole)));
                    }
                }
                // A name that stands for itself is the user.
                _ if is_whole => found.push(address),
                _ => return Err(unknown(&name)),
            }
        }
        Ok(found)
    }
}

/// A local name that nothing says the address of.
fn unknown(name: &str) -> Failure {
    let name = name.escape_debug();
    Failure::bad_mail(format!("{name} is a name without a domain")).with_help(format!(
        "write `{name}: me@example.org` into a file, and `aliases = \"FILE\"` at the top of \
             the configuration; or `domain = \"example.org\"` for all such names"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "# comment\nroot: ann, bo@y.test  # both\nann:\n  ann@z.test\nloop: pool\n\
                        pool: loop, cy@z.test\nself: self, dy@z.test\n\"Post\": root\n\
                        sys: me@X.test, root@x.test\nbad: ed\nprog: \"|/bin/prog x\"\n\
                        spool: /var/mail/root\nlist: :include:/etc/list, ann\nall: prog\n";

    fn resolve(address: &str, has_domain: bool) -> Result<String, String> {
        let aliases = Aliases {
            path: "aliases".into(),
            names: Aliases::parse(FILE).unwrap(),
        };
        let local = "x.test".parse().unwrap();
        let found = aliases.resolve(&address.parse().unwrap(), &local, has_domain);
        let found = found.map_err(|failure| failure.message)?;
        let found: Vec<_> = found.iter().map(ToString::to_string).collect();
        Ok(found.join(" "))
    }

    #[test]
    fn names_lead_to_addresses() {
        for (address, expected) in [
            ("root@x.test", "ann@z.test bo@y.test"),
            ("ROOT@X.test", "ann@z.test bo@y.test"),
            ("post@x.test", "ann@z.test bo@y.test"),
            ("root@y.test", "root@y.test"),
            ("loop@x.test", "loop@x.test cy@z.test"),
            ("self@x.test", "self@x.test dy@z.test"),
            ("ed@x.test", "ed@x.test"),
        ] {
            assert_eq!(resolve(address, true).as_deref(), Ok(expected), "{address}");
        }
        assert_eq!(
            resolve("root@x.test", false).as_deref(),
            Ok("ann@z.test bo@y.test")
        );
        // The file may say the address of this machine itself.
        assert_eq!(
            resolve("sys@x.test", false).as_deref(),
            Ok("me@x.test ann@z.test bo@y.test")
        );
        let unknown = Err("ed is a name without a domain".to_owned());
        assert_eq!(resolve("ed@x.test", false), unknown);
        assert_eq!(resolve("bad@x.test", false), unknown);
        for (name, line) in [("prog", 11), ("spool", 12), ("list", 13), ("all", 11)] {
            let problem = resolve(&format!("{name}@x.test"), false).unwrap_err();
            assert!(
                problem.starts_with(&format!("aliases:{line}: an alias is")),
                "{problem}"
            );
        }
    }

    #[test]
    fn errors_have_their_line() {
        for (text, expected) in [("root ann\n", 1), ("\n  ann\n", 2)] {
            let (line, _) = Aliases::parse(text).unwrap_err();
            assert_eq!(line, expected, "{text:?}");
        }
    }
}
