//! `drivesim SCENARIO.toml DIR` serves the drives of a scenario until it is killed.

use std::path::Path;
use std::process::ExitCode;

use drivesim::{Error, Scenario, Shelf, qemu_arguments};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [scenario, dir] = arguments.as_slice() else {
        eprintln!("drivesim: two arguments are needed. Run `drivesim SCENARIO.toml DIR`.");
        return ExitCode::from(2);
    };
    match serve(Path::new(scenario), Path::new(dir)) {
        Ok(shelf) => {
            // The shelf's threads work; this one only waits for its end from outside.
            loop {
                std::thread::park();
                let _ = &shelf;
            }
        }
        Err(error) => {
            eprintln!("drivesim: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Serves, and prints QEMU's arguments, one a line.
fn serve(scenario: &Path, dir: &Path) -> Result<Shelf, Error> {
    let text = std::fs::read_to_string(scenario).map_err(Error::file(scenario))?;
    let scenario = Scenario::parse(&text)?;
    std::fs::create_dir_all(dir).map_err(Error::file(dir))?;
    let shelf = Shelf::serve(&scenario, dir)?;
    for argument in qemu_arguments(&scenario, dir) {
        println!("{argument}");
    }
    Ok(shelf)
}
