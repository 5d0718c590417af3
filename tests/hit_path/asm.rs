//! Assembly as the compiler writes it for ELF systems, of x86-64 and aarch64: functions, and what runs in them.

use std::collections::{BTreeMap, BTreeSet};

/// One instruction: its name with what stands before it (`lock cmpxchgl`), and its operands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Instruction {
    /// The name; a prefix counts as the name.
    pub(crate) name: String,
    /// The rest of the line.
    pub(crate) operands: String,
}

#[derive(Debug)]
enum Line {
    Label(String),
    Instruction(Instruction),
}

/// A function.
#[derive(Debug, Default)]
pub(crate) struct Function {
    /// It is marked `#[cold]`, so that the compiler put it where rare code is.
    pub(crate) cold: bool,
    lines: Vec<Line>,
}

/// Where an instruction leads, other than to the next one.
enum Flow {
    /// On.
    Next,
    /// There, or on.
    Maybe(String),
    /// There.
    Jump(String),
    /// To a place that the text does not tell.
    Anywhere,
    /// Nowhere.
    End,
}

/// The functions in one file.
pub(crate) fn functions(text: &str) -> BTreeMap<String, Function> {
    let mut found = BTreeMap::new();
    let (mut section, mut current): (&str, Option<(String, Function)>) = ("", None);
    let mut names = BTreeSet::new();
    for line in text.lines() {
        let trimmed = code(line);
        if let Some(name) = trimmed.strip_prefix(".section") {
            section = name.trim();
        } else if trimmed == ".text" {
            section = trimmed;
        } else if let Some(rest) = trimmed.strip_prefix(".type") {
            let (name, kind) = rest.split_once(',').unwrap_or_default();
            if kind.trim().ends_with("function") {
                names.insert(name.trim().to_owned());
            }
        } else if let Some((name, other)) = twin(trimmed) {
            let jump = Instruction { name: "b".to_owned(), operands: other.to_owned() };
            found.insert(name.to_owned(), Function { cold: false, lines: vec![Line::Instruction(jump)] });
        } else if trimmed.starts_with(".Lfunc_end") {
            found.extend(current.take());
        } else if let Some(label) = trimmed.strip_suffix(':') {
            if let Some((_, function)) = &mut current {
                function.lines.push(Line::Label(label.to_owned()));
            } else if names.contains(label) {
                current = Some((label.to_owned(), Function { cold: section.contains("unlikely"), lines: Vec::new() }));
            }
        } else if let Some((_, function)) = &mut current
            && !trimmed.is_empty()
            && !trimmed.starts_with('.')
        {
            let (name, operands) = trimmed.split_once(char::is_whitespace).unwrap_or((trimmed, ""));
            let instruction = Instruction { name: name.to_owned(), operands: operands.trim().to_owned() };
            function.lines.push(Line::Instruction(instruction));
        }
    }
    found
}

/// A line without blanks around it and without its comment.
fn code(line: &str) -> &str {
    let line = line.trim();
    // On aarch64 `#` begins a number.
    let end = [line.find("# "), line.find("//"), line.starts_with('#').then_some(0)].into_iter().flatten().min();
    line[..end.unwrap_or(line.len())].trim_end()
}

/// A function that is another one under a second name, as their code is the same.
fn twin(line: &str) -> Option<(&str, &str)> {
    let (name, other) = line.strip_prefix(".set").and_then(|rest| rest.split_once(',')).or(line.split_once(" = "))?;
    let is_name =
        |name: &str| !name.is_empty() && name.chars().all(|letter| letter.is_alphanumeric() || "_.$".contains(letter));
    let both = (name.trim(), other.trim());
    (is_name(both.0) && is_name(both.1) && !both.0.starts_with(".L")).then_some(both)
}

impl Function {
    /// What can run without a panic: landing pads are reached by none of the function's own jumps.
    pub(crate) fn reached(&self) -> Vec<&Instruction> {
        let label = |name: &str| self.lines.iter().position(|line| matches!(line, Line::Label(label) if label == name));
        let mut seen = BTreeSet::new();
        let mut open = vec![0];
        while let Some(at) = open.pop() {
            if at >= self.lines.len() || !seen.insert(at) {
                continue;
            }
            let Line::Instruction(instruction) = &self.lines[at] else {
                open.push(at + 1);
                continue;
            };
            match instruction.flow() {
                Flow::Next => open.push(at + 1),
                Flow::Maybe(target) => open.extend([Some(at + 1), label(&target)].into_iter().flatten()),
                Flow::Jump(target) => open.extend(label(&target)),
                Flow::Anywhere => open.extend(0..self.lines.len()),
                Flow::End => {}
            }
        }
        let instructions = seen.into_iter().filter_map(|at| match &self.lines[at] {
            Line::Instruction(instruction) => Some(instruction),
            Line::Label(_) => None,
        });
        instructions.collect()
    }
}

