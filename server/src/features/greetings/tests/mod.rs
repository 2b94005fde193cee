//! The greetings room on a store in memory.

mod cards;
