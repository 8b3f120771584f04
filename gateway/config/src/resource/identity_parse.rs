//! Reading a whole identity list from a stream: a million identities without a tree of JSON values.

use std::cell::RefCell;
use std::collections::HashSet;
use std::io::Read;
use std::sync::Arc;

use serde::de::DeserializeSeed as _;
use serde_json::Value;

use super::accept::FieldProblem;
use super::identity_list::Identity;
use super::identity_visit::ListSeed;
use super::thumbprint;
use crate::change::ParsedList;

/// How much of a list is read.
#[derive(Debug, Clone, Copy)]
pub struct ListLimits {
    /// Most identities.
    pub identities: usize,
    /// Most problems reported; more would help nobody.
    pub problems: usize,
}

impl Default for ListLimits {
    fn default() -> Self {
        Self {
            identities: 5_000_000,
            problems: 100,
        }
    }
}

/// Reads the body of `PUT identityLists/{id}` as it arrives.
///
/// # Errors
///
/// Every problem by property (`identities[17].thumbprint`), or why the body is not JSON.
pub fn parse_list(reader: impl Read, limits: ListLimits) -> Result<ParsedList, Vec<FieldProblem>> {
    let mut json = serde_json::Deserializer::from_reader(std::io::BufReader::new(reader));
    let state = State::new(limits);
    let read = ListSeed { state: &state }
        .deserialize(&mut json)
        .and_then(|()| json.end());
    state.finish(read.err())
}

/// The same for a body that is already JSON, e.g. in a transaction.
///
/// # Errors
///
/// As [`parse_list`].
pub fn parse_list_value(body: &Value, limits: ListLimits) -> Result<ParsedList, Vec<FieldProblem>> {
    let state = State::new(limits);
    let read = ListSeed { state: &state }.deserialize(body);
    state.finish(read.err())
}

/// What has been read so far.
pub(super) struct State {
    pub(super) limits: ListLimits,
    pub(super) description: RefCell<Arc<str>>,
    members: RefCell<Vec<(Arc<str>, Identity)>>,
    /// Lower-case names: they compare without regard to case.
    names: RefCell<HashSet<Arc<str>>>,
    problems: RefCell<Vec<FieldProblem>>,
    pub(super) has_identities: RefCell<bool>,
    pub(super) has_properties: RefCell<bool>,
}

/// Ends the reading early; the problem is already noted.
pub(super) const STOP: &str = "stop";

impl State {
    fn new(limits: ListLimits) -> Self {
        Self {
            limits,
            description: RefCell::new(Arc::from("")),
            members: RefCell::default(),
            names: RefCell::default(),
            problems: RefCell::default(),
            has_identities: RefCell::new(false),
            has_properties: RefCell::new(false),
        }
    }

    /// Notes a problem; false once there are enough of them.
    pub(super) fn problem(&self, target: impl Into<String>, message: impl Into<String>) -> bool {
        let mut problems = self.problems.borrow_mut();
        problems.push(FieldProblem::new(target, message));
        problems.len() < self.limits.problems
    }

    fn finish(self, error: Option<serde_json::Error>) -> Result<ParsedList, Vec<FieldProblem>> {
        let mut problems = self.problems.into_inner();
        match error {
            Some(error) if error.to_string().starts_with(STOP) => {}
            Some(error) => {
                // An error of the reader (too large, interrupted) says what it is.
                let message = if error.is_io() {
                    format!("The body could not be read: {error}.")
                } else {
                    format!("The body is not the JSON of an identity list: {error}.")
                };
                problems.push(FieldProblem::new("", message));
            }
            None if !self.has_properties.into_inner() => {
                problems.push(FieldProblem::new("properties", "`properties` is required."));
            }
            // What GET gives may leave the members of a long list out; putting that back must not
            // empty the list.
            None if !self.has_identities.into_inner() => problems.push(FieldProblem::new(
                "identities",
                "`identities` is required; send [] to empty the list, or PATCH the description.",
            )),
            None => {}
        }
        if problems.is_empty() {
            Ok(ParsedList {
                description: self.description.into_inner(),
                members: self.members.into_inner(),
            })
        } else {
            Err(problems)
        }
    }

    /// Takes the member at `index`. Errors end the reading.
    pub(super) fn take(
        &self,
        index: usize,
        name: Option<Arc<str>>,
        identity: Identity,
    ) -> Result<(), ()> {
        let Some(name) = name.or_else(|| generated(&identity)) else {
            let place = format!("identities[{index}].name");
            let message = "`name` is required for an identity without a thumbprint.";
            return self.problem(place, message).then_some(()).ok_or(());
        };
        let key = if name.chars().any(char::is_uppercase) {
            Arc::from(name.to_lowercase())
        } else {
            Arc::clone(&name)
        };
        if !self.names.borrow_mut().insert(key) {
            let message = format!("There is another identity named `{name}`.");
            return self
                .problem(format!("identities[{index}].name"), message)
                .then_some(())
                .ok_or(());
        }
        self.members.borrow_mut().push((name, identity));
        Ok(())
    }
}

/// The name of an identity that came without one: its thumbprint.
fn generated(identity: &Identity) -> Option<Arc<str>> {
    let print = |bytes: &[u8]| Some(Arc::from(thumbprint::print(bytes)));
    match identity {
        Identity::Sha1(sha1) => print(sha1),
        Identity::Sha256(sha256) => print(sha256),
        Identity::Claims(claims) => match (&claims.sha256, &claims.sha1) {
            (Some(sha256), _) => print(sha256),
            (None, Some(sha1)) => print(sha1),
            (None, None) => None,
        },
    }
}
