//! The name that the source gives a function, which `addr2line` passes over where there is one for the linker.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use addr2line::gimli::{self, AttributeValue, DebugInfoOffset, DwAt, UnitOffset, UnitRef};

/// What debug information is read through.
pub(super) type Slice<'a> = gimli::EndianSlice<'a, gimli::RunTimeEndian>;

/// References from entry to entry; more than a few do not occur.
const STEPS: u32 = 16;

/// The units of one file by their place, for references from one to another, as link-time optimization makes them.
pub(super) struct Origins<'a> {
    dwarf: gimli::Dwarf<Slice<'a>>,
    headers: OnceCell<Vec<gimli::UnitHeader<Slice<'a>>>>,
    units: RefCell<HashMap<usize, Rc<gimli::Unit<Slice<'a>>>>>,
}

impl<'a> Origins<'a> {
    pub(super) fn new(dwarf: gimli::Dwarf<Slice<'a>>) -> Self {
        Self { dwarf, headers: OnceCell::new(), units: RefCell::default() }
    }

    /// The source name of the function at an entry of the unit; of an inlined one, that of where it is defined.
    pub(super) fn name(&self, unit: UnitRef<'_, Slice<'a>>, entry: UnitOffset) -> Option<&'a str> {
        self.follow(unit, entry, STEPS)
    }

    fn follow(&self, unit: UnitRef<'_, Slice<'a>>, entry: UnitOffset, steps: u32) -> Option<&'a str> {
        let steps = steps.checked_sub(1)?;
        let entry = unit.entry(entry).ok()?;
        if let Some(name) = entry.attr_value(gimli::DW_AT_name) {
            return text(unit, name);
        }
        let next = |at: DwAt| entry.attr_value(at);
        match next(gimli::DW_AT_abstract_origin).or_else(|| next(gimli::DW_AT_specification))? {
            AttributeValue::UnitRef(at) => self.follow(unit, at, steps),
            AttributeValue::DebugInfoRef(at) => {
                let (other, at) = self.locate(at)?;
                self.follow(UnitRef::new(&self.dwarf, &other), at, steps)
            }
            _ => None,
        }
    }

    /// The unit that holds an entry of `.debug_info`.
    fn locate(&self, at: DebugInfoOffset) -> Option<(Rc<gimli::Unit<Slice<'a>>>, UnitOffset)> {
        let headers = self.headers.get_or_init(|| {
            let mut headers = Vec::new();
            let mut units = self.dwarf.units();
            while let Ok(Some(header)) = units.next() {
                headers.push(header);
            }
            headers
        });
        let start = |header: &gimli::UnitHeader<Slice<'a>>| header.debug_info_offset().map_or(usize::MAX, |at| at.0);
        let place = headers.partition_point(|header| start(header) <= at.0).checked_sub(1)?;
        let offset = at.to_unit_offset(&headers[place])?;
        let mut units = self.units.borrow_mut();
        if let Some(unit) = units.get(&place) {
            return Some((unit.clone(), offset));
        }
        let unit = Rc::new(self.dwarf.unit(headers[place]).ok()?);
        units.insert(place, unit.clone());
        Some((unit, offset))
    }
}

/// A string of the unit's.
fn text<'a>(unit: UnitRef<'_, Slice<'a>>, value: AttributeValue<Slice<'a>>) -> Option<&'a str> {
    std::str::from_utf8(unit.attr_string(value).ok()?.slice()).ok()
}
