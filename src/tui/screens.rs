//! Screens as text, compared with `screens/*.txt`. `UPDATE_SCREENS=1 cargo test` writes them: look at each before committing it.

use std::fs;
use std::path::PathBuf;

use proptest::prelude::*;
use purgeproof_core::event::{DriveId, Event, Filed, Heat, Progress, Stage, Stick};
use purgeproof_core::evidence::Battery;
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;
use ratatui::style::Modifier;

use crate::fixtures::*;
use crate::model::{Host, Key, Model};
use crate::paint::Painter;
use crate::view;

const VGA: (u16, u16) = (80, 25);

fn drawn(model: &Model, (columns, rows): (u16, u16)) -> Buffer {
    let mut buffer = Buffer::empty(Rect::new(0, 0, columns, rows));
    view::draw(model, &mut buffer);
    buffer
}

fn text(buffer: &Buffer) -> String {
    let rows = buffer.content.chunks(usize::from(buffer.area.width).max(1));
    rows.map(|row| row.iter().map(Cell::symbol).collect::<String>().trim_end().to_owned() + "\n").collect()
}

/// Compares a screen with its golden text, after having put it through the painter and a terminal.
fn check(name: &str, model: &Model, size: (u16, u16)) {
    let buffer = drawn(model, size);
    let text = text(&buffer);
    let mut terminal = vt100::Parser::new(size.1.try_into().unwrap(), size.0.try_into().unwrap(), 0);
    terminal.process(&Painter::default().paint(buffer));
    let shown: String = terminal.screen().rows(0, size.0).map(|row| row.trim_end().to_owned() + "\n").collect();
    assert_eq!(shown, text, "the terminal shows what was drawn");
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("screens").join(name).with_extension("txt");
    if std::env::var_os("UPDATE_SCREENS").is_some() {
        fs::write(&path, &text).unwrap();
    }
    let golden = fs::read_to_string(&path).unwrap_or_default();
    assert!(golden == text, "{} differs; drawn now:\n{text}", path.display());
}

fn pressed(mut model: Model, keys: &[Key]) -> Model {
    for key in keys {
        model.press(*key);
    }
    model
}

fn at_the_bench(events: impl IntoIterator<Item = Event>) -> Model {
    let mut model = after([stick(), Event::Drives(bench())]);
    tell(&mut model, events);
    model
}

/// One drive erasing, one verifying with bad blocks, one done.
fn busy() -> Model {
    let purge = progress(1, Stage::Purge { number: 1, of: 1 }, 43, 0);
    let verify = progress(2, Stage::Verify, 97, 3);
    at_the_bench(
        [began(1), began(2), began(3)].into_iter().chain(purge).chain(verify).chain([ended(3, good()), certified(3)]),
    )
}

fn typed(text: &str) -> Vec<Key> {
    text.chars().map(Key::Char).collect()
}

#[test]
fn drives() {
    check("drives", &at_the_bench([]), VGA);
    check("drives-large", &busy(), (160, 50));
    check("drives-refused", &pressed(at_the_bench([]), &[Key::End]), VGA);
}

#[test]
fn consent() {
    check("consent", &pressed(at_the_bench([]), &[&[Key::Enter][..], &typed("23")].concat()), VGA);
    check("consent-nameless", &pressed(at_the_bench([]), &[Key::Down, Key::Down, Key::Down, Key::Enter]), VGA);
    let mut model = pressed(at_the_bench([]), &[&[Key::Enter][..], &typed("9999"), &[Key::Enter]].concat());
    check("consent-sent", &model, VGA);
    let why = "That is not this drive: nothing was done. Type the last 4 characters of its serial number";
    model.hear(Event::Denied { drive: ID, why: why.into() });
    check("denied", &model, VGA);
}

#[test]
fn a_second_person() {
    let mut model = pressed(at_the_bench([]), &[&[Key::Enter][..], &typed("2345"), &[Key::Enter]].concat());
    model.hear(Event::OneAgreed { drive: ID });
    check("consent-second", &pressed(model, &typed("Ann Example 23")), VGA);
}

#[test]
fn running() {
    check("running", &busy(), VGA);
    check("stop", &pressed(busy(), &[Key::Char('s')]), VGA);
    let mut silent = busy();
    silent.tick(95);
    check("silent", &silent, VGA);
}

#[test]
fn ended_well_and_badly() {
    let well = at_the_bench([began(1), ended(1, good()), certified(1)]);
    check("ended-list", &well, VGA);
    check("ended-good", &pressed(well, &[Key::Enter]), VGA);
    let filed = Filed::InMemory { why: "no stick is attached. Plug it in".into() };
    let badly = at_the_bench([
        began(1),
        ended(1, bad()),
        Event::Certified { drive: ID, filed, qr: qr_text() },
        Event::Waiting(1),
        Event::Stick(Stick::Absent),
    ]);
    check("ended-bad", &pressed(badly, &[Key::Enter]), VGA);
}

