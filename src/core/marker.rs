//! The marker test: blocks that only this job can have written are put on the drive just before its firmware is asked to erase it,
//! and looked for afterwards. It can prove a claim false; it cannot prove that cells out of the host's reach are empty.

use alloc::vec::Vec;

use crate::evidence::Secret;
use crate::pass::Regions;
use crate::sample;
use crate::units::{Blocks, Extent, Geometry, Lba};
use serde::{Deserialize, Serialize};

/// One place of the marker test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Where the marker goes.
    pub marker: Extent,
    /// Blocks right behind it whose own content is looked at before and after, if there are any. The owner's data must go too, not
    /// only ours.
    pub witness: Option<Extent>,
}

/// The key of the markers' content. It is another one than that of the passes: a drive that drops all writes must not pass off the
/// markers as the pass that follows.
pub fn key(key: &Secret) -> Secret {
    key.derive("marker key")
}

/// The places, drawn from the job's seed like those of a sampled read-back, but others: what is known to be looked at later is not
/// where this looks.
pub fn places(geometry: Geometry, seed: &Secret) -> Vec<Place> {
    let per_place = sample::blocks_per_place(geometry);
    let drawn = match sample::places(geometry, &seed.derive("marker places").0).as_slice() {
        // Too small for a draw: every other place of the medium.
        [whole] => {
            let slots = geometry.count().0 / per_place;
            (0..slots.div_ceil(2)).map(|slot| Extent::new(whole.start.0 + slot * 2 * per_place, per_place)).collect()
        }
        places => places.to_vec(),
    };
    let next = drawn.iter().skip(1).map(|place| place.start).chain([Lba(geometry.count().0)]);
    let witness = |marker: Extent, next: Lba| {
        let witness = Extent { start: marker.end(), count: Blocks(per_place) };
        (witness.end() <= next).then_some(witness)
    };
    drawn.iter().zip(next).map(|(marker, next)| Place { marker: *marker, witness: witness(*marker, next) }).collect()
}

/// How the markers were placed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placed {
    /// How many places were drawn.
    pub places: u64,
    /// How many markers were written and read back as written, from the medium and not from a cache of ours.
    pub landed: u64,
    /// How many places have blocks behind the marker with content that tells: more than one byte repeated.
    pub witnesses: u64,
}

impl Placed {
    /// Enough of them landed to test a drive's word: half of the places.
    pub const fn is_enough(&self) -> bool {
        self.landed > 0 && self.landed.saturating_mul(2) >= self.places
    }
}

/// What was found in their place after the erase.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sought {
    /// Markers that are still there.
    pub markers_left: u64,
    /// Places behind markers where at least one block still holds what it held before.
    pub witnesses_left: u64,
    /// The first blocks that survived, at most 16.
    pub first_left: Vec<Lba>,
    /// Places that hold one byte repeated now.
    pub constant: u64,
    /// Places that hold anything else now, as after a change of key.
    pub other: u64,
    /// Places that the drive does not hand out because, as it says in so many words, they were erased and not written since.
    #[serde(default, skip_serializing_if = "is_none")]
    pub blank: u64,
    /// What could not be read for another reason, or without one.
    pub unreadable: Regions,
    /// The drive went away meanwhile.
    pub gone: bool,
}

impl Sought {
    /// How many markers that had landed were asked for again and accounted for, whatever is there now.
    pub const fn looked_at(&self) -> u64 {
        self.markers_left.saturating_add(self.constant).saturating_add(self.other).saturating_add(self.blank)
    }

    /// Nothing survived where it was looked for.
    pub const fn is_clean(&self) -> bool {
        self.markers_left == 0 && self.witnesses_left == 0 && !self.gone
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
const fn is_none(count: &u64) -> bool {
    *count == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::BlockSize;

    fn disk(blocks: u64) -> Geometry {
        Geometry::new(BlockSize::B512, Blocks(blocks)).unwrap()
    }

    #[test]
    fn markers_lie_elsewhere_than_the_places_of_the_read_back() {
        let (geometry, seed) = (disk(40_000_000), Secret([7; 32]));
        let read_back = sample::places(geometry, &seed.0);
        let markers = places(geometry, &seed);
        assert!(markers.len() >= 4608);
        let both = markers.iter().filter(|place| read_back.contains(&place.marker)).count();
        // The two ends of the medium are in both; of 1085 places in a part, few meet by chance.
        assert!((2..30).contains(&both), "{both}");
    }

    #[test]
    fn witnesses_follow_their_marker_and_meet_no_other_one() {
        for blocks in [40_000_000, 36_880, 5_000, 16, 9, 8] {
            let markers = places(disk(blocks), &Secret([3; 32]));
            assert_eq!(markers[0].marker.start, Lba(0));
            for pair in markers.windows(2) {
                assert!(pair[0].witness.unwrap_or(pair[0].marker).end() <= pair[1].marker.start);
            }
            let last = markers[markers.len() - 1];
            assert!(last.witness.unwrap_or(last.marker).end().0 <= blocks);
        }
    }

    #[test]
    fn a_medium_shorter_than_a_place_has_none() {
        assert!(places(disk(7), &Secret([3; 32])).is_empty());
    }

    #[test]
    fn keys_are_bound_to_their_use() {
        assert_ne!(key(&Secret([1; 32])), Secret([1; 32]));
        // printf 'PurgeProof marker key' | cat - <(head -c 32 /dev/zero) | sha256sum
        let expected = "2ce59c20895a1b99f3af3e770d7f7cfdfc10c50d7936c1e2b2b748693a55976b";
        assert_eq!(crate::evidence::hex(&key(&Secret([0; 32])).0), expected);
    }
}
