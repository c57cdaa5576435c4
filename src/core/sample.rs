//! Where a sampled read-back looks, and what may be concluded from it.

use alloc::vec::Vec;

use sha2::{Digest, Sha256};

use crate::units::{Blocks, Extent, Geometry};

/// How many places a sampled read-back visits: after 4605 clean ones, 99 % of all drives on which a thousandth of the blocks survived
/// would have been found out (⌈ln 0.01 / ln 0.999⌉ = 4603), and 4608 divides well.
pub const STRATA: u64 = 4608;

/// The length of one place in bytes: a page of most flash, a physical block of most disks.
pub const PLACE_BYTES: u64 = 4096;

/// Draws the places of a sampled read-back: the medium is cut into [`STRATA`] equal parts and one place is drawn in each, so that
/// anything longer than a part is met for certain; the first and the last place of the medium are added. A medium with fewer places
/// than parts is read whole.
///
/// Place *i* lies at `SHA-256(seed ‖ i as 8 bytes, big endian)`, its first eight bytes taken as a number, modulo the length of part
/// *i*: anyone can draw the same places from the seed on the certificate.
pub fn places(geometry: Geometry, seed: &[u8; 32]) -> Vec<Extent> {
    let per_place = (PLACE_BYTES / u64::from(geometry.block().get())).max(1);
    let total = geometry.count().0;
    let slots = total / per_place;
    if slots <= STRATA {
        return Vec::from([geometry.whole()]);
    }
    let mut places = Vec::from([Extent::new(0, per_place)]);
    for part in 0..STRATA {
        let (from, to) = (share(slots, part), share(slots, part + 1));
        let slot = from + draw(seed, part) % (to - from);
        places.push(Extent::new(slot * per_place, per_place));
    }
    places.push(Extent::new(total - per_place, per_place));
    // The drawn ones may meet the first and the last: a place read twice must not count twice.
    places.sort_unstable();
    places.dedup_by(|next, last| next.start < last.end());
    places
}

/// Where part number `part` of [`STRATA`] begins.
fn share(slots: u64, part: u64) -> u64 {
    u64::try_from(u128::from(slots) * u128::from(part) / u128::from(STRATA)).unwrap_or(slots)
}

fn draw(seed: &[u8; 32], part: u64) -> u64 {
    let digest: [u8; 32] = Sha256::new().chain_update(seed).chain_update(part.to_be_bytes()).finalize().into();
    digest.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
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
    use crate::units::BlockSize;

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
    fn a_small_medium_is_read_whole() {
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
