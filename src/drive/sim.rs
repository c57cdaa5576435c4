//! A drive that this program only imagines, with faults by name: what every test that must not touch a disk erases.
//!
//! It is one drive however often it is opened: its blocks outlive every handle, so that a test can look at what is really there and
//! compare it with what a job claims. Everything follows from the seed and the order of the calls.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use nix::libc;
use purgeproof_core::drive::{
    Drive, Identity, Media, MediaError, Medium, OpenError, Opened, Serial, SerialSource, Transport,
};
use purgeproof_core::technique::Technique;
use purgeproof_core::units::{BlockSize, Bytes, Extent, Geometry, Lba};

mod erase;

use erase::{Erase, Left, SimFirmware};

/// What is wrong with a drive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Writes that touch these blocks fail.
    Refuses(Extent),
    /// Reads that touch these blocks fail.
    Unreadable(Extent),
    /// A transfer of several blocks moves only so many of them, which is no error.
    Shortens {
        /// At most this many blocks a transfer; 0 moves nothing at all.
        blocks: u64,
    },
    /// Writes to these blocks are acknowledged and forgotten: the old data stay.
    Lies(Extent),
    /// What is written to these blocks goes elsewhere, and these keep the old data.
    Misdirects {
        /// The blocks that writes are addressed to.
        from: Extent,
        /// How many blocks further on they land; around the end of the medium.
        by: u64,
    },
    /// From this transfer or flush on, counted from 0 over all handles, the drive is gone.
    VanishesAt(u64),
    /// At this transfer or flush it leaves, once: what is open is dead from then on, and who opens it again finds it back.
    LeavesAt(u64),
    /// From the second opening on it says that this is its serial number.
    ReturnsAs(String),
    /// Flushes fail.
    FlushFails,
    /// The first so many openings find the drive in use.
    BusyFor(u32),
    /// It has this technique by its own word, and refuses it.
    EraseRefused(Technique),
    /// An erase fails at this percentage, every time.
    EraseFails(u8),
    /// An erase moves up to this percentage and then no more, for ever.
    EraseStalls(u8),
    /// It takes the command and begins nothing.
    EraseIgnored,
    /// It keeps these blocks and reports success.
    EraseKeeps(Extent),
    /// Its status reports the success of an earlier life before anything is asked.
    StaleSuccess,
    /// Nobody can read its status.
    StatusLost,
    /// It is gone at this percentage of an erase.
    EraseVanishes(u8),
    /// An erase is over as soon as it is asked for.
    EraseInstant,
    /// It hides so many blocks behind its end, and cannot open them.
    Hides(u64),
    /// Locked by a password.
    Locked,
    /// Zeros are only noted down: a write of them takes an eighth of the time. Noticed on a drive with a clock.
    DropsZeros,
}

/// A simulated drive. Clones are the same drive.
#[derive(Clone, Debug)]
pub struct SimDrive {
    identity: Identity,
    geometry: Geometry,
    seed: u64,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    faults: Vec<Fault>,
    written: BTreeMap<u64, Vec<u8>>,
    transfers: u64,
    openings: u32,
    /// How often it has left and come back.
    departures: u32,
    erase: Erase,
    /// Moved by each write.
    clock_ms: Option<Arc<AtomicU64>>,
}

impl SimDrive {
    /// A drive full of old data, which is never all zeros. `None` for a size that no drive can have.
    ///
    /// The seed makes the serial number as well: different seeds are different drives.
    pub fn new(seed: u64, block: BlockSize, blocks: u64) -> Option<Self> {
        let bytes = blocks.checked_mul(u64::from(block.get()))?;
        let identity = Identity {
            vendor: None,
            model: "Simulated drive".to_owned(),
            serial: Some(Serial { text: format!("SIM{seed:016X}"), source: SerialSource::File }),
            wwn: None,
            firmware: None,
            capacity: Bytes(bytes),
            logical_block: block,
            physical_block: block,
            transport: Transport::Other,
            medium: Medium::Unknown,
            link: None,
            simulated: true,
        };
        let geometry = identity.geometry()?;
        Some(Self { identity, geometry, seed, state: Arc::default() })
    }

    /// The same drive with one more fault.
    #[must_use]
    pub fn with(self, fault: Fault) -> Self {
        self.state().faults.push(fault);
        self
    }

    /// The same drive on another kind of medium.
    #[must_use]
    pub fn on(mut self, medium: Medium) -> Self {
        self.identity.medium = medium;
        self
    }

