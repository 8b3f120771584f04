//! A scripted backend that remembers what it was asked.

mod answer;
mod connection;
mod query;
mod record;
mod respond;
mod server;
mod wire;

pub use answer::Answer;
pub use record::{Recorded, RequestHead};
pub use server::{Origin, OriginBuilder};
