//! Files of other programs that say one thing twice, or name the same account in two ways.

use super::account::CONFIG;
use super::cli_fixture::Directory;
use super::run::{Ended, Run};

async fn run(directory: &Directory, arguments: &str) -> Ended {
    let path = directory.path();
    let run = Run::new(arguments).directory(path).env("HOME", path);
    run.env("XDG_CONFIG_HOME", "").end().await
}

/// Imports the file, and returns what was written and what was said.
async fn imported(from: &str, text: &str) -> (String, String, Directory) {
    let directory = Directory::new();
    directory.file("rc", text);
    let import = format!("config import rc --from {from} --store file --no-input");
    let ended = run(&directory, &import).await;
    assert_eq!(ended.status, 0, "{text}: {ended:?}");
    let checked = run(&directory, "config check").await;
    assert_eq!(checked.status, 0, "{text}: {checked:?}");
    let written = String::from_utf8(directory.read(CONFIG)).unwrap();
    (written, ended.stderr, directory)
}

/// The name of the file of an account's password, and what is in it.
fn password(directory: &Directory, written: &str, account: &str) -> (String, String) {
    let table = written.split(&format!("[account.{account}]\n")).nth(1);
    let table = table.unwrap_or_else(|| panic!("{account}: {written}"));
    let value = table.split("password-file = \"").nth(1).unwrap();
    let name = value.split('"').next().unwrap().to_owned();
    let octets = directory.read(&format!(".config/pilotfish/{name}"));
    (name, String::from_utf8(octets).unwrap())
}

#[tokio::test]
async fn each_account_has_a_file_of_its_own() {
    let text = "[sendemail]\nsmtpuser = me\nsmtpencryption = ssl\n\
        [sendemail \"a/b\"]\nsmtpserver = x\nsmtppass = SECRETONE\n\
        [sendemail \"ab\"]\nsmtpserver = y\nsmtppass = SECRETTWO\n\
        [sendemail \"AB\"]\nsmtpserver = z\nsmtppass = SECRETTHREE\n";
    let (written, _, directory) = imported("git", text).await;
    let expected = [
        ("\"a/b\"", "a%2Fb.password", "SECRETONE"),
        ("ab", "ab.password", "SECRETTWO"),
        // Some file systems do not tell capitals from small letters.
        ("AB", "AB-2.password", "SECRETTHREE"),
    ];
    for (account, name, secret) in expected {
        let found = password(&directory, &written, account);
        assert_eq!(found, (name.to_owned(), secret.to_owned()));
    }
    // Files that are there stay as they are, whichever configuration names them.
    for file in ["one.toml", "two.toml"] {
        let import = format!("config import rc --from git --store file -C {file}");
        assert_eq!(run(&directory, &import).await.status, 0);
    }
    for (name, secret) in [
        ("ab.password", "SECRETTWO"),
        ("AB-2.password", "SECRETTHREE"),
    ] {
        let octets = directory.read(name);
        assert_eq!(String::from_utf8(octets).unwrap(), secret, "{name}");
    }
    let files = std::fs::read_dir(directory.path()).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    assert_eq!(names.filter(|name| name.ends_with(".password")).count(), 6);
    // A file that another account names may not be there yet.
    std::fs::remove_file(directory.path().join("ab.password")).unwrap();
    let accounts = "[account.\"a b\"]\nserver = 'smtps://x'\nuser = 'me'\npassword-file = 'ab.password'\n\
        [account.ab]\nserver = 'smtps://x'\nuser = 'me'\n";
    directory.file("old.toml", accounts);
    let set = "auth set ab -C old.toml --no-test --password-env HOME";
    assert_eq!(run(&directory, set).await.status, 0);
    assert!(!directory.path().join("ab.password").exists());
}

const MSMTP_BASE: &str = "defaults\ntls on\nauth on\nport 587\naccount work\n\
    host smtp.work.test\nuser me\npasswordeval \"pass work\"\n";

#[tokio::test]
async fn the_default_of_msmtp() {
    let work = "default = \"work\"\n";
    for (more, default, count) in [
        ("account default : work\n", work, 1),
        (
            "account default : work\nhost smtp.home.test\nuser other\n",
            "default = \"default\"\n",
            2,
        ),
        (
            "account default\nhost smtp.home.test\nuser other\npasswordeval x\n",
            "default = \"default\"\n",
            2,
        ),
        ("account home : work\nhost smtp.home.test\n", "\n# from", 2),
        ("", work, 1),
    ] {
        let (written, said, _) = imported("msmtp", &format!("{MSMTP_BASE}{more}")).await;
        assert!(written.starts_with(default), "{more}: {written}");
        assert_eq!(written.matches("server = ").count(), count, "{written}");
        assert_eq!(
            written.contains("smtp.home.test:587\""),
            count == 2,
            "{written}"
        );
        assert!(!said.contains("not taken"), "{said}");
        let has_none = default == "\n# from";
        let next = "next: pilotfish account default home\n";
        assert_eq!(said.contains(next), has_none, "{said}");
    }
}

#[tokio::test]
async fn accounts_of_msmtp_have_several_parents() {
    let text = "defaults\nport 25\naccount a\nhost a.test\nuser ann\nauth on\ntls on\n\
        passwordeval a\naccount b\nhost b.test\ndomain desk.test\naccount c : a, b\n";
    let (written, ..) = imported("msmtp", text).await;
    let expected = "[account.c]\nserver = \"b.test:25\"\nuser = \"ann\"\n\
        password-command = \"a\"\nnetwork = { helo = \"desk.test\" }\n";
    assert!(written.ends_with(expected), "{written}");
}

