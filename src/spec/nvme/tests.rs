//! Every decoder takes any bytes whatever, and answers.

use alloc::string::ToString;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

proptest! {
    // A failing case is printed; kept, it would be written to a new folder of `src`, which Cargo then takes for a crate.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_a_decoder_panic(bytes in vec(any::<u8>(), 0..4200)) {
        let is_page = bytes.len() >= 512;
        let is_structure = bytes.len() >= 4096;
        prop_assert_eq!(SanitizeStatus::parse(&bytes).is_ok(), is_page);
        prop_assert_eq!(Smart::parse(&bytes).is_ok(), is_page);
        prop_assert_eq!(FirmwareSlots::parse(&bytes).is_ok(), is_page);
        if let Ok(controller) = Controller::parse(&bytes) {
            prop_assert!(is_structure);
            if let Some(version) = controller.version {
                prop_assert!(version.to_string().contains('.'));
            }
        }
        if let Ok(namespace) = Namespace::parse(&bytes) {
            prop_assert!(is_structure && namespace.formats.len() <= 64);
            if let Some(format) = namespace.format() {
                prop_assert!(format.block_bytes().is_none_or(|bytes| bytes >= 512 && bytes.is_power_of_two()));
            }
        }
        if let Ok(list) = namespace_list(&bytes) {
            prop_assert!(is_structure && list.is_sorted());
        }
    }

    #[test]
    fn a_whole_structure_of_anything_is_read(bytes in vec(any::<u8>(), 4096)) {
        prop_assert!(Controller::parse(&bytes).is_ok());
        prop_assert!(Namespace::parse(&bytes).is_ok());
    }

    #[test]
    fn only_sos_decides_and_progress_stays_below_complete(sprog in any::<[u8; 2]>(), sstat in any::<[u8; 2]>()) {
        let mut page = [0; 512];
        page[..2].copy_from_slice(&sprog);
        page[2..4].copy_from_slice(&sstat);
        let status = SanitizeStatus::parse(&page).unwrap();
        prop_assert_eq!(matches!(status.state, SanitizeState::Succeeded), sstat[0] % 8 == 1);
        match status.state {
            SanitizeState::InProgress(progress) => prop_assert!(sstat[0] % 8 == 2 && progress.percent() < 100),
            _ => prop_assert!(sstat[0] % 8 != 2),
        }
    }

    #[test]
    fn every_status_keeps_its_raw_bits_and_has_a_name(returned in 0..=0x7FFF_i32) {
        let status = Status::from_ioctl(returned).unwrap();
        prop_assert_eq!(i32::from(status.raw()), returned);
        prop_assert_eq!(status.is_success(), returned % 0x800 == 0);
        prop_assert!(!status.to_string().is_empty());
    }
}
