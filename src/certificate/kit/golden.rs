//! The bytes themselves. They were put together and signed by other programs (Python's cbor2 and cryptography) from the field table in
//! docs/certificate.md and the key SHA-256("stick").

use purgeproof_core::evidence::unhex;

use super::*;

const GOLDEN: &str = "\
     d284581aa3013204483f967ffc4079a0b8106b70702d636572742b637774a10ea108a101a301012006215820d71292f3ab8ee8a8b53032b3\
     b11a828c4be28533f3fd48fc2c72427db2ca745a59021aa3061a6b01626b07501a2b3c4d5e6f708192a3b4c5d6e7f8093a00010000b10101\
     020203ab026e51454d55204e564d65204374726c036e44454d4f2d4e564d452d303030310465382e322e30051a1000000006190200071910\
     00080109020a746575692e303032353338356231316232633364340b6a4c542d303034383231330e0104a701050201038119010004811a00\
     08000005828303830102037823746869732076657273696f6e20646f6573206e6f742061736b207468652064726976658201810507818462\
     4e3801810580080105a501010201031a00080000041a000800000719010006a4011a6b016240021a6b01626903010419a21c07a30165302e\
     312e30027035663063336139643262373165383436036e362e312e302d32382d616d64363408a30148663555dd495b3e9d02010358203f96\
     7ffc4079a0b8c62a7a891ba7e45133358483c7d1f3907a100312299667cd09a4016944656c6c20496e632e026d4c61746974756465203734\
     3230036737584b324c4d3304782434633463343534342d303035382d346231302d383033322d6237633034663463346433330a6a412e204d\
     c3bc6c6c65720ca4017141636d6520526566757262697368696e67026d4c4f542d323032362d31313231036648616c6c2033046572657573\
     650d830102030e582033333333333333333333333333333333333333333333333333333333333333330f8181011082016430303031118012\
     805840a2e2d6c6ff876d08b7c3149e1dbd3a9c33eea973b2c29e155ca8907e3f928b4b117c9929124de2eba95caac67dbd12caa73ed5e937\
     dd21698a055d9a15d68605\
     ";

fn golden() -> Vec<u8> {
    GOLDEN.as_bytes().chunks(2).map(|pair| unhex::<1>(core::str::from_utf8(pair).unwrap()).unwrap()[0]).collect()
}

/// The statement of the fixture with a hash that does not hang on how evidence is written.
fn claims() -> Claims {
    let statement = claims::Statement::of(&cleared(), [0x33; 32], link());
    Claims { issued_unix_s: ISSUED, id: cleared().job, statement }
}

#[test]
fn our_bytes_are_those_of_another_implementation() {
    let certificate = Certificate::seal(Typ::Certificate, claims(), &key()).unwrap();
    assert_eq!(hex(certificate.bytes()), GOLDEN);
}

#[test]
fn another_implementations_bytes_are_read_and_hold() {
    let certificate = Certificate::parse(&golden()).unwrap();
    assert_eq!(*certificate.claims(), claims());
    assert!(certificate.verify(None).holds());
    assert_eq!(certificate.verify(None).trust, Trust::SelfSigned(key().fingerprint()));
}

/// RFC 9285 §4.3, examples 2 and 3.
#[test]
fn base45_is_the_standards() {
    assert_eq!(base45::encode("Hello!!"), "%69 VD92EX0");
    assert_eq!(base45::encode("base-45"), "UJCLQE7W581");
}
