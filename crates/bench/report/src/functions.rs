//! The functions of templates and of the marked parts of documents.

use minijinja::{
    Environment, Error, ErrorKind, State, UndefinedBehavior, Value, context,
    syntax::SyntaxConfig,
    value::{Kwargs, Rest},
};

use crate::{
    columns::{self, Column},
    markdown,
    number::Unit,
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
    env.add_function("table", table);
    env.add_function("cells", |state: &State, row: Value, columns: String| {
        Ok::<_, Error>(row_cells(&fields(state, &columns)?, &row).join(" | "))
    });
    env.add_function("fig", fig);
    env.add_function("row", |state: &State, key: String, slug: String| row(&group(state, key)?, &slug));
    env.add_function("group", group);
    env.add_function("pair", pair);
    env.add_function("plot", plot);
    env.add_function("template", |state: &State, name: String| {
        let [machine, machines, plots] = ["machine", "machines", "plots"].map(|name| state.lookup(name));
        state.env().get_template(&name)?.render(context! { machine, machines, plots })
    });
    env.add_function("code", |path: String, items: Option<String>| {
        source::lines(&path, items.as_deref()).map_err(wrong)
    });
    env.add_function("diff", |old: String, new: String, items: Option<String>| {
        source::changes(&old, &new, items.as_deref()).map_err(wrong)
    });
    env.add_filter("fold", |text: String, summary: String| markdown::details(&summary, &text));
    env.add_filter("listed", |items: Vec<String>| markdown::list(&items));
    env.add_filter("unit", |value: f64, symbol: String| {
        let unit = Unit::named(&symbol).ok_or_else(|| wrong(format!("no unit is called {symbol:?}")))?;
        Ok::<_, Error>(unit.text(value))
    });
    env.add_filter("for_each", for_each);
    for (name, text) in TEMPLATES {
        env.add_template(name, text).expect("templates are tested");
    }
    env
}

fn wrong(error: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::InvalidOperation, format!("{error:#}"))
}

/// Undefined where there is none.
pub fn attr(value: &Value, name: &str) -> Value {
    value.get_attr(name).unwrap_or_default()
}

fn found(value: Value, otherwise: impl FnOnce() -> String) -> Outcome<Value> {
    if value.is_undefined() { Err(wrong(otherwise())) } else { Ok(value) }
}

/// `groups | for_each("{key}:wall as {condition}")`: columns of a table, some from each group.
fn for_each(groups: Vec<Value>, columns: String) -> String {
    let fill = |group: &Value| {
        ["machine", "key", "condition", "page"].iter().fold(columns.clone(), |columns, name| {
            columns.replace(&format!("{{{name}}}"), &attr(group, name).to_string())
        })
    };
    groups.iter().map(fill).collect::<Vec<_>>().join(", ")
}

/// `KEY` of the page's machine, or `MACHINE/KEY`.
fn group(state: &State, key: String) -> Outcome<Value> {
    let lookup = |name| state.lookup(name).unwrap_or_default();
    let (machine, key) = match key.split_once('/') {
        Some((name, key)) => (attr(&lookup("machines"), name), key),
        None => (lookup("machine"), key.as_str()),
    };
    let machine = found(machine, || {
        format!("no machine for {key}: is there a comment `figures: MACHINE` at the top?")
    })?;
    found(attr(&attr(&machine, "by_key"), key), || {
        format!("there is no {}/raw/{key}", attr(&machine, "name"))
    })
}

/// A row by the name of its folder; `{size}` in it stands for the number of items.
fn row(group: &Value, slug: &str) -> Outcome<Value> {
    let slug = slug.replace("{size}", &attr(group, "size").to_string());
    found(attr(&attr(group, "by_slug"), &slug), || {
        format!("there is no row {slug} in {}", attr(group, "folder"))
    })
}

fn column(name: &str) -> Outcome<&'static Column> {
    let known = || columns::COLUMNS.iter().map(|column| column.name).collect::<Vec<_>>().join(", ");
    columns::find(name).ok_or_else(|| wrong(format!("no column is called {name:?}; known are {}", known())))
}

/// `fig(row, COLUMN)` or `fig(KEY, SLUG, COLUMN)`: one figure in a sentence.
fn fig(state: &State, args: Rest<Value>) -> Outcome {
    let (row, name) = match args.as_slice() {
        [row, name] => (row.clone(), name.to_string()),
        [key, slug, name] => (row(&group(state, key.to_string())?, &slug.to_string())?, name.to_string()),
        _ => return Err(wrong("fig takes a row and a column, or a key, a slug and a column")),
    };
    column(&name)?;
    let [cell, text] = ["cells", "texts"].map(|figures| attr(&attr(&row, figures), &name));
    if cell.as_str() == Some(columns::NOT_MEASURED) {
        return Ok("(not measured this way)".to_owned());
    }
    let [folder, status] = ["folder", "status"].map(|name| attr(&row, name));
    let text = found(text, || format!("{name} of {folder} was not measured: its status is {status:?}"))?;
    Ok(text.to_string())
}

/// `pair(KEY, SLUG, SLUG)`: the wall time of one program ÷ that of another, where bench.toml declares what they differ in.
fn pair(state: &State, key: String, to: String, from: String) -> Outcome<Value> {
    let group = group(state, key)?;
    let (to, from) = (row(&group, &to)?, row(&group, &from)?);
    let is = |pair: &Value, end, row| attr(&attr(pair, end), "slug") == attr(row, "slug");
    let pair = attr(&group, "pairs").try_iter()?.find(|pair| is(pair, "to", &to) && is(pair, "from", &from));
    found(attr(&pair.unwrap_or_default(), "ratio"), || {
        let [to, from] = [&to, &from].map(|row| attr(row, "folder"));
        format!("bench.toml does not say in what one thing {to} differs from {from}")
    })
}