/// An account that says something odd is written without it, and the others as they are.
#[tokio::test]
async fn secrets_of_two_places_and_of_no_login() {
    let head = "account work\nhost smtp.test\nport 587\ntls on\n";
    for (from, text, expected, not_taken) in [
        (
            "msmtp",
            format!("defaults\npasswordeval x\n{head}auth on\nuser me\npassword SECRET\n"),
            "user = \"me\"\npassword-file = \"work.password\"\n",
            "not taken: rc:3: account work: passwordeval: the file has the password",
        ),
        (
            "msmtp",
            format!("# form\u{c}feed\u{7}\n{head}auth on\nuser me\npassword SECRET\n"),
            "password-file = \"work.password\"\n",
            "",
        ),
        (
            "msmtp",
            format!("{head}auth off\nuser me\npassword SECRET\n"),
            "[account.work]\nserver = \"smtp.test:587\"\n",
            "not taken: rc:1: account work: its password: it does not log in",
        ),
        (
            "msmtp",
            format!("{head}auth on\npassword SECRET\n"),
            "[account.work]\nserver = \"smtp.test:587\"\n",
            "not taken: rc:1: account work: its password: no user has it",
        ),
        (
            "git",
            "[sendemail]\nsmtpserver = smtp.test\nsmtpencryption = ssl\nsmtppass = SECRET\n"
                .to_owned(),
            "[account.git]\nserver = \"smtp.test:465\"\n",
            "not taken: rc:2: account git: its password: it does not log in",
        ),
        (
            "mutt",
            "set smtp_url=smtps://me@smtp.test smtp_pass=SECRET\n\
             set smtp_oauth_refresh_command='oauth'\n"
                .to_owned(),
            "user = \"me\"\npassword-file = \"mutt.password\"\n",
            "not taken: rc:2: smtp_oauth_refresh_command: the file has the password",
        ),
        (
            "mutt",
            "set smtp_url=smtps://me@smtp.test smtp_pass=SECRET\n\
             set smtp_oauth_refresh_command='oauth' smtp_authenticators=xoauth2\n"
                .to_owned(),
            "auth = \"xoauth2\"\nuser = \"me\"\ntoken-command = \"oauth\"\n",
            "not taken: rc:1: smtp_pass: smtp_authenticators",
        ),
    ] {
        let (written, said, directory) = imported(from, &text).await;
        assert!(written.ends_with(expected), "{text}: {written}");
        assert!(said.contains(not_taken), "{text}: {said}");
        assert!(!said.contains("SECRET"), "{said}");
        let has_file = written.contains("password-file");
        let path = directory.path().join(".config/pilotfish");
        assert_eq!(
            std::fs::read_dir(path).unwrap().count(),
            1 + usize::from(has_file)
        );
    }
}

#[tokio::test]
async fn the_settings_of_mutt_in_all_their_forms() {
    for (text, expected) in [
        (
            "set smtp_url=smtp://x:587 ssl_starttls=no ssl_force_tls=yes",
            "server = \"x:587\"\n",
        ),
        (
            "set ssl_force_tls; unset ssl_starttls; set smtp_url=smtp://x:587",
            "server = \"x:587\"\n",
        ),
        (
            "set smtp_url=smtp://x:587 nossl_starttls nossl_force_tls",
            "server = \"x:587\"\ntls = \"none\"\n",
        ),
        (
            "set realname='A;B #x'; set from=a@example.org;set smtp_url=smtp://x:587 # set from=b",
            "server = \"x:587\"\nfrom = '\"A;B #x\" <a@example.org>'\n",
        ),
        (
            "set smtp_url=\\\n  \"smtp://x:587\" \\\n  from=a@example.org",
            "server = \"x:587\"\nfrom = \"a@example.org\"\n",
        ),
    ] {
        let (written, said, _) = imported("mutt", text).await;
        let table = written.split("[account.mutt]\n").nth(1).unwrap();
        assert_eq!(table, expected, "{text}");
        assert!(!said.contains("not taken"), "{said}");
    }
    let directory = Directory::new();
    for (text, expected) in [
        (
            "set smtp_url=smtps://$NO_SUCH_NAME@x",
            "rc:1: smtp_url: $NO_SUCH_NAME is a variable of the environment",
        ),
        (
            "set smtp_url=`geturl`",
            "rc:1: smtp_url: a command prints it",
        ),
    ] {
        directory.file("rc", text);
        let ended = run(&directory, "config import rc --from mutt").await;
        ended.fails(65, "rc has no account to import");
        assert!(ended.stderr.contains(expected), "{ended:?}");
    }
}

#[tokio::test]
async fn sections_of_git_on_one_line() {
    let text = "[sendemail] smtpserver = x ; here\n[sendemail \"a]b\"]smtpserver=y\n\
        [sendemail.Work] # old\nsmtpserver = z\n";
    let (written, ..) = imported("git", text).await;
    let expected = "default = \"git\"\n\n# from rc:1\n[account.git]\nserver = \"x:25\"\ntls = \"none\"\n\n\
        # from rc:2\n[account.\"a]b\"]\nserver = \"y:25\"\ntls = \"none\"\n\n\
        # from rc:4\n[account.work]\nserver = \"z:25\"\ntls = \"none\"\n";
    assert_eq!(written, expected);
}
