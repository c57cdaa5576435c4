//! Where a sampled read-back looks, and what may be concluded from it.

use alloc::vec::Vec;

use sha2::{Digest, Sha256};

use crate::policy::Coverage;
use crate::units::{Blocks, Extent, Geometry};

/// How many places a sampled read-back visits: after 4605 clean ones, 99 % of all drives on which a thousandth of the blocks survived
/// would have been found out (⌈ln 0.01 / ln 0.999⌉ = 4603), and 4608 divides well.
pub const STRATA: u64 = 4608;

/// The length of one place in bytes: a page of most flash, a physical block of most disks.
pub const PLACE_BYTES: u64 = 4096;

/// How many places a read-back of a tenth visits: two in each of a thousand equal parts, as NIST SP 800-88 Rev. 1 §4.7.3 has it.
pub const TENTH_STRATA: u64 = 2000;

/// Draws the places of a sampled read-back: the medium is cut into [`STRATA`] equal parts and one place is drawn in each, so that
/// anything as long as two parts is met for certain; the first and the last place of the medium are added. A medium with fewer places
/// than parts is read whole.
///
/// Place *i* lies at `SHA-256(seed ‖ i as 8 bytes, big endian)`, its first eight bytes taken as a number, modulo the number of
/// pages of part *i*: anyone can draw the same places from the seed on the certificate.
pub fn places(geometry: Geometry, seed: &[u8; 32]) -> Vec<Extent> {
    draw_places(geometry, seed, STRATA, |_| 1)
}

/// Draws the places of a read-back of a tenth, by the rule of NIST SP 800-88 Rev. 1 §4.7.3: a thousand equal parts, in each two places that
/// do not overlap, each a twentieth of the part at least, and the first and the last place of the medium. Here each half of a part has one
/// of its two places: the medium is cut into [`TENTH_STRATA`] halves, and a tenth of each is read from a page on that is drawn as in
/// [`places`], modulo the number of pages that it can begin at.
pub fn tenth(geometry: Geometry, seed: &[u8; 32]) -> Vec<Extent> {
    draw_places(geometry, seed, TENTH_STRATA, |pages| pages.div_ceil(10))
}

/// One place in each of `parts` equal parts; `length` says how many of a part's pages it has, from one to all of them.
fn draw_places(geometry: Geometry, seed: &[u8; 32], parts: u64, length: impl Fn(u64) -> u64) -> Vec<Extent> {
    let page = blocks_per_place(geometry);
    let total = geometry.count().0;
    let pages = total / page;
    if pages <= parts {
        return Vec::from([geometry.whole()]);
    }
    let mut places: Vec<Extent> = (0..parts)
        .map(|part| {
            let (from, to) = (share(pages, part, parts), share(pages, part + 1, parts));
            let length = length(to - from);
            let first = from + draw(seed, part) % (to - from - length + 1);
            Extent::new(first * page, length * page)
        })
        .collect();
    // The ends are added where they are not drawn already: a block that is read twice must not count twice.
    if places.first().is_some_and(|first| first.start.0 > 0) {
        places.insert(0, Extent::new(0, page));
    }
    match places.last_mut() {
        Some(last) if last.end().0 > total - page => last.count = Blocks(total - last.start.0),
        _ => places.push(Extent::new(total - page, page)),
    }
    places
}

/// The length of one place in blocks: [`PLACE_BYTES`], or one block that is longer.
pub fn blocks_per_place(geometry: Geometry) -> u64 {
    (PLACE_BYTES / u64::from(geometry.block().get())).max(1)
}

/// Draws one of so many pages in each of so many equal parts of them, of which there are no more than pages.
pub(crate) fn spread(pages: u64, parts: u64, seed: &[u8; 32]) -> impl Iterator<Item = u64> + '_ {
    (0..parts).map(move |part| {
        let (from, to) = (share(pages, part, parts), share(pages, part + 1, parts));
        from + draw(seed, part) % (to - from).max(1)
    })
}

/// Where part number `part` of `parts` begins.
fn share(pages: u64, part: u64, parts: u64) -> u64 {
    u64::try_from(u128::from(pages) * u128::from(part) / u128::from(parts)).unwrap_or(pages)
}

