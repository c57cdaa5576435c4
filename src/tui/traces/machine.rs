//! The keyboard and the power key of the machine.

use super::*;

#[test]
fn a_layout_is_chosen_by_arrows_and_by_letters() {
    let chosen = |keys: &[Key]| {
        let mut model = after([Event::Drives(bench()), keyboard("de")]);
        let asked = keys.iter().map(|key| model.press(*key)).last().flatten();
        asked.map(|request| match request {
            Request::Layout { name } => name,
            other => panic!("{other:?}"),
        })
    };
    assert_eq!(chosen(&[Key::Char('k'), Key::Enter]).as_deref(), Some("de"));
    assert_eq!(chosen(&[Key::Char('k'), Key::Down, Key::Enter]).as_deref(), Some("fr"));
    // Spanish; Swiss, German; Swiss, French; and round again, past Swedish.
    let letters = |count| [&[Key::Char('k')][..], &vec![Key::Char('s'); count], &[Key::Enter]].concat();
    let names = [1, 2, 3, 4, 5].map(|count| chosen(&letters(count)).unwrap());
    assert_eq!(names, ["es", "ch-de", "ch-fr", "se", "es"]);
    assert_eq!(chosen(&[Key::Char('k'), Key::PageUp, Key::PageUp, Key::Up, Key::Enter]).as_deref(), Some("us"));
    assert_eq!(chosen(&[Key::Char('k'), Key::End, Key::Down, Key::Enter]).as_deref(), Some("colemak"));
    assert_eq!(chosen(&[Key::Char('k'), Key::Esc, Key::Enter]), None);
    let mut none = after([Event::Drives(bench())]);
    none.press(Key::Char('k'));
    assert!(none.dialog.is_none() && screen(&none).contains("There is no layout to choose"));
}

#[test]
fn the_power_key_switches_off_where_nothing_is_lost_and_asks_where_something_is() {
    let mut idle = after([Event::Drives(bench())]);
    assert_eq!(idle.press(Key::Power), Some(Request::PowerOff));
    assert_eq!(idle.press(Key::Power), None, "it is on its way");
    let mut busy = after([Event::Drives(bench()), began(1)]);
    assert_eq!(busy.press(Key::Power), None);
    assert!(screen(&busy).contains("POWER OFF?") && screen(&busy).contains("Type yes"));
    assert_eq!(busy.press(Key::Power), None);
    assert_eq!(busy.press(Key::Enter), None, "not without the word");
    busy.press(Key::Esc);
    assert!(busy.dialog.is_none() && screen(&busy).contains("The power key did nothing"));
    assert_eq!(busy.press(Key::CtrlAltDel), None);
    assert!(busy.dialog.is_none() && screen(&busy).contains("Ctrl-Alt-Del restarts nothing here"));
}
