use super::*;

fn started(unix_s: u64) -> Record {
    Record::Started { tool: Tool::default(), machine: Machine::default(), unix_s }
}

fn three_lines() -> String {
    let mut writer = Writer::default();
    (1..=3).map(|n| writer.line(&started(n)).unwrap()).collect()
}

#[test]
fn a_journal_reads_back_as_it_was_written() {
    let journal = Journal::parse(three_lines().as_bytes()).unwrap();
    assert_eq!(journal.records, [started(1), started(2), started(3)]);
    assert!(!journal.cut_short);
    assert!(Journal::parse(b"").unwrap().records.is_empty());
}

#[test]
fn a_file_cut_at_any_byte_still_gives_its_whole_lines() {
    let file = three_lines();
    for length in 0..file.len() {
        let journal = Journal::parse(&file.as_bytes()[..length]).unwrap();
        let whole = file[..length].matches('\n').count();
        assert_eq!(journal.records.len(), whole, "cut at {length}");
        assert_eq!(journal.cut_short, !(length == 0 || file[..length].ends_with('\n')), "cut at {length}");
    }
}

#[test]
fn any_other_change_is_reported_with_its_line() {
    let file = three_lines();
    let lines: Vec<&str> = file.split_inclusive('\n').collect();
    // A number changed in line 1 shows at line 2, whose `prev` no longer fits.
    let changed = file.replacen("\"unix_s\":1", "\"unix_s\":7", 1);
    assert_eq!(Journal::parse(changed.as_bytes()).unwrap_err(), Damage { line: 2, what: Misfit::Chain });
    let removed = [lines[0], lines[2]].concat();
    assert_eq!(Journal::parse(removed.as_bytes()).unwrap_err(), Damage { line: 2, what: Misfit::Chain });
    let doubled = [lines[0], lines[0], lines[1]].concat();
    assert_eq!(Journal::parse(doubled.as_bytes()).unwrap_err(), Damage { line: 2, what: Misfit::Chain });
    let broken = [lines[0], "{\"n\":1}\n", lines[1]].concat();
    assert!(matches!(Journal::parse(broken.as_bytes()).unwrap_err(), Damage { line: 2, what: Misfit::Syntax(_) }));
    assert!(matches!(Journal::parse(b"\xff\xfe\n").unwrap_err(), Damage { line: 1, what: Misfit::Syntax(_) }));
}
