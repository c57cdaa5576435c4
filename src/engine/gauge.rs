//! Times how fast a drive takes zeros and how fast random data ([`purgeproof_core::gauge`]).

use purgeproof_core::drive::Media;
use purgeproof_core::gauge::{Gauge, pairs};
use purgeproof_core::pattern::Pattern;
use purgeproof_core::units::Extent;

use crate::buffer::Buffer;
use crate::engine::Host;
use crate::keystream::Keystream;

/// Writes all stretches. A drive that does not take one, or takes a part of it, is not timed any further: the passes will tell why.
/// `None` if it is to go on no longer.
pub(crate) fn gauge(
    media: &mut dyn Media,
    passes: &[Pattern],
    keystream: &Keystream,
    host: &dyn Host,
    go_on: &dyn Fn() -> bool,
) -> Option<Gauge> {
    let geometry = media.geometry();
    let pairs = pairs(geometry, passes);
    let length = pairs.first().map_or(0, |(one, _)| usize::try_from(geometry.size_of(one.count).0).unwrap_or(0));
    let mut buffer = Buffer::new(length);
    let mut found = Gauge::default();
    let mut time = |at: Extent, is_random: bool, found: &mut Gauge| {
        let bytes = buffer.first(length);
        if is_random {
            keystream.fill(geometry.offset(at.start), bytes);
        } else {
            bytes.fill(0);
        }
        let began_us = host.now_us();
        let is_written = media.write(at.start, bytes) == Ok(length) && media.flush().is_ok();
        let took_us = host.now_us().saturating_sub(began_us);
        if is_written {
            if is_random { found.random_us.push(took_us) } else { found.fixed_us.push(took_us) }
        }
        is_written
    };
    // To each place a head has to go, and the first of its two stretches pays for the way: each kind is the first by turns.
    for (number, (first, second)) in pairs.into_iter().enumerate() {
        if !go_on() {
            return None;
        }
        let is_random = number % 2 == 1;
        if !(time(first, is_random, &mut found) && time(second, !is_random, &mut found)) {
            break;
        }
    }
    Some(found)
}
