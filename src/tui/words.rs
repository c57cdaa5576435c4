//! Every text of the screen, in one place.

mod plan;

use purgeproof_core::drive::{Identity, Medium, Transport};
use purgeproof_core::event::{Filed, Stage, Stick};
use purgeproof_core::survey::When;
use purgeproof_core::units::Bytes;
use purgeproof_core::verdict::Outcome;

use crate::model::{Ended, Exit, Host, Row, Running};
use crate::update::PSID;

pub(crate) use plan::{fallback, fate, hidden, level, obstacle, obstacle_short, passes, planned, steps};

/// The word that stops a job.
pub(crate) const STOP: &str = "stop";
/// The word that ends the program although something is lost by it.
pub(crate) const YES: &str = "yes";

pub(crate) const NAME: &str = "PurgeProof";
pub(crate) const CONSENT_GONE: &str =
    "Nothing was done: the drive in question was unplugged, or its plan has changed. Select it again";
pub(crate) const NOTHING_TO_STOP: &str =
    "No job runs on the selected drive and it takes no PSID: there is nothing to stop. Select a running one";
pub(crate) const NOTHING_FROZEN: &str = "No drive is frozen: there is nothing that suspending the machine would lift";
pub(crate) const NOT_WHILE_RUNNING: &str =
    "Nothing was done: while a drive is being erased the machine is not suspended. Wait for its verdict, then press u";
pub(crate) const GOING_TO_SLEEP: &str =
    "The machine was asked to suspend and to wake again: the screen stands still meanwhile";
pub(crate) const UNFREEZE_TITLE: &str = "SUSPEND AND WAKE THE MACHINE?";
pub(crate) const UNFREEZE: [&str; 2] = [
    "The firmware has frozen the security commands of a drive. Suspended, the drives lose their power, and with it the freeze.",
    "The machine sleeps for some seconds and wakes by itself. If it does not, press its power button shortly. Nothing is erased by this.",
];
pub(crate) const KEYS_UNFREEZE: &str = "Enter: suspend   Esc: back";
pub(crate) const CTRL_ALT_DEL: &str =
    "Ctrl-Alt-Del restarts nothing here, for drives may be in the middle of an erase. To restart, press r";
pub(crate) const POWER_KEY: &str = "The power key did nothing yet, for something would be lost. Answer the question";
pub(crate) const LAYOUTS_TITLE: &str = "KEYBOARD LAYOUT";
pub(crate) const LAYOUTS_HOW: &str =
    "Of the keyboard of this machine. A serial console has the layout of the computer at its other end.";
pub(crate) const LAYOUT_NOW: &str = "  (now)";
pub(crate) const NO_LAYOUTS: &str =
    "There is no layout to choose: no keyboard types to a screen of this machine, or the image has no layouts";
pub(crate) const KEYS_LAYOUTS: &str = "Enter: take it   Up/Down, letters: choose   Esc: back";
pub(crate) const PSID_TITLE: &str = "PSID OF THIS DRIVE";
pub(crate) const PSID_USE: &str = "With it the drive gives itself a new key, locked or not: all on it is lost. Nothing is done now. It is used when you erase \
     this drive; until then it is kept in memory only.";
pub(crate) const PSID_GIVEN: &str =
    "The PSID was handed over, nothing is erased yet. Look at the drive's new plan and press Enter on it";
pub(crate) const PSID_LETTERS: &str =
    "A PSID has letters A to Z and digits only. Compare it with the label: O and 0, I and 1 look alike";
pub(crate) const NO_VAULT: &str =
    "The kernel gave no locked memory, in which alone a PSID is kept: none is asked for. Restart the machine";
pub(crate) const PSID_HOW: &str =
    "Press s to type the PSID from its label: the drive can be reverted with it, which is a Purge";
pub(crate) const KEYS_PSID: &str = "Enter: hand it over   Esc: back";
pub(crate) const LOWER_TITLE: &str = "OVERWRITE INSTEAD";
pub(crate) const LOWER: &str =
    "Asking for a plan by Overwrite alone. It is a Clear: blocks that the drive keeps in reserve are not reached ...";
