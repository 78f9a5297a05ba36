//! The lab from outside: with the clients that the programs use, and with bad ones. That programs get what they ask for,
//! and how many round trips they wait, is shown by the behaviour tests of the workspace.

mod http;
mod lab;
mod mysql;
mod process;
