//! QEMU's monitor: JSON lines over a socket ("QEMU Machine Protocol Specification", docs/interop/qmp-spec.rst).

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// How long a command may take.
const ANSWER: Duration = Duration::from_secs(30);

/// The monitor of one machine.
pub(crate) struct Qmp(Mutex<Line>);

struct Line {
    to: UnixStream,
    from: Receiver<Value>,
    /// Events that nobody has waited for yet.
    events: Vec<Value>,
}

impl Qmp {
    /// Takes the line over: reads the greeting and leaves negotiation mode. `None` if nobody greets.
    pub(crate) fn new(to: UnixStream) -> Option<Self> {
        let from = BufReader::new(to.try_clone().expect("a socket can be cloned"));
        let (sender, receiver) = channel();
        std::thread::spawn(move || {
            for line in from.lines().map_while(Result::ok) {
                let message = serde_json::from_str(&line).expect("QMP is JSON");
                if sender.send(message).is_err() {
                    break;
                }
            }
        });
        let mut line = Line { to, from: receiver, events: Vec::new() };
        line.find(ANSWER, |message| message.get("QMP").is_some())?;
        let qmp = Self(Mutex::new(line));
        qmp.run("qmp_capabilities", &json!({}));
        Some(qmp)
    }

    /// Runs a command; it must succeed.
    pub(crate) fn run(&self, command: &str, arguments: &Value) -> Value {
        let mut line = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        writeln!(line.to, "{}", json!({ "execute": command, "arguments": arguments })).expect("QEMU listens");
        let answer = line.find(ANSWER, |message| message.get("return").is_some() || message.get("error").is_some());
        let answer = answer.unwrap_or_else(|| panic!("QEMU does not answer {command}"));
        assert!(answer.get("error").is_none(), "{command} {arguments}: {answer}");
        answer["return"].clone()
    }

    /// Waits for an event, one that came earlier included; `None` if it does not come.
    pub(crate) fn wait(&self, limit: Duration, wanted: impl Fn(&Value) -> bool) -> Option<Value> {
        let mut line = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = line.events.iter().position(&wanted) {
            return Some(line.events.remove(at));
        }
        line.find(limit, wanted)
    }
}

impl Line {
    /// The next message that is wanted; events before it are kept.
    fn find(&mut self, limit: Duration, wanted: impl Fn(&Value) -> bool) -> Option<Value> {
        let until = Instant::now() + limit;
        loop {
            match self.from.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(message) if wanted(&message) => return Some(message),
                Ok(message) => self.events.extend(message.get("event").is_some().then_some(message)),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return None,
            }
        }
    }
}
