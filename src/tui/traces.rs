//! Traces: events and keys in, requests out.

use purgeproof_core::event::{DriveId, Event, Filed, Progress, Request, Stage, Stick};
use purgeproof_core::reformat::{End, Reformat};
use purgeproof_core::units::{BlockSize, Blocks};
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;

use crate::fixtures::*;
use crate::model::{Dialog, Exit, Host, Key, Model, Page};
use crate::{view, words};

mod machine;

fn type_in(model: &mut Model, text: &str) -> Vec<Request> {
    text.chars().filter_map(|letter| model.press(Key::Char(letter))).collect()
}

fn screen(model: &Model) -> String {
    let mut buffer = Buffer::empty(Rect::new(0, 0, 80, 25));
    view::draw(model, &mut buffer);
    buffer.content.chunks(80).map(|row| row.iter().map(Cell::symbol).collect::<String>() + "\n").collect()
}

fn purge(typed: &str) -> Request {
    Request::Purge { drive: ID, typed: typed.into() }
}

#[test]
fn a_wrong_serial_leaves_the_question_open_and_the_right_one_starts() {
    let mut model = after([Event::Drives(bench())]);
    assert_eq!(model.press(Key::Enter), None);
    assert_eq!(type_in(&mut model, "1234"), []);
    assert_eq!(model.press(Key::Enter), Some(purge("1234")));
    assert_eq!(model.press(Key::Enter), None, "one question, one request");
    model.hear(Event::Denied { drive: ID, why: "That is not this drive: nothing was done.".into() });
    assert!(screen(&model).contains("! That is not this drive: nothing was done."));
    assert_eq!(type_in(&mut model, "2345"), []);
    assert_eq!(model.press(Key::Enter), Some(purge("2345")));
    assert!(screen(&model).contains("Starting ..."));
    model.hear(began(1));
    assert!(model.dialog.is_none());
    assert!(screen(&model).contains("1 running"));
}

#[test]
fn escape_and_an_empty_line_ask_for_nothing() {
    let mut model = after([Event::Drives(bench())]);
    model.press(Key::Enter);
    assert_eq!(model.press(Key::Enter), None);
    type_in(&mut model, "234");
    assert_eq!(model.press(Key::Esc), None);
    assert!(model.dialog.is_none());
    // What was typed does not linger for the next time.
    model.press(Key::Enter);
    assert_eq!(type_in(&mut model, "xp"), []);
    model.press(Key::Backspace);
    assert_eq!(model.press(Key::Enter), Some(purge("x")));
}

#[test]
fn what_is_not_ready_cannot_be_asked_for() {
    let mut model = after([Event::Drives(excluded().into_iter().chain([volume()]).collect())]);
    for _ in 0..3 {
        assert_eq!(model.press(Key::Enter), None);
        assert!(matches!(model.dialog, Some(Dialog::Page { page: Page::Details(_), .. })));
        model.press(Key::Esc);
        model.press(Key::Down);
    }
}

#[test]
fn the_selection_stays_with_the_drive_when_lines_move() {
    let mut model = after([Event::Drives(vec![disk(2, "sda", "A"), disk(3, "sdb", "B")])]);
    model.press(Key::Down);
    model.hear(Event::Drives(vec![nvme(1), disk(2, "sda", "A"), disk(3, "sdb", "B")]));
    assert_eq!(model.selected, Some(DriveId(3)));
    model.hear(Event::Drives(vec![nvme(1), disk(2, "sda", "A")]));
    assert_eq!(model.selected, Some(DriveId(2)), "the last line that is left");
    model.hear(Event::Drives(vec![]));
    assert_eq!(model.selected, None);
    assert_eq!((model.press(Key::Down), model.press(Key::Enter)), (None, None));
}

#[test]
fn a_drive_that_is_unplugged_takes_its_question_along() {
    let mut model = after([Event::Drives(bench())]);
    model.press(Key::Enter);
    model.hear(Event::Drives(vec![disk(2, "sda", "A")]));
    assert!(model.dialog.is_none());
    assert!(screen(&model).contains("! Nothing was done: the drive in question was unplugged"));
    assert_eq!(type_in(&mut model, "45"), []);
    model.hear(Event::Drives(vec![]));
    assert_eq!(model.press(Key::Enter), None);
}

