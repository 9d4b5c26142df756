//! Questions on the terminal itself: standard input may be the text of a mail, and standard output a
//! pipe.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::sync::Arc;

use pilotfish::Secret;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

use super::style::{BOLD, Stream, painted};

/// The longest answer, in octets.
const MAX_ANSWER: usize = 64 << 10;

/// How often a question is asked again after an answer that is not one of the possible ones.
const ATTEMPTS: usize = 5;

/// The terminal of the process, where a person answers.
///
/// The methods can be cancelled: dropping their futures, as [`Stops`](crate::stop::Stops) does after
/// Ctrl-C, leaves the terminal as it was.
#[derive(Debug)]
pub(crate) struct Questions {
    terminal: Arc<File>,
    stream: Stream,
}

impl Questions {
    /// The terminal of the process, if it has one and `--no-input` does not forbid questions.
    pub(crate) fn open(no_input: bool) -> Option<Self> {
        if no_input {
            return None;
        }
        let terminal = File::options().read(true).write(true).open("/dev/tty");
        terminal.ok().map(Self::on)
    }

    fn on(terminal: File) -> Self {
        Self {
            stream: Stream::of(&terminal),
            terminal: Arc::new(terminal),
        }
    }

    /// How text looks on the terminal.
    pub(crate) fn stream(&self) -> Stream {
        self.stream
    }

    /// Prints an explanation, a whole line.
    pub(crate) fn say(&self, line: &str) -> io::Result<()> {
        self.write(&format!("{line}\n"))
    }

    /// Asks for a line. `None` if the person ends the input (Ctrl-D).
    pub(crate) async fn line(&self, question: &str) -> io::Result<Option<String>> {
        self.prompt(question)?;
        let answer = self.answer().await?;
        Ok(answer.map(|octets| String::from_utf8_lossy(&octets).trim().to_owned()))
    }

    /// Asks for a secret, which the terminal does not show. Only the end of the line is left out.
    pub(crate) async fn secret(&self, question: &str) -> io::Result<Option<Secret>> {
        self.secret_then(question, |_| b"").await
    }

    /// The same, and shows afterwards what may be seen of the answer.
    async fn secret_then(
        &self,
        question: &str,
        shown: impl Fn(&[u8]) -> &[u8],
    ) -> io::Result<Option<Secret>> {
        let _silence = Silence::begin(&self.terminal)?;
        self.prompt(question)?;
        let answer = self.answer().await?;
        if let Some(answer) = &answer {
            self.terminal.as_ref().write_all(shown(answer))?;
        }
        Ok(answer.map(|octets| Secret::new(octets.as_slice())))
    }

    /// Asks whether to do something. Enter takes the default, and the end of the input (Ctrl-D) is a
    /// no.
    pub(crate) async fn yes_or_no(&self, question: &str, default: bool) -> io::Result<bool> {
        let letters = if default { "[Y/n]" } else { "[y/N]" };
        let question = format!("{question} {letters}");
        let default = if default { 'y' } else { 'n' };
        let answer = self.letter(&question, &['y', 'n'], Some(default)).await?;
        Ok(answer == Some('y'))
    }

    /// Asks whether to do something, where the person may type a secret in place of the answer: only a
    /// yes or a no is shown. Anything but a yes is a no.
    pub(crate) async fn hidden_yes(&self, question: &str) -> io::Result<bool> {
        let question = format!("{question} [y/N]");
        let answer = self.secret_then(&question, |answer| {
            let answer = answer.trim_ascii();
            let shown = [&b"y"[..], b"yes", b"n", b"no"];
            let is_shown = shown.iter().any(|word| answer.eq_ignore_ascii_case(word));
            if is_shown { answer } else { b"" }
        });
        let Some(answer) = answer.await? else {
            return Ok(false);
        };
        let answer = answer.expose().trim_ascii();
        Ok(answer.eq_ignore_ascii_case(b"y") || answer.eq_ignore_ascii_case(b"yes"))
    }

