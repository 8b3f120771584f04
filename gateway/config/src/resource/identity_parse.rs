//! Reading a whole identity list from a stream: a million identities without a tree of JSON values.

use std::cell::RefCell;
use std::collections::HashSet;
use std::fmt;
use std::io::Read;
use std::sync::Arc;

use serde::de::{
    DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde_json::Value;

use super::accept::FieldProblem;
use super::identity_list::Identity;
use super::identity_member::ClaimReader;
use super::schema::{ENVELOPE, Table, effective, read_only, unknown};
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

const PROPERTIES: Table = &[
    effective("description"),
    effective("identities"),
    read_only("identityCount"),
    read_only("provisioningState"),
    read_only("warnings"),
];

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
struct State {
    limits: ListLimits,
    description: RefCell<Arc<str>>,
    members: RefCell<Vec<(Arc<str>, Identity)>>,
    /// Lower-case names: they compare without regard to case.
    names: RefCell<HashSet<Arc<str>>>,
    problems: RefCell<Vec<FieldProblem>>,
    has_identities: RefCell<bool>,
    has_properties: RefCell<bool>,
}

/// Ends the reading early; the problem is already noted.
const STOP: &str = "stop";

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
    fn problem(&self, target: impl Into<String>, message: impl Into<String>) -> bool {
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
    fn take(&self, index: usize, name: Option<Arc<str>>, identity: Identity) -> Result<(), ()> {
        let Some(name) = name.or_else(|| generated(&identity)) else {
            let place = format!("identities[{index}].name");
            let message = "`name` is required for an identity without a thumbprint.";
            return self.problem(place, message).then_some(()).ok_or(());
        };
        if !self
            .names
            .borrow_mut()
            .insert(Arc::from(name.to_lowercase()))
        {
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

/// What is wrong with the name of a member, if anything.
fn name_fault(name: &str) -> Option<&'static str> {
    let length = name.chars().count();
    let is_forbidden = |c: char| c.is_control() || "*#&+:<>?/\\".contains(c);
    if length == 0 || length > 256 {
        Some("A name has 1 to 256 characters.")
    } else if name.chars().any(is_forbidden) || name.chars().all(|c| c == '.') {
        Some("A name must not contain any of *#&+:<>?/\\ or control characters.")
    } else {
        None
    }
}

/// The whole body.
struct ListSeed<'s> {
    state: &'s State,
}

/// `properties`.
struct PropertiesSeed<'s> {
    state: &'s State,
}

/// `identities`.
struct IdentitiesSeed<'s> {
    state: &'s State,
}

/// One element of `identities`.
struct MemberSeed<'s> {
    state: &'s State,
    index: usize,
}

macro_rules! seed {
    ($seed:ident, $method:ident) => {
        impl<'de> DeserializeSeed<'de> for $seed<'_> {
            type Value = ();

            fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
                deserializer.$method(self)
            }
        }
    };
}

seed!(ListSeed, deserialize_map);
seed!(PropertiesSeed, deserialize_map);
seed!(IdentitiesSeed, deserialize_seq);
seed!(MemberSeed, deserialize_map);

impl<'de> Visitor<'de> for ListSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with `properties`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut seen = Seen::default();
        while let Some(name) = map.next_key::<String>()? {
            seen.check::<A::Error>(&name)?;
            if name == "properties" {
                self.state.has_properties.replace(true);
                map.next_value_seed(PropertiesSeed { state: self.state })?;
                continue;
            }
            map.next_value::<IgnoredAny>()?;
            if !is_known(ENVELOPE, &name) && !self.state.problem(&*name, unknown(&name, ENVELOPE)) {
                return Err(A::Error::custom(STOP));
            }
        }
        Ok(())
    }
}

impl<'de> Visitor<'de> for PropertiesSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with `identities`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut seen = Seen::default();
        while let Some(name) = map.next_key::<String>()? {
            seen.check::<A::Error>(&name)?;
            match name.as_str() {
                "identities" => {
                    self.state.has_identities.replace(true);
                    map.next_value_seed(IdentitiesSeed { state: self.state })?;
                }
                "description" => {
                    let text = map.next_value::<Option<String>>()?.unwrap_or_default();
                    if text.chars().count() > 1000 {
                        self.state
                            .problem("description", "`description` has at most 1000 characters.");
                    }
                    self.state.description.replace(Arc::from(text));
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                    if !is_known(PROPERTIES, &name)
                        && !self.state.problem(&*name, unknown(&name, PROPERTIES))
                    {
                        return Err(A::Error::custom(STOP));
                    }
                }
            }
        }
        Ok(())
    }
}

impl<'de> Visitor<'de> for IdentitiesSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of identities")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let mut index = 0;
        while seq
            .next_element_seed(MemberSeed {
                state: self.state,
                index,
            })?
            .is_some()
        {
            index += 1;
            if index > self.state.limits.identities {
                let most = self.state.limits.identities;
                self.state.problem(
                    "identities",
                    format!("A list has at most {most} identities."),
                );
                return Err(A::Error::custom(STOP));
            }
        }
        Ok(())
    }
}

impl<'de> Visitor<'de> for MemberSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with the claims of an identity")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let stop = || A::Error::custom(STOP);
        let mut seen = Seen::default();
        let mut name = None;
        let mut reader = ClaimReader::default();
        while let Some(key) = map.next_key::<String>()? {
            seen.check::<A::Error>(&key)?;
            let Some(text) = map.next_value::<Option<String>>()? else {
                continue;
            };
            if key != "name" {
                reader.set(&key, &text);
            } else if let Some(fault) = name_fault(&text) {
                reader.fault("name", fault.to_owned());
            } else {
                name = Some(Arc::from(text));
            }
        }
        match reader.finish() {
            Ok(identity) => self
                .state
                .take(self.index, name, identity)
                .map_err(|()| stop()),
            Err(faults) => {
                for fault in faults {
                    let place = format!("identities[{}].{}", self.index, fault.target);
                    if !self.state.problem(place, fault.message) {
                        return Err(stop());
                    }
                }
                Ok(())
            }
        }
    }
}

/// Names already seen in one object: two of the same could be read in two ways.
#[derive(Default)]
struct Seen(Vec<String>);

impl Seen {
    fn check<E: serde::de::Error>(&mut self, name: &str) -> Result<(), E> {
        if self.0.iter().any(|seen| seen == name) {
            return Err(E::custom(format!(
                "the name `{}` is there twice",
                name.escape_default()
            )));
        }
        if self.0.len() >= 64 {
            return Err(E::custom("an object has too many members"));
        }
        self.0.push(name.to_owned());
        Ok(())
    }
}

fn is_known(table: Table, name: &str) -> bool {
    table.iter().any(|property| property.name == name)
}