#[test]
fn a_drive_that_left_and_is_back() {
    let mut model = at_the_bench([began(1), ended(1, left()), certified(1)]);
    let mut drives = bench();
    drives[1].interrupted = Some(43);
    model.hear(Event::Drives(drives));
    check("left-list", &model, VGA);
    check("left-result", &pressed(model.clone(), &[Key::Enter]), VGA);
    check("left-consent", &pressed(model, &[Key::Char('g')]), VGA);
}

#[test]
fn what_a_drive_held_before_and_after() {
    let [before, after] = surveyed(1);
    let running = at_the_bench([began(1), before.clone()].into_iter().chain(progress(1, Stage::Verify, 42, 0)));
    check("survey-before", &pressed(running, &[Key::Enter]), VGA);
    let over = at_the_bench([began(1), before, after, ended(1, good()), certified(1)]);
    let page = pressed(over.clone(), &[Key::Enter, Key::PageDown]);
    check("survey-after", &page, VGA);
    check("survey-large", &pressed(over, &[Key::Enter]), (160, 50));
}

#[test]
fn no_drives() {
    check("looking", &after([]), VGA);
    check("no-drives", &after([stick(), Event::Drives(vec![]), Event::Controllers(vec![controller()])]), VGA);
}

#[test]
fn stick_absent_with_waiting_files() {
    let model = at_the_bench([Event::Stick(Stick::Absent), Event::Waiting(3), Event::Controllers(vec![controller()])]);
    check("stick-absent", &model, VGA);
    let why = "The stick is full (0 bytes free). Delete files on it with another computer and plug it in again";
    let model = at_the_bench([Event::Stick(Stick::Failing { why: why.into() }), Event::Waiting(1)]);
    check("stick-failing", &model, VGA);
}

#[test]
fn running_on_battery() {
    let battery = Event::Battery(Some(Battery { percent: Some(43) }));
    check("battery", &at_the_bench([battery.clone()]), VGA);
    let mut model = at_the_bench([battery]);
    model.hear(Event::Battery(None));
    assert!(!text(&drawn(&model, VGA)).contains("battery"));
}

#[test]
fn a_hot_machine() {
    let heat = |now_c| Event::Heat(Some(Heat { now_c, limit_c: 100 }));
    check("hot", &at_the_bench([heat(90)]), VGA);
    let warm = at_the_bench([heat(89)]);
    assert!(!text(&drawn(&warm, VGA)).contains("switches itself off"));
    check("warm-messages", &pressed(warm, &[Key::Char('n')]), VGA);
}

#[test]
fn help_and_messages() {
    check("help", &pressed(at_the_bench([]), &[Key::Char('?')]), VGA);
    let notices = ["Drive sdb was plugged in.", "The clock reads 2001-01-01. Set it in the firmware setup"];
    let events = notices.map(|sentence| Event::Notice(sentence.into()));
    let model = at_the_bench(events.into_iter().chain([Event::Controllers(vec![controller()])]));
    check("notice", &model, VGA);
    check("messages", &pressed(model, &[Key::Char('n')]), VGA);
}

#[test]
fn the_layouts_of_the_keyboard() {
    let model = pressed(at_the_bench([keyboard("de")]), &[Key::Char('k')]);
    check("layouts", &model, VGA);
    check("layouts-end", &pressed(model, &[Key::End, Key::Up]), VGA);
}

#[test]
fn power() {
    check("power", &pressed(at_the_bench([]), &[Key::Char('p')]), VGA);
    check("power-key", &pressed(busy(), &[Key::Power]), VGA);
    check("power-warning", &pressed(busy(), &[&[Key::Char('p')][..], &typed("no"), &[Key::Enter]].concat()), VGA);
    let mut workstation = Model::new(Host::Workstation);
    workstation.hear(Event::Drives(vec![nvme(1)]));
    check("leave-workstation", &pressed(workstation, &[Key::Char('p')]), VGA);
}

#[test]
fn qr() {
    let model = pressed(at_the_bench([began(1), ended(1, good()), certified(1)]), &[Key::Enter, Key::Char('q')]);
    check("qr", &model, (128, 64));
    check("qr-part", &model, VGA);
    check("qr-last-part", &pressed(model.clone(), &[Key::End]), VGA);
    check("qr-too-small", &model, (40, 12));
}

#[test]
fn details() {
    check("details", &pressed(busy(), &[Key::Char('d')]), VGA);
}

#[test]
fn an_overwrite_of_several_passes() {
    let planned = |scheme| after([stick(), Event::Drives(vec![by_scheme(1, scheme)])]);
    check("scheme-details", &pressed(planned("dod-5220.22-m"), &[Key::Char('d')]), VGA);
    check("scheme-details-long", &pressed(planned("gutmann"), &[Key::Char('d')]), VGA);
    check("scheme-consent", &pressed(planned("gutmann"), &[Key::Enter]), VGA);
}

