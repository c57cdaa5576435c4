//! `PurgeProof`.
fn main() {
    println!("purgeproof");
}
