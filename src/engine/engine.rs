//! Jobs in their threads, and what they need from the program around them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use purgeproof_core::drive::Drive;
use purgeproof_core::event::{DriveId, Event};
use purgeproof_core::evidence::Evidence;
use purgeproof_core::job::Job;

use crate::journal::Record;
use crate::worker::Worker;

/// What the engine needs from the program around it. Called from many threads.
pub trait Host: Send + Sync {
    /// Milliseconds since the machine started.
    fn now_ms(&self) -> u64;

    /// The same in microseconds, as finely as the clock goes.
    fn now_us(&self) -> u64 {
        self.now_ms().saturating_mul(1000)
    }

    /// Waits. A simulation moves its clock instead.
    fn wait(&self, time: Duration) {
        thread::sleep(time);
    }

    /// Something for the screen. Must not wait for anybody.
    fn tell(&self, event: Event);

    /// Something for the journal. Returns when it is safe there, or when it is certain that this cannot be had (no stick): the worker
    /// goes on only then.
    fn record(&self, record: Record);

    /// The same for several records that may go to the journal together.
    fn record_all(&self, records: Vec<Record>) {
        for record in records {
            self.record(record);
        }
    }

    /// The same for a record that need not be safe before the next one is: in its place, and without waiting for it.
    fn record_soon(&self, record: Record) {
        self.record(record);
    }

    /// The shortest time between two records of how far a pass has come: a flush of the drive goes before each.
    fn checkpoint_interval(&self) -> Duration {
        Duration::from_secs(30)
    }

    /// A job is over; this is all that will ever be known about it.
    fn ended(&self, drive: DriveId, evidence: Evidence);
}

/// Runs jobs, a thread each.
pub struct Engine {
    host: Arc<dyn Host>,
    running: Arc<Mutex<BTreeMap<DriveId, Arc<AtomicBool>>>>,
}

/// A job is at work on this drive already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlreadyRunning;

impl std::fmt::Display for AlreadyRunning {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("This drive is being erased already. Wait for it to end")
    }
}

impl std::error::Error for AlreadyRunning {}

impl Engine {
    /// An engine with nothing to do yet.
    pub fn new(host: Arc<dyn Host>) -> Self {
        Self { host, running: Arc::default() }
    }

    /// Starts a job on a thread of its own.
    ///
    /// # Errors
    /// [`AlreadyRunning`]; the job, and the consent in it, are gone.
    pub fn start(&self, drive: DriveId, mut device: Box<dyn Drive>, job: Job) -> Result<(), AlreadyRunning> {
        let stop = Arc::new(AtomicBool::new(false));
        {
            let mut running = lock(&self.running);
            if running.contains_key(&drive) {
                return Err(AlreadyRunning);
            }
            running.insert(drive, Arc::clone(&stop));
        }
        let (host, running) = (Arc::clone(&self.host), Arc::clone(&self.running));
        thread::spawn(move || {
            let evidence = Worker::new(drive, job, host.as_ref(), &stop).run(device.as_mut());
            drop(device);
            // A job counts as running until its evidence is in good hands: whoever waits for the last one to end may switch off then.
            host.ended(drive, evidence);
            lock(&running).remove(&drive);
        });
        Ok(())
    }

    /// Asks the job on this drive to stop; it does so after the request under way.
    pub fn stop(&self, drive: DriveId) {
        if let Some(stop) = lock(&self.running).get(&drive) {
            stop.store(true, Ordering::Relaxed);
        }
    }

    /// Whether a job is at work on this drive.
    pub fn is_running(&self, drive: DriveId) -> bool {
        lock(&self.running).contains_key(&drive)
    }

    /// How many jobs are at work.
    pub fn running(&self) -> usize {
        lock(&self.running).len()
    }
}

/// A worker that panicked while it held the list has left it whole: each change to it is a single call.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
