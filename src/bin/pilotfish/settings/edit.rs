//! Changes of a configuration file. They are made on what the file has when it is written, which other
//! processes and people may have changed since it was read.

use toml_edit::{DocumentMut, Item, Table, TableLike, Value, value};

/// A change.
#[derive(Debug)]
pub(super) enum Edit {
    /// Adds an account with these keys. If the file has no default, the only account was used, and
    /// stays the default; otherwise the new one becomes it.
    Add {
        name: String,
        keys: Vec<(String, Value)>,
    },
    /// Puts lines of comments before an account.
    Comment { account: String, comment: String },
    /// Sets a key of an account.
    SetKey {
        account: String,
        key: String,
        text: String,
    },
    /// Removes a key of an account.
    RemoveKey { account: String, key: String },
    /// Removes an account; also as the default.
    Remove(String),
    /// Makes an account the default. `is_here` says whether this file has the account.
    Default { name: String, is_here: bool },
    /// The default, or none, of a file that has no other accounts than the new ones, and no default.
    FirstDefault(Option<String>),
}

/// Why a change cannot be made.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Conflict {
    /// The account was added in the meantime.
    Added(String),
    /// The account was removed in the meantime.
    Removed(String),
}

impl Edit {
    /// Makes the change. `is_new` says whether the file had neither an account nor a default before all
    /// changes.
    pub(super) fn apply(&self, document: &mut DocumentMut, is_new: bool) -> Result<(), Conflict> {
        match self {
            Self::Add { name, keys } => add(document, name, keys)?,
            Self::Comment { account, comment } => {
                let table = account_of(document, account).and_then(Item::as_table_mut);
                if let Some(table) = table {
                    table.decor_mut().set_prefix(format!("\n{comment}\n"));
                }
            }
            Self::SetKey { account, key, text } => {
                table_of(document, account)?.insert(key, value(text));
            }
            Self::RemoveKey { account, key } => {
                table_of(document, account)?.remove(key);
            }
            Self::Remove(name) => {
                let accounts = document.get_mut("account");
                if let Some(accounts) = accounts.and_then(Item::as_table_like_mut) {
                    accounts.remove(name);
                }
                if default(document) == Some(name) {
                    document.remove("default");
                }
            }
            Self::Default { name, is_here } => {
                if *is_here && !has_account(document, name) {
                    return Err(Conflict::Removed(name.clone()));
                }
                document.insert("default", value(name));
            }
            Self::FirstDefault(_) if !is_new => {}
            Self::FirstDefault(Some(name)) => {
                document.insert("default", value(name));
            }
            Self::FirstDefault(None) => {
                document.remove("default");
            }
        }
        Ok(())
    }
}

fn add(document: &mut DocumentMut, name: &str, keys: &[(String, Value)]) -> Result<(), Conflict> {
    if has_account(document, name) {
        return Err(Conflict::Added(name.to_owned()));
    }
    let only = {
        let mut names = accounts(document).into_iter().flat_map(TableLike::iter);
        let first = names.next().map(|(name, _)| name.to_owned());
        first.filter(|_| names.next().is_none())
    };
    let mut table = Table::new();
    for (key, value) in keys {
        table.insert(key, Item::Value(value.clone()));
    }
    let all = document.entry("account").or_insert_with(|| {
        let mut accounts = Table::new();
        accounts.set_implicit(true);
        Item::Table(accounts)
    });
    if let Some(all) = all.as_table_like_mut() {
        all.insert(name, Item::Table(table));
    }
    if default(document).is_none() {
        document.insert("default", value(only.as_deref().unwrap_or(name)));
    }
    Ok(())
}

pub(super) fn accounts(document: &DocumentMut) -> Option<&dyn TableLike> {
    document.get("account")?.as_table_like()
}

pub(super) fn has_account(document: &DocumentMut, name: &str) -> bool {
    accounts(document).is_some_and(|accounts| accounts.contains_key(name))
}

pub(super) fn default(document: &DocumentMut) -> Option<&str> {
    document.get("default")?.as_str()
}

/// Whether there is neither an account nor a default.
pub(super) fn is_new(document: &DocumentMut) -> bool {
    let has_accounts = accounts(document).is_some_and(|accounts| !accounts.is_empty());
    default(document).is_none() && !has_accounts
}

fn account_of<'a>(document: &'a mut DocumentMut, name: &str) -> Option<&'a mut Item> {
    document.get_mut("account")?.get_mut(name)
}

fn table_of<'a>(
    document: &'a mut DocumentMut,
    account: &str,
) -> Result<&'a mut dyn TableLike, Conflict> {
    let table = account_of(document, account).and_then(Item::as_table_like_mut);
    table.ok_or_else(|| Conflict::Removed(account.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "[account.a]\nserver = \"x\"\n";

    /// What a change makes of a file that was changed in the meantime.
    #[test]
    fn changes_of_what_the_file_has_now() {
        let add = |name: &str| Edit::Add {
            name: name.to_owned(),
            keys: vec![("server".to_owned(), "y".into())],
        };
        let set = |account: &str| Edit::SetKey {
            account: account.to_owned(),
            key: "user".to_owned(),
            text: "me".to_owned(),
        };
        let default = |name: &str, is_here| Edit::Default {
            name: name.to_owned(),
            is_here,
        };
        let remove_key = |account: &str| Edit::RemoveKey {
            account: account.to_owned(),
            key: "server".to_owned(),
        };
        let added = |name: &str| Err(Conflict::Added(name.to_owned()));
        let removed = |name: &str| Err(Conflict::Removed(name.to_owned()));
        let inline = "account = { a = { server = \"x\" } }\n";
        let first = |name: Option<&str>| Edit::FirstDefault(name.map(str::to_owned));
        for (before, edit, expected) in [
            (
                "",
                add("a"),
                Ok("default = \"a\"\n\n[account.a]\nserver = \"y\"\n".to_owned()),
            ),
            (
                ONE,
                add("b"),
                Ok(format!(
                    "default = \"a\"\n{ONE}\n[account.b]\nserver = \"y\"\n"
                )),
            ),
            (ONE, add("a"), added("a")),
            (inline, add("a"), added("a")),
            (ONE, set("a"), Ok(format!("{ONE}user = \"me\"\n"))),
            (ONE, set("b"), removed("b")),
            (
                inline,
                set("a"),
                Ok("account = { a = { server = \"x\" , user = \"me\" } }\n".to_owned()),
            ),
            (ONE, remove_key("a"), Ok("[account.a]\n".to_owned())),
            ("", remove_key("a"), removed("a")),
            (ONE, Edit::Remove("b".to_owned()), Ok(ONE.to_owned())),
            (
                "default = \"a\"\n",
                Edit::Remove("a".to_owned()),
                Ok(String::new()),
            ),
            (
                "default = \"b\"\n",
                Edit::Remove("a".to_owned()),
                Ok("default = \"b\"\n".to_owned()),
            ),
            ("", default("a", true), removed("a")),
            ("", default("a", false), Ok("default = \"a\"\n".to_owned())),
            // Another process has set up accounts of its own.
            (ONE, first(Some("b")), Ok(ONE.to_owned())),
            (
                "default = \"c\"\n",
                first(None),
                Ok("default = \"c\"\n".to_owned()),
            ),
            ("", first(Some("b")), Ok("default = \"b\"\n".to_owned())),
        ] {
            let mut document: DocumentMut = before.parse().unwrap();
            let is_new = is_new(&document);
            let found = edit.apply(&mut document, is_new);
            assert_eq!(
                found.map(|()| document.to_string()),
                expected,
                "{before} {edit:?}"
            );
        }
    }
}
