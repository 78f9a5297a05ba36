//! The lab from outside: with the clients that the programs use, and with bad ones.

mod clients;
mod http;
mod lab;
mod network;
mod process;
mod protocol;
mod trace;
