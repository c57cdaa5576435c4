//! A disk that hears the commands that are written down here, in their order, and answers each as it says.

use std::collections::VecDeque;

use nix::errno::Errno;

use super::*;

enum Says {
    /// GOOD with these data; what is missing is left out, and counted.
    Good(Vec<u8>),
    /// CHECK CONDITION: response code, key, code, qualifier.
    Check([u8; 4]),
    Raw(ScsiAnswer),
    Fails(ChannelError),
}

#[derive(Default)]
struct Script {
    lines: VecDeque<(Vec<u8>, Says)>,
    written: Vec<u8>,
}

impl Script {
    fn new<const N: usize>(lines: [(&[u8], Says); N]) -> Self {
        Self { lines: lines.into_iter().map(|(cdb, says)| (cdb.to_vec(), says)).collect(), written: Vec::new() }
    }
}

impl ScsiChannel for Script {
    fn execute(&mut self, cdb: &[u8], data: Data<'_>, _: u32) -> Result<ScsiAnswer, ChannelError> {
        let (expected, says) = self.lines.pop_front().expect("a command more than the script has");
        assert_eq!(cdb, expected);
        let room: &mut [u8] = match data {
            Data::In(into) => into,
            Data::Out(from) => {
                self.written = from.to_vec();
                &mut []
            }
            Data::None => &mut [],
        };
        room.fill(0xA5);
        match says {
            Says::Good(bytes) => {
                let came = bytes.len().min(room.len());
                room[..came].copy_from_slice(&bytes[..came]);
                Ok(ScsiAnswer { residual: i32::try_from(room.len() - came).unwrap(), ..ScsiAnswer::default() })
            }
            Says::Check([response, key, code, qualifier]) => {
                let sense = vec![response, 0, key, 0, 0, 0, 0, 0x0A, 0, 0, 0, 0, code, qualifier, 0, 0, 0, 0];
                Ok(ScsiAnswer { status: 2, driver: 8, sense, ..ScsiAnswer::default() })
            }
            Says::Raw(answer) => Ok(answer),
            Says::Fails(error) => Err(error),
        }
    }
}

