//! Which module file serves which device: `modules.dep`, `modules.alias`, `modules.softdep`, as depmod(8) writes them.

use crate::glob;
use std::collections::{HashMap, HashSet};

/// One module file and the modules it cannot do without.
#[derive(Debug, PartialEq, Eq)]
struct Entry {
    path: String,
    needs: Vec<String>,
}

/// Modules that should be there before and after another one, but that it links without.
#[derive(Debug, Default)]
struct Soft {
    before: Vec<String>,
    after: Vec<String>,
}

/// An alias pattern and the module that serves it.
#[derive(Debug)]
struct Alias {
    pattern: String,
    module: String,
}

/// The three files, read. Names are in the kernel's spelling, with `_` for `-`.
#[derive(Debug, Default)]
pub(crate) struct Index {
    modules: HashMap<String, Entry>,
    soft: HashMap<String, Soft>,
    /// Aliases that name their bus in plain letters (`pci:...`), by that name.
    by_bus: HashMap<String, Vec<Alias>>,
    /// The others (`acpi*:PNP0C0A:*`).
    any_bus: Vec<Alias>,
}

impl Index {
    /// Reads the text of the three files; a line that makes no sense is passed over.
    pub(crate) fn parse(dep: &str, alias: &str, softdep: &str) -> Self {
        let mut index = Self::default();
        for (path, needs) in dep.lines().filter_map(|line| line.split_once(':')) {
            let needs = needs.split_whitespace().map(name_of_path).collect();
            index.modules.insert(name_of_path(path), Entry { path: path.to_owned(), needs });
        }
        for line in alias.lines() {
            let mut fields = line.split_whitespace();
            if let (Some("alias"), Some(pattern), Some(module)) = (fields.next(), fields.next(), fields.next()) {
                index.add_alias(Alias { pattern: normal(pattern), module: name(module) });
            }
        }
        for line in softdep.lines() {
            index.add_soft(line);
        }
        index
    }

    /// How many modules there are.
    pub(crate) fn len(&self) -> usize {
        self.modules.len()
    }

    /// The modules for a device's `modalias`, or for a name that is itself an alias.
    pub(crate) fn serving(&self, modalias: &str) -> Vec<&str> {
        let modalias = normal(modalias);
        let bus = modalias.split(':').next().and_then(|bus| self.by_bus.get(bus));
        let aliases = bus.into_iter().flatten().chain(&self.any_bus);
        let matching = aliases.filter(|alias| glob::matches(alias.pattern.as_bytes(), modalias.as_bytes()));
        matching.map(|alias| alias.module.as_str()).collect()
    }

    /// The modules to load for `module`, in order, each with its file (relative to the modules' directory). `skip` says which to
    /// leave out: a module that cannot do without such a one is left out as well. Empty when there is no such module.
    pub(crate) fn order(&self, module: &str, skip: impl Fn(&str) -> bool) -> Vec<(&str, &str)> {
        let mut order = Vec::new();
        self.visit(&name(module), &skip, &mut HashSet::new(), &mut order);
        order
    }

    /// Adds `module` and what belongs to it to `order`; false when it must be left out. `seen` breaks circles, which softdeps of
    /// real kernels have.
    fn visit<'a>(
        &'a self,
        module: &str,
        skip: &impl Fn(&str) -> bool,
        seen: &mut HashSet<&'a str>,
        order: &mut Vec<(&'a str, &'a str)>,
    ) -> bool {
        let Some((key, entry)) = self.modules.get_key_value(module) else {
            return false;
        };
        if skip(key) {
            return false;
        }
        if !seen.insert(key) {
            return true;
        }
        let soft = self.soft.get(module);
        for before in soft.into_iter().flat_map(|soft| &soft.before) {
            self.visit(before, skip, seen, order);
        }
        // depmod lists what must be loaded first last.
        if !entry.needs.iter().rev().all(|need| self.visit(need, skip, seen, order)) {
            return false;
        }
        order.push((key, &entry.path));
        for after in soft.into_iter().flat_map(|soft| &soft.after) {
            self.visit(after, skip, seen, order);
        }
        true
    }

    fn add_alias(&mut self, alias: Alias) {
        match alias.pattern.split(':').next() {
            Some(bus) if !bus.contains(['*', '?', '[']) => self.by_bus.entry(bus.to_owned()).or_default().push(alias),
            _ => self.any_bus.push(alias),
        }
    }

    /// `softdep NAME pre: A B post: C`
    fn add_soft(&mut self, line: &str) {
        let mut fields = line.split_whitespace();
        let (Some("softdep"), Some(module)) = (fields.next(), fields.next()) else {
            return;
        };
        let soft = self.soft.entry(name(module)).or_default();
        let mut list = None;
        for field in fields {
            match field {
                "pre:" => list = Some(&mut soft.before),
                "post:" => list = Some(&mut soft.after),
                other => list.iter_mut().for_each(|list| list.push(name(other))),
            }
        }
    }
}

