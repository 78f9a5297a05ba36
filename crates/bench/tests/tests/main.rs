//! The behaviour tests, in one program: it is linked once.

mod bench;
mod copied;
mod figures;
mod hostile_http;
mod hostile_mysql;
mod lessons;
mod links;
mod mariadb;
mod models;
mod pages;
mod programs;
mod shapes;

#[test]
fn every_file_is_one_of_these() {
    let (folder, here) = (behaviour_tests::root().join("crates/bench/tests/tests"), include_str!("main.rs"));
    for entry in std::fs::read_dir(folder).unwrap() {
        let file = entry.unwrap().file_name().into_string().unwrap();
        let Some(name) = file.strip_suffix(".rs") else { continue };
        assert!(name == "main" || here.contains(&format!("mod {name};")), "{file} is in no `mod` of main.rs");
    }
}
