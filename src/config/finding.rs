//! The files that accounts are read from.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use super::paths::resolve;
use super::{Account, Config, ConfigError, reading, secret_places};

/// The largest file that is read, in octets.
const MAX_FILE: u64 = 1024 * 1024;

/// The file of the system.
const SYSTEM: &str = "/etc/pilotfish/config.toml";

/// The file of a user, in the directory for configurations.
const OF_USER: &str = "pilotfish/config.toml";

impl Config {
    /// Reads the files of the user and of the system: those of [`paths`](Self::paths) that exist.
    ///
    /// The accounts of both count. An account of the user replaces one of the system with the same
    /// name, with all of its keys: a secret is never sent to the server of the other. The user's
    /// `default`, `domain` and `aliases` replace those of the system. If the user has one account
    /// and names no default, that account is the default.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load). A file that does not exist is an error only if the variable
    /// `PILOTFISH_CONFIG` names it.
    pub fn find() -> Result<Self, ConfigError> {
        if let Some(path) = named_file() {
            return Self::load(path);
        }
        let mut config = Self::default();
        // The system's file comes last in the list, and counts least.
        for path in Self::paths().iter().rev() {
            match Self::load(path) {
                Err(ConfigError::Unreadable(_, error)) if is_absent(&error) => {}
                loaded => config = config.replaced_by(loaded?),
            }
        }
        Ok(config)
    }

    /// The files that [`find`](Self::find) reads, whether they exist or not. What an earlier one says
    /// counts more.
    ///
    /// It is the file that the variable `PILOTFISH_CONFIG` names, alone; or else
    /// `$XDG_CONFIG_HOME/pilotfish/config.toml`, where the directory is `~/.config` by default, and
    /// `/etc/pilotfish/config.toml`.
    #[must_use]
    pub fn paths() -> Vec<PathBuf> {
        match named_file() {
            Some(path) => vec![path],
            None => of_user().into_iter().chain([SYSTEM.into()]).collect(),
        }
    }

    /// Reads a file of up to 1 MiB. A relative path in the file is relative to the directory of the
    /// file.
    ///
    /// The file may be an open stream, as `/dev/stdin` and the `/dev/fd/63` of a shell are. It is read to
    /// its end, and blocks the thread until its writer closes it.
    ///
    /// # Errors
    ///
    /// As [`parse`](Self::parse); or the file cannot be read, or it names a command to run and group
    /// or others can write to it. A pipe or another file that is not regular cannot be read outside of
    /// `/dev` and `/proc`: it may have no other end.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, ConfigError> {
        let path = path.as_ref();
        let unreadable = |error| ConfigError::Unreadable(path.to_owned(), error);
        // To open a pipe would wait for its other end.
        let found = std::fs::metadata(path).map_err(unreadable)?;
        if !found.is_file() && !is_a_stream(path) {
            return Err(unreadable(io::Error::other("it is not a regular file")));
        }
        let file = File::open(path).map_err(unreadable)?;
        let mut octets = Vec::new();
        // Only a regular file has a size.
        let read = (&file).take(MAX_FILE + 1).read_to_end(&mut octets);
        if read.map_err(unreadable)? as u64 > MAX_FILE {
            return Err(ConfigError::TooLarge(path.to_owned()));
        }
        let text = String::from_utf8(octets);
        let text = text.map_err(|_| ConfigError::NotText(path.to_owned()))?;
        let config = Self::parse_as(&text, path)?;
        config.check_mode(path, &file)?;
        Ok(config)
    }

    /// Reads the text of a file with this path. The file itself is not read, and need not exist.
    ///
    /// # Errors
    ///
    /// As [`parse`](Self::parse).
    pub fn parse_as(text: &str, path: impl AsRef<Path>) -> Result<Self, ConfigError> {
        let path = path.as_ref();
        let mut config = reading::parse(text, Some(path))?;
        if let Some(directory) = path.parent().filter(|_| !is_a_stream(path)) {
            config.resolve(directory);
        }
        secret_places::check(&config, text, Some(path))?;
        let names = config.accounts.keys().cloned();
        config.files = names.map(|name| (name, path.to_owned())).collect();
        Ok(config)
    }

    /// This configuration, with what `other` says in place of what it says.
    fn replaced_by(mut self, other: Self) -> Self {
        let mut names = other.accounts.keys();
        let only = match (names.next(), names.next()) {
            (Some(only), None) => Some(only.clone()),
            _ => None,
        };
        self.accounts.extend(other.accounts);
        self.files.extend(other.files);
        Self {
            default: other.default.or(only).or(self.default),
            domain: other.domain.or(self.domain),
            aliases: other.aliases.or(self.aliases),
            ..self
        }
    }

    /// Refuses commands from a file that somebody else can write to.
    #[cfg(unix)]
    fn check_mode(&self, path: &Path, file: &File) -> Result<(), ConfigError> {
        use std::os::unix::fs::PermissionsExt as _;
        let unreadable = |error| ConfigError::Unreadable(path.to_owned(), error);
        let metadata = file.metadata().map_err(unreadable)?;
        let mode = metadata.permissions().mode() & 0o777;
        let has_command = self.accounts.values().any(Account::has_command);
        if has_command && metadata.is_file() && mode & 0o022 != 0 {
            let path = path.to_owned();
            return Err(ConfigError::WritableByOthers { path, mode });
        }
        Ok(())
    }

    /// Other systems have no such modes.
    #[cfg(not(unix))]
    #[expect(
        clippy::unused_self,
        clippy::unnecessary_wraps,
        reason = "as the function for Unix"
    )]
    fn check_mode(&self, _path: &Path, _file: &File) -> Result<(), ConfigError> {
        Ok(())
    }

    fn resolve(&mut self, directory: &Path) {
        if let Some(path) = &mut self.aliases {
            resolve(path, directory);
        }
        for account in self.accounts.values_mut() {
            for path in account.paths_mut() {
                resolve(path, directory);
            }
        }
    }
}

