//! The program by its command line, on results that were recorded by the real tools.

mod compare;
mod folder;
mod report;
mod repository;
