//! What journals know of jobs: which have no certificate, and which of those that have one could still go on.

use std::collections::{BTreeMap, BTreeSet};

use purgeproof_core::evidence::{Evidence, JobId};

use super::{Journal, Record};

/// The jobs of several journals, each with all that is known about it.
#[derive(Debug, Default)]
pub struct Jobs {
    known: BTreeMap<JobId, Evidence>,
    filed: BTreeSet<JobId>,
    /// Went on under another number.
    superseded: BTreeSet<JobId>,
}

impl Jobs {
    /// Those of these journals, in whatever order they are read: the names of journals are no clock.
    pub fn of<'a>(journals: impl IntoIterator<Item = &'a Journal>) -> Self {
        let mut jobs = Self::default();
        for journal in journals {
            jobs.filed.extend(journal.records.iter().filter_map(|record| match record {
                Record::Filed { job, .. } => Some(*job),
                _ => None,
            }));
            // Of a job that was resumed each run's journal has all until its own end: the last run's has most.
            let extent = |evidence: &Evidence| (evidence.runs().count(), evidence.facts().len());
            for evidence in journal.jobs() {
                if jobs.known.get(&evidence.job).is_none_or(|known| extent(known) < extent(&evidence)) {
                    jobs.superseded.extend(evidence.superseded());
                    jobs.known.insert(evidence.job, evidence);
                }
            }
        }
        jobs
    }

    /// What is known of this one.
    pub fn known(&self, job: JobId) -> Option<&Evidence> {
        self.known.get(&job)
    }

    /// It has gone on under another number.
    pub fn is_superseded(&self, job: JobId) -> bool {
        self.superseded.contains(&job)
    }

    /// The jobs whose certificate is not on the stick: the machine died, or the stick was gone.
    pub fn unfiled(&self) -> impl Iterator<Item = &Evidence> {
        self.known.values().filter(|evidence| !self.filed.contains(&evidence.job))
    }

    /// The jobs whose certificate is on the stick and that are the last of their drive: none went on from there, and none began later.
    /// Which did, the wall clock says; where it says it of none, there is no last one.
    pub fn last_filed(&self) -> impl Iterator<Item = &Evidence> {
        let is_last = |evidence: &Evidence| {
            let drive = &evidence.plan.drive;
            let mut others = self.known.values().filter(|other| {
                let is_before = evidence.superseded().any(|job| job == other.job);
                other.job != evidence.job && !is_before && other.plan.drive.is_same_drive(drive)
            });
            others.all(|other| other.span_unix_s().0 < evidence.span_unix_s().0)
        };
        let is_filed = |evidence: &&Evidence| self.filed.contains(&evidence.job) && !self.is_superseded(evidence.job);
        self.known.values().filter(is_filed).filter(move |evidence| is_last(evidence))
    }
}
