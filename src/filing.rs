//! Certificates and journal on their way to the stick. One thread does all the writing; whatever the stick does not take is kept in
//! memory and offered again to the next one.

use std::iter;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use purgeproof_core::event::{DriveId, Event};
use purgeproof_core::evidence::Evidence;
use purgeproof_core::job::resume::Interrupted;
use purgeproof_core::policy::Paper;
use purgeproof_drive::shelf::Shelf;
use purgeproof_engine::journal::Record;

use crate::clerk::Clerk;

/// How long a worker waits for its fact to be on the stick. A stick that takes longer than this for a line is as good as none: the
/// line stays in memory and the erasure goes on.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long nothing may have been ordered before lists of certificates are made: they never delay a certificate.
const QUIET: Duration = Duration::from_secs(2);

/// Where files are kept: the stick, or a folder of a workstation.
pub(crate) type AnyShelf = Box<dyn Shelf + Send>;

/// The way to the filing thread.
#[derive(Clone)]
pub(crate) struct Filing {
    orders: Sender<Order>,
    /// Orders that are not carried out yet.
    open: Arc<AtomicUsize>,
    /// Certificates that are only in memory.
    waiting: Arc<AtomicUsize>,
    /// Jobs that could go on.
    interrupted: HandedOver,
}

/// What the filing thread is asked to do.
pub(crate) enum Order {
    /// Write records down, and say when.
    Record(Vec<Record>, SyncSender<()>),
    /// Sign and file the certificate about a job that is over.
    Certify(DriveId, Box<Evidence>),
    /// The same about a job that an earlier run left.
    Recover(Box<Evidence>),
    /// A stick came, went or changed.
    Shelf(Option<AnyShelf>),
    /// What certificates are printed on from now on.
    Paper(Paper),
    /// Let go of the signing key until it is needed again, and say when that is done.
    ForgetKey(SyncSender<()>),
    /// Take the stick's key over again.
    FetchKey,
    /// Offer again what was not taken.
    Retry,
    /// Offer again what was not taken, and say when that is done.
    Finish(SyncSender<()>),
}

/// Jobs on their way from the filing thread to whoever decides about them.
#[derive(Clone, Default)]
pub(crate) struct HandedOver(Arc<Mutex<Vec<Interrupted>>>);

impl HandedOver {
    /// One more.
    pub(crate) fn put(&self, interrupted: Interrupted) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(interrupted);
    }

    /// All there are.
    pub(crate) fn take(&self) -> Vec<Interrupted> {
        core::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Filing {
    /// Starts the thread. `journal` is the name of this run's journal file, `now_unix_s` the wall clock.
    pub(crate) fn start(
        journal: String,
        tell: impl Fn(Event) + Send + 'static,
        now_unix_s: impl Fn() -> u64 + Send + 'static,
    ) -> Self {
        let (orders, inbox) = mpsc::channel();
        let (open, waiting) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let mut clerk = Clerk::new(journal, Box::new(tell), Box::new(now_unix_s));
        let interrupted = clerk.interrupted();
        let filing = Self { orders, open: Arc::clone(&open), waiting: Arc::clone(&waiting), interrupted };
        thread::spawn(move || {
            while let Some(first) = next(&inbox, &mut clerk) {
                // Whatever else has come meanwhile: the records of many jobs go onto the stick together.
                let orders: Vec<Order> = iter::once(first).chain(inbox.try_iter()).collect();
                let count = orders.len();
                clerk.carry_out(orders);
                waiting.store(clerk.waiting(), Ordering::SeqCst);
                open.fetch_sub(count, Ordering::SeqCst);
            }
        });
        filing
    }

    /// Writes records down. Returns when they are on the stick, or when there is no stick to be had.
    pub(crate) fn record(&self, records: Vec<Record>) {
        let (done, waiting) = mpsc::sync_channel(1);
        self.order(Order::Record(records, done));
        // Late or not at all: the line is in memory and goes to the stick as soon as that can be.
        let _ = waiting.recv_timeout(PATIENCE);
    }

    /// Has a record written down before whatever is ordered later, without waiting for it.
    pub(crate) fn record_soon(&self, record: Record) {
        let (done, _) = mpsc::sync_channel(1);
        self.order(Order::Record(vec![record], done));
    }

    /// Signs and files the certificate about a job that is over.
    pub(crate) fn certify(&self, drive: DriveId, evidence: Evidence) {
        self.order(Order::Certify(drive, Box::new(evidence)));
    }

    /// Jobs that were left in the middle, by an earlier run or because their drive was unplugged, and that could go on; each once. Until it
    /// does or is recovered, the journals keep it.
    pub(crate) fn take_interrupted(&self) -> Vec<Interrupted> {
        self.interrupted.take()
    }

    /// Signs and files the certificate about a job that an earlier run left, as the journal has it.
    pub(crate) fn recover(&self, evidence: Evidence) {
        self.order(Order::Recover(Box::new(evidence)));
    }

    /// Whether all that was ordered is done, as far as there is a stick for it.
    pub(crate) fn has_caught_up(&self) -> bool {
        self.open.load(Ordering::SeqCst) == 0
    }

    /// A stick came, went (`None`) or changed.
    pub(crate) fn shelf(&self, shelf: Option<AnyShelf>) {
        self.order(Order::Shelf(shelf));
    }

    /// Has certificates printed on this paper from now on.
    pub(crate) fn paper(&self, paper: Paper) {
        self.order(Order::Paper(paper));
    }

    /// Has the signing key out of memory. False if it still is in it after a while, because the stick is slow.
    pub(crate) fn forget_key(&self) -> bool {
        let (done, waiting) = mpsc::sync_channel(1);
        self.order(Order::ForgetKey(done));
        waiting.recv_timeout(PATIENCE).is_ok()
    }

    /// Has the stick's key taken over again, now that the machine is awake.
    pub(crate) fn fetch_key(&self) {
        self.order(Order::FetchKey);
    }

    /// Offers again what the stick did not take.
    pub(crate) fn retry(&self) {
        self.order(Order::Retry);
    }

    /// Whether everything that was ordered is on the stick.
    pub(crate) fn is_idle(&self) -> bool {
        self.has_caught_up() && self.waiting.load(Ordering::SeqCst) == 0
    }

    /// Waits, but not for ever, until everything ordered so far was offered to the stick once more.
    pub(crate) fn finish(&self) {
        let (done, waiting) = mpsc::sync_channel(1);
        self.order(Order::Finish(done));
        let _ = waiting.recv_timeout(PATIENCE);
    }

    fn order(&self, order: Order) {
        self.open.fetch_add(1, Ordering::SeqCst);
        // The thread ends only with the program.
        let _ = self.orders.send(order);
    }
}

/// The next order; `None` when nobody can give one any more. In a quiet moment the lists are brought up to date.
fn next(inbox: &Receiver<Order>, clerk: &mut Clerk) -> Option<Order> {
    if clerk.owes_lists() {
        match inbox.recv_timeout(QUIET) {
            Ok(order) => return Some(order),
            Err(RecvTimeoutError::Disconnected) => return None,
            Err(RecvTimeoutError::Timeout) => clerk.list(),
        }
    }
    inbox.recv().ok()
}
