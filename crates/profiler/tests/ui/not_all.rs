use lagom_profiler::profile_all;

#[profile_all]
fn function() {}

#[profile_all]
struct Plain;

#[profile_all]
mod elsewhere;

#[profile_all]
impl Plain {
    fn wrong(&self) -> u8 {
        "text"
    }
}

fn main() {
    function();
}
