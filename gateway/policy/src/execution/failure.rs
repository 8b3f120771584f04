//! What can go wrong with a request, and what the client is told.
//!
//! The operator's message (`context.LastError.Message`) and the client's differ on purpose. Names,
//! statuses and texts follow APIM's error handling page where it has them.

use std::borrow::Cow;

use http::header::{CONTENT_TYPE, HeaderName, HeaderValue, WWW_AUTHENTICATE};
use http::{HeaderMap, StatusCode};

use crate::context::{Body, Response, uuid_bytes::RequestId};
use crate::expression::{BudgetKind, Exception};

use super::answer::{EffectFailure, FailureKind};

/// What clients are told when it is not their fault.
const INTERNAL: &str = "Internal server error";

/// A failure, before the place where it happened is known.
#[derive(Debug, Clone)]
pub struct Failure {
    /// The step: a built-in one such as `configuration`; empty for the policy that is running.
    pub source: Cow<'static, str>,
    /// Stable reason, e.g. `ClientCertificateNotFound`.
    pub reason: Cow<'static, str>,
    /// For the operator: `context.LastError.Message`.
    pub message: Cow<'static, str>,
    /// Status of the response.
    pub status: StatusCode,
    /// For the client: `message` of the response's body.
    pub client_message: Cow<'static, str>,
    /// Headers of the response besides `Content-Type`.
    pub headers: HeaderMap,
    /// The budget that ran out, if that is what happened.
    pub exceeded: Option<BudgetKind>,
}