    /// Asks for one of these letters, in lower case. The whole word that begins with it is right too.
    /// `None` if the input ends, or if no answer is one of the letters.
    pub(crate) async fn letter(
        &self,
        question: &str,
        letters: &[char],
        default: Option<char>,
    ) -> io::Result<Option<char>> {
        for _ in 0..ATTEMPTS {
            let Some(answer) = self.line(question).await? else {
                return Ok(None);
            };
            let first = answer
                .chars()
                .next()
                .map(|first| first.to_ascii_lowercase());
            let letter = first.or(default);
            let is_word = answer.chars().all(char::is_alphabetic);
            if let Some(letter) = letter.filter(|letter| is_word && letters.contains(letter)) {
                return Ok(Some(letter));
            }
            let (last, others) = letters.split_last().unwrap_or((&'y', &[]));
            let others: Vec<_> = others.iter().map(char::to_string).collect();
            self.write(&format!("type {} or {last}\n", others.join(", ")))?;
        }
        Ok(None)
    }

    fn prompt(&self, question: &str) -> io::Result<()> {
        self.write(&format!("{} ", painted(BOLD, question)))
    }

    fn write(&self, text: &str) -> io::Result<()> {
        let text = self.stream.shown(text.to_owned());
        self.terminal.as_ref().write_all(text.as_bytes())
    }

    /// A line without its end, or `None` at the end of the input. A thread waits for it.
    async fn answer(&self) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
        let terminal = Arc::clone(&self.terminal);
        let read = tokio::task::spawn_blocking(move || {
            let mut terminal = terminal.as_ref();
            let mut line = Zeroizing::new(Vec::with_capacity(MAX_ANSWER));
            let mut block = Zeroizing::new([0; 4096]);
            // The terminal gives at most one line at a time.
            while !line.ends_with(b"\n") && line.len() < MAX_ANSWER {
                let octets = match terminal.read(block.as_mut_slice()) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    octets => octets?,
                };
                if octets == 0 {
                    break;
                }
                line.extend_from_slice(block.get(..octets).unwrap_or_default());
            }
            let is_ended = line.is_empty();
            while line.ends_with(b"\n") || line.ends_with(b"\r") {
                line.pop();
            }
            Ok((!is_ended).then_some(line))
        });
        read.await?
    }
}

/// A terminal that does not show what is typed. Dropping this shows it again.
struct Silence {
    terminal: Arc<File>,
    before: Termios,
}

impl Silence {
    fn begin(terminal: &Arc<File>) -> io::Result<Self> {
        let before = tcgetattr(terminal)?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        // What was typed before the question is no answer to it.
        tcsetattr(terminal, OptionalActions::Flush, &silent)?;
        Ok(Self {
            terminal: Arc::clone(terminal),
            before,
        })
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        let _ = tcsetattr(&self.terminal, OptionalActions::Now, &self.before);
        // The end of the line was not shown either.
        let _ = self.terminal.as_ref().write_all(b"\n");
    }
}

#[cfg(test)]
mod tests {
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

    use super::*;