    /// The same drive on another bus.
    #[must_use]
    pub fn attached(mut self, transport: Transport) -> Self {
        self.identity.transport = transport;
        self
    }

    /// The same drive, which takes 8 ms for each write by this clock of milliseconds.
    #[must_use]
    pub fn timed(self, clock_ms: Arc<AtomicU64>) -> Self {
        self.state().clock_ms = Some(clock_ms);
        self
    }

    /// Who it says it is at the first opening.
    pub const fn identity(&self) -> &Identity {
        &self.identity
    }

    /// What a block really holds now, whatever the drive answers when it is asked.
    pub fn block(&self, at: Lba) -> Vec<u8> {
        let state = self.state();
        match (state.written.get(&at.0), state.erase.left) {
            (Some(written), _) => written.clone(),
            (None, Some(left)) if !state.keeps(at) => self.erased(left, at),
            _ => self.original(at),
        }
    }

    /// What a block held before anybody wrote to it.
    pub fn original(&self, at: Lba) -> Vec<u8> {
        let length = usize::try_from(self.geometry.block().get()).unwrap_or(0);
        noise(self.seed ^ mix(at.0)).take(length).collect()
    }

    /// What a block holds after the drive has erased itself.
    fn erased(&self, left: Left, at: Lba) -> Vec<u8> {
        let length = usize::try_from(self.geometry.block().get()).unwrap_or(0);
        match left {
            Left::Zeros => vec![0; length],
            Left::Noise => noise(!self.seed ^ mix(at.0)).take(length).collect(),
        }
    }

    /// How many transfers and flushes there were.
    pub fn transfers(&self) -> u64 {
        self.state().transfers
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a transfer or flush through a handle that was opened after so many departures; an error from the one on at which the drive
    /// vanishes.
    fn begin(&self, departures: u32) -> Result<(), MediaError> {
        let mut state = self.state();
        let number = state.transfers;
        state.transfers += 1;
        if let Some(leaves) =
            state.faults.iter().position(|fault| matches!(fault, Fault::LeavesAt(at) if number >= *at))
        {
            state.faults.remove(leaves);
            state.departures += 1;
        }
        let has_vanished = state.faults.iter().any(|fault| matches!(fault, Fault::VanishesAt(at) if number >= *at));
        let is_gone = has_vanished || departures != state.departures;
        if is_gone { Err(MediaError::Gone { errno: libc::ENODEV }) } else { erase::is_accessible(&state) }
    }

    /// The blocks that a transfer of `length` bytes moves: up to the end of the medium, and no more than a fault lets through.
    fn extent(&self, at: Lba, length: usize) -> Result<Extent, MediaError> {
        let block = u64::from(self.geometry.block().get());
        let length = u64::try_from(length).unwrap_or(u64::MAX);
        let left = self.geometry.count().0.saturating_sub(at.0);
        if !length.is_multiple_of(block) || (left == 0 && length > 0) {
            // Past the end Linux gives ENOSPC for a write; a length that is no whole number of blocks is EINVAL with O_DIRECT.
            let errno = if left == 0 { libc::ENOSPC } else { libc::EINVAL };
            return Err(MediaError::Bad { errno });
        }
        let most = |fault: &Fault| if let Fault::Shortens { blocks } = fault { Some(*blocks) } else { None };
        let most = self.state().faults.iter().filter_map(most).min().unwrap_or(u64::MAX);
        Ok(Extent::new(at.0, (length / block).min(left).min(most)))
    }

    fn has(&self, is: impl Fn(&Fault) -> bool) -> bool {
        self.state().faults.iter().any(is)
    }

    /// Where a write to a block really goes; `None` if nowhere.
    fn destination(&self, at: u64) -> Option<u64> {
        self.state().faults.iter().try_fold(at, |place, fault| match fault {
            Fault::Lies(extent) if contains(*extent, at) => None,
            Fault::Misdirects { from, by } if contains(*from, at) => {
                Some(at.wrapping_add(*by) % self.geometry.count().0.max(1))
            }
            _ => Some(place),
        })
    }

    fn bytes(&self, extent: Extent) -> usize {
        usize::try_from(self.geometry.size_of(extent.count).0).unwrap_or(usize::MAX)
    }
}

impl Drive for SimDrive {
    fn open(&mut self) -> Result<Opened, OpenError> {
        let mut state = self.state();
        let opening = state.openings;
        state.openings += 1;
        let transfers = state.transfers;
        let mut identity = self.identity.clone();
        for fault in &state.faults {
            match fault {
                Fault::VanishesAt(at) if transfers >= *at => return Err(OpenError::Gone),
                Fault::BusyFor(openings) if opening < *openings => return Err(OpenError::Busy),
                Fault::ReturnsAs(serial) if opening > 0 => {
                    identity.serial = Some(Serial { text: serial.clone(), source: SerialSource::File });
                }
                _ => {}
            }
        }
        let departures = state.departures;
        drop(state);
        Ok(Opened {
            media: Box::new(SimMedia(self.clone(), departures)),
            identity,
            firmware: Some(Box::new(SimFirmware::new(self.clone()))),
        })
    }
}

/// The blocks of a simulated drive, which was opened after so many departures.
#[derive(Debug)]
struct SimMedia(SimDrive, u32);

impl Media for SimMedia {
    fn geometry(&self) -> Geometry {
        self.0.geometry
    }

