//! Changing a configuration file. Comments and the order of its lines stay as they are.

use std::io;
use std::path::{Path, PathBuf};

use pilotfish::Secret;
use pilotfish::config::{Config, Keyring};
use toml_edit::{DocumentMut, TableLike, Value};

use super::edit::{self, Conflict, Edit};
use super::lock::Lock;
use super::private_file::{NewFiles, cannot_write, write_private};
use super::replaced_items::ReplacedItems;
use super::{in_shell, shown_path};
use crate::args::GlobalArguments;
use crate::exit;
use crate::failure::Failure;

/// A configuration file that is being changed.
///
/// It is read again when it is saved, as a person or another process may have changed it while this one
/// waited for an answer.
pub(crate) struct ConfigFile {
    path: PathBuf,
    /// What the file will be, if nothing else changes it.
    document: DocumentMut,
    /// Whether it had neither an account nor a default.
    is_new: bool,
    /// The changes, in their order.
    edits: Vec<Edit>,
    /// The files of secrets that the accounts name when the file is saved.
    secrets: NewFiles,
    /// The items of the keyring that were replaced for them.
    items: ReplacedItems,
    lock: Option<Lock>,
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
        let text = text_of(&path).map_err(|error| {
            let message = format!("cannot read {}", shown_path(&path));
            Failure::io(exit::CONFIG, message, error)
        })?;
        let document = parsed(&path, &text)?;
        Ok(Self::with(path, document))
    }

    fn with(path: PathBuf, document: DocumentMut) -> Self {
        Self {
            path,
            is_new: edit::is_new(&document),
            document,
            edits: Vec::new(),
            secrets: NewFiles::default(),
            items: ReplacedItems::default(),
            lock: None,
        }
    }

    /// A file without accounts, which is not written.
    pub(crate) fn empty() -> Self {
        Self::with(PathBuf::new(), DocumentMut::new())
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
        let accounts = edit::accounts(&self.document);
        let accounts = accounts.into_iter().flat_map(TableLike::iter);
        let keys = accounts.filter_map(|(_, account)| account.as_table_like());
        let keys = keys.flat_map(TableLike::iter);
        let files = keys.filter(|(key, _)| key.ends_with("-file"));
        let files = files.filter_map(|(_, file)| file.as_str());
        files.map(|file| self.path.with_file_name(file)).collect()
    }

    /// Makes a file for a secret, which [`password_file`](Self::password_file) or
    /// [`secret_file`](Self::secret_file) has named. It is removed again unless this configuration is
    /// saved, so that no secret is left which no account names.
    pub(crate) fn add_secret(&mut self, path: &Path, secret: &[u8]) -> Result<(), Failure> {
        self.secrets.create(path, secret)
    }

    /// Stores a secret in an item of the keyring. [`undo`](Self::undo) puts back what was there, unless this
    /// configuration is saved.
    pub(crate) async fn add_item(
        &mut self,
        keyring: &Keyring,
        item: &str,
        secret: &Secret,
    ) -> Result<(), Failure> {
        self.items.replace(keyring, item, secret).await
    }

    /// Removes the secrets that were stored for a configuration which is not saved, and puts back those that
    /// they have replaced. After it is saved, there is nothing to undo.
    pub(crate) async fn undo(&mut self) {
        self.secrets = NewFiles::default();
        self.items.put_back().await;
    }

    /// Adds an account with these keys. If the file has no default, the only account was used, and stays
    /// the default; otherwise the new one becomes it.
    pub(crate) fn add_account(&mut self, name: &str, keys: Vec<(&str, Value)>) {
        let keys = keys.into_iter();
        let keys = keys.map(|(key, value)| (key.to_owned(), value)).collect();
        let name = name.to_owned();
        self.change(Edit::Add { name, keys });
    }

    pub(crate) fn has_account(&self, name: &str) -> bool {
        edit::has_account(&self.document, name)
    }

    /// Puts lines of comments before an account.
    pub(crate) fn set_comment(&mut self, account: &str, comment: &str) {
        let (account, comment) = (account.to_owned(), comment.to_owned());
        self.change(Edit::Comment { account, comment });
    }

    /// Sets a key of an account that the file has.
    pub(crate) fn set_key(&mut self, account: &str, key: &str, text: &str) {
        let (account, key, text) = (account.to_owned(), key.to_owned(), text.to_owned());
        self.change(Edit::SetKey { account, key, text });
    }

    /// Removes a key of an account.
    pub(crate) fn remove_key(&mut self, account: &str, key: &str) {
        let (account, key) = (account.to_owned(), key.to_owned());
        self.change(Edit::RemoveKey { account, key });
    }

    /// Removes an account; also as the default.
    pub(crate) fn remove_account(&mut self, name: &str) {
        self.change(Edit::Remove(name.to_owned()));
    }

    pub(crate) fn default(&self) -> Option<&str> {
        edit::default(&self.document)
    }

    pub(crate) fn set_default(&mut self, name: &str) {
        let is_here = self.has_account(name);
        let name = name.to_owned();
        self.change(Edit::Default { name, is_here });
    }

    /// Sets the default, or none, of a file that had neither an account nor a default.
    pub(crate) fn set_first_default(&mut self, name: Option<&str>) {
        self.change(Edit::FirstDefault(name.map(str::to_owned)));
    }

    fn change(&mut self, edit: Edit) {
        // What cannot be changed is an error when the file is saved.
        let _ = edit.apply(&mut self.document, self.is_new);
        self.edits.push(edit);
    }

    /// Whether what is changed can be read again.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        Config::parse_as(&self.text(), &self.path)?;
        Ok(())
    }

    /// Locks the file until it is saved, reads it again, and checks that the changes can be made: a
    /// secret that is stored now is one of an account that can be written.
    pub(crate) async fn reserve(&mut self) -> Result<(), Failure> {
        if self.lock.is_none() {
            self.lock = Some(Lock::of_file(&self.path).await?);
        }
        let text = text_of(&self.path).map_err(|error| cannot_write(&self.path, error))?;
        let mut document = parsed(&self.path, &text)?;
        let is_new = edit::is_new(&document);
        for edit in &self.edits {
            let applied = edit.apply(&mut document, is_new);
            applied.map_err(|conflict| self.refused(&conflict))?;
        }
        Config::parse_as(&document.to_string(), &self.path)?;
        (self.document, self.is_new) = (document, is_new);
        Ok(())
    }

    /// Makes the changes, and writes the file at once as a whole, readable by its owner alone.
    pub(crate) async fn save(&mut self) -> Result<(), Failure> {
        self.reserve().await?;
        write_private(&self.path, self.text().as_bytes())?;
        self.secrets.keep();
        self.items.keep();
        self.edits.clear();
        self.lock = None;
        Ok(())
    }

    fn refused(&self, conflict: &Conflict) -> Failure {
        match conflict {
            Conflict::Added(name) => {
                let message =
                    format!("there is an account {name} already: another process has added it");
                let help = format!("see it: pilotfish account show {}", in_shell(name));
                Failure::usage(message).with_help(help)
            }
            Conflict::Removed(name) => {
                let path = shown_path(&self.path);
                let message = format!(
                    "{path} has no account {name} any more: another process has removed it"
                );
                let help = "pilotfish account list shows the accounts";
                Failure::new(exit::CONFIG, message).with_help(help)
            }
        }
    }
}

