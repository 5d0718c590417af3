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