impl Instruction {
    /// Whether it holds up all other cores, or waits for them: a read-modify-write, or a full fence.
    pub(crate) fn is_atomic(&self) -> bool {
        /// What begins the names of these instructions, and nothing else's on either machine.
        const EXCLUSIVE: [&str; 17] = [
            "lock", "mfence", "ldxr", "ldaxr", "ldxp", "ldaxp", "stxr", "stlxr", "stxp", "stlxp", "cas", "swp",
            "ldadd", "ldset", "ldclr", "ldeor", "dmb",
        ];
        let name = &*self.name;
        // An exchange with memory locks without saying so.
        let exchanges = name.starts_with("xchg") && self.operands.contains('(');
        // What the compiler calls where it does not know which of its instructions the machine has.
        let calls_one = self.callee().is_some_and(|callee| callee.starts_with("__aarch64_"));
        exchanges || calls_one || EXCLUSIVE.iter().any(|start| name.starts_with(start))
    }

    /// The function that is called, or jumped to, by its name.
    pub(crate) fn callee(&self) -> Option<&str> {
        let name = &*self.name;
        let goes = name.starts_with("call") || name.starts_with('j') || name == "bl" || name == "b";
        let target = self.operands.trim_start_matches('*');
        let target = target.split(['@', '(']).next().unwrap_or_default();
        let is_name = target.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
        (goes && is_name).then_some(target)
    }

    fn flow(&self) -> Flow {
        let name = &*self.name;
        let target = self.operands.rsplit([',', ' ', '\t']).next().unwrap_or_default().to_owned();
        let ends = ["ret", "retq", "ud2", "hlt", "brk", "udf"];
        let to = |target: String| if target.starts_with(".L") { Flow::Jump(target) } else { Flow::End };
        if ends.contains(&name) {
            Flow::End
        } else if name == "br" || name.starts_with("jmp") && self.operands.starts_with('*') && self.callee().is_none() {
            Flow::Anywhere
        } else if name == "b" || name.starts_with("jmp") {
            to(target)
        } else if name.starts_with('j') || name.starts_with("b.") || name.starts_with("cb") || name.starts_with("tb") {
            Flow::Maybe(target)
        } else {
            Flow::Next
        }
    }
}

#[test]
fn only_what_runs_counts() {
    let text = "\t.section\t.text.f,\"ax\",@progbits\n\t.type\tf,@function\nf:\n.Lfunc_begin0:\n\ttestq\t%rdi, %rdi\n\
                \tje\t.LBB0_2\n\tcallq\t*g@GOTPCREL(%rip)\n\txchgq\t%rax, %rcx\n\tretq\n.LBB0_2:\n\tjmp\th\n\
                .LBB0_3:\n\tlock\t\tdecq\t(%rdi)\n\tcallq\t_Unwind_Resume@PLT\n.Lfunc_end0:\n\t.size\tf, .Lfunc_end0-f\n\
                \t.section\t.text.unlikely.h,\"ax\",@progbits\n\t.type\th,@function\nh:\n\tlock\n\tincq\t(%rdi)\n\
                \txchgq\t%rax, (%rcx)\n\tcallq\t*8(%rax)\n\tmfence\t# here\n\tretq\n.Lfunc_end1:\n\t.set\ttwin, f\nother = f\n";
    let functions = functions(text);
    let (f, h) = (&functions["f"], &functions["h"]);
    assert_eq!((f.cold, h.cold), (false, true));
    let callees = |function: &Function| {
        let reached = function.reached();
        reached.iter().filter_map(|instruction| instruction.callee().map(str::to_owned)).collect::<Vec<_>>()
    };
    assert_eq!(callees(f), ["g", "h"], "the landing pad is no part of it");
    assert_eq!(callees(h), [""; 0], "a hook has no name");
    assert_eq!(
        (callees(&functions["twin"]), callees(&functions["other"])),
        (vec!["f".to_owned()], vec!["f".to_owned()])
    );
    assert_eq!(f.reached().iter().filter(|instruction| instruction.is_atomic()).count(), 0);
    let atomics: Vec<_> = h.reached().into_iter().filter(|instruction| instruction.is_atomic()).collect();
    assert_eq!(atomics.iter().map(|atomic| &*atomic.name).collect::<Vec<_>>(), ["lock", "xchgq", "mfence"]);
}

#[test]
fn the_other_machine_is_read_as_well() {
    let text = "\t.text\n\t.type\tf,@function\nf:\n\tldr\tx8, [x0]\n\ttbnz\tw8, #0, .LBB0_2\n\tcbz\tx8, .LBB0_3\n\tstlr\tx8, [x0]\n\tret\n\
                .LBB0_2:\n\tldaxr\tw9, [x0]\n\tb.ne\t.LBB0_4\n\tbl\tg\n\tbr\tx3\n.LBB0_3:\n\tcasal\tw8, w9, [x0]\n\tb\th\n\
                .LBB0_4:\n\tbl\t__aarch64_swp8_acq // slow\n\tdmb\tish\n\tb\t.LBB0_3\n.LBB0_5:\n\tnop\n.Lfunc_end0:\n";
    let functions = functions(text);
    let reached = functions["f"].reached();
    let atomics: Vec<_> = reached.iter().filter(|instruction| instruction.is_atomic()).collect();
    assert_eq!(atomics.iter().map(|atomic| &*atomic.name).collect::<Vec<_>>(), ["ldaxr", "casal", "bl", "dmb"]);
    let callees: Vec<_> = reached.iter().filter_map(|instruction| instruction.callee()).collect();
    assert_eq!(callees, ["g", "h", "__aarch64_swp8_acq"]);
}
