// A battery with 43 % of its charge that is being discharged, and no other power supply (ACPI 6.5, section 10.2). tests/qemu/duty.rs gives it
// to a machine.
DefinitionBlock ("", "SSDT", 2, "PURGE", "BATTERY", 1)
{
    Device (\_SB.BAT0)
    {
        Name (_HID, EisaId ("PNP0C0A"))
        Name (_UID, 1)
        Name (_STA, 0x1F)
        Name (_PCL, Package () { \_SB })
        // Unit mAh, design capacity, last full capacity, rechargeable, design voltage in mV, warning, low, two granularities, names.
        Name (_BIF, Package () { 1, 5000, 5000, 1, 12000, 500, 250, 10, 10, "BAT0", "1", "LION", "QEMU" })
        // Discharging, rate in mA, remaining capacity, voltage in mV.
        Name (_BST, Package () { 1, 1000, 2150, 11000 })
    }
}
