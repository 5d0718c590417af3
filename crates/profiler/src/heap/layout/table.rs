//! The layout as a table, and what would make it smaller.

use std::fmt;

use super::{FieldLayout, TypeLayout};
use crate::format::{WIDTH, printable, tail};

/// Columns for a name; the type gets what is left.
const NAME: usize = 24;

const NUMBER: usize = 9;

impl fmt::Display for TypeLayout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = printable(&self.name);
        write!(f, "{}: {} bytes, alignment {}", tail(&name, WIDTH - 50), self.size, self.align)?;
        if !self.repr.is_empty() {
            write!(f, ", repr({})", self.repr)?;
        }
        if !self.variants.is_empty() { self.fmt_variants(f) } else { self.fmt_fields(f) }
    }
}

impl TypeLayout {
    fn fmt_fields(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let types = self.fields.iter().map(|field| field.type_name.chars().count()).max().unwrap_or(0);
        let types = types.clamp(8, WIDTH - NAME - 4 * NUMBER - 1);
        write!(f, "\n{:<NAME$} {:<types$}", "field", "type")?;
        write!(f, "{:>NUMBER$}{:>NUMBER$}{:>NUMBER$}{:>NUMBER$}", "offset", "size", "align", "padding")?;
        for FieldLayout { name, type_name, offset, size, align, padding } in &self.fields {
            write!(f, "\n{:<NAME$} {:<types$}", tail(name, NAME), tail(&printable(type_name), types))?;
            let offset = offset.unwrap_or(0);
            write!(f, "{offset:>NUMBER$}{size:>NUMBER$}{align:>NUMBER$}{padding:>NUMBER$}")?;
        }
        let padding = self.padding();
        if padding > 0 {
            let share = 100.0 * padding as f64 / self.size as f64;
            write!(f, "\n{padding} bytes are padding ({share:.1}%)")?;
        }
        let best = self.best_size();
        if best < self.size {
            let saved = self.size - best;
            write!(f, "\n{best} bytes, {saved} less, in the order:")?;
            let mut column = WIDTH;
            for field in self.best_order() {
                let length = field.name.chars().count() + 1;
                if column + length > WIDTH {
                    write!(f, "\n ")?;
                    column = 1;
                }
                write!(f, " {}", field.name)?;
                column += length;
            }
        }
        Ok(())
    }

    fn fmt_variants(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\n{:<NAME$}{:>NUMBER$}{:>NUMBER$}  holds", "variant", "size", "unused")?;
        for variant in &self.variants {
            let name = tail(variant.name, NAME);
            write!(f, "\n{name:<NAME$}{:>NUMBER$}{:>NUMBER$}  ", variant.size, variant.unused)?;
            let types: Vec<&str> = variant.fields.iter().map(|field| field.type_name.as_str()).collect();
            let types = types.join(", ");
            let room = WIDTH - NAME - 2 * NUMBER - 2;
            match types.char_indices().nth(room) {
                Some(_) => write!(f, "{}…", types.chars().take(room - 1).collect::<String>())?,
                None => write!(f, "{types}")?,
            }
        }
        if let Some((variant, size)) = self.boxed() {
            let variant = tail(variant, NAME);
            write!(f, "\nat most {size} bytes, {} less, with what `{variant}` holds in a box", self.size - size)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{field, of_enum, of_struct, unplaced, variant};

    #[test]
    fn a_struct() {
        let fields = vec![field::<bool>("deleted", 0), field::<u64>("id", 8), field::<u8>("kind", 16)];
        let text = of_struct::<[u64; 3]>("C", fields).to_string();
        let expected = "\
[u64; 3]: 24 bytes, alignment 8, repr(C)
field                    type       offset     size    align  padding
deleted                  bool            0        1        1        7
id                       u64             8        8        8        0
kind                     u8             16        1        1        7
14 bytes are padding (58.3%)
16 bytes, 8 less, in the order:
  id deleted kind";
        assert_eq!(text, expected);
    }

    #[test]
    fn an_enum() {
        type E = [u8; 64];
        let variants = vec![
            variant::<E, ()>("Quit", vec![]),
            variant::<E, (u8, [u8; 62])>("Data", vec![unplaced::<u8>("0"), unplaced::<[u8; 62]>("1")]),
        ];
        let text = of_enum::<E>("", variants).to_string();
        let expected = "\
[u8; 64]: 64 bytes, alignment 1
variant                      size   unused  holds
Quit                            0       64  
Data                           63        1  u8, [u8; 62]
at most 16 bytes, 48 less, with what `Data` holds in a box";
        assert_eq!(text, expected);
    }

    #[test]
    fn every_line_fits() {
        type Long =
            std::collections::HashMap<std::collections::HashMap<Box<[Vec<String>]>, Vec<String>>, Vec<Box<[u8]>>>;
        let name = "a_name_that_is_longer_than_any_that_somebody_would_like_to_read_in_a_table_of_this_width_or_another_one_really";
        let fields = (0..20).map(|place| field::<Long>(name, place * 100)).collect();
        let layout = of_struct::<[[Long; 20]; 100]>("C, align(8)", fields);
        let variants = vec![variant::<Long, ()>(name, (0..9).map(|_| unplaced::<Long>(name)).collect())];
        for text in [layout.to_string(), of_enum::<Long>("", variants).to_string()] {
            let order = text.find("in the order").unwrap_or(text.len());
            assert!(text[..order].lines().all(|line| line.chars().count() <= 100), "{text}");
        }
    }
}
