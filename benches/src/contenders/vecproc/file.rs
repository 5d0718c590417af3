//! A file of elements through the expanding mean into another file: wall time, and the memory that it takes.

use std::collections::HashMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use lagom_vecproc::Pipeline;

use super::expanding_mean;
use super::kernel::normal;
use super::reference;
use crate::case::{Case, Contender, Found, OURS};
use crate::contenders::{Scale, raw};

/// Elements in a MiB.
const MIB: usize = (1 << 20) / size_of::<f64>();
const ROUNDS: usize = 3;

type Work = fn(&Path, &Path) -> Result<()>;

const FIELD: [(&str, Work); 4] =
    [(OURS, lagom), ("loop over read()", by_read), ("loop over a mapping", by_mapping), ("loop over all of it", whole)];

pub(super) fn case(scale: Scale) -> Case {
    let mib = match scale {
        Scale::Smoke => 16,
        Scale::Quick => 256,
        Scale::Full => 2048,
    };
    let note = "A file in the page cache to a second one, each contender in a process of its own: the least wall time and the greatest peak RSS of three. Ours \
                compensates and leaves the output as it was if it fails. `read()` has a buffer of 256 KiB; pages of a mapping are counted though the system may take them back.";
    let case = Case::new("vecproc", "file", format!("file of {mib} MiB, expanding mean x1.1"), |n| n).note(note);
    FIELD.iter().fold(case, |case, &(name, _)| {
        let figure = |pick: fn(Cost) -> f64| {
            move |n| match cost(name, n) {
                Ok(cost) => Found { value: pick(cost), answer: n },
                Err(error) => {
                    eprintln!("{name}: {error:#}");
                    Found { value: f64::NAN, answer: 0 }
                }
            }
        };
        let contender = Contender::untimed(name).figure("wall", "ms", mib, figure(|cost| 1e3 * cost.wall)).figure(
            "peak RSS",
            "MiB",
            mib,
            figure(|cost| cost.peak),
        );
        case.with(contender)
    })
}

/// Seconds and MiB.
#[derive(Clone, Copy, Debug)]
struct Cost {
    wall: f64,
    peak: f64,
}

