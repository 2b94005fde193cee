//! What must survive: crashes, power cuts, full and failing disks, and the server's own end. Every proof is tried both
//! ways: with a deliberate defect in the program the same check must find something.
#![allow(missing_docs)]

mod crash;
mod drain;
mod full_disk;
mod media;
mod power_cut;
mod store_failing_disk;
mod store_power_cut;
mod store_writer;