/// A module's name as the kernel spells it.
pub(crate) fn name(module: &str) -> String {
    module.replace('-', "_")
}

/// `kernel/drivers/hid/hid-generic.ko.xz` is `hid_generic`.
fn name_of_path(path: &str) -> String {
    let file = path.rsplit('/').next().unwrap_or(path);
    name(file.split(".ko").next().unwrap_or(file))
}

/// An alias as depmod writes it: `_` for `-`, but not in `[0-9]`.
fn normal(alias: &str) -> String {
    let mut in_set = false;
    let underscored = alias.chars().map(|c| {
        in_set = c == '[' || (in_set && c != ']');
        if c == '-' && !in_set { '_' } else { c }
    });
    underscored.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    // Lines of Debian's 6.12 kernel, shortened.
    const DEP: &str = "\
kernel/drivers/scsi/scsi_common.ko:
kernel/drivers/scsi/scsi_mod.ko: kernel/drivers/scsi/scsi_common.ko
kernel/drivers/scsi/sd_mod.ko.xz: kernel/drivers/scsi/scsi_mod.ko kernel/drivers/scsi/scsi_common.ko
kernel/drivers/usb/storage/usb-storage.ko: kernel/drivers/scsi/scsi_mod.ko kernel/drivers/scsi/scsi_common.ko
kernel/drivers/usb/storage/uas.ko: kernel/drivers/usb/storage/usb-storage.ko kernel/drivers/scsi/scsi_mod.ko kernel/drivers/scsi/scsi_common.ko
kernel/drivers/acpi/battery.ko:
kernel/lib/crc-t10dif.ko:
kernel/a.ko:
kernel/b.ko:
";
    const ALIAS: &str = "\
# Aliases extracted from modules themselves.
alias usb:v*p*d*dc*dsc*dp*ic08isc06ip50in* usb_storage
alias usb:v*p*d*dc*dsc*dp*ic08isc06ip62in* uas
alias acpi*:PNP0C0A:* battery
alias platform:reg_dummy a
alias scsi:t_0x00* sd_mod
alias
alias broken
";
    const SOFTDEP: &str =
        "softdep sd_mod pre: crc-t10dif\nsoftdep a pre: b post: battery\nsoftdep b post: a\nsoftdep\n";

    fn index() -> Index {
        Index::parse(DEP, ALIAS, SOFTDEP)
    }

    fn order(module: &str) -> Vec<String> {
        index().order(module, |_| false).into_iter().map(|(name, _)| name.to_owned()).collect()
    }

    #[test]
    fn aliases_are_found_by_bus_and_by_glob() {
        assert_eq!(index().serving("usb:v46F4p0001d0000dc00dsc00dp00ic08isc06ip50in00"), ["usb_storage"]);
        assert_eq!(index().serving("acpi:PNP0C0A:"), ["battery"]);
        assert_eq!(index().serving("acpi:PNP0C0B:"), Vec::<&str>::new());
        assert_eq!(index().serving(""), Vec::<&str>::new());
    }

    #[test]
    fn a_device_may_spell_with_a_dash_what_depmod_wrote_with_an_underscore() {
        assert_eq!(index().serving("platform:reg-dummy"), ["a"]);
        assert_eq!(index().serving("scsi:t-0x00"), ["sd_mod"]);
        assert_eq!(normal("a-b[0-9]-c"), "a_b[0-9]_c");
    }

    #[test]
    fn what_a_module_needs_comes_first_and_once() {
        assert_eq!(order("uas"), ["scsi_common", "scsi_mod", "usb_storage", "uas"]);
        assert_eq!(order("usb-storage"), ["scsi_common", "scsi_mod", "usb_storage"]);
        assert_eq!(order("nothing"), Vec::<String>::new());
    }

    #[test]
    fn soft_dependencies_go_before_and_after_and_a_circle_ends() {
        assert_eq!(order("sd_mod"), ["crc_t10dif", "scsi_common", "scsi_mod", "sd_mod"]);
        assert_eq!(order("a"), ["b", "a", "battery"]);
    }

    #[test]
    fn files_keep_their_spelling() {
        let index = index();
        let paths: Vec<_> = index.order("sd_mod", |_| false).into_iter().map(|(_, path)| path).collect();
        assert_eq!(paths.last(), Some(&"kernel/drivers/scsi/sd_mod.ko.xz"));
    }

    #[test]
    fn a_module_goes_without_its_soft_dependency_but_not_without_what_it_needs() {
        let index = index();
        let soft: Vec<_> =
            index.order("sd_mod", |name| name == "crc_t10dif").into_iter().map(|(name, _)| name).collect();
        assert_eq!(soft, ["scsi_common", "scsi_mod", "sd_mod"]);
        let hard: Vec<_> = index.order("uas", |name| name == "usb_storage").into_iter().map(|(name, _)| name).collect();
        assert_eq!(hard, ["scsi_common", "scsi_mod"]);
    }
}
