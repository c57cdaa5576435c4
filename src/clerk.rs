//! The one who writes to the stick. Order matters here: the journal before everything, the signed certificate before its views.

use std::collections::{BTreeSet, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::SyncSender;

use purgeproof_certificate::{Certificate, Logo, Print, evidence_bundle};
use purgeproof_core::event::{DriveId, Event, Filed, Stick};
use purgeproof_core::evidence::{Evidence, Fact, JobId};
use purgeproof_core::job::resume::Interrupted;
use purgeproof_core::policy;
use purgeproof_drive::layout::CERTIFICATES;
use purgeproof_drive::shelf::{Shelf, ShelfError};
use purgeproof_engine::journal::{Jobs, Journal, Record, Writer};

use crate::filing::{AnyShelf, HandedOver, Order};
use crate::lists::Lists;
use crate::signer::Signer;

/// Where a logo lies.
const LOGO: (&str, &str) = ("", "logo.png");
const JOURNAL: &str = "journal";
/// How the name of a certificate ends, as this program writes it.
const COSE: &str = ".cose";

#[path = "paper.rs"]
mod paper;

use paper::{Paper, Step};

/// Does what [`crate::filing::Filing`] is asked to.
pub(crate) struct Clerk {
    shelf: Option<AnyShelf>,
    signer: Signer,
    journal: JournalFile,
    /// Certificates that are not on the stick, oldest first.
    papers: VecDeque<Paper>,
    /// Jobs that could go on, for whoever decides about that.
    interrupted: HandedOver,
    /// All that were ever handed over.
    handed_over: BTreeSet<JobId>,
    tell: Box<dyn Fn(Event) + Send>,
    now_unix_s: Box<dyn Fn() -> u64 + Send>,
    told: Option<Stick>,
    /// What certificates are printed on.
    paper: policy::Paper,
    /// The logo of the stick, if it has one.
    logo: Option<Logo>,
    /// The lists of this run's certificates.
    lists: Lists,
}

/// This run's journal: whole in memory, and as far on the stick as that would take it.
struct JournalFile {
    name: String,
    writer: Writer,
    text: String,
    /// How many bytes are known to be on the stick; `None` when that has to be looked up.
    filed: Option<usize>,
}

impl Clerk {
    pub(crate) fn new(
        journal: String,
        tell: Box<dyn Fn(Event) + Send>,
        now_unix_s: Box<dyn Fn() -> u64 + Send>,
    ) -> Self {
        let journal = JournalFile { name: journal, writer: Writer::default(), text: String::new(), filed: None };
        Self {
            shelf: None,
            signer: Signer::default(),
            journal,
            papers: VecDeque::new(),
            interrupted: HandedOver::default(),
            handed_over: BTreeSet::new(),
            tell,
            now_unix_s,
            told: None,
            paper: policy::Paper::default(),
            logo: None,
            lists: Lists::default(),
        }
    }

    /// Carries out orders one after the other. Records that follow upon each other go to the stick together: what costs is the sync.
    pub(crate) fn carry_out(&mut self, orders: impl IntoIterator<Item = Order>) {
        let mut noted = Vec::new();
        for order in orders {
            if !matches!(order, Order::Record(..)) {
                self.deliver_noted(&mut noted);
            }
            match order {
                Order::Record(records, done) => {
                    for record in &records {
                        self.note(record);
                    }
                    noted.push(done);
                }
                Order::Certify(drive, evidence) => {
                    if self.certify(Some(drive), &evidence) {
                        self.await_return(&evidence);
                    }
                    self.deliver();
                }
                Order::Recover(evidence) => {
                    self.recover(*evidence);
                    self.deliver();
                }
                Order::Shelf(shelf) => self.change(shelf),
                Order::Paper(paper) => self.paper = paper,
                Order::ForgetKey(done) => {
                    self.signer.forget();
                    let _ = done.send(());
                }
                Order::FetchKey => self.fetch_key(),
                Order::Retry => self.deliver(),
                Order::Finish(done) => {
                    self.deliver();
                    self.list();
                    let _ = done.send(());
                }
            }
        }
        self.deliver_noted(&mut noted);
    }

    /// Brings what was noted to the stick, and tells those who wait for it.
    fn deliver_noted(&mut self, noted: &mut Vec<SyncSender<()>>) {
        if !noted.is_empty() {
            let _ = self.deliver_journal();
        }
        for done in noted.drain(..) {
            // Whoever does not wait for it has hung up.
            let _ = done.send(());
        }
    }

    /// How many certificates are only in memory.
    pub(crate) fn waiting(&self) -> usize {
        self.papers.len()
    }

    /// Where it puts the jobs that could go on.
    pub(crate) fn interrupted(&self) -> HandedOver {
        self.interrupted.clone()
    }

    /// Whether a list lacks a certificate that is on the stick.
    pub(crate) fn owes_lists(&self) -> bool {
        self.shelf.is_some() && self.papers.is_empty() && self.lists.are_owed()
    }

    /// Brings the lists on the stick up to date. They are made of certificates that are there already; one that cannot be made costs
    /// nothing else.
    pub(crate) fn list(&mut self) {
        if !self.owes_lists() {
            return;
        }
        let (Some(shelf), lists, paper) = (&mut self.shelf, &mut self.lists, self.paper) else { return };
        let made = catch_unwind(AssertUnwindSafe(|| lists.deliver(shelf.as_mut(), paper)));
        if let Ok(Err(why)) = made {
            self.tell(Event::Notice(format!(
                "The lists of certificates are not up to date: {why}. The certificates are whole."
            )));
        }
    }

    fn tell(&self, event: Event) {
        (self.tell)(event);
    }

    /// Another stick, or none.
    fn change(&mut self, shelf: Option<AnyShelf>) {
        self.shelf = shelf;
        self.journal.filed = None;
        for paper in &mut self.papers {
            paper.step = Step::Certificate;
        }
        let Some(shelf) = &mut self.shelf else {
            self.stick(Stick::Absent);
            return;
        };
        self.logo = match shelf.read(LOGO.0, LOGO.1).ok().flatten().map(|file| Logo::read(&file)) {
            None => None,
            Some(Ok(logo)) => Some(logo),
            Some(Err(error)) => {
                self.tell(Event::Notice(format!("The logo {} is left out: {error}.", LOGO.1)));
                None
            }
        };
        let Some(shelf) = &mut self.shelf else { return };
        if let Err(trouble) = self.signer.adopt(shelf.as_mut(), (self.now_unix_s)()) {
            self.tell(Event::Notice(format!("Signing key: {trouble}.")));
        }
        if let Some(whose) = self.signer.organisation() {
            self.tell(Event::Notice(format!("{whose}.")));
        }
        self.finish_earlier_jobs();
        self.deliver();
        self.complete_views();
    }

    /// Jobs in the stick's journals that have no certificate: the machine died, or the stick was gone. Each that cannot go on gets one now,
    /// from what is known about it. Those that have one and could go on, because their drive had left, are handed over as well.
    fn finish_earlier_jobs(&mut self) {
        let Some(shelf) = &mut self.shelf else { return };
        let names = shelf.list(JOURNAL).unwrap_or_default();
        let (mut journals, mut troubles) = (Vec::new(), Vec::new());
        for name in names.into_iter().filter(|name| *name != self.journal.name) {
            match shelf.read(JOURNAL, &name) {
                Ok(file) => match Journal::parse(&file.unwrap_or_default()) {
                    Ok(journal) => journals.push(journal),
                    Err(damage) => troubles.push(format!("Journal {name}: {damage}.")),
                },
                Err(error) => troubles.push(format!("Journal {name}: {error}.")),
            }
        }
        // What this run has filed counts as filed: the stick may have been away in between.
        journals.extend(Journal::parse(self.journal.text.as_bytes()));
        let on_their_way: Vec<JobId> = self.papers.iter().map(|paper| paper.job).collect();
        let current = self.journal.jobs();
        for trouble in troubles {
            self.tell(Event::Notice(trouble));
        }
        let jobs = Jobs::of(&journals);
        for evidence in jobs.unfiled() {
            let job = evidence.job;
            if on_their_way.contains(&job) || current.contains(&job) || self.handed_over.contains(&job) {
                continue;
            }
            // The power may have been cut between the certificate and the line that says so: a second one would look like a forgery.
            if let Some(name) = self.certificate_of(evidence.job) {
                self.note(&Record::Filed { job: evidence.job, name });
                continue;
            }
            match Interrupted::of(evidence).filter(|_| !jobs.is_superseded(job)) {
                Some(interrupted) => self.hand_over(interrupted),
                None => self.recover(evidence.clone()),
            }
        }
        for evidence in jobs.last_filed().filter(|evidence| !current.contains(&evidence.job)) {
            if let Some(interrupted) = Interrupted::of(evidence) {
                self.hand_over(interrupted.certified());
            }
        }
    }

    /// To whoever decides whether it goes on, once.
    fn hand_over(&mut self, interrupted: Interrupted) {
        if self.handed_over.insert(interrupted.evidence().job) {
            self.interrupted.put(interrupted);
        }
    }

    /// A job that has just been certified because its drive had left goes on when that comes back. How far it was written for good, only
    /// the journal knows.
    fn await_return(&mut self, ended: &Evidence) {
        if Interrupted::of(ended).is_none() {
            return;
        }
        let journal = Journal::parse(self.journal.text.as_bytes()).unwrap_or_default();
        let jobs = Jobs::of([&journal]);
        if let Some(interrupted) = Interrupted::of(jobs.known(ended.job).unwrap_or(ended)) {
            self.hand_over(interrupted.certified());
        }
    }

    /// Certifies a job of an earlier run as the journal has it.
    fn recover(&mut self, mut evidence: Evidence) {
        let (drive, outcome) = (evidence.plan.drive.handle(), evidence.verdict().outcome);
        self.tell(Event::Notice(format!(
            "An earlier run left drive {drive} without a certificate. It is certified now from the journal: {outcome}."
        )));
        let last_ms = evidence.runs().last().map_or(0, |run| run.end_ms());
        evidence.add(last_ms, Fact::Recovered);
        self.certify(None, &evidence);
    }

    /// The name of the certificate that the stick holds about this job.
    fn certificate_of(&mut self, job: JobId) -> Option<String> {
        let shelf = self.shelf.as_mut()?;
        shelf.list(CERTIFICATES).ok()?.into_iter().find(|name| {
            let file = name.ends_with(COSE).then(|| shelf.read(CERTIFICATES, name).ok().flatten()).flatten();
            file.and_then(|bytes| Certificate::parse(&bytes).ok())
                .is_some_and(|certificate| certificate.claims().id == job)
        })
    }

    /// Takes over the stick's key again after it was let go of.
    fn fetch_key(&mut self) {
        if let (Some(shelf), false) = (&mut self.shelf, self.signer.has_key())
            && let Err(trouble) = self.signer.adopt(shelf.as_mut(), (self.now_unix_s)())
        {
            self.tell(Event::Notice(format!("Signing key: {trouble}.")));
        }
    }

    /// Signs, and puts the certificate with its views on the way to the stick. Whether there is one.
    fn certify(&mut self, drive: Option<DriveId>, evidence: &Evidence) -> bool {
        self.fetch_key();
        let signed = match self.signer.sign(evidence, (self.now_unix_s)()) {
            Ok(signed) => signed,
            Err(error) => {
                let drive = evidence.plan.drive.handle();
                self.tell(Event::Notice(format!(
                    "No certificate for drive {drive}: {error}. The journal holds its evidence."
                )));
                return false;
            }
        };
        let certificate = signed.certificate;
        let mut others = Vec::new();
        match evidence_bundle(evidence) {
            Ok(bundle) => others.push(("evidence.json", bundle)),
            Err(error) => self.tell(Event::Notice(format!("The evidence is no JSON: {error}."))),
        }
        others.extend(self.views(&certificate, Some(evidence)));
        let paper = Paper {
            drive,
            job: evidence.job,
            stem: certificate.file_stem(),
            qr: certificate.qr_text(),
            cose: certificate.bytes().to_vec(),
            log: signed.log,
            others,
            step: Step::Certificate,
        };
        self.papers.push_back(paper);
        self.lists.add(certificate);
        true
    }

    /// The views of a certificate. One that cannot be made is missing, and must not cost the certificate itself.
    /// With the evidence at hand, the PDF has the commands for the auditor as well.
    fn views(&self, certificate: &Certificate, evidence: Option<&Evidence>) -> Vec<(&'static str, Vec<u8>)> {
        let mut views = vec![("json", certificate.json().into_bytes())];
        let print = Print { paper: self.paper, logo: self.logo.as_ref(), evidence };
        let pdf = || certificate.print(&print);
        match catch_unwind(AssertUnwindSafe(pdf)) {
            Ok(Ok(pdf)) => views.push(("pdf", pdf)),
            Ok(Err(error)) => {
                self.tell(Event::Notice(format!("The PDF could not be made: {error}. The certificate is whole.")));
            }
            Err(_) => self.tell(Event::Notice(
                "The PDF could not be made (a fault of PurgeProof). The certificate is whole.".into(),
            )),
        }
        views
    }

    /// Makes the views that a power cut kept from a certificate of the stick.
    fn complete_views(&mut self) {
        let Some(shelf) = &mut self.shelf else { return };
        let names = shelf.list(CERTIFICATES).unwrap_or_default();
        let lacking: Vec<String> = names
            .iter()
            .filter_map(|name| name.strip_suffix(COSE))
            .filter(|stem| !names.contains(&format!("{stem}.pdf")))
            .map(ToString::to_string)
            .collect();
        for stem in lacking {
            let file =
                self.shelf.as_mut().and_then(|shelf| shelf.read(CERTIFICATES, &format!("{stem}.cose")).ok().flatten());
            let Some(Ok(certificate)) = file.map(|bytes| Certificate::parse(&bytes)) else { continue };
            let evidence = self.evidence_of(&stem);
            for (extension, bytes) in self.views(&certificate, evidence.as_ref()) {
                if let Some(shelf) = &mut self.shelf {
                    // Not taken now, it is made again at the next start.
                    let _ = shelf.put(CERTIFICATES, &format!("{stem}.{extension}"), &bytes);
                }
            }
        }
    }

    /// The evidence that lies beside a certificate, if it is still there.
    fn evidence_of(&mut self, stem: &str) -> Option<Evidence> {
        let file = self.shelf.as_mut()?.read(CERTIFICATES, &format!("{stem}.evidence.json")).ok()??;
        serde_json::from_slice(&file).ok()
    }

    /// One more line for the journal.
    fn note(&mut self, record: &Record) {
        match self.journal.writer.line(record) {
            Ok(line) => self.journal.text.push_str(&line),
            Err(error) => self.tell(Event::Notice(format!("The journal lacks a record that is no JSON: {error}."))),
        }
    }

    /// Everything that waits, in order, as far as the stick takes it.
    fn deliver(&mut self) {
        let result = self.deliver_journal().and_then(|()| self.deliver_papers());
        if let (Err(error), true) = (&result, self.shelf.is_some()) {
            self.stick(Stick::Failing { why: error.to_string() });
        } else if self.shelf.is_some() {
            let key = self.signer.fingerprint().unwrap_or_default();
            self.stick(Stick::Ready { key });
        }
        for paper in &self.papers {
            let why = match &result {
                Err(error) => error.to_string(),
                Ok(()) => ShelfError::Absent.to_string(),
            };
            if let Some(drive) = paper.drive {
                self.tell(Event::Certified { drive, filed: Filed::InMemory { why }, qr: paper.qr.clone() });
            }
        }
        self.tell(Event::Waiting(self.papers.len()));
    }

    fn stick(&mut self, stick: Stick) {
        if self.told.as_ref() != Some(&stick) {
            self.told = Some(stick.clone());
            self.tell(Event::Stick(stick));
        }
    }

    fn deliver_journal(&mut self) -> Result<(), ShelfError> {
        match &mut self.shelf {
            Some(shelf) => self.journal.deliver(shelf.as_mut()),
            None => Ok(()),
        }
    }

    fn deliver_papers(&mut self) -> Result<(), ShelfError> {
        while let (Some(shelf), Some(paper)) = (&mut self.shelf, self.papers.front_mut()) {
            paper.deliver(shelf.as_mut())?;
            let Some(paper) = self.papers.pop_front() else { break };
            let name = format!("{}.cose", paper.stem);
            if let Some(drive) = paper.drive {
                self.tell(Event::Certified { drive, filed: Filed::OnStick { name: name.clone() }, qr: paper.qr });
            }
            self.note(&Record::Filed { job: paper.job, name });
            self.deliver_journal()?;
        }
        Ok(())
    }
}

impl JournalFile {
    /// Brings the stick's file up to date.
    fn deliver(&mut self, shelf: &mut dyn Shelf) -> Result<(), ShelfError> {
        let filed = match self.filed.take() {
            Some(filed) => filed,
            None => self.look_up(shelf)?,
        };
        let rest = self.text.get(filed..).unwrap_or_default();
        if !rest.is_empty() {
            shelf.append(JOURNAL, &self.name, rest.as_bytes())?;
        }
        self.filed = Some(self.text.len());
        Ok(())
    }

    /// How much of the file is on this stick. An append that failed may have left a part of it.
    fn look_up(&mut self, shelf: &mut dyn Shelf) -> Result<usize, ShelfError> {
        let there = shelf.read(JOURNAL, &self.name)?.unwrap_or_default();
        if self.text.as_bytes().starts_with(&there) {
            return Ok(there.len());
        }
        // The file is damaged: it is kept for whoever wants to know, and the journal begins anew beside it.
        self.name.insert_str(0, "again-");
        Ok(0)
    }

    /// The jobs that this run began itself.
    fn jobs(&self) -> Vec<JobId> {
        let journal = Journal::parse(self.text.as_bytes()).unwrap_or_default();
        let job = |record: &Record| match record {
            Record::Job(evidence) => Some(evidence.job),
            _ => None,
        };
        journal.records.iter().filter_map(job).collect()
    }
}

#[cfg(test)]
#[path = "clerk_tests.rs"]
mod tests;
