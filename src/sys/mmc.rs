//! eMMC commands: `<linux/mmc/ioctl.h>`. On the whole device alone (`/dev/mmcblk0`, or a boot area of it), with `CAP_SYS_RAWIO`.

use crate::transfer::{Staged, Transfer};
use nix::errno::Errno;
use std::os::fd::{AsFd, AsRawFd};

/// `MMC_RSP_R1 | MMC_CMD_AC` of `linux/mmc/core.h`: a card status comes back, no data. Present (1), CRC (4), opcode (10h).
pub const R1: u32 = 0x15;
/// `MMC_RSP_R1B | MMC_CMD_AC`: as [`R1`], and then the card holds the line busy (8) until it has done it.
pub const R1B: u32 = 0x1D;
/// `MMC_RSP_R1 | MMC_CMD_ADTC`: as [`R1`], with data (20h).
pub const R1_DATA: u32 = 0x35;

/// `MMC_BLOCK_MAJOR` of `<linux/major.h>`, the type of these requests.
const MMC_BLOCK_MAJOR: u8 = 179;
/// As many as are ever sent together; the kernel would take 255.
const MOST: usize = 16;
/// A response that the kernel did not fill in: R1 fills the first word and leaves the others zero, so that no card answers this.
const UNANSWERED: [u32; 4] = [0xA5A5_A5A5; 4];

/// `struct mmc_ioc_cmd`.
#[repr(C)]
#[derive(Clone, Copy)]
struct Raw {
    write_flag: i32,
    is_acmd: i32,
    opcode: u32,
    arg: u32,
    response: [u32; 4],
    flags: u32,
    blksz: u32,
    blocks: u32,
    postsleep_min_us: u32,
    postsleep_max_us: u32,
    data_timeout_ns: u32,
    cmd_timeout_ms: u32,
    pad: u32,
    data_ptr: u64,
}

/// Fills the places of commands that are not sent.
const NOTHING: Raw = Raw {
    write_flag: 0,
    is_acmd: 0,
    opcode: 0,
    arg: 0,
    response: UNANSWERED,
    flags: 0,
    blksz: 0,
    blocks: 0,
    postsleep_min_us: 0,
    postsleep_max_us: 0,
    data_timeout_ns: 0,
    cmd_timeout_ms: 0,
    pad: 0,
    data_ptr: 0,
};

/// `struct mmc_ioc_multi_cmd` with room for all that are sent together.
#[repr(C)]
struct Multi {
    num_of_cmds: u64,
    cmds: [Raw; MOST],
}

/// ioctl(2) of eMMC devices.
mod raw {
    use super::MMC_BLOCK_MAJOR;
    nix::ioctl_readwrite!(command, MMC_BLOCK_MAJOR, 0, super::Raw);
    // The number counts the structure without its commands.
    nix::ioctl_readwrite_bad!(multi, nix::request_code_readwrite!(MMC_BLOCK_MAJOR, 1, 8), super::Multi);
}

const _: () = {
    use crate::ioctl::number;
    use nix::request_code_readwrite;
    use std::mem::offset_of;
    assert!(size_of::<Raw>() == 72 && offset_of!(Raw, response) == 16 && offset_of!(Raw, data_ptr) == 64);
    assert!(offset_of!(Raw, data_timeout_ns) == 52 && offset_of!(Raw, cmd_timeout_ms) == 56);
    assert!(offset_of!(Multi, cmds) == 8 && size_of::<Multi>() == 8 + 16 * 72);
    assert!(number(request_code_readwrite!(MMC_BLOCK_MAJOR, 0, size_of::<Raw>())) == 0xC048_B300);
    assert!(number(request_code_readwrite!(MMC_BLOCK_MAJOR, 1, 8)) == 0xC008_B301);
};

