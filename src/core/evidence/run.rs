//! The runs of the program that worked on one job: more than one where it was interrupted and resumed.

use alloc::vec::Vec;

use super::{Clock, Concealing, Entry, Evidence, Fact, JobId};
use crate::drive::{MediaError, OpenError};
use crate::firmware::Standing;

/// What one run did of a job.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    /// The clocks when it began or resumed the job.
    pub clock: Clock,
    /// What happened, in order.
    pub facts: &'a [Entry],
}

impl Run<'_> {
    /// Its last fact, in milliseconds since the machine started.
    pub fn end_ms(&self) -> u64 {
        self.facts.last().map_or(self.clock.boot_ms, |entry| entry.at_ms.max(self.clock.boot_ms))
    }

    /// The drive left in it.
    pub fn has_lost_its_drive(&self) -> bool {
        self.facts.iter().any(|entry| match &entry.fact {
            Fact::PassEnded { report, .. } | Fact::VerifyEnded { report, .. } | Fact::Rechecked { report, .. } => {
                report.gone
            }
            Fact::NotFlushed { error } => matches!(error, MediaError::Gone { .. }),
            Fact::NotOpened { error } => *error == OpenError::Gone,
            Fact::Prepared { prepared } => prepared.standing == Standing::Gone,
            _ => false,
        })
    }

    fn duration_ms(&self) -> u64 {
        self.end_ms() - self.clock.boot_ms
    }
}

impl Evidence {
    /// The runs that did the job, in order: by which clock, and what happened. There is more than one where a job was interrupted and
    /// resumed, and each has a monotonic clock of its own.
    pub fn runs(&self) -> impl Iterator<Item = Run<'_>> {
        let is_first = |entry: &Entry| matches!(entry.fact, Fact::Resumed { .. });
        let own = self.facts.iter().position(is_first).unwrap_or(self.facts.len());
        let (own, later) = self.facts.split_at(own);
        let later = later.chunk_by(move |_, next| !is_first(next)).filter_map(|facts| match facts {
            [Entry { fact: Fact::Resumed { setting, .. }, .. }, ..] => Some(Run { clock: setting.clock, facts }),
            _ => None,
        });
        [Run { clock: self.setting.clock, facts: own }].into_iter().chain(later)
    }

    /// The controllers that may have hidden drives of a machine that the job ran on, each once.
    pub fn concealing(&self) -> Vec<&Concealing> {
        let later = self.facts.iter().filter_map(|entry| match &entry.fact {
            Fact::Resumed { setting, .. } => Some(&**setting),
            _ => None,
        });
        let mut all: Vec<&Concealing> = Vec::new();
        for one in core::iter::once(&self.setting).chain(later).flat_map(|setting| &setting.concealing) {
            if !all.contains(&one) {
                all.push(one);
            }
        }
        all
    }

    /// The numbers under which the job was certified before it went on: those certificates are superseded.
    pub fn superseded(&self) -> impl Iterator<Item = JobId> {
        self.facts.iter().filter_map(|entry| match entry.fact {
            Fact::Resumed { after, .. } => after,
            _ => None,
        })
    }

    /// When the job began and ended by the wall clocks of its runs, in seconds since 1970-01-01 UTC.
    pub fn span_unix_s(&self) -> (u64, u64) {
        let began = self.setting.clock.unix_s;
        (began, self.runs().last().map_or(began, |run| run.clock.unix_at(run.end_ms())).max(began))
    }

    /// For how long its runs have worked on it, together.
    pub fn duration_ms(&self) -> u64 {
        self.runs().map(|run| run.duration_ms()).sum()
    }

    /// The facts, each with the time that had been worked until then.
    pub fn elapsed(&self) -> impl Iterator<Item = (u64, &Entry)> {
        self.runs()
            .scan(0, |before_ms, run| {
                let since_ms = *before_ms;
                *before_ms += run.duration_ms();
                Some((since_ms, run))
            })
            .flat_map(|(since_ms, Run { clock, facts })| {
                facts.iter().map(move |entry| (since_ms + entry.at_ms.saturating_sub(clock.boot_ms), entry))
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::consent::Given;
    use crate::evidence::{ClockSource, Drawn, JobId, Secret, Setting};
    use crate::job::tests::plan_of_one_pass;
    use crate::stream::Stream;
    use crate::verdict::Exception;
    use alloc::vec;

    fn setting(boot_ms: u64, unix_s: u64) -> Setting {
        Setting { clock: Clock { boot_ms, unix_s, source: ClockSource::RtcUnconfirmed }, ..Setting::default() }
    }

    #[test]
    fn each_run_counts_by_its_own_clock() {
        let drawn = Drawn { key: Secret([1; 32]), seed: Secret([2; 32]), stream: Stream::ChaCha20, withheld: None };
        let given = || Given::Policy { rule: "all".into() };
        let began = setting(50_000, 1_800_000_000);
        let mut evidence = Evidence::new(JobId([3; 16]), began, plan_of_one_pass(), given(), drawn);
        assert_eq!((evidence.duration_ms(), evidence.span_unix_s()), (0, (1_800_000_000, 1_800_000_000)));
        evidence.add(51_000, Fact::Flushed);
        evidence.add(60_000, Fact::Flushed);
        assert_eq!((evidence.duration_ms(), evidence.span_unix_s()), (10_000, (1_800_000_000, 1_800_000_010)));
        // The machine starts again an hour later: its clock begins at 0.
        evidence
            .add(7_000, Fact::Resumed { setting: setting(7_000, 1_800_003_600).into(), consent: given(), after: None });
        evidence.add(8_500, Fact::Flushed);
        assert_eq!((evidence.duration_ms(), evidence.span_unix_s()), (11_500, (1_800_000_000, 1_800_003_601)));
        assert_eq!(evidence.runs().count(), 2);
        let elapsed: Vec<u64> = evidence.elapsed().map(|(ms, _)| ms).collect();
        assert_eq!(elapsed, [1_000, 10_000, 10_000, 11_500]);
    }

    #[test]
    fn a_controller_that_hides_drives_is_told_once_whichever_run_saw_it() {
        let concealing = |controller: &str| Concealing { controller: controller.into(), advice: "Switch it".into() };
        let seen =
            |all: &[&str]| Setting { concealing: all.iter().copied().map(concealing).collect(), ..setting(0, 0) };
        let drawn = Drawn { key: Secret([1; 32]), seed: Secret([2; 32]), stream: Stream::ChaCha20, withheld: None };
        let given = || Given::Policy { rule: "all".into() };
        let mut evidence = Evidence::new(JobId([3; 16]), seen(&["a"]), plan_of_one_pass(), given(), drawn);
        evidence.add(1, Fact::Resumed { setting: seen(&["a", "b"]).into(), consent: given(), after: None });
        assert_eq!(evidence.concealing(), vec![&concealing("a"), &concealing("b")]);
        assert!(evidence.verdict().exceptions.contains(&Exception::DrivesMayBeHidden));
    }
}
