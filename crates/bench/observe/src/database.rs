//! The status of a real server, instead of a lab's counters. It is read before and after the run only: questions meanwhile
//! would take the server's time from the run.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use bench_data::lab::Seen;
use mysql::prelude::Queryable;
use mysql::{Conn, Opts, OptsBuilder};
use nix::time::{ClockId, clock_getcpuclockid};
use nix::unistd::Pid;

/// How long the server may take to close the connections of a program that has ended.
const CLOSING: Duration = Duration::from_secs(2);

/// How long the server may take to answer.
const ANSWER: Duration = Duration::from_secs(5);

/// A running server: our connection to it, which stays open during the run, and the clock of its CPU time.
pub struct Database {
    connection: Conn,
    cpu: ClockId,
    before: Seen,
}

impl Database {
    /// Connects to the server whose URL and whose process number are in these files.
    pub fn open(url: &Path, pid: &Path) -> Result<Self> {
        let read =
            |file: &Path| fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()));
        // Without what the library says about the URL: it may show the password.
        let Ok(server) = Opts::from_url(read(url)?.trim()) else {
            bail!("no MySQL URL in {}", url.display())
        };
        let number = read(pid)?.trim().parse();
        let pid: i32 = number.with_context(|| format!("no process number in {}", pid.display()))?;
        let options = OptsBuilder::from_opts(server)
            .max_allowed_packet(Some(1 << 24))
            .prefer_socket(false)
            .tcp_connect_timeout(Some(ANSWER))
            .read_timeout(Some(ANSWER))
            .write_timeout(Some(ANSWER));
        let connection = Conn::new(options).context("the server does not let us in")?;
        let cpu = clock_getcpuclockid(Pid::from_raw(pid))
            .with_context(|| format!("the server has no process {pid}"))?;
        let mut database = Self { connection, cpu, before: Seen::default() };
        let others;
        (database.before, others) = database.status()?;
        ensure!(others == 0, "{others} others are connected to the server: what they do would count");
        Ok(database)
    }

    /// Its work since it was opened, except for us.
    pub fn stats(mut self) -> Result<Seen> {
        let (after, _) = self.status()?;
        Ok(Seen {
            connections: after.connections.saturating_sub(self.before.connections),
            items: after.items.saturating_sub(self.before.items),
            cpu_s: after.cpu_s - self.before.cpu_s,
            ..Seen::default()
        })
    }

    /// The server's counters, once it has closed the connections of clients that left, and how many other clients stay. An
    /// item is a statement that begins with `select`, answered or not.
    fn status(&mut self) -> Result<(Seen, u64)> {
        let start = Instant::now();
        loop {
            let sql = "SHOW GLOBAL STATUS WHERE Variable_name IN ('Connections', 'Com_select', 'Threads_connected')";
            let rows = self.connection.query(sql).context("the server does not tell its status")?;
            let counters: HashMap<String, u64> = rows.into_iter().collect();
            let counter =
                |name: &str| counters.get(name).copied().with_context(|| format!("the server has no {name}"));
            let others = counter("Threads_connected")?.saturating_sub(1);
            if others == 0 || start.elapsed() > CLOSING {
                let cpu_s = Duration::from(self.cpu.now().context("the server has ended")?).as_secs_f64();
                let (connections, items) = (counter("Connections")?, counter("Com_select")?);
                return Ok((Seen { connections, items, cpu_s, ..Seen::default() }, others));
            }
            thread::sleep(Duration::from_millis(10));
        }
    }
}
