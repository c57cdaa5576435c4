use super::*;
use crate::units::{BlockSize, Blocks};
use alloc::string::ToString;

fn disk(blocks: u64) -> Geometry {
    Geometry::new(BlockSize::B512, Blocks(blocks)).unwrap()
}

#[test]
fn there_is_one_page_in_each_of_512_equal_regions() {
    // 2 GB: 500 000 pages of eight blocks, 976 or 977 in a region.
    let places = places(disk(4_000_000), &Secret([7; 32]));
    assert_eq!(places.len(), 512);
    for (region, place) in (0..512_u64).zip(&places) {
        let (from, to) = (500_000 * region / 512 * 8, 500_000 * (region + 1) / 512 * 8);
        assert!(place.start.0 >= from && place.end().0 <= to && place.count == Blocks(8), "region {region}");
    }
    assert_ne!(places, super::places(disk(4_000_000), &Secret([8; 32])));
}

#[test]
fn a_small_medium_is_its_own_picture() {
    let seed = Secret([7; 32]);
    assert_eq!(places(disk(24), &seed), [Extent::new(0, 8), Extent::new(8, 8), Extent::new(16, 8)]);
    assert_eq!(places(disk(7), &seed), []);
    let long = Geometry::new(BlockSize::new(65_536).unwrap(), Blocks(3)).unwrap();
    assert_eq!(places(long, &seed), [Extent::new(0, 1), Extent::new(1, 1), Extent::new(2, 1)]);
}

#[test]
fn a_sketch_becomes_a_survey() {
    let mut sketch = Sketch::new(6);
    sketch.look(0, 0, &[0; 4096]);
    sketch.look(1, 8192, &[0; 4096]);
    sketch.look(2, 16_384, &b"\x55\xaa".repeat(2048));
    assert!(sketch.look(3, 24_576, &b"Lorem ipsum dolo".repeat(256)).tells());
    sketch.unreadable(4);
    sketch.sign(Signature::Gpt, Lba(0));
    sketch.sign(Signature::Ntfs, Lba(2048));
    sketch.sign(Signature::Ntfs, Lba(9000));
    sketch.unchanged(Lba(48));
    let survey = sketch.finish();
    let two = Pattern::Two([0x55, 0xaa]);
    assert_eq!(alloc::string::String::from(survey.map.clone()), "00pdx-");
    assert_eq!(survey.bytes, Bytes(16_384));
    assert_eq!(
        survey.repeated,
        [Repeated { pattern: Pattern::Byte(0), places: 2 }, Repeated { pattern: two, places: 1 }]
    );
    assert_eq!(survey.signatures[1], Found { signature: Signature::Ntfs, places: 2, first: Lba(2048) });
    assert_eq!((survey.unchanged, survey.first_unchanged.as_slice()), (1, &[Lba(48)][..]));
    assert_eq!(
        survey.to_string(),
        "GPT, NTFS (2 places); 33 % zeros, 16 % other repeated bytes, 16 % data, 16 % unreadable, 16 % not looked at"
    );
    let json = serde_json::to_string(&survey).unwrap();
    assert_eq!(serde_json::from_str::<Survey>(&json).unwrap(), survey);
    assert!(json.starts_with(r#"{"map":"00pdx-","bytes":16384,"#), "{json}");
}

#[test]
fn figures_are_told_with_what_random_bytes_have() {
    assert_eq!(
        words::figures(2_097_152, 7999, 25_133),
        "all 2097152 bytes read together: chi-square 251.33 with 255 degrees of freedom (random bytes: 161.52 to 377.24), \
         entropy 7.999 bits a byte"
    );
    assert_eq!(Survey::default().to_string(), "no signatures; too small for a page");
    let repeated = [Repeated { pattern: Pattern::Byte(0), places: 12 }];
    assert_eq!(words::repeated(&repeated).unwrap(), "zeros (12 pages)");
    assert_eq!(words::repeated(&[]), None);
}