/// A command and, when it has been sent, its response.
#[derive(Debug)]
pub struct Command<'a> {
    /// CMD index, as 6 for SWITCH.
    pub opcode: u32,
    /// Its 32-bit argument.
    pub argument: u32,
    /// [`R1`], [`R1B`] or [`R1_DATA`].
    pub flags: u32,
    /// Its data, in whole blocks of `block_size`; no more than 512 KiB in all.
    pub data: Transfer<'a>,
    /// Bytes in a block of data; 512 for `EXT_CSD`. Means nothing without data.
    pub block_size: u32,
    /// How long the card may be busy, for [`R1B`]: 0 is the kernel's own limit, which is 10 s, and 240 s for SANITIZE.
    pub cmd_timeout_ms: u32,
    /// How long data may take to begin; 0 is what the card itself says.
    pub data_timeout_ns: u32,
    /// The four words of the response, of which R1 has the first. `None`: the kernel handed none on. It never does for SANITIZE
    /// (CMD6 to byte 165 of `EXT_CSD`), which it carries out by itself: there the call's own result says all there is, and the
    /// card's status is to be asked for.
    pub response: Option<[u32; 4]>,
}

impl<'a> Command<'a> {
    /// A command without data, by the kernel's own time limits.
    pub const fn new(opcode: u32, argument: u32, flags: u32) -> Self {
        Self {
            opcode,
            argument,
            flags,
            data: Transfer::None,
            block_size: 512,
            cmd_timeout_ms: 0,
            data_timeout_ns: 0,
            response: None,
        }
    }

    /// Takes the data out of the command, in place for the kernel, and the structure that points there.
    fn prepare(&mut self) -> Result<(Raw, Staged<'a>), Errno> {
        self.response = None;
        let data = std::mem::replace(&mut self.data, Transfer::None);
        let write_flag = i32::from(matches!(data, Transfer::Out(_)));
        let mut data = data.stage();
        let length = u32::try_from(data.length()).map_err(|_| Errno::EOVERFLOW)?;
        let blocks = length.checked_div(self.block_size).filter(|blocks| blocks * self.block_size == length);
        let blocks = if length == 0 { 0 } else { blocks.ok_or(Errno::EINVAL)? };
        let raw = Raw {
            write_flag,
            opcode: self.opcode,
            arg: self.argument,
            flags: self.flags,
            blksz: self.block_size,
            blocks,
            data_timeout_ns: self.data_timeout_ns,
            cmd_timeout_ms: self.cmd_timeout_ms,
            data_ptr: data.address().expose_provenance() as u64,
            ..NOTHING
        };
        Ok((raw, data))
    }
}