    fn read(&mut self, at: Lba, into: &mut [u8]) -> Result<usize, MediaError> {
        let drive = &self.0;
        drive.begin(self.1)?;
        let extent = drive.extent(at, into.len())?;
        if drive.has(|fault| matches!(fault, Fault::Unreadable(bad) if overlaps(*bad, extent))) {
            return Err(MediaError::Bad { errno: libc::EIO });
        }
        let block = drive.geometry.block().get() as usize;
        for (part, number) in into.chunks_exact_mut(block).zip(extent.start.0..extent.end().0) {
            part.copy_from_slice(&drive.block(Lba(number)));
        }
        Ok(drive.bytes(extent))
    }

    fn write(&mut self, at: Lba, from: &[u8]) -> Result<usize, MediaError> {
        let drive = &self.0;
        drive.begin(self.1)?;
        let extent = drive.extent(at, from.len())?;
        if drive.has(|fault| matches!(fault, Fault::Refuses(bad) if overlaps(*bad, extent))) {
            return Err(MediaError::Bad { errno: libc::EIO });
        }
        let is_noted = from.iter().all(|byte| *byte == 0) && drive.has(|fault| *fault == Fault::DropsZeros);
        if let Some(clock_ms) = &drive.state().clock_ms {
            clock_ms.fetch_add(if is_noted { 1 } else { 8 }, Ordering::Relaxed);
        }
        let block = drive.geometry.block().get() as usize;
        for (part, number) in from.chunks_exact(block).zip(extent.start.0..extent.end().0) {
            if let Some(place) = drive.destination(number) {
                drive.state().written.insert(place, part.to_vec());
            }
        }
        Ok(drive.bytes(extent))
    }

