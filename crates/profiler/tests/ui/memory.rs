use lagom_profiler::{profile_lines, profile_memory};

#[profile_memory]
const fn seven() -> u8 {
    7
}

#[profile_memory(group = "none")]
fn no_groups() {}

#[profile_memory]
#[profile_lines]
fn the_wrong_way_round() -> u8 {
    7
}

#[profile_memory]
async fn wrong_type() -> u8 {
    "text"
}

fn main() {}
