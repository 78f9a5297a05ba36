//! The functions of templates and of the marked parts of documents.

use std::{collections::BTreeMap, sync::Arc};

use minijinja::{
    Environment, Error, ErrorKind, State, UndefinedBehavior, Value,
    syntax::SyntaxConfig,
    value::{Kwargs, Rest},
};

use crate::{
    columns::{self, Column},
    folder::{Folder, Group, Row},
    markdown,
    number::{self, Unit},
    source,
};

const TEMPLATES: &[(&str, &str)] = &[
    ("macros", include_str!("../templates/macros.md.j2")),
    ("machine", include_str!("../templates/machine.md.j2")),
    ("workload", include_str!("../templates/workload.md.j2")),
    ("scale", include_str!("../templates/scale.md.j2")),
    ("faults", include_str!("../templates/faults.md.j2")),
    ("network", include_str!("../templates/network.md.j2")),
    ("timeline", include_str!("../templates/timeline.md.j2")),
    ("index", include_str!("../templates/index.md.j2")),
    ("map", include_str!("../templates/map.md.j2")),
    ("compare", include_str!("../templates/compare.md.j2")),
    ("answer", include_str!("../templates/answer.md.j2")),
    ("numbers", include_str!("../templates/numbers.md.j2")),
    ("shapes", include_str!("../templates/shapes.md.j2")),
    ("write", include_str!("../templates/write.md.j2")),
];

type Outcome<T = String> = Result<T, Error>;

pub fn environment() -> Environment<'static> {
    let mut env = Environment::new();
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    env.set_syntax(syntax.expect("these are the usual delimiters"));
    env.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    env.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    env.add_function("table", table);
    env.add_function("cells", cells);
    env.add_function("fig", fig);
    env.add_function("row", |state: &State, key: String, slug: String| {
        find(state, &key, &slug).map(Value::from_object)
    });
    env.add_function("group", |state: &State, key: String| group(state, &key).map(Value::from_object));
    env.add_function("pair", pair);
    env.add_function("plot", plot);
    env.add_function("template", |state: &State, name: String| {
        state.env().get_template(&name)?.render(context(state)).map(|text| tidy(&text))
    });
    env.add_function("code", |path: String, items: Option<String>| {
        source::lines(&path, items.as_deref()).map_err(wrong)
    });
    env.add_function("diff", |old: String, new: String, items: Option<String>| {
        source::changes(&old, &new, items.as_deref()).map_err(wrong)
    });
    env.add_filter("fold", |text: String, summary: String| markdown::details(&summary, &text));
    env.add_filter("listed", |items: Vec<String>| markdown::list(&items));
    env.add_filter("unit", |value: f64, symbol: String| unit(&symbol).map(|unit| unit.text(value)));
    for (name, text) in TEMPLATES {
        env.add_template(name, text).expect("templates are tested");
    }
    env
}

/// The variables that functions look up, for a template within a template.
fn context(state: &State) -> Value {
    let names = ["machine", "machines", "groups", "plots", "docs", "matrix", "published"];
    Value::from_pairs(names.into_iter().filter_map(|name| Some((name, state.lookup(name)?))))
}

fn wrong(error: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::InvalidOperation, format!("{error:#}"))
}

fn unit(symbol: &str) -> Outcome<Unit> {
    let units = [Unit::Seconds, Unit::Millis, Unit::Micros, Unit::Mib, Unit::Kib, Unit::Percent];
    match units.into_iter().find(|unit| unit.symbol() == symbol) {
        Some(unit) => Ok(unit),
        None if symbol == "ratio" => Ok(Unit::Ratio),
        None => Err(wrong(format!("no unit is called {symbol:?}"))),
    }
}

/// `KEY` of the page's machine, or `MACHINE/KEY`.
fn group(state: &State, key: &str) -> Outcome<Group> {
    let (folder, key) = match key.split_once('/') {
        Some((name, key)) => (state.lookup("machines").and_then(|all| all.get_attr(name).ok()), key),
        None => (state.lookup("machine"), key),
    };
    let folder: Arc<Folder> = folder.and_then(|value| value.downcast_object()).ok_or_else(|| {
        wrong(format!("no machine for {key}: is there a comment `figures: MACHINE` at the top?"))
    })?;
    folder.group(key).ok_or_else(|| wrong(format!("there is no {}/raw/{key}", folder.name)))
}

