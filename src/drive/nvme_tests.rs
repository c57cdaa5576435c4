//! A table of pages plays the controller: a command is looked up by opcode, NSID and CDW10, and everything sent is kept.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use nix::errno::Errno;
use purgeproof_core::capability::{Area, Capabilities, Found, Obstacle, Support};
use purgeproof_core::firmware::Exchange;
use purgeproof_core::units::{Bytes, Lba};
use purgeproof_spec::nvme::Read;
use purgeproof_sys::nvme::Completed;
use purgeproof_sys::transfer::{POISON, Transfer};

use super::*;

#[derive(Clone)]
enum Answer {
    Page(Vec<u8>),
    Status(i32),
    Lost(Errno),
}

/// Opcode, NSID, CDW10.
type Key = (u8, u32, u32);

#[derive(Clone, Default)]
struct Board(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    pages: HashMap<Key, Answer>,
    /// What comes instead, once, from the next time on.
    once: Vec<(Key, Answer)>,
    sent: Vec<(Key, u32)>,
    rescans: u32,
    /// First block, blocks and bytes of each read of the medium, and the status that it gets; without one the drive is gone.
    reads: Vec<(u64, u16, usize)>,
    medium: Option<i32>,
    more_memory: Option<bool>,
}

impl Board {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    fn set(&self, key: Key, answer: Answer) -> &Self {
        self.state().pages.insert(key, answer);
        self
    }

    /// Changes bytes of a page from `at` on.
    fn patch(&self, key: Key, at: usize, bytes: &[u8]) -> &Self {
        let mut state = self.state();
        let Some(Answer::Page(page)) = state.pages.get_mut(&key) else { panic!("there is no such page") };
        page[at..at + bytes.len()].copy_from_slice(bytes);
        drop(state);
        self
    }

    /// The commands that change the drive, with CDW11.
    fn changes(&self) -> Vec<(Key, u32)> {
        let is_change = |sent: &&(Key, u32)| matches!(sent.0.0, 0x80 | 0x81 | 0x84 | 0x0D | 0x15);
        self.state().sent.iter().filter(is_change).copied().collect()
    }
}

impl NvmeAdmin for Board {
    fn admin(&mut self, command: &AdminCommand, data: Transfer<'_>, _: u32) -> Result<Completed, ChannelError> {
        let [cdw10, cdw11, rest @ ..] = command.dwords();
        assert_eq!(rest, [0; 4]);
        let key = (command.opcode(), command.nsid().value(), cdw10);
        let mut state = self.state();
        state.sent.push((key, cdw11));
        let once = state.once.iter().position(|(other, _)| *other == key);
        let answer = match once {
            Some(place) => state.once.remove(place).1,
            // Invalid Field in Command, do not retry.
            None => state.pages.get(&key).cloned().unwrap_or(Answer::Status(0x4002)),
        };
        if let Transfer::In(into) = data {
            into.fill(POISON);
            if let Answer::Page(page) = &answer {
                into[..page.len()].copy_from_slice(page);
            }
        }
        let completed = |raw| Ok(Completed { raw, result: 0, elapsed: std::time::Duration::ZERO });
        match answer {
            Answer::Page(_) => completed(0),
            Answer::Status(raw) => completed(raw),
            Answer::Lost(errno) => Err(errno.into()),
        }
    }

    fn read(&mut self, command: &Read, into: &mut [u8]) -> Result<Completed, ChannelError> {
        let mut state = self.state();
        state.reads.push((command.first, command.blocks.get(), into.len()));
        let raw = state.medium.ok_or(ChannelError::Gone(Errno::ENODEV))?;
        into.fill(0x11);
        Ok(Completed { raw, result: 0, elapsed: std::time::Duration::ZERO })
    }

    fn rescan(&mut self) -> Result<(), ChannelError> {
        self.state().rescans += 1;
        Ok(())
    }

    fn has_more_memory(&self) -> Option<bool> {
        self.state().more_memory
    }
}

#[derive(Default)]
struct Notes(Vec<Exchange>);

impl Transcript for Notes {
    fn note(&mut self, exchange: Exchange) {
        self.0.push(exchange);
    }
}

impl Notes {
    fn named(&self, name: &str) -> Vec<&Exchange> {
        self.0.iter().filter(|exchange| exchange.command == name).collect()
    }
}

