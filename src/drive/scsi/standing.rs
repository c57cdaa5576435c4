//! What a drive is doing: REQUEST SENSE tells, TEST UNIT READY confirms (SPC-5, SBC-4 §4.11 and §4.35).
//!
//! SCSI has no status of the last erase that outlives it. While one runs, both commands say so (04h/1Bh, 04h/04h); when one has failed,
//! too (31h/03h, 31h/01h); when one has ended well, the drive is ready and has nothing to say, as if there had never been one.

use purgeproof_core::firmware::Exchange;
use purgeproof_spec::scsi::command::{request_sense, test_unit_ready};
use purgeproof_spec::scsi::sense::{Additional, Erase, Key, SanitizeProgress, Sense};

use super::query::{Reply, ask};
use crate::channel::ScsiChannel;

/// What was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// A sanitize or a format runs.
    InProgress(Option<u16>),
    /// The last one failed, in the drive's words.
    Failed(String),
    /// Ready, and nothing to say.
    Idle,
    /// The drive, or the way to it, says nothing that would settle it.
    Unclear(String),
    /// Nobody is there.
    Gone,
}

impl Look {
    fn of(sense: &Sense) -> Option<Self> {
        match sense.erase {
            Some(Erase::InProgress(_, progress)) => Some(Self::InProgress(progress.map(SanitizeProgress::of_65536))),
            Some(Erase::Failed(_)) => Some(Self::Failed(sense.to_string())),
            // A format that was cut short by a loss of power, or never done since the block size was changed.
            None if sense.additional == FORMAT_CORRUPTED => Some(Self::Failed(sense.to_string())),
            None => None,
        }
    }
}

const FORMAT_CORRUPTED: Additional = Additional { code: 0x31, qualifier: 0x00 };

/// Asks both. Each exchange is handed to `note`.
pub(super) fn look(channel: &mut impl ScsiChannel, mut note: impl FnMut(Exchange)) -> Look {
    let unclear = match sense(channel, &mut note) {
        Ok(sense) => match Look::of(&sense) {
            Some(look) => return look,
            None => None,
        },
        Err(Look::Unclear(why)) => Some(why),
        Err(look) => return look,
    };
    let (reply, exchange) = ask(channel, "TEST UNIT READY", &test_unit_ready(), &mut []);
    note(exchange);
    match (reply, unclear) {
        (Reply::Gone, _) => Look::Gone,
        (Reply::Good(_), None) => Look::Idle,
        // A path that answers in the drive's place says "ready" as well.
        (Reply::Good(_), Some(why)) => Look::Unclear(why),
        (Reply::Check(sense), _) => Look::of(&sense).unwrap_or_else(|| Look::Unclear(format!("not ready: {sense}"))),
        (reply, _) => Look::Unclear(reply.words()),
    }
}

/// REQUEST SENSE, past unit attentions, which it tells as data.
fn sense(channel: &mut impl ScsiChannel, note: &mut impl FnMut(Exchange)) -> Result<Sense, Look> {
    let mut last = Look::Unclear("nothing but unit attentions".to_owned());
    for _ in 0..5 {
        let mut into = [0; 252];
        let (reply, mut exchange) = ask(channel, "REQUEST SENSE", &request_sense(), &mut into);
        let came = if let Reply::Good(came) = reply { into.get(..came) } else { None };
        if let (Some(answer), Some(came)) = (&mut exchange.answer, came) {
            let decoded = Sense::new(came);
            answer.data_in = decoded.is_ok().then(|| came.into());
            note(exchange);
            match decoded {
                Ok(sense) if sense.key != Key::UnitAttention => return Ok(sense),
                Ok(sense) => last = Look::Unclear(sense.to_string()),
                Err(error) => return Err(Look::Unclear(format!("REQUEST SENSE brought no sense data. {error}"))),
            }
            continue;
        }
        note(exchange);
        return Err(match reply {
            Reply::Gone => Look::Gone,
            Reply::Check(sense) => Look::of(&sense).unwrap_or_else(|| Look::Unclear(format!("REQUEST SENSE: {sense}"))),
            reply => Look::Unclear(format!("REQUEST SENSE: {}", reply.words())),
        });
    }
    Err(last)
}
