//! Statistics that are computed when they are asked for, and again when the data changed.
//!
//! `cargo run -p lagom-lazy --example analyzer`

use lagom_lazy::LazyField;

#[derive(Debug, Default)]
struct Analyzer {
    data: Vec<f64>,
    mean: LazyField<f64>,
    deviation: LazyField<f64>,
}

impl Analyzer {
    fn push(&mut self, value: f64) {
        self.data.push(value);
        self.mean.invalidate();
        self.deviation.invalidate();
    }

    fn mean(&self) -> f64 {
        *self.mean.get_or_init(|| self.data.iter().sum::<f64>() / self.data.len() as f64)
    }

    fn deviation(&self) -> f64 {
        *self.deviation.get_or_init(|| {
            let mean = self.mean();
            let squares: f64 = self.data.iter().map(|value| (value - mean).powi(2)).sum();
            (squares / self.data.len() as f64).sqrt()
        })
    }
}

fn main() {
    let mut analyzer = Analyzer::default();
    for value in [2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0] {
        analyzer.push(value);
    }
    println!("not asked for yet: {analyzer:?}");
    println!("mean {}, standard deviation {}", analyzer.mean(), analyzer.deviation());
    analyzer.push(50.0);
    println!("after an outlier: mean {}, standard deviation {:.2}", analyzer.mean(), analyzer.deviation());
}
