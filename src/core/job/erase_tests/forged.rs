//! Records that nobody's drive would leave: what may stand in a good one is said here a second time, in the simplest way, and held
//! against the verdict.

use super::*;
use crate::evidence::Entry;

/// The facts that a good word rests on are all there, in order, and nothing after them has touched the drive again.
///
/// Written apart from the verdict: from the end of the record backwards, one fact at a time.
fn bears_a_good_word(evidence: &Evidence) -> bool {
    let plan = &evidence.plan;
    let facts: Vec<&Fact> = evidence.facts().iter().map(|entry| &entry.fact).collect();
    let fell = facts.iter().rposition(|fact| matches!(fact, Fact::FellThrough { .. }));
    // A record that goes astray on its ways is for the verdict to refuse; here the last way is what counts.
    let way = facts.iter().rev().find_map(|fact| match fact {
        Fact::FellThrough { way } => Some(*way),
        _ => None,
    });
    let Some(way) = plan.ways.get(way.unwrap_or(0)) else { return false };
    let mut left = &facts[..];
    for want in wanted(plan, way) {
        let Some(found) = left.iter().rposition(|fact| want(fact)) else { return false };
        let after = &left[found + 1..];
        // Between what was found and what was found before it (that is later), nothing but reading and talking.
        if after.iter().any(|fact| touches(fact)) {
            return false;
        }
        left = &left[..found];
        // Begun again: it is the last time that counts.
        while matches!(facts[left.len()], Fact::PassBegan { .. })
            && let Some(before) = left
                .iter()
                .rposition(|fact| touches(fact) || matches!(fact, Fact::MarkersSought { .. } | Fact::Opened { .. }))
            && matches!(left[before], Fact::PassBegan { .. } | Fact::PassEnded { .. })
        {
            left = &left[..before];
        }
    }
    let steps: Vec<Technique> = way.firmware().collect();
    for technique in steps.iter().rev() {
        let Some(settled) = left.iter().rposition(|fact| matches!(fact, Fact::Settled { .. })) else { return false };
        let is_its = |fact: &&Fact| matches!(fact, Fact::EraseBegan { technique: began } if began == technique);
        let Some(began) = left[..settled].iter().rposition(is_its) else { return false };
        if !is_done(&left[began + 1..=settled]) || left[settled + 1..].iter().any(|fact| touches(fact)) {
            return false;
        }
        left = &left[..began];
        // Asked for again: it is the last time that counts.
        while let Some(before) =
            left.iter().rposition(|fact| touches(fact) || matches!(fact, Fact::Settled { .. } | Fact::Opened { .. }))
        {
            if !is_its(&left[before]) {
                break;
            }
            left = &left[..before];
        }
    }
    if !steps.is_empty() {
        let Some(placed) = left.iter().rposition(|fact| matches!(fact, Fact::MarkersPlaced { .. })) else {
            return false;
        };
        if fell.is_some_and(|fell| placed < fell) {
            return false;
        }
        left = &left[..placed];
    }
    left.iter().any(|fact| matches!(fact, Fact::Opened { .. }))
        && !facts[fell.map_or(0, |fell| fell + 1)..].iter().any(|fact| is_the_end(fact))
}

/// What must be found after the last firmware step, from the end backwards.
fn wanted(plan: &Plan, way: &Way) -> Vec<fn(&Fact) -> bool> {
    let mut wants: Vec<fn(&Fact) -> bool> = vec![is_read_back, |fact| matches!(fact, Fact::VerifyBegan { .. })];
    if way.overwrites() {
        for _ in &plan.passes {
            wants.push(|fact| matches!(fact, Fact::Flushed));
            wants.push(|fact| matches!(fact, Fact::PassEnded { report, .. } if report.is_whole()));
            wants.push(|fact| matches!(fact, Fact::PassBegan { .. }));
        }
    }
    if way.stands_without_markers() && way.firmware().next().is_some() {
        wants.push(|fact| matches!(fact, Fact::MarkersSought { sought } if sought.is_clean()));
    } else if way.firmware().next().is_some() {
        wants
            .push(|fact| matches!(fact, Fact::MarkersSought { sought } if sought.is_clean() && sought.looked_at() > 0));
    }
    wants
}