fn draw(seed: &[u8; 32], part: u64) -> u64 {
    let digest: [u8; 32] = Sha256::new().chain_update(seed).chain_update(part.to_be_bytes()).finalize().into();
    digest.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// Whether a read-back of less than the whole medium was what was wanted: so many places, and so many blocks of `all`. A place is a block
/// long at least; a medium with too few of them for a draw is read whole instead.
pub fn suffices(coverage: Coverage, places: u64, read: Blocks, all: Blocks) -> bool {
    match coverage {
        Coverage::Full => read == all,
        Coverage::Sample => places >= STRATA && read.0 >= places,
        Coverage::Tenth => places >= TENTH_STRATA && read.0 >= all.0.div_ceil(10),
    }
}

/// The share of blocks, in parts per million, that may at most have survived undetected with 99 % confidence after `clean` places
/// were read and none held old content: −ln(0.01) / n, rounded up, which is never below the exact 1 − 0.01^(1/n).
pub fn bound_ppm(clean: Blocks) -> u64 {
    const MINUS_LN_0_01_PPM: u64 = 4_605_171;
    match clean.0 {
        0 => 1_000_000,
        n => MINUS_LN_0_01_PPM.div_ceil(n).min(1_000_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::{BlockSize, Lba};

    fn disk(blocks: u64) -> Geometry {
        Geometry::new(BlockSize::B512, Blocks(blocks)).unwrap()
    }

    #[test]
    fn every_part_has_one_place_and_the_ends_are_read() {
        // 2 GB: 500 000 places of 8 blocks, 108 or 109 in a part.
        let places = places(disk(4_000_000), &[7; 32]);
        assert_eq!(places[0], Extent::new(0, 8));
        assert_eq!(places[places.len() - 1], Extent::new(3_999_992, 8));
        assert!(places.len() >= 4608 && places.len() <= 4610);
        for part in 0..4608_u64 {
            let (from, to) = (500_000 * part / 4608 * 8, 500_000 * (part + 1) / 4608 * 8);
            assert!(places.iter().any(|p| p.start.0 >= from && p.end().0 <= to), "part {part}");
        }
    }

    #[test]
    fn places_never_overlap_and_end_on_the_medium_whatever_its_tail() {
        for blocks in [36_872, 36_873, 40_001, 99_999_999] {
            let places = places(disk(blocks), &[1; 32]);
            assert!(places.windows(2).all(|pair| pair[0].end() <= pair[1].start), "{blocks}");
            assert!(places[places.len() - 1].end().0 <= blocks);
        }
    }

    #[test]
    fn the_tail_behind_the_last_page_is_read() {
        // 40 001 blocks are 5000 pages and a block; whatever is drawn in the last part, the last block is in.
        for seed in 0..32 {
            let places = places(disk(40_001), &[seed; 32]);
            assert_eq!(places[places.len() - 1].end(), Lba(40_001));
            assert_eq!(places[0].start, Lba(0));
        }
    }

    #[test]
    fn a_tenth_is_two_places_in_each_thousandth_and_a_tenth_of_the_blocks() {
        // 2 GB: 500 000 pages, 500 in each thousandth, 250 in each half, of which a place has 25: 5 % of the thousandth.
        let (all, page) = (4_000_000, 8);
        let places = tenth(disk(all), &[7; 32]);
        for part in 0..1000 {
            let (from, to) = (part * 500 * page, (part + 1) * 500 * page);
            let inside = places.iter().filter(|place| place.start.0 >= from && place.end().0 <= to);
            assert_eq!(inside.filter(|place| place.count == Blocks(25 * page)).count(), 2, "part {part}");
        }
        assert!(places.windows(2).all(|pair| pair[0].end() <= pair[1].start));
        assert_eq!((places[0].start, places[places.len() - 1].end()), (Lba(0), Lba(all)));
        let read = places.iter().map(|place| place.count.0).sum();
        assert!(read >= all / 10 && read <= all / 10 + 2 * page, "{read}");
        assert!(suffices(Coverage::Tenth, places.len() as u64, Blocks(read), Blocks(all)));
        assert!(!suffices(Coverage::Tenth, places.len() as u64, Blocks(all / 10 - 1), Blocks(all)));
        assert!(!suffices(Coverage::Tenth, 1999, Blocks(read), Blocks(all)));
    }

    #[test]
    fn a_small_medium_is_read_whole() {
        // 2000 pages.
        assert_eq!(tenth(disk(16_000), &[0; 32]), [Extent::new(0, 16_000)]);
        assert_eq!(places(disk(36_864), &[0; 32]), [Extent::new(0, 36_864)]);
        assert_eq!(places(disk(3), &[0; 32]), [Extent::new(0, 3)]);
    }

    #[test]
    fn another_seed_draws_other_places() {
        assert_ne!(places(disk(4_000_000), &[1; 32]), places(disk(4_000_000), &[2; 32]));
    }

    #[test]
    fn the_bound_is_the_textbooks() {
        // 1 − 0.01^(1/4605) = 0.0999 %, 1 − 0.01^(1/1000) = 0.4595 %, 1 − 0.01^(1/16) = 25.0 %: ours lies just above.
        assert_eq!(bound_ppm(Blocks(4605)), 1001);
        assert_eq!(bound_ppm(Blocks(1000)), 4606);
        assert_eq!(bound_ppm(Blocks(16)), 287_824);
        assert_eq!(bound_ppm(Blocks(0)), 1_000_000);
    }
}
