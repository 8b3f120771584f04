//! The REST face of gateway-config, in the contract of Microsoft.ApiManagement.
//!
//! [`start`] serves the long paths of Azure Resource Manager and the alias `/apim` with one set of
//! handlers, over TLS, to holders of a bearer token. Changes go to a [`plane::ControlPlane`]; a
//! client is answered when its change is durable and served.

mod action;
pub mod audit;
mod auth;
mod body;
mod change;
mod entity;
mod envelope;
mod error;
pub mod etag;
pub mod explain;
pub mod filter;
mod handle;
mod history;
mod json;
mod list;
pub mod plane;
mod policy_format;
pub mod query;
mod reply;
mod running;
mod server;
mod settings;
pub mod target;
mod transaction;

pub use auth::{AdminToken, Role, SHORTEST_TOKEN};
pub use server::{AdminServer, start};
pub use settings::{AdminSettings, Limits, StartError};
pub use target::ServiceIdentity;
