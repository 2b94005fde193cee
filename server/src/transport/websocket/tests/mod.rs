//! The life of a socket, seen by a client over a pipe in memory, with rows of the method table that do as the test
//! says. The client's own WebSocket code is tungstenite's, so both sides are not wrong in the same way.

mod calls;
mod ends;
mod frames;
mod pressure;
mod rig;
