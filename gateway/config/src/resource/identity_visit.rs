//! The shape of an identity list's JSON, visited as it streams by.

use std::fmt;
use std::sync::Arc;

use serde::de::{
    DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor,
};

use super::identity_member::ClaimReader;
use super::identity_parse::{STOP, State};
use super::schema::{ENVELOPE, Table, effective, read_only, unknown};

const PROPERTIES: Table = &[
    effective("description"),
    effective("identities"),
    read_only("identityCount"),
    read_only("provisioningState"),
    read_only("warnings"),
];

/// The whole body.
pub(super) struct ListSeed<'s> {
    pub(super) state: &'s State,
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
