//! The payload of a certificate: a CBOR Web Token (RFC 8392) with the statement in a claim of ours.

use minicbor::encode::Write;
use minicbor::{Decode, Decoder, Encoder};
use purgeproof_core::evidence::JobId;

use crate::ParseError;
use crate::claims::{Claims, Statement, VERSION};
use crate::cose::{Encoded, Written, ended, exactly, fixed, label};
use crate::spelling::is_spelled;

/// The claim of ours, in the range for private use (RFC 8392 §9.1).
const STATEMENT: i64 = -65537;

/// The longest certificate that is read. The largest that this version writes is less than half of it.
pub(crate) const MAX_BYTES: usize = 8192;

impl Claims {
    pub(crate) fn encode(&self) -> Encoded {
        let mut e = Encoder::new(Vec::with_capacity(1024));
        self.write(&mut e)?;
        Ok(e.into_writer())
    }

    fn write<W: Write>(&self, e: &mut Encoder<W>) -> Written<W> {
        e.map(3)?.u8(6)?.u64(self.issued_unix_s)?.u8(7)?.bytes(&self.id.0)?;
        e.i64(STATEMENT)?.encode(&self.statement)?;
        Ok(())
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, ParseError> {
        /// The version alone, so that a certificate of a later one is named as such and not as malformed.
        #[derive(Decode)]
        #[cbor(map)]
        struct Versioned {
            #[n(1)]
            version: u32,
        }
        let mut d = Decoder::new(bytes);
        exactly(d.map()?, 3, &d)?;
        label(&mut d, 6)?;
        let issued_unix_s = d.u64()?;
        label(&mut d, 7)?;
        let id = JobId(fixed(&mut d)?);
        label(&mut d, STATEMENT)?;
        let Versioned { version } = d.probe().decode()?;
        if version != VERSION {
            return Err(ParseError::Version(version));
        }
        let statement: Statement = d.decode()?;
        ended(&d, bytes)?;
        let claims = Self { issued_unix_s, id, statement };
        if is_spelled(bytes, |e| claims.write(e)) { Ok(claims) } else { Err(ParseError::NotDeterministic) }
    }
}
