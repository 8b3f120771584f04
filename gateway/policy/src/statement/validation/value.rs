//! Values of headers and parameters against what is documented of them.

use crate::context::DocumentedParameter;

use super::{Action, Finding};

/// A place where values stand.
#[derive(Clone, Copy)]
pub(super) struct Place {
    /// `QueryParameter`, ….
    pub(super) kind: &'static str,
    /// `query parameter`, ….
    pub(super) noun: &'static str,
    /// Whether clients may be told what is wrong: what is in requests is theirs.
    pub(super) is_request: bool,
}

/// Something that is not documented.
pub(super) fn unspecified(place: Place, name: &str, action: Action) -> Finding {
    finding(
        place,
        name,
        "Unspecified",
        format!("Unspecified {} {name} is not allowed.", place.noun),
        action,
    )
}

/// Something documented that must be there and is not. The documentation of the policies has no error
/// for it; without one a parameter could be left out to get past its definition.
pub(super) fn missing(place: Place, name: &str, action: Action) -> Finding {
    let message = if place.is_request {
        "Request"
    } else {
        "Response"
    };
    let details = format!("{message} must contain the {} {name}.", place.noun);
    finding(place, name, "IncorrectMessage", details, action)
}

/// What is wrong with the values of something documented, if anything is.
pub(super) fn check(
    place: Place,
    documented: &DocumentedParameter,
    values: &[String],
    action: Action,
) -> Option<Finding> {
    let name = &*documented.name;
    let incorrect = |details: String| finding(place, name, "IncorrectMessage", details, action);
    if let Some(definition) = &documented.definition {
        let details = format!(
            "API's schema does not contain definition {definition}, which is associated with the {} {name}.",
            place.noun
        );
        return Some(Finding {
            public: None,
            ..finding(place, name, "MissingDefinition", details, action)
        });
    }
    if values.len() > 1 && &*documented.kind != "array" {
        let message = if place.is_request {
            "Request"
        } else {
            "Response"
        };
        return Some(incorrect(format!(
            "{message} cannot contain multiple values for the {} {name}.",
            place.noun
        )));
    }
    values.iter().find_map(|value| {
        if !is_of(&documented.kind, value) {
            return Some(incorrect(format!(
                "Value of the {} {name} cannot be parsed according to the definition.",
                place.noun
            )));
        }
        let allowed = &documented.values;
        let conforms = allowed.is_empty() || allowed.iter().any(|one| **one == **value);
        (!conforms).then(|| {
            incorrect(format!(
                "Value of the {} {name} does not conform to the definition.",
                place.noun
            ))
        })
    })
}

fn finding(
    place: Place,
    name: &str,
    rule: &'static str,
    details: String,
    action: Action,
) -> Finding {
    Finding {
        name: name.to_owned(),
        kind: place.kind,
        rule,
        public: place.is_request.then(|| details.clone()),
        details,
        action,
    }
}

/// Whether a value is of a type of JSON Schema. What other types mean here is not defined.
fn is_of(kind: &str, value: &str) -> bool {
    match kind {
        "integer" => {
            let digits = value.strip_prefix('-').unwrap_or(value);
            !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
        }
        // The grammar of JSON has no infinity, no sign in front and no bare point.
        "number" => {
            value.trim() == value && serde_json::from_str::<serde_json::Number>(value).is_ok()
        }
        "boolean" => matches!(value, "true" | "false"),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_held_against_the_types_of_json_schema() {
        for (kind, value, holds) in [
            ("integer", "-12", true),
            ("integer", "1.5", false),
            ("integer", "", false),
            ("integer", "-", false),
            ("number", "1.5e3", true),
            ("number", "-0.5", true),
            ("number", "+1", false),
            ("number", "NaN", false),
            ("number", "\"1\"", false),
            ("boolean", "true", true),
            ("boolean", "True", false),
            ("string", "", true),
        ] {
            assert_eq!(is_of(kind, value), holds, "{kind} {value}");
        }
    }
}
