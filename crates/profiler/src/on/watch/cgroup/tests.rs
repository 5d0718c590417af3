//! Trees of files as kernels and container engines show them.

use super::*;
use crate::on::watch::root::Root;

const V2: &str = "29 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";
const V1: &str = "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755\n\
    32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n\
    35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n\
    41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n";

fn read(cgroup: &mut Cgroup) -> (Option<u64>, Option<u64>) {
    let mut sample = Sample::default();
    cgroup.fill(&mut sample);
    (sample.cgroup_limit(), sample.cgroup_usage())
}

fn system(groups: &str, mounts: &str, files: &[(&str, &str)]) -> (Root, Cgroup) {
    let root = Root::new();
    root.write("proc/self/cgroup", groups);
    root.write("proc/self/mountinfo", mounts);
    for (path, text) in files {
        root.write(&format!("sys/fs/cgroup/{path}"), text);
    }
    let cgroup = Cgroup::new(root.path());
    (root, cgroup)
}

#[test]
fn version_2_takes_the_tightest_limit_on_the_way_up() {
    let files = [
        ("a/memory.max", "1000\n"),
        ("a/memory.current", "700\n"),
        ("a/memory.stat", "anon 5\ninactive_file 100\nactive_file 9\n"),
        ("a/b/memory.max", "2000\n"),
        ("a/b/memory.current", "600\n"),
        ("a/b/c/memory.max", "max\n"),
        ("a/b/c/memory.current", "500\n"),
        ("a/b/c/memory.pressure", ""),
        ("other/memory.max", "1\n"),
    ];
    let (root, mut cgroup) = system("0::/a/b/c\n", V2, &files);
    assert_eq!(read(&mut cgroup), (Some(1_000), Some(700)));
    assert_eq!(cgroup.room(), Some(1_000 - (700 - 100)));
    assert_eq!(cgroup.pressure(), Some(&*root.path().join("sys/fs/cgroup/a/b/c/memory.pressure")));
    // The limit is kept for a while, the usage is not.
    root.write("sys/fs/cgroup/a/memory.max", "900\n");
    root.write("sys/fs/cgroup/a/memory.current", "1200\n");
    assert_eq!((read(&mut cgroup), cgroup.room()), ((Some(1_000), Some(1_200)), Some(0)));
    cgroup.looked = None;
    assert_eq!(read(&mut cgroup), (Some(900), Some(1_200)));
}

#[test]
fn without_a_limit_the_own_usage_is_told() {
    let files = [("a/memory.max", "max\n"), ("a/memory.current", "700\n"), ("memory.current", "9\n")];
    let (_root, mut cgroup) = system("0::/a\n", V2, &files);
    assert_eq!((read(&mut cgroup), cgroup.room()), ((None, Some(700)), None));
    let (_root, mut cgroup) = system("0::/gone\n", V2, &files);
    assert_eq!(read(&mut cgroup), (None, Some(9)), "that of the part that is seen");
    // Version 1 has a number for it.
    let files = [("memory/memory.limit_in_bytes", "9223372036854771712\n"), ("memory/memory.usage_in_bytes", "5\n")];
    let (_root, mut cgroup) = system("4:memory:/\n", V1, &files);
    assert_eq!((read(&mut cgroup), cgroup.room()), ((None, Some(5)), None));
}

#[test]
fn version_1_beside_version_2() {
    let none = "9223372036854771712\n";
    let files = [
        ("memory/memory.limit_in_bytes", none),
        ("memory/x/memory.limit_in_bytes", "5000\n"),
        ("memory/x/memory.usage_in_bytes", "400\n"),
        ("memory/x/memory.stat", "inactive_file 1\ntotal_inactive_file 150\n"),
        ("memory/x/y/memory.limit_in_bytes", none),
        ("memory/x/y/memory.usage_in_bytes", "300\n"),
        ("unified/memory.max", "1\n"),
    ];
    let (_root, mut cgroup) = system("9:name=systemd:/\n4:cpuacct,memory:/x/y\n1:cpu:/\n0::/\n", V1, &files);
    assert_eq!(read(&mut cgroup), (Some(5_000), Some(400)));
    assert_eq!((cgroup.room(), cgroup.pressure()), (Some(5_000 - 250), None));
}

#[test]
fn containers_show_a_part_of_the_tree() {
    let files =
        [("memory.max", "77\n"), ("memory.current", "7\n"), ("in/memory.max", "66\n"), ("in/memory.current", "6\n")];
    let docker = V2.replace(" / /sys", " /docker/1f2e /sys");
    for (groups, mounts, limit) in [
        ("0::/docker/1f2e\n", &*docker, 77),
        ("0::/docker/1f2e/in\n", &docker, 66),
        // Moved in from outside, and a group that the container does not see.
        ("0::/../other\n", V2, 77),
        ("0::/in/../..\n", V2, 77),
        ("0::/gone\n", V2, 77),
        ("0::/docker/1f2\n", &docker, 77),
        ("0::/\n", V2, 77),
    ] {
        let (_root, mut cgroup) = system(groups, mounts, &files);
        assert_eq!(read(&mut cgroup).0, Some(limit), "{groups}");
    }
}

#[test]
fn a_mount_point_with_blanks() {
    let root = Root::new();
    root.write("proc/self/cgroup", "0::/my group:x\n");
    root.write("proc/self/mountinfo", "1 2 0:1 / /odd\\040place\\134 rw - cgroup2 none rw\n");
    root.write("odd place\\/my group:x/memory.max", "5\n");
    assert_eq!(read(&mut Cgroup::new(root.path())), (Some(5), None));
    for (text, path) in [("\\", "\\"), ("\\04", "\\04"), ("\\999a", "\\999a"), ("\\777", "\\777"), ("a\\0401", "a 1")] {
        assert_eq!(unescape(text.as_bytes()), Path::new(path), "{text}");
    }
}

#[test]
fn nonsense_is_none() {
    let huge = "99999999999999999999999\n";
    for text in ["", "\n", "12", "-5\n", "+5\n", "5 6\n", "x\n", "\u{e9}\n", huge, "18446744073709551615\n"] {
        let files = [("a/memory.max", text), ("a/memory.current", if text.len() > 20 { huge } else { "-1\n" })];
        let (_root, mut cgroup) = system("0::/a\n", V2, &files);
        assert_eq!((read(&mut cgroup), cgroup.room()), ((None, None), None), "{text:?}");
    }
    for groups in ["", "\n", "0", "0:", "0::", "::/a", "4:memory:", "0:memory", "\u{0}", "3:cpu:/a\n"] {
        for mounts in ["", "\n", V1, V2, "1 2 3 4", "1 2 3 4 5 -", "- - - - - - -", "a b c / /x - cgroup", " ", "x"] {
            let (_root, mut cgroup) = system(groups, mounts, &[]);
            assert_eq!(read(&mut cgroup), (None, None), "{groups:?} {mounts:?}");
        }
    }
    assert_eq!(read(&mut Cgroup::new(Path::new("/nonexistent"))), (None, None));
}
