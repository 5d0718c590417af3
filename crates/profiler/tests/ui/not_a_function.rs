use lagom_profiler::profile;

#[profile]
struct Plain;

trait Declared {
    #[profile]
    fn no_body(&self);
}

impl Declared for Plain {
    fn no_body(&self) {}
}

fn main() {
    Plain.no_body();
}
