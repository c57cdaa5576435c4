use super::*;

const SEED: Secret = Secret([0x22; 32]);

/// What a scheme writes by the seed of the tests.
fn by(name: &str) -> String {
    let scheme = named(name).unwrap();
    list(&written(scheme.passes, scheme.shuffled.clone(), &SEED))
}

#[test]
fn the_table_is_the_one_that_was_gathered() {
    let listed: Vec<String> = TABLE.iter().map(|scheme| format!("{}: {}", scheme.name, list(scheme.passes))).collect();
    let expected = [
        "nist-clear: zeros",
        "nist-clear-flash: random",
        "nist-r1-usb: random-byte, complement",
        "dod-5220.22-m: zeros, complement, random",
        "dod-5220.22-m-ece: random-byte, complement, random, 2 x random-byte, complement, random",
        "dod-short: random-byte, complement, random",
        "ar-380-19: random, zeros, complement",
        "navso-p-5239-26-mfm: ones, 0xFDFFFFFF, random",
        "navso-p-5239-26-rll: ones, 0xE4FFFFFF, random",
        "afssi-5020: zeros, ones, random-byte",
        "rcmp-tssit-ops-ii: zeros, ones, zeros, ones, zeros, ones, random-byte",
        "bsi-vs-itr: zeros, ones, zeros, ones, zeros, ones, 0xAA",
        "hmg-is5-baseline: zeros",
        "hmg-is5-enhanced: zeros, ones, random",
        "schneier: ones, zeros, 5 x random",
        "gutmann: 4 x random, 0x55, 0xAA, 0x924924, 0x492492, 0x249249, zeros, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, \
         0xAA, 0xBB, 0xCC, 0xDD, 0xEE, ones, 0x924924, 0x492492, 0x249249, 0x6DB6DB, 0xB6DB6D, 0xDB6DB6, 4 x random",
        "gost-r-50739-95: zeros, random",
        "nnsa-nap-14.1-c: 2 x random, zeros",
        "bmb21-2019: ones, zeros, 3 x random, ones",
        "pfitzner-7: 7 x random",
        "pfitzner-33: 33 x random",
    ];
    assert_eq!(listed, expected);
}

#[test]
fn every_scheme_can_be_written_and_has_a_name_of_its_own() {
    for (index, scheme) in TABLE.iter().enumerate() {
        assert_eq!(check(scheme.passes), Ok(()), "{}", scheme.name);
        assert_eq!(TABLE.iter().position(|other| other.name == scheme.name), Some(index));
        assert!(scheme.shuffled.end <= scheme.passes.len());
    }
}

#[test]
fn what_is_drawn_depends_on_the_job_and_on_the_pass() {
    // printf 'PurgeProof byte of pass 1' | cat - <(head -c 32 /dev/zero | tr '\0' '\42') | sha256sum, first byte modulo 253, plus one.
    assert_eq!(by("nist-r1-usb"), "0xE5, 0x1A");
    assert_eq!(by("dod-5220.22-m"), "zeros, ones, random");
    assert_eq!(by("ar-380-19"), "random, zeros, ones");
    let drawn = |seed: u8| written(&[BYTE, NOT, BYTE, BYTE, NOT], 0..0, &Secret([seed; 32]));
    for seed in 0..=255 {
        let passes = drawn(seed);
        assert!(passes.iter().all(|pattern| matches!(pattern, Pattern::Byte(0x01..=0xfe))));
        assert!(passes.windows(2).all(|pair| pair[0] != pair[1]));
        assert_eq!((passes[0].complement(), passes[3].complement()), (Some(passes[1]), Some(passes[4])));
    }
    assert_ne!(drawn(1), drawn(2));
}

#[test]
fn the_middle_of_gutmann_is_shuffled_for_each_job_and_nothing_else_is() {
    let scheme = named("gutmann").unwrap();
    let order = |seed: u8| written(scheme.passes, scheme.shuffled.clone(), &Secret([seed; 32]));
    let (one, other) = (order(1), order(2));
    assert_ne!(one, other);
    for passes in [&one, &other] {
        let random: Vec<usize> = (0..35).filter(|index| passes[*index] == Pattern::Random).collect();
        assert_eq!(random, [0, 1, 2, 3, 31, 32, 33, 34]);
        assert!(scheme.is_written_as(passes));
    }
    let sorted = |mut passes: Vec<Pattern>| {
        passes.sort_unstable();
        passes
    };
    assert_eq!(sorted(one), sorted(other));
}

#[test]
fn other_passes_are_not_the_scheme() {
    for scheme in TABLE {
        let passes = written(scheme.passes, scheme.shuffled.clone(), &SEED);
        assert!(scheme.is_written_as(&passes), "{}", scheme.name);
        assert!(!scheme.is_written_as(&passes[1..]), "{}", scheme.name);
        assert!(!scheme.is_written_as(&[passes.as_slice(), &[Pattern::Random]].concat()), "{}", scheme.name);
        for index in 0..passes.len() {
            let mut other = passes.clone();
            other[index] = Pattern::Two([1, 2]);
            assert!(!scheme.is_written_as(&other), "{} {index}", scheme.name);
        }
    }
    let is_short = |bytes: [u8; 2]| {
        let [one, other] = bytes.map(Pattern::Byte);
        named("dod-short").unwrap().is_written_as(&[one, other, Pattern::Random])
    };
    assert!(is_short([0x35, 0xca]));
    assert!(!is_short([0x35, 0xcb]) && !is_short([0x00, 0xff]) && !is_short([0xff, 0x00]));
}

#[test]
fn every_pass_has_a_key_of_its_own_and_the_last_one_the_job_s() {
    let job = Secret([0; 32]);
    assert_eq!((key(&job, 1, 1), key(&job, 3, 3)), (job, job));
    // printf 'PurgeProof key of pass 2' | cat - <(head -c 32 /dev/zero) | sha256sum
    assert_eq!(
        crate::evidence::hex(&key(&job, 2, 3).0),
        "76ea446720105c42cad2a176781fab6039bb54a4e9af5120e1bc346e4a37c49b"
    );
    assert_ne!(key(&job, 1, 3), key(&job, 2, 3));
}

#[test]
fn passes_that_cannot_be_written_are_refused() {
    assert_eq!(check(&[]), Err(BadPasses::Count(0)));
    assert_eq!(check(&[R; 65]), Err(BadPasses::Count(65)));
    assert_eq!(check(&[NOT]), Err(BadPasses::ComplementOfNothing(1)));
    assert_eq!(check(&[BYTE, NOT, NOT, R, NOT]), Err(BadPasses::ComplementOfNothing(5)));
    assert_eq!(check(&[R; 64]), Ok(()));
}

#[test]
fn the_manual_has_the_same_table() {
    let manual = include_str!("../../../docs/policy.md");
    for Scheme { name, title, passes, verify, worth, .. } in TABLE {
        let read_back = if *verify == FULL { "all" } else { "–" };
        let row = format!("| `{name}` | {title} | {} | {read_back} | {worth} |\n", list(passes));
        assert!(manual.contains(&row), "docs/policy.md lacks {row}");
    }
    assert_eq!(
        manual.lines().filter(|line| line.starts_with("| `") && line.matches('|').count() == 6).count(),
        TABLE.len()
    );
}
