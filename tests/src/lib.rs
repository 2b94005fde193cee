//! The system from outside: what tests of the whole server share. It knows the server's public interface
//! only; `churn` alone knows the store's.

pub mod churn;
pub mod dice;
pub mod disk;
pub mod fault;
pub mod needs;
pub mod page;
pub mod process;
pub mod recorder;
