//! `cargo xtask docs`: the documentation of the published crates.

use anyhow::Result;

use crate::tools;
use crate::workspace::Workspace;

/// Builds the documentation with every feature, as docs.rs does.
pub(crate) fn run() -> Result<()> {
    let workspace = Workspace::read()?;
    build(&workspace, &["--all-features"])?;
    eprintln!("the documentation: {}", workspace.target.join("doc/lagom/index.html").display());
    Ok(())
}

/// Builds the documentation of the published crates; a warning is an error.
pub(crate) fn build(workspace: &Workspace, features: &[&str]) -> Result<()> {
    let mut command = tools::cargo(["doc", "--no-deps"]);
    for package in workspace.published() {
        command.args(["--package", &package.name]);
    }
    tools::add_flags(&mut command, "RUSTDOCFLAGS", "-D warnings");
    tools::run(command.args(features))
}
