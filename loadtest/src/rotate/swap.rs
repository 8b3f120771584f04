//! The admin side of a rotation: who is on the list, and changing it.

use std::time::{Duration, Instant};

use gateway_testkit::{AdminClient, AdminReply};
use serde_json::{Value, json};

use crate::LoadError;

/// An identity list, spoken to through the admin API.
#[derive(Debug, Clone)]
pub(super) struct List {
    admin: AdminClient,
    id: String,
}

/// A member as it is put onto the list.
#[derive(Debug, Clone)]
pub(super) struct Member {
    pub(super) name: String,
    properties: Value,
    /// Whether it was on the list before the load.
    pub(super) was_on_list: bool,
}

/// An acknowledged change.
#[derive(Debug, Clone, Copy)]
pub(super) struct Acknowledged {
    pub(super) revision: u64,
    pub(super) took: Duration,
}

impl List {
    pub(super) fn new(admin: AdminClient, id: &str) -> Result<Self, LoadError> {
        // Ids and names become parts of a path.
        if !is_id(id) {
            return Err(LoadError::Option(format!(
                "{id:?} is not the id of an identity list (letters, digits, '-', '_', '.')"
            )));
        }
        Ok(Self {
            admin,
            id: id.to_owned(),
        })
    }

    /// Finds the member with one of these thumbprints (SHA-1 and SHA-256), so that it is this one
    /// that leaves the list and comes back; a new member when there is none.
    pub(super) async fn find(
        &self,
        fallback_name: &str,
        sha1: &str,
        sha256: &str,
    ) -> Result<Member, LoadError> {
        let found = self
            .members()
            .await?
            .into_iter()
            .find(|(_, properties)| is_of(properties, sha1) || is_of(properties, sha256));
        Ok(match found {
            Some((name, properties)) => Member {
                name,
                properties,
                was_on_list: true,
            },
            None => Member {
                name: fallback_name.to_owned(),
                properties: json!({ "thumbprint": sha256 }),
                was_on_list: false,
            },
        })
    }

    /// Names and properties of the list's members: inside the list's own document, or as resources
    /// of their own.
    async fn members(&self) -> Result<Vec<(String, Value)>, LoadError> {
        let path = format!("/apim/identityLists/{}", self.id);
        let list = self.expect(self.admin.get(&path).await, "GET", &path)?;
        if let Some(members) = list
            .json
            .pointer("/properties/identities")
            .and_then(Value::as_array)
        {
            return Ok(members.iter().filter_map(member).collect());
        }
        let path = format!("{path}/identities");
        let members = self.expect(self.admin.get(&path).await, "GET", &path)?;
        let members = members.json.get("value").and_then(Value::as_array);
        Ok(members
            .map(|members| members.iter().filter_map(member).collect())
            .unwrap_or_default())
    }

    /// Puts a member onto the list or takes it off, and returns when that has been acknowledged.
    pub(super) async fn set(&self, member: &Member, on: bool) -> Result<Acknowledged, LoadError> {
        let path = format!("/apim/identityLists/{}/identities/{}", self.id, member.name);
        let start = Instant::now();
        let (method, reply) = if on {
            let document = json!({ "properties": member.properties });
            ("PUT", self.admin.put(&path, &document).await)
        } else {
            ("DELETE", self.admin.delete(&path).await)
        };
        let took = start.elapsed();
        let reply = self.expect(reply, method, &path)?;
        let revision = reply.revision().ok_or_else(|| {
            LoadError::Admin(format!(
                "{method} {path}: no x-countersign-revision in the reply"
            ))
        })?;
        Ok(Acknowledged { revision, took })
    }

    fn expect(
        &self,
        reply: Result<AdminReply, gateway_testkit::ClientError>,
        method: &str,
        path: &str,
    ) -> Result<AdminReply, LoadError> {
        let reply = reply.map_err(|error| LoadError::Admin(format!("{method} {path}: {error}")))?;
        if reply.status.is_success() {
            return Ok(reply);
        }
        let words: String = reply.text.chars().take(300).collect();
        Err(LoadError::Admin(format!(
            "{method} {path}: {} {words}",
            reply.status
        )))
    }
}

fn is_id(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    !text.is_empty() && text.len() <= 80 && text.bytes().all(allowed) && !text.starts_with('.')
}

/// A member's name and properties, whether they are nested or beside the name.
fn member(document: &Value) -> Option<(String, Value)> {
    let name = document
        .get("name")?
        .as_str()
        .filter(|name| is_id(name))?
        .to_owned();
    let properties = match document.get("properties") {
        Some(properties) => properties.clone(),
        None => {
            let mut properties = document.as_object()?.clone();
            properties.retain(|key, _| !matches!(key.as_str(), "name" | "id" | "type" | "etag"));
            Value::Object(properties)
        }
    };
    Some((name, properties))
}

/// Whether the member is nothing but this thumbprint: one with more claims may stay off the list's
/// verdict for other reasons.
fn is_of(properties: &Value, thumbprint: &str) -> bool {
    let text = properties
        .get("thumbprint")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let plain: String = text.chars().filter(char::is_ascii_alphanumeric).collect();
    plain.eq_ignore_ascii_case(thumbprint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_is_read_nested_or_flat_and_found_by_its_thumbprint() {
        let flat = json!({ "name": "a", "id": "/x", "thumbprint": "ab:cd", "displayName": "A" });
        let (name, properties) = member(&flat).unwrap();
        assert_eq!(name, "a");
        assert_eq!(
            properties,
            json!({ "thumbprint": "ab:cd", "displayName": "A" })
        );
        assert!(is_of(&properties, "ABCD") && !is_of(&properties, "ABCE"));
        let nested = json!({ "name": "b", "properties": { "thumbprint": "EF" } });
        assert!(is_of(&member(&nested).unwrap().1, "ef"));
        assert!(member(&json!({ "name": "../x" })).is_none());
        assert!(!is_of(&json!({}), "AB"));
    }

    #[test]
    fn an_id_cannot_leave_its_place_in_the_path() {
        assert!(is_id("partners") && is_id("a-b_c.d"));
        for wrong in ["", "a/b", "..", "a?b", "a b", "ä"] {
            assert!(!is_id(wrong), "{wrong}");
        }
    }
}