#[test]
fn the_result_of_a_drive_outlives_its_cable() {
    let mut model = after([Event::Drives(bench()), began(1), ended(1, good()), certified(1)]);
    model.hear(Event::Drives(vec![disk(2, "sda", "A")]));
    assert!(screen(&model).contains("CLEARED"));
    model.press(Key::Enter);
    assert!(screen(&model).contains("no longer attached"));
    // It cannot be erased again while it is away.
    model.press(Key::Char('e'));
    assert!(matches!(model.dialog, Some(Dialog::Page { page: Page::Result(ID), .. })));
    model.hear(Event::Drives(vec![nvme(1)]));
    model.press(Key::Char('e'));
    assert!(matches!(model.dialog, Some(Dialog::Consent { drive: ID, .. })));
}

#[test]
fn a_second_person_is_asked_where_the_first_word_is_not_enough() {
    let mut model = after([Event::Drives(bench())]);
    model.press(Key::Enter);
    type_in(&mut model, "2345");
    assert_eq!(model.press(Key::Enter), Some(purge("2345")));
    model.hear(Event::OneAgreed { drive: DriveId(2) });
    assert!(!screen(&model).contains("SECOND PERSON"), "another drive is another drive's matter");
    model.hear(Event::OneAgreed { drive: ID });
    assert!(screen(&model).contains("SECOND PERSON"));
    type_in(&mut model, "Ann 2344");
    let second = |typed: &str| Some(Request::Second { drive: ID, typed: typed.into() });
    assert_eq!(model.press(Key::Enter), second("Ann 2344"));
    model.hear(Event::Denied { drive: ID, why: "That is not a name and then this drive".into() });
    type_in(&mut model, "Ann 2345");
    assert_eq!(model.press(Key::Enter), second("Ann 2345"), "the first person is not asked again");
    // Whoever gives it up gives it up for both.
    model.press(Key::Esc);
    model.press(Key::Enter);
    assert!(!screen(&model).contains("SECOND PERSON"));
}

#[test]
fn a_job_is_stopped_by_the_word_stop_alone() {
    let mut model = after([Event::Drives(bench()), began(1)]);
    model.press(Key::Char('s'));
    assert_eq!(type_in(&mut model, "sto"), []);
    assert_eq!(model.press(Key::Enter), None);
    assert!(screen(&model).contains("Type the word stop"));
    assert_eq!(type_in(&mut model, "stop"), []);
    assert_eq!(model.press(Key::Enter), Some(Request::Stop { drive: ID }));
    assert!(screen(&model).contains("stopping ..."));
    model.press(Key::Down);
    model.press(Key::Char('s'));
    assert!(model.dialog.is_none(), "nothing runs there");
}

#[test]
fn the_end_of_a_job_takes_the_question_whether_to_stop_it_along() {
    let mut model = after([Event::Drives(bench()), began(1)]);
    model.press(Key::Char('s'));
    model.hear(ended(1, good()));
    assert!(model.dialog.is_none());
}

#[test]
fn power_off_with_running_jobs_needs_the_word_yes() {
    let mut model = after([Event::Drives(bench()), began(1), began(2), began(3)]);
    model.press(Key::Char('p'));
    assert!(screen(&model).contains("3 drives are still being erased: power-off leaves them NOT ERASED."));
    assert_eq!(model.press(Key::Enter), None);
    assert_eq!(type_in(&mut model, "yes"), []);
    assert_eq!(model.press(Key::Enter), Some(Request::PowerOff));
    assert!(screen(&model).contains("Stopping 3 jobs"));
    assert_eq!(model.hurried, None);
    model.press(Key::Char('w'));
    assert_eq!(model.hurried, Some(Exit::PowerOff));
}