/// What one contender takes for so many MiB; all are measured when the first is asked for.
fn cost(contender: &'static str, mib: u64) -> Result<Cost> {
    static FOUND: Mutex<Option<HashMap<(&'static str, u64), Cost>>> = Mutex::new(None);
    let mut found = FOUND.lock().unwrap_or_else(PoisonError::into_inner);
    let found = found.get_or_insert_default();
    if !found.contains_key(&(contender, mib)) {
        let files = Files::make(mib)?;
        for _ in 0..ROUNDS {
            for (name, _) in FIELD {
                let cost = files.run(name)?;
                let before = found.entry((name, mib)).or_insert(cost);
                *before = Cost { wall: cost.wall.min(before.wall), peak: cost.peak.max(before.peak) };
            }
        }
    }
    found.get(&(contender, mib)).copied().context("nobody of that name")
}

/// Input and output in a folder of their own, which goes when this is dropped.
struct Files {
    folder: PathBuf,
    blocks: u64,
    /// What is due at the end of each block, all blocks being equal.
    due: f64,
}

impl Files {
    fn make(mib: u64) -> Result<Self> {
        let program = std::env::current_exe()?;
        let folder = program.with_file_name(format!("bench-file-{}", std::process::id()));
        std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let block = normal(MIB);
        let files = Self { folder, blocks: mib, due: reference::mean(&block) * 1.1 };
        let bytes: Vec<u8> = block.iter().flat_map(|x| x.to_le_bytes()).collect();
        let mut input = File::create(files.folder.join("in.f64"))?;
        for _ in 0..mib {
            input.write_all(&bytes)?;
        }
        Ok(files)
    }

    fn run(&self, contender: &str) -> Result<Cost> {
        let (input, output) = (self.folder.join("in.f64"), self.folder.join("out.f64"));
        let mut command = Command::new(std::env::current_exe()?);
        let done = command.args(["--alone", "file", contender]).args([&input, &output]).output()?;
        ensure!(done.status.success(), "{contender} failed: {}", String::from_utf8_lossy(&done.stderr));
        let line = String::from_utf8(done.stdout)?;
        let numbers: Vec<f64> = line.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
        let [wall, peak] = numbers[..] else { bail!("{contender} said {line:?}") };
        self.judge(&output)?;
        std::fs::remove_file(&output)?;
        Ok(Cost { wall, peak })
    }

    fn judge(&self, output: &Path) -> Result<()> {
        let mut output = File::open(output)?;
        ensure!(output.metadata()?.len() == self.blocks << 20, "the output has {} bytes", output.metadata()?.len());
        for block in 1..=self.blocks {
            let mut last = [0; size_of::<f64>()];
            output.seek(SeekFrom::Start((block << 20) - last.len() as u64))?;
            output.read_exact(&mut last)?;
            let last = f64::from_le_bytes(last);
            ensure!((last - self.due).abs() < 1e-9 * self.due, "block {block} ends in {last}, not {}", self.due);
        }
        Ok(())
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        // What cannot be removed lies in the build folder.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// One contender in this process: `file CONTENDER INPUT OUTPUT`; returns the seconds and the peak RSS in MiB.
pub(crate) fn alone(words: &[String]) -> Result<String> {
    let [kind, contender, input, output] = words else { bail!("`file CONTENDER INPUT OUTPUT`, not {words:?}") };
    let work = FIELD.iter().find(|(name, _)| kind == "file" && name == contender);
    let (_, work) = work.with_context(|| format!("no {kind} contender `{contender}`"))?;
    let started = Instant::now();
    work(input.as_ref(), output.as_ref())?;
    Ok(format!("{} {}", started.elapsed().as_secs_f64(), peak()))
}

/// The most memory of this process that was ever resident at once, in MiB; NaN where the system does not tell.
fn peak() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<f64>().ok());
    kib.map_or(f64::NAN, |kib| kib / 1024.0)
}

fn lagom(input: &Path, output: &Path) -> Result<()> {
    Pipeline::new().expanding_mean().scale(1.1).process_file(input, output)?;
    Ok(())
}

/// The mean so far, over as many bytes as come.
#[derive(Default)]
struct Mean {
    sum: f64,
    count: f64,
}

impl Mean {
    fn next(&mut self, bytes: [u8; 8]) -> [u8; 8] {
        self.sum += f64::from_le_bytes(bytes);
        self.count += 1.0;
        (self.sum / self.count * 1.1).to_le_bytes()
    }
}

fn by_read(input: &Path, output: &Path) -> Result<()> {
    let (mut input, mut output) = (File::open(input)?, File::create(output)?);
    let (mut buffer, mut mean) = (vec![0_u8; 256 << 10], Mean::default());
    loop {
        let mut filled = 0;
        while filled < buffer.len() {
            match input.read(&mut buffer[filled..])? {
                0 => break,
                n => filled += n,
            }
        }
        if filled == 0 {
            return Ok(());
        }
        let (elements, _) = buffer[..filled].as_chunks_mut();
        elements.iter_mut().for_each(|x| *x = mean.next(*x));
        output.write_all(&buffer[..filled])?;
    }
}

fn by_mapping(input: &Path, output: &Path) -> Result<()> {
    let (input, mut output) = (raw::map(&File::open(input)?)?, File::create(output)?);
    let (mut buffer, mut mean) = (Vec::with_capacity(256 << 10), Mean::default());
    for part in input.chunks(256 << 10) {
        let (elements, _) = part.as_chunks();
        buffer.clear();
        buffer.extend(elements.iter().flat_map(|x| mean.next(*x)));
        output.write_all(&buffer)?;
    }
    Ok(())
}

fn whole(input: &Path, output: &Path) -> Result<()> {
    let bytes = std::fs::read(input)?;
    let (elements, _) = bytes.as_chunks();
    let x: Vec<f64> = elements.iter().map(|x| f64::from_le_bytes(*x)).collect();
    let mut out = vec![0.0; x.len()];
    expanding_mean::plain_loop(&x, &mut out);
    let bytes: Vec<u8> = out.iter().flat_map(|x| x.to_le_bytes()).collect();
    Ok(std::fs::write(output, bytes)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_make_the_same_file() {
        let files = Files::make(2).unwrap();
        for (name, work) in FIELD {
            let output = files.folder.join("out.f64");
            work(&files.folder.join("in.f64"), &output).unwrap();
            files.judge(&output).unwrap_or_else(|error| panic!("{name}: {error}"));
            std::fs::write(&output, [0; 8]).unwrap();
            assert!(files.judge(&output).is_err(), "a short file is no answer");
        }
        assert!(alone(&["file".to_owned(), "nobody".to_owned(), String::new(), String::new()]).is_err());
    }
}