/// The text of a file; an empty one if there is no file.
fn text_of(path: &Path) -> io::Result<String> {
    match std::fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        // To open a pipe would wait for its other end, and what is read from it is not there again.
        Ok(found) if !found.is_file() => Err(io::Error::other("it is not a regular file")),
        _ => std::fs::read_to_string(path),
    }
}

/// What a file has.
fn parsed(path: &Path, text: &str) -> Result<DocumentMut, Failure> {
    // The library's errors name the line and what was meant.
    if path.exists() {
        Config::load(path)?;
    }
    let document = text.parse::<DocumentMut>();
    document.map_err(|error| Failure::of(exit::CONFIG, &error))
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

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    /// A path is relative to the file's directory, as when it is read.
    #[tokio::test]
    async fn what_cannot_be_read_again_is_not_saved() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("mail.toml");
        let own = "[account.work]\nserver = 'x'\nuser = 'me'\noauth = 'google'\nclient-id = 'i'\n\
                   token-file = 'work.tokens'\n";
        std::fs::write(&path, own).unwrap();
        let tokens = directory.path().join("work.tokens").display().to_string();
        for (file, reason) in [
            (&*tokens, "names the same file"),
            ("mail.toml", "it is this file"),
        ] {
            let mut config = ConfigFile::open(path.clone()).unwrap();
            let keys = [("server", "x"), ("user", "me"), ("password-file", file)];
            config.add_account("home", keys.map(|(key, value)| (key, value.into())).into());
            for failure in [config.check(), config.save().await] {
                let failure = failure.unwrap_err();
                assert!(failure.message.contains(reason), "{file}: {failure:?}");
            }
            assert_eq!(std::fs::read_to_string(&path).unwrap(), own);
        }
    }

    #[tokio::test]
    async fn comments_and_order_stay() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("new/config.toml");
        let text = || std::fs::read_to_string(&path).unwrap();
        let mut file = ConfigFile::open(path.clone()).unwrap();
        let keys = |server: &str| vec![("server", Value::from(server)), ("user", "me".into())];
        file.add_account("work", keys("x"));
        file.save().await.unwrap();
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
        file.save().await.unwrap();
        let expected = "default = \"work\"\n# mine\n\n[account.work] # at work\n\
                        server = \"x\" # the old one\nuser = \"me\"\n\n\
                        [account.\"my home\"]\nserver = \"y\"\nuser = \"me\"\n";
        assert_eq!(text(), expected);
        let mut file = ConfigFile::open(path.clone()).unwrap();
        assert_eq!(file.default(), Some("work"));
        file.remove_account("work");
        file.save().await.unwrap();
        assert!(!text().contains("work"), "{}", text());
        assert!(Config::load(&path).unwrap().account("my home").is_ok());
        // Of several without a default, none was used.
        let mut file = ConfigFile::open(path.clone()).unwrap();
        file.add_account("a", keys("z"));
        assert_eq!(file.default(), Some("my home"));
        let both = "[account.a]\nserver = 'x'\n[account.b]\nserver = 'x'\n";
        std::fs::write(&path, both).unwrap();
        let mut file = ConfigFile::open(path.clone()).unwrap();
        file.add_account("c", keys("z"));
        assert_eq!(file.default(), Some("c"));
    }
}
