//! Errors in the shape of Azure Resource Manager: always JSON, whatever went wrong.

use gateway_config::change::ApplyError;
use gateway_config::resource::accept::FieldProblem;
use gateway_config::store::StoreError;
use serde_json::{Value, json};

/// An error as the client gets it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ApiError {
    /// HTTP status.
    pub(crate) status: u16,
    /// Stable code. Never `MissingSubscriptionRegistration`: the official clients would try to
    /// register something, for ever.
    pub(crate) code: &'static str,
    /// A sentence for a person.
    pub(crate) message: String,
    /// The resource or property at fault.
    pub(crate) target: Option<String>,
    /// Every problem found.
    pub(crate) details: Vec<Detail>,
    /// Methods that would be allowed, for 405.
    pub(crate) allow: Option<&'static str>,
    /// Seconds after which trying again makes sense.
    pub(crate) retry_after: Option<u32>,
    /// Whether the rest of the request was not read, so that the connection cannot be used again.
    pub(crate) ends_connection: bool,
}

/// One of several problems.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Detail {
    target: String,
    message: String,
    line: Option<u32>,
    column: Option<u32>,
}

impl ApiError {
    pub(crate) fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            target: None,
            details: Vec::new(),
            allow: None,
            retry_after: None,
            ends_connection: false,
        }
    }

    pub(crate) fn bad_request(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(400, code, message)
    }

    /// A request with invalid properties.
    pub(crate) fn invalid(problems: Vec<FieldProblem>) -> Self {
        let details = problems.into_iter().map(Detail::from).collect();
        Self {
            details,
            ..Self::new(
                400,
                "ValidationError",
                "One or more fields contain incorrect values:",
            )
        }
    }

    pub(crate) fn not_found(what: impl std::fmt::Display) -> Self {
        Self::new(404, "ResourceNotFound", format!("{what} was not found."))
    }

    pub(crate) fn method(allow: &'static str) -> Self {
        Self {
            allow: Some(allow),
            ..Self::new(
                405,
                "MethodNotAllowed",
                format!("Only {allow} can be used here."),
            )
        }
    }

    /// The refusal of a change. `own` is the path of the only edit, if there is only one.
    pub(crate) fn from_apply(error: ApplyError, own: Option<&str>) -> Self {
        match error {
            ApplyError::NotFound(path) => Self {
                target: Some(path.to_string()),
                ..Self::not_found(format_args!("`{path}`"))
            },
            ApplyError::PreconditionFailed(path) => Self {
                target: Some(path.to_string()),
                ..Self::new(
                    412,
                    "PreconditionFailed",
                    format!("`{path}` was modified since it was last retrieved."),
                )
            },
            ApplyError::InUse { path, by } => {
                let names = by
                    .iter()
                    .take(20)
                    .map(|path| format!("`{path}`"))
                    .collect::<Vec<_>>();
                let details = by
                    .iter()
                    .take(100)
                    .map(|user| Detail::from(FieldProblem::new(user.to_string(), "Refers to it.")))
                    .collect();
                Self {
                    target: Some(path.to_string()),
                    details,
                    ..Self::new(
                        409,
                        "ResourceInUse",
                        format!(
                            "`{path}` cannot be deleted because it is used by {}.",
                            names.join(", ")
                        ),
                    )
                }
            }
            ApplyError::Invalid { path, problems } => {
                let path = path.to_string();
                let is_other = own.is_some_and(|own| !own.eq_ignore_ascii_case(&path));
                let error = Self {
                    target: Some(path).filter(|path| !path.is_empty()),
                    ..Self::invalid(problems)
                };
                if is_other { error.of_another() } else { error }
            }
            ApplyError::Store(reason) => Self::new(
                507,
                "StoreRefusedChange",
                format!("The change could not be stored and was not made: {reason}."),
            ),
            ApplyError::Unsettled => Self {
                retry_after: Some(1),
                ..Self::new(
                    503,
                    "StoreUnsettled",
                    "The outcome of an earlier change is not known yet; nothing was changed.",
                )
            },
            ApplyError::ShuttingDown => Self {
                retry_after: Some(5),
                ..Self::new(503, "ShuttingDown", "The gateway is shutting down.")
            },
        }
    }

    pub(crate) fn from_store(error: &StoreError) -> Self {
        Self::new(
            500,
            "StoreUnreadable",
            format!("The history could not be read: {error}."),
        )
    }

    /// The same error, if its target is a resource that the client did not name.
    pub(crate) fn of_another(mut self) -> Self {
        if let Some(target) = self
            .target
            .as_ref()
            .filter(|_| self.code == "ValidationError")
        {
            self.message = format!("`{target}` would not be valid after this change:");
        }
        self
    }

    /// The same error about a part of the body.
    pub(crate) fn within(mut self, prefix: &str) -> Self {
        for detail in &mut self.details {
            detail.target = if detail.target.is_empty() {
                prefix.to_owned()
            } else {
                format!("{prefix}.{}", detail.target)
            };
        }
        self
    }

    /// The body.
    pub(crate) fn to_json(&self) -> Value {
        let details = if self.details.is_empty() {
            Value::Null
        } else {
            Value::Array(self.details.iter().map(Detail::to_json).collect())
        };
        json!({
            "error": {
                "code": self.code,
                "message": self.message,
                "target": self.target,
                "details": details,
            }
        })
    }
}

impl From<FieldProblem> for Detail {
    fn from(problem: FieldProblem) -> Self {
        Self {
            target: problem.target,
            message: problem.message,
            line: problem.line,
            column: problem.column,
        }
    }
}

impl Detail {
    fn to_json(&self) -> Value {
        // Clients of the contract look for the place in the message.
        let message = match (self.line, self.column) {
            (Some(line), Some(column)) if !self.message.contains("Line ") => {
                format!("{} Line {line}, position {column}.", self.message)
            }
            _ => self.message.clone(),
        };
        let mut detail =
            json!({ "code": "ValidationError", "target": self.target, "message": message });
        if let (Some(object), Some(line)) = (detail.as_object_mut(), self.line) {
            object.insert("line".to_owned(), json!(line));
            object.insert("column".to_owned(), json!(self.column));
        }
        detail
    }
}
