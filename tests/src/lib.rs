//! The system from outside: what tests of the whole server share. It knows the server's public interface only.

pub mod needs;
pub mod page;
