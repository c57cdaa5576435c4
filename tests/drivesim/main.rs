//! `drivesim SCENARIO.toml DIR` serves the drives of a scenario until it is killed.

fn main() {}
