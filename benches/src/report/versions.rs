//! The versions of the rivals, from the lock file that they were built with.

const LOCK: &str = include_str!("../../../Cargo.lock");

/// Names and versions of what the benches depend on, without their tools.
pub(crate) fn versions() -> Vec<(&'static str, &'static str)> {
    const TOOLS: [&str; 12] = [
        "anyhow",
        "clap",
        "criterion",
        "memmap2",
        "parking_lot",
        "plotters",
        "rayon",
        "rtrb",
        "rustix",
        "serde",
        "serde_json",
        "ahash",
    ];
    let packages: Vec<Package> = LOCK.split("[[package]]").skip(1).map(Package::parse).collect();
    let benches = packages.iter().filter(|package| matches!(package.name, "lagom-benches" | "lagom-benches-heap"));
    let named = benches.flat_map(|package| &package.dependencies);
    let mut versions: Vec<_> = named
        .filter(|dependency| !TOOLS.contains(&dependency.name))
        .map(|dependency| match dependency.version {
            "" => {
                let package = packages.iter().find(|package| package.name == dependency.name);
                (dependency.name, package.map_or("", |package| package.version))
            }
            version => (dependency.name, version),
        })
        .collect();
    versions.sort_unstable();
    versions.dedup();
    versions
}

struct Package {
    name: &'static str,
    version: &'static str,
    dependencies: Vec<Dependency>,
}

/// `name`, or `name version` where the lock file has several versions.
struct Dependency {
    name: &'static str,
    version: &'static str,
}

impl Package {
    fn parse(text: &'static str) -> Self {
        let value = |key: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(" = \""));
            line.and_then(|line| line.strip_suffix('"')).unwrap_or_default()
        };
        let entries = text.lines().filter_map(|line| line.strip_prefix(" \"")?.strip_suffix("\","));
        let dependencies = entries.map(|entry| {
            let mut words = entry.split(' ');
            Dependency { name: words.next().unwrap_or_default(), version: words.next().unwrap_or_default() }
        });
        Self { name: value("name"), version: value("version"), dependencies: dependencies.collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rival_has_a_version() {
        let versions = versions();
        assert!(versions.len() >= 15, "{versions:?}");
        for (name, version) in &versions {
            assert!(version.split('.').count() >= 3, "{name} {version}");
        }
        assert!(versions.iter().any(|(name, _)| *name == "moka"));
        assert!(versions.iter().all(|(name, _)| *name != "clap"));
        assert_eq!(
            versions.iter().filter(|(name, _)| matches!(*name, "cap" | "dhat")).count(),
            2,
            "of both packages, once"
        );
    }
}