    /// A terminal: the side of the person, and the questions on its other side.
    fn terminal() -> (File, Questions) {
        let person = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&person).unwrap();
        unlockpt(&person).unwrap();
        let name = ptsname(&person, Vec::new()).unwrap();
        let mut options = File::options();
        let other = options.read(true).write(true).open(name.to_str().unwrap());
        let questions = Questions::on(other.unwrap());
        (File::from(person), questions)
    }

    fn is_shown(questions: &Questions) -> bool {
        let modes = tcgetattr(&questions.terminal).unwrap().local_modes;
        modes.contains(LocalModes::ECHO)
    }

    /// Reads what the terminal shows until it ends so.
    async fn until(person: &File, end: &'static str) -> String {
        let mut person = person.try_clone().unwrap();
        let read = tokio::task::spawn_blocking(move || {
            let mut shown = String::new();
            while !shown.ends_with(end) {
                let mut block = [0; 256];
                let octets = person.read(&mut block).unwrap();
                let text = String::from_utf8_lossy(&block[..octets]);
                shown.push_str(&anstream::adapter::strip_str(&text).to_string());
            }
            shown
        });
        read.await.unwrap()
    }

    async fn typed(mut person: &File, end: &'static str, text: &str) -> String {
        let shown = until(person, end).await;
        person.write_all(text.as_bytes()).unwrap();
        shown
    }

    #[tokio::test]
    async fn answers() {
        for (default, text, expected) in [
            (true, "\n", true),
            (false, "\n", false),
            (false, "y\n", true),
            (false, "YES\n", true),
            (true, "no\n", false),
            (true, "\u{4}", false),
        ] {
            let (person, questions) = terminal();
            let question = questions.yes_or_no("Send it?", default);
            let (answer, shown) = tokio::join!(question, typed(&person, "] ", text));
            assert_eq!(answer.unwrap(), expected, "{text:?}");
            let letters = if default { "[Y/n]" } else { "[y/N]" };
            assert_eq!(shown, format!("Send it? {letters} "));
        }
    }

    #[tokio::test]
    async fn an_answer_that_is_not_possible_is_asked_for_again() {
        let (person, questions) = terminal();
        let question = questions.letter("[k]eyring, [f]ile?", &['k', 'f'], None);
        let person_types = async {
            for text in ["\n", "x\n", "k3y\n", "file\n"] {
                typed(&person, "? ", text).await;
            }
        };
        let (answer, ()) = tokio::join!(question, person_types);
        assert_eq!(answer.unwrap(), Some('f'));
        let (person, questions) = terminal();
        let question = questions.letter("[k]eyring?", &['k'], None);
        let person_types = async {
            for _ in 0..ATTEMPTS {
                typed(&person, "? ", "x\n").await;
            }
        };
        let (answer, ()) = tokio::join!(question, person_types);
        assert_eq!(answer.unwrap(), None);
    }

    #[tokio::test]
    async fn a_line_has_no_blanks_around_it() {
        let (person, questions) = terminal();
        let question = questions.line("Your name:");
        let (answer, _) = tokio::join!(question, typed(&person, ": ", "  Ann Lee \n"));
        assert_eq!(answer.unwrap().as_deref(), Some("Ann Lee"));
    }

    #[tokio::test]
    async fn a_secret_is_not_shown() {
        let (person, questions) = terminal();
        assert!(is_shown(&questions));
        let question = questions.secret("Password:");
        let (answer, _) = tokio::join!(question, typed(&person, ": ", " open sesame \n"));
        assert_eq!(answer.unwrap().unwrap().expose(), b" open sesame ");
        assert!(is_shown(&questions));
        questions.say("done").unwrap();
        assert_eq!(until(&person, "done\r\n").await, "\r\ndone\r\n");
    }

    #[tokio::test]
    async fn a_secret_in_place_of_a_yes_is_not_shown() {
        for (text, expected, shown) in [
            ("y\n", true, "y"),
            (" Yes \n", true, "Yes"),
            ("n\n", false, "n"),
            ("\n", false, ""),
            ("open sesame\n", false, ""),
            ("yesterday\n", false, ""),
            ("\u{4}", false, ""),
        ] {
            let (person, questions) = terminal();
            let question = questions.hidden_yes("Try it?");
            let (answer, asked) = tokio::join!(question, typed(&person, "] ", text));
            assert_eq!(answer.unwrap(), expected, "{text:?}");
            assert_eq!(asked, "Try it? [y/N] ");
            questions.say("end").unwrap();
            let after = until(&person, "end\r\n").await;
            assert_eq!(after, format!("{shown}\r\nend\r\n"), "{text:?}");
            assert!(is_shown(&questions));
        }
    }

    /// As it is after Ctrl-C.
    #[tokio::test]
    async fn a_question_that_is_dropped_leaves_the_terminal_as_it_was() {
        let (person, questions) = terminal();
        {
            let question = questions.secret("Password:");
            tokio::pin!(question);
            tokio::select! {
                biased;
                _ = &mut question => panic!("there is no answer"),
                shown = until(&person, ": ") => assert_eq!(shown, "Password: "),
            }
            assert!(!is_shown(&questions));
        }
        assert!(is_shown(&questions));
        // The thread that waits for the answer must not keep the test.
        (&person).write_all(b"\n").unwrap();
    }

    #[test]
    fn without_input_nothing_is_asked() {
        assert!(Questions::open(true).is_none());
    }
}
