use lagom_profiler::profile;

#[profile]
fn wrong_type() -> Result<u8, String> {
    let number: u8 = "text";
    Ok(number)
}

#[profile]
fn plain_wrong_type() -> u8 {
    "text"
}

#[profile]
async fn async_wrong_type() -> Result<u8, String> {
    let number: u8 = "text";
    Ok(number)
}

#[profile]
fn borrow() -> String {
    let text = String::new();
    let moved = text;
    drop(moved);
    text
}

fn main() {}
