//! Both pipelines on tables of any kind: the same answers, or the same error in the same words.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::answers::Answers;
use crate::input::Inputs;
use crate::{lean, naive};

const FLIGHTS_HEADER: &str =
    "month,day,dep_time,dep_delay,arr_delay,carrier,flight,tailnum,origin,dest,air_time,minute,time_hour";

/// Small tables, to be spoilt.
struct Tables {
    flights: Vec<u8>,
    weather: String,
    planes: String,
    airports: String,
    airlines: String,
}

impl Default for Tables {
    fn default() -> Self {
        Self::with_flights(&["1,2,517,2,11,UA,1545,N1,JFK,LAX,227,15,2013-01-01T10:00:00Z"])
    }
}

impl Tables {
    fn with_flights(rows: &[&str]) -> Self {
        Self {
            flights: format!("{FLIGHTS_HEADER}\n{}\n", rows.join("\n")).into_bytes(),
            weather: "origin,temp,wind_speed,precip,visib,time_hour\nJFK,40,5,0.1,10,2013-01-01T10:00:00Z\n".to_owned(),
            planes: "tailnum,year,seats\nN1,2000,150\n".to_owned(),
            airports: "faa,lat,lon,tzone\nJFK,40.6,-73.8,America/New_York\nLAX,33.9,-118.4,America/Los_Angeles\n\
                       ATL,33.6,-84.4,Atlantis/Main_Street\n"
                .to_owned(),
            airlines: "carrier,name\nUA,United\n".to_owned(),
        }
    }

    /// One flight with one field replaced.
    fn with_field(column: &str, text: &str) -> Self {
        let mut fields =
            ["1", "2", "517", "2", "11", "UA", "1545", "N1", "JFK", "LAX", "227", "15", "2013-01-01T10:00:00Z"];
        fields[FLIGHTS_HEADER.split(',').position(|name| name == column).unwrap()] = text;
        Self::with_flights(&[&fields.join(",")])
    }