const CONTROLLER: Key = (0x06, 0, 0x01);
const NAMESPACE: Key = (0x06, 1, 0x00);
const ACTIVE: Key = (0x06, 0, 0x02);
const ALLOCATED: Key = (0x06, 0, 0x10);
const SMART: Key = (0x02, 0xFFFF_FFFF, 0x007F_0002);
const FIRMWARE: Key = (0x02, 0xFFFF_FFFF, 0x007F_0003);
const BOOT: Key = (0x02, 0xFFFF_FFFF, 0x007F_0015);
const SANITIZE: Key = (0x02, 0xFFFF_FFFF, 0x007F_0081);
const LEVEL_0: Key = (0x82, 0, 0x0100_0100);

fn page(length: usize, parts: &[(usize, &[u8])]) -> Answer {
    let mut bytes = vec![0; length];
    for (at, part) in parts {
        bytes[*at..at + part.len()].copy_from_slice(part);
    }
    Answer::Page(bytes)
}

/// A log page 81h from its first eight bytes: SPROG, SSTAT, SCDW10. Estimates: 3200 s for sixteen passes, 20 s, 2 s.
fn log(start: [u8; 8]) -> Answer {
    page(512, &[(0, &start), (8, &[0x80, 0x0C, 0, 0, 0x14, 0, 0, 0, 0x02, 0, 0, 0]), (20, &[0xFF; 16])])
}

/// Revision 1.4, sanitizes by all three, formats with both erases, manages namespaces; one namespace of 64 MiB.
fn board() -> Board {
    let board = Board::default();
    board
        .set(
            CONTROLLER,
            page(
                4096,
                &[
                    (0, &[0x00, 0x1D]),
                    (4, b"PP0001              "),
                    (80, &[0x00, 0x04, 0x01, 0x00]),
                    (256, &[0x0A, 0x00]),             // OACS: format, namespace management
                    (266, &[0x57, 0x01]),             // WCTEMP 343 K
                    (328, &[0x07, 0x00, 0x00, 0x00]), // SANICAP: CES, BES, OWS
                    (516, &[0x20, 0x00, 0x00, 0x00]), // NN 32
                    (524, &[0x04]),                   // FNA: crypto erase
                ],
            ),
        )
        .set(NAMESPACE, page(4096, &[(0, &[0, 0, 2, 0]), (8, &[0, 0, 2, 0]), (130, &[0x09])]))
        .set(ACTIVE, page(4096, &[(0, &[1])]))
        .set(ALLOCATED, page(4096, &[(0, &[1])]))
        .set(SMART, page(512, &[(1, &[0x2C, 0x01]), (5, &[0x03]), (160, &[0x02])]))
        .set(FIRMWARE, page(512, &[(0, &[0x01])]))
        .set(SANITIZE, log([0xFF, 0xFF, 0, 0, 0, 0, 0, 0]));
    board.state().more_memory = Some(false);
    board
}

fn nsid() -> Nsid {
    Nsid::new(1).unwrap()
}

fn probed(board: &Board) -> Capabilities {
    probe(&mut board.clone(), nsid(), None)
}

fn support(capabilities: &Capabilities, technique: Technique) -> Support {
    capabilities.techniques.iter().find(|(one, _)| *one == technique).unwrap().1.clone()
}

fn found(capabilities: &Capabilities, area: Area) -> Found {
    capabilities.hidden.iter().find(|hidden| hidden.area == area).unwrap().found.clone()
}

fn firmware(board: &Board) -> NvmeFirmware<Board> {
    NvmeFirmware::new(board.clone(), nsid(), Some("PP0001".to_owned()), None)
}

const SANITIZES: [Technique; 3] =
    [Technique::SanitizeCryptoErase, Technique::SanitizeBlockErase, Technique::SanitizeOverwrite];
const FORMATS: [Technique; 2] = [Technique::FormatCryptoErase, Technique::FormatUserDataErase];

#[test]
fn a_drive_that_can_do_everything_but_tcg_hides_nothing() {
    let capabilities = probed(&board());
    for technique in SANITIZES.into_iter().chain(FORMATS) {
        assert_eq!(support(&capabilities, technique), Support::Present, "{technique}");
    }
    assert_eq!(support(&capabilities, Technique::TcgRevert), Support::Absent);
    for area in [
        Area::OtherNamespaces,
        Area::UnattachedNamespaces,
        Area::UnallocatedCapacity,
        Area::ReplayProtectedMemory,
        Area::PersistentMemoryRegion,
    ] {
        assert_eq!(found(&capabilities, area), Found::Nothing, "{area}");
    }
    assert!(matches!(found(&capabilities, Area::BootPartitions), Found::Unknown(_)), "1.4 without the log page");
    assert!(capabilities.obstacles.is_empty() && !capabilities.encrypts_all);
}