#[test]
fn a_shelf_of_24_drives() {
    let shelf = (0..24).map(|number| {
        disk(number, &format!("sd{}", char::from(b'a' + u8::try_from(number).unwrap())), &format!("ZC1A0{number:03}"))
    });
    let mut model = after([stick(), Event::Drives(shelf.collect())]);
    for number in 0..24 {
        model.hear(began(number));
        tell(&mut model, progress(number, Stage::Purge { number: 1, of: 3 }, u64::from(number) * 4, 0));
    }
    check("many", &pressed(model, &[Key::PageDown, Key::PageDown]), VGA);
}

#[test]
fn hostile_names() {
    let model = after([stick(), Event::Drives(vec![hostile(1), nvme(2)])]);
    check("hostile", &model, VGA);
    check("hostile-consent", &pressed(model, &[Key::Enter]), VGA);
}

#[test]
fn tiny() {
    check("tiny", &busy(), (20, 5));
    check("tiny-consent", &pressed(at_the_bench([]), &[Key::Enter]), (20, 5));
    check("narrow", &busy(), (60, 16));
}

#[test]
fn the_end_of_an_unattended_run() {
    let well = at_the_bench([began(1), ended(1, good()), certified(1), began(2), ended(2, good()), certified(2)]);
    let mut mixed = well.clone();
    tell(&mut mixed, [began(3), ended(3, bad()), Event::Done]);
    check("done-mixed", &mixed, VGA);
    let mut well = well;
    tell(&mut well, [Event::Drives(vec![nvme(1), disk(2, "sda", "ZC1A0B3W")]), Event::Done]);
    check("done-good", &well, VGA);
}

fn at_the_rack(events: impl IntoIterator<Item = Event>) -> Model {
    let mut model = after([stick(), Event::Drives(rack())]);
    tell(&mut model, events);
    model
}

/// One erase whose drive says how far it is, one whose drive does not, one that is marked before and one that is checked after.
fn self_erasing() -> Model {
    let mut model = at_the_rack([1, 2, 3, 4].map(began));
    tell(&mut model, erasing(1, (1, 2), Some(28_181), Some(7_500)));
    tell(&mut model, erasing(2, (1, 1), None, Some(7_500)));
    model.tick(725);
    let places = Progress { done: 1152, total: 4608, ..Progress::default() };
    for (id, stage) in [(3, Stage::Mark), (4, Stage::Seek)] {
        model.hear(Event::Stage { drive: DriveId(id), stage });
        model.hear(Event::Progress { drive: DriveId(id), progress: places });
    }
    // The drive goes on answering.
    let [_, answer] = erasing(1, (1, 2), Some(28_182), Some(7_500));
    model.hear(answer);
    model
}

#[test]
fn what_drives_can_do_and_what_is_in_their_way() {
    let rack = at_the_rack([]);
    check("firmware", &rack, VGA);
    check("firmware-details", &pressed(rack.clone(), &[Key::Char('d')]), VGA);
    check("firmware-details-end", &pressed(rack.clone(), &[Key::Char('d'), Key::End]), VGA);
    check("frozen-details", &pressed(rack.clone(), &[Key::Down, Key::Char('d')]), VGA);
    let locked = pressed(rack.clone(), &[Key::End]);
    check("locked", &locked, VGA);
    check("sanitizing", &pressed(rack, &[Key::Down, Key::Down]), VGA);
}

#[test]
fn consent_to_a_firmware_erase() {
    check("firmware-consent", &pressed(at_the_rack([]), &[Key::Enter]), VGA);
    let model = after([stick(), Event::Drives(vec![indulged(1)])]);
    check("firmware-consent-policy", &pressed(model, &[Key::Enter]), VGA);
    check("frozen-consent", &pressed(at_the_rack([]), &[Key::Down, Key::Enter]), VGA);
}

#[test]
fn psid_and_unfreeze() {
    let psid = pressed(at_the_rack([]), &[&[Key::End, Key::Char('s')][..], &typed("A1B2C3D4E5F6")].concat());
    check("psid", &psid, VGA);
    check("psid-short", &pressed(psid, &[Key::Enter]), VGA);
    check("unfreeze", &pressed(at_the_rack([]), &[Key::Char('u')]), VGA);
}

#[test]
fn a_firmware_erase() {
    check("erasing", &self_erasing(), VGA);
    check("erasing-silent-drive", &pressed(self_erasing(), &[Key::Down]), VGA);
    check("erasing-large", &self_erasing(), (160, 50));
    check("erasing-power", &pressed(self_erasing(), &[Key::Char('p')]), VGA);
    check("erasing-stop", &pressed(self_erasing(), &[Key::Char('s')]), VGA);
}