    /// What both versions make of these tables.
    fn run(&self) -> Result<Answers, String> {
        static FOLDERS: AtomicU64 = AtomicU64::new(0);
        let number = FOLDERS.fetch_add(1, Ordering::Relaxed);
        let folder: PathBuf = std::env::temp_dir().join(format!("lagom-alike-{}-{number}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let texts = [&self.weather, &self.planes, &self.airports, &self.airlines].map(|text| text.as_bytes());
        let tables = ["weather", "planes", "airports", "airlines"].into_iter().zip(texts);
        for (name, content) in tables.chain([("flights", &self.flights[..])]) {
            fs::write(folder.join(name).with_extension("csv"), content).unwrap();
        }
        let inputs = Inputs::plain(&folder);
        let place = format!("{}{}", folder.display(), std::path::MAIN_SEPARATOR);
        let words = |error: anyhow::Error| format!("{error:#}").replace(&place, "");
        let naive = naive::run(&inputs).map_err(words);
        let lagom = lean::run(&inputs).map(|(answers, _)| answers).map_err(words);
        fs::remove_dir_all(&folder).unwrap();
        match (&naive, &lagom) {
            (Ok(naive), Ok(lagom)) => assert_eq!(naive.difference(lagom), None),
            _ => assert_eq!(naive.as_ref().err(), lagom.as_ref().err(), "only one is an error, or the words differ"),
        }
        lagom
    }

    #[track_caller]
    fn fault(&self) -> String {
        self.run().expect_err("this must be an error")
    }
}

#[test]
fn sound_tables_have_answers() {
    let answers = Tables::default().run().unwrap();
    assert_eq!((answers.totals.flights, answers.weather.conditions.wet.flights), (1, 1));
}

#[test]
fn an_empty_time_is_no_time_even_in_the_first_row() {
    assert_eq!(
        Tables::with_field("time_hour", "").fault(),
        "flights.csv:2: column 13 `time_hour`: `` is not a time such as 2013-01-01T10:00:00Z"
    );
}

#[test]
fn codes_with_blanks_are_no_other_route() {
    let answers = Tables::with_flights(&[
        "1,2,517,2,11,UA,1,N1,JFK X,LAX,227,15,2013-01-01T10:00:00Z",
        "1,2,517,2,11,UA,1,N1,JFK,X LAX,227,15,2013-01-01T10:00:00Z",
        "1,2,517,2,11,UA,1,N1,,JFKLAX,227,15,2013-01-01T10:00:00Z",
        "1,2,517,2,11,UA,1,N1,JFKLAX,,227,15,2013-01-01T10:00:00Z",
    ]);
    assert_eq!(answers.run().unwrap().routes.len(), 4);
}

#[test]
fn weather_is_known_at_the_exact_time_only() {
    for (time, known) in [
        ("2013-01-01T10:00:00Z", 1),
        ("2013-01-01T10:00:00.000Z", 1),
        ("2013-01-01T10:00:00.5Z", 0),
        ("2013-01-01T10:00:00.000000001Z", 0),
        ("2013-01-01T10:00:01Z", 0),
        ("2013-01-01T11:00:00+01:00", 1),
        ("2013-01-01T11:00:00Z", 0),
    ] {
        let answers = Tables::with_field("time_hour", time).run().unwrap();
        assert_eq!(answers.weather.conditions.wet.flights, known, "{time}");
    }
}

#[test]
fn weather_between_full_hours_is_an_error() {
    for time in ["2013-01-01T10:30:00Z", "2013-01-01T10:00:00.5Z", "1969-12-31T23:59:59.5Z", "noon", ""] {
        let mut tables = Tables::default();
        tables.weather += &format!("JFK,40,5,0,10,{time}\n");
        assert_eq!(
            tables.fault(),
            format!("weather.csv:3: column 6 `time_hour`: `{time}` is not a full hour such as 2013-01-01T10:00:00Z")
        );
    }
}

#[test]
fn weather_may_reach_over_all_times() {
    let times = ["9999-12-30T22:00:00Z", "-009999-01-02T02:00:00Z", "1969-12-31T23:00:00Z", "1850-06-01T00:00:00Z"];
    for time in times {
        let mut tables = Tables::with_field("time_hour", time);
        for other in times {
            tables.weather += &format!("JFK,40,5,{},10,{other}\n", if other == time { "1" } else { "0" });
        }
        tables.airports = tables.airports.replace("America/Los_Angeles", "NA");
        assert_eq!(tables.run().unwrap().weather.conditions.wet.flights, 1, "{time}");
    }
}

#[test]
fn hours_of_arrival_are_the_same_at_any_time() {
    for time in
        ["1969-12-31T20:00:59.5Z", "1969-12-31T19:59:59.5Z", "-009999-01-03T02:00:00.5Z", "2300-07-01T10:59:59.9Z"]
    {
        for air_time in ["0", "60", "-4", "NA"] {
            let mut tables = Tables::with_field("time_hour", time);
            let flights = String::from_utf8(tables.flights).unwrap().replace(",227,15,", &format!(",{air_time},0,"));
            tables.flights = flights.replace(",517,2,", ",517,0,").into_bytes();
            let known = u64::from(air_time != "NA");
            assert_eq!(tables.run().unwrap().arrival_hours.iter().map(|hour| hour.flights).sum::<u64>(), known);
        }
    }
}

#[test]
fn whole_numbers_are_decimal_and_in_range() {
    for (column, what) in [
        ("month", "is not a whole number from 0 to 255"),
        ("minute", "is not a whole number from 0 to 255"),
        ("dep_delay", "is neither a whole number of at most 32 bits nor NA"),
    ] {
        for text in ["0", "-0", "+7", "007", "255", "0000000000000000000000000000000001"] {
            assert!(Tables::with_field(column, text).run().is_ok(), "{column} {text}");
        }
        for text in
            ["0x3", "0x0f", "", "-", "+", "1x", "--1", "1.0", "1e0", " 1", "１", "2147483648", "99999999999999999999"]
        {
            let fault = Tables::with_field(column, text).fault();
            assert!(fault.ends_with(&format!("`{column}`: `{text}` {what}")), "{fault}");
        }
    }
    let seats = |seats: &str| Tables { planes: format!("tailnum,year,seats\nN1,NA,{seats}\n"), ..Tables::default() };
    assert_eq!(seats("3000000000").run().unwrap().planes.seats_flown, 3_000_000_000);
    assert_eq!(
        seats("4294967296").fault(),
        "planes.csv:2: column 3 `seats`: `4294967296` is not a whole number from 0 to 4294967295"
    );
}

#[test]
fn real_numbers_are_finite() {
    let wind = |text: &str| {
        let weather = format!("origin,temp,wind_speed,precip,visib,time_hour\nJFK,1,{text},0,9,2013-01-01T10:00:00Z\n");
        Tables { weather, ..Tables::default() }
    };
    for text in ["1e1", "+.5", "5.", "NA", "\\N"] {
        assert!(wind(text).run().is_ok(), "{text}");
    }
    for text in ["inf", "nan", "", "0x1", "1e999", "1,"] {
        assert!(wind(text).run().is_err(), "{text}");
    }
}

#[test]
fn a_column_there_is_twice_is_an_error_when_it_is_used() {
    let twice = |column: &str| {
        let flights = String::from_utf8(Tables::default().flights).unwrap();
        let flights: String =
            flights.lines().zip([column, "1"]).map(|(line, more)| format!("{line},{more}\n")).collect();
        Tables { flights: flights.into_bytes(), ..Tables::default() }
    };
    assert_eq!(twice("minute").fault(), "flights.csv:1: column 14 `minute`: there is another column of this name");
    assert!(twice("flight").run().is_ok());
}

#[test]
fn tables_are_utf_8_in_every_column() {
    let mut tables = Tables::default();
    let at = tables.flights.windows(4).position(|text| text == b"1545").unwrap();
    tables.flights[at + 1] = 0xff;
    assert_eq!(tables.fault(), "flights.csv:2: column 7 `flight`: not valid UTF-8");
    let mut tables = Tables::default();
    tables.flights[1] = 0xff;
    assert_eq!(tables.fault(), "flights.csv:1: column 1 `m\u{fffd}nth`: not valid UTF-8");
}

#[test]
fn an_arrival_without_local_time_names_its_line_and_what_is_wrong() {
    let zone = "flights.csv:2: the flight to ATL has an unknown time zone at its destination";
    let calendar = "flights.csv:2: the flight to LAX arrives at a time beyond the calendar";
    assert_eq!(Tables::with_field("dest", "ATL").fault(), zone);
    assert_eq!(Tables::with_field("time_hour", "9999-12-30T20:00:00Z").fault(), calendar);
    let mut both = Tables::with_field("time_hour", "9999-12-30T20:00:00Z");
    both.airports = both.airports.replace("America/Los_Angeles", "Atlantis/Main_Street");
    assert_eq!(both.fault(), calendar);
    // A table that cannot be understood is the greater evil, wherever it begins.
    let mut tables = Tables::with_field("dest", "ATL");
    tables.flights.extend_from_slice(b"1,2,3\n");
    assert_eq!(tables.fault(), "flights.csv:3: 3 columns where the header has 13");
}

#[test]
fn the_first_fault_is_told() {
    let good = "1,2,517,2,11,UA,1,N1,JFK,LAX,227,15,2013-01-01T10:00:00Z";
    let bad = "1,2,517,2,11,UA,1,N1,JFK,LAX,227,x,2013-01-01T10:00:00Z";
    assert_eq!(
        Tables::with_flights(&[good, bad, good, "1,2"]).fault(),
        "flights.csv:3: column 12 `minute`: `x` is not a whole number from 0 to 255"
    );
    assert_eq!(Tables::with_flights(&[good, "1,2", bad]).fault(), "flights.csv:3: 2 columns where the header has 13");
    // Within a row: the first column that the pipelines ask for.
    let worse = "1,y,517,2,11,UA,1,N1,JFK,LAX,z,x,2013-01-01T10:00:00Z";
    assert!(Tables::with_flights(&[worse]).fault().starts_with("flights.csv:2: column 2 `day`: `y` "));
    let swapped = |row: &str| {
        let (head, tail) = row.rsplit_once(',').unwrap();
        format!("{tail},{head}\n")
    };
    let flights = [FLIGHTS_HEADER, "1,y,517,2,11,UA,1,N1,JFK,LAX,227,15,noon"].map(swapped).concat().into_bytes();
    let fault = Tables { flights, ..Tables::default() }.fault();
    assert!(fault.starts_with("flights.csv:2: column 3 `day`: `y` "), "{fault}");
    // Not another column with the same text.
    let same = "1,2,517,2,11,7x,7x,7x,7x,LAX,227,7x,2013-01-01T10:00:00Z";
    assert!(Tables::with_flights(&[same]).fault().starts_with("flights.csv:2: column 12 `minute`: `7x` "));
    // Among tables: airlines, airports, planes, weather, flights.
    let mut tables = Tables::with_flights(&[bad]);
    for (name, spoil) in
        [("flights", None), ("weather", Some(0)), ("planes", Some(1)), ("airports", Some(2)), ("airlines", Some(3))]
    {
        if let Some(index) = spoil {
            let texts = [&mut tables.weather, &mut tables.planes, &mut tables.airports, &mut tables.airlines];
            *texts[index] += "x\n";
        }
        let fault = tables.fault();
        assert!(fault.starts_with(name), "{fault}");
    }
}

#[test]
fn long_tables_are_alike() {
    let row = |i: u32| {
        let (carrier, dest) = (["UA", "AA", "ZZ"][i as usize % 3], ["LAX", "XXX"][i as usize % 2]);
        let (delay, air_time) = (i * 7919 % 97, 100 + i % 60);
        format!(
            "1,{},517,{delay},{delay},{carrier},1,N1,JFK,{dest},{air_time},15,2013-01-01T1{}:00:00Z",
            1 + i / 90,
            i / 40 % 10
        )
    };
    let mut rows: Vec<String> = (0..1500).map(row).collect();
    let run = |rows: &[String]| Tables::with_flights(&rows.iter().map(String::as_str).collect::<Vec<_>>()).run();
    assert_eq!(run(&rows).unwrap().totals.flights, 1500);
    rows[1000] = "x".to_owned();
    assert_eq!(run(&rows).unwrap_err(), "flights.csv:1002: 1 columns where the header has 13");
    rows[999] = row(999).replace(",15,", ",,");
    assert!(run(&rows).unwrap_err().starts_with("flights.csv:1001: column 12 "));
}

#[test]
fn gzip_data_that_ends_too_early_is_told_by_line() {
    use std::io::Write as _;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(&Tables::default().flights).unwrap();
    let whole = encoder.finish().unwrap();
    // Within the header of the gzip data, its content, its check sum.
    for length in [5, whole.len() / 2, whole.len() - 9, whole.len() - 4] {
        let fault = Tables { flights: whole[..length].to_vec(), ..Tables::default() }.fault();
        assert!(fault.starts_with("flights.csv:") && fault.ends_with(": the gzip data ends too early"), "{fault}");
    }
}