#[test]
fn a_job_that_begins_under_the_question_is_counted() {
    let mut model = after([Event::Drives(bench())]);
    model.press(Key::Char('r'));
    model.hear(began(1));
    assert_eq!(model.press(Key::Enter), None, "yes is needed now");
    model.hear(ended(1, good()));
    model.hear(certified(1));
    assert_eq!(model.press(Key::Enter), Some(Request::Reboot));
}

#[test]
fn certificates_in_memory_need_the_word_yes_too() {
    let filed = Filed::InMemory { why: "no stick".into() };
    let mut model = after([Event::Drives(bench()), began(1), ended(1, good())]);
    model.hear(Event::Certified { drive: ID, filed, qr: qr_text() });
    model.press(Key::Char('p'));
    assert!(screen(&model).contains("1 certificate is only in memory: plug in a stick, or it is lost."));
    assert_eq!(model.press(Key::Enter), None);
    model.hear(certified(1));
    assert_eq!(model.press(Key::Enter), Some(Request::PowerOff));
}

#[test]
fn a_workstation_cannot_be_rebooted_from_here() {
    let mut model = Model::new(Host::Workstation);
    assert_eq!((model.press(Key::Char('r')), model.press(Key::Enter)), (None, None));
    assert!(model.dialog.is_none());
}

#[test]
fn a_stage_that_is_not_over_is_never_at_100_percent() {
    let mut model = after([Event::Drives(bench()), began(1)]);
    model.hear(Event::Stage { drive: ID, stage: Stage::Verify });
    for (done, total, percent) in [(0, 0, 0), (999, 1000, 99), (1000, 1000, 99), (u64::MAX, 1, 99), (1, 3, 33)] {
        let progress = Progress { done, total, ..Progress::default() };
        model.hear(Event::Progress { drive: ID, progress });
        assert_eq!(model.runs[&ID].running().unwrap().percent(), percent, "{done}/{total}");
    }
    assert!(!screen(&model).contains("100 %"));
}

#[test]
fn a_new_stage_starts_from_nothing() {
    let mut model = after([Event::Drives(bench()), began(1)]);
    tell(&mut model, progress(1, Stage::Purge { number: 1, of: 1 }, 99, 0));
    model.hear(Event::Stage { drive: ID, stage: Stage::Verify });
    assert_eq!(model.runs[&ID].running().unwrap().progress, Progress::default());
}

#[test]
fn a_silent_drive_is_called_silent_but_not_while_it_flushes() {
    let mut model = after([Event::Drives(bench()), began(1)]);
    tell(&mut model, progress(1, Stage::Purge { number: 1, of: 1 }, 43, 0));
    model.tick(29);
    assert!(!screen(&model).contains("no sign of life"));
    model.tick(95);
    assert!(screen(&model).contains("no sign of life for 1 min 35 s"));
    model.hear(Event::Stage { drive: ID, stage: Stage::Flush });
    model.tick(300);
    assert!(!screen(&model).contains("no sign of life"));
}

#[test]
fn a_format_after_the_erase_is_named_while_it_runs_and_when_it_has_ended() {
    let mut model = after([Event::Drives(bench()), began(1)]);
    let to = BlockSize::B512;
    tell(&mut model, progress(1, Stage::Reformat { to }, 43, 0));
    model.dialog = Some(Dialog::Page { page: Page::Details(ID), scroll: 0 });
    let shown = screen(&model);
    assert!(shown.contains("Erased. The drive formats itself to 512-byte blocks"), "{shown}");
    assert!(shown.contains(words::GOES_ON), "{shown}");
    for (end, said) in [
        (End::Done(Blocks(2048)), "formatted to 512-byte blocks: 2048 of them"),
        (End::Failed("no".into()), "the format to 512-byte blocks was asked for and failed: no"),
    ] {
        let mut model = model.clone();
        let reformat = Some(Reformat { to, end });
        model.hear(Event::Ended { drive: ID, verdict: good(), reformat, seconds: 9 });
        model.dialog = Some(Dialog::Page { page: Page::Result(ID), scroll: 0 });
        let shown = screen(&model);
        assert!(shown.contains(said), "{shown}");
    }
}