    fn flush(&mut self) -> Result<(), MediaError> {
        self.0.begin(self.1)?;
        let fails = self.0.has(|fault| *fault == Fault::FlushFails);
        if fails { Err(MediaError::Bad { errno: libc::EIO }) } else { Ok(()) }
    }
}

fn contains(extent: Extent, at: u64) -> bool {
    (extent.start.0..extent.end().0).contains(&at)
}

fn overlaps(a: Extent, b: Extent) -> bool {
    a.start < b.end() && b.start < a.end()
}

/// Bytes that look random.
fn noise(seed: u64) -> impl Iterator<Item = u8> {
    (0..).flat_map(move |word: u64| mix(seed ^ word).to_le_bytes())
}

/// splitmix64's finalizer (Steele, Lea, Flood 2014): neighbouring numbers come out unrelated.
const fn mix(number: u64) -> u64 {
    let number = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    number ^ (number >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drive() -> SimDrive {
        SimDrive::new(7, BlockSize::B512, 64).unwrap()
    }

    fn media(drive: &SimDrive) -> Box<dyn Media> {
        drive.clone().open().unwrap().media
    }

    /// What it answers when the blocks from `at` on are overwritten with one byte and read back.
    fn overwrite(drive: &SimDrive, at: u64, blocks: usize) -> Vec<u8> {
        let mut media = media(drive);
        assert_eq!(media.write(Lba(at), &vec![0xEE; blocks * 512]), Ok(blocks * 512));
        let mut back = vec![0xA5; blocks * 512];
        assert_eq!(media.read(Lba(at), &mut back), Ok(blocks * 512));
        back
    }

    #[test]
    fn a_good_drive_keeps_what_is_written_and_nothing_else_changes() {
        let drive = drive();
        assert!(drive.identity().simulated);
        assert_eq!(overwrite(&drive, 8, 2), [0xEE; 1024]);
        assert_eq!(drive.block(Lba(7)), drive.original(Lba(7)));
        assert_eq!(drive.block(Lba(10)), drive.original(Lba(10)));
        assert_ne!(drive.original(Lba(7)), drive.original(Lba(8)));
        assert_eq!(drive.original(Lba(63)), self::drive().original(Lba(63)), "the same seed");
        // splitmix64 of state 0 gives E220A8397B1DCDAF first.
        assert_eq!(mix(0), 0xE220_A839_7B1D_CDAF);
    }

    #[test]
    fn a_liar_acknowledges_and_keeps_the_old_data() {
        let drive = drive().with(Fault::Lies(Extent::new(9, 1)));
        let back = overwrite(&drive, 8, 3);
        assert_eq!((&back[..512], &back[1024..]), (&[0xEE; 512][..], &[0xEE; 512][..]));
        assert_eq!(back[512..1024], drive.original(Lba(9)));
    }

    #[test]
    fn misdirected_writes_land_elsewhere_around_the_end() {
        let drive = drive().with(Fault::Misdirects { from: Extent::new(60, 1), by: 10 });
        assert_eq!(overwrite(&drive, 60, 1), drive.original(Lba(60)));
        assert_eq!(drive.block(Lba(6)), [0xEE; 512], "60 + 10 - 64");
    }

    #[test]
    fn bad_ranges_fail_as_soon_as_they_are_touched() {
        let drive = drive().with(Fault::Refuses(Extent::new(4, 2))).with(Fault::Unreadable(Extent::new(20, 1)));
        let mut media = media(&drive);
        let bad = Err(MediaError::Bad { errno: libc::EIO });
        assert_eq!(media.write(Lba(0), &[0; 5 * 512]), bad);
        assert_eq!(media.write(Lba(5), &[0; 512]), bad);
        assert_eq!(media.write(Lba(6), &[0; 512]), Ok(512));
        assert_eq!(drive.block(Lba(0)), drive.original(Lba(0)), "a failed write wrote nothing");
        assert_eq!(media.read(Lba(19), &mut [0; 1024]), bad);
        assert_eq!(media.read(Lba(21), &mut [0; 512]), Ok(512));
    }

    #[test]
    fn short_transfers_say_how_short_they_are() {
        let drive = drive().with(Fault::Shortens { blocks: 2 });
        let mut media = media(&drive);
        assert_eq!(media.write(Lba(0), &[0xEE; 4 * 512]), Ok(1024));
        assert_eq!(drive.block(Lba(2)), drive.original(Lba(2)));
        let mut into = [0xA5; 4 * 512];
        assert_eq!(media.read(Lba(0), &mut into), Ok(1024));
        assert!(into[..1024].iter().all(|byte| *byte == 0xEE) && into[1024..].iter().all(|byte| *byte == 0xA5));
    }

    #[test]
    fn it_vanishes_at_a_transfer_and_stays_away() {
        let drive = drive().with(Fault::VanishesAt(1));
        let mut media = media(&drive);
        assert_eq!(media.write(Lba(0), &[0; 512]), Ok(512));
        assert_eq!(media.flush(), Err(MediaError::Gone { errno: libc::ENODEV }));
        assert_eq!(media.read(Lba(0), &mut [0; 512]), Err(MediaError::Gone { errno: libc::ENODEV }));
        assert_eq!(drive.clone().open().err(), Some(OpenError::Gone));
        assert_eq!(drive.transfers(), 3);
    }

    #[test]
    fn it_may_return_as_another_be_busy_or_fail_to_flush() {
        let mut drive = drive().with(Fault::ReturnsAs("OTHER".into())).with(Fault::FlushFails);
        let Opened { mut media, identity: first, .. } = drive.open().unwrap();
        let second = drive.open().unwrap().identity;
        assert!(first.is_same_drive(drive.identity()) && !second.is_same_drive(&first));
        assert_eq!(media.flush(), Err(MediaError::Bad { errno: libc::EIO }));
        let mut busy = self::drive().with(Fault::BusyFor(1));
        assert_eq!(busy.open().err(), Some(OpenError::Busy));
        assert!(busy.open().is_ok());
    }

    #[test]
    fn the_end_of_the_medium_is_the_end() {
        let drive = drive();
        let mut media = media(&drive);
        assert_eq!(media.write(Lba(63), &[0; 1024]), Ok(512));
        assert_eq!(media.write(Lba(64), &[0; 512]), Err(MediaError::Bad { errno: libc::ENOSPC }));
        assert_eq!(media.write(Lba(0), &[0; 100]), Err(MediaError::Bad { errno: libc::EINVAL }));
        assert!(SimDrive::new(1, BlockSize::B4096, u64::MAX).is_none());
    }
}
