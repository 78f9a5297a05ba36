//! Results as templates see them: a folder has groups, a group has rows, a row has figures.

use std::{
    fmt,
    path::Path,
    sync::{Arc, OnceLock},
};

use anyhow::Result;
use bench_data::{
    matrix::Matrix,
    measurement::Measurement,
    results::{self, Entry, Results},
    stats::{Estimate, RELEVANT_MS, RELEVANT_RATIO, Verdict},
    workload::{Control, Vary},
};
use minijinja::{
    Value,
    value::{Object, ObjectRepr, Serde},
};

use crate::{
    columns::{self, Figure},
    number::{self, Unit},
    plots::{self, Plot},
};

/// One results directory.
pub struct Folder {
    pub name: String,
    pub results: Results,
    plots: OnceLock<Vec<Plot>>,
}

impl Folder {
    pub fn read(path: &Path) -> Result<Arc<Self>> {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let results = Results::read(path, &Matrix::read(Path::new("bench.toml"))?.models)?;
        Ok(Arc::new(Folder { name, results, plots: OnceLock::new() }))
    }

    /// Its pictures, drawn once.
    pub fn plots(self: &Arc<Self>) -> &[Plot] {
        self.plots.get_or_init(|| plots::all(self))
    }

    pub fn groups(self: &Arc<Self>) -> Vec<Group> {
        (0..self.results.groups.len()).map(|index| Group { folder: Arc::clone(self), index }).collect()
    }

    pub fn group(self: &Arc<Self>, key: &str) -> Option<Group> {
        self.groups().into_iter().find(|group| group.data().workload.key == key)
    }
}

/// A workload of one study at one size, with one fault or none, over one network or none.
#[derive(Clone)]
pub struct Group {
    pub folder: Arc<Folder>,
    index: usize,
}

impl Group {
    pub fn data(&self) -> &results::Group {
        &self.folder.results.groups[self.index]
    }

    pub fn rows(&self) -> impl Iterator<Item = Row> {
        (0..self.data().entries.len()).map(|index| Row { group: self.clone(), index })
    }

    /// Its row with this folder; `{size}` in it stands for the number of items.
    pub fn row(&self, slug: &str) -> Option<Row> {
        let slug = slug.replace("{size}", &self.data().workload.size.to_string());
        self.rows().find(|row| row.entry().row.slug == slug)
    }

    /// The same program in this group, with as many items in flight as it has there.
    pub fn same(&self, row: &Row) -> Option<Row> {
        let label = row.label();
        self.rows()
            .find(|other| other.label() == label && other.entry().row.control == row.entry().row.control)
    }

    /// Its page without `.md`.
    pub fn page(&self) -> &str {
        let workload = &self.data().workload;
        match workload.vary {
            Vary::Nothing | Vary::Server => &workload.name,
            _ => &workload.study,
        }
    }

    /// In a word, what tells it from the others of its study.
    pub fn condition(&self) -> String {
        let workload = &self.data().workload;
        match (&workload.fault, workload.rtt_s) {
            (Some(fault), _) => fault.title.clone(),
            (None, Some(rtt)) => format!("{} ms", (rtt * 1e6).round() / 1e3),
            (None, None) if workload.vary == Vary::Size => workload.size.to_string(),
            (None, None) => workload.key.clone(),
        }
    }
}

/// Two programs that differ in one thing only, as bench.toml declares.
#[derive(Debug)]
pub struct Pair {
    pub from: Row,
    pub to: Row,
    what: String,
    /// Wall time of `to` ÷ that of `from`, in the rounds of the first sitting; of what only waits, milliseconds more.
    pub estimate: Estimate,
}

impl Group {
    pub fn pairs(&self) -> Vec<Pair> {
        let workload = &self.data().workload;
        let pair = |to: Row| {
            let difference = to.entry().row.differs.clone()?;
            let from = self.rows().find(|row| row.entry().row.program == difference.from)?;
            let confidence = results::confidence(workload, to.entry().row.python);
            let pairs = results::Pairs::new(&self.data().sittings[0], &to.entry().row, &from.entry().row);
            let estimate = match workload.only_waits {
                true => pairs.difference_ms(confidence)?,
                false => pairs.ratio(confidence)?,
            };
            Some(Pair { from, to, what: difference.what, estimate })
        };
        self.rows().filter(|row| row.figures().is_ok()).filter_map(pair).collect()
    }
}

impl Object for Pair {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let interval = self.estimate.interval;
        let only_waits = self.to.group.data().workload.only_waits;
        Some(match key.as_str()? {
            "from" => Value::from_object(self.from.clone()),
            "to" => Value::from_object(self.to.clone()),
            "what" => Value::from(&self.what),
            "ratio" if only_waits => Value::from(number::more_ms(self.estimate.estimate, interval)),
            "ratio" => Value::from(number::ratio(self.estimate.estimate, interval)),
            "verdict" => {
                let band = if only_waits { RELEVANT_MS } else { RELEVANT_RATIO };
                Value::from(interval.map_or("–", |interval| Verdict::of(&interval, &band).word()))
            }
            // How much it may differ either way, in percent.
            "limit" => {
                Value::from((100.0 * (interval?.high - 1.0).abs().max((interval?.low - 1.0).abs())).ceil())
            }
            _ => return None,
        })
    }
}

/// A program in a group.
#[derive(Clone)]
pub struct Row {
    pub group: Group,
    index: usize,
}

impl Row {
    pub fn entry(&self) -> &Entry {
        &self.group.data().entries[self.index]
    }

    pub fn figures(&self) -> &Measurement {
        &self.entry().figures
    }

    pub fn is_reference(&self) -> bool {
        let entry = self.entry();
        entry.row.program == self.group.data().workload.reference && entry.row.control.is_none()
    }

