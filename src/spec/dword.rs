//! A command dword, written field by field as the figure in the standard lists it.

/// Bits of one command dword. Bits that no field names are zero, which is what the standards ask of reserved ones.
///
/// ```
/// use purgeproof_spec::dword::Dword;
///
/// // Sanitize: OWPASS in bits 7:4, NDAS in bit 9.
/// assert_eq!(Dword::new().bits(7, 4, 3).flag(9, true).value(), 0x0230);
/// ```
///
/// A value too wide for its field, or a bit that belongs to two fields, does not compile in a `const`:
///
/// ```compile_fail
/// const TOO_WIDE: u32 = purgeproof_spec::dword::Dword::new().bits(7, 4, 16).value();
/// ```
///
/// ```compile_fail
/// const TWICE: u32 = purgeproof_spec::dword::Dword::new().bits(7, 4, 0).flag(7, false).value();
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Dword {
    value: u32,
    /// Which bits a field has named, whatever its value: two fields that overlap are a slip even while both are zero.
    named: u32,
}

impl Dword {
    /// All bits zero, none named.
    pub const fn new() -> Self {
        Self { value: 0, named: 0 }
    }

    /// Puts `value` into the bits from `high` down to `low`, both included, as the standards write them ("bits 7:4").
    ///
    /// # Panics
    /// If the field does not lie within 31:0, if `value` is too wide for it, or if one of its bits has been named before.
    pub const fn bits(self, high: u32, low: u32, value: u32) -> Self {
        assert!(low <= high && high <= 31, "a field lies within bits 31:0, high bit first");
        let widest = u32::MAX >> (31 - (high - low));
        assert!(value <= widest, "the value is too wide for its field");
        let field = widest << low;
        assert!(self.named & field == 0, "a bit belongs to one field only");
        Self { value: self.value | value << low, named: self.named | field }
    }

    /// Sets or clears the single bit `number`.
    ///
    /// # Panics
    /// If `number` is above 31, or if the bit has been named before.
    pub const fn flag(self, number: u32, set: bool) -> Self {
        self.bits(number, number, set as u32)
    }

    /// The dword, in the byte order of this machine.
    pub const fn value(self) -> u32 {
        self.value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_land_where_the_figure_has_them() {
        assert_eq!(Dword::new().value(), 0);
        assert_eq!(Dword::new().bits(2, 0, 0b101).value(), 0x0000_0005);
        assert_eq!(Dword::new().bits(31, 24, 0xA5).bits(23, 8, 0x1234).bits(7, 0, 0xC3).value(), 0xA512_34C3);
        assert_eq!(Dword::new().bits(31, 0, u32::MAX).value(), 0xFFFF_FFFF);
        assert_eq!(Dword::new().flag(31, true).flag(0, true).flag(15, false).value(), 0x8000_0001);
    }

    #[test]
    #[should_panic(expected = "too wide")]
    fn a_value_too_wide_is_refused_and_not_cut() {
        let _ = Dword::new().bits(7, 4, 16);
    }

    #[test]
    #[should_panic(expected = "one field only")]
    fn a_bit_of_two_fields_is_refused_even_if_both_are_zero() {
        let _ = Dword::new().bits(7, 4, 0).bits(4, 3, 0);
    }

    #[test]
    #[should_panic(expected = "within bits 31:0")]
    fn a_field_beyond_bit_31_is_refused() {
        let _ = Dword::new().bits(32, 31, 0);
    }

    #[test]
    #[should_panic(expected = "high bit first")]
    fn a_field_written_low_bit_first_is_refused() {
        let _ = Dword::new().bits(4, 7, 0);
    }
}