fn find(state: &State, key: &str, slug: &str) -> Outcome<Row> {
    let group = group(state, key)?;
    group.row(slug).ok_or_else(|| wrong(format!("there is no row {slug} in {group:?}")))
}

fn column(name: &str) -> Outcome<&'static Column> {
    let known = || columns::COLUMNS.iter().map(|column| column.name).collect::<Vec<_>>().join(", ");
    columns::find(name).ok_or_else(|| wrong(format!("no column is called {name:?}; known are {}", known())))
}

/// `fig(row, COLUMN)` or `fig(KEY, SLUG, COLUMN)`: one figure in a sentence.
fn fig(state: &State, args: Rest<Value>) -> Outcome {
    let (row, name) = match args.as_slice() {
        [row, name] => (single(row)?, name),
        [key, slug, name] => (find(state, &key.to_string(), &slug.to_string())?, name),
        _ => return Err(wrong("fig takes a row and a column, or a key, a slug and a column")),
    };
    let column = column(&name.to_string())?;
    column.text(&row, true).ok_or_else(|| {
        wrong(format!(
            "{} of {row:?} was not measured: its status is {:?}",
            column.name,
            row.figures().status
        ))
    })
}

/// `pair(KEY, SLUG, SLUG)`: the wall time of one program ÷ that of another, where bench.toml declares what they differ in.
fn pair(state: &State, key: String, to: String, from: String) -> Outcome {
    let (to, from) = (find(state, &key, &to)?, find(state, &key, &from)?);
    let slugs = |row: &Row| row.entry().row.slug.clone();
    let pairs = to.group.pairs();
    let found = pairs.iter().find(|pair| (slugs(&pair.to), slugs(&pair.from)) == (slugs(&to), slugs(&from)));
    let declared =
        || wrong(format!("bench.toml does not say in what one thing {to:?} differs from {from:?}"));
    let ratio = found.ok_or_else(declared)?.estimate;
    Ok(number::ratio(ratio.estimate, ratio.interval))
}

/// A column of a table: a figure of the row itself, or of the same program in another group.
struct Field {
    group: Option<Group>,
    column: &'static Column,
    head: String,
}

/// `COLUMN`, `KEY:COLUMN` or `MACHINE/KEY:COLUMN`, each with `as HEAD` behind it where its head is to be another.
fn fields(state: &State, text: &str, first: Option<&Row>) -> Outcome<Vec<Field>> {
    let texts = text.split(',').map(str::trim).filter(|text| !text.is_empty());
    let mut fields = Vec::new();
    for text in texts {
        let (field, head) = text.split_once(" as ").map_or((text, None), |(field, head)| (field, Some(head)));
        let (key, name) = field.split_once(':').map_or((None, field), |(key, name)| (Some(key), name));
        let group = key.map(|key| group(state, key)).transpose()?;
        let column = column(name)?;
        let reference = group.as_ref().or(first.map(|row| &row.group));
        let reference = reference.map_or(String::new(), |group| group.data().workload.reference.clone());
        let full = match column.unit.symbol() {
            _ if column.head.ends_with("MiB") => column.head.to_owned(),
            "" => column.head.replace("{reference}", &reference),
            symbol => format!("{}, {symbol}", column.head),
        };
        let head = head.map_or(full, str::to_owned);
        fields.push(Field { group, column, head });
    }
    Ok(fields)
}

impl Field {
    fn row(&self, row: &Row) -> Option<Row> {
        match &self.group {
            Some(group) => group.same(row),
            None => Some(row.clone()),
        }
    }
}

fn single(row: &Value) -> Outcome<Row> {
    row.downcast_object_ref::<Row>().cloned().ok_or_else(|| wrong(format!("{row} is no row")))
}