#[test]
fn an_unattended_run_ends_with_a_summary_that_comes_back() {
    let mut model = after([Event::Drives(bench()), began(1), ended(1, good()), certified(1), Event::Done]);
    assert!(screen(&model).contains("1 CLEARED"));
    model.press(Key::Esc);
    assert!(model.dialog.is_none());
    model.press(Key::Esc);
    assert!(matches!(model.dialog, Some(Dialog::Page { page: Page::Summary, .. })));
    assert_eq!(model.press(Key::Char('p')), None);
    assert_eq!(model.press(Key::Enter), Some(Request::PowerOff));
}

#[test]
fn the_end_is_not_good_while_a_drive_was_passed_over_or_may_be_hidden() {
    let one_done = [began(1), ended(1, good()), certified(1), Event::Done];
    let end = |drives, controllers| {
        let told = [Event::Drives(drives), Event::Controllers(controllers)];
        screen(&after(told.into_iter().chain(one_done.clone())))
    };
    let [boot, busy] = excluded();
    let is_good = |screen: String| screen.contains(words::ALL_GOOD.split(',').next().unwrap());
    assert!(is_good(end(vec![nvme(1), boot], vec![])), "our own stick keeps its content");
    assert!(end(vec![nvme(1), busy], vec![]).contains("1 drive could not be offered: it keeps its content."));
    assert!(!is_good(end(vec![nvme(1), volume()], vec![])));
    assert!(!is_good(end(vec![nvme(1)], vec![controller()])));
}

#[test]
fn an_answer_for_nobody_is_a_message() {
    let mut model = after([Event::Drives(bench()), Event::Denied { drive: DriveId(2), why: "No such drive.".into() }]);
    model.press(Key::Char('n'));
    assert!(screen(&model).contains("! No such drive."));
}

#[test]
fn pages_scroll_to_their_end_and_straight_back() {
    let mut model = after((0..40).map(|number| Event::Notice(format!("message {number:02}"))));
    model.press(Key::Char('n'));
    for _ in 0..100 {
        model.press(Key::Down);
    }
    assert!(screen(&model).contains("message 00") && !screen(&model).contains("message 39"));
    model.press(Key::Up);
    assert!(screen(&model).contains("Controllers of this machine"));
    model.press(Key::Home);
    assert!(screen(&model).contains("message 39"));
    assert_eq!(model.press(Key::End), None);
}

#[test]
fn look_again_and_unknown_keys() {
    let mut model = after([Event::Stick(Stick::Absent)]);
    assert_eq!(model.press(Key::Char('l')), Some(Request::Rescan));
    assert_eq!(type_in(&mut model, "xyzs0"), []);
}

#[test]
fn a_psid_is_32_letters_and_digits_and_lies_in_one_place() {
    let mut model = after([Event::Drives(vec![locked(1)])]);
    model.press(Key::Char('s'));
    type_in(&mut model, &LABEL[..31]);
    assert!(screen(&model).contains("(31 of 32)"));
    assert_eq!(model.press(Key::Enter), None);
    assert!(screen(&model).contains("That has 31 characters, a PSID has 32."));
    // What is there is corrected, not typed again; groups and their gaps are the label's way of printing it.
    type_in(&mut model, "-*");
    assert_eq!(model.press(Key::Enter), None);
    assert!(screen(&model).contains("letters A to Z and digits only"));
    model.press(Key::Backspace);
    type_in(&mut model, "6");
    assert!(!format!("{model:?}").contains(LABEL), "a log of the state does not hold it");
    assert!(screen(&model).contains("****") && !screen(&model).contains(&LABEL[27..31]), "no more than four are shown");
    let Some(Request::Psid { drive: ID, psid }) = model.press(Key::Enter) else { panic!("it is handed over") };
    assert_eq!(psid.read(|psid| psid == LABEL), Some(true));
    assert!(model.dialog.is_none());
    assert!(!model.notices.iter().any(|notice| notice.contains(&LABEL[..8])));
    // It is no word about what comes of the next keys.
    assert!(screen(&model).contains("nothing is erased yet"));
    let mut later = model.clone();
    model.press(Key::Down);
    assert!(!screen(&model).contains("nothing is erased yet"));
    later.hear(Event::Notice("Something happened.".into()));
    assert!(screen(&later).contains("Something happened.") && !screen(&later).contains("nothing is erased yet"));
}