fn is_read_back(fact: &Fact) -> bool {
    matches!(fact, Fact::VerifyEnded { report, mismatches, .. } if report.is_whole() && mismatches.blocks.0 == 0)
}

fn touches(fact: &Fact) -> bool {
    matches!(
        fact,
        Fact::PassBegan { .. } | Fact::PassEnded { .. } | Fact::EraseBegan { .. } | Fact::MarkersPlaced { .. }
    )
}

/// The facts from an erase's beginning to its end say that it was taken and that it is over.
fn is_done(facts: &[&Fact]) -> bool {
    let is_good = matches!(facts.last(), Some(Fact::Settled { settled }) if settled.problems.is_empty());
    let foreground = facts.iter().any(|fact| matches!(fact, Fact::EraseAnswered { begun: Begun::Completed }));
    let taken = facts.iter().position(|fact| matches!(fact, Fact::EraseAnswered { begun: Begun::Accepted { .. } }));
    let over = facts.iter().rposition(|fact| matches!(fact, Fact::Stands { standing: Standing::Completed }));
    is_good && (foreground || taken.is_some() && taken < over)
}

/// After this no good word is possible on this way.
fn is_the_end(fact: &Fact) -> bool {
    match fact {
        Fact::NotOpened { .. }
        | Fact::OtherDrive { .. }
        | Fact::Stalled { .. }
        | Fact::NotFlushed { .. }
        | Fact::Stopped
        | Fact::Crashed { .. } => true,
        Fact::Rested { health, .. } => health.is_too_hot(),
        Fact::EraseAnswered { begun } => matches!(begun, Begun::Lost { .. } | Begun::Refused { .. }),
        Fact::Stands { standing } => *standing == Standing::Gone,
        Fact::Settled { settled } => !settled.problems.is_empty(),
        Fact::MarkersSought { sought } => !sought.is_clean(),
        Fact::PassEnded { report, .. } | Fact::VerifyEnded { report, .. } => report.gone || !report.bad.is_empty(),
        _ => false,
    }
}

/// The four kinds of plans, with what a flawless run of each hears.
fn plans() -> Vec<(Job, Vec<Heard>)> {
    let sample = "[[rule]]\nname = 'x'\naction = 'purge'\nlevel = 'clear'\nverify = 'sample'";
    vec![
        (job(&[]), flawless(0, true)),
        (job(&[SanitizeBlockErase]), flawless(1, false)),
        (job_of(&nvme(), &[SanitizeBlockErase, SanitizeOverwrite], CLEAR_WILL_DO), flawless(1, false)),
        (job_of(&nvme(), &[SanitizeCryptoErase, SanitizeBlockErase], sample), flawless(2, false)),
        (job_of(&nvme(), &[SanitizeCryptoErase], CLEAR_WILL_DO), flawless(1, true)),
        (job_of(&disk(), &[SanitizeOverwrite], CLEAR_WILL_DO), flawless(1, false)),
    ]
}

