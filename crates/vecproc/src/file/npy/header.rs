//! The header of an `.npy` file: a Python dictionary, in words.

use std::fmt::Write as _;

use crate::file::element::{ElementType, StoredFloat};

/// What stands before the version.
pub(super) const MAGIC: &[u8] = b"\x93NUMPY";

/// What a header says.
#[derive(Debug, PartialEq)]
pub(super) struct Header {
    pub(super) element: ElementType,
    pub(super) fortran_order: bool,
    pub(super) shape: Vec<u64>,
    /// The product of the shape; its bytes are fewer than 2^64.
    pub(super) elements: u64,
}

/// What is wrong with a header.
#[derive(Debug, PartialEq)]
pub(super) enum Fault {
    /// At this byte of the header.
    Malformed(usize, String),
    /// Well-formed, of elements that are no numbers.
    ElementType(String),
}

type Parsed<T> = Result<T, Fault>;

impl Header {
    /// Reads the dictionary: exactly the keys `descr`, `fortran_order` and `shape`, each once, and space around it.
    pub(super) fn parse(text: &[u8]) -> Parsed<Self> {
        let mut parser = Parser { text, at: 0 };
        let (mut descr, mut order, mut shape) = (None, None, None);
        parser.skip_space();
        parser.expect(b'{')?;
        parser.skip_space();
        while !parser.eat(b'}') {
            let start = parser.at;
            let key = parser.string()?;
            parser.skip_space();
            parser.expect(b':')?;
            parser.skip_space();
            let value = parser.at;
            let known = match key {
                b"descr" => descr.replace(parser.descr()?).is_some(),
                b"fortran_order" => order.replace(parser.boolean()?).is_some(),
                b"shape" => shape.replace((value, parser.shape()?)).is_some(),
                _ => return fault(start, format!("unknown key {:?}", String::from_utf8_lossy(key))),
            };
            if known {
                return fault(start, format!("the key {:?} comes twice", String::from_utf8_lossy(key)));
            }
            parser.skip_space();
            if !parser.eat(b',') {
                parser.expect(b'}')?;
                break;
            }
            parser.skip_space();
        }
        let end = parser.at;
        parser.skip_space();
        if parser.at < text.len() {
            return parser.unexpected("nothing but space after the dictionary");
        }
        let missing = |key| Fault::Malformed(end, format!("the key {key:?} is missing"));
        let descr = descr.ok_or_else(|| missing("descr"))?;
        let fortran_order = order.ok_or_else(|| missing("fortran_order"))?;
        let (at, shape) = shape.ok_or_else(|| missing("shape"))?;
        let element = element(descr)?;
        match count(&shape, element) {
            Some(elements) => Ok(Self { element, fortran_order, shape, elements }),
            None => fault(at, "more elements than any file can hold".to_owned()),
        }
    }
}

/// The product of the shape, if so many elements have fewer than 2^64 bytes.
fn count(shape: &[u64], element: ElementType) -> Option<u64> {
    if shape.contains(&0) {
        return Some(0);
    }
    let elements = shape.iter().try_fold(1_u64, |product, len| product.checked_mul(*len))?;
    elements.checked_mul(element.size() as u64).map(|_| elements)
}

fn fault<T>(at: usize, problem: String) -> Parsed<T> {
    Err(Fault::Malformed(at, problem))
}

struct Parser<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Parser<'a> {
    fn skip_space(&mut self) {
        let rest = &self.text[self.at..];
        self.at += rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b'\x0c')).count();
    }

    fn eat(&mut self, byte: u8) -> bool {
        let is_there = self.text.get(self.at) == Some(&byte);
        self.at += usize::from(is_there);
        is_there
    }

    fn expect(&mut self, byte: u8) -> Parsed<()> {
        if self.eat(byte) { Ok(()) } else { self.unexpected(&format!("{:?}", char::from(byte))) }
    }

    fn unexpected<T>(&self, expected: &str) -> Parsed<T> {
        let found = match self.text.get(self.at) {
            Some(byte) => format!("{:?}", char::from(*byte)),
            None => "the end".to_owned(),
        };
        fault(self.at, format!("expected {expected}, found {found}"))
    }

    /// Text in single or double quotes, without escapes.
    fn string(&mut self) -> Parsed<&'a [u8]> {
        let quote = match self.text.get(self.at) {
            Some(quote @ (b'\'' | b'"')) => *quote,
            _ => return self.unexpected("text in quotes"),
        };
        let start = self.at + 1;
        let rest = &self.text[start..];
        let len = rest.iter().position(|byte| *byte == quote || matches!(byte, b'\\' | b'\n'));
        self.at = len.map_or(self.text.len(), |len| start + len);
        let found = &self.text[start..self.at];
        if self.eat(quote) { Ok(found) } else { self.unexpected("a closing quote") }
    }

    /// A type of elements. What is no text is a list of fields.
    fn descr(&mut self) -> Parsed<&'a [u8]> {
        if self.text.get(self.at) == Some(&b'[') {
            let rest = &self.text[self.at..];
            let shown = String::from_utf8_lossy(&rest[..rest.len().min(60)]);
            return Err(Fault::ElementType(format!("records (dtype {}…)", shown.trim_end())));
        }
        self.string()
    }

    fn boolean(&mut self) -> Parsed<bool> {
        for (word, value) in [(&b"True"[..], true), (b"False", false)] {
            if self.text[self.at..].starts_with(word) {
                self.at += word.len();
                return Ok(value);
            }
        }
        self.unexpected("True or False")
    }

    /// A tuple of numbers: `()`, `(3,)`, `(3, 4)`.
    fn shape(&mut self) -> Parsed<Vec<u64>> {
        let mut shape = Vec::new();
        self.expect(b'(')?;
        self.skip_space();
        while !self.eat(b')') {
            shape.push(self.number()?);
            self.skip_space();
            if !self.eat(b',') {
                // One number in brackets is a number.
                if shape.len() == 1 {
                    return self.unexpected("','");
                }
                self.expect(b')')?;
                break;
            }
            self.skip_space();
        }
        Ok(shape)
    }

    fn number(&mut self) -> Parsed<u64> {
        let start = self.at;
        let mut number = 0_u64;
        while let Some(digit @ b'0'..=b'9') = self.text.get(self.at) {
            let more = number.checked_mul(10).and_then(|number| number.checked_add(u64::from(digit - b'0')));
            number = more.ok_or_else(|| Fault::Malformed(start, "a number beyond 64 bits".to_owned()))?;
            self.at += 1;
        }
        if self.at == start {
            return self.unexpected("a number");
        }
        if self.at > start + 1 && self.text[start] == b'0' {
            return fault(start, "a number with a leading 0".to_owned());
        }
        // Python 2 wrote long ones like this.
        self.eat(b'L');
        Ok(number)
    }
}