#[test]
fn results_of_firmware_erases() {
    let result = |verdict, drives: Vec<_>| {
        let events = [began(1), ended(1, verdict), Event::Drives(drives), certified(1)];
        pressed(at_the_rack(events), &[Key::Enter])
    };
    check("purged", &result(purged(), rack()), VGA);
    check("lied", &result(lied(), vec![distrusted(1)]), VGA);
    check("lied-policy", &result(lied(), vec![distrusted_under_purge(1)]), VGA);
    check("stalled", &result(stalled(), rack()), VGA);
    let beyond = |verdict| {
        pressed(
            after([stick(), Event::Drives(vec![bridged(1)]), began(1), ended(1, verdict), certified(1)]),
            &[Key::Enter],
        )
    };
    check("hidden-unknown", &beyond(unseen()), VGA);
    check("hidden-unknown-end", &pressed(beyond(unseen()), &[Key::End]), VGA);
    let asked = pressed(result(lied(), vec![distrusted(1)]), &[Key::Char('o')]);
    check("overwrite-instead", &asked, VGA);
    let mut planned = asked;
    planned.hear(Event::Drives(vec![lowered(1)]));
    check("overwrite-consent", &planned, VGA);
}

#[test]
fn an_overwrite_that_follows_a_lie() {
    let mut model = after([stick(), Event::Drives(vec![indulged(1), frozen(2)]), began(1)]);
    tell(&mut model, [fell_through(1)]);
    tell(&mut model, progress(1, Stage::Purge { number: 1, of: 1 }, 43, 0));
    check("lied-overwriting", &model, VGA);
    check("lied-overwriting-large", &model, (160, 50));
}

#[test]
fn nothing_shines_through_a_box() {
    let model = pressed(at_the_rack([]), &[Key::Enter]);
    let buffer = drawn(&model, (160, 50));
    let inside = |cell: &&Cell| cell.modifier.contains(Modifier::DIM);
    let rows = buffer.content.chunks(160).filter(|row| {
        let line: String = row.iter().map(Cell::symbol).collect();
        line.contains("Everything on it is destroyed") || line.contains("Once begun")
    });
    let dim: Vec<usize> = rows.map(|row| row[44..116].iter().filter(inside).count()).collect();
    assert_eq!(dim, [0, 0]);
}

fn models() -> Vec<Model> {
    let hostile =
        after([Event::Drives(vec![hostile(1), hostile(2)]), Event::Controllers(vec![controller()]), Event::Waiting(7)]);
    let ended = at_the_bench([began(1), ended(1, bad()), certified(1), Event::Notice("n".repeat(500))]);
    let keys: [&[Key]; 11] = [
        &[],
        &[Key::Enter],
        &[Key::Enter, Key::Char('q')],
        &[Key::Char('d'), Key::End],
        &[Key::Char('s')],
        &[Key::End, Key::Char('s'), Key::Enter],
        &[Key::Char('u')],
        &[Key::Char('n')],
        &[Key::Char('?')],
        &[Key::Char('p'), Key::Enter],
        &[Key::Char('r'), Key::Char('x')],
    ];
    let starts = [after([]), hostile, busy(), ended, at_the_rack([]), self_erasing()];
    starts.iter().flat_map(|start| keys.map(|keys| pressed(start.clone(), keys))).collect()
}

#[test]
fn every_screen_keeps_to_the_consoles_font() {
    for model in models() {
        for (columns, rows) in [(20, 5), (80, 25), (140, 70)] {
            for cell in drawn(&model, (columns, rows)).content {
                let letter = cell.symbol().chars().next().unwrap();
                assert!(matches!(letter, ' '..='~') || "·─│┌┐└┘█▀▄░".contains(letter), "{letter:?}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_size_is_too_small_or_too_odd(columns in 1_u16..200, rows in 1_u16..60) {
        for model in models() {
            drawn(&model, (columns, rows));
        }
    }

    #[test]
    fn no_keys_ask_to_erase_without_a_typed_line(keys in proptest::collection::vec(0_usize..14, 0..40)) {
        let of = [Key::Up, Key::Down, Key::Enter, Key::Esc, Key::PageDown, Key::Home, Key::End, Key::Backspace, Key::PageUp, Key::Char('e'), Key::Char('q'), Key::Char('s'), Key::Char('o'), Key::Char('u')];
        let mut model = at_the_bench([began(1), ended(1, bad()), certified(1)]);
        for key in keys {
            let request = model.press(of[key]);
            if let Some(purgeproof_core::event::Request::Purge { drive, typed }) = request {
                prop_assert!(!typed.is_empty());
                prop_assert!([1, 2, 3, 4].map(DriveId).contains(&drive));
            }
        }
    }
}
