//! What was found, for terminals, programs and browsers.

pub mod html;
pub mod json;
pub mod machine;
mod plot;
pub mod table;
mod versions;

use crate::measure::Row;

/// A figure with three significant digits, as people read them: `1.45`, `23.6`, `12,019`.
pub(crate) fn number(value: f64) -> String {
    if !value.is_finite() {
        return "–".to_owned();
    }
    let magnitude = value.abs();
    match magnitude {
        m if m >= 999.5 => grouped(value.round()),
        m if m >= 99.95 => format!("{value:.0}"),
        m if m >= 9.995 => format!("{value:.1}"),
        m if m >= 0.9995 || m == 0.0 => format!("{value:.2}"),
        m if m >= 0.01 => format!("{value:.3}"),
        _ => format!("{value:.2e}"),
    }
}

/// A row's figure: counts are whole, times have three digits.
pub(crate) fn figure(row: &Row, value: f64) -> String {
    if !row.is_timed() && value.fract() == 0.0 { grouped(value) } else { number(value) }
}

fn grouped(value: f64) -> String {
    let digits = format!("{:.0}", value.abs());
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if value < 0.0 { format!("-{text}") } else { text }
}

#[cfg(test)]
mod tests {
    #[test]
    fn numbers_have_three_digits() {
        let texts =
            [0.0, 0.00012, 0.0234, 0.99951, 1.4519, 23.61, 99.96, 123.4, 999.6, 12_019.4, 1_234_567.0, f64::NAN];
        let texts = texts.map(super::number);
        let expected =
            ["0.00", "1.20e-4", "0.023", "1.00", "1.45", "23.6", "100", "123", "1,000", "12,019", "1,234,567", "–"];
        assert_eq!(texts, expected);
        assert_eq!(super::number(-1234.0), "-1,234");
    }
}
