//! What a program is asked to wait for: items that take their time, some of them sick, and the lab that has them.

use crate::matrix::Program;
use crate::{Lab, Run, command, finish, spawn};

/// The items of a program, in the words of its workload.
pub struct Load<'a> {
    pub lab: Lab,
    program: &'a Program,
    items: usize,
    seconds: f64,
    faults: &'a [String],
}

impl Program {
    /// So many items that take so many seconds each.
    pub fn load(&self, items: usize, seconds: f64) -> Load<'_> {
        self.sick(items, seconds, &[], &[])
    }

    /// The same with these faults, of an item each, from a lab with these arguments.
    pub fn sick<'a>(&'a self, items: usize, seconds: f64, faults: &'a [String], args: &[&str]) -> Load<'a> {
        let mut own: Vec<String> = args.iter().map(ToString::to_string).collect();
        // The sleepers ask no lab; pages name their faults themselves.
        let hosts = if ["web", "sleep"].contains(&self.workload.as_str()) { 1 } else { items };
        own.push(format!("--hosts={hosts}"));
        if self.workload == "prices" {
            own.extend([format!("--prices-delay={seconds}"), format!("--days={items}")]);
        }
        if self.workload != "web" {
            own.extend(faults.iter().map(|fault| format!("--sick={fault}=1")));
        }
        Load { lab: Lab::start(&own), program: self, items, seconds, faults }
    }
}

impl Load<'_> {
    /// The program's arguments for all items.
    pub fn args(&self) -> Vec<String> {
        let (items, seconds) = (self.items, self.seconds);
        match self.program.workload.as_str() {
            "db" | "shapes" => {
                let urls = self.lab.file("db.urls");
                vec![format!("--urls={urls}"), format!("--query=select sleep({seconds})")]
            }
            "web" => (0..items).map(|page| self.page(page)).collect(),
            "sleep" => vec![format!("--tasks={items}"), format!("--seconds={seconds}")],
            _ => vec![self.lab.http(), format!("--days={items}")],
        }
    }

    /// The URL of a page: the first are the sick ones, and each has another size.
    pub fn page(&self, page: usize) -> String {
        let fault = self.faults.get(page);
        if fault.is_some_and(|fault| fault == "unreachable") {
            return "http://127.0.0.1:1/".to_owned();
        }
        let url = format!("{}/page/{page}", self.lab.http());
        let mut url: url::Url = url.parse().expect("a URL");
        let (seconds, size) = (self.seconds.to_string(), (1000 + page).to_string());
        url.query_pairs_mut().append_pair("delay", &seconds).append_pair("size", &size);
        if let Some(fault) = fault {
            url.query_pairs_mut().append_pair("fault", fault);
        }
        url.into()
    }

    /// Runs the program with these arguments besides.
    pub fn run(&self, args: &[&str]) -> Run {
        finish(spawn(command(&self.program.name).args(self.args()).args(args)))
    }

    /// Asserts that a run did everything, as the lab counts it too, and returns how many items were in flight at most.
    pub fn in_flight(&self, args: &[&str]) -> usize {
        let (run, what) = (self.run(args), format!("{} {args:?}", self.program));
        run.ended(self.items, 0, &what);
        if self.program.workload == "sleep" {
            let mut asleep = 0_usize;
            let counts = run.out.iter().map(|line| {
                asleep += usize::from(line.starts_with("Fetching database "));
                asleep -= usize::from(line.starts_with("Done fetching database "));
                asleep
            });
            return counts.max().unwrap_or(0);
        }
        let (counted, in_flight) = self.lab.counts();
        assert_eq!(counted, self.items as u64, "{what}: {run:?}");
        in_flight as usize
    }

    /// Runs the program under strace with these options; its trace.
    pub fn strace(&self, options: &[&str]) -> String {
        let out = self.lab.file("trace");
        let mut strace = std::process::Command::new("strace");
        let own = command(&self.program.name);
        strace.args(options).args(["-o", &out]).arg(own.get_program()).args(self.args());
        finish(spawn(&mut strace)).ended(self.items, 0, self.program);
        let files =
            self.lab.dir.path().read_dir().expect("a folder").map(|file| file.expect("a file").path());
        // With -ff there is a file for each thread, so that no call is cut in two by another thread's.
        let traces = files.filter(|file| file.to_string_lossy().starts_with(&out));
        traces.map(|file| std::fs::read_to_string(file).expect("a trace")).collect::<Vec<_>>().join("\n\n")
    }
}
