//! What scripts/bench measures certificates with: makes chains of them, checks their signatures and nothing else, and issues one.

use std::error::Error;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::time::Instant;
use std::{env, hint, thread};

use ed25519_dalek::{Signature, VerifyingKey};
use minicbor::{Decoder, Encoder};
use purgeproof_certificate::sequence::Items;
use purgeproof_certificate::{Certificate, Contents, Delegation, Grant, Key, Link, TrustFile};
use purgeproof_core::evidence::{Evidence, JobId};

type Done = Result<(), Box<dyn Error>>;

const USAGE: &str =
    "certificates records EVIDENCE COUNT OUT [TRUST] | certificates bare SEQUENCE | certificates issue EVIDENCE ROUNDS";

fn main() -> Done {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["records", evidence, count, out] => records(&read(evidence)?, count.parse()?, out, &key()),
        ["records", evidence, count, out, trust] => {
            let (key, file) = organisation()?;
            fs::write(trust, file.bytes())?;
            records(&read(evidence)?, count.parse()?, out, &key)
        }
        ["bare", sequence] => bare(sequence),
        ["issue", evidence, rounds] => issue(&read(evidence)?, rounds.parse()?),
        _ => Err(USAGE.into()),
    }
}

fn read(evidence: &str) -> Result<Evidence, Box<dyn Error>> {
    Ok(serde_json::from_slice(&fs::read(evidence)?)?)
}

fn key() -> Key {
    Key::from_seed(&[7; 32])
}

/// The key as an organisation's, and its trust file.
fn organisation() -> Result<(Key, TrustFile), Box<dyn Error>> {
    let (mut key, root) = (key(), Key::from_seed(&[8; 32]));
    let (organisation, stick) = ("Example Recycling".to_owned(), "stick 1".to_owned());
    let (public, id) = (key.public(), [1; 16]);
    let grant = Grant { organisation, stick, begins_unix_s: 0, expires_unix_s: u64::MAX, issued_unix_s: 0, id, public };
    let name = grant.organisation.clone();
    let delegation = Delegation::issue(grant, &root)?;
    key.carry(delegation.clone())?;
    let (delegations, checkpoints, revocations) = (vec![delegation], Vec::new(), Vec::new());
    let contents = Contents { name, issued_unix_s: 0, generation: 1, delegations, checkpoints, revocations };
    Ok((key, TrustFile::sign(contents, &root)?))
}

/// The same evidence under other numbers.
fn numbered(evidence: &mut Evidence, number: u64) {
    let mut id = [0; 16];
    id.iter_mut().zip(number.to_le_bytes()).for_each(|(byte, digit)| *byte = digit);
    evidence.job = JobId(id);
}

/// A chain of `count` certificates.
fn records(evidence: &Evidence, count: u64, out: &str, key: &Key) -> Done {
    let (mut evidence, mut out) = (evidence.clone(), BufWriter::new(File::create(out)?));
    let mut link = Link::first([1; 8], key);
    for number in 0..count {
        numbered(&mut evidence, number);
        let certificate = Certificate::issue(&evidence, key, link, number)?;
        out.write_all(certificate.bytes())?;
        link = Link::after(&certificate);
    }
    Ok(out.flush()?)
}

/// What is signed (RFC 9052 §4.4), by whom, and the signature.
struct Signed {
    public: [u8; 32],
    bytes: Vec<u8>,
    signature: Signature,
}

fn signed(certificate: &[u8]) -> Result<Signed, Box<dyn Error>> {
    let public = *Certificate::parse(certificate)?.public_key();
    let mut d = Decoder::new(certificate);
    d.tag()?;
    d.array()?;
    let protected = d.bytes()?;
    d.skip()?;
    let payload = d.bytes()?;
    let mut e = Encoder::new(Vec::new());
    e.array(4)?.str("Signature1")?.bytes(protected)?.bytes(&[])?.bytes(payload)?;
    Ok(Signed { public, bytes: e.into_writer(), signature: Signature::from_slice(d.bytes()?)? })
}

/// Prints how many signatures a second all cores check, with everything that is not the check done before.
fn bare(sequence: &str) -> Done {
    let all: Vec<Signed> =
        Items::new(File::open(sequence)?).map(|item| signed(&item?)).collect::<Result<_, Box<dyn Error>>>()?;
    let cores = thread::available_parallelism()?.get();
    let fits = |it: &Signed| {
        VerifyingKey::from_bytes(&it.public).is_ok_and(|key| key.verify_strict(&it.bytes, &it.signature).is_ok())
    };
    let begin = Instant::now();
    let good: usize = thread::scope(|scope| {
        let parts = all.chunks(all.len().div_ceil(cores).max(1));
        let threads: Vec<_> =
            parts.map(|part| scope.spawn(move || part.iter().filter(|it| fits(it)).count())).collect();
        threads.into_iter().filter_map(|thread| thread.join().ok()).sum()
    });
    let seconds = begin.elapsed().as_secs_f64();
    if good != all.len() {
        return Err(format!("{good} of {} signatures fit. The sequence is not one that this made", all.len()).into());
    }
    println!("{seconds}");
    Ok(())
}

/// Prints how many milliseconds it takes to sign a certificate and to make its PDF, the QR code on it included; a line a round.
fn issue(evidence: &Evidence, rounds: u64) -> Done {
    let (key, mut evidence) = (key(), evidence.clone());
    for number in 0..rounds {
        numbered(&mut evidence, number);
        let begin = Instant::now();
        let certificate = Certificate::issue(&evidence, &key, Link::first([1; 8], &key), number)?;
        hint::black_box(certificate.pdf_with(&evidence)?);
        println!("{}", begin.elapsed().as_secs_f64() * 1000.0);
    }
    Ok(())
}