pub(crate) const CANNOT_STOP: &str = "Once begun, the drive's own erase cannot be stopped.";
pub(crate) const GOES_ON: &str = "It cannot be stopped. Leave the drive powered.";
pub(crate) const KEEP_POWERED: &str =
    "A drive that erases itself goes on with it: it must keep its power until it has ended.";
pub(crate) const PRESS: &str = "Press";
pub(crate) const ESC_THEN_PRESS: &str = "Press Esc, then";
pub(crate) const NEW_WORD: &str = "Weaker, and not done without a new word from you:";
pub(crate) const TYPE_PSID: &str = "s: type its PSID";
pub(crate) const NOT_OFFERED: &str = "not offered";
pub(crate) const HIDDEN_NOT_SOUGHT: &str = "not looked for";
pub(crate) const LOOKING: &str = "Looking for drives ...";
pub(crate) const NO_DRIVES: &str = "No drives found.";
pub(crate) const NO_DRIVES_WHY: [&str; 2] = [
    "Plug a drive in: it appears here by itself. Or press l to look again.",
    "Drives behind a RAID controller or Intel VMD/RST stay hidden until the firmware setup is switched to AHCI, HBA or JBOD mode.",
];
pub(crate) const NO_CONTROLLERS: &str = "none found: the machine shows no storage controller at all";
pub(crate) const TOO_SMALL: &str = "Console too small. At least 20x5 is needed";
pub(crate) const FAULT: &str =
    "This page cannot be drawn (a fault of PurgeProof). Drives go on being erased. Press Esc";
pub(crate) const UNPLUGGED: &str = "no longer attached";
const CONSENT_TITLE: &str = "ERASE THIS DRIVE?";
const RESUME_TITLE: &str = "GO ON ERASING THIS DRIVE?";
pub(crate) const NOTHING_INTERRUPTED: &str =
    "The erase of the selected drive was not interrupted, as far as the stick knows: there is nothing to go on with";
pub(crate) const CONSENT_LOSS: &str = "Everything on it is destroyed for ever.";
pub(crate) const CONSENT_SENT: &str = "Starting ...";
pub(crate) const STOP_TITLE: &str = "STOP THIS JOB?";
pub(crate) const STOP_LOSS: &str =
    "What is overwritten stays overwritten, but the verdict will not be a good one: the drive has to be erased again.";
pub(crate) const STOP_ERASE: &str = "The drive's own erase cannot be stopped: it goes on. What stops is the watching, and without that there is no good verdict: the \
     drive has to be erased again. Leave it powered.";
pub(crate) const NO_MESSAGES: &str = "No messages so far.";
pub(crate) const QR_HOW: &str = "The whole signed certificate: scan it, check it with: purgeproof verify";
pub(crate) const DONE: &str = "DONE: everything that was to be done unattended is done";

pub(crate) const HIDDEN: &str =
    "A controller may hide drives of this machine: n in the list says which and what to do.";
pub(crate) const LARGE_GOOD: &str = "ALL GOOD";
pub(crate) const LARGE_BAD: &str = "NOT GOOD";
pub(crate) const NONE_ERASED: &str = "No drive was erased.";
pub(crate) const SOME_BAD: &str = "Not every drive is erased: do not let this machine leave as it is.";
pub(crate) const ALL_GOOD: &str = "Every drive that was to be erased is erased, and its certificate is on the stick.";
pub(crate) const CONTROLLERS: &str = "Controllers of this machine:";

pub(crate) const KEYS_SUMMARY: &str = "p power off   r reboot   Up/Down scroll   Esc list of drives";
pub(crate) const KEYS_ESC: &str = "Esc back";
pub(crate) const KEYS_SERIES: &str = "Space next code   Up/Down back and forth   Esc back";
pub(crate) const KEYS_PAGE: &str = "Up/Down scroll   Esc back";
const KEYS_CONSENT: &str = "Enter: erase   Esc: cancel";
const KEYS_RESUME: &str = "Enter: go on   Esc: cancel";
pub(crate) const KEYS_SENT: &str = "Esc: back to the list";
pub(crate) const STOP_PROMPT: &str = "Type stop, then Enter:";
pub(crate) const KEYS_POWER: &str = "Enter: go   Esc: back";
pub(crate) const KEYS_STOP: &str = "Enter: stop   Esc: go on";
pub(crate) const KEYS_LEAVING: &str = "w: do not wait (a drive that hangs may never stop)";

