//! The clerk with sticks that come late, fill up, fail in the middle and carry other runs' journals.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex};

use purgeproof_core::capability::{Capabilities, Support};
use purgeproof_core::consent::Consent;
use purgeproof_core::drive::{Identity, Medium, Serial, SerialSource, Transport};
use purgeproof_core::evidence::{Clock, Drawn, Machine, Secret, Setting, Tool};
use purgeproof_core::firmware::Prepared;
use purgeproof_core::job::{Heard, Job};
use purgeproof_core::pass::Report;
use purgeproof_core::plan::plan;
use purgeproof_core::policy::Policy;
use purgeproof_core::stream::Stream;
use purgeproof_core::survey::{Survey, When};
use purgeproof_core::technique::Technique;
use purgeproof_core::units::{BlockSize, Blocks, Bytes, Lba};

use purgeproof_certificate::{Pages, sequence};

use super::*;
use purgeproof_drive::layout::LOGS;

/// A stick in memory. Clones are the same stick.
#[derive(Clone, Default)]
struct Stick(Arc<Mutex<Contents>>);

#[derive(Default)]
struct Contents {
    files: BTreeMap<(String, String), Vec<u8>>,
    /// Writes that will succeed before one fails; `None` for all.
    good_writes: Option<u32>,
}

impl Stick {
    fn file(&self, folder: &str, name: &str) -> Option<Vec<u8>> {
        self.0.lock().unwrap().files.get(&(folder.to_string(), name.to_string())).cloned()
    }

    fn names(&self, folder: &str) -> Vec<String> {
        let contents = self.0.lock().unwrap();
        contents.files.keys().filter(|(of, _)| of == folder).map(|(_, name)| name.clone()).collect()
    }

    fn set(&self, folder: &str, name: &str, bytes: &[u8]) {
        self.0.lock().unwrap().files.insert((folder.to_string(), name.to_string()), bytes.to_vec());
    }

    fn fail_after(&self, good_writes: Option<u32>) {
        self.0.lock().unwrap().good_writes = good_writes;
    }

    /// Whether the next write fails.
    fn fails(&self) -> bool {
        let good_writes = &mut self.0.lock().unwrap().good_writes;
        match good_writes {
            Some(0) => true,
            Some(left) => {
                *left -= 1;
                false
            }
            None => false,
        }
    }
}

impl Shelf for Stick {
    fn put(&mut self, folder: &str, name: &str, bytes: &[u8]) -> Result<(), ShelfError> {
        if self.fails() {
            return Err(ShelfError::Full);
        }
        self.set(folder, name, bytes);
        Ok(())
    }

    /// Fails the way a full stick does: half of it is there.
    fn append(&mut self, folder: &str, name: &str, bytes: &[u8]) -> Result<(), ShelfError> {
        let fails = self.fails();
        let mut file = self.file(folder, name).unwrap_or_default();
        file.extend_from_slice(if fails { &bytes[..bytes.len() / 2] } else { bytes });
        self.set(folder, name, &file);
        if fails { Err(ShelfError::Full) } else { Ok(()) }
    }

    fn read(&mut self, folder: &str, name: &str) -> Result<Option<Vec<u8>>, ShelfError> {
        Ok(self.file(folder, name))
    }

    fn list(&mut self, folder: &str) -> Result<Vec<String>, ShelfError> {
        Ok(self.names(folder))
    }
}

/// A clerk and what it tells.
fn clerk(journal: &str) -> (Clerk, Receiver<Event>) {
    let (tell, told) = mpsc::channel();
    (Clerk::new(journal.into(), Box::new(move |event| drop(tell.send(event))), Box::new(|| 1_800_000_100)), told)
}