/// Everything that can be heard, good and bad.
fn words() -> Vec<Heard> {
    let grown = Bytes(2_097_152);
    let gone = Report { covered: Blocks(9), wanted: Blocks(2048), gone: true, ..Report::default() };
    let half = Report { covered: Blocks(1024), wanted: Blocks(1024), ..Report::default() };
    let larger = Report { covered: Blocks(4096), wanted: Blocks(4096), ..Report::default() };
    let mismatch = Mismatches { blocks: Blocks(1), first: vec![Lba(9)] };
    let mut words = flawless(1, true);
    words.extend([
        Heard::Opened(Identity { capacity: grown, ..nvme() }),
        Heard::NotOpened(OpenError::Busy),
        Heard::Prepared(Prepared { capacity: Some(grown), ..Prepared::default() }),
        Heard::Prepared(Prepared { standing: Standing::InProgress { progress: None }, ..Prepared::default() }),
        Heard::Prepared(Prepared { obstacle: Some(Obstacle::Locked), ..Prepared::default() }),
        Heard::Prepared(Prepared { health: hot(90), ..Prepared::default() }),
        Heard::Health(hot(90)),
        Heard::Health(hot(20)),
        Heard::Marked(Placed { places: 100, landed: 49, witnesses: 0 }),
        accepted(None),
        Heard::Begun(Begun::Completed),
        refused(),
        Heard::Begun(Begun::Failed { why: "failed".into() }),
        Heard::Begun(Begun::Lost { why: "lost".into() }),
        Heard::Standing(Standing::Never),
        failed(),
        unknown(),
        Heard::Standing(Standing::Gone),
        Heard::Settled(Settled { problems: vec!["locked".into()], ..Settled::default() }),
        Heard::Sought(Sought { markers_left: 1, ..Sought::default() }),
        Heard::Sought(Sought { constant: 60, gone: true, ..Sought::default() }),
        Heard::PassEnded(half.clone()),
        Heard::PassEnded(larger.clone()),
        Heard::PassEnded(gone.clone()),
        Heard::Flushed(Err(MediaError::Bad { errno: 5 })),
        Heard::VerifyBegan(0),
        Heard::VerifyBegan(5000),
        Heard::VerifyEnded(half, Mismatches::default(), None),
        Heard::VerifyEnded(larger, Mismatches::default(), None),
        Heard::VerifyEnded(gone, Mismatches::default(), None),
        Heard::VerifyEnded(whole(), mismatch, Some(0)),
        Heard::Stopped,
        Heard::Crashed("a bug".into()),
    ]);
    words
}

/// One change to a list.
#[derive(Clone, Copy, Debug)]
enum Edit {
    Remove(usize),
    Swap(usize, usize),
    Repeat(usize, usize),
    Insert(usize, usize),
}

fn edit() -> impl Strategy<Value = Edit> {
    let index = || 0..100_usize;
    prop_oneof![
        index().prop_map(Edit::Remove),
        (index(), index()).prop_map(|(one, other)| Edit::Swap(one, other)),
        (index(), index()).prop_map(|(from, to)| Edit::Repeat(from, to)),
        (index(), index()).prop_map(|(word, to)| Edit::Insert(word, to)),
    ]
}

