//! The program, killed in the middle: the next run goes on with the job, and the file holds nothing old in the end.

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::cli::{POLICY, Scratch, err, hex, purgeproof};
use crate::keystream;

/// So many runs are killed.
const KILLS: usize = 50;

/// 32 MiB and a block: a pass of it takes so long that most of the kills come in its middle.
const LENGTH: usize = (32 << 20) + 512;

const ARGUMENTS: [&str; 9] =
    ["purge", "./disk.img", "--policy", "policy.toml", "--out", "records", "--json", "--checkpoint-interval-ms", "0"];

/// A scratch folder with a file to erase; on tmpfs where there is one, so that flushing it takes no time.
fn scratch(name: &str) -> Scratch {
    let scratch = Scratch::new(name);
    scratch.file("disk.img", &b"old secret. ".repeat(LENGTH / 12 + 1)[..LENGTH]);
    scratch.file("policy.toml", POLICY.as_bytes());
    scratch
}

fn start(scratch: &Scratch) -> Child {
    Command::new(env!("CARGO_BIN_EXE_purgeproof"))
        .args(ARGUMENTS)
        .current_dir(&scratch.0)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Waits until the pass has come to this place, or the program has ended.
fn wait_until_written(scratch: &Scratch, child: &mut Child, place: u64) {
    let file = fs::File::open(scratch.0.join("disk.img")).unwrap();
    let look = || {
        let mut now = [0; 12];
        file.read_at(&mut now, place).unwrap();
        now
    };
    let before = look();
    while look() == before && child.try_wait().unwrap().is_none() {
        thread::sleep(Duration::from_micros(200));
    }
}

/// Kills it, and waits until the kernel has let go of the file: what was under way when it died may end later than it did.
fn kill(scratch: &Scratch, child: &mut Child) {
    child.kill().unwrap();
    child.wait().unwrap();
    fs::File::open(scratch.0.join("disk.img")).unwrap().lock().unwrap();
}

/// The certificates that were filed.
fn certificates(scratch: &Scratch) -> Vec<PathBuf> {
    let names = fs::read_dir(scratch.0.join("records/certificates")).into_iter().flatten().flatten();
    names.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|end| end == "cose")).collect()
}

/// Runs it to its end and gives the evidence of its certificate, which must be the only one about a job that was resumed.
fn finish(scratch: &Scratch) -> Value {
    let output = purgeproof(&scratch.0, &ARGUMENTS);
    assert!(output.status.success(), "{}", err(&output));
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(said["verdict"]["outcome"], "cleared");
    let name = said["certificate"].as_str().unwrap();
    let certificate = scratch.0.join("records/certificates").join(name);
    let evidence = fs::read(certificate.with_extension("evidence.json")).unwrap();
    serde_json::from_slice(&evidence).unwrap()
}

fn facts<'a>(evidence: &'a Value, name: &'a str) -> impl Iterator<Item = &'a Value> {
    evidence["facts"].as_array().into_iter().flatten().filter_map(move |entry| entry["fact"].get(name))
}

#[test]
fn killed_at_any_moment_the_job_goes_on_and_nothing_old_is_left() {
    let whole = scratch("whole");
    let since = Instant::now();
    finish(&whole);
    let takes = since.elapsed();

    let (mut kills, mut resumed, mut midway) = (0, 0, 0);
    for round in 0.. {
        if kills >= KILLS {
            break;
        }
        let scratch = scratch(&format!("killed-{round}"));
        // Up to nine kills of one job, at places spread over the file and at moments spread over the time that it takes.
        for nth in 0..=round % 9 {
            let (mut child, dice) = (start(&scratch), round * 29 + nth * 41);
            if dice % 4 == 0 {
                thread::sleep(takes * u32::try_from(dice % 80).unwrap() / 100);
            } else {
                let place = u64::try_from(dice * 7919 % 97).unwrap();
                wait_until_written(&scratch, &mut child, LENGTH as u64 * place / 97);
            }
            kill(&scratch, &mut child);
            kills += 1;
        }
        // One that was killed after its end needs no second one; what it says is true of the file all the same.
        let before = certificates(&scratch).len();
        let evidence = finish(&scratch);
        let (cipher, key) = (&evidence["drawn"]["stream"], &evidence["drawn"]["key"]);
        let mut expected = vec![0; LENGTH];
        keystream::fill(cipher.as_str().unwrap(), &hex(key.as_str().unwrap()), &mut expected);
        assert!(fs::read(scratch.0.join("disk.img")).unwrap() == expected, "round {round}: not all is overwritten");
        assert!(certificates(&scratch).len() <= before + 2);
        for certificate in certificates(&scratch) {
            let evidence = fs::read(certificate.with_extension("evidence.json")).unwrap_or_default();
            let evidence: Value = serde_json::from_slice(&evidence).unwrap_or_default();
            resumed += facts(&evidence, "resumed").count();
            midway += facts(&evidence, "pass-resumed").count();
        }
    }
    assert!(resumed >= 3 && midway >= 1, "of {kills} kills {resumed} were resumed, {midway} in the middle of a pass");
}

#[test]
fn who_wants_to_begin_anew_may_and_both_jobs_are_certified() {
    let scratch = scratch("restart");
    let mut child = start(&scratch);
    wait_until_written(&scratch, &mut child, 0);
    kill(&scratch, &mut child);
    let before = certificates(&scratch).len();
    let arguments = [&ARGUMENTS[..], &["--restart"]].concat();
    let output = purgeproof(&scratch.0, &arguments);
    assert!(output.status.success(), "{}", err(&output));
    assert_eq!(certificates(&scratch).len(), before + 2, "{}", err(&output));
}
