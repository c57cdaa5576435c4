//! How often each byte value occurs, and what follows from that. Integers throughout: the same figures on every machine.

/// The values of a byte are 256 classes of a fixed total, so 255 of them vary freely.
pub const DEGREES_OF_FREEDOM: u32 = 255;

/// Between which χ² bytes look random, in hundredths, both ends included: of random pages one in a million lies below and one above.
///
/// By the approximation of Wilson and Hilferty (1931), χ²ₚ ≈ k (1 − 2/9k + zₚ √(2/9k))³ with k = 255 degrees of freedom and
/// z = ±4.7534 for one in a million: 2/9k = 0.000 871 46, its root 0.029 520 5, times z 0.140 323; so 255 × 0.858 806³ = 161.52 and
/// 255 × 1.139 452³ = 377.24. Bytes that are too even are no more random than those that are not even enough: 0 to 255 over and over has
/// a χ² of 0.
pub const RANDOM_X100: core::ops::RangeInclusive<u64> = 16_152..=37_724;

/// How often each byte value occurs.
#[derive(Clone, Debug)]
pub struct Histogram {
    counts: [u64; 256],
    total: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { counts: [0; 256], total: 0 }
    }
}

impl Histogram {
    /// Of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        let mut histogram = Self { total: bytes.len() as u64, ..Self::default() };
        for byte in bytes {
            if let Some(count) = histogram.counts.get_mut(usize::from(*byte)) {
                *count += 1;
            }
        }
        histogram
    }

    /// Counts what another one has counted as well.
    pub fn add(&mut self, other: &Self) {
        self.counts.iter_mut().zip(other.counts).for_each(|(count, more)| *count += more);
        self.total += other.total;
    }

    /// How many bytes there are.
    pub const fn total(&self) -> u64 {
        self.total
    }

    /// Pearson's χ² against 256 equally frequent values, in hundredths, rounded down: Σ (c − n/256)² / (n/256) = 256 Σc² / n − n.
    pub fn chi_square_x100(&self) -> u64 {
        let total = u128::from(self.total);
        let squares: u128 = self.counts.iter().map(|count| u128::from(*count).pow(2)).sum();
        let scaled = (squares * 25_600).checked_div(total).unwrap_or(0);
        u64::try_from(scaled.saturating_sub(total * 100)).unwrap_or(u64::MAX)
    }

    /// Shannon's entropy in thousandths of a bit a byte, rounded: log₂ n − Σ c log₂ c / n. Of n random bytes it is below 8 by about
    /// 255 / (2 n ln 2): 7.955 of 4096 (Miller, 1955).
    pub fn entropy_mbit(&self) -> u32 {
        let sum: u128 = self.counts.iter().map(|count| u128::from(*count) * u128::from(log2_q16(*count))).sum();
        let mean = sum.checked_div(u128::from(self.total)).unwrap_or(0);
        let bits_q16 = u128::from(log2_q16(self.total)).saturating_sub(mean);
        u32::try_from((bits_q16 * 1000 + 0x8000) >> 16).unwrap_or(u32::MAX).min(8000)
    }

    /// Whether nothing tells these bytes from random ones by how often each value occurs.
    pub fn is_random_looking(&self) -> bool {
        RANDOM_X100.contains(&self.chi_square_x100())
    }
}

