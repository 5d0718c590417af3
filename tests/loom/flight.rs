//! Single flight: no waiter is forgotten, whatever the moment at which the leader ends.

use lagom_base::flight::{Flight, Outcome};
use lagom_base::sync::loom;

#[test]
fn a_waiter_gets_the_value_or_finds_it_landed() {
    loom::model(|| {
        let leader = Flight::start();
        let flight = leader.flight();
        let waiter = loom::thread::spawn(move || flight.wait());
        leader.land(7);
        assert_eq!(waiter.join().unwrap(), Outcome::Landed(7));
    });
}

#[test]
fn every_waiter_is_woken() {
    loom::model(|| {
        let leader = Flight::start();
        let waiters = [leader.flight(), leader.flight()].map(|flight| loom::thread::spawn(move || flight.wait()));
        leader.land(7);
        for waiter in waiters {
            assert_eq!(waiter.join().unwrap(), Outcome::Landed(7));
        }
    });
}

#[test]
fn an_abandoned_flight_wakes_its_waiters() {
    loom::model(|| {
        let leader = Flight::<u32>::start();
        let (first, second) = (leader.flight(), leader.flight());
        let waiter = loom::thread::spawn(move || first.wait());
        drop(leader);
        assert_eq!(second.wait(), Outcome::Abandoned);
        assert_eq!(waiter.join().unwrap(), Outcome::Abandoned);
    });
}

#[test]
fn of_two_that_wait_for_each_other_exactly_one_is_told() {
    loom::model(|| {
        let here = Flight::start();
        let (to_there, from_there) = loom::sync::mpsc::channel();
        let flight = here.flight();
        let there = loom::thread::spawn(move || {
            let leader = Flight::start();
            to_there.send(leader.flight()).unwrap();
            let outcome = flight.wait();
            leader.land(1);
            outcome
        });
        let outcome = from_there.recv().unwrap().wait();
        here.land(2);
        match (outcome, there.join().unwrap()) {
            (Outcome::Cycle, Outcome::Landed(2)) | (Outcome::Landed(1), Outcome::Cycle | Outcome::Landed(2)) => {}
            other => panic!("{other:?}"),
        }
    });
}

/// As long as it has not run again, a woken waiter still counts as blocked: on a flight that is over.
#[test]
fn a_woken_waiter_closes_no_cycle() {
    loom::model(|| {
        let here = Flight::start();
        let (to_there, from_there) = loom::sync::mpsc::channel();
        let flight = here.flight();
        let there = loom::thread::spawn(move || {
            let leader = Flight::start();
            to_there.send(leader.flight()).unwrap();
            assert_eq!(flight.wait(), Outcome::Landed(2));
            leader.land(1);
        });
        let flight = from_there.recv().unwrap();
        here.land(2);
        assert_eq!(flight.wait(), Outcome::Landed(1));
        there.join().unwrap();
    });
}
