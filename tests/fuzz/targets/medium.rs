//! What stands on a disk: partition tables and signatures, from any bytes at any place.
#![no_main]

use libfuzzer_sys::fuzz_target;
use purgeproof_core::survey::partition::{self, Partition};
use purgeproof_core::survey::signature::{self, Window};
use purgeproof_core::units::{BlockSize, Blocks, Geometry};

fuzz_target!(|input: (u8, u32, u64, &[u8])| {
    let (kind, count, offset, bytes) = input;
    let block = [BlockSize::B512, BlockSize::B4096][usize::from(kind & 1)];
    let Some(geometry) = Geometry::new(block, Blocks(u64::from(count))) else { return };
    let window = Window { offset: if kind & 2 == 0 { 0 } else { offset }, bytes };
    let mut partitions = vec![Partition::disk(geometry)];
    for _ in 0..4 {
        let Some(of) = partitions.pop() else { break };
        let _ = signature::find(geometry, of.span, window);
        let _ = signature::stretches(geometry, of.span);
        let found = partition::listed(geometry, of, window);
        assert!(found.iter().all(|it| it.span.end().0 <= geometry.count().0), "a partition beyond the disk's end");
        partitions.extend(found);
    }
    let _ = signature::file(bytes);
});