/// The element of a dtype such as `<f8`.
fn element(descr: &[u8]) -> Parsed<ElementType> {
    let (order, of) = match descr {
        [order @ (b'<' | b'>' | b'|' | b'='), of @ ..] => (*order, of),
        of => (b'=', of),
    };
    let element = match of {
        b"f8" => ElementType::F64,
        b"f4" => ElementType::F32,
        b"i1" => return Ok(ElementType::I8),
        b"u1" => return Ok(ElementType::U8),
        b"i2" => ElementType::I16,
        b"u2" => ElementType::U16,
        b"i4" => ElementType::I32,
        b"u4" => ElementType::U32,
        b"i8" => ElementType::I64,
        b"u8" => ElementType::U64,
        _ => return Err(Fault::ElementType(refused(descr, of))),
    };
    match order {
        b'<' => Ok(element),
        b'>' => Ok(element.big_endian()),
        b'=' if cfg!(target_endian = "big") => Ok(element.big_endian()),
        b'=' => Ok(element),
        // One that has no byte order where there must be one.
        _ => Err(Fault::ElementType(refused(descr, b""))),
    }
}

/// Says what a dtype is that is no number.
fn refused(descr: &[u8], of: &[u8]) -> String {
    let name = match of {
        [b'f', ..] => "floats of another size",
        [b'c', ..] => "complex numbers",
        [b'b', ..] | b"?" => "booleans",
        [b'U', ..] => "text",
        [b'S' | b'a', ..] => "bytes",
        [b'O', ..] => "Python objects",
        [b'M', ..] => "dates",
        [b'm', ..] => "durations",
        [b'V', ..] => "records",
        _ => "something unknown",
    };
    let shown = String::from_utf8_lossy(&descr[..descr.len().min(60)]);
    format!("{name} (dtype {shown:?})")
}

/// The header before an array, all of it, byte for byte as NumPy writes it: of a multiple of 64 bytes, and with room
/// for the first length (the last one in Fortran order) to grow to 21 digits.
pub(super) fn format(float: StoredFloat, fortran_order: bool, shape: &[u64]) -> Vec<u8> {
    let descr = format!("{}f{}", if float.is_big { '>' } else { '<' }, float.size());
    let order = if fortran_order { "True" } else { "False" };
    let mut text = format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': (");
    for (i, len) in shape.iter().enumerate() {
        let separator = if i == 0 { "" } else { ", " };
        let _ = write!(text, "{separator}{len}");
    }
    text.push_str(if shape.len() == 1 { ",), }" } else { "), }" });
    if let Some(grows) = if fortran_order { shape.last() } else { shape.first() } {
        let digits = grows.checked_ilog10().unwrap_or(0) as usize + 1;
        text.push_str(&" ".repeat(21 - digits));
    }
    let long = text.len() > usize::from(u16::MAX) - 64;
    let before = MAGIC.len() + 2 + if long { 4 } else { 2 };
    // A line feed, and at least one space more.
    let len = (before + text.len() + 2).next_multiple_of(64) - before;
    let mut header = MAGIC.to_vec();
    header.extend_from_slice(if long { &[2, 0] } else { &[1, 0] });
    header.extend_from_slice(&(len as u32).to_le_bytes()[..if long { 4 } else { 2 }]);
    header.extend_from_slice(text.as_bytes());
    header.resize(before + len - 1, b' ');
    header.push(b'\n');
    header
}
