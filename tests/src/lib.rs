//! The system from outside: what tests of the whole server share. It knows the server's public interface
//! only; `churn` alone knows the store's.

pub mod asker;
pub mod chance;
pub mod churn;
pub mod curl;
pub mod device;
pub mod dice;
pub mod disk;
pub mod documented;
pub mod fault;
pub mod files;
pub mod follow;
pub mod garbage;
pub mod gather;
pub mod greet;
pub mod http;
pub mod mirror;
pub mod model;
pub mod needs;
pub mod page;
pub mod person;
pub mod picture;
pub mod plain;
pub mod process;
pub mod raw;
pub mod recorder;
pub mod server;
pub mod transcript;
pub mod verbs;
pub mod world;