/// A job that was opened and no more.
fn job(number: u8) -> Job {
    let drive = Identity {
        vendor: None,
        model: "ST4000NM0035".into(),
        serial: Some(Serial { text: format!("ZC1A0B{number:02}"), source: SerialSource::AtaIdentify }),
        wwn: None,
        firmware: None,
        capacity: Bytes(1 << 20),
        logical_block: BlockSize::B512,
        physical_block: BlockSize::B4096,
        transport: Transport::Ata,
        medium: Medium::Magnetic,
        link: None,
        simulated: false,
    };
    let capabilities =
        Capabilities { techniques: vec![(Technique::Overwrite, Support::Present)], ..Capabilities::default() };
    let plan = plan(&drive, &capabilities, &Policy::default()).unwrap();
    let consent = Consent::typed(&drive, &format!("0B{number:02}")).unwrap();
    let setting = Setting { clock: Clock { unix_s: 1_800_000_000, ..Clock::default() }, ..Setting::default() };
    let drawn = Drawn { key: Secret([1; 32]), seed: Secret([2; 32]), stream: Stream::ChaCha20, withheld: None };
    let mut job = Job::new(JobId([number; 16]), plan, consent, setting, drawn).unwrap();
    job.hear(1, Heard::Ready);
    job.hear(2, Heard::Opened(drive));
    job
}

/// Its evidence after the operator stopped it.
fn stopped(number: u8) -> Evidence {
    let mut job = job(number);
    job.hear(3, Heard::Stopped);
    job.into_evidence()
}

fn started() -> Record {
    Record::Started { tool: Tool::default(), machine: Machine::default(), unix_s: 1_800_000_000 }
}

/// What must be true of a stick once everything was taken: whole files, a whole chain, a whole journal.
fn check(stick: &Stick, journal: &str, certificates: usize) {
    let names = stick.names(CERTIFICATES);
    for extension in ["cose", "evidence.json", "json", "pdf"] {
        assert_eq!(names.iter().filter(|name| name.ends_with(&format!("0.{extension}"))).count(), 0);
    }
    assert_eq!(names.len(), 4 * certificates, "{names:?}");
    let logs = stick.names(LOGS);
    let chain = stick.file(LOGS, &logs[0]).unwrap();
    let chain: Vec<Certificate> = sequence::certificates(&chain).collect::<Result<_, _>>().unwrap();
    assert_eq!(chain.len(), certificates);
    for (certificate, seq) in chain.iter().zip(1..) {
        assert!(certificate.verify(None).holds());
        assert_eq!(certificate.claims().statement.link.seq, seq);
        let file = stick.file(CERTIFICATES, &format!("{}.cose", certificate.file_stem())).unwrap();
        assert_eq!(file, certificate.bytes());
    }
    let journal = Journal::parse(&stick.file(JOURNAL, journal).unwrap()).unwrap();
    let filed = journal.records.iter().filter(|record| matches!(record, Record::Filed { .. })).count();
    assert_eq!((journal.cut_short, filed), (false, certificates));
}

#[test]
fn without_a_stick_everything_waits_in_memory_and_goes_to_the_first_one() {
    let (mut clerk, told) = clerk("1.jsonl");
    clerk.note(&started());
    clerk.carry_out([Order::Certify(DriveId(7), Box::new(stopped(1)))]);
    assert_eq!(clerk.waiting(), 1);
    let in_memory = |event: &Event| matches!(event, Event::Certified { drive: DriveId(7), filed: Filed::InMemory { why }, .. } if why.contains("Plug one in"));
    assert!(told.try_iter().any(|event| in_memory(&event)));

    let stick = Stick::default();
    clerk.carry_out([Order::Shelf(Some(Box::new(stick.clone())))]);
    assert_eq!(clerk.waiting(), 0);
    let on_stick =
        |event: &Event| matches!(event, Event::Certified { drive: DriveId(7), filed: Filed::OnStick { .. }, .. });
    assert!(told.try_iter().any(|event| on_stick(&event)));
    // Signed before there was a stick, with a key of the run; the stick has a key of its own from now on.
    assert!(stick.file("keys", "stick.key").is_some());
    check(&stick, "1.jsonl", 1);
}

