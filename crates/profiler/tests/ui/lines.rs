use lagom_profiler::{profile, profile_lines};

#[profile_lines]
async fn waits() {
    std::future::ready(()).await;
}

#[profile_lines]
const fn seven() -> u8 {
    7
}

#[profile_lines]
struct Plain;

trait Declared {
    #[profile_lines]
    fn no_body(&self);
}

#[profile]
#[profile_lines]
fn the_wrong_way_round() -> u8 {
    7
}

#[profile_lines]
fn wrong_types(text: &str) -> u8 {
    let number: u8 = text;
    for byte in text {
        if byte {
            return "text";
        }
    }
    number
}

fn main() {
    the_wrong_way_round();
}