/// Rows as they are, or by their slugs in the first of `groups` that has them.
fn rows_of(rows: &Value, groups: &[Group]) -> Outcome<Vec<Row>> {
    let Some(slugs) = rows.as_str() else { return rows.try_iter()?.map(|row| single(&row)).collect() };
    let find = |slug: &str| {
        let found = groups.iter().find_map(|group| group.row(slug));
        found.ok_or_else(|| wrong(format!("there is no row {slug} in {groups:?}")))
    };
    slugs.split(',').map(str::trim).map(find).collect()
}

/// The cells of a row: a program that did not run says so once in each group.
fn row_cells(fields: &[Field], row: &Row) -> Vec<String> {
    let mut said: Vec<Option<String>> = Vec::new();
    let cell = |field: &Field| {
        let Some(row) = field.row(row) else { return "–".to_owned() };
        if row.figures().is_ok() || matches!(field.column.name, "program" | "label") {
            return field.column.text(&row, false).unwrap_or("–".to_owned());
        }
        let key = field.group.as_ref().map(|group| format!("{group:?}"));
        if said.contains(&key) {
            return String::new();
        }
        said.push(key);
        row.outcome()
    };
    fields.iter().map(cell).collect()
}

/// `table(ROWS, COLUMNS)`: a row for each program; columns without any figure are left out.
fn table(state: &State, rows: Value, columns: String) -> Outcome {
    let groups = fields(state, &columns, None)?.into_iter().filter_map(|field| field.group);
    let rows = rows_of(&rows, &groups.collect::<Vec<_>>())?;
    let fields = fields(state, &columns, rows.first())?;
    let cells: Vec<Vec<String>> = rows.iter().map(|row| row_cells(&fields, row)).collect();
    let any = |place: &usize| cells.iter().any(|cells| !matches!(cells[*place].as_str(), "–" | ""));
    let kept: Vec<usize> = (0..fields.len()).filter(any).collect();
    if kept.is_empty() {
        return Ok(String::new());
    }
    let cells = cells.iter().map(|cells| kept.iter().map(|&place| cells[place].clone()).collect());
    Ok(markdown::table(kept.iter().map(|&place| fields[place].head.clone()).collect(), cells))
}

/// `cells(row, COLUMNS)`: the cells of one row, for a table whose other columns are words.
fn cells(state: &State, row: Value, columns: String) -> Outcome {
    let row = single(&row)?;
    Ok(row_cells(&fields(state, &columns, Some(&row))?, &row).join(" | "))
}

/// `plot(NAME…, right=true)`: those of the page's pictures that there are; two stand beside each other where the page is wide
/// enough. `right`: the text that follows stands beside it.
fn plot(state: &State, names: Rest<String>, options: Kwargs) -> Outcome {
    let folder: Option<Arc<Folder>> = state.lookup("machine").and_then(|value| value.downcast_object());
    let folder = folder.ok_or_else(|| wrong("no machine for a picture"))?;
    let base = state.lookup("plots").map_or(String::new(), |base| base.to_string());
    let align = if options.get::<Option<bool>>("right")? == Some(true) { "align=\"right\" " } else { "" };
    options.assert_all_used()?;
    let plots = names.iter().filter_map(|name| folder.plots().iter().find(|plot| plot.name == *name));
    let plots: Vec<_> = plots.collect();
    let pictures = plots.iter().map(|plot| match plots.len() {
        1 if align.is_empty() => format!("![{}]({base}{}.svg)\n", plot.alt, plot.name),
        // In pixels, so that they stand below each other on a phone.
        _ => format!("<img {align}width=\"400\" alt=\"{}\" src=\"{base}{}.svg\">\n", plot.alt, plot.name),
    });
    Ok(pictures.collect())
}

/// A template with its variables, as the text of a file.
pub fn render(env: &Environment, template: &str, variables: BTreeMap<&str, Value>) -> anyhow::Result<String> {
    Ok(tidy(&env.get_template(template)?.render(Value::from_pairs(variables))?))
}

/// No empty line but one between two paragraphs.
fn tidy(text: &str) -> String {
    let mut lines: Vec<&str> = Vec::new();
    for line in text.trim().lines().map(str::trim_end) {
        if !line.is_empty() || lines.last().is_some_and(|last| !last.is_empty()) {
            lines.push(line);
        }
    }
    lines.join("\n") + "\n"
}