#[test]
fn the_key_that_stops_a_job_asks_for_a_psid_only_where_there_is_none() {
    let mut model = after([Event::Drives(vec![capable(1), frozen(2)])]);
    model.press(Key::Char('s'));
    assert!(matches!(model.dialog, Some(Dialog::Psid { drive: ID, .. })));
    model.hear(began(1));
    assert!(model.dialog.is_none(), "a job began meanwhile");
    model.press(Key::Char('s'));
    assert!(matches!(model.dialog, Some(Dialog::Stop { drive: ID, .. })));
    assert!(screen(&model).contains("Type stop, then Enter:"));
    model.press(Key::Esc);
    model.press(Key::Down);
    model.press(Key::Char('s'));
    assert!(model.dialog.is_none(), "it has no revert");
}

#[test]
fn the_machine_is_suspended_only_for_a_frozen_drive_and_not_under_a_job() {
    let mut model = after([Event::Drives(vec![capable(1)])]);
    assert_eq!((model.press(Key::Char('u')), model.press(Key::Enter)), (None, None));
    model.press(Key::Esc);
    model.hear(Event::Drives(vec![capable(1), frozen(2)]));
    model.press(Key::Char('u'));
    assert_eq!(model.press(Key::Char('x')), None);
    assert_eq!(model.press(Key::Enter), Some(Request::Unfreeze));
    model.hear(began(1));
    model.press(Key::Char('u'));
    assert!(model.dialog.is_none());
    assert!(screen(&model).contains("while a drive is being erased the machine is not suspended"));
}

#[test]
fn remedies_are_at_hand_on_the_page_that_names_them() {
    let mut model = after([Event::Drives(vec![frozen(1), locked(2)])]);
    model.press(Key::Char('d'));
    model.press(Key::Char('u'));
    assert!(matches!(model.dialog, Some(Dialog::Unfreeze)));
    model.press(Key::Esc);
    model.press(Key::Down);
    model.press(Key::Char('d'));
    model.press(Key::Char('s'));
    assert!(matches!(model.dialog, Some(Dialog::Psid { drive: DriveId(2), .. })));
}

#[test]
fn a_plan_that_changes_under_the_question_takes_it_back() {
    let mut model = after([Event::Drives(vec![capable(1)])]);
    model.press(Key::Enter);
    type_in(&mut model, "23");
    model.hear(Event::Drives(vec![capable(1), nameless(4)]));
    assert!(matches!(model.dialog, Some(Dialog::Consent { .. })), "another drive is another drive's matter");
    model.hear(Event::Drives(vec![lowered(1)]));
    assert!(model.dialog.is_none());
    assert_eq!(model.notices, [words::CONSENT_GONE]);
}

#[test]
fn an_overwrite_after_a_lie_needs_a_new_plan_and_a_new_word() {
    let mut model =
        after([Event::Drives(vec![capable(1)]), began(1), ended(1, lied()), Event::Drives(vec![distrusted(1)])]);
    model.press(Key::Enter);
    assert!(screen(&model).contains("Never rely on this drive's own erase."));
    assert!(screen(&model).contains("o overwrite instead") && !screen(&model).contains("e erase again"));
    assert_eq!(model.press(Key::Char('e')), None);
    assert!(matches!(model.dialog, Some(Dialog::Page { page: Page::Result(ID), .. })), "no second try of the same");
    assert_eq!(model.press(Key::Char('o')), Some(Request::Overwrite { drive: ID }));
    assert_eq!((model.press(Key::Enter), model.press(Key::Char('5'))), (None, None));
    assert!(matches!(model.dialog, Some(Dialog::Lower { drive: ID })));
    model.hear(Event::Drives(vec![lowered(1)]));
    assert!(screen(&model).contains("Clear by Overwrite"));
    type_in(&mut model, "2345");
    assert_eq!(model.press(Key::Enter), Some(purge("2345")));
}