/// A column of a table: a figure of the row itself, or of the same program in another group.
struct Field {
    group: Option<Value>,
    column: &'static Column,
    head: String,
}

/// `COLUMN`, `KEY:COLUMN` or `MACHINE/KEY:COLUMN`, each with `as HEAD` behind it where its head is to be another.
fn fields(state: &State, text: &str) -> Outcome<Vec<Field>> {
    let field = |text: &str| {
        let (field, head) = text.split_once(" as ").map_or((text, None), |(field, head)| (field, Some(head)));
        let (key, name) = field.split_once(':').map_or((None, field), |(key, name)| (Some(key), name));
        let group = key.map(|key| group(state, key.to_owned())).transpose()?;
        let column = column(name)?;
        let usual = match column.unit.symbol() {
            "" => column.head.to_owned(),
            symbol => format!("{}, {symbol}", column.head),
        };
        Ok(Field { group, column, head: head.map_or(usual, str::to_owned) })
    };
    text.split(',').map(str::trim).filter(|text| !text.is_empty()).map(field).collect()
}

/// The cells of a row: a program that did not run says so once in each group.
fn row_cells(fields: &[Field], row: &Value) -> Vec<String> {
    let mut said: Vec<Value> = Vec::new();
    let cell = |field: &Field| {
        // In its own workload it has the same name, in another the same model.
        let twin = |group: &Value| {
            let names = ["label", "way"].map(|name| attr(row, name).to_string());
            let mut twins = names.iter().map(|name| attr(&attr(group, "by_name"), name));
            twins.find(|twin| !twin.is_undefined()).unwrap_or_default()
        };
        let row = field.group.as_ref().map_or(row.clone(), twin);
        let (cell, folder) = (attr(&attr(&row, "cells"), field.column.name), attr(&row, "folder"));
        match cell.as_str() {
            Some(cell) => cell.to_owned(),
            None if row.is_undefined() => "–".to_owned(),
            None if said.contains(&folder) => String::new(),
            None => {
                said.push(folder);
                attr(&row, "outcome").to_string()
            }
        }
    };
    fields.iter().map(cell).collect()
}

/// `table(ROWS, COLUMNS)`: a row for each program; columns without any figure are left out. Rows are given as they are, or
/// by their slugs in the first group among the columns that has them.
fn table(state: &State, rows: Value, columns: String) -> Outcome {
    let fields = fields(state, &columns)?;
    let named = |slug: &str| {
        let row = fields.iter().find_map(|field| row(field.group.as_ref()?, slug).ok());
        row.ok_or_else(|| wrong(format!("there is no row {slug} for {columns:?}")))
    };
    let rows: Vec<Value> = match rows.as_str() {
        Some(slugs) => slugs.split(',').map(str::trim).map(named).collect::<Outcome<_>>()?,
        None => rows.try_iter()?.collect(),
    };
    let cells: Vec<Vec<String>> = rows.iter().map(|row| row_cells(&fields, row)).collect();
    let any = |place: &usize| cells.iter().any(|cells| !matches!(cells[*place].as_str(), "–" | ""));
    let kept: Vec<usize> = (0..fields.len()).filter(any).collect();
    if kept.is_empty() {
        return Ok(String::new());
    }
    let head = |&place: &usize| {
        let Field { group, head, .. } = &fields[place];
        head.replace("{reference}", &attr(group.as_ref().unwrap_or(&rows[0]), "reference_name").to_string())
    };
    let cells = cells.iter().map(|cells| kept.iter().map(|&place| cells[place].clone()).collect());
    Ok(markdown::table(kept.iter().map(head).collect(), cells))
}

/// `plot(NAME…, right=true)`: those of the page's pictures that there are; two stand beside each other where the page is wide
/// enough. `right`: the text that follows stands beside it.
fn plot(state: &State, names: Rest<String>, options: Kwargs) -> Outcome {
    let [machine, base] = ["machine", "plots"].map(|name| state.lookup(name).unwrap_or_default());
    let alts = attr(&found(machine, || "no machine for a picture".to_owned())?, "plots");
    let align = if options.get::<Option<bool>>("right")? == Some(true) { "align=\"right\" " } else { "" };
    options.assert_all_used()?;
    let plots = names.iter().map(|name| (name, attr(&alts, name))).filter(|(_, alt)| !alt.is_undefined());
    let plots: Vec<_> = plots.collect();
    let pictures = plots.iter().map(|(name, alt)| match plots.len() {
        1 if align.is_empty() => format!("![{alt}]({base}{name}.svg)\n"),
        // In pixels, so that they stand below each other on a phone.
        _ => format!("<img {align}width=\"400\" alt=\"{alt}\" src=\"{base}{name}.svg\">\n"),
    });
    Ok(pictures.collect())
}

/// A template with its variables, as the text of a file.
pub fn render(env: &Environment, template: &str, variables: Value) -> anyhow::Result<String> {
    Ok(tidy(&env.get_template(template)?.render(variables)?))
}

/// No empty line but one between two paragraphs; below a table that needs it, the meaning of its mark.
pub fn tidy(text: &str) -> String {
    let mut lines: Vec<&str> = Vec::new();
    let mut is_marked = false;
    for line in text.trim().lines().map(str::trim_end).chain([""]) {
        if is_marked && !line.starts_with('|') {
            lines.extend(["", "† No run of these results measured this."]);
            is_marked = false;
        }
        is_marked |= line.starts_with('|') && line.contains(columns::NOT_MEASURED);
        if !line.is_empty() || lines.last().is_some_and(|last| !last.is_empty()) {
            lines.push(line);
        }
    }
    lines.join("\n").trim_end().to_owned() + "\n"
}
