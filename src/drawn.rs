//! What is left to chance in a job.

use purgeproof_core::evidence::{Commitment, Drawn, JobId, Secret};
use purgeproof_engine::keystream;

/// The random numbers of a job; `withhold_key` is the policy's.
pub(crate) fn draw(withhold_key: bool) -> Result<(JobId, Drawn), getrandom::Error> {
    let (mut key, mut seed) = ([0; 32], [0; 32]);
    getrandom::fill(&mut key)?;
    getrandom::fill(&mut seed)?;
    let key = Secret(key);
    let withheld = withhold_key.then(|| Commitment::to(&key));
    Ok((number()?, Drawn { key, seed: Secret(seed), stream: keystream::fastest(), withheld }))
}

/// The number of a job.
pub(crate) fn number() -> Result<JobId, getrandom::Error> {
    let mut number = [0; 16];
    getrandom::fill(&mut number)?;
    Ok(JobId(number))
}