/// The file that the user names in place of all others.
fn named_file() -> Option<PathBuf> {
    let name = std::env::var_os("PILOTFISH_CONFIG")?;
    (!name.is_empty()).then(|| name.into())
}

/// The file of the user. A relative `XDG_CONFIG_HOME` is not valid, by the XDG Base Directory
/// Specification.
fn of_user() -> Option<PathBuf> {
    let directory = std::env::var_os("XDG_CONFIG_HOME").map(PathBuf::from);
    let directory = directory.filter(|path| path.is_absolute());
    let home = || Some(std::env::home_dir()?.join(".config"));
    Some(directory.or_else(home)?.join(OF_USER))
}

/// Whether the error says that there is no such file.
fn is_absent(error: &io::Error) -> bool {
    use io::ErrorKind::{NotADirectory, NotFound};
    matches!(error.kind(), NotFound | NotADirectory)
}

/// Whether the path names an open stream, which is not in the directory of its name.
fn is_a_stream(path: &Path) -> bool {
    path.starts_with("/dev") || path.starts_with("/proc")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(name: &str, text: &str) -> Config {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(name);
        std::fs::write(&path, text).unwrap();
        Config::load(path).unwrap()
    }

    #[test]
    fn the_user_counts_more_than_the_system() {
        let system = "default = 'relay'\ndomain = 'example.org'\naliases = '/etc/aliases'\n\
                      [account.relay]\nserver = 'relay'\n[account.work]\nserver = 'x'\n\
                      user = 'them'\npassword-file = '/p'\n";
        for (user, default, domain) in [
            ("", "relay", "example.org"),
            ("domain = 'example.net'", "relay", "example.net"),
            ("[account.work]\nserver = 'y'", "work", "example.org"),
            (
                "[account.work]\nserver = 'y'\n[account.b]\nserver = 'z'",
                "relay",
                "example.org",
            ),
            ("default = 'work'", "work", "example.org"),
        ] {
            let own = load("user.toml", user);
            let both = load("system.toml", system).replaced_by(own.clone());
            assert_eq!(both.default.as_deref(), Some(default), "{user}");
            assert_eq!(both.domain.as_ref().unwrap().to_string(), domain, "{user}");
            assert_eq!(both.aliases, Some("/etc/aliases".into()));
            assert!(both.account("relay").is_ok());
            // An account is from one file as a whole.
            let file = both.file_of("work").unwrap().file_name().unwrap();
            if let Ok(account) = own.account("work") {
                assert_eq!(both.account("work").unwrap(), account);
                assert_eq!(file, "user.toml");
            } else {
                assert_eq!(file, "system.toml");
            }
        }
    }

    /// A login of one file gets no client and no tokens of another.
    #[test]
    fn a_login_is_from_one_file() {
        let login = "[account.a]\nserver = 'x'\nuser = 'me'\noauth = 'google'\nclient-id = 'i'\n\
                     client-secret-env = 'S'\ntoken-file = 't'\n";
        let system = load("system.toml", login);
        let user = "[account.a]\nserver = 'x'\nuser = 'me'\npassword-env = 'P'\n";
        let both = system.clone().replaced_by(load("user.toml", user));
        let account = both.account("a").unwrap();
        assert!(!account.uses_oauth() && account.client_id.is_none());
        assert_eq!(
            (&account.token_file, &account.client_secret_env),
            (&None, &None)
        );
        let both = load("system.toml", user).replaced_by(system.clone());
        assert_eq!(both.account("a").unwrap(), system.account("a").unwrap());
    }

    #[test]
    fn paths_are_relative_to_the_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("mail.toml");
        let text = "aliases = 'aliases'\n[account.a]\nserver = 'x'\nuser = 'me'\n\
                    password-file = 'p'\ntls-ca = 'p'\ntls-cert = 'p'\ntls-key = 'p'\n\
                    [account.a.network]\nproxy-password-file = 'p'\n\
                    [account.a.dkim]\ndomain = 'example.org'\nselector = 's'\nkey-file = 'p'\n\
                    [account.b]\nserver = 'x'\nuser = 'me'\ntoken-file = 'p'\n\
                    [account.c]\nserver = 'x'\nuser = 'me'\npassword-netrc = 'p'\n\
                    [account.d]\nserver = 'x'\nuser = 'me'\noauth = 'google'\nclient-id = 'i'\n\
                    client-secret-file = 'p'\ntoken-file = 't'\n\
                    [account.e]\nserver = 'x'\nuser = 'me'\noauth = 'google'\n\
                    oauth-grant = 'service-account'\nservice-account-file = 'p'\n";
        std::fs::write(&path, text).unwrap();
        let mut config = Config::load(&path).unwrap();
        assert_eq!(config.aliases, Some(directory.path().join("aliases")));
        let accounts = config.accounts.values_mut();
        let paths: Vec<_> = accounts.flat_map(Account::paths_mut).collect();
        assert_eq!(paths.len(), 11);
        for path in paths {
            let is_store = path.ends_with("t");
            assert_eq!(
                *path,
                directory.path().join(if is_store { "t" } else { "p" })
            );
        }
    }

    /// An open stream is read; a pipe with a name is refused, and not waited for.
    #[test]
    #[cfg(unix)]
    fn pipes() {
        let directory = tempfile::tempdir().unwrap();
        let pipe = directory.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        for path in [pipe.as_path(), directory.path()] {
            let error = Config::load(path).unwrap_err();
            let cause = std::error::Error::source(&error).unwrap().to_string();
            assert_eq!(cause, "it is not a regular file");
        }
        let (reader, mut writer) = io::pipe().unwrap();
        io::Write::write_all(&mut writer, b"default = 'a'\n").unwrap();
        drop(writer);
        let number = std::os::fd::AsRawFd::as_raw_fd(&reader);
        let config = Config::load(format!("/dev/fd/{number}")).unwrap();
        assert_eq!(config.default.as_deref(), Some("a"));
    }

    #[test]
    #[cfg(unix)]
    fn commands_of_a_file_that_others_can_write_are_refused() {
        use std::os::unix::fs::PermissionsExt;
        const COMMAND: &str = "user = 'me'\npassword-command = 'pass'";
        const CLIENT: &str = "user = 'me'\noauth = 'google'\nclient-id = 'i'\n\
                              client-secret-command = 's'\ntoken-file = 't'";
        const DKIM: &str =
            "[account.a.dkim]\ndomain = 'example.org'\nselector = 's'\nkey-command = 'k'";
        for (keys, mode, works) in [
            (COMMAND, 0o644, true),
            (COMMAND, 0o664, false),
            (COMMAND, 0o602, false),
            ("user = 'me'\ntoken-command = 't'", 0o620, false),
            (CLIENT, 0o620, false),
            (DKIM, 0o666, false),
            ("", 0o666, true),
        ] {
            let file = tempfile::NamedTempFile::new().unwrap();
            std::fs::write(file.path(), format!("[account.a]\nserver = 'x'\n{keys}")).unwrap();
            let permissions = PermissionsExt::from_mode(mode);
            file.as_file().set_permissions(permissions).unwrap();
            let loaded = Config::load(file.path());
            assert_eq!(loaded.is_ok(), works, "{keys} {mode:o}");
            if let Err(error) = loaded {
                let words = format!("(mode {mode:o}): chmod go-w ");
                assert!(error.to_string().contains(&words), "{error}");
            }
        }
    }
}