const B0: [u8; 6] = [0x12, 0x01, 0xB0, 0x02, 0x00, 0x00];
const CAPACITY: [u8; 16] = [0x9E, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x20, 0, 0];
/// Two blocks from LBA 102h on.
const READ: [u8; 16] = [0x88, 0, 0, 0, 0, 0, 0, 0, 0x01, 0x02, 0, 0, 0, 2, 0, 0];
const WRITE: [u8; 16] = [0x8A, 0, 0, 0, 0, 0, 0, 0, 0x01, 0x02, 0, 0, 0, 2, 0, 0];
const SYNC_16: [u8; 16] = [0x91, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
const SYNC_10: [u8; 10] = [0x35, 0, 0, 0, 0, 0, 0, 0, 0, 0];

fn geometry(block: u32) -> Geometry {
    Geometry::new(BlockSize::new(block).unwrap(), Blocks(1 << 20)).unwrap()
}

type Disk = ScsiMedia<Script, fn() -> bool>;

/// A disk of 520-byte blocks without page B0h that hears these commands.
fn disk<const N: usize>(lines: [(&[u8], Says); N]) -> Disk {
    let mut disk: Disk = ScsiMedia::new(
        Script::new([(&B0, Says::Check([0x70, 5, 0x24, 0]))]),
        geometry(520),
        LONGEST,
        (|| true) as fn() -> bool,
    );
    disk.channel = Script::new(lines);
    disk
}

fn bytes(length: usize) -> Vec<u8> {
    (0..=250_u8).cycle().take(length).collect()
}

#[test]
fn the_length_of_a_block_decides_who_reads_it() {
    // Last LBA FFFFFh.
    let of = |block: [u8; 4]| {
        let mut says = vec![0, 0, 0, 0, 0, 0x0F, 0xFF, 0xFF];
        says.extend(block);
        says.resize(32, 0);
        foreign_geometry(&mut Script::new([(&CAPACITY, Says::Good(says))]))
    };
    assert_eq!(of([0, 0, 0x02, 0x08]), Some(geometry(520)));
    assert_eq!(of([0, 0, 0x02, 0x10]), Some(geometry(528)));
    assert_eq!(of([0, 0, 0x10, 0x40]), Some(geometry(4160)));
    assert_eq!(of([0, 0, 0x10, 0x80]), Some(geometry(4224)));
    assert_eq!(of([0, 0, 0x01, 0x00]), Some(geometry(256)), "less than Linux has");
    assert_eq!(of([0, 0, 0x02, 0x00]), None, "512: the kernel's own");
    assert_eq!(of([0, 0, 0x10, 0x00]), None, "4096");
    assert_eq!(of([0, 0, 0x02, 0x09]), None, "521 would go through pages full of zeros");
    assert_eq!(of([0, 4, 0x02, 0x08]), None, "262664 bytes are no block");
    assert_eq!(of([0xA5; 4]), None, "poison");
}

#[test]
fn a_disk_that_does_not_tell_its_capacity_has_no_blocks() {
    let of = |says| foreign_geometry(&mut Script::new([(&CAPACITY, says)]));
    assert_eq!(of(Says::Check([0x70, 2, 0x04, 0x1B])), None, "a sanitize runs");
    assert_eq!(of(Says::Good(vec![])), None, "GOOD without data");
    assert_eq!(of(Says::Fails(ChannelError::Gone(Errno::ENODEV))), None);
}

#[test]
fn a_command_carries_whole_blocks_and_no_more_than_the_least_of_three_limits() {
    let most =
        |page: Says, block, longest| ScsiMedia::new(Script::new([(&B0, page)]), geometry(block), longest, || true).most;
    let limit = |blocks: u8| Says::Good(vec![0, 0xB0, 0, 12, 0, 0, 0, 0, 0, 0, 0, blocks, 0, 0, 0, 0]);
    assert_eq!(most(limit(0), 520, LONGEST), 504, "504 * 520 = 262080 of 262144 bytes");
    assert_eq!(most(limit(0), 4224, u32::MAX), 62);
    assert_eq!(most(limit(128), 520, LONGEST), 128);
    assert_eq!(most(limit(128), 520, 61_440), 118, "an adapter with 120 sectors");
    assert_eq!(most(limit(0), 4224, 4096), 1);
}

#[test]
fn blocks_are_read_and_written_by_commands() {
    let data = bytes(1040);
    let mut media = disk([(&WRITE, Says::Good(vec![])), (&READ, Says::Good(data.clone()))]);
    assert_eq!(media.write(Lba(0x102), &data), Ok(1040));
    assert_eq!(media.channel.written, data);
    let mut read = vec![0x11; 1100];
    assert_eq!(media.read(Lba(0x102), &mut read), Ok(1040));
    assert_eq!((&read[..1040], &read[1040..]), (data.as_slice(), &[0x11; 60][..]), "half a block is none");
    assert_eq!(media.read(Lba(0x102), &mut read[..519]), Ok(0), "no command at all");
    assert_eq!(media.write(Lba(0x102), &[]), Ok(0));
    // Longer than a command: the first 504 (1F8h) blocks of 600.
    let long = [0x8A, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x01, 0xF8, 0, 0];
    media.channel = Script::new([(&long, Says::Good(vec![]))]);
    assert_eq!(media.write(Lba(0), &bytes(600 * 520)), Ok(262_080));
    assert_eq!(media.channel.written.len(), 262_080);
}

#[test]
fn what_did_not_come_is_not_read_and_stays_as_it_was() {
    let data = bytes(1040);
    let of = |says| {
        let mut read = vec![0x11; 1040];
        let came = disk([(&READ, says)]).read(Lba(0x102), &mut read).unwrap();
        assert_eq!(read[came..], vec![0x11; 1040 - came]);
        assert_eq!(read[..came], data[..came]);
        came
    };
    assert_eq!(of(Says::Good(data[..1000].to_vec())), 520, "a part of a block is no block");
    assert_eq!(of(Says::Good(vec![])), 0);
    assert_eq!(of(Says::Raw(ScsiAnswer::default())), 0, "GOOD, no residual, and nothing but poison");
    let mut poisoned = data[..520].to_vec();
    poisoned.resize(1040, 0xA5);
    assert_eq!(of(Says::Good(poisoned)), 520);
    let short = ScsiAnswer { residual: 100, ..ScsiAnswer::default() };
    assert_eq!(disk([(&WRITE, Says::Raw(short))]).write(Lba(0x102), &data), Ok(520));
}

#[test]
fn errors_are_of_the_blocks_or_of_the_disk() {
    let of = |says| disk([(&READ, says)]).read(Lba(0x102), &mut [0; 1040]).unwrap_err();
    let raw = |host| Says::Raw(ScsiAnswer { host, ..ScsiAnswer::default() });
    let bad = |errno| MediaError::Bad { errno };
    assert_eq!(of(Says::Check([0x70, 3, 0x11, 0x00])), bad(61), "MEDIUM ERROR: ENODATA");
    assert_eq!(of(Says::Check([0x70, 4, 0x44, 0x00])), bad(121), "HARDWARE ERROR: EREMOTEIO");
    assert_eq!(of(Says::Check([0x70, 5, 0x21, 0x00])), bad(5), "beyond the end");
    assert_eq!(of(raw(3)), bad(5), "DID_TIME_OUT with status GOOD");
    assert_eq!(of(raw(1)), MediaError::Gone { errno: 19 }, "DID_NO_CONNECT");
    assert_eq!(of(Says::Fails(ChannelError::Gone(Errno::ENXIO))), MediaError::Gone { errno: 19 });
    assert_eq!(of(Says::Fails(ChannelError::Kernel(Errno::EIO))), bad(5));
    let mut pulled = disk([(&READ, raw(3))]);
    pulled.is_there = || false;
    assert_eq!(pulled.read(Lba(0x102), &mut [0; 1040]), Err(MediaError::Gone { errno: 5 }));
}

#[test]
fn unit_attentions_are_heard_out_and_recovered_errors_are_none() {
    let attention = || Says::Check([0x70, 6, 0x29, 0x00]);
    let mut media =
        disk([(&READ, attention()), (&READ, Says::Check([0x71, 1, 0x0C, 0x01])), (&READ, Says::Good(bytes(1040)))]);
    assert_eq!(media.read(Lba(0x102), &mut [0; 1040]), Ok(1040));
    let mut media = disk([(); 5].map(|()| (&WRITE[..], attention())));
    assert_eq!(media.write(Lba(0x102), &[0; 1040]), Err(MediaError::Bad { errno: 5 }));
    let mut media = disk([(&WRITE, Says::Check([0x70, 1, 0x0C, 0x01]))]);
    assert_eq!(media.write(Lba(0x102), &[0; 1040]), Ok(1040));
}

#[test]
fn a_flush_is_the_longer_command_or_else_the_shorter_one() {
    assert_eq!(disk([(&SYNC_16, Says::Good(vec![]))]).flush(), Ok(()));
    let unknown = || Says::Check([0x70, 5, 0x20, 0x00]);
    assert_eq!(disk([(&SYNC_16, unknown()), (&SYNC_10, Says::Good(vec![]))]).flush(), Ok(()));
    assert_eq!(disk([(&SYNC_16, unknown()), (&SYNC_10, unknown())]).flush(), Err(MediaError::Bad { errno: 5 }));
    let failed = Says::Check([0x70, 3, 0x0C, 0x02]);
    assert_eq!(disk([(&SYNC_16, failed)]).flush(), Err(MediaError::Bad { errno: 61 }));
}

#[test]
fn a_write_that_is_told_lost_later_is_not_forgotten() {
    let deferred = Says::Check([0x71, 3, 0x0C, 0x02]);
    let mut media = disk([(&WRITE, deferred), (&WRITE, Says::Good(vec![])), (&SYNC_16, Says::Good(vec![]))]);
    assert!(media.write(Lba(0x102), &[0; 1040]).is_err());
    assert_eq!(media.write(Lba(0x102), &[0; 1040]), Ok(1040), "the command itself was good");
    assert_eq!(media.flush(), Err(MediaError::Bad { errno: 5 }));
}