#[test]
fn what_the_bits_do_not_say_is_absent() {
    let board = board();
    board.patch(CONTROLLER, 328, &[0x02, 0, 0, 0]).patch(CONTROLLER, 524, &[0x00]);
    let capabilities = probed(&board);
    assert_eq!(SANITIZES.map(|one| support(&capabilities, one)), [Support::Absent, Support::Present, Support::Absent]);
    assert_eq!(FORMATS.map(|one| support(&capabilities, one)), [Support::Absent, Support::Present]);
    board.patch(CONTROLLER, 328, &[0; 4]).patch(CONTROLLER, 256, &[0x00]);
    let capabilities = probed(&board);
    assert!(capabilities.techniques.iter().all(|(_, support)| *support == Support::Absent));
    assert!(!board.state().sent.iter().rev().take(6).any(|sent| sent.0 == SANITIZE), "no log is asked for");
}

#[test]
fn another_namespace_is_never_erased_along() {
    let board = board();
    board.patch(ACTIVE, 4, &[2]).patch(ALLOCATED, 4, &[2]);
    assert!(
        matches!(found(&probed(&board), Area::OtherNamespaces), Found::Unknown(why) if why.starts_with("of 1 there are"))
    );
    board.set((0x06, 2, 0x11), page(4096, &[(0, &[0, 8]), (130, &[0x09])]));
    let capabilities = probed(&board);
    assert_eq!(found(&capabilities, Area::OtherNamespaces), Found::Closed { size: Bytes(1 << 20) });
    for technique in SANITIZES {
        let Support::Blocked(why) = support(&capabilities, technique) else { panic!("{technique} is not blocked") };
        assert!(why.starts_with("would erase the other namespaces of this controller too: 2."), "{why}");
    }
    assert_eq!(FORMATS.map(|one| support(&capabilities, one)), [Support::Present, Support::Present]);
    // FNA bit 1: a secure erase of one erases them all; bit 0: a format does.
    for fna in [0x06, 0x05] {
        board.patch(CONTROLLER, 524, &[fna]);
        assert!(FORMATS.iter().all(|one| matches!(support(&probed(&board), *one), Support::Blocked(_))));
    }
    let mut firmware = firmware(&board);
    for technique in SANITIZES.into_iter().chain(FORMATS) {
        assert!(matches!(firmware.begin(technique, &mut Notes::default()), Begun::Refused { .. }));
    }
    assert_eq!(board.changes(), []);
}

#[test]
fn a_list_of_namespaces_that_does_not_come_blocks_what_erases_all() {
    for answer in [Answer::Status(0x0006), Answer::Lost(Errno::ETIMEDOUT), Answer::Page(Vec::new())] {
        let board = board();
        board.set(ACTIVE, answer);
        let capabilities = probed(&board);
        assert!(matches!(found(&capabilities, Area::OtherNamespaces), Found::Unknown(_)));
        assert!(SANITIZES.iter().all(|one| matches!(support(&capabilities, *one), Support::Blocked(_))));
        assert!(FORMATS.iter().all(|one| matches!(support(&capabilities, *one), Support::Unknown(_))));
    }
}

#[test]
fn a_namespace_that_a_sibling_shows_is_in_use() {
    let board = board();
    board.patch(CONTROLLER, 76, &[0x02]).patch(ALLOCATED, 4, &[2]);
    board.set((0x06, 2, 0x11), page(4096, &[(0, &[0, 8]), (130, &[0x09])]));
    let attached = (0x06, 2, 0x12);
    board.set(attached, page(4096, &[(0, &[1, 0, 7, 0])]));
    assert!(matches!(support(&probed(&board), Technique::SanitizeBlockErase), Support::Blocked(_)));
    board.set(attached, Answer::Status(0x4002));
    assert!(matches!(support(&probed(&board), Technique::SanitizeBlockErase), Support::Blocked(_)), "not known");
    board.set(attached, page(4096, &[]));
    let capabilities = probed(&board);
    assert_eq!(support(&capabilities, Technique::SanitizeBlockErase), Support::Present);
    assert_eq!(found(&capabilities, Area::UnattachedNamespaces), Found::Closed { size: Bytes(1 << 20) });
}