/// `MMC_IOC_CMD` for one command, `MMC_IOC_MULTI_CMD` for up to 16: the card gets them in order, with nothing of the kernel's own in
/// between, until one fails. The data of each is used up; responses are filled in after an error too, as far as there are any (zeros
/// for the one that failed).
///
/// EINVAL without any sending: no command, too many, or data that is not whole blocks. EOVERFLOW: more than 512 KiB of data.
/// ETIMEDOUT: the card did not answer, or is still busy. EILSEQ: an answer with a wrong checksum. EOPNOTSUPP: SANITIZE for
/// a card that does not offer it.
pub fn execute(device: impl AsFd, commands: &mut [Command<'_>]) -> Result<(), Errno> {
    if commands.len() > MOST {
        return Err(Errno::EINVAL);
    }
    let prepared: Result<Vec<_>, Errno> = commands.iter_mut().map(Command::prepare).collect();
    let (mut raw, data): (Vec<Raw>, Vec<Staged<'_>>) = prepared?.into_iter().unzip();
    let fd = device.as_fd().as_raw_fd();
    let sent = match raw.as_mut_slice() {
        [] => Err(Errno::EINVAL),
        // SAFETY: `one` is a live `mmc_ioc_cmd`; `data_ptr` is valid for its blocks until `data` is delivered, and the kernel writes
        // there only if `write_flag` is 0, which is data in.
        [one] => unsafe { raw::command(fd, one) },
        many => {
            let mut multi = Multi { num_of_cmds: many.len() as u64, cmds: [NOTHING; MOST] };
            multi.cmds.iter_mut().zip(many.iter()).for_each(|(to, from)| *to = *from);
            // SAFETY: `multi` is live and holds `num_of_cmds` commands, for each of which the same is true.
            let sent = unsafe { raw::multi(fd, &raw mut multi) };
            many.iter_mut().zip(multi.cmds).for_each(|(to, from)| *to = from);
            sent
        }
    };
    for ((command, raw), data) in commands.iter_mut().zip(&raw).zip(data) {
        command.response = (raw.response != UNANSWERED).then_some(raw.response);
        let came = if sent.is_ok() { data.length() } else { 0 };
        data.deliver(came);
    }
    sent.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;

    fn null() -> File {
        File::open("/dev/null").unwrap()
    }

    #[test]
    fn what_is_no_card_refuses_and_leaves_no_response() {
        let mut ext_csd = [0; 512];
        let mut send_ext_csd = Command::new(8, 0, R1_DATA);
        send_ext_csd.data = Transfer::In(&mut ext_csd);
        send_ext_csd.response = Some([0; 4]);
        let mut commands = [send_ext_csd, Command::new(13, 1 << 16, R1)];
        assert_eq!(execute(null(), &mut commands), Err(Errno::ENOTTY));
        assert_eq!(commands.each_ref().map(|command| command.response), [None, None]);
        assert_eq!(execute(null(), &mut commands[1..]), Err(Errno::ENOTTY));
        assert_eq!(ext_csd, [0xA5; 512]);
    }

    #[test]
    fn too_few_and_too_many_are_not_sent() {
        let commands = |count| (0..count).map(|_| Command::new(13, 1 << 16, R1)).collect::<Vec<_>>();
        assert_eq!(execute(null(), &mut commands(0)), Err(Errno::EINVAL));
        assert_eq!(execute(null(), &mut commands(16)), Err(Errno::ENOTTY));
        assert_eq!(execute(null(), &mut commands(17)), Err(Errno::EINVAL));
    }

    #[test]
    fn data_is_whole_blocks() {
        for (length, block_size) in [(513, 512), (512, 0), (1, 512)] {
            let mut answer = vec![0; length];
            let mut command = Command::new(8, 0, R1_DATA);
            command.data = Transfer::In(&mut answer);
            command.block_size = block_size;
            assert_eq!(execute(null(), &mut [command]), Err(Errno::EINVAL));
        }
    }

    #[test]
    fn each_field_has_its_place() {
        let data = [0; 1024];
        let mut command = Command::new(0x66, 0x77, R1B);
        command.data = Transfer::Out(&data);
        command.cmd_timeout_ms = 0x88;
        command.data_timeout_ns = 0x99;
        let (raw, mut staged) = command.prepare().unwrap();
        // SAFETY: the structure has no padding (its fields fill its 72 bytes), and every bit pattern is a word.
        let words: [u32; 18] = unsafe { std::mem::transmute(raw) };
        let poison = 0xA5A5_A5A5;
        assert_eq!(words[..8], [1, 0, 0x66, 0x77, poison, poison, poison, poison]);
        assert_eq!(words[8..16], [0x1D, 512, 2, 0, 0, 0x99, 0x88, 0]);
        assert_eq!(u64::from(words[16]) | u64::from(words[17]) << 32, staged.address().addr() as u64);
    }

    #[test]
    fn flags_are_the_kernels() {
        // MMC_RSP_PRESENT 1, MMC_RSP_CRC 4, MMC_RSP_BUSY 8, MMC_RSP_OPCODE 10h, MMC_CMD_ADTC 20h.
        assert_eq!((R1, R1B, R1_DATA), (1 | 4 | 0x10, 1 | 4 | 0x10 | 8, 1 | 4 | 0x10 | 0x20));
    }
}
