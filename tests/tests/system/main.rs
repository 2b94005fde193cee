//! Stories of people on one server, each told over gRPC, WebSocket with Protobuf and WebSocket with JSON; what must hold
//! whatever people do; and what happens to those who misbehave.

mod access;
mod changing;
mod chatting;
mod following;
mod friends;
mod gathering;
mod golden;
mod greeting;
mod hostile;
mod kinds;
mod limits;
mod media;
mod model;
mod order;
mod outside;
mod passing;
mod place;
mod proofs;
mod qr;
mod readers;
mod reports;
mod sanctions;
mod sessions;
mod sign_in_by_code;
mod shaking;
mod signing_in;
mod story;
mod temporary;