impl Failure {
    /// A failure of the policy that is running.
    #[must_use]
    pub fn of_policy(
        reason: &'static str,
        message: impl Into<Cow<'static, str>>,
        status: StatusCode,
        client_message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            source: Cow::Borrowed(""),
            reason: Cow::Borrowed(reason),
            message: message.into(),
            status,
            client_message: client_message.into(),
            headers: HeaderMap::new(),
            exceeded: None,
        }
    }

    /// A failure inside the gateway or its configuration: 500, the client learns nothing.
    #[must_use]
    pub fn internal(reason: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::of_policy(reason, message, StatusCode::INTERNAL_SERVER_ERROR, INTERNAL)
    }

    /// No API or operation matches: 404.
    #[must_use]
    pub fn operation_not_found() -> Self {
        Self {
            source: Cow::Borrowed("configuration"),
            ..Self::of_policy(
                "OperationNotFound",
                "Unable to match incoming request to an operation.",
                StatusCode::NOT_FOUND,
                "Resource not found",
            )
        }
    }

    /// The API wants a subscription key and none came: 401. `realm` is the URL of the API.
    #[must_use]
    pub fn subscription_key_not_found(realm: &str) -> Self {
        const MESSAGE: &str = "Access denied due to missing subscription key. Make sure to include \
                               subscription key when making requests to an API.";
        Self::subscription_key("SubscriptionKeyNotFound", MESSAGE, realm)
    }

    /// The key belongs to no active subscription for the API: 401.
    #[must_use]
    pub fn subscription_key_invalid(realm: &str) -> Self {
        const MESSAGE: &str = "Access denied due to invalid subscription key. Make sure to provide a \
                               valid key for an active subscription.";
        Self::subscription_key("SubscriptionKeyInvalid", MESSAGE, realm)
    }

    fn subscription_key(reason: &'static str, message: &'static str, realm: &str) -> Self {
        let mut headers = HeaderMap::new();
        let realm: String = realm.chars().filter(|c| !matches!(c, '"' | '\\')).collect();
        let challenge = format!(
            "AzureApiManagementKey realm=\"{realm}\",name=\"Ocp-Apim-Subscription-Key\",type=\"header\""
        );
        if let Ok(value) = HeaderValue::from_str(&challenge) {
            headers.insert(WWW_AUTHENTICATE, value);
        }
        Self {
            source: Cow::Borrowed("authorization"),
            headers,
            ..Self::of_policy(reason, message, StatusCode::UNAUTHORIZED, message)
        }
    }

    /// The backend could not be reached, refused the connection or its TLS, or broke it: 500.
    #[must_use]
    pub fn backend_connection(message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            source: Cow::Borrowed("forward-request"),
            ..Self::internal("BackendConnectionFailure", message)
        }
    }

    /// The backend sent no response head in time: 500.
    #[must_use]
    pub fn backend_timeout(message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            source: Cow::Borrowed("forward-request"),
            ..Self::internal("Timeout", message)
        }
    }

    /// The client broke off while its request was read. Nobody may see the response.
    #[must_use]
    pub fn client_connection(message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            source: Cow::Borrowed("client-connection"),
            ..Self::of_policy(
                "ClientConnectionFailure",
                message,
                StatusCode::BAD_REQUEST,
                "The request was not received completely.",
            )
        }
    }

    /// An expression threw: 500. `on-error` sees the same reason when it used more than its budget;
    /// the message names the budget, and [`Failure::exceeded`] tells logs and metrics.
    #[must_use]
    pub fn expression(exception: &Exception) -> Self {
        Self {
            exceeded: exception.exceeded(),
            ..Self::internal(
                "ExpressionValueEvaluationFailure",
                format!("Expression evaluation failed. {}", exception.message),
            )
        }
    }

    /// A policy's effect could not be done: 500, unless a limit says no, which is a 429. The policy is
    /// the source, unless the caller has judged otherwise.
    #[must_use]
    pub fn of_effect(failure: EffectFailure) -> Self {
        let EffectFailure { kind, message } = failure;
        match kind {
            FailureKind::Timeout => Self::internal("Timeout", message),
            FailureKind::Connection | FailureKind::Tls => {
                Self::internal("BackendConnectionFailure", message)
            }
            FailureKind::TooLarge => Self::internal("ResponseTooLarge", message),
            FailureKind::Configuration => Self::internal("InvalidConfiguration", message),
            FailureKind::Storage => Self::internal("CacheFailure", message),
            FailureKind::Limit => Self::of_policy(
                "ConcurrencyLimitExceeded",
                message,
                StatusCode::TOO_MANY_REQUESTS,
                "Too many requests are in progress. Try again later.",
            ),
            FailureKind::Judged(failure) => *failure,
        }
    }

    /// The request asked for more effects than it may: 500.
    #[must_use]
    pub fn effect_budget(limit: u32) -> Self {
        Self {
            exceeded: Some(BudgetKind::Effects),
            ..Self::internal(
                "EffectBudgetExceeded",
                format!("The policies of this request asked for more than {limit} effects."),
            )
        }
    }

    /// The same failure with another response header.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// The response to the client: `{ "statusCode": N, "message": "…" }`, with the request's id as
    /// `activityId` when it is a 500.
    #[must_use]
    pub fn into_response(self, request_id: RequestId) -> Response {
        let status = self.status.as_u16();
        // The JSON of a string: quoted and escaped.
        let message = serde_json::Value::from(self.client_message.as_ref());
        let body = if self.status == StatusCode::INTERNAL_SERVER_ERROR {
            format!(
                "{{ \"statusCode\": {status}, \"message\": {message}, \"activityId\": \"{request_id}\" }}"
            )
        } else {
            format!("{{ \"statusCode\": {status}, \"message\": {message} }}")
        };
        let mut headers = self.headers;
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Response {
            status: self.status,
            reason: None,
            headers,
            body: Body::Bytes(body.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: RequestId = RequestId([0x11; 16]);

    fn body(failure: Failure) -> String {
        match failure.into_response(ID).body {
            Body::Bytes(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_client_is_told_less_than_the_operator() {
        let failure = Failure::operation_not_found();
        assert_eq!(
            failure.message,
            "Unable to match incoming request to an operation."
        );
        assert_eq!(failure.status, StatusCode::NOT_FOUND);
        assert_eq!(
            body(failure),
            r#"{ "statusCode": 404, "message": "Resource not found" }"#
        );
    }

    #[test]
    fn an_internal_error_carries_the_request_id_and_no_cause() {
        let text = body(Failure::backend_connection(
            "10.0.0.1:443 refused the connection",
        ));
        assert_eq!(
            text,
            "{ \"statusCode\": 500, \"message\": \"Internal server error\", \
             \"activityId\": \"11111111-1111-1111-1111-111111111111\" }"
        );
    }

    #[test]
    fn a_missing_key_is_answered_with_a_challenge() {
        let failure = Failure::subscription_key_not_found("https://api.example.com/orders");
        assert_eq!(
            failure.headers.get(WWW_AUTHENTICATE).unwrap(),
            "AzureApiManagementKey realm=\"https://api.example.com/orders\",\
             name=\"Ocp-Apim-Subscription-Key\",type=\"header\""
        );
        assert_eq!(failure.source, "authorization");
        assert_eq!(failure.status, StatusCode::UNAUTHORIZED);
        assert!(
            Failure::subscription_key_invalid("x")
                .message
                .contains("invalid subscription key")
        );
    }

    #[test]
    fn a_realm_cannot_break_out_of_its_quotes_or_lines() {
        let failure = Failure::subscription_key_not_found("a\",name=\"x");
        let challenge = failure
            .headers
            .get(WWW_AUTHENTICATE)
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned();
        assert!(
            challenge.starts_with("AzureApiManagementKey realm=\"a,name=x\","),
            "{challenge}"
        );
        assert!(
            Failure::subscription_key_not_found("a\r\nb")
                .headers
                .is_empty()
        );
    }

    #[test]
    fn messages_are_escaped_as_json() {
        let failure = Failure::of_policy("R", "m", StatusCode::FORBIDDEN, "say \"no\"\n");
        assert_eq!(
            body(failure),
            r#"{ "statusCode": 403, "message": "say \"no\"\n" }"#
        );
    }
}
