//! JSON merge patch (RFC 7396).

use serde_json::{Map, Value};

/// Merges `patch` into `target`: objects member by member, null removes, everything else (arrays
/// too) replaces.
pub(crate) fn merge(target: &mut Map<String, Value>, patch: &Map<String, Value>) {
    for (name, value) in patch {
        match value {
            Value::Null => {
                target.shift_remove(name);
            }
            Value::Object(members) => match target.get_mut(name) {
                Some(Value::Object(existing)) => merge(existing, members),
                _ => {
                    let mut fresh = Map::new();
                    merge(&mut fresh, members);
                    target.insert(name.clone(), Value::Object(fresh));
                }
            },
            other => {
                target.insert(name.clone(), other.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn merges_objects_removes_nulls_and_replaces_arrays_whole() {
        let mut target = json!({"a": {"x": 1, "y": 2}, "b": [1, 2], "c": "d"});
        let patch = json!({"a": {"y": null, "z": {"n": null, "m": 3}}, "b": [3], "c": null, "e": {"f": null}});
        merge(target.as_object_mut().unwrap(), patch.as_object().unwrap());
        assert_eq!(
            target,
            json!({"a": {"x": 1, "z": {"m": 3}}, "b": [3], "e": {}})
        );
    }
}
