//! Sites put together by the place in the program that a reader can change.

use std::collections::HashMap;

use crate::export::heap::names::{Name, place};
use crate::heap::{Amount, HeapProfile, Measure, Site, Unit};

/// A line of the program with all that was allocated from there.
pub(in crate::export::heap) struct Place<'a> {
    pub(in crate::export::heap) name: Name<'a>,
    amounts: [Amount; Measure::ALL.len()],
    pub(in crate::export::heap) sites: Vec<&'a Site>,
}

impl Place<'_> {
    pub(in crate::export::heap) const fn amount(&self, view: Measure) -> Amount {
        self.amounts[view as usize]
    }
}

/// All places, in the order of their coming.
pub(in crate::export::heap) fn places(profile: &HeapProfile) -> Vec<Place<'_>> {
    let mut numbers: HashMap<Name<'_>, usize> = HashMap::new();
    let mut places: Vec<Place<'_>> = Vec::new();
    for site in &profile.sites {
        let name = place(site);
        let number = *numbers.entry(name).or_insert_with(|| {
            places.push(Place { name, amounts: Default::default(), sites: Vec::new() });
            places.len() - 1
        });
        let place = &mut places[number];
        place.sites.push(site);
        for view in Measure::ALL {
            place.amounts[view as usize] = place.amounts[view as usize].plus(view.of(site));
        }
    }
    places
}

/// Those that have any of a view, the most first.
pub(in crate::export::heap) fn ranked<'a>(mut places: Vec<Place<'a>>, view: Measure, unit: Unit) -> Vec<Place<'a>> {
    places.retain(|place| unit.of(place.amount(view)) > 0);
    places.sort_by_key(|place| std::cmp::Reverse(unit.of(place.amount(view))));
    places
}

#[cfg(test)]
mod tests {
    use super::super::super::fixture::profile;
    use super::*;

    #[test]
    fn a_place_has_all_its_sites() {
        let profile = profile();
        for view in Measure::ALL {
            for unit in [Unit::Bytes, Unit::Blocks] {
                let ranked = ranked(places(&profile), view, unit);
                let sum: u64 = ranked.iter().map(|place| unit.of(place.amount(view))).sum();
                assert_eq!(sum, unit.of(profile.amount(view)));
                assert!(ranked.is_sorted_by_key(|place| std::cmp::Reverse(unit.of(place.amount(view)))));
            }
        }
        let first = &ranked(places(&profile), Measure::Total, Unit::Bytes)[0];
        assert_eq!((first.name.function, first.name.line), ("app::parse", 7));
        let line_8 = places(&profile).into_iter().find(|place| place.name.line == 8).unwrap();
        assert_eq!((line_8.sites.len(), line_8.amount(Measure::Peak)), (2, Amount { blocks: 5, bytes: 500 }));
    }
}