/// The help page: headings end with a colon, the rest is `term | meaning`.
pub(crate) const HELP: &[&str] = &[
    "Keys:",
    "Up, Down | choose a drive (PgUp, PgDn, Home, End work too)",
    "Enter | Ready drive: erase it (asks for the end of its serial number). Drive that has ended: its result, its QR code, erase it again",
    "g | drive whose erase was interrupted: go on with it (asks as Enter does; Enter begins anew)",
    "d | all about the selected drive, with the plan and its reasons",
    "s | running drive: stop its job. Locked drive, or one that could be reverted: type the PSID from its label",
    "u | frozen drive: suspend the machine and wake it, which lifts the freeze",
    "o | result of a drive whose own erase failed: overwrite it instead",
    "n | messages, and what the controllers of this machine advise",
    "k or F2 | layout of the keyboard",
    "l | look for drives again (new ones appear by themselves)",
    "p, r | power off, reboot. On a workstation p leaves the program",
    "Ctrl-L | draw the screen again",
    "Esc | back",
    "How a drive is erased:",
    "Clear | Every block that the computer can address is erased or overwritten. Blocks that the drive keeps in reserve need not be",
    "Purge | The drive itself erases all that it holds, reserve included. Once begun that cannot be stopped",
    "Mark, Check | Before its own erase blocks are written that must be gone after it: a drive that lies is found out",
    "FROZEN, LOCKED | Something stands in the way. d says what to do about it",
    "What comes of it:",
    "PURGED | The drive erased all that it holds. It may leave",
    "CLEARED | Every block was erased or overwritten, and checked. It may leave if Clear is enough",
    "NOT ERASED | Old content is on it. Its result says what can be done next",
    "INDETERMINATE | It cannot be known. Treat it like NOT ERASED",
];

/// Without the sign for degrees, which stands for another one in some consoles' font.
pub(crate) fn in_ascii(sentence: &str) -> String {
    sentence.replace('°', "")
}

/// The title of the question for leave, and its keys.
pub(crate) const fn consent(resumes: bool) -> (&'static str, &'static str) {
    if resumes { (RESUME_TITLE, KEYS_RESUME) } else { (CONSENT_TITLE, KEYS_CONSENT) }
}

/// How a drive stands whose job can go on.
pub(crate) fn interrupted(percent: u8) -> [String; 2] {
    [format!("interrupted at {percent} %, g: go on"), format!("at {percent} %, g: go on")]
}

/// How a drive stands that left in the middle of its job and is back.
pub(crate) fn left_at(outcome: Outcome, percent: u8) -> [String; 3] {
    let [long, short] = interrupted(percent);
    [format!("{outcome}, {long}"), long, short]
}

/// `has_left`: the job ended because the drive left.
pub(crate) fn can_go_on(percent: u8, has_left: bool) -> String {
    if has_left {
        format!("The drive left at {percent} %. Press g to go on from there, e in its result to begin anew")
    } else {
        format!("An earlier run came to {percent} %. Press g to go on from there, Enter to begin anew")
    }
}

pub(crate) fn goes_on(percent: u8) -> String {
    format!("at {percent} %. What was written before is looked at, and the erase goes on from there")
}

pub(crate) fn begins_anew(percent: u8) -> String {
    format!("at {percent} %. This begins anew, and that job is certified as it is. Esc, then g: go on with it")
}

pub(crate) fn type_the_word(word: &str) -> String {
    format!("Nothing was done. Type the word {word}, or press Esc")
}

pub(crate) fn plural(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

pub(crate) fn keys_list(host: Host) -> &'static str {
    match host {
        Host::Appliance => "Enter erase/result  d details  s stop  n messages  p power off  r reboot  ? help",
        Host::Workstation => "Enter erase/result  d details  s stop  n messages  l look again  p leave  ? help",
    }
}

