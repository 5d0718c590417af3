use lagom_profiler::span;

fn main() {
    let _span = span!("name", grup = "typo");
}