#[test]
fn a_stick_that_fails_at_any_write_holds_everything_once_it_works_again() {
    for good_writes in 0..24 {
        let (mut clerk, told) = clerk("1.jsonl");
        let stick = Stick::default();
        clerk.carry_out([Order::Shelf(Some(Box::new(stick.clone())))]);
        stick.fail_after(Some(good_writes));
        for number in 1..=3 {
            clerk.note(&started());
            clerk.carry_out([Order::Certify(DriveId(0), Box::new(stopped(number)))]);
        }
        let events: Vec<Event> = told.try_iter().collect();
        let failing = |event: &Event| matches!(event, Event::Stick(purgeproof_core::event::Stick::Failing { .. }));
        assert!(clerk.waiting() == 0 || events.iter().any(failing), "after {good_writes}");
        let on_stick = |event: &&Event| matches!(event, Event::Certified { filed: Filed::OnStick { .. }, .. });
        assert_eq!(events.iter().filter(on_stick).count(), 3 - clerk.waiting(), "after {good_writes}");
        stick.fail_after(None);
        clerk.carry_out([Order::Retry]);
        assert_eq!(clerk.waiting(), 0, "after {good_writes}");
        check(&stick, "1.jsonl", 3);
    }
}

#[test]
fn records_that_wait_together_cost_one_write_and_come_before_what_was_ordered_later() {
    let stick = Stick::default();
    let (mut clerk, _told) = clerk("1.jsonl");
    clerk.carry_out([Order::Shelf(Some(Box::new(stick.clone())))]);
    stick.fail_after(Some(1));
    let (done, safe) = mpsc::sync_channel(3);
    let of_job = |number| Order::Record(vec![Record::Job(Box::new(job(number).into_evidence()))], done.clone());
    clerk.carry_out([of_job(1), of_job(2), of_job(3), Order::Certify(DriveId(0), Box::new(stopped(1)))]);
    assert_eq!(safe.try_iter().count(), 3);
    let journal = Journal::parse(&stick.file(JOURNAL, "1.jsonl").unwrap()).unwrap();
    assert_eq!(journal.records.len(), 3);
    assert_eq!(clerk.waiting(), 1, "the second write failed: that of the certificate");
}

#[test]
fn a_job_that_an_earlier_run_left_is_certified_once() {
    let stick = Stick::default();
    let mut writer = Writer::default();
    let evidence = job(5).into_evidence();
    let facts = evidence.facts().to_vec();
    let mut bare: Evidence = job(5).into_evidence();
    bare = Evidence::new(bare.job, bare.setting, bare.plan, bare.consent, bare.drawn);
    let mut lines = writer.line(&Record::Job(Box::new(bare))).unwrap();
    for entry in facts {
        lines += &writer.line(&Record::Fact { job: evidence.job, entry }).unwrap();
    }
    // The power was cut in the middle of a line.
    lines += "{\"n\":3,\"prev\":\"";
    stick.set(JOURNAL, "0.jsonl", lines.as_bytes());

    for run in ["1.jsonl", "2.jsonl"] {
        let (mut clerk, told) = clerk(run);
        clerk.carry_out([Order::Shelf(Some(Box::new(stick.clone())))]);
        let said = told.try_iter().any(|event| matches!(event, Event::Notice(words) if words.contains("ZC1A0B05")));
        assert_eq!(said, run == "1.jsonl");
    }
    check(&stick, "1.jsonl", 1);
    let name = stick.names(CERTIFICATES).into_iter().find(|name| name.ends_with(COSE)).unwrap();
    let certificate = Certificate::parse(&stick.file(CERTIFICATES, &name).unwrap()).unwrap();
    assert!(!certificate.claims().statement.outcome.0.is_good());
    let bundle = stick.file(CERTIFICATES, &name.replace(".cose", ".evidence.json")).unwrap();
    assert!(certificate.evidence_matches(&bundle).is_ok());
}

