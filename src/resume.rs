//! Jobs that were left in the middle: each goes on with leave, waits for it while its drive is attached, or is filed as it is. One whose
//! drive had left is filed already, and waits for the drive.

use super::{Consent, DriveId, Engine, Floor, Interrupted, Job, Known, Offer, QUIET_MS, STICK_MS, World};
use crate::drawn;

impl<W: World> Floor<W> {
    /// Whether it is known which jobs the stick's journals have: before that, nothing is begun on a drive whose job could go on. A stick
    /// that takes too long is as good as none.
    pub(super) fn has_read_journals(&self, now: u64) -> bool {
        self.filing.has_caught_up() || now >= self.stick_ms + STICK_MS
    }

    /// Takes over what the journals have, and has filed what cannot go on here.
    pub(super) fn sort_interrupted(&mut self, now: u64) {
        let new = self.filing.take_interrupted();
        let is_news = !new.is_empty();
        for job in new.iter().filter(|job| job.is_certified()) {
            let drive = &job.evidence().plan.drive;
            if self.drives.iter().any(|known| known.found.identity.is_same_drive(drive)) {
                let (handle, percent) = (drive.handle(), job.percent());
                self.notice(format!(
                    "The erase of drive {handle} was cut off at {percent} %. With leave it goes on from there once the drive is attached."
                ));
            }
        }
        self.interrupted.extend(new);
        // Drives come one after the other.
        if now >= self.changed_ms + QUIET_MS && self.has_had_time(now) {
            let jobs = core::mem::take(&mut self.interrupted);
            let is_hopeless = |job: &Interrupted| !job.is_certified() && self.drive_of(job, &jobs).is_none();
            let is_hopeless: Vec<bool> = jobs.iter().map(is_hopeless).collect();
            for (job, is_hopeless) in jobs.into_iter().zip(is_hopeless) {
                if is_hopeless { self.filing.recover(job.into_evidence()) } else { self.interrupted.push(job) }
            }
        }
        if is_news {
            self.list();
        }
    }

    /// The drive on which a job can go on: the only one that answers as its drive did, not at work, and planned for now as it was then. A
    /// second job about the same drive leaves nobody knows which of them came last.
    fn drive_of(&self, job: &Interrupted, jobs: &[Interrupted]) -> Option<DriveId> {
        let about = jobs.iter().filter(|other| other.is_about(&job.evidence().plan.drive));
        let mut alike = self.drives.iter().filter(|known| known.is_present && job.is_about(&known.found.identity));
        let (Some(known), None, 1) = (alike.next(), alike.next(), about.count()) else { return None };
        let tool = self.setting().tool;
        match known.offer(&self.policy) {
            Offer::Planned(plan) if job.goes_on_by(&plan, &tool) && !is_at_work(&self.engine, known) => Some(known.id),
            _ => None,
        }
    }

    /// The job that can go on on this drive.
    pub(super) fn interrupted_on(&self, id: DriveId) -> Option<&Interrupted> {
        self.interrupted.iter().find(|job| self.drive_of(job, &self.interrupted) == Some(id))
    }

    /// Goes on with the job of this drive.
    pub(super) fn resume(&mut self, id: DriveId, consent: Consent) -> Result<(), String> {
        let interrupted = self.interrupted_on(id).cloned();
        let interrupted = interrupted.ok_or("No job of this drive was interrupted that can go on: nothing was done")?;
        let known = self.drives.iter().find(|known| known.id == id).ok_or("The drive is not known")?;
        let (number, plan) = (interrupted.evidence().job, interrupted.evidence().plan.clone());
        let fresh = drawn::number()
            .map_err(|error| format!("The kernel gave no random numbers ({error}): nothing was done"))?;
        let job = Job::resume(interrupted, consent, self.setting(), fresh).map_err(|wrong| wrong.to_string())?;
        let drive = self.world.drive(&known.found, known.means.psid());
        self.engine.start(id, drive, job).map_err(|running| running.to_string())?;
        self.begun(id, plan);
        self.interrupted.retain(|job| job.evidence().job != number);
        Ok(())
    }

    /// Another job has begun on this drive: what was left of it is filed as it is, if it is not yet.
    pub(super) fn leave_interrupted(&mut self, id: DriveId) {
        let Some(known) = self.drives.iter().find(|known| known.id == id) else { return };
        let about = |job: &mut Interrupted| job.is_about(&known.found.identity);
        for job in self.interrupted.extract_if(.., about) {
            if !job.is_certified() {
                self.filing.recover(job.into_evidence());
            }
        }
    }
}

fn is_at_work(engine: &Engine, known: &Known) -> bool {
    engine.is_running(known.id)
}
