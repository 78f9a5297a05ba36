//! The network that the lab plays: what it holds back, and the round trips that it counts.

use std::fs;
use std::io::Read;
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use mysql::prelude::Queryable;
use mysql::{Conn, Opts, OptsBuilder};
use ureq::Agent;

use crate::lab::Lab;

const RTT: Duration = Duration::from_millis(40);

/// Connects, and asks nothing by itself.
fn connect(url: &str) -> Conn {
    let options = OptsBuilder::from_opts(Opts::from_url(url).unwrap());
    Conn::new(options.max_allowed_packet(Some(1 << 24)).prefer_socket(false)).unwrap()
}

/// Does something, which takes so many round trips at least, and returns what it gives.
#[track_caller]
fn takes<T>(trips: u32, what: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = what();
    assert!(start.elapsed() >= RTT * trips, "{:?}", start.elapsed());
    result
}

#[test]
fn each_answer_of_a_host_is_a_round_trip() {
    let lab = Lab::start(&["--rtt", "0.04"]);
    let trips = || lab.stat("db/round_trips");
    let mut connection = takes(3, || connect(&lab.urls[0]));
    assert_eq!(trips(), 3, "connect, greeting, login");
    let slept: Option<u8> = takes(2, || connection.query_first("select sleep(0.04)").unwrap());
    assert_eq!((slept, trips()), (Some(0), 4));
    takes(1, || connection.ping().unwrap());
    takes(1, || connection.query_drop("nonsense").unwrap_err());
    assert_eq!(trips(), 6);
    drop(connection); // COM_QUIT has no answer
    assert_eq!((trips(), lab.stat("web/round_trips"), lab.stat("prices/round_trips")), (6, 0, 0));
    lab.reset();
    assert_eq!(trips(), 0);
}

#[test]
fn round_trips_count_without_a_network() {
    for (auth, trips) in [("native", 4), ("sha2", 4)] {
        let lab = Lab::start(&["--auth", auth]);
        assert_eq!(connect(&lab.urls[0]).query_first("select sleep(0)").unwrap(), Some(0));
        assert_eq!(lab.stat("db/round_trips"), trips, "{auth}");
    }
    let lab = Lab::start(&["--sick", "refuse=1", "--sick", "hang=1", "--prices-delay", "0"]);
    for url in &lab.urls {
        let mut stream = TcpStream::connect(url.rsplit(['@', '/']).nth(1).unwrap());
        if let Ok(stream) = &mut stream {
            stream.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
            let _ = stream.read(&mut [0; 9]);
        }
    }
    assert_eq!(lab.stat("db/round_trips"), 16, "two for each greeting, none where there is none");
}

#[test]
fn pages_and_prices_travel_and_statistics_do_not() {
    let lab = Lab::start(&["--rtt", "0.04", "--prices-delay", "0.04", "--days", "2", "--sick", "refuse=1"]);
    let get = |agent: &Agent, path: &str| {
        let answer = agent.get(format!("{}{path}", lab.base)).call();
        answer.is_ok_and(|answer| answer.into_body().read_to_string().is_ok())
    };
    let agent = Agent::new_with_defaults();
    assert!(takes(2, || get(&agent, "/page/first")));
    assert!(takes(1, || get(&agent, "/page/second")));
    assert_eq!(lab.stat("web/round_trips"), 3, "one connection");
    // One of two days is sick: its connection is closed without an answer.
    let days = ["/prices?date=2026-11-21", "/prices?date=2026-11-22"];
    let ok = days.map(|day| takes(0, || get(&Agent::new_with_defaults(), day)));
    assert_eq!(ok.iter().filter(|ok| **ok).count(), 1);
    let well = days[usize::from(ok[1])];
    assert_eq!(lab.stat("prices/round_trips"), 2);
    assert!(takes(3, || get(&Agent::new_with_defaults(), well)));
    assert_eq!(lab.stat("prices/round_trips"), 4);

    let far = Lab::start(&["--rtt", "1000"]);
    assert_eq!(far.stat("web/round_trips"), 0, "nobody waits for /stats");
}

#[test]
fn who_leaves_on_the_way_is_noticed() {
    let lab = Lab::start(&["--rtt", "1000"]);
    let descriptors = || fs::read_dir(format!("/proc/{}/fd", lab.child.id())).unwrap().count();
    let address = lab.urls[0].rsplit(['@', '/']).nth(1).unwrap();
    // The first timer's thread has descriptors of its own.
    drop(TcpStream::connect(address).unwrap());
    while lab.stat("db/round_trips") == 0 {
        thread::sleep(Duration::from_millis(5));
    }
    thread::sleep(Duration::from_millis(100));
    let before = descriptors();
    let streams: Vec<_> = (0..5).map(|_| TcpStream::connect(address).unwrap()).collect();
    while lab.stat("db/round_trips") < 12 {
        thread::sleep(Duration::from_millis(5));
    }
    assert!(descriptors() >= before + 5);
    drop(streams);
    while descriptors() > before {
        thread::sleep(Duration::from_millis(5));
    }
}