#[test]
fn a_format_does_not_leave_anything_beside_it() {
    let board = board();
    // UNVMCAP 1000h.
    board.patch(CONTROLLER, 296, &[0x00, 0x10]);
    let capabilities = probed(&board);
    assert!(
        FORMATS
            .iter()
            .all(|one| matches!(support(&capabilities, *one), Support::Blocked(why) if why.contains("4096 bytes")))
    );
    assert_eq!(support(&capabilities, Technique::SanitizeBlockErase), Support::Present, "it reaches them");
    assert_eq!(found(&capabilities, Area::UnallocatedCapacity), Found::Closed { size: Bytes(4096) });
    // Namespace 3 of 2048 blocks of 512 bytes is attached to nobody.
    board.patch(CONTROLLER, 296, &[0x00, 0x00]).patch(ALLOCATED, 4, &[3]);
    board.set((0x06, 3, 0x11), page(4096, &[(0, &[0, 8]), (130, &[0x09])]));
    let capabilities = probed(&board);
    assert!(FORMATS.iter().all(|one| matches!(support(&capabilities, *one), Support::Blocked(_))));
    assert_eq!(found(&capabilities, Area::UnattachedNamespaces), Found::Closed { size: Bytes(1 << 20) });
}

#[test]
fn areas_that_no_erase_reaches_are_named() {
    let board = board();
    // Two RPMB targets of 128 KiB; boot partitions of 256 KiB.
    board.patch(CONTROLLER, 312, &[0x02, 0x00, 0x00, 0x00]).set(BOOT, page(512, &[(0, &[0x15, 0, 0, 0, 2])]));
    board.state().more_memory = None;
    let capabilities = probed(&board);
    assert_eq!(found(&capabilities, Area::ReplayProtectedMemory), Found::Closed { size: Bytes(256 << 10) });
    assert_eq!(found(&capabilities, Area::BootPartitions), Found::Closed { size: Bytes(512 << 10) });
    assert!(matches!(found(&capabilities, Area::PersistentMemoryRegion), Found::Unknown(_)));
    // Revision 1.2 has neither boot partitions nor a persistent memory region.
    board.patch(CONTROLLER, 80, &[0x00, 0x02, 0x01, 0x00]);
    let capabilities = probed(&board);
    assert_eq!(found(&capabilities, Area::BootPartitions), Found::Nothing);
    assert_eq!(found(&capabilities, Area::PersistentMemoryRegion), Found::Nothing);
}

#[test]
fn what_stands_in_the_way_is_seen() {
    let board = board();
    board.patch(FIRMWARE, 0, &[0x21]).patch(NAMESPACE, 99, &[1]);
    let capabilities = probed(&board);
    assert!(
        matches!(support(&capabilities, SANITIZES[0]), Support::Blocked(why) if why.contains("firmware update in slot 2"))
    );
    assert_eq!(support(&capabilities, FORMATS[0]), Support::Present);
    assert_eq!(capabilities.obstacles, [Obstacle::WriteProtected]);
    board.patch(NAMESPACE, 99, &[0]).set(SANITIZE, log([0x00, 0x40, 0x02, 0, 0x02, 0, 0, 0]));
    assert_eq!(probed(&board).obstacles, [Obstacle::Sanitizing]);
    board.set(SANITIZE, log([0xFF, 0xFF, 0x03, 0, 0x02, 0, 0, 0]));
    assert_eq!(probed(&board).obstacles, [Obstacle::SanitizeFailed]);
    board.set(SANITIZE, Answer::Lost(Errno::EIO));
    assert!(matches!(support(&probed(&board), SANITIZES[1]), Support::Unknown(_)));
}

