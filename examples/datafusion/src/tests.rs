//! The functions against what the engine itself can do.

use datafusion::arrow::array::AsArray;
use datafusion::arrow::datatypes::Float64Type;

use super::*;

fn column(sql: &str) -> Result<Vec<Option<f64>>> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let folder = tempfile::tempdir()?;
    runtime.block_on(async {
        let batches = context(folder.path()).await?.sql(sql).await?.collect().await?;
        let columns = batches.iter().map(|batch| batch.column(0).as_primitive::<Float64Type>());
        Ok(columns.flat_map(|column| column.iter()).collect())
    })
}

fn over(what: &str, frame: &str) -> String {
    let order = "carrier, time_hour, minute, flight";
    format!(
        "SELECT {what} OVER (PARTITION BY carrier ORDER BY time_hour, minute, flight {frame}) AS y
         FROM flights ORDER BY {order}"
    )
}

#[test]
fn they_agree_with_the_engine() -> Result<()> {
    let last_50 = "ROWS BETWEEN 49 PRECEDING AND CURRENT ROW";
    let all = "ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW";
    for (ours, theirs, frame) in [
        ("lagom_expanding_mean(dep_delay)", "avg(dep_delay)", all),
        ("lagom_expanding_std(dep_delay)", "stddev(dep_delay)", all),
        ("lagom_rolling_mean(dep_delay, 50)", "avg(dep_delay)", last_50),
        ("lagom_rolling_std(dep_delay, 50)", "stddev(dep_delay)", last_50),
        ("lagom_rolling_sum(dep_delay, 50)", "sum(cast(dep_delay as double))", last_50),
        ("lagom_rolling_min(dep_delay, 50)", "min(cast(dep_delay as double))", last_50),
        ("lagom_rolling_max(dep_delay, 50)", "max(cast(dep_delay as double))", last_50),
    ] {
        let (ours_y, theirs_y) = (column(&over(ours, ""))?, column(&over(theirs, frame))?);
        assert_eq!(ours_y.len(), 27_004);
        assert_eq!(theirs_y.len(), ours_y.len());
        for (i, pair) in ours_y.iter().zip(&theirs_y).enumerate() {
            let is_same = match pair {
                (Some(ours), Some(theirs)) => (ours - theirs).abs() <= 1e-6 * theirs.abs().max(1.0),
                (ours, theirs) => ours == theirs,
            };
            assert!(is_same, "{ours}, row {i}: {pair:?}");
        }
    }
    Ok(())
}

#[test]
fn a_window_of_nothing_is_an_error_that_says_so() {
    let error = column(&over("lagom_rolling_mean(dep_delay, 0)", "")).unwrap_err();
    assert!(error.to_string().contains("rolling_mean: window is 0, expected at least 1"), "{error}");
}

#[test]
fn a_second_argument_that_is_no_number_of_rows_is_an_error() {
    for (what, why) in [
        ("lagom_rolling_mean(dep_delay, 2.9)", "expected a whole number"),
        ("lagom_rolling_mean(dep_delay, -5)", "expected a whole number"),
        ("lagom_rolling_mean(dep_delay, day)", "differs from row to row"),
        ("lagom_rolling_mean(dep_delay, NULL)", "is NULL"),
    ] {
        let error = column(&over(what, "")).unwrap_err();
        assert!(error.to_string().contains(why), "{what}: {error}");
    }
}
