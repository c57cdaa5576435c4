//! Known answers, and any place from any other.

use super::counter::BATCH;
use super::*;

fn keystream(stream: Stream, key: [u8; 32]) -> Keystream {
    Keystream::new(stream, &Secret(key))
}

fn filled(stream: Stream, key: [u8; 32], offset: u64, length: usize) -> Vec<u8> {
    let mut bytes = vec![0xA5; length];
    keystream(stream, key).fill(offset, &mut bytes);
    bytes
}

fn bytes(hex: &str) -> Vec<u8> {
    purgeproof_core::evidence::unhex_vec(hex).unwrap()
}

/// Key 0, nonce 0: the first bytes of TC1 in draft-strombergson-chacha-test-vectors-00, ChaCha20 with a 256-bit key.
const TC1: &str = "76b8e0ada0f13d90405d6ae55386bd28";
/// The first bytes of its second block.
const TC1_BLOCK_1: &str = "9f07e7be5551387a";

#[test]
fn chacha20_is_the_published_stream() {
    let stream = filled(Stream::ChaCha20, [0; 32], 0, 72);
    assert_eq!((&stream[..16], &stream[64..]), (bytes(TC1).as_slice(), bytes(TC1_BLOCK_1).as_slice()));
}

/// The key of NIST SP 800-38A, F.5.5.
fn nist() -> Aes256Enc {
    let key: [u8; 32] = bytes("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4").try_into().unwrap();
    Aes256Enc::new(&key.into())
}

fn counted(cipher: &Aes256Enc, first: u128, count: usize) -> Vec<u8> {
    let mut blocks = vec![[0; BLOCK]; count];
    encrypt(cipher, first, &mut blocks);
    blocks.as_flattened().to_vec()
}

#[test]
fn aes_is_that_of_fips_197() {
    // FIPS 197, C.3: key 000102…1f, plaintext 00112233…ff. A plaintext is the counter here.
    let key: [u8; 32] = std::array::from_fn(|index| u8::try_from(index).unwrap());
    let cipher = Aes256Enc::new(&key.into());
    let answer = counted(&cipher, 0x0011_2233_4455_6677_8899_aabb_ccdd_eeff, 1);
    assert_eq!(answer, bytes("8ea2b7ca516745bfeafc49904b496089"));
}

#[test]
fn the_counter_mode_is_that_of_sp_800_38a() {
    // F.5.5, the four output blocks; the counter goes over the end of its lowest byte.
    let wanted = "0bdf7df1591716335e9a8b15c860c5025a6e699d536119065433863c8f657b941bc12c9c01610d5d0d8bd6a3378eca622956e1c8693536b1bee99c73a31576b6";
    assert_eq!(counted(&nist(), 0xf0f1_f2f3_f4f5_f6f7_f8f9_fafb_fcfd_feff, 4), bytes(wanted));
}

#[test]
fn the_counter_carries_into_every_part_of_it() {
    // head -c 32 /dev/zero | openssl enc -aes-256-ctr -K 603deb10… -iv 0…0ffffffff, and with 16 times f.
    for (first, wanted) in [
        (0xffff_ffff, "55660ce5e9c1cf3d6bbdd2ccf42434979ff73b5d5d7c596928427adf292d10ff"),
        (0xffff_ffff_ffff_ffff, "289e23e13ec8c34291f27c4ccf3eaa29579be1a0d892238805feb810a4a10aaa"),
    ] {
        assert_eq!(counted(&nist(), first, 2), bytes(wanted), "{first:x}");
        // In the middle of a batch, and at the first block of another one.
        for before in [100, BATCH - 1] {
            let around = counted(&nist(), first - before as u128, before + BATCH);
            assert_eq!(around[before * BLOCK..][..32], bytes(wanted), "{first:x} after {before}");
        }
    }
    // The highest counter is followed by 0: E(0) of that key is known from NIST SP 800-38B, D.3.
    assert_eq!(counted(&nist(), u128::MAX, 2)[BLOCK..], bytes("e568f68194cf76d6174d4cc04310a854"));
}

#[test]
fn a_block_is_numbered_by_its_offset() {
    let key = bytes("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4").try_into().unwrap();
    // Block 2³² lies at 64 GiB; the last bytes of the block before it come first.
    let at = filled(Stream::Aes256Ctr, key, (1 << 36) - 4, 20);
    assert_eq!(at, bytes("f42434979ff73b5d5d7c596928427adf292d10ff"));
}

#[test]
fn any_place_can_be_computed_alone() {
    for stream in Stream::ALL {
        let whole = filled(stream, [9; 32], 0, 100_000);
        let blocks_of_520 = (0..10).map(|lba| (520 * lba, 520 * 7));
        let places = [(0, 0), (0, 1), (1, 15), (1, 63), (5, 3), (15, 2), (63, 2), (64, 64), (511, 513), (99_999, 1)];
        for (offset, length) in places.into_iter().chain(blocks_of_520) {
            let part = filled(stream, [9; 32], offset as u64, length);
            assert_eq!(part, whole[offset..offset + length], "{stream} {offset} {length}");
        }
    }
}

#[test]
fn no_stream_repeats_where_a_32_bit_counter_would() {
    // 2³² blocks are 64 GiB of AES and 256 GiB of ChaCha20: a drive is longer than that.
    for (stream, end) in [(Stream::ChaCha20, 1 << 38), (Stream::Aes256Ctr, 1_u64 << 36)] {
        let (near, far) = (filled(stream, [9; 32], 0, 64), filled(stream, [9; 32], end, 64));
        assert_ne!(near, far, "{stream}");
        // Across the boundary in one go, and from the other side.
        assert_eq!(filled(stream, [9; 32], end - 64, 128)[64..], far, "{stream}");
    }
}

#[test]
fn the_streams_and_their_keys_tell_apart() {
    let first = |stream, key| filled(stream, key, 0, 32);
    assert_ne!(first(Stream::ChaCha20, [9; 32]), first(Stream::Aes256Ctr, [9; 32]));
    assert_ne!(first(Stream::Aes256Ctr, [9; 32]), first(Stream::Aes256Ctr, [8; 32]));
    // The end of a 64-bit offset is a place like any other.
    filled(Stream::Aes256Ctr, [9; 32], u64::MAX - 40, 40);
}