#[test]
fn no_overwrite_is_offered_after_a_good_end_nor_where_it_was_the_plan() {
    for (drive, verdict) in [(capable(1), purged()), (nvme(1), bad())] {
        let mut model = after([Event::Drives(vec![drive]), began(1), ended(1, verdict)]);
        model.press(Key::Enter);
        assert_eq!(model.press(Key::Char('o')), None);
        assert!(matches!(model.dialog, Some(Dialog::Page { page: Page::Result(ID), .. })));
    }
}

#[test]
fn an_overwrite_that_is_denied_says_why() {
    let mut model = after([Event::Drives(vec![capable(1)]), began(1), ended(1, lied())]);
    model.press(Key::Enter);
    model.press(Key::Char('o'));
    model.hear(Event::Denied { drive: ID, why: "The policy asks for Purge.".into() });
    assert!(model.dialog.is_none());
    assert!(screen(&model).contains("! The policy asks for Purge."));
}

#[test]
fn a_drive_that_does_not_say_how_far_it_is_is_timed_and_not_called_silent() {
    let mut model = after([Event::Drives(vec![capable(1)]), began(1)]);
    model.tick(100);
    tell(&mut model, erasing(1, (2, 2), None, None));
    model.tick(150);
    assert!(screen(&model).contains("Erase 2/2 50 s"));
    assert!(!screen(&model).contains('%') && !screen(&model).contains("no sign of life"));
    // With an estimate, and then with a figure of its own.
    tell(&mut model, erasing(1, (2, 2), None, Some(7_500)));
    model.tick(100 + 150 * 60);
    assert!(screen(&model).contains("Erase 2/2 2 h 30 min"));
    assert!(screen(&model).contains("of 2 h 5 min that the drive estimates"));
    // 65535 of 65536 is not the end of it: the drive's status is.
    tell(&mut model, erasing(1, (2, 2), Some(65_535), None));
    assert!(screen(&model).contains("Erase 2/2 99 %"));
    model.tick(100 + 152 * 60);
    assert!(screen(&model).contains("no sign of life for 2 min 0 s. Leave it powered"));
}

#[test]
fn after_a_bad_verdict_the_page_says_what_to_do() {
    use purgeproof_core::capability::Obstacle;
    use purgeproof_core::technique::Technique;
    use purgeproof_core::verdict::{Outcome, Reason, Verdict};
    let says = |listed, outcome, reason: Reason| {
        let verdict = Verdict { outcome, reasons: vec![reason], exceptions: vec![] };
        let mut model = after([Event::Drives(vec![listed]), began(1), ended(1, verdict)]);
        model.press(Key::Enter);
        screen(&model)
    };
    let refused = || Reason::Refused(Technique::SanitizeBlockErase, "Invalid Field in Command".into());
    let lied = || Reason::Survived { markers: 1, witnesses: 0, first: vec![] };
    assert!(says(capable(1), Outcome::NotErased, refused()).contains("Press o to overwrite it instead: a Clear"));
    // Its reason is the policy's, and no key is named that does nothing.
    let left = says(distrusted_under_purge(1), Outcome::NotErased, lied());
    assert!(
        left.contains("The policy asks for more") && !left.contains("o overwrite") && !left.contains("e erase again")
    );
    assert!(says(nvme(1), Outcome::NotErased, refused()).contains("by the plan below (e), or destroy it."));
    let few = Reason::MarkersTooFew { landed: 0, places: 1024 };
    assert!(says(capable(1), Outcome::Indeterminate, few).contains("Erase it again: e."));
    assert!(
        says(locked(1), Outcome::NotErased, Reason::InTheWay(Obstacle::Locked)).contains("Press s and type the PSID")
    );
    assert!(says(capable(1), Outcome::Indeterminate, Reason::Stopped).contains("Leave it powered"));
    assert!(says(nvme(1), Outcome::Indeterminate, Reason::Stopped).contains("Erase it again: e."));
    assert!(!says(capable(1), Outcome::Purged, Reason::AllErased(None)).contains("Next"));
}