fn apply<T: Clone>(list: &mut Vec<T>, edit: Edit, words: &[T]) {
    let length = list.len();
    if length == 0 {
        return;
    }
    match edit {
        Edit::Remove(at) => drop(list.remove(at % length)),
        Edit::Swap(one, other) => list.swap(one % length, other % length),
        Edit::Repeat(from, to) => list.insert(to % length, list[from % length].clone()),
        Edit::Insert(word, to) if !words.is_empty() => list.insert(to % length, words[word % words.len()].clone()),
        Edit::Insert(..) => {}
    }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn no_order_of_words_earns_more_than_its_facts_bear(
        which in 0..6_usize, edits in proptest::collection::vec(edit(), 0..6), step_ms in 0_u64..100_000,
    ) {
        let (mut job, mut heard) = plans().swap_remove(which);
        for edit in &edits {
            apply(&mut heard, *edit, &words());
        }
        for (word, number) in heard.iter().zip(0..) {
            job.hear_on(number * step_ms, word.clone());
            let verdict = job.evidence().verdict();
            prop_assert!(!verdict.outcome.is_good() || bears_a_good_word(job.evidence()), "{:?}", job.evidence().facts());
            prop_assert!(verdict.outcome.is_good() == verdict.reasons.iter().any(is_praise), "{:?}", verdict);
        }
    }

    #[test]
    fn words_at_random_make_no_good_record(heard in proptest::collection::vec(0..100_usize, 0..60), which in 0..6_usize) {
        let (mut job, words) = (plans().swap_remove(which).0, words());
        for (number, index) in (0_u64..).zip(heard) {
            job.hear_on(number * 999, words[index % words.len()].clone());
        }
        let verdict = job.evidence().verdict();
        prop_assert!(!verdict.outcome.is_good() || bears_a_good_word(job.evidence()), "{:?}", job.evidence().facts());
    }

    #[test]
    fn facts_in_another_order_or_left_out_bear_no_good_word(
        which in 0..6_usize, edits in proptest::collection::vec(edit(), 1..5),
        shuffled in any::<bool>(), order in proptest::collection::vec(any::<u32>(), 40),
    ) {
        let (mut job, heard) = plans().swap_remove(which);
        heard.into_iter().zip(1..).for_each(|(word, number)| drop(job.hear_on(number * 1000, word)));
        let honest = job.into_evidence();
        prop_assert!(honest.verdict().outcome.is_good() && bears_a_good_word(&honest));
        let mut facts = honest.facts().to_vec();
        if shuffled {
            let mut numbered: Vec<(u32, Entry)> = order.into_iter().zip(facts).collect();
            numbered.sort_by_key(|(number, _)| *number);
            facts = numbered.into_iter().map(|(_, entry)| entry).collect();
        }
        for edit in edits {
            apply(&mut facts, edit, &[]);
        }
        let forged = with_facts(&honest, facts);
        let verdict = forged.verdict();
        prop_assert!(!verdict.outcome.is_good() || bears_a_good_word(&forged), "{:?}", forged.facts());
    }
}

/// A thousand with every run of the tests; `PROPTEST_CASES` for as many as one likes.
fn cases() -> ProptestConfig {
    let config = ProptestConfig::default();
    ProptestConfig { cases: config.cases.max(1000), failure_persistence: None, ..config }
}

fn is_praise(reason: &Reason) -> bool {
    matches!(
        reason,
        Reason::AllReadBack | Reason::SampleReadBack { .. } | Reason::AllErased(_) | Reason::SampleErased { .. }
    )
}

fn with_facts(honest: &Evidence, facts: Vec<Entry>) -> Evidence {
    let blank = honest.clone();
    let mut forged = Evidence::new(blank.job, blank.setting, blank.plan, blank.consent, blank.drawn);
    for entry in facts {
        forged.add(entry.at_ms, entry.fact);
    }
    forged
}

/// What a status said on the way, that markers are about to be written, and what the drive looks like, makes nothing better.
fn is_idle(fact: &Fact) -> bool {
    matches!(fact, Fact::Stands { standing: Standing::InProgress { .. } } | Fact::MarkingBegan | Fact::Surveyed { .. })
}

#[test]
fn each_fact_of_a_flawless_record_is_needed_where_it_is() {
    for (mut job, heard) in plans() {
        heard.into_iter().zip(1..).for_each(|(word, number)| drop(job.hear_on(number * 1000, word)));
        let honest = job.into_evidence();
        let facts = honest.facts();
        for left_out in 0..facts.len() {
            let mut fewer = facts.to_vec();
            let fact = fewer.remove(left_out).fact;
            assert_eq!(with_facts(&honest, fewer).verdict().outcome.is_good(), is_idle(&fact), "{fact:?}");
        }
        for moved in 0..facts.len() - 1 {
            let mut later = facts.to_vec();
            let fact = later.remove(moved);
            later.push(fact.clone());
            let verdict = with_facts(&honest, later).verdict();
            let is_free = is_idle(&fact.fact) || facts[moved + 1..].iter().all(|after| is_idle(&after.fact));
            assert_eq!(verdict.outcome.is_good(), is_free, "{:?} at the end: {verdict:?}", fact.fact);
        }
    }
}
