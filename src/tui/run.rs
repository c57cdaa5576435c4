//! Consoles, keys and threads.

use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, TryRecvError};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crossterm::event::{self, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use crossterm::terminal;
use purgeproof_core::event::{Event, Request};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::model::{Exit, Key, Model};
use crate::paint::{LEAVE, Painter};
use crate::{view, words};

/// How long a key is waited for before events are looked at.
const TURN: Duration = Duration::from_millis(50);

/// After this time a console is written whole, in case that it was plugged in or that the kernel wrote on it.
const REPAINT: Duration = Duration::from_secs(5);

/// The time between two paints of a console. Ten a second leave a line of 115 200 baud room for keys' echoes.
const FRAME: Duration = Duration::from_millis(100);

/// So many events are taken in before keys are looked at again: a flood of them must not keep the operator from stopping a job.
const EVENTS_A_TURN: usize = 1000;

/// How long a console may take to give its terminal back when all is over.
const FAREWELL: Duration = Duration::from_secs(1);

/// A console to draw on.
pub struct Screen {
    output: Box<dyn Write + Send>,
    size: Box<dyn Fn() -> (u16, u16) + Send>,
}

impl Screen {
    /// A console that is written to `output`; `size` is asked for its columns and rows whenever it is written whole.
    pub fn new(output: impl Write + Send + 'static, size: impl Fn() -> (u16, u16) + Send + 'static) -> Self {
        Self { output: Box::new(output), size: Box::new(size) }
    }

    /// The terminal that this program was started from.
    pub fn stdout() -> Self {
        Self::new(io::stdout(), || terminal::size().unwrap_or((80, 24)))
    }
}

/// Shows what `events` tell on every screen and sends what the operator asks for to `requests`, until the sender of the events is
/// dropped: whoever answers [`Request::PowerOff`] or [`Request::Reboot`] does that once all records are in order. The operator can
/// refuse to wait for it.
///
/// Keys are read from the standard input, which is put into raw mode. An input that ends or was none leaves the screens showing.
///
/// # Errors
/// A thread could not be started.
pub fn run(
    mut model: Model,
    screens: Vec<Screen>,
    events: &Receiver<Event>,
    requests: &Sender<Request>,
) -> io::Result<Exit> {
    let raw = terminal::enable_raw_mode().is_ok();
    let size = screens.first().map_or((80, 25), |screen| (screen.size)());
    let board = Arc::new(Board::default());
    model.resize(size);
    board.pin(&model, false);
    let mut drawers = Vec::new();
    for screen in screens {
        let board = Arc::clone(&board);
        drawers.push(thread::Builder::new().name("console".into()).spawn(move || draw(screen, &board))?);
    }
    let exit = converse(&mut model, typed, events, requests, &board);
    board.close();
    see_off(&drawers);
    if raw {
        // The process ends: there is nobody left to tell.
        let _ = terminal::disable_raw_mode();
    }
    Ok(exit)
}

/// The loop between keys and events.
fn converse(
    model: &mut Model,
    mut typed: impl FnMut() -> Typed,
    events: &Receiver<Event>,
    requests: &Sender<Request>,
    board: &Board,
) -> Exit {
    let started = Instant::now();
    let mut asked = Exit::Over;
    loop {
        let typed = typed();
        let whole = matches!(typed, Typed::Size(_) | Typed::Redraw);
        let mut changed = !matches!(typed, Typed::Nothing);
        if let Some(request) = take(model, typed) {
            match request {
                Request::PowerOff => asked = Exit::PowerOff,
                Request::Reboot => asked = Exit::Reboot,
                Request::Purge { .. }
                | Request::Resume { .. }
                | Request::Second { .. }
                | Request::Stop { .. }
                | Request::Psid { .. }
                | Request::Overwrite { .. }
                | Request::Unfreeze
                | Request::Layout { .. }
                | Request::Rescan => {}
            }
            // A receiver that is gone shows as the end of the events below.
            let _ = requests.send(request);
        }
        for _ in 0..EVENTS_A_TURN {
            match events.try_recv() {
                Ok(event) => model.hear(event),
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => return asked,
            }
            changed = true;
        }
        let now_s = started.elapsed().as_secs();
        if now_s != model.now_s {
            model.tick(now_s);
            changed = true;
        }
        if changed {
            board.pin(model, whole);
        }
        if let Some(exit) = model.hurried {
            return exit;
        }
    }
}

fn take(model: &mut Model, typed: Typed) -> Option<Request> {
    match typed {
        Typed::Key(key) => return model.press(key),
        Typed::EscThen(key) => {
            let asked = model.press(Key::Esc);
            return asked.or_else(|| model.press(key));
        }
        Typed::Size(size) => model.resize(size),
        Typed::Redraw | Typed::Nothing => {}
    }
    None
}

#[derive(Clone, Copy)]
enum Typed {
    Key(Key),
    EscThen(Key),
    Size((u16, u16)),
    Redraw,
    Nothing,
}

/// What was typed within a turn.
fn typed() -> Typed {
    match event::poll(TURN).and_then(|some| some.then(event::read).transpose()) {
        Ok(Some(event::Event::Key(key))) if key.kind != KeyEventKind::Release => translate(key),
        Ok(Some(event::Event::Resize(columns, rows))) => Typed::Size((columns, rows)),
        Ok(_) => Typed::Nothing,
        Err(_) => {
            thread::sleep(TURN);
            Typed::Nothing
        }
    }
}

fn translate(key: KeyEvent) -> Typed {
    // A terminal sends Alt as an Esc before the key, and a person who types Esc and then the key sends the same. Nothing here is on
    // Alt, and a dropped Esc leaves open what was to be closed.
    let is_plain = matches!(key.code, KeyCode::Char(_) | KeyCode::Enter | KeyCode::Backspace);
    if is_plain && key.modifiers.contains(KeyModifiers::ALT) {
        return match translate(KeyEvent { modifiers: key.modifiers - KeyModifiers::ALT, ..key }) {
            Typed::Key(key) => Typed::EscThen(key),
            _ => Typed::Key(Key::Esc),
        };
    }
    let key = match key.code {
        KeyCode::Char('l') if key.modifiers.contains(KeyModifiers::CONTROL) => return Typed::Redraw,
        // In raw mode the terminal no longer turns it into a signal.
        KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => Key::Interrupt,
        KeyCode::Char(_) if key.modifiers.contains(KeyModifiers::CONTROL) => return Typed::Nothing,
        KeyCode::Char(letter) => Key::Char(letter),
        KeyCode::Up => Key::Up,
        KeyCode::Down => Key::Down,
        KeyCode::PageUp => Key::PageUp,
        KeyCode::PageDown => Key::PageDown,
        KeyCode::Home => Key::Home,
        KeyCode::End => Key::End,
        KeyCode::Enter => Key::Enter,
        KeyCode::Esc => Key::Esc,
        KeyCode::Backspace | KeyCode::Delete => Key::Backspace,
        KeyCode::F(1) => Key::Char('?'),
        // PID 1 types F20 and F19 for the power key and Ctrl-Alt-Del (`purgeproof-init`, contract with the child): `ESC [ 34 ~` and
        // `ESC [ 33 ~`, which crossterm takes for these.
        KeyCode::F(17) => Key::Power,
        KeyCode::F(16) => Key::CtrlAltDel,
        // A letter may be anywhere on a keyboard of another layout.
        KeyCode::F(2) => Key::Char('k'),
        _ => return Typed::Nothing,
    };
    Typed::Key(key)
}

/// Where the newest state of the screen hangs for all consoles to see. A console that is slow or blocked misses states; it never
/// holds up the others, nor the one who pins.
#[derive(Default)]
struct Board {
    pinned: Mutex<Pinned>,
    news: Condvar,
}

#[derive(Clone, Default)]
struct Pinned {
    model: Arc<Model>,
    version: u64,
    /// The version since when consoles are to be written whole.
    whole: u64,
    closed: bool,
}

impl Board {
    fn pin(&self, model: &Model, whole: bool) {
        let model = Arc::new(model.clone());
        self.change(|pinned| {
            pinned.model = model;
            pinned.version += 1;
            if whole {
                pinned.whole = pinned.version;
            }
        });
    }

    fn close(&self) {
        self.change(|pinned| pinned.closed = true);
    }

    fn change(&self, how: impl FnOnce(&mut Pinned)) {
        how(&mut self.pinned.lock().unwrap_or_else(PoisonError::into_inner));
        self.news.notify_all();
    }

    /// The state after `seen`, or the same one after `patience`.
    fn newer(&self, seen: u64, patience: Duration) -> Pinned {
        let pinned = self.pinned.lock().unwrap_or_else(PoisonError::into_inner);
        let is_old = |pinned: &mut Pinned| pinned.version == seen && !pinned.closed;
        let (pinned, _) =
            self.news.wait_timeout_while(pinned, patience, is_old).unwrap_or_else(PoisonError::into_inner);
        pinned.clone()
    }
}

/// The life of one console.
fn draw(mut screen: Screen, board: &Board) {
    let mut painter = Painter::default();
    let mut size = (screen.size)();
    let (mut seen, mut whole) = (0, Instant::now());
    loop {
        let pinned = board.newer(seen, REPAINT.saturating_sub(whole.elapsed()));
        if pinned.closed {
            // Nothing can be done about a console that refuses.
            let _ = screen.output.write_all(LEAVE.as_bytes()).and_then(|()| screen.output.flush());
            return;
        }
        if whole.elapsed() >= REPAINT || pinned.whole > seen {
            size = (screen.size)();
            painter.forget();
            whole = Instant::now();
        }
        seen = pinned.version;
        let bytes = painter.paint(picture(&pinned.model, size));
        if screen.output.write_all(&bytes).and_then(|()| screen.output.flush()).is_err() {
            // Hung up, perhaps for now: begin anew when it takes bytes again.
            painter.forget();
        }
        thread::sleep(FRAME);
    }
}

/// The drawn screen. A fault in drawing must not end the erasures that run beside it.
fn picture(model: &Model, (columns, rows): (u16, u16)) -> Buffer {
    let area = Rect::new(0, 0, columns, rows);
    let drawn = catch_unwind(AssertUnwindSafe(|| {
        let mut buffer = Buffer::empty(area);
        view::draw(model, &mut buffer);
        buffer
    }));
    drawn.unwrap_or_else(|_| {
        let mut buffer = Buffer::empty(area);
        buffer.set_stringn(0, 0, words::FAULT, usize::from(columns), Style::new());
        buffer
    })
}

/// Waits until the consoles are given back, but not for one that is blocked.
fn see_off(drawers: &[JoinHandle<()>]) {
    let since = Instant::now();
    while since.elapsed() < FAREWELL && drawers.iter().any(|drawer| !drawer.is_finished()) {
        thread::sleep(FRAME / 4);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{after, began, bench};
    use crate::model::{Dialog, Host};
    use std::sync::mpsc;

    /// An output that hands over what it is given, and one that takes nothing until it is let go.
    struct Line(Sender<Vec<u8>>);
    struct Blocked(Receiver<()>);

    impl Write for Line {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.send(bytes.to_vec()).map_err(io::Error::other)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Write for Blocked {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            let _ = self.0.recv();
            Err(io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// Feeds a terminal until its screen holds `words`; the test's own time-out is the receiver's.
    fn wait_for(words: &str, terminal: &mut vt100::Parser, bytes: &Receiver<Vec<u8>>) {
        while !terminal.screen().contents().contains(words) {
            terminal.process(&bytes.recv_timeout(Duration::from_secs(20)).expect(words));
        }
    }

    #[test]
    fn a_blocked_console_stops_neither_the_other_one_nor_the_conversation() {
        let board = Arc::new(Board::default());
        let (line, bytes) = mpsc::channel();
        let (let_go, blocked) = mpsc::channel();
        let screens = [Screen::new(Blocked(blocked), || (80, 25)), Screen::new(Line(line), || (80, 25))];
        let drawers = screens.map(|screen| {
            let board = Arc::clone(&board);
            thread::spawn(move || draw(screen, &board))
        });
        let mut terminal = vt100::Parser::new(25_u16.try_into().unwrap(), 80_u16.try_into().unwrap(), 0);
        board.pin(&after([Event::Drives(bench())]), false);
        wait_for("4 ready", &mut terminal, &bytes);
        board.pin(&after([Event::Drives(bench()), began(1)]), false);
        wait_for("1 running", &mut terminal, &bytes);
        board.close();
        drop(let_go);
        for drawer in drawers {
            drawer.join().unwrap();
        }
        terminal.process(&bytes.try_iter().flatten().collect::<Vec<u8>>());
        assert_eq!(terminal.screen().contents(), "", "the terminal is given back empty");
        assert!(!terminal.screen().hide_cursor());
    }

    #[test]
    fn a_conversation_ends_when_the_engine_room_has_answered() {
        let (told, events) = mpsc::channel();
        let (requests, asked) = mpsc::channel();
        let mut keys = vec![Key::Enter, Key::Char('r')].into_iter();
        let mut told = Some(told);
        let keys = || {
            if let Some(key) = keys.next_back() {
                return Typed::Key(key);
            }
            // The engine room hears the request, puts its records in order and leaves.
            assert_eq!(asked.try_recv().ok(), told.take().map(|_| Request::Reboot));
            Typed::Nothing
        };
        let exit = converse(&mut Model::new(Host::Appliance), keys, &events, &requests, &Board::default());
        assert_eq!(exit, Exit::Reboot);
    }

    #[test]
    fn an_engine_room_that_ends_by_itself_ends_the_screen() {
        let (told, events) = mpsc::channel();
        drop(told);
        let (requests, _asked) = mpsc::channel();
        let exit = converse(&mut Model::new(Host::Appliance), || Typed::Nothing, &events, &requests, &Board::default());
        assert_eq!(exit, Exit::Over);
    }

    #[test]
    fn escape_and_a_letter_in_one_go_are_two_keys() {
        // The bytes 1Bh 70h: Esc, p.
        let typed = translate(KeyEvent::new(KeyCode::Char('p'), KeyModifiers::ALT));
        assert!(matches!(typed, Typed::EscThen(Key::Char('p'))));
        let mut model = after([Event::Drives(bench())]);
        model.press(Key::Char('?'));
        assert_eq!(take(&mut model, typed), None);
        assert!(matches!(model.dialog, Some(Dialog::Power { .. })), "the help is closed and the question is open");
        // 1Bh 0Ch: Esc, Ctrl-L. The drawing follows by itself.
        let both = KeyModifiers::ALT | KeyModifiers::CONTROL;
        assert!(matches!(translate(KeyEvent::new(KeyCode::Char('l'), both)), Typed::Key(Key::Esc)));
    }

    #[test]
    fn control_l_draws_again_and_control_c_is_no_letter() {
        let press = |letter| translate(KeyEvent::new(KeyCode::Char(letter), KeyModifiers::CONTROL));
        assert!(matches!(press('l'), Typed::Redraw));
        assert!(matches!(press('c'), Typed::Key(Key::Interrupt)));
        assert!(matches!(press('a'), Typed::Nothing));
    }
}