#[test]
fn a_job_that_can_go_on_is_handed_over_once_and_certified_only_if_it_does_not() {
    let stick = Stick::default();
    let mut begun = job(5);
    begun.hear(3, Heard::Prepared(Prepared::default()));
    begun.hear(3, Heard::Surveyed(When::Before, Survey::default()));
    let mut writer = Writer::default();
    let mut lines = writer.line(&Record::Job(Box::new(begun.evidence().clone()))).unwrap();
    lines += &writer.line(&Record::Checkpoint { job: JobId([5; 16]), at_ms: 4, below: Lba(99) }).unwrap();
    stick.set(JOURNAL, "0.jsonl", lines.as_bytes());

    let (mut clerk, told) = clerk("1.jsonl");
    clerk.carry_out([Order::Shelf(Some(Box::new(stick.clone())))]);
    let [interrupted] = clerk.interrupted().take().try_into().unwrap();
    let known = interrupted.evidence().facts().last().map(|entry| entry.fact.clone());
    assert_eq!(known, Some(Fact::Checkpoint { below: Lba(99) }));
    // The stick was away and came back.
    clerk.carry_out([Order::Shelf(None), Order::Shelf(Some(Box::new(stick.clone())))]);
    assert_eq!((clerk.interrupted().take().len(), stick.names(CERTIFICATES).len()), (0, 0));
    assert!(!told.try_iter().any(|event| matches!(event, Event::Notice(words) if words.contains("ZC1A0B05"))));

    // Another start asks again; what does not go on is certified.
    let (mut next, _told) = self::clerk("2.jsonl");
    next.carry_out([Order::Shelf(Some(Box::new(stick.clone())))]);
    let [interrupted] = next.interrupted().take().try_into().unwrap();
    next.carry_out([Order::Recover(Box::new(interrupted.into_evidence()))]);
    check(&stick, "2.jsonl", 1);
}

#[test]
fn a_certificate_that_is_there_is_not_made_again_because_the_journal_lacks_a_line() {
    let stick = Stick::default();
    let (mut first, _told) = clerk("1.jsonl");
    first.carry_out([Order::Shelf(Some(Box::new(stick.clone())))]);
    first.note(&Record::Job(Box::new(stopped(1))));
    first.carry_out([Order::Certify(DriveId(0), Box::new(stopped(1)))]);
    let journal = String::from_utf8(stick.file(JOURNAL, "1.jsonl").unwrap()).unwrap();
    let lacking: String = journal.split_inclusive('\n').filter(|line| !line.contains("filed")).collect();
    stick.set(JOURNAL, "1.jsonl", lacking.as_bytes());

    let (mut second, _told) = clerk("2.jsonl");
    second.carry_out([Order::Shelf(Some(Box::new(stick.clone())))]);
    check(&stick, "2.jsonl", 1);
}

#[test]
fn damage_on_the_stick_is_said_and_left_as_it_is() {
    let stick = Stick::default();
    stick.set(JOURNAL, "0.jsonl", b"{}\n{}\n");
    stick.set("keys", "stick.key", b"no key");
    let (mut clerk, told) = clerk("1.jsonl");
    clerk.carry_out([Order::Shelf(Some(Box::new(stick.clone())))]);
    let said: Vec<String> =
        told.try_iter().filter_map(|event| if let Event::Notice(words) = event { Some(words) } else { None }).collect();
    assert!(said.iter().any(|words| words.contains("keys/stick.key cannot be used")), "{said:?}");
    assert!(said.iter().any(|words| words.contains("0.jsonl: line 1")), "{said:?}");
    clerk.note(&started());
    clerk.carry_out([Order::Certify(DriveId(0), Box::new(stopped(1)))]);
    assert_eq!(clerk.waiting(), 0);
    assert_eq!(stick.file("keys", "stick.key").unwrap(), b"no key");
    assert_eq!(stick.file(JOURNAL, "0.jsonl").unwrap(), b"{}\n{}\n");
}

#[test]
fn views_that_a_power_cut_kept_from_a_certificate_are_made_at_the_next_start() {
    let stick = Stick::default();
    let (mut first, _told) = clerk("1.jsonl");
    first.carry_out([Order::Shelf(Some(Box::new(stick.clone())))]);
    first.note(&started());
    first.carry_out([Order::Certify(DriveId(0), Box::new(stopped(1)))]);
    let cose = stick.names(CERTIFICATES).into_iter().find(|name| name.ends_with(COSE)).unwrap();
    let pdf = cose.replace(COSE, ".pdf");
    let whole = stick.file(CERTIFICATES, &pdf).unwrap();
    stick.0.lock().unwrap().files.remove(&(CERTIFICATES.to_string(), pdf.clone()));

    let (mut second, _told) = clerk("2.jsonl");
    second.carry_out([Order::Shelf(Some(Box::new(stick.clone())))]);
    assert_eq!(stick.file(CERTIFICATES, &pdf).unwrap(), whole);
}