pub(crate) fn stick(stick: Option<&Stick>) -> String {
    match stick {
        None => "Stick: looking ...".into(),
        Some(Stick::Absent) => "NO STICK".into(),
        Some(Stick::Ready { key }) => format!("Stick ready, key {key}"),
        Some(Stick::Failing { .. }) => "STICK FAILING".into(),
    }
}

pub(crate) fn waiting(files: usize) -> String {
    let verb = if files == 1 { "waits" } else { "wait" };
    format!("{} {verb} in memory: PLUG IN THE STICK", plural(files, "certificate file", "certificate files"))
}

pub(crate) fn label_of_handle(drive: &Identity) -> (&'static str, &'static str) {
    match (&drive.serial, &drive.wwn) {
        (Some(_), _) => ("Serial", "serial number"),
        (None, Some(_)) => ("WWN", "worldwide name (it has no serial number)"),
        (None, None) => ("Bytes", "size in bytes (it has neither serial number nor WWN)"),
    }
}

pub(crate) fn consent_prompt(drive: &Identity, wanted: usize) -> String {
    let of = label_of_handle(drive).1;
    format!("Type the last {} of the {of}, then Enter:", plural(wanted, "character", "characters"))
}

pub(crate) fn second_prompt(drive: &Identity, wanted: usize) -> String {
    let of = label_of_handle(drive).1;
    format!(
        "One has agreed; the policy asks for two. SECOND PERSON: type your name, a space, and the last {} of the {of}, then Enter:",
        plural(wanted, "character", "characters")
    )
}

/// Transport and medium, as short as technicians say it.
pub(crate) fn kind(drive: &Identity) -> String {
    if drive.simulated {
        return "MADE UP".into();
    }
    let medium = match (drive.transport, drive.medium) {
        (Transport::Raid, _) => return "RAID".into(),
        (Transport::Mmc, _) => return "eMMC/SD".into(),
        (Transport::Ufs | Transport::File, _) | (_, Medium::Unknown) => "",
        (_, Medium::Magnetic) => " HDD",
        (_, Medium::Flash) => " SSD",
    };
    format!("{}{medium}", drive.transport)
}

/// The keys of a result: what may be done again, and what instead.
pub(crate) fn keys_result(row: Option<&Row<'_>>) -> String {
    let again = if row.is_some_and(Row::is_weaker) { "e erase by its plan" } else { "e erase again" };
    let keys = [
        Some("q QR code"),
        row.is_some_and(|row| row.interrupted().is_some()).then_some("g go on"),
        row.is_some_and(Row::can_be_repeated).then_some(again),
        row.is_some_and(Row::can_be_lowered).then_some("o overwrite instead"),
        Some("Up/Down scroll"),
        Some("Esc back"),
    ];
    keys.into_iter().flatten().collect::<Vec<_>>().join("   ")
}

/// What came of the drive's own erase, where it is overwritten since.
pub(crate) fn setback(running: &Running) -> Option<[&'static str; 2]> {
    let is_overwritten = running.is_overwriting() && !running.setbacks.is_empty();
    let words = if running.was_lied_to() { ["own erase LIED, ", "LIED, "] } else { ["own erase FAILED, ", "FAILED, "] };
    is_overwritten.then_some(words)
}

pub(crate) fn not_offered(why: &str) -> String {
    format!("not offered: {why}")
}

pub(crate) fn psid_length(given: usize, wanted: usize) -> String {
    format!("That has {}, a PSID has {wanted}. Correct it, or press Esc", plural(given, "character", "characters"))
}

pub(crate) fn psid_prompt(count: usize) -> String {
    format!("Type or scan the PSID as the label has it, capitals as capitals, then Enter ({count} of {PSID}):")
}

/// What a stage is called in the list.
pub(crate) fn stage(stage: &Stage) -> String {
    match stage {
        Stage::Probe => "Probe".into(),
        Stage::Cool => "Cool down".into(),
        Stage::Survey(_) => "Survey".into(),
        Stage::Gauge => "Test".into(),
        Stage::Mark => "Mark".into(),
        Stage::Erase { of: 1, .. } => "Erase".into(),
        Stage::Erase { step, of, .. } => format!("Erase {step}/{of}"),
        Stage::Settle | Stage::Seek | Stage::Recheck => "Check".into(),
        Stage::Purge { of: 1, .. } => "Write".into(),
        Stage::Purge { number, of } => format!("Write {number}/{of}"),
        Stage::Flush => "Flush".into(),
        Stage::Verify => "Verify".into(),
        Stage::Reformat { .. } => "Format".into(),
    }
}

