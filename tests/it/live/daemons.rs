//! Daemons of Debian that mail what jobs say, and the system's logs, each where they alone look: at fixed
//! paths. The tests have mounts of their own.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::time::Duration;

use pilotfish::testing::TestServer;
use tokio::net::UnixDatagram;
use tokio::time::timeout;

use super::callers::Home;

/// A daemon that reports by the sendmail at a fixed path.
struct Daemon {
    name: &'static str,
    /// What makes the job and runs the daemon, `$1` is the folder and `$2` the unpacked programs.
    script: &'static str,
    /// What stands in the mail beside the output of the job.
    mark: &'static str,
}

const DAEMONS: [Daemon; 2] = [
    Daemon {
        name: "cron",
        script: "mount --bind $1/jobs /etc/cron.d\nchown root $1/jobs/hello\n\
                 $2/usr/sbin/cron -f -L 0 &\n",
        mark: "Cron Daemon",
    },
    Daemon {
        name: "at",
        script: "touch $1/spool/cron/atjobs/.SEQ\nchown -R daemon:daemon $1/spool/cron/at*\n\
                 echo 'echo hello from at' | $2/usr/bin/at now 2> $1/said || cat $1/said\n\
                 $2/usr/sbin/atd -f &\n",
        mark: "Output from your job",
    },
];

/// Whether scripts as root can have mounts of their own. Some containers allow none: then it says so.
async fn can_mount(home: &Home) -> bool {
    let script = "mkdir $1/probe\nmount -t tmpfs none $1/probe\necho mounted";
    let probe = home.run_as_root(script).await;
    let is_mounted = probe == "mounted\n";
    if !is_mounted {
        // The test harness does not capture this line.
        let line = format!("live::daemons: not tested here, as mounts fail: {probe}\n");
        std::io::stderr().write_all(line.as_bytes()).unwrap();
    }
    is_mounted
}

/// cron and at know one path of sendmail alone, and mail what a job says.
#[tokio::test]
#[ignore = "needs root, and the programs that tests/provision unpacks: tests/run"]
async fn the_output_of_a_job_arrives() {
    for daemon in DAEMONS {
        let home = Home::open(TestServer::builder()).await;
        if !can_mount(&home).await {
            return;
        }
        for folder in [
            "sbin",
            "spool",
            "spool/cron",
            "spool/cron/crontabs",
            "spool/cron/atjobs",
            "spool/cron/atspool",
            "jobs",
        ] {
            std::fs::create_dir(home.path(folder)).unwrap();
        }
        let folder = home.folder.path().display().to_string();
        let made = Command::new("mkfifo").arg(home.path("done")).status();
        assert!(made.unwrap().success());
        home.write("aliases", "root: ann@example.org\n");
        let config = std::fs::read_to_string(home.path("config.toml")).unwrap();
        home.write("config.toml", &format!("aliases = 'aliases'\n{config}"));
        let script = format!(
            "#!/bin/sh\nexport PILOTFISH_CONFIG={folder}/config.toml\n\
             {folder}/sendmail \"$@\"\necho status $? > {folder}/done\n"
        );
        home.write("sbin/sendmail", &script);
        let executable = PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(home.path("sbin/sendmail"), executable).unwrap();
        home.write("jobs/hello", "@reboot root echo hello from cron\n");
        let script = format!(
            "mount --bind $1/sbin /usr/sbin\nmount --bind $1/spool /var/spool\n\
             mount -t tmpfs none /run\n{}cat $1/done\nkill $!",
            daemon.script
        );
        let said = home.run_as_root(&script).await;
        assert_eq!(said, "status 0\n", "{}", daemon.name);
        let received = home.received().await;
        assert_eq!(received.len(), 1, "{}", daemon.name);
        assert_eq!(received[0].forward_paths, ["ann@example.org"]);
        let text = String::from_utf8_lossy(&received[0].octets);
        let output = format!("\r\nhello from {}\r\n", daemon.name);
        assert!(
            text.contains(&output) && text.contains(daemon.mark),
            "{text}"
        );
    }
}

/// A line of each mail is in the datagram that the daemon of the log gets.
#[tokio::test]
#[ignore = "needs root, and the programs that tests/provision unpacks: tests/run"]
async fn the_logs_of_the_system_get_a_line_for_each_mail() {
    // The devices that the command may need, and the socket of the log.
    const SYSLOG: &str = "mkdir $1/dev\nfor device in null zero urandom tty; do \
                          touch $1/dev/$device; mount --bind /dev/$device $1/dev/$device; done\n\
                          ln -s $1/socket $1/dev/log\nmount --rbind $1/dev /dev\n";
    const JOURNALD: &str = "mount -t tmpfs none /run\nmkdir -p /run/systemd/journal\n\
                            ln -s $1/socket /run/systemd/journal/socket\n";
    for (place, mounts, begin) in [
        ("syslog", SYSLOG, "<22>pilotfish["),
        (
            "journald",
            JOURNALD,
            "PRIORITY=6\nSYSLOG_IDENTIFIER=pilotfish\nMESSAGE=accepted account=a ",
        ),
    ] {
        let home = Home::open(TestServer::builder()).await;
        if !can_mount(&home).await {
            return;
        }
        let log = UnixDatagram::bind(home.path("socket")).unwrap();
        let program = env!("CARGO_BIN_EXE_pilotfish");
        let script = format!(
            "{mounts}send() {{ echo body | {program} -C $1/config.toml --log {place} \
             send ann@example.org -s Hi; }}\n\
             send $1\nmv $1/socket $1/gone\nsend $1 || echo status $?"
        );
        let said = home.run_as_root(&script).await;
        assert!(
            said.starts_with("accepted by 127.0.0.1 for ann@example.org"),
            "{said}"
        );
        // Without the daemon, the mail is not sent: it could not be recorded.
        assert!(said.contains("\nerror: cannot write the log to "), "{said}");
        assert!(said.contains("\nstatus 73\n"), "{said}");
        let mut datagram = [0; 4096];
        let received = timeout(Duration::from_secs(10), log.recv(&mut datagram)).await;
        let octets = received.expect("a datagram came").unwrap();
        let line = String::from_utf8_lossy(&datagram[..octets]).into_owned();
        assert!(line.starts_with(begin), "{line}");
        for part in [
            "accepted account=a from=me@example.org to=ann@example.org ",
            " code=250 ",
            " status=0 ",
        ] {
            assert!(line.contains(part), "{part}: {line}");
        }
        assert_eq!(home.received().await.len(), 1);
    }
}
