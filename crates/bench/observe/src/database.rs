//! The status of a real server, instead of a lab's counters. It is read before and after the run only: questions meanwhile
//! would take the server's time from the run.

use std::{
    collections::HashMap,
    fs,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use bench_data::lab::Seen;
use mysql::{Conn, Opts, OptsBuilder, prelude::Queryable};
use nix::{
    time::{ClockId, clock_getcpuclockid},
    unistd::Pid,
};

/// How long the server may take to close the connections of a program that has ended.
const CLOSING: Duration = Duration::from_secs(2);

/// How long the server may take to answer.
const ANSWER: Duration = Duration::from_secs(5);

/// A running server: our connection to it, which stays open during the run, and the clock of its CPU time.
pub struct Database {
    connection: Conn,
    cpu: ClockId,
    before: Status,
}

/// What the server has counted so far.
struct Status {
    connections: u64,
    selects: u64,
    max_connections: u64,
    cpu: Duration,
}

impl Database {
    /// Connects to the server whose URL and whose process number are in these files, and sets its highest number
    /// of connections back.
    pub fn open(url: &Path, pid: &Path) -> Result<Self> {
        // Without what the library says about the URL: it may show the password.
        let Ok(server) = Opts::from_url(&read(url)?) else { bail!("no MySQL URL in {}", url.display()) };
        let pid: i32 =
            read(pid)?.parse().with_context(|| format!("no process number in {}", pid.display()))?;
        let options = OptsBuilder::from_opts(server)
            .max_allowed_packet(Some(1 << 24))
            .prefer_socket(false)
            .tcp_connect_timeout(Some(ANSWER))
            .read_timeout(Some(ANSWER))
            .write_timeout(Some(ANSWER));
        let mut connection = Conn::new(options).context("the server does not let us in")?;
        let cpu = clock_getcpuclockid(Pid::from_raw(pid))
            .with_context(|| format!("the server has no process {pid}"))?;

        let others = others(&mut connection)?;
        if others > 0 {
            bail!("{others} others are connected to the server: what they do would count");
        }
        // Since MariaDB 11.5 the short form leaves the server's own counters alone; older ones and MySQL have no other.
        connection
            .query_drop("FLUSH GLOBAL STATUS")
            .or_else(|_| connection.query_drop("FLUSH STATUS"))
            .context("the server does not set its counters back: FLUSH STATUS")?;
        let before = status(&mut connection, cpu)?;
        Ok(Self { connection, cpu, before })
    }

    /// What it did since it was opened, except for us. An item is a statement that begins with `select`,
    /// answered or not; in flight is what is connected.
    pub fn stats(mut self) -> Result<Seen> {
        others(&mut self.connection)?;
        let after = status(&mut self.connection, self.cpu)?;
        Ok(Seen {
            connections: after.connections.saturating_sub(self.before.connections),
            items: after.selects.saturating_sub(self.before.selects),
            max_in_flight: after.max_connections.saturating_sub(1),
            round_trips: None,
            cpu_s: after.cpu.saturating_sub(self.before.cpu).as_secs_f64(),
            listen_drops: None,
            healthy: None,
        })
    }
}

fn read(file: &Path) -> Result<String> {
    let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    Ok(text.trim().to_owned())
}

fn status(connection: &mut Conn, cpu: ClockId) -> Result<Status> {
    // First, so that asking is not in it.
    let cpu = Duration::from(cpu.now().context("the server has ended")?);
    let counters = counters(connection)?;
    let counter =
        |name: &str| counters.get(name).copied().with_context(|| format!("the server has no {name}"));
    Ok(Status {
        connections: counter("Connections")?,
        selects: counter("Com_select")?,
        max_connections: counter("Max_used_connections")?,
        cpu,
    })
}

/// Waits for the server to be done with whoever has left; how many besides us stay connected.
fn others(connection: &mut Conn) -> Result<u64> {
    let start = Instant::now();
    loop {
        let connected = counters(connection)?.get("Threads_connected").copied().unwrap_or(0);
        if connected <= 1 || start.elapsed() > CLOSING {
            return Ok(connected.saturating_sub(1));
        }
        thread::sleep(Duration::from_millis(10));
    }
}

fn counters(connection: &mut Conn) -> Result<HashMap<String, u64>> {
    let sql = "SHOW GLOBAL STATUS WHERE Variable_name IN \
               ('Connections', 'Com_select', 'Max_used_connections', 'Threads_connected')";
    Ok(connection
        .query::<(String, u64), _>(sql)
        .context("the server does not tell its status")?
        .into_iter()
        .collect())
}