/// What a stage is, in a sentence.
pub(crate) fn stage_sentence(stage: &Stage) -> String {
    match stage {
        Stage::Probe => "Probe: asking the drive who it is".into(),
        Stage::Cool => "Waiting until the drive has cooled down".into(),
        Stage::Survey(When::Before) => "Survey: what the drive holds before it is erased".into(),
        Stage::Gauge => "Test: whether the drive stores zeros, or only says so".into(),
        Stage::Survey(When::After) => "Survey: what the drive holds now".into(),
        Stage::Mark => "Mark: placing blocks that must be gone afterwards".into(),
        Stage::Erase { technique, of: 1, .. } => format!("The drive erases itself: {technique}"),
        Stage::Erase { technique, step, of } => format!("The drive erases itself, step {step} of {of}: {technique}"),
        Stage::Settle => "Check: how the drive was left by its erase".into(),
        Stage::Seek => "Check: looking for the marks, which must be gone".into(),
        Stage::Purge { number, of } => format!("Overwriting, pass {number} of {of}"),
        Stage::Recheck => "Check: looking for what was written before the interruption".into(),
        Stage::Flush => "Flush: the drive puts everything onto its medium".into(),
        Stage::Verify => "Verify: reading back".into(),
        Stage::Reformat { to } => format!("Erased. The drive formats itself to {}-byte blocks", to.get()),
    }
}

pub(crate) fn rate(bytes_a_second: u64) -> String {
    format!("{}/s", Bytes(bytes_a_second))
}

/// A time that passed: `2 h 5 min`, `3 min 20 s`, `7 s`.
pub(crate) fn duration(seconds: u64) -> String {
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match (hours, minutes) {
        (0, 0) => format!("{rest} s"),
        (0, _) => format!("{minutes} min {rest} s"),
        _ => format!("{hours} h {minutes} min"),
    }
}

/// A time that passed, as short as it can be said: `40 s`, `12 min`, `3 h 20 min`.
pub(crate) fn passed(seconds: u64) -> String {
    match seconds / 60 {
        0 => format!("{seconds} s"),
        minutes @ 1..120 => format!("{minutes} min"),
        minutes => format!("{} h {} min", minutes / 60, minutes % 60),
    }
}

/// The line below the progress bar.
pub(crate) fn figures(running: &Running, now_s: u64) -> String {
    let since = duration(now_s.saturating_sub(running.began_s));
    match running.stage {
        Stage::Purge { .. } | Stage::Verify => format!("{}, running {since}", transfer(running)),
        Stage::Erase { .. } | Stage::Reformat { .. } => erase(running, now_s),
        _ => format!("running {since}"),
    }
}

fn transfer(running: &Running) -> String {
    let progress = &running.progress;
    let left = match progress.eta {
        Some(eta) if eta.latest_s <= 60 => format!("{eta} left in all"),
        Some(eta) => format!("about {eta} left in all"),
        None => "time left not known yet".into(),
    };
    let rate = if progress.rate == 0 { "speed not known yet".into() } else { rate(progress.rate) };
    let errors = plural(usize::try_from(progress.errors).unwrap_or(usize::MAX), "bad block", "bad blocks");
    format!("{rate}, {left}, {errors}")
}

/// A firmware erase has no speed, and what is left of it nobody knows: the time that has passed, and the drive's own words.
fn erase(running: &Running, now_s: u64) -> String {
    let since = duration(running.in_stage_s(now_s));
    let reach = if running.progress.total == 0 { ". The drive does not say how far it is" } else { "" };
    match running.progress.estimate_s {
        Some(estimate) => format!("for {since} of {} that the drive estimates{reach}", duration(estimate)),
        None => format!("for {since}{reach}"),
    }
}

pub(crate) fn silent(running: &Running, seconds: u64) -> String {
    let what = if running.is_out_of_hand() {
        "Leave it powered: it may still be at work"
    } else {
        "Look at its cable, power and light"
    };
    format!("no sign of life for {}. {what}", duration(seconds))
}