/// A job whose drive left while it was overwritten, begun so many seconds after the others.
fn gone(number: u8, later_s: u64) -> Evidence {
    let mut job = job(5);
    job.hear(3, Heard::Prepared(Prepared::default()));
    job.hear(3, Heard::Surveyed(When::Before, Survey::default()));
    job.hear(
        9,
        Heard::PassEnded(Report { covered: Blocks(150), wanted: Blocks(2048), gone: true, ..Report::default() }),
    );
    let mut evidence = job.into_evidence();
    evidence.job = JobId([number; 16]);
    evidence.setting.clock.unix_s += later_s;
    evidence
}

/// What a run that found this stick was handed over.
fn handed_over(journal: &str, stick: &Stick) -> Vec<Interrupted> {
    let (mut clerk, _told) = clerk(journal);
    clerk.carry_out([Order::Shelf(Some(Box::new(stick.clone())))]);
    clerk.interrupted().take()
}

#[test]
fn a_job_whose_drive_left_is_certified_and_handed_over_in_this_run_and_the_next() {
    let stick = Stick::default();
    let (mut clerk, _told) = clerk("1.jsonl");
    clerk.carry_out([Order::Shelf(Some(Box::new(stick.clone())))]);
    let ended = gone(5, 0);
    let (facts, last) = ended.facts().split_at(ended.facts().len() - 1);
    let mut before =
        Evidence::new(ended.job, ended.setting.clone(), ended.plan.clone(), ended.consent.clone(), ended.drawn);
    for entry in facts {
        before.add(entry.at_ms, entry.fact.clone());
    }
    clerk.note(&Record::Job(Box::new(before)));
    clerk.note(&Record::Checkpoint { job: ended.job, at_ms: 4, below: Lba(99) });
    clerk.note(&Record::Fact { job: ended.job, entry: last[0].clone() });
    clerk.carry_out([Order::Certify(DriveId(0), Box::new(ended.clone()))]);
    let [interrupted] = clerk.interrupted().take().try_into().unwrap();
    assert!(interrupted.is_certified());
    // The checkpoint is the journal's alone.
    let checkpoint = Fact::Checkpoint { below: Lba(99) };
    assert!(interrupted.evidence().facts().iter().any(|entry| entry.fact == checkpoint));
    // The stick was away and came back: it is handed over once.
    clerk.carry_out([Order::Shelf(None), Order::Shelf(Some(Box::new(stick.clone())))]);
    assert_eq!((clerk.interrupted().take().len(), stick.names(CERTIFICATES).len()), (0, 4));

    let [again] = handed_over("2.jsonl", &stick).try_into().unwrap();
    assert!(again.is_certified() && again.evidence() == interrupted.evidence());
    check(&stick, "1.jsonl", 1);
}

#[test]
fn a_job_that_went_on_or_was_followed_by_another_is_not_handed_over_again() {
    let first = gone(5, 0);
    let consent = Consent::typed(&first.plan.drive, "0B05").unwrap();
    let fresh = JobId([6; 16]);
    let went_on = Interrupted::of(&first).unwrap().certified();
    let went_on = Job::resume(went_on, consent, Setting::default(), fresh).unwrap().into_evidence();
    let filed = |job: JobId| Record::Filed { job, name: "a.cose".into() };
    let of = |evidence: &Evidence| Record::Job(Box::new(evidence.clone()));
    let later = gone(7, 60);
    let cases: [(&str, Vec<Record>, Vec<JobId>); 4] = [
        ("filed", vec![of(&first), filed(first.job)], vec![first.job]),
        ("went on", vec![of(&first), filed(first.job), of(&went_on)], vec![fresh]),
        ("another", vec![of(&first), filed(first.job), of(&later), filed(later.job)], vec![later.job]),
        ("before", vec![of(&later), filed(later.job), of(&first), filed(first.job)], vec![later.job]),
    ];
    for (what, records, wanted) in cases {
        let (stick, mut writer) = (Stick::default(), Writer::default());
        let journal: String = records.iter().map(|record| writer.line(record).unwrap()).collect();
        stick.set(JOURNAL, "0.jsonl", journal.as_bytes());
        let jobs: Vec<JobId> = handed_over("1.jsonl", &stick).iter().map(|job| job.evidence().job).collect();
        assert_eq!(jobs, wanted, "{what}");
    }
}

