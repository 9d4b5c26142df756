//! Through real proxies: microsocks and tinyproxy.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::live_env;
use super::mail::Mail;

const USER: &str = "tim";
const PASSWORD: &str = "tanstaaf";

/// How long a proxy may take to start.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running proxy, and its directory with its password.
struct Proxy {
    child: Child,
    port: u16,
    folder: TempDir,
}

impl Proxy {
    /// A proxy that this function starts on a free port.
    fn start(command: impl Fn(u16, &TempDir) -> Command) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let password = folder.path().join("password");
        fs::write(&password, PASSWORD).unwrap();
        fs::set_permissions(&password, fs::Permissions::from_mode(0o600)).unwrap();
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let child = command(port, &folder)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("microsocks or tinyproxy is missing: tests/provision unpacks them");
        let begin = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(begin.elapsed() < PATIENCE, "the proxy does not begin");
            std::thread::yield_now();
        }
        Self {
            child,
            port,
            folder,
        }
    }

    fn socks() -> Self {
        Self::start(|port, _| {
            let mut command = Command::new(live_env::tool("microsocks"));
            command.args(["-i", "127.0.0.1", "-p", &port.to_string()]);
            command.args(["-u", USER, "-P", PASSWORD]);
            command
        })
    }

    fn http() -> Self {
        Self::start(|port, folder| {
            let settings = folder.path().join("tinyproxy.conf");
            let text = format!(
                "Port {port}\nListen 127.0.0.1\nTimeout 60\nAllow 127.0.0.1\nMaxClients 10\n\
                 BasicAuth {USER} {PASSWORD}\n"
            );
            fs::write(&settings, text).unwrap();
            let mut command = Command::new(live_env::tool("tinyproxy"));
            command.arg("-d").arg("-c").arg(settings);
            command
        })
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
#[ignore = "needs the real servers: tests/run starts them"]
fn a_mail_goes_through_a_proxy_with_a_login() {
    for (scheme, proxy) in [("socks5h", Proxy::socks()), ("http", Proxy::http())] {
        let url = format!("{scheme}://{USER}@127.0.0.1:{}", proxy.port);
        let password = proxy.folder.path().join("password");
        let flags = [
            "--proxy",
            &url,
            "--proxy-password-file",
            password.to_str().unwrap(),
        ];
        let mail = Mail::over("submission").to("bob").arguments(flags);
        let run = mail.send();
        let line = run.accepted();
        live_env::assert_once(&live_env::fetch("bob", &mail.id), line);
    }
}

#[test]
#[ignore = "needs the real servers: tests/run starts them"]
fn a_proxy_that_requires_a_login_ends_with_77() {
    for (scheme, proxy) in [("socks5h", Proxy::socks()), ("http", Proxy::http())] {
        let url = format!("{scheme}://127.0.0.1:{}", proxy.port);
        let mail = Mail::over("submission")
            .to("bob")
            .arguments(["--proxy", &url]);
        mail.send().failed(77);
        live_env::assert_never_submitted("bob", &mail.id);
    }
}
