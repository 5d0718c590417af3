//! The packages of the workspace, as `cargo metadata` tells them.

use std::path::PathBuf;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::tools;

/// The workspace: its packages and where it builds.
#[derive(Debug, Default)]
pub(crate) struct Workspace {
    pub(crate) packages: Vec<Package>,
    pub(crate) target: PathBuf,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    /// Its folder, relative to the root, with `/`.
    pub(crate) dir: String,
    pub(crate) published: bool,
    pub(crate) features: Vec<String>,
    pub(crate) rust_version: Option<String>,
    pub(crate) dependencies: Vec<Dependency>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    /// As cargo spells it: `^1.2` or `=1.2.3`.
    pub(crate) requirement: String,
    pub(crate) dev: bool,
}

impl Workspace {
    pub(crate) fn read() -> Result<Self> {
        let text = tools::output(&mut tools::cargo(["metadata", "--no-deps", "--format-version=1"]))?;
        Self::parse(&text).context("cannot read what `cargo metadata` printed")
    }

    fn parse(text: &str) -> Result<Self> {
        let value: Value = serde_json::from_str(text)?;
        let root = string(&value["workspace_root"])?;
        let packages = value["packages"].as_array().context("no packages")?;
        Ok(Self {
            packages: packages.iter().map(|package| Package::parse(package, &root)).collect::<Result<_>>()?,
            target: string(&value["target_directory"])?.into(),
        })
    }

    /// The crates that are published.
    pub(crate) fn published(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter().filter(|package| package.published)
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Package> {
        self.packages.iter().find(|package| package.name == name)
    }
}

impl Package {
    fn parse(value: &Value, root: &str) -> Result<Self> {
        let manifest = string(&value["manifest_path"])?;
        let dir =
            manifest.strip_prefix(root).and_then(|path| path.strip_suffix("Cargo.toml")).context(manifest.clone())?;
        let dependencies = value["dependencies"].as_array().context("no dependencies")?;
        Ok(Self {
            name: string(&value["name"])?,
            version: string(&value["version"])?,
            dir: dir.replace('\\', "/").trim_matches('/').to_owned(),
            // `publish = false` is an empty list of registries.
            published: value["publish"].as_array().is_none_or(|registries| !registries.is_empty()),
            features: value["features"].as_object().context("no features")?.keys().cloned().collect(),
            rust_version: value["rust_version"].as_str().map(str::to_owned),
            dependencies: dependencies.iter().map(Dependency::parse).collect::<Result<_>>()?,
        })
    }
}

impl Dependency {
    fn parse(value: &Value) -> Result<Self> {
        Ok(Self {
            name: string(&value["name"])?,
            requirement: string(&value["req"])?,
            dev: value["kind"].as_str() == Some("dev"),
        })
    }
}

fn string(value: &Value) -> Result<String> {
    Ok(value.as_str().context("a text is missing")?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_is_read() {
        let text = r#"{"workspace_root": "/w", "target_directory": "/w/target", "packages": [
            {"name": "a", "version": "0.1.0", "manifest_path": "/w/crates/a/Cargo.toml", "publish": null,
             "rust_version": "1.89", "features": {"default": [], "serde": ["dep:serde"]},
             "dependencies": [{"name": "b", "req": "^1", "kind": null}, {"name": "c", "req": "=2.0.0", "kind": "dev"}]},
            {"name": "t", "version": "0.0.0", "manifest_path": "/w/t/Cargo.toml", "publish": [],
             "rust_version": null, "features": {}, "dependencies": []}]}"#;
        let workspace = Workspace::parse(text).unwrap();
        assert_eq!(workspace.published().map(|package| &*package.dir).collect::<Vec<_>>(), ["crates/a"]);
        let a = workspace.get("a").unwrap();
        assert_eq!(a.features, ["default", "serde"]);
        assert_eq!((&*a.dependencies[1].requirement, a.dependencies[1].dev), ("=2.0.0", true));
        assert!(!a.dependencies[0].dev);
        assert!(Workspace::parse("{}").is_err());
    }

    #[test]
    fn this_workspace_is_read() {
        let workspace = Workspace::read().unwrap();
        assert!(workspace.get("lagom").unwrap().published);
        assert!(!workspace.get("xtask").unwrap().published);
    }
}