/// The same, of a job with a number.
fn of_job(number: u8, job: &str) -> Evidence {
    let mut evidence = stopped(number);
    evidence.setting.record.job = job.into();
    evidence
}

#[test]
fn a_quiet_moment_brings_the_lists_and_never_before_the_certificates() {
    let (mut clerk, told) = clerk("1.jsonl");
    clerk.carry_out([Order::Certify(DriveId(0), Box::new(of_job(1, "LOT/7")))]);
    assert!(!clerk.owes_lists(), "there is no stick");
    let stick = Stick::default();
    clerk.carry_out([Order::Paper(policy::Paper::Letter), Order::Shelf(Some(Box::new(stick.clone())))]);
    assert!(clerk.owes_lists() && stick.names("summaries").is_empty());
    clerk.list();
    assert!(!clerk.owes_lists());
    let job = stick.file("summaries", "job-LOT-7.csv").unwrap();
    assert_eq!(String::from_utf8(job).unwrap().lines().count(), 2);
    // Another run of the same job: the job's list has both, the run's only its own.
    let (mut next, _) = self::clerk("2.jsonl");
    next.carry_out([Order::Shelf(Some(Box::new(stick.clone())))]);
    next.carry_out([Order::Certify(DriveId(0), Box::new(of_job(2, "LOT/7")))]);
    next.carry_out([Order::Certify(DriveId(0), Box::new(of_job(3, "another")))]);
    next.carry_out([Order::Certify(DriveId(0), Box::new(of_job(4, "LOT/7")))]);
    let (done, over) = mpsc::sync_channel(1);
    next.carry_out([Order::Finish(done)]);
    assert!(over.try_recv().is_ok());
    let lines = |name: &str| String::from_utf8(stick.file("summaries", name).unwrap()).unwrap().lines().count();
    assert_eq!(lines("job-LOT-7.csv"), 4, "without the one of another job");
    let machines: Vec<String> = stick
        .names("summaries")
        .into_iter()
        .filter(|name| name.starts_with("machine-") && name.ends_with("csv"))
        .collect();
    assert_eq!(machines.iter().map(|name| lines(name)).sum::<usize>(), (1 + 1) + (1 + 3));

    // A stick that takes no list has its certificates all the same.
    clerk.carry_out([Order::Certify(DriveId(0), Box::new(of_job(5, "LOT/7")))]);
    stick.fail_after(Some(0));
    clerk.list();
    let said = |event: &Event| matches!(event, Event::Notice(words) if words.contains("The certificates are whole"));
    assert_eq!((clerk.waiting(), told.try_iter().filter(said).count()), (0, 1));
    assert!(!clerk.owes_lists(), "it is not tried again before there is another certificate");
}

#[test]
fn a_logo_that_cannot_be_used_is_left_out_with_a_word() {
    let (mut clerk, told) = clerk("1.jsonl");
    let stick = Stick::default();
    stick.set("", "logo.png", b"GIF89a");
    clerk.carry_out([Order::Shelf(Some(Box::new(stick.clone())))]);
    clerk.carry_out([Order::Certify(DriveId(0), Box::new(stopped(1)))]);
    let said =
        |event: &Event| matches!(event, Event::Notice(words) if words.contains("logo.png is left out: It is no PNG"));
    assert!(told.try_iter().any(|event| said(&event)));
    check(&stick, "1.jsonl", 1);
    let pdf =
        stick.names(CERTIFICATES).into_iter().find(|name| Path::new(name).extension() == Some("pdf".as_ref())).unwrap();
    let pdf = stick.file(CERTIFICATES, &pdf).unwrap();
    let certificate = Certificate::read_any(&pdf).unwrap();
    let same = Pages::Same { logo: false, signed: false };
    assert_eq!(certificate.compare_pages(&pdf, Some(&stopped(1))), Ok(same));
}
