//! The runner's contenders, one by one.

use criterion::Criterion;
use lagom_benches::contenders::{Scale, cases};
use lagom_benches::measure::Rig;

/// Lets criterion measure all timed contenders of a crate; a wrong answer ends it.
pub(crate) fn run(krate: &str) {
    let mut criterion = Criterion::default().configure_from_args();
    for case in cases(krate, Scale::Quick) {
        let mut group = criterion.benchmark_group(case.title());
        group.throughput(criterion::Throughput::Elements(case.items));
        for contender in &case.contenders {
            let Some(mut rig) = Rig::new(&case, contender) else { continue };
            group.bench_function(&contender.name, |bencher| {
                bencher.iter_custom(|iterations| match rig.run(iterations, true) {
                    Ok(sample) => sample.wall,
                    Err(fault) => panic!("{fault}"),
                });
            });
        }
        group.finish();
    }
    criterion.final_summary();
}
