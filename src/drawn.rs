//! What is left to chance in a job.

use purgeproof_core::evidence::{Drawn, JobId, Secret};
use purgeproof_engine::keystream;

/// The random numbers of a job.
pub(crate) fn draw() -> Result<(JobId, Drawn), getrandom::Error> {
    let (mut job, mut key, mut seed) = ([0; 16], [0; 32], [0; 32]);
    getrandom::fill(&mut job)?;
    getrandom::fill(&mut key)?;
    getrandom::fill(&mut seed)?;
    Ok((JobId(job), Drawn { key: Secret(key), seed: Secret(seed), stream: keystream::fastest() }))
}
