//! Changing a configuration file. Comments and the order of its lines stay as they are.

use std::fs::{File, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use pilotfish::config::Config;
use tempfile::NamedTempFile;
use toml_edit::{DocumentMut, Item, Table, TableLike, Value, value};

use super::shown_path;
use crate::args::GlobalArguments;
use crate::exit;
use crate::failure::Failure;

/// A configuration file that is being changed.
pub(crate) struct ConfigFile {
    path: PathBuf,
    document: DocumentMut,
}

impl ConfigFile {
    /// The file that new accounts go into: that of `--config`, or else the first that is read.
    pub(crate) fn of_user(global: &GlobalArguments) -> Result<Self, Failure> {
        let path = global.config.clone();
        let path = path.or_else(|| Config::paths().into_iter().next());
        let none = || Failure::usage("there is no home directory for a configuration");
        Self::open(path.ok_or_else(none)?)
    }

    /// The file with this path. One that does not exist has no accounts.
    pub(crate) fn open(path: PathBuf) -> Result<Self, Failure> {
        let text = match std::fs::read_to_string(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            read => read.map_err(|error| {
                let message = format!("cannot read {}", shown_path(&path));
                Failure::io(exit::CONFIG, message, error)
            })?,
        };
        // The library's errors name the line and what was meant.
        if path.exists() {
            Config::load(&path)?;
        }
        let document = text.parse::<DocumentMut>();
        let document = document.map_err(|error| Failure::of(exit::CONFIG, &error))?;
        Ok(Self { path, document })
    }

    /// A file without accounts, which is not written.
    pub(crate) fn empty() -> Self {
        Self {
            path: PathBuf::new(),
            document: DocumentMut::new(),
        }
    }

    /// What the file will be.
    pub(crate) fn text(&self) -> String {
        self.document.to_string()
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// A new file beside this file, for the password of this account.
    pub(crate) fn password_file(&self, account: &str) -> PathBuf {
        self.secret_file(account, "password")
    }

    /// A new file beside this file, for a secret of this account: none that is there, and none that an
    /// account names.
    pub(crate) fn secret_file(&self, account: &str, kind: &str) -> PathBuf {
        let stem = file_name(account);
        let named = self.secret_files();
        let is_free = |path: &PathBuf| {
            let is_named = named.iter().any(|other| is_same_name(other, path));
            !is_named && std::fs::symlink_metadata(path).is_err()
        };
        let first = self.path.with_file_name(format!("{stem}.{kind}"));
        let mut others = (2_u64..).map(|number| format!("{stem}-{number}.{kind}"));
        if is_free(&first) {
            return first;
        }
        let other = others.find_map(|name| Some(self.path.with_file_name(name)).filter(is_free));
        other.unwrap_or(first)
    }

    /// The files that accounts name.
    fn secret_files(&self) -> Vec<PathBuf> {
        let accounts = self.accounts().into_iter().flat_map(Table::iter);
        let keys = accounts.filter_map(|(_, account)| account.as_table_like());
        let keys = keys.flat_map(TableLike::iter);
        let files = keys.filter(|(key, _)| key.ends_with("-file"));
        let files = files.filter_map(|(_, file)| file.as_str());
        files.map(|file| self.path.with_file_name(file)).collect()
    }

    /// Adds an account with these keys. If the file has no default, the only account was used, and stays
    /// the default; otherwise the new one becomes it.
    pub(crate) fn add_account(&mut self, name: &str, keys: Vec<(&str, Value)>) {
        let names = self
            .accounts()
            .map(|accounts| accounts.iter().map(|(name, _)| name.to_owned()));
        let names: Vec<_> = names.into_iter().flatten().collect();
        let mut table = Table::new();
        for (key, value) in keys {
            table.insert(key, Item::Value(value));
        }
        let accounts = self.document.entry("account").or_insert_with(|| {
            let mut accounts = Table::new();
            accounts.set_implicit(true);
            Item::Table(accounts)
        });
        if let Some(accounts) = accounts.as_table_like_mut() {
            accounts.insert(name, Item::Table(table));
        }
        match names.as_slice() {
            _ if self.default().is_some() => {}
            [only] => self.set_default(only),
            _ => self.set_default(name),
        }
    }

    fn accounts(&self) -> Option<&Table> {
        self.document.get("account")?.as_table()
    }

    pub(crate) fn has_account(&self, name: &str) -> bool {
        self.accounts()
            .is_some_and(|accounts| accounts.contains_key(name))
    }

    /// Puts lines of comments before an account.
    pub(crate) fn set_comment(&mut self, account: &str, comment: &str) {
        let accounts = self.document.get_mut("account");
        let table = accounts.and_then(|accounts| accounts.get_mut(account));
        if let Some(table) = table.and_then(Item::as_table_mut) {
            table.decor_mut().set_prefix(format!("\n{comment}\n"));
        }
    }

    /// Sets a key of an account that the file has.
    pub(crate) fn set_key(&mut self, account: &str, key: &str, text: &str) {
        let accounts = self.document.get_mut("account");
        let table = accounts.and_then(|accounts| accounts.get_mut(account));
        if let Some(table) = table.and_then(Item::as_table_like_mut) {
            table.insert(key, value(text));
        }
    }

    /// Removes a key of an account.
    pub(crate) fn remove_key(&mut self, account: &str, key: &str) {
        let accounts = self.document.get_mut("account");
        let table = accounts.and_then(|accounts| accounts.get_mut(account));
        if let Some(table) = table.and_then(Item::as_table_like_mut) {
            table.remove(key);
        }
    }

    /// Removes an account; also as the default.
    pub(crate) fn remove_account(&mut self, name: &str) {
        let accounts = self.document.get_mut("account");
        if let Some(accounts) = accounts.and_then(Item::as_table_like_mut) {
            accounts.remove(name);
        }
        if self.default() == Some(name) {
            self.remove_default();
        }
    }

    pub(crate) fn default(&self) -> Option<&str> {
        self.document.get("default")?.as_str()
    }

    pub(crate) fn remove_default(&mut self) {
        self.document.remove("default");
    }

    pub(crate) fn set_default(&mut self, name: &str) {
        self.document.insert("default", value(name));
    }

    /// Whether what was changed can be read again.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        Config::parse(&self.text())?;
        Ok(())
    }

    /// Writes the file at once as a whole, readable by its owner alone.
    pub(crate) fn save(&self) -> Result<(), Failure> {
        self.check()?;
        write_private(&self.path, self.text().as_bytes())
    }
}

/// A name of a file that no other account has: what is not a letter, a digit or one of `-_.` is written as
/// in a URL.
fn file_name(account: &str) -> String {
    let is_plain = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_' | b'.');
    let characters = account.bytes().map(|octet| match octet {
        octet if is_plain(octet) => char::from(octet).to_string(),
        octet => format!("%{octet:02X}"),
    });
    characters.collect()
}

/// Whether two paths may lead to the same file: some file systems do not distinguish capitals and small
/// letters.
fn is_same_name(one: &Path, other: &Path) -> bool {
    let lower = |path: &Path| path.to_string_lossy().to_lowercase();
    lower(one) == lower(other)
}

/// Writes a file that only its owner can read. An old file is replaced when all of the new one is on the
/// disk. The directory is made if it is missing.
pub(crate) fn write_private(path: &Path, octets: &[u8]) -> Result<(), Failure> {
    let written = || {
        // A link stays, and leads to the new content.
        let path = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let directory = path.parent().filter(|path| !path.as_os_str().is_empty());
        let directory = directory.unwrap_or(Path::new("."));
        if !directory.exists() {
            std::fs::create_dir_all(directory)?;
            std::fs::set_permissions(directory, Permissions::from_mode(0o700))?;
        }
        // Its mode is 600.
        let mut file = NamedTempFile::new_in(directory)?;
        file.write_all(octets)?;
        file.as_file().sync_all()?;
        file.persist(&path).map_err(|error| error.error)?;
        File::open(directory)?.sync_all()
    };
    written().map_err(|error: io::Error| {
        let message = format!("cannot write {}", shown_path(path));
        Failure::io(exit::CANNOT_CREATE, message, error)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_order_stay() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("new/config.toml");
        let text = || std::fs::read_to_string(&path).unwrap();
        let mut file = ConfigFile::open(path.clone()).unwrap();
        let keys = |server: &str| vec![("server", Value::from(server)), ("user", "me".into())];
        file.add_account("work", keys("x"));
        file.save().unwrap();
        assert_eq!(
            text(),
            "default = \"work\"\n\n[account.work]\nserver = \"x\"\nuser = \"me\"\n"
        );
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let own = "# mine\n\n[account.work] # at work\nserver = \"x\" # the old one\n";
        std::fs::write(&path, own).unwrap();
        let mut file = ConfigFile::open(path.clone()).unwrap();
        // The only account was the one of mails that name none.
        file.add_account("my home", keys("y"));
        file.set_key("work", "user", "me");
        file.save().unwrap();
        let expected = "default = \"work\"\n# mine\n\n[account.work] # at work\n\
                        server = \"x\" # the old one\nuser = \"me\"\n\n\
                        [account.\"my home\"]\nserver = \"y\"\nuser = \"me\"\n";
        assert_eq!(text(), expected);
        let mut file = ConfigFile::open(path.clone()).unwrap();
        assert_eq!(file.default(), Some("work"));
        file.remove_account("work");
        file.save().unwrap();
        assert!(!text().contains("work"), "{}", text());
        assert!(Config::load(&path).unwrap().account("my home").is_ok());
        // Of several without a default, none was used.
        let mut file = ConfigFile::open(path.clone()).unwrap();
        file.add_account("a", keys("z"));
        assert_eq!(file.default(), Some("my home"));
        file.remove_account("my home");
        file.add_account("b", keys("z"));
        file.remove_default();
        file.add_account("c", keys("z"));
        assert_eq!(file.default(), Some("c"));
    }
}