/// log₂ with sixteen binary places, rounded down; 0 of 0. The whole part is the place of the highest bit; what is left, between 1 and 2,
/// is squared, and each time that this reaches 2 the next binary place is a one.
fn log2_q16(number: u64) -> u64 {
    let Some(whole) = number.checked_ilog2() else { return 0 };
    // The mantissa has 31 binary places, so that its square fits 64 bits.
    let mut mantissa = if whole > 31 { number >> (whole - 31) } else { number << (31 - whole) };
    let mut log = u64::from(whole);
    for _ in 0..16 {
        mantissa = (mantissa * mantissa) >> 31;
        let one = mantissa >> 32;
        mantissa >>= one;
        log = log << 1 | one;
    }
    log
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use alloc::vec::Vec;

    fn of(counts: &[(u8, usize)]) -> Histogram {
        Histogram::of(&counts.iter().flat_map(|(byte, count)| vec![*byte; *count]).collect::<Vec<u8>>())
    }

    #[test]
    fn the_logarithm_is_right_to_sixteen_binary_places() {
        // log₂ 3 = 1.584 962 500 7, × 65536 = 103 872.1; log₂ 10 = 3.321 928 094 9, × 65536 = 217 705.9.
        assert_eq!([0, 1, 2, 1 << 40].map(log2_q16), [0, 0, 65_536, 40 * 65_536]);
        assert!((103_870..=103_872).contains(&log2_q16(3)));
        assert!((217_703..=217_705).contains(&log2_q16(10)));
    }

    #[test]
    fn the_entropy_of_known_distributions() {
        assert_eq!(Histogram::default().entropy_mbit(), 0);
        assert_eq!(of(&[(7, 4096)]).entropy_mbit(), 0);
        // A coin: one bit. Four values: two. All 256 alike: eight.
        assert_eq!(of(&[(0, 2048), (255, 2048)]).entropy_mbit(), 1000);
        assert_eq!(of(&[(0, 1024), (1, 1024), (2, 1024), (3, 1024)]).entropy_mbit(), 2000);
        assert_eq!(Histogram::of(&(0..=255).cycle().take(4096).collect::<Vec<u8>>()).entropy_mbit(), 8000);
        // Three quarters and a quarter: 2 − ¾ log₂ 3 = 0.811 278.
        assert_eq!(of(&[(0, 3072), (1, 1024)]).entropy_mbit(), 811);
        // 1/2, 1/4, 1/8, 1/8: 1.75.
        assert_eq!(of(&[(0, 2048), (1, 1024), (2, 512), (3, 512)]).entropy_mbit(), 1750);
    }

    #[test]
    fn the_chi_square_of_known_counts() {
        assert_eq!(Histogram::default().chi_square_x100(), 0);
        // Every value sixteen times: no deviation at all.
        assert_eq!(Histogram::of(&(0..=255).cycle().take(4096).collect::<Vec<u8>>()).chi_square_x100(), 0);
        // One value only: (4096 − 16)² / 16 + 255 × 16 = 1 040 400 + 4080.
        assert_eq!(of(&[(0, 4096)]).chi_square_x100(), 104_448_000);
        // One value 17 times and one 15 times: 1/16 + 1/16 = 0.125.
        let mut nearly: Vec<u8> = (0..=255).cycle().take(4096).collect();
        nearly[0] = 1;
        assert_eq!(Histogram::of(&nearly).chi_square_x100(), 12);
        // Half of the values 20 times, half of them 12 times: 256 × 4² / 16 = 256, what random bytes have.
        let lumpy: Vec<(u8, usize)> = (0..=255).map(|byte| (byte, if byte % 2 == 0 { 20 } else { 12 })).collect();
        assert_eq!(of(&lumpy).chi_square_x100(), 25_600);
        assert!(of(&lumpy).is_random_looking());
    }

    #[test]
    fn too_even_is_not_random_and_uneven_is_not_either() {
        assert!(!Histogram::of(&(0..=255).cycle().take(4096).collect::<Vec<u8>>()).is_random_looking());
        // Half 21 times, half 11 times: 256 × 5² / 16 = 400 > 377.24. Half 19, half 13: 256 × 9 / 16 = 144 < 161.52.
        for (more, less) in [(21, 11), (19, 13)] {
            let counts: Vec<(u8, usize)> =
                (0..=255).map(|byte| (byte, if byte % 2 == 0 { more } else { less })).collect();
            assert!(!of(&counts).is_random_looking(), "{more}");
        }
    }

    #[test]
    fn two_pages_together_are_both() {
        let mut both = of(&[(0, 2048)]);
        both.add(&of(&[(255, 2048)]));
        assert_eq!((both.total(), both.entropy_mbit()), (4096, 1000));
    }
}