#[test]
fn an_encrypting_drive_asks_for_its_psid() {
    let board = board();
    board.patch(CONTROLLER, 256, &[0x0B]);
    let mut level_0 = vec![0; 48];
    level_0[3] = 80;
    level_0.extend([0x00, 0x02, 0x10, 0x0C, 0x0F, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    level_0.extend([0x02, 0x03, 0x10, 0x10, 0x07, 0xFE, 0, 1, 0, 0, 4, 0, 9, 0, 0, 0, 0, 0, 0, 0]);
    // The controller sends no more than there is.
    board.set(LEVEL_0, Answer::Page(level_0));
    let capabilities = probed(&board);
    assert!(
        matches!(support(&capabilities, Technique::TcgRevert), Support::Blocked(why) if why.contains("PSID from the label"))
    );
    assert!(capabilities.encrypts_all);
    assert_eq!(capabilities.obstacles, [Obstacle::Locked]);
    let psid = crate::tcg::tests::psid("VUTSRQPONMLKJIHGFEDCBA9876543210");
    let capabilities = probe(&mut board.clone(), nsid(), psid.as_ref());
    assert_eq!(support(&capabilities, Technique::TcgRevert), Support::Present);
    assert_eq!(capabilities.obstacles, []);
    // A sanitize under way refuses Security Receive: that is not to have no TCG.
    board.set(LEVEL_0, Answer::Status(0x001D));
    assert!(matches!(support(&probed(&board), Technique::TcgRevert), Support::Unknown(_)));
}

#[test]
fn a_controller_that_does_not_answer_is_unknown_through_and_through() {
    for answer in
        [Answer::Lost(Errno::ENODEV), Answer::Page(Vec::new()), Answer::Page(vec![0; 4096]), Answer::Page(vec![1; 512])]
    {
        let board = board();
        board.set(CONTROLLER, answer);
        let capabilities = probed(&board);
        assert_eq!((capabilities.techniques.len(), capabilities.hidden.len()), (6, 6));
        assert!(capabilities.techniques.iter().all(|(_, support)| matches!(support, Support::Unknown(_))));
        assert!(capabilities.hidden.iter().all(|hidden| matches!(hidden.found, Found::Unknown(_))));
        let mut firmware = firmware(&board);
        assert!(matches!(firmware.begin(SANITIZES[0], &mut Notes::default()), Begun::Lost { .. }));
        assert_eq!(board.changes(), []);
    }
}

#[test]
fn a_block_erase_from_beginning_to_end() {
    let board = board();
    // SPRRS: the drive takes PREQ.
    board.patch(CONTROLLER, 328, &[0x27]).set((0x84, 0, 0x802), Answer::Page(Vec::new()));
    let (mut firmware, mut notes) = (firmware(&board), Notes::default());
    let prepared = firmware.prepare(&mut notes);
    assert_eq!((prepared.standing, prepared.obstacle, prepared.capacity), (Standing::Never, None, None));
    assert_eq!(firmware.begin(Technique::SanitizeBlockErase, &mut notes), Begun::Accepted { estimate_s: Some(20) });
    assert_eq!(board.changes(), [((0x84, 0, 0x802), 0)]);
    let noted = notes.named("Sanitize, Block Erase");
    assert_eq!(noted.len(), 2, "before it is sent, and with its answer");
    assert_eq!(noted[0].answer, None);
    let mut sent = [0; 32];
    sent[0] = 0x84;
    sent[8..10].copy_from_slice(&[0x02, 0x08]);
    assert_eq!(noted[1].sent.0, sent);
    assert_eq!(noted[1].answer.as_ref().unwrap().raw.0, [0; 6]);
    let logs = notes.named("Get Log Page, Sanitize Status").len();
    for (sprog, progress) in [(0x40, 0x4000), (0x80, 0x8000)] {
        board.set(SANITIZE, log([0x00, sprog, 0x02, 0, 0x02, 0x08, 0, 0]));
        assert_eq!(firmware.standing(&mut notes), Standing::InProgress { progress: Some(progress) });
    }
    // SOS 1, GDE (bit 8), PRGD (bit 11).
    board.set(SANITIZE, log([0xFF, 0xFF, 0x01, 0x09, 0x02, 0x08, 0, 0]));
    assert_eq!(firmware.standing(&mut notes), Standing::Completed);
    let new = &notes.named("Get Log Page, Sanitize Status")[logs..];
    assert_eq!(new.len(), 2, "more of the same progress is no news");
    assert_eq!(
        new[1].answer.as_ref().unwrap().status,
        "Successful Completion (SCT 0h, SC 00h): sanitized successfully, nothing written since, purged as IEEE 2883 defines it \
         (SCDW10 00000802h)"
    );
    let settled = firmware.settle(Technique::SanitizeBlockErase, &mut notes);
    assert_eq!(settled, Settled { problems: Vec::new(), purged_by_its_word: true });
}

#[test]
fn each_sanitize_has_its_dword_and_its_estimate() {
    let board = board();
    let cases = [(SANITIZES[0], 0x004, 2), (SANITIZES[1], 0x002, 20), (SANITIZES[2], 0x013, 200)];
    for (technique, cdw10, estimate_s) in cases {
        board.set((0x84, 0, cdw10), Answer::Page(Vec::new()));
        let begun = firmware(&board).begin(technique, &mut Notes::default());
        assert_eq!(begun, Begun::Accepted { estimate_s: Some(estimate_s) });
        assert_eq!(board.changes().pop(), Some(((0x84, 0, cdw10), 0)), "OVRPAT 0");
    }
}

#[test]
fn an_older_success_does_not_pass_for_ours() {
    let board = board();
    board.set((0x84, 0, 0x002), Answer::Page(Vec::new()));
    let success = |scdw10, gde| log([0xFF, 0xFF, 0x01, gde, scdw10, 0, 0, 0]);
    // Another one's crypto erase; then the same command, carried out for another owner.
    for before in [success(0x04, 0), success(0x02, 0)] {
        board.set(SANITIZE, before);
        let mut firmware = firmware(&board);
        assert_eq!(firmware.prepare(&mut Notes::default()).standing, Standing::Completed);
        assert!(matches!(firmware.begin(SANITIZES[1], &mut Notes::default()), Begun::Accepted { .. }));
        assert_eq!(firmware.standing(&mut Notes::default()), Standing::Never);
    }
    // The drive was at it between two questions: nothing has been written since.
    let mut firmware = firmware(&board);
    let _ = firmware.begin(SANITIZES[1], &mut Notes::default());
    board.set(SANITIZE, success(0x02, 1));
    assert_eq!(firmware.standing(&mut Notes::default()), Standing::Completed);
}

#[test]
fn a_failure_is_one_and_a_log_of_another_command_is_a_problem() {
    let board = board();
    board.set((0x84, 0, 0x002), Answer::Page(Vec::new()));
    let mut firmware = firmware(&board);
    let _ = firmware.begin(SANITIZES[1], &mut Notes::default());
    board.set(SANITIZE, log([0xFF, 0xFF, 0x03, 0, 0x02, 0, 0, 0]));
    assert!(matches!(firmware.standing(&mut Notes::default()), Standing::Failed { .. }));
    assert_eq!(firmware.settle(SANITIZES[1], &mut Notes::default()).problems.len(), 1);
    board.set(SANITIZE, log([0xFF, 0xFF, 0x01, 0x08, 0x04, 0, 0, 0]));
    let settled = firmware.settle(SANITIZES[1], &mut Notes::default());
    assert_eq!(
        settled.problems,
        ["its status log is about another sanitize: 00000002h was sent, and 00000004h is what it names"]
    );
    assert!(!settled.purged_by_its_word, "PREQ was not asked for");
}

#[test]
fn an_overwrite_of_other_passes_than_asked_for_is_a_problem() {
    let board = board();
    board.set((0x84, 0, 0x013), Answer::Page(Vec::new()));
    // Success after no pass, one and two; SSTAT 0000 0001b, 0000 1001b, 0001 0001b.
    for (sstat, problems) in [(0x01, 1), (0x09, 0), (0x11, 1)] {
        let mut firmware = firmware(&board);
        let _ = firmware.begin(SANITIZES[2], &mut Notes::default());
        board.set(SANITIZE, log([0xFF, 0xFF, sstat, 1, 0x13, 0, 0, 0]));
        let settled = firmware.settle(SANITIZES[2], &mut Notes::default());
        assert_eq!(settled.problems.len(), problems, "{:?}", settled.problems);
        assert!(settled.problems.iter().all(|problem| problem.contains("of 1 overwrite passes")));
    }
}

/// In progress, SPROG `FFFFh`, media verification state (SSI 5).
fn verifiable(scdw10: [u8; 2]) -> Answer {
    let start = [0xFF, 0xFF, 0x02, 0, scdw10[0], scdw10[1], 0, 0];
    page(512, &[(0, &start), (36, &[0x05])])
}

#[test]
fn a_medium_that_can_be_verified_is_read_and_the_drive_told_to_go_on() {
    let board = board();
    // VERS. EMVS is bit 10: 402h; an Overwrite has no such state.
    board.patch(CONTROLLER, 328, &[0x0F]).set((0x84, 0, 0x402), Answer::Page(Vec::new()));
    board.set((0x84, 0, 0x005), Answer::Page(Vec::new())).set((0x84, 0, 0x013), Answer::Page(Vec::new()));
    let mut firmware = firmware(&board);
    assert_eq!(firmware.read_medium(Lba(0), &mut [0; 512]), Ok(0), "nothing was begun");
    assert!(matches!(firmware.begin(SANITIZES[1], &mut Notes::default()), Begun::Accepted { .. }));
    board.set(SANITIZE, verifiable([0x02, 0x04]));
    assert_eq!(firmware.standing(&mut Notes::default()), Standing::Verifiable);
    // Successful Media Verification Read; 100 KiB in parts of 32 KiB, which are 64 blocks.
    board.state().medium = Some(0x019C);
    let mut into = vec![0; 100 << 10];
    assert_eq!(firmware.read_medium(Lba(8), &mut into), Ok(100 << 10));
    assert!(into.iter().all(|byte| *byte == 0x11));
    let parts = [(8, 64, 32_768), (72, 64, 32_768), (136, 64, 32_768), (200, 8, 4096)];
    assert_eq!(std::mem::take(&mut board.state().reads), parts);
    // Unrecovered Read Error.
    board.state().medium = Some(0x0281);
    assert_eq!(firmware.read_medium(Lba(0), &mut [0; 512]), Err(MediaError::Bad { errno: 5 }));
    board.state().medium = None;
    assert_eq!(firmware.read_medium(Lba(0), &mut [0; 512]), Err(MediaError::Gone { errno: 19 }));
    firmware.end_verification(&mut Notes::default());
    assert_eq!(board.changes().last(), Some(&((0x84, 0, 0x005), 0)));
    board.set(SANITIZE, log([0xFF, 0xFF, 0x01, 0x01, 0x02, 0x04, 0, 0]));
    assert_eq!(firmware.standing(&mut Notes::default()), Standing::Completed);
    assert_eq!(firmware.settle(SANITIZES[1], &mut Notes::default()).problems, [""; 0]);
    let _ = firmware.begin(SANITIZES[2], &mut Notes::default());
    assert_eq!(board.changes().last(), Some(&((0x84, 0, 0x013), 0)));
}

#[test]
fn a_drive_that_refuses_to_be_verified_is_sanitized_without() {
    let board = board();
    board.patch(CONTROLLER, 328, &[0x0F]).set((0x84, 0, 0x002), Answer::Page(Vec::new()));
    let begun = firmware(&board).begin(SANITIZES[1], &mut Notes::default());
    assert!(matches!(begun, Begun::Accepted { .. }));
    assert_eq!(board.changes(), [((0x84, 0, 0x402), 0), ((0x84, 0, 0x002), 0)]);
}

#[test]
fn a_drive_that_is_found_waiting_to_be_verified_is_told_to_go_on() {
    let board = board();
    board.set(SANITIZE, verifiable([0x02, 0x04]));
    let prepared = firmware(&board).prepare(&mut Notes::default());
    assert_eq!(prepared.standing, Standing::InProgress { progress: None }, "it deallocates now");
    assert_eq!(board.changes(), [((0x84, 0, 0x005), 0)]);
}

#[test]
fn silence_is_unknown_and_a_drive_that_is_gone_is_gone() {
    let board = board();
    board.set((0x84, 0, 0x002), Answer::Page(Vec::new()));
    let mut firmware = firmware(&board);
    let _ = firmware.begin(SANITIZES[1], &mut Notes::default());
    let mut ask = |answer: Answer| {
        board.set(SANITIZE, answer);
        firmware.standing(&mut Notes::default())
    };
    for answer in
        [Answer::Page(Vec::new()), Answer::Page(vec![0x01; 8]), Answer::Status(0x0371), Answer::Lost(Errno::EINTR)]
    {
        assert!(matches!(ask(answer), Standing::Unknown { .. }));
    }
    // Reserved status 7.
    assert!(matches!(ask(Answer::Page(vec![0xFF; 512])), Standing::Unknown { .. }));
    assert_eq!(ask(Answer::Lost(Errno::ENODEV)), Standing::Gone);
    assert_eq!(ask(Answer::Page(vec![0; 512])), Standing::Never);
}

#[test]
fn a_refusal_is_the_controllers_own_word() {
    let board = board();
    let begin = |answer| {
        board.set((0x84, 0, 0x004), answer);
        firmware(&board).begin(SANITIZES[0], &mut Notes::default())
    };
    assert!(matches!(begin(Answer::Status(0x4002)), Begun::Refused { why } if why.contains("Invalid Field")));
    assert!(
        matches!(begin(Answer::Status(0x0123)), Begun::Refused { why } if why.contains("persistent memory region"))
    );
    assert!(matches!(begin(Answer::Status(0x0371)), Begun::Lost { .. }));
    assert!(matches!(begin(Answer::Status(0x0006)), Begun::Failed { .. }));
    assert!(matches!(begin(Answer::Lost(Errno::EINTR)), Begun::Lost { .. }));
}

#[test]
fn an_error_while_it_sanitizes_all_the_same_is_no_refusal() {
    let board = board();
    board.set((0x84, 0, 0x004), Answer::Lost(Errno::EIO));
    let before = log([0xFF, 0xFF, 0, 0, 0, 0, 0, 0]);
    let running = |scdw10| log([0x01, 0, 0x02, 0, scdw10, 0, 0, 0]);
    board.set(SANITIZE, running(0x04));
    board.state().once.push((SANITIZE, before.clone()));
    let mut firmware = firmware(&board);
    assert_eq!(firmware.begin(SANITIZES[0], &mut Notes::default()), Begun::Accepted { estimate_s: Some(2) });
    // Somebody else's, or one that was under way before: nothing is known about ours.
    board.set(SANITIZE, running(0x02));
    board.state().once.push((SANITIZE, before));
    assert!(matches!(firmware.begin(SANITIZES[0], &mut Notes::default()), Begun::Lost { .. }));
    board.set(SANITIZE, running(0x04));
    assert!(matches!(firmware.begin(SANITIZES[0], &mut Notes::default()), Begun::Lost { .. }));
}

#[test]
fn a_format_erases_is_looked_at_again_and_keeps_the_namespace() {
    let board = board();
    board.set((0x80, 1, 0x0200), Answer::Page(Vec::new())).set((0x80, 1, 0x0400), Answer::Status(0x0084));
    let (mut firmware, mut notes) = (firmware(&board), Notes::default());
    assert_eq!(firmware.begin(Technique::FormatUserDataErase, &mut notes), Begun::Completed);
    assert_eq!(notes.named("Format NVM, User Data Erase").len(), 2);
    assert_eq!(firmware.settle(Technique::FormatUserDataErase, &mut notes), Settled::default());
    assert_eq!(board.state().rescans, 1);
    let _ = firmware.begin(Technique::FormatUserDataErase, &mut notes);
    board.patch(NAMESPACE, 0, &[0, 0, 1]);
    assert_eq!(firmware.settle(Technique::FormatUserDataErase, &mut notes).problems.len(), 1);
    let begun = firmware.begin(Technique::FormatCryptoErase, &mut notes);
    assert!(matches!(begun, Begun::Refused { why } if why.contains("Format In Progress")));
    board.set((0x80, 1, 0x0400), Answer::Lost(Errno::EINTR));
    assert!(matches!(firmware.begin(Technique::FormatCryptoErase, &mut notes), Begun::Lost { .. }));
}

#[test]
fn another_drive_behind_the_same_name_is_not_touched() {
    let board = board();
    let mut firmware = NvmeFirmware::new(board.clone(), nsid(), Some("PP0002".to_owned()), None);
    let begun = firmware.begin(SANITIZES[1], &mut Notes::default());
    assert!(matches!(begun, Begun::Refused { why } if why.contains("serial number PP0001")));
    assert!(matches!(firmware.prepare(&mut Notes::default()).standing, Standing::Unknown { .. }));
    assert_eq!(board.changes(), []);
}

#[test]
fn health_is_in_degrees_and_counts() {
    let board = board();
    let mut firmware = firmware(&board);
    let health = firmware.prepare(&mut Notes::default()).health;
    // 300 K and 343 K.
    assert_eq!((health.temperature_c, health.limit_c), (Some(27), Some(70)));
    assert_eq!((health.media_errors, health.used_percent), (Some(2), Some(3)));
    board.patch(SMART, 1, &[0, 0]);
    assert_eq!(firmware.health(&mut Notes::default()).temperature_c, None, "no thermometer");
    board.set(SMART, Answer::Page(Vec::new()));
    let health = firmware.health(&mut Notes::default());
    assert_eq!(health, Health { limit_c: Some(70), ..Health::default() });
}

#[test]
fn prepare_keeps_whole_pages_and_changes_nothing() {
    let board = board();
    let mut notes = Notes::default();
    let _ = firmware(&board).prepare(&mut notes);
    assert_eq!(board.changes(), []);
    let identify = notes.named("Identify Controller")[0].answer.as_ref().unwrap();
    assert_eq!(identify.data_in.as_ref().unwrap().0.len(), 4096);
}

#[test]
fn an_erase_asks_again_what_may_have_changed_and_nothing_else() {
    let board = board();
    board.set(BOOT, page(512, &[(0, &[0x15, 0, 0, 0, 2])])).set((0x84, 0, 0x202), Answer::Status(0));
    let mut firmware = firmware(&board);
    let mut erase = || {
        firmware.prepare(&mut Notes::default());
        board.state().sent.clear();
        firmware.begin(Technique::SanitizeBlockErase, &mut Notes::default());
        std::mem::take(&mut board.state().sent).into_iter().map(|sent| sent.0).collect::<Vec<_>>()
    };
    let asked = erase();
    for what in [CONTROLLER, ACTIVE, ALLOCATED, SANITIZE, FIRMWARE] {
        assert!(asked.contains(&what), "{what:X?}");
    }
    assert!(!asked.contains(&NAMESPACE) && !asked.contains(&BOOT));
    assert_eq!(asked.iter().filter(|sent| sent.0 == 0x84).count(), 1);
    assert_eq!(erase(), asked);
}
