//! Programs of Debian that send their mail by sendmail(1), each by its default invocation.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use pilotfish::testing::{Fault, Point, Received, TestServer, TestServerBuilder};
use tempfile::TempDir;

/// A program, and how it is run: `$sendmail` is the command that takes the mail.
struct Caller {
    name: &'static str,
    script: &'static str,
    /// What the program says, or with which status it ends, if the mail is not accepted.
    on_error: &'static str,
}

const CALLERS: [Caller; 5] = [
    Caller {
        name: "git",
        script: "git init -q . && git config user.email me@example.org && git config user.name Me \
                 && git config sendemail.sendmailCmd \"$sendmail\" \
                 && echo body > file && git add file && git commit -qm Hi \
                 && git send-email --to ann@example.org --suppress-cc all --confirm never --quiet -1",
        on_error: "died",
    },
    Caller {
        name: "mutt",
        script: "echo body | mutt -n -F /dev/null -e \"set sendmail='$sendmail -oem -oi'\" \
                 -e 'set copy=no from=me@example.org' -s Hi ann@example.org",
        on_error: "Could not send",
    },
    Caller {
        name: "s-nail",
        script: "echo body | s-nail -:/ -S mta=\"$sendmail\" -s Hi -r me@example.org \
                 ann@example.org",
        on_error: "message not sent",
    },
    Caller {
        name: "bsd-mailx",
        script: "echo \"set sendmail=$sendmail\" > rc && export MAILRC=rc \
                 && echo body | bsd-mailx -s Hi ann@example.org",
        on_error: "dead.letter",
    },
    Caller {
        name: "php8.2",
        script: "php8.2 -n -d sendmail_path=\"$sendmail -t -i\" -r \
                 'exit(mail(\"ann@example.org\", \"Hi\", \"body\") ? 0 : 1);'",
        on_error: "",
    },
];

/// A home with a configuration for a server, and with the command under the name of sendmail.
pub(super) struct Home {
    server: TestServer,
    pub(super) folder: TempDir,
}

impl Home {
    pub(super) async fn open(server: TestServerBuilder) -> Self {
        let server = server.user("me@example.org", "sesame").start().await;
        let server = server.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let home = Self { server, folder };
        symlink(env!("CARGO_BIN_EXE_pilotfish"), home.path("sendmail")).unwrap();
        home.write("ca.pem", home.server.ca_pem());
        home.write("password", "sesame");
        let address = home.server.addr();
        home.write(
            "config.toml",
            &format!(
                "[account.a]\nserver = '{address}'\nuser = 'me@example.org'\n\
                 tls-ca = 'ca.pem'\npassword-file = 'password'\n"
            ),
        );
        home
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::write(&path, text).unwrap();
        let permissions = PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(path, permissions).unwrap();
    }

    /// Runs the script of a program: whether it ended well, and what it said.
    async fn run(&self, caller: &Caller) -> (bool, String) {
        let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools");
        let sendmail = self.path("sendmail");
        let mut command = Command::new("sh");
        command
            .args(["-c", caller.script])
            .current_dir(self.folder.path())
            .env("HOME", self.folder.path())
            .env_remove("XDG_CONFIG_HOME")
            // s-nail sets HOME anew.
            .env("PILOTFISH_CONFIG", self.path("config.toml"))
            .env("sendmail", sendmail)
            .env(
                "PATH",
                format!("{}:/usr/bin:/bin", tools.join("bin").display()),
            )
            .stdin(Stdio::null());
        let ended = tokio::task::spawn_blocking(move || command.output());
        let ended = ended.await.unwrap().unwrap();
        let said = [ended.stdout, ended.stderr].concat();
        (
            ended.status.success(),
            String::from_utf8_lossy(&said).into_owned(),
        )
    }

    /// Runs a script as root with mounts of its own: programs that know only one path of sendmail find
    /// the command there.
    pub(super) async fn run_as_root(&self, script: &str) -> String {
        let is_root = rustix::process::geteuid().is_root();
        let sudo: &[&str] = if is_root { &[] } else { &["sudo", "-n"] };
        let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools/callers");
        let own_mounts = [
            "timeout", "120", "unshare", "--mount", "sh", "-ec", script, "sh",
        ];
        let mut words = sudo.iter().chain(&own_mounts).copied();
        let mut command = Command::new(words.next().unwrap());
        command.args(words).arg(self.folder.path()).arg(tools);
        let ended = tokio::task::spawn_blocking(move || command.output());
        let ended = ended.await.unwrap().unwrap();
        let said = [ended.stdout, ended.stderr].concat();
        String::from_utf8_lossy(&said).into_owned()
    }

    pub(super) async fn received(self) -> Vec<Received> {
        let received = self.server.received();
        self.server.shutdown().await.unwrap();
        received
    }
}

#[tokio::test]
#[ignore = "needs the programs that tests/provision unpacks: tests/run"]
async fn the_mail_arrives() {
    for caller in &CALLERS {
        let home = Home::open(TestServer::builder()).await;
        let (is_well, said) = home.run(caller).await;
        assert!(is_well, "{}: {said}", caller.name);
        let received = home.received().await;
        assert_eq!(received.len(), 1, "{}: {said}", caller.name);
        let mail = &received[0];
        assert_eq!(mail.forward_paths, ["ann@example.org"], "{}", caller.name);
        assert_eq!(mail.reverse_path, "me@example.org", "{}", caller.name);
        let text = String::from_utf8_lossy(&mail.octets);
        assert!(text.contains("body") && text.contains("Hi"), "{text}");
        assert!(
            text.contains("\r\nMessage-ID: <") || text.contains("\r\nMessage-Id: <"),
            "{text}"
        );
    }
}

/// Each program says that the mail was not sent, for a rejected mail (65) and a deferred one (75).
#[tokio::test]
#[ignore = "needs the programs that tests/provision unpacks: tests/run"]
async fn the_caller_notices_what_went_wrong() {
    for reply in ["554 5.7.1 no", "451 4.7.1 later"] {
        for caller in &CALLERS {
            let fault = Fault::ReplyAt(Point::EndOfData, reply.into());
            let home = Home::open(TestServer::builder().fault_always(fault)).await;
            let (is_well, said) = home.run(caller).await;
            let is_told = !is_well || said.contains(caller.on_error);
            assert!(is_told, "{} {reply}: {said}", caller.name);
            assert!(
                said.contains(&reply[..3]),
                "{} {reply}: {said}",
                caller.name
            );
            assert_eq!(home.received().await, [], "{}", caller.name);
        }
    }
}
