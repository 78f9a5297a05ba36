//! The behaviour tests, in one program: it is linked once.

mod bench;
mod copied;
mod figures;
mod hostile;
mod lessons;
mod mariadb;
mod models;
mod pages;
mod programs;
mod shapes;
