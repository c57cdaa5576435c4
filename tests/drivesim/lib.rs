//! Drives that really implement the commands that erase them, attached to QEMU as PCI devices over vfio-user, with faults by name.
