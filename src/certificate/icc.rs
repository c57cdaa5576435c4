//! The sRGB colour space (IEC 61966-2-1) as an ICC profile, version 4.3 (ISO 15076-1:2010): the least that a display profile holds.
//! PDF/A wants one, so that colours do not depend on the device. Made here from the standards' numbers alone, it is nobody else's work.

/// XYZ of the D50 illuminant (§7.2.16), which all colours of a profile are relative to.
const D50: [u32; 3] = [0x0000_F6D6, 0x0001_0000, 0x0000_D32D];
/// From D65, the white of sRGB, to D50 by Bradford's method (Annex E): nine s15Fixed16 numbers.
const ADAPTATION: [u32; 9] = [
    0x0001_0C42,
    0x0000_05DE,
    0xFFFF_F325,
    0x0000_0793,
    0x0000_FD90,
    0xFFFF_FBA1,
    0xFFFF_FDA2,
    0x0000_03DC,
    0x0000_C06E,
];
/// XYZ of the three primaries of sRGB, adapted to D50.
const RED: [u32; 3] = [0x0000_6FA2, 0x0000_38F5, 0x0000_0390];
const GREEN: [u32; 3] = [0x0000_6299, 0x0000_B785, 0x0000_18DA];
const BLUE: [u32; 3] = [0x0000_24A0, 0x0000_0F84, 0x0000_B6CF];
/// The curve of sRGB as g, a, b, c and d of a parametric curve of type 3 (§10.18): 2.4, 1/1.055, 0.055/1.055, 1/12.92, 0.04045.
const CURVE: [u32; 5] = [0x0002_6666, 0x0000_F2A7, 0x0000_0D59, 0x0000_13D0, 0x0000_0A5B];

/// The length of the header (§7.2).
const HEADER: usize = 128;

/// The profile.
pub(crate) fn srgb() -> Vec<u8> {
    let (description, copyright) = (text("sRGB"), text("CC0"));
    let (curve, adaptation) = (numbers(*b"para", &[0x0003_0000], &CURVE), numbers(*b"sf32", &[], &ADAPTATION));
    let [white, red, green, blue] = [D50, RED, GREEN, BLUE].map(|xyz| numbers(*b"XYZ ", &[], &xyz));
    let elements = [description, copyright, white, red, green, blue, curve, adaptation];
    // Which tag is which of them: the three channels have one curve.
    let tags: [(&[u8; 4], usize); 10] = [
        (b"desc", 0),
        (b"cprt", 1),
        (b"wtpt", 2),
        (b"rXYZ", 3),
        (b"gXYZ", 4),
        (b"bXYZ", 5),
        (b"rTRC", 6),
        (b"gTRC", 6),
        (b"bTRC", 6),
        (b"chad", 7),
    ];
    let start = HEADER + 4 + 12 * tags.len();
    let offset = |index: usize| start + elements.iter().take(index).map(Vec::len).sum::<usize>();
    let mut profile = header(offset(elements.len()));
    push(&mut profile, tags.len());
    for (name, index) in tags {
        profile.extend(name);
        push(&mut profile, offset(index));
        push(&mut profile, elements.get(index).map_or(0, Vec::len));
    }
    profile.extend(elements.concat());
    profile
}

fn header(length: usize) -> Vec<u8> {
    let mut header = Vec::with_capacity(length);
    push(&mut header, length);
    header.extend([0; 4]); // no preferred colour engine
    header.extend([4, 0x30, 0, 0]); // 4.3
    header.extend(b"mntrRGB XYZ ");
    for part in [2026_u16, 1, 1, 0, 0, 0] {
        header.extend(part.to_be_bytes());
    }
    header.extend(b"acsp");
    header.extend([0; 28]); // no platform, flags, device or attributes; perceptual
    header.extend(D50.iter().flat_map(|number| number.to_be_bytes()));
    header.resize(HEADER, 0);
    header
}

/// An element of numbers: its type, four bytes of nothing, and the numbers.
fn numbers(of: [u8; 4], before: &[u32], numbers: &[u32]) -> Vec<u8> {
    let mut element = [of, [0; 4]].concat();
    before.iter().chain(numbers).for_each(|number| element.extend(number.to_be_bytes()));
    element
}

/// A text in one language (multiLocalizedUnicodeType, §10.15), filled up to a multiple of four bytes.
fn text(text: &str) -> Vec<u8> {
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let mut element = b"mluc\0\0\0\0".to_vec();
    push(&mut element, 1);
    push(&mut element, 12);
    element.extend(b"enUS");
    push(&mut element, utf16.len());
    push(&mut element, 28);
    element.extend(utf16);
    element.resize(element.len().next_multiple_of(4), 0);
    element
}

/// A number of 32 bits; no profile of ours needs more.
fn push(bytes: &mut Vec<u8>, number: usize) {
    bytes.extend(u32::try_from(number).unwrap_or(u32::MAX).to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_profile_says_where_each_of_its_parts_is() {
        let profile = srgb();
        let number = |at: usize| u32::from_be_bytes(profile[at..at + 4].try_into().unwrap()) as usize;
        assert_eq!((profile.len(), number(0), &profile[36..40]), (480, 480, b"acsp".as_slice()));
        let types = [b"mluc", b"mluc", b"XYZ ", b"XYZ ", b"XYZ ", b"XYZ ", b"para", b"para", b"para", b"sf32"];
        for (index, of) in types.iter().enumerate() {
            let (offset, length) = (number(132 + 12 * index + 4), number(132 + 12 * index + 8));
            assert_eq!((&profile[offset..offset + 4], offset % 4), (of.as_slice(), 0), "{index}");
            assert!(offset + length <= profile.len());
        }
    }

    #[test]
    fn the_primaries_add_up_to_white() {
        for channel in 0..3 {
            let sum = RED[channel] + GREEN[channel] + BLUE[channel];
            // Each of them is rounded, and the adaptation too: a four-thousandth.
            assert!(sum.abs_diff(D50[channel]) <= 16, "{channel}");
        }
    }
}
