//! The programs of the matrix, for tools that build them, test them or show them side by side.

use crate::matrix::{AtOnce, Matrix};

/// A program as `make bench` runs it by default, for the tests that run over the matrix.
#[derive(Clone, Debug)]
pub struct Program {
    pub workload: String,
    /// Package and binary, or a file of `scripts/python`.
    pub name: String,
    /// Whether it is one of the articles' own, in Python.
    pub python: bool,
    pub model: String,
    pub at_once: AtOnce,
    /// The folder of the program to read beside it, where its workload has one.
    pub neighbour: Option<String>,
}

impl Program {
    /// The name of its folder: its model's, or a variant's, such as `tokio-mini`.
    pub fn folder(&self) -> &str {
        self.name.strip_prefix(&self.workload).map_or(&self.name, |folder| folder.trim_start_matches('-'))
    }
}

impl Matrix {
    /// The programs of all studies, each once, as they run without a bound of the row's own, in the order of the models. No
    /// control.
    pub fn programs(&self) -> Vec<Program> {
        let mut programs: Vec<Program> = Vec::new();
        for spec in self.studies.iter().flat_map(|study| &study.workloads) {
            for (row, python) in spec.all_rows() {
                let known = programs.iter().any(|program| program.name == row.program);
                if known || row.control.is_some() || row.args.iter().any(|arg| arg.contains('{')) {
                    continue;
                }
                programs.push(Program {
                    workload: spec.name.clone(),
                    name: row.program.clone(),
                    python,
                    model: row.model.clone(),
                    at_once: row.at_once,
                    neighbour: None,
                });
            }
        }
        programs.sort_by_key(|program| {
            let model = self.models.iter().position(|model| model.name == program.model);
            (model, program.folder() != program.model)
        });
        let beside = |program: &Program| self.neighbour(program, &programs);
        programs.iter().map(|program| Program { neighbour: beside(program), ..program.clone() }).collect()
    }

    /// The first of its model's neighbours that the workload has. A variant stands beside its model's own program.
    fn neighbour(&self, program: &Program, programs: &[Program]) -> Option<String> {
        let model = self.models.iter().find(|model| model.name == program.model && !model.baseline)?;
        let own = [model.name.clone()];
        let folders = if program.folder() == model.name { model.neighbour.as_slice() } else { &own };
        let has = |folder: &str| {
            programs.iter().any(|other| other.workload == program.workload && other.folder() == folder)
        };
        folders.iter().find(|folder| has(folder)).cloned()
    }
}