pub(crate) fn silent_short(seconds: u64) -> String {
    format!("SILENT for {}", duration(seconds))
}

/// Where the certificate of an ended job is, short for the list.
pub(crate) fn filed(ended: &Ended) -> [&'static str; 2] {
    match ended.certificate.as_ref().map(|certificate| &certificate.filed) {
        Some(Filed::OnStick { .. }) => ["certificate on stick", "on stick"],
        Some(Filed::InMemory { .. }) => ["certificate IN MEMORY", "IN MEMORY"],
        None => ["no certificate yet", "not filed"],
    }
}

/// Where the certificate of an ended job is, in full.
pub(crate) fn filed_sentence(ended: &Ended) -> String {
    match ended.certificate.as_ref().map(|certificate| &certificate.filed) {
        Some(Filed::OnStick { name }) => format!("on the stick as {name}, read back and compared"),
        Some(Filed::InMemory { why }) => format!("ONLY IN MEMORY, lost with the power: {why}"),
        None => "not made yet".into(),
    }
}

/// What to do with a drive of this verdict.
pub(crate) fn disposition(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Purged => "The drive may leave.",
        Outcome::Cleared => "The drive may leave if Clear is enough for its data.",
        Outcome::NotErased => "Old content is on it, or must be taken to be.",
        Outcome::Indeterminate => "It cannot be known whether it is erased. Treat it like NOT ERASED.",
    }
}

pub(crate) fn power_title(exit: Exit, host: Host) -> &'static str {
    match (exit, host) {
        (Exit::Reboot, _) => "REBOOT?",
        (_, Host::Appliance) => "POWER OFF?",
        (_, Host::Workstation) => "LEAVE PURGEPROOF?",
    }
}

fn leaving(exit: Exit, host: Host) -> &'static str {
    match (exit, host) {
        (Exit::Reboot, _) => "a reboot",
        (_, Host::Appliance) => "power-off",
        (_, Host::Workstation) => "leaving",
    }
}

/// What is lost by ending now.
pub(crate) fn power_running(jobs: usize, exit: Exit, host: Host) -> String {
    let drives = still_running(jobs);
    let them = if jobs == 1 { "it" } else { "them" };
    format!("{}: {} leaves {them} NOT ERASED.", drives.trim_end_matches('.'), leaving(exit, host))
}

pub(crate) fn passed_over(drives: usize) -> String {
    let keep = if drives == 1 { "it keeps its" } else { "they keep their" };
    format!("{} could not be offered: {keep} content. The list says why.", plural(drives, "drive", "drives"))
}

pub(crate) fn still_running(jobs: usize) -> String {
    match jobs {
        1 => "1 drive is still being erased.".into(),
        _ => format!("{jobs} drives are still being erased."),
    }
}

pub(crate) fn power_unsaved(files: usize) -> String {
    match files {
        1 => "1 certificate is only in memory: plug in a stick, or it is lost.".into(),
        _ => format!("{files} certificates are only in memory: plug in a stick, or they are lost."),
    }
}

pub(crate) fn power_untouched(drives: usize) -> String {
    match drives {
        1 => "1 drive is ready but was not erased: it keeps its content.".into(),
        _ => format!("{drives} drives are ready but were not erased: they keep their content."),
    }
}

pub(crate) fn power_prompt(must_type: bool) -> &'static str {
    if must_type { "Type yes, then Enter:" } else { "Nothing is running and nothing waits. Press Enter." }
}

pub(crate) fn leaving_sentence(running: usize, exit: Exit, host: Host) -> String {
    let what = leaving(exit, host);
    match running {
        0 => format!("Putting the records in order, then {what} ..."),
        _ => format!("Stopping {} and filing the records, then {what} ...", plural(running, "job", "jobs")),
    }
}

/// Above one code of a series.
pub(crate) fn qr_part(number: usize, of: usize) -> String {
    format!("Code {number} of {of}: scan every code, a line each, then: purgeproof verify FILE")
}

pub(crate) const QR_NONE: &str =
    "There is no certificate yet, or this console is too small for its QR code. Use the files on the stick.";