    pub fn is_baseline(&self) -> bool {
        self.group.data().workload.is_baseline(&self.entry().row)
    }

    /// Its name and arguments, `N` where one is the number of items.
    pub fn label(&self) -> String {
        let program = &self.entry().row.program;
        let size = format!(" {}", self.group.data().workload.size);
        program.strip_suffix(&size).map_or(program.clone(), |program| format!("{program} N"))
    }

    /// Its name within its workload, and how many it has in flight where its arguments say so.
    pub fn way(&self) -> String {
        let row = &self.entry().row;
        match row.program.contains(' ') {
            _ if row.python => row.program.clone(),
            true if row.at_once == self.group.data().workload.size => {
                format!("{}, all at once", row.bare_name())
            }
            true => format!("{}, {} at once", row.bare_name(), row.at_once),
            false => row.bare_name().to_owned(),
        }
    }

    /// Whether an argument keeps fewer items in flight than the workload has.
    pub fn is_bounded(&self) -> bool {
        let row = &self.entry().row;
        row.program.contains("--concurrency") && row.at_once < self.group.data().workload.size
    }

    /// Why it has no figures, in a word.
    pub fn outcome(&self) -> String {
        match self.entry().row.skip {
            Some(_) => {
                format!("limit {}", Unit::Seconds.text(self.entry().row.limit_s)).replace(' ', "\u{a0}")
            }
            None => self.figures().outcome().to_owned(),
        }
    }
}

impl fmt::Debug for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/raw/{}", self.folder.name, self.data().workload.key)
    }
}

impl fmt::Debug for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}/{}", self.group, self.entry().row.slug)
    }
}

fn objects<T: Object + 'static>(items: impl IntoIterator<Item = T>) -> Value {
    items.into_iter().map(Value::from_object).collect()
}

impl Object for Folder {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let machine = &self.results.machine;
        Some(match key.as_str()? {
            "name" => Value::from(&self.name),
            "groups" => objects(self.groups()),
            "sittings" => Value::from(self.results.groups.iter().map(|g| g.sittings.len()).max()),
            field => {
                Value::from(Serde(machine)).get_attr(field).ok().filter(|value| !value.is_undefined())?
            }
        })
    }
}

impl fmt::Debug for Folder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.name)
    }
}

impl Object for Group {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let data = self.data();
        let facts = data.facts();
        let rounds = data.sittings.iter().flat_map(|sitting| &sitting.rounds);
        Some(match key.as_str()? {
            // The programs in Rust: models, then what they are set against.
            "rows" => {
                let mut rows: Vec<Row> = self
                    .rows()
                    .filter(|row| !row.entry().row.python && row.entry().row.control.is_none())
                    .collect();
                rows.sort_by_key(Row::is_baseline);
                objects(rows)
            }
            "all" => objects(self.rows().filter(|row| row.entry().row.control.is_none())),
            "pairs" => objects(self.pairs()),
            "python" => objects(self.rows().filter(|row| row.entry().row.python && row.figures().is_ok())),
            "same" => control(self, Control::Same)?,
            "planted" => control(self, Control::Planted)?,
            "reference" => {
                Value::from_object(self.rows().find(|row| row.is_reference() && row.figures().is_ok())?)
            }
            "reference_name" => Value::from(&data.workload.reference),
            "page" => Value::from(self.page()),
            "condition" => Value::from(self.condition()),
            "facts" => Value::from(Serde(facts)),
            "wait" => Value::from(format!("{} s", data.workload.latency_s)),
            "day" => Value::from(facts.day()),
            "commit" => Value::from(facts.version_for_people()),
            "last" => Value::from(&data.sittings[data.sittings.len() - 1].facts.date),
            "sittings" => Value::from(data.sittings.len()),
            "timed" => Value::from(rounds.count()),
            "disturbed" => Value::from(rounds.filter(|round| round.disturbed()).count()),
            "again" => Value::from(rounds.filter(|round| round.tries > 1 && !round.disturbed()).count()),
            "server" => Value::from(data.workload.server.as_ref()?.name()),
            field => Value::from(Serde(&data.workload))
                .get_attr(field)
                .ok()
                .filter(|value| !value.is_undefined() && !value.is_none())?,
        })
    }
}

fn control(group: &Group, control: Control) -> Option<Value> {
    let mut rows = group.rows().filter(|row| row.figures().is_ok());
    rows.find(|row| row.entry().row.control == Some(control)).map(Value::from_object)
}

impl Object for Row {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let row = &self.entry().row;
        Some(match key.as_str()? {
            "group" => Value::from_object(self.group.clone()),
            "name" => Value::from(row.bare_name()),
            "way" => Value::from(self.way()),
            "code" => Value::from(format!("`{}`", row.program)),
            "label" => Value::from(self.label()),
            "is_reference" => Value::from(self.is_reference()),
            "program" => Value::from(&row.program),
            "slug" => Value::from(&row.slug),
            "model" => Value::from(&row.model),
            "ok" => Value::from(self.figures().is_ok()),
            "status" => Value::from(&self.figures().status),
            "outcome" => Value::from(self.outcome()),
            "differs" => Value::from(columns::differs(self.figures())? > 0.0),
            "bounded" => Value::from(self.is_bounded()),
            "baseline" => Value::from(self.is_baseline()),
            "plain" => Value::from(!row.program.contains(' ')),
            "at_once" => Value::from(row.at_once),
            "limit_s" => Value::from(row.limit_s),
            "count_latency_s" => Value::from(row.short.as_ref().filter(|_| !row.count.is_empty())?.latency_s),
            column => match (columns::find(column)?.value)(self)? {
                Figure::Number(value) | Figure::Ratio(value, _) => Value::from(value),
                Figure::Text(text) => Value::from(text),
            },
        })
    }
}
