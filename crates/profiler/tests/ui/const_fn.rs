use lagom_profiler::profile;

#[profile]
const fn seven() -> u8 {
    7
}

fn main() {
    seven();
}
