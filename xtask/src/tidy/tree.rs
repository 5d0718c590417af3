//! The files of the repository, read once.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

/// No text that a rule reads is larger.
const LARGEST_TEXT: u64 = 1 << 20;

/// What git tracks, and what it would track.
#[derive(Debug, Default)]
pub(super) struct Tree {
    files: BTreeMap<String, File>,
}

#[derive(Debug)]
struct File {
    size: u64,
    text: Option<String>,
}

/// A place where a rule is broken.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Finding {
    path: String,
    line: usize,
    what: String,
}

impl Finding {
    pub(super) fn new(path: impl Into<String>, line: usize, what: impl Into<String>) -> Self {
        Self { path: path.into(), line, what: what.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.what)
    }
}

impl Tree {
    pub(super) fn read(root: &Path) -> Result<Self> {
        let mut tree = Self::default();
        for path in tracked(root).map_or_else(|| walk(root), Ok)? {
            let absolute = root.join(&path);
            // What is deleted but not yet committed is still listed.
            let Ok(meta) = fs::metadata(&absolute) else { continue };
            if !meta.is_file() {
                continue;
            }
            let bytes =
                if meta.len() > LARGEST_TEXT { Vec::new() } else { fs::read(&absolute).context(path.clone())? };
            let text = String::from_utf8(bytes).ok().map(|text| text.replace("\r\n", "\n"));
            tree.files.insert(path, File { size: meta.len(), text });
        }
        Ok(tree)
    }

    #[cfg(test)]
    pub(super) fn made_up(files: &[(&str, &str)]) -> Self {
        let mut tree = Self::default();
        for (path, text) in files {
            tree.add(path, text);
        }
        tree
    }

    #[cfg(test)]
    pub(super) fn add(&mut self, path: &str, text: &str) {
        self.files.insert(path.to_owned(), File { size: text.len() as u64, text: Some(text.to_owned()) });
    }

    /// The text of one file.
    pub(super) fn text(&self, path: &str) -> Option<&str> {
        self.files.get(path)?.text.as_deref()
    }

    /// Whether there is a file, or a folder with files in it; `path` ends without `/`.
    pub(super) fn has(&self, path: &str) -> bool {
        path.is_empty() || self.files.contains_key(path) || {
            let folder = format!("{path}/");
            self.files.range(folder.clone()..).next().is_some_and(|(next, _)| next.starts_with(&folder))
        }
    }

    /// The paths and texts of the files whose names end so.
    pub(super) fn ending<'a>(&'a self, end: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.files.iter().filter(move |(path, _)| path.ends_with(end)).filter_map(|(path, file)| {
            let text = file.text.as_deref()?;
            Some((path.as_str(), text))
        })
    }

    pub(super) fn sizes(&self) -> impl Iterator<Item = (&str, u64)> {
        self.files.iter().map(|(path, file)| (path.as_str(), file.size))
    }
}

/// What git lists: tracked files and new ones that it does not ignore; nothing where there is no git.
fn tracked(root: &Path) -> Option<Vec<String>> {
    let list = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
    let output = Command::new("git").args(list).current_dir(root).stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.split_terminator('\0').map(str::to_owned).collect())
}

/// Every file but build outputs: for a copy of the sources without git.
fn walk(root: &Path) -> Result<Vec<String>> {
    let mut files = Vec::new();
    let mut folders = vec![String::new()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root.join(&folder)).with_context(|| folder.clone())? {
            let entry = entry?;
            let path = format!("{folder}{}", entry.file_name().to_string_lossy());
            if !entry.file_type()?.is_dir() {
                files.push(path);
            } else if ![".git", "target"].contains(&path.as_str()) {
                folders.push(path + "/");
            }
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_folders_are_found() {
        let tree = Tree::made_up(&[("a/b.rs", "x"), ("a-c", "y")]);
        assert!(tree.has("a/b.rs") && tree.has("a") && tree.has("a-c") && tree.has(""));
        assert!(!tree.has("a/b") && !tree.has("b.rs"));
        assert_eq!(tree.ending(".rs").collect::<Vec<_>>(), [("a/b.rs", "x")]);
    }

    #[test]
    fn a_walk_sees_what_git_tracks() {
        let root = crate::tools::root().join("xtask");
        let walked = walk(&root).unwrap();
        assert!(walked.contains(&"src/tidy/tree.rs".to_owned()));
        for path in tracked(&root).unwrap_or_default() {
            assert!(walked.contains(&path) || !root.join(&path).exists(), "{path} was not walked");
        }
    }
}
