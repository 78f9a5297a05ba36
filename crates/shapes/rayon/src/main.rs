//! Asks MySQL hosts with a rayon pool of M threads, and the driver blocks: it works, but rayon is made for computing.
//!
//! Order: as they answer.
//! A panic in one item: ends the program.
//! Dropping the whole: is not possible: `for_each` returns when all items are done.
//! Allocated for each item: nothing; a stack for each thread.
//!
//!     cargo run --release --bin shapes-rayon -- --urls target/lab/db.urls

use rayon::{ThreadPoolBuilder, iter::IntoParallelRefIterator, iter::ParallelIterator};
use shapes_hosts::Job;

fn main() -> anyhow::Result<()> {
    let Job { hosts, limit, deadline, tally } = Job::from_args()?;
    let pool = ThreadPoolBuilder::new().num_threads(limit).build()?;
    pool.install(|| {
        hosts.par_iter().for_each(|host| {
            let row = host.ask_blocking(deadline);
            tally.report(host, Ok(row));
        });
    });
    tally.exit()
}
