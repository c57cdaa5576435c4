//! What each overwrite scheme leaves on the medium after each of its passes.

use purgeproof_core::drive::{Media, MediaError, OpenError, Opened};
use purgeproof_core::scheme;
use purgeproof_core::units::Geometry;

use super::*;

/// What must stand from byte `offset` of the medium on: byte *n* is byte *n* of the keystream, or *n* modulo its length of the pattern.
pub(super) fn fill(pattern: Pattern, key: &[u8; 32], offset: u64, into: &mut [u8]) {
    let period = pattern.bytes().len();
    if period == 0 {
        return Keystream::new(Stream::ChaCha20, &Secret(*key)).fill(offset, into);
    }
    for (at, byte) in (usize::try_from(offset).unwrap()..).zip(into) {
        *byte = pattern.bytes()[at % period];
    }
}

/// A drive whose medium is looked at whenever it is flushed, as it is after each pass.
struct Watched {
    drive: SimDrive,
    passes: Arc<Mutex<Vec<Vec<u8>>>>,
}

struct WatchedMedia {
    media: Box<dyn Media>,
    drive: SimDrive,
    passes: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Drive for Watched {
    fn open(&mut self) -> Result<Opened, OpenError> {
        let opened = self.drive.open()?;
        let (drive, passes) = (self.drive.clone(), Arc::clone(&self.passes));
        Ok(Opened { media: Box::new(WatchedMedia { media: opened.media, drive, passes }), ..opened })
    }
}

impl Media for WatchedMedia {
    fn geometry(&self) -> Geometry {
        self.media.geometry()
    }

    fn read(&mut self, at: Lba, into: &mut [u8]) -> Result<usize, MediaError> {
        self.media.read(at, into)
    }

    fn write(&mut self, at: Lba, from: &[u8]) -> Result<usize, MediaError> {
        self.media.write(at, from)
    }

    fn flush(&mut self) -> Result<(), MediaError> {
        let all = (0..self.geometry().count().0).flat_map(|lba| self.drive.block(Lba(lba))).collect();
        self.passes.lock().unwrap().push(all);
        self.media.flush()
    }
}

/// Overwrites a drive by a rule with these words, and gives the evidence and what was on the medium after each pass.
fn watch(block: u32, blocks: u64, words: &str) -> (Evidence, Vec<Vec<u8>>) {
    let drive = SimDrive::new(3, BlockSize::new(block).unwrap(), blocks).unwrap();
    let passes = Arc::<Mutex<Vec<Vec<u8>>>>::default();
    let watched = Box::new(Watched { drive: drive.clone(), passes: Arc::clone(&passes) });
    let policy = format!("[[rule]]\nname = 'x'\naction = 'purge'\n{words}");
    let (evidence, _) = erase_through(watched, drive.identity(), &policy, &drive.capabilities(&[]));
    let passes = passes.lock().unwrap().clone();
    (evidence, passes)
}

#[test]
fn each_scheme_leaves_its_passes_one_after_the_other() {
    for (block, blocks) in [(512, 11), (520, 11)] {
        for scheme in scheme::TABLE {
            let (evidence, found) = watch(block, blocks, &format!("scheme = '{}'", scheme.name));
            assert_eq!(evidence.verdict().outcome, Outcome::Cleared, "{}: {:?}", scheme.name, evidence.verdict());
            let written = evidence.passes();
            assert!(scheme.is_written_as(&written));
            assert_eq!(found.len(), scheme.passes.len(), "{}", scheme.name);
            let of = u32::try_from(found.len()).unwrap();
            for ((number, pattern), found) in (1..).zip(&written).zip(&found) {
                let mut wanted = vec![0; found.len()];
                fill(*pattern, &scheme::key(&Secret(KEY), number, of).0, 0, &mut wanted);
                assert!(*found == wanted, "{} pass {number} ({pattern}), blocks of {block}", scheme.name);
            }
            let random = written.iter().zip(&found).filter(|(pattern, _)| **pattern == Pattern::Random);
            let mut streams: Vec<&Vec<u8>> = random.map(|(_, found)| found).collect();
            let all = streams.len();
            streams.sort_unstable();
            streams.dedup();
            assert_eq!(streams.len(), all, "{}: a stream was written twice", scheme.name);
        }
    }
}

#[test]
fn vectors_worked_out_by_hand() {
    let own = "scheme = 'own'\n[[scheme]]\nname = 'own'\npasses = ['0x924924', 'complement', '0xfdffffff', 'random-byte', 'complement']";
    let (_, found) = watch(520, 3, own);
    // 520 is one more than a multiple of three: block 1 begins with the second byte of the pattern, block 2 with the third.
    for (at, bytes) in
        [(0, [0x92, 0x49, 0x24, 0x92]), (518, [0x24, 0x92, 0x49, 0x24]), (1040, [0x24, 0x92, 0x49, 0x24])]
    {
        assert_eq!(found[0][at..at + 4], bytes, "{at}");
        assert_eq!(found[1][at..at + 4], bytes.map(|byte| !byte), "{at}");
    }
    assert_eq!(found[2][520..528], [0xfd, 0xff, 0xff, 0xff, 0xfd, 0xff, 0xff, 0xff]);
    assert!(found[3].iter().all(|byte| *byte == found[3][0]) && ![0x00, 0xff].contains(&found[3][0]));
    assert!(found[3].iter().zip(&found[4]).all(|(byte, other)| *byte == !other));
}

#[test]
fn a_job_of_one_random_pass_writes_the_stream_of_the_job_s_own_key() {
    let (evidence, found) = watch(512, 3, "pattern = 'random'");
    let mut wanted = vec![0; 1536];
    Keystream::new(Stream::ChaCha20, &Secret(KEY)).fill(0, &mut wanted);
    assert_eq!((evidence.passes(), found), (vec![Pattern::Random], vec![wanted]));
}
