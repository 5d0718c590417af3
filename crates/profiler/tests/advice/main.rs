//! The advice as a whole: programs with one planted fault each, which must be found with the right remedy, and programs of
//! constant work, which must hear nothing; each in a process of its own, beside threads that want every core.
//!
//! A machine may be busier than that, so a program that heard something else is run again, alone and up to twice, before it
//! counts.
//! `cargo test -p lagom-profiler --test advice -- --rounds 20 [NAME…]` runs all or some of them so often, each run counted,
//! and tells the rates.

mod arguments;
mod constant;
mod faults;
mod load;
mod tasks;
mod work;

use std::process::{Command, ExitCode};
use std::sync::Mutex;
use std::thread;

use lagom_profiler::{Rule, Suggestion, TrackingAllocator};

#[global_allocator]
static ALLOCATOR: TrackingAllocator = TrackingAllocator::new();

/// A program and what is to be said of it.
pub(crate) struct Program {
    name: &'static str,
    run: fn() -> Vec<Suggestion>,
    /// Nothing for constant work.
    fault: Option<Fault>,
}

/// The advice that must be given, perhaps beside others.
struct Fault {
    rule: Rule,
    function: &'static str,
    /// A word of the remedy.
    remedy: &'static str,
}

impl Program {
    /// Whoever runs it takes the advice of the moment.
    const fn constant(name: &'static str, run: fn() -> Vec<Suggestion>) -> Self {
        Self { name, run, fault: None }
    }

    const fn fault(run: fn() -> Vec<Suggestion>, rule: Rule, function: &'static str, remedy: &'static str) -> Self {
        Self { name: function, run, fault: Some(Fault { rule, function, remedy }) }
    }

    /// One line for each piece of advice of a run in another process.
    fn advice(&self) -> Vec<String> {
        let program = std::env::current_exe().expect("a path");
        let output = Command::new(program).args(["--run", self.name]).output().expect("it starts");
        assert!(output.status.success(), "{}: {}", self.name, String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text").lines().map(str::to_owned).collect()
    }

    /// Whether a run heard what it should; what else it heard is written.
    fn runs_right(&self) -> bool {
        let advice = self.advice();
        let right = self.is_right(&advice);
        if !right {
            println!("  {}: {advice:#?}", self.name);
        }
        right
    }

    /// Whether this is what was to be heard.
    fn is_right(&self, advice: &[String]) -> bool {
        self.fault.as_ref().map_or(advice.is_empty(), |fault| {
            let start = format!("[{}] {}:", fault.rule, fault.function);
            advice.iter().any(|line| line.starts_with(&start) && line.contains(fault.remedy))
        })
    }
}

/// Runs one program in this process; one line for each piece of advice.
fn run(program: &Program) {
    let advice = (program.run)();
    for suggestion in advice {
        assert!(suggestion.gain_share() <= 1.0, "{suggestion}");
        println!("{}", suggestion.to_string().replace("\n   ", ""));
    }
    if std::env::var_os("LAGOM_ADVICE_TABLE").is_some() {
        eprintln!("{:#?}\n{}", lagom_profiler::summary().functions(), lagom_profiler::summary());
    }
}

fn main() -> ExitCode {
    if !cfg!(feature = "enabled") {
        return ExitCode::SUCCESS;
    }
    let programs: Vec<Program> = faults::ALL.into_iter().chain(arguments::ALL).chain(constant::ALL).collect();
    let mut arguments = std::env::args().skip(1);
    let (mut rounds, mut wanted) = (None, Vec::new());
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().expect("a value");
        match argument.as_str() {
            "--run" => {
                let name = value();
                run(programs.iter().find(|program| program.name == name).expect("a program of that name"));
                return ExitCode::SUCCESS;
            }
            "--rounds" => rounds = Some(value().parse().expect("a number")),
            // What runners of tests pass on.
            option if option.starts_with('-') => {}
            name => wanted.push(name.to_owned()),
        }
    }
    let chosen =
        |program: &&Program| wanted.is_empty() || wanted.iter().any(|name| program.name.contains(name.as_str()));
    let programs: Vec<&Program> = programs.iter().filter(chosen).collect();
    let _load = load::on_every_core();
    let good = match rounds {
        None => judge(&programs),
        Some(rounds) => tell_rates(&programs, rounds),
    };
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// How often a program that was wrong is run again, alone, before it counts.
const AGAIN: usize = 2;

/// One fault may be missed; no constant program may hear a thing, each time that it is run.
fn judge(programs: &[&Program]) -> bool {
    let mut wrong = wrong_at_first(programs);
    wrong.retain(|program| !(0..AGAIN).any(|_| program.runs_right()));
    for program in &wrong {
        println!("wrong in {} runs: {}", 1 + AGAIN, program.name);
    }
    let missed = wrong.iter().filter(|program| program.fault.is_some()).count();
    missed <= 1 && wrong.len() == missed
}

/// Two at a time: many of them sleep.
fn wrong_at_first<'a>(programs: &[&'a Program]) -> Vec<&'a Program> {
    let (next, wrong) = (Mutex::new(programs.iter()), Mutex::new(Vec::new()));
    let work = || {
        loop {
            let taken = next.lock().expect("no panic").next();
            let Some(program) = taken else { return };
            if !program.runs_right() {
                wrong.lock().expect("no panic").push(*program);
            }
        }
    };
    thread::scope(|scope| {
        scope.spawn(work);
        work();
    });
    wrong.into_inner().expect("no panic")
}

/// Of the faults one may be missed in a round; of the constant programs none may hear a thing.
fn tell_rates(programs: &[&Program], rounds: usize) -> bool {
    let (mut missed, mut false_advice) = (0, 0);
    for program in programs {
        let right = (0..rounds).filter(|_| program.runs_right()).count();
        let wrong = if program.fault.is_some() { &mut missed } else { &mut false_advice };
        *wrong += rounds - right;
        let kind = program.fault.as_ref().map_or("constant", |fault| fault.rule.id());
        println!("{right:>4} of {rounds} right   {kind:<20} {}", program.name);
    }
    println!("faults missed: {missed}; advice on constant work: {false_advice}; in {rounds} rounds");
    missed <= rounds && false_advice == 0
}
