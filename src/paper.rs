//! One certificate on its way to the stick.

use purgeproof_certificate::sequence;
use purgeproof_core::event::DriveId;
use purgeproof_core::evidence::JobId;
use purgeproof_drive::layout::LOGS;
use purgeproof_drive::shelf::{Shelf, ShelfError};

use purgeproof_drive::layout::CERTIFICATES;

/// One certificate on its way.
pub(super) struct Paper {
    pub(super) drive: Option<DriveId>,
    pub(super) job: JobId,
    pub(super) stem: String,
    pub(super) qr: String,
    pub(super) cose: Vec<u8>,
    pub(super) log: String,
    /// The evidence and the views, by extension.
    pub(super) others: Vec<(&'static str, Vec<u8>)>,
    /// How far it is; begins again with another stick.
    pub(super) step: Step,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Certificate,
    Chain,
    Others(usize),
}

impl Paper {
    /// What of this certificate a chain does not hold yet.
    fn lacking(&self, chain: &[u8]) -> &[u8] {
        let mut whole = 0;
        for certificate in sequence::certificates(chain).map_while(Result::ok) {
            if certificate.bytes() == self.cose {
                return &[];
            }
            whole += certificate.bytes().len();
        }
        let tail = chain.get(whole..).unwrap_or_default();
        self.cose.strip_prefix(tail).unwrap_or(&self.cose)
    }

    /// Puts what is not there yet onto the stick, the signed certificate first.
    pub(super) fn deliver(&mut self, shelf: &mut dyn Shelf) -> Result<(), ShelfError> {
        if self.step == Step::Certificate {
            shelf.put(CERTIFICATES, &format!("{}.cose", self.stem), &self.cose)?;
            self.step = Step::Chain;
        }
        if self.step == Step::Chain {
            // An append that failed may have left a part of it: only what is lacking is added.
            let chain = shelf.read(LOGS, &self.log)?.unwrap_or_default();
            let rest = self.lacking(&chain);
            if !rest.is_empty() {
                shelf.append(LOGS, &self.log, rest)?;
            }
            self.step = Step::Others(0);
        }
        while let Step::Others(index) = self.step {
            let Some((extension, bytes)) = self.others.get(index) else { break };
            shelf.put(CERTIFICATES, &format!("{}.{extension}", self.stem), bytes)?;
            self.step = Step::Others(index + 1);
        }
        Ok(())
    }
}
