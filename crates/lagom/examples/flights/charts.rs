//! Line charts as SVG that follows the page's colours.

use anyhow::{Result, anyhow};
use plotters::prelude::*;

use crate::page::escape;

/// One line of a chart: its name and its points.
pub(crate) struct Line {
    pub(crate) name: String,
    pub(crate) points: Vec<(f64, f64)>,
}

const SIZE: (u32, u32) = (860, 300);
/// Readable on white and on black.
const PALETTE: [RGBColor; 6] = [
    RGBColor(0x2f, 0x80, 0xed),
    RGBColor(0xe0, 0x6c, 0x2b),
    RGBColor(0x1d, 0xa0, 0x6a),
    RGBColor(0xc0, 0x4b, 0xb0),
    RGBColor(0xb0, 0x8a, 0x00),
    RGBColor(0x80, 0x80, 0x80),
];
/// Stands for the colour of the page's text, which plotters cannot name.
const INK: RGBColor = RGBColor(1, 1, 1);

/// Draws `lines` over common axes. `x` and `y` name the axes with their units.
pub(crate) fn lines(title: &str, x: &str, y: &str, lines: &[Line]) -> Result<String> {
    let points = || lines.iter().flat_map(|line| &line.points).filter(|(x, y)| x.is_finite() && y.is_finite());
    let (mut x_min, mut x_max, mut y_min, mut y_max) = (f64::MAX, f64::MIN, 0f64, f64::MIN);
    for &(px, py) in points() {
        (x_min, x_max) = (x_min.min(px), x_max.max(px));
        (y_min, y_max) = (y_min.min(py), y_max.max(py));
    }
    if points().next().is_none() {
        return Ok(format!("<p class=\"empty\">{title}: no data.</p>"));
    }
    let mut svg = String::new();
    draw(&mut svg, title, (x, y), (x_min..x_max.max(x_min + 1e-9), y_min..y_max.max(y_min + 1e-9)), lines)
        .map_err(|error| anyhow!("drawing \"{title}\": {error}"))?;
    // The size becomes the view's, so that the picture scales with the page.
    let sized = format!("<svg width=\"{}\" height=\"{}\"", SIZE.0, SIZE.1);
    let svg = svg.replacen(&sized, &format!("<svg role=\"img\" aria-label=\"{title}\""), 1);
    Ok(svg.replace("#010101", "currentColor") + &legend(lines))
}

/// Which colour is which line, below the picture, where it hides nothing.
fn legend(lines: &[Line]) -> String {
    let entry = |(line, RGBColor(r, g, b)): (&Line, &RGBColor)| {
        format!("<span><i style=\"background:rgb({r},{g},{b})\"></i>{}</span>", escape(&line.name))
    };
    let entries: String = lines.iter().zip(PALETTE.iter().cycle()).map(entry).collect();
    format!("<div class=\"legend\">{entries}</div>")
}

type Span = std::ops::Range<f64>;

fn draw(
    svg: &mut String,
    title: &str,
    (x, y): (&str, &str),
    (xs, ys): (Span, Span),
    lines: &[Line],
) -> Result<(), Box<dyn std::error::Error>> {
    let root = SVGBackend::with_string(svg, SIZE).into_drawing_area();
    let text = |size: u32| ("sans-serif", size).into_font().color(&INK);
    let mut chart = ChartBuilder::on(&root)
        .caption(title, text(16))
        .margin(8)
        .x_label_area_size(38)
        .y_label_area_size(56)
        .build_cartesian_2d(xs, ys)?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(INK.mix(0.15))
        .axis_style(INK.mix(0.6))
        .label_style(text(12))
        .axis_desc_style(text(12))
        .x_desc(x)
        .y_desc(y)
        .x_label_formatter(&|x| format!("{x:.0}"))
        .y_label_formatter(&|y| format!("{y:.0}"))
        .draw()?;
    for (line, color) in lines.iter().zip(PALETTE.iter().cycle()) {
        // A gap in the data is a gap in the line.
        let pieces = line.points.split(|(x, y)| !(x.is_finite() && y.is_finite())).filter(|piece| !piece.is_empty());
        for piece in pieces {
            chart.draw_series(LineSeries::new(piece.iter().copied(), color.stroke_width(2)))?;
        }
    }
    root.present()?;
    Ok(())
}
