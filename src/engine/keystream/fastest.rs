//! Which stream this machine computes fastest, by measurement.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use purgeproof_core::evidence::Secret;
use purgeproof_core::stream::Stream;
use sha2::{Digest, Sha256};

use super::Keystream;

/// What a round computes: 64 KiB around byte 2³⁸, where a block counter of 32 bits would begin anew.
const LENGTH: usize = 64 * 1024;
const OFFSET: u64 = (1 << 38) - LENGTH as u64 / 2;

/// The shortest of so many rounds counts: the first ones bring pages and tables into the caches.
const ROUNDS: usize = 8;

/// The stream that this machine computes fastest. It is measured when it is first asked for, in a few milliseconds, and holds for the run.
/// Both ciphers take the same time whatever the key; AES without instructions for it is the slower one, and so it is never chosen then.
pub fn fastest() -> Stream {
    static FASTEST: OnceLock<Stream> = OnceLock::new();
    *FASTEST.get_or_init(|| elect(measure))
}

/// The stream of the shortest time, of those that have one.
fn elect(measure: impl Fn(Stream) -> Option<Duration>) -> Stream {
    let timed = Stream::ALL.into_iter().filter_map(|stream| measure(stream).map(|time| (time, stream)));
    timed.min().map_or_else(Stream::default, |(_, stream)| stream)
}

/// How long a round takes; `None` if this processor, by whatever instructions were chosen for it, computes another stream.
fn measure(stream: Stream) -> Option<Duration> {
    let keystream = Keystream::new(stream, &Secret([0; 32]));
    let mut bytes = vec![0; LENGTH];
    let mut round = || {
        let begin = Instant::now();
        keystream.fill(OFFSET, &mut bytes);
        begin.elapsed()
    };
    let shortest = (0..ROUNDS).map(|_| round()).min()?;
    (Sha256::digest(&bytes) == digest(stream)).then_some(shortest)
}

/// The SHA-256 of a round's bytes, by OpenSSL 3.0: `head -c 65536 /dev/zero | openssl enc -aes-256-ctr -K 00… -iv 3fffff800 (32 digits)`,
/// and two halves with `-chacha20`, whose counter has 32 bits there: `-iv 00feffff00…` and `-iv 0000000001000000…`.
const fn digest(stream: Stream) -> [u8; 32] {
    match stream {
        Stream::ChaCha20 => [
            0xe4, 0xbe, 0x46, 0x0a, 0xa4, 0xb8, 0x2f, 0x0f, 0x7d, 0x15, 0x74, 0x54, 0x0b, 0xca, 0x3b, 0x98, 0x70, 0xb6,
            0xa8, 0xb9, 0x5b, 0x7a, 0x75, 0xf6, 0x60, 0x60, 0x5e, 0x91, 0xdc, 0xbf, 0xae, 0xbc,
        ],
        Stream::Aes256Ctr => [
            0xaf, 0x9c, 0x4b, 0x9f, 0x74, 0xc1, 0x3a, 0xa1, 0xa2, 0xb1, 0x24, 0x30, 0x36, 0xb6, 0xc1, 0xde, 0xd5, 0x66,
            0x26, 0x78, 0xec, 0x9f, 0xaf, 0x87, 0x1f, 0xc9, 0x7d, 0xaa, 0x82, 0x7c, 0xbb, 0x0a,
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shortest_time_wins() {
        let ms = Duration::from_millis;
        for (chacha, aes, elected) in [
            (Some(ms(1)), Some(ms(2)), Stream::ChaCha20),
            (Some(ms(2)), Some(ms(1)), Stream::Aes256Ctr),
            (Some(ms(2)), Some(ms(2)), Stream::ChaCha20),
            (None, Some(ms(9)), Stream::Aes256Ctr),
            (Some(ms(9)), None, Stream::ChaCha20),
            (None, None, Stream::ChaCha20),
        ] {
            let time = |stream| if stream == Stream::ChaCha20 { chacha } else { aes };
            assert_eq!(elect(time), elected, "{chacha:?} {aes:?}");
        }
    }

    #[test]
    fn this_processor_computes_the_streams_of_openssl() {
        for stream in Stream::ALL {
            assert!(measure(stream).is_some(), "{stream}");
        }
    }
}
