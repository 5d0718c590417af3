//! Bars as inline SVG.
//!
//! The page's style sheet replaces the colours by those of the reader's scheme: each stands for a role.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::{figure, number};
use crate::case::is_ours;
use crate::measure::Row;

/// The roles: ours, theirs, text.
pub(crate) const OURS: RGBColor = RGBColor(1, 2, 3);
pub(crate) const THEIRS: RGBColor = RGBColor(4, 5, 6);
pub(crate) const INK: RGBColor = RGBColor(7, 8, 9);

const WIDTH: i32 = 760;
const ROW: i32 = 24;
const NAMES: i32 = 250;
const FIGURES: i32 = 150;

/// A plot, and whether its scale is logarithmic.
pub(crate) struct Plot {
    pub(crate) svg: String,
    pub(crate) logarithmic: bool,
}

/// One bar for each row, in their order: full up to the minimum, pale up to the median.
pub(crate) fn bars(rows: &[&Row]) -> Option<Plot> {
    let positive: Vec<f64> = rows.iter().map(|row| row.min).filter(|min| *min > 0.0).collect();
    let least = positive.iter().copied().reduce(f64::min)?;
    let most = rows.iter().map(|row| row.median.max(row.min)).filter(|value| value.is_finite()).reduce(f64::max)?;
    let logarithmic = most > 40.0 * least;
    // A logarithmic bar starts at a third of the least value.
    let share = |value: f64| match logarithmic {
        _ if !value.is_finite() || value <= 0.0 => 0.0,
        // A median of differences may be less than the least of all minima.
        true => ((3.0 * value / least).ln() / (3.0 * most / least).ln()).max(0.0),
        false => value / most,
    };
    let mut svg = String::new();
    let height = ROW * i32::try_from(rows.len()).ok()? + 6;
    {
        let area = SVGBackend::with_string(&mut svg, (WIDTH.unsigned_abs(), height.unsigned_abs())).into_drawing_area();
        for (row, top) in rows.iter().zip((3..).step_by(ROW as usize)) {
            draw(&area, row, top, share(row.min), share(row.median)).ok()?;
        }
        area.present().ok()?;
    }
    Some(Plot { svg, logarithmic })
}

type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;
type Drawn = Result<(), Box<dyn std::error::Error>>;

fn draw(area: &Area<'_>, row: &Row, top: i32, min: f64, median: f64) -> Drawn {
    let color = if is_ours(&row.contender) { OURS } else { THEIRS };
    let style = |to: HPos| ("sans-serif", 13).into_font().color(&INK).pos(Pos::new(to, VPos::Center));
    let bar = |share: f64| {
        let end = NAMES + (f64::from(WIDTH - NAMES - FIGURES) * share).round() as i32;
        [(NAMES, top + 4), (end, top + ROW - 4)]
    };
    area.draw(&Rectangle::new(bar(median), color.mix(0.35).filled()))?;
    area.draw(&Rectangle::new(bar(min), color.filled()))?;
    let middle = top + ROW / 2;
    area.draw(&Text::new(row.contender.clone(), (NAMES - 8, middle), style(HPos::Right)))?;
    let end = bar(median.max(min))[1].0;
    let figures = if row.is_timed() {
        format!("{} (median {})", number(row.min), number(row.median))
    } else {
        figure(row, row.min)
    };
    area.draw(&Text::new(figures, (end + 6, middle), style(HPos::Left)))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::table::tests::row;

    #[test]
    fn bars_have_names_and_figures() {
        let rows = [row("lagom", "time", 2.0, None), row("RwLock<weak-table>", "time", 4.0, Some(0.5))];
        let plot = bars(&rows.iter().collect::<Vec<_>>()).expect("there are figures");
        assert!(!plot.logarithmic);
        for text in ["<svg", "#010203", "#040506", "#070809", "2.00 (median 3.00)", "RwLock&lt;weak-table&gt;"] {
            assert!(plot.svg.contains(text), "{text} is missing in {}", plot.svg);
        }
    }

    #[test]
    fn a_wide_range_is_logarithmic_and_nothing_is_no_plot() {
        let rows = [row("lagom", "time", 1.0, None), row("moka", "time", 900.0, None)];
        assert!(bars(&rows.iter().collect::<Vec<_>>()).is_some_and(|plot| plot.logarithmic));
        let zero = row("lagom", "left", 0.0, None);
        assert!(bars(&[&zero]).is_none());
        assert!(bars(&[]).is_none());
    }
}
