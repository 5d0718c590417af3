//! A column of a table through a pipeline into an array for NumPy, with progress:
//!
//! ```text
//! cargo run --release -p lagom-vecproc --example files --features csv,arrow -- prices.csv price smooth.npy
//! ```
//!
//! Without arguments it makes a table of its own.

use std::error::Error;
use std::io::{IsTerminal, stderr};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::{env, fs};

use lagom_vecproc::Pipeline;
use lagom_vecproc::file::{AnyReader, AnyWriter, Npy, Progress, Sink, process_with};

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<_> = env::args().skip(1).collect();
    match &args[..] {
        [input, column, output] => smooth(AnyReader::open_column(input, &**column)?, output.as_ref()),
        [] => {
            let folder = env::temp_dir().join(format!("lagom-files-{}", std::process::id()));
            fs::create_dir(&folder)?;
            let done = own_table(&folder);
            fs::remove_dir_all(&folder)?;
            done
        }
        _ => Err("expected INPUT COLUMN OUTPUT".into()),
    }
}

fn own_table(folder: &Path) -> Result<(), Box<dyn Error>> {
    let (input, output): (PathBuf, PathBuf) = (folder.join("prices.f32"), folder.join("smooth.npy"));
    let mut prices = AnyWriter::create(&input)?;
    for start in (0..1_000_000).step_by(1000) {
        let chunk: Vec<f64> = (start..start + 1000).map(|i| 100.0 + f64::from(i % 7)).collect();
        prices.write(&chunk)?;
    }
    prices.finish()?;
    smooth(AnyReader::open(&input)?, &output)?;
    let mut last = [0.0; 3];
    let mut smooth = Npy::open(&output)?.elements()?;
    smooth.read_at(smooth.len() - 3, &mut last)?;
    println!("{} elements, the last {last:.4?}", smooth.len());
    Ok(())
}

fn smooth(input: AnyReader, output: &Path) -> Result<(), Box<dyn Error>> {
    let pipeline = Pipeline::new().rolling_mean(50).scale(1.1);
    let mut shown = Instant::now();
    let progress = |progress: Progress| {
        // Chunks take microseconds.
        if stderr().is_terminal() && shown.elapsed() > Duration::from_millis(100) {
            shown = Instant::now();
            match progress.fraction() {
                Some(part) => eprint!("\r{:3.0} %", 100.0 * part),
                None => eprint!("\r{} elements", progress.done),
            }
        }
        ControlFlow::Continue(())
    };
    let elements = process_with(input, &pipeline, AnyWriter::create(output)?, progress)?;
    eprintln!("\r{elements} elements into {}", output.display());
    Ok(())
}
