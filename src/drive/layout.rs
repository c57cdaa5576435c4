//! Where things lie on a stick's data partition, and in a folder for records of a workstation.

/// The certificates, with their views and the evidence.
pub const CERTIFICATES: &str = "certificates";
/// The chains of certificates, a file a key.
pub const LOGS: &str = "logs";
/// The keys.
pub const KEYS: &str = "keys";
/// In [`KEYS`]: the stick's own key.
pub const STICK_KEY: &str = "stick.key";
/// In [`KEYS`]: an organisation's word that the stick's key is one of its own.
pub const DELEGATION: &str = "stick.delegation";
/// In [`KEYS`]: the organisation's trust file.
pub const TRUST: &str = "trust.cose";
/// In [`KEYS`]: what the organisation wants evidence encrypted to, as `age -R` takes it.
pub const RECIPIENT: &str = "org.recipient";

/// Whose the stick's own key is, in the words of its file.
pub const WHOSE: &str = "this PurgeProof stick";
