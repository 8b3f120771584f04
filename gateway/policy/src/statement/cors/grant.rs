//! What browsers are told that they may do.

use http::HeaderMap;
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, HeaderName,
    HeaderValue, ORIGIN, VARY,
};

use crate::execution::{Failure, Flow, Outcome, Postponed, Run, empty_response};
use crate::expression::Needs;

/// Headers that belong to CORS itself.
const CORS: [HeaderName; 6] = [
    ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_ALLOW_CREDENTIALS,
    ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_HEADERS,
    ACCESS_CONTROL_EXPOSE_HEADERS,
    ACCESS_CONTROL_MAX_AGE,
];

/// The headers of an answer that a browser may pass on.
pub(super) struct Grant {
    headers: HeaderMap,
    credentials: bool,
    /// All headers may be seen; they are named when the answer is there, for `*` means nothing to a
    /// request with credentials.
    exposes_all: bool,
}

impl Grant {
    pub(super) fn new(origin: HeaderValue, credentials: bool) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        // The only value that means something.
        if credentials {
            let allowed = HeaderValue::from_static("true");
            headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, allowed);
        }
        Self {
            headers,
            credentials,
            exposes_all: false,
        }
    }

    /// Lets scripts read these headers of the answer.
    pub(super) fn expose(&mut self, names: &[String]) -> Outcome<()> {
        if names.iter().any(|name| name == "*") {
            if self.credentials {
                self.exposes_all = true;
            } else {
                let all = HeaderValue::from_static("*");
                self.headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, all);
            }
        } else if !names.is_empty() {
            self.headers
                .insert(ACCESS_CONTROL_EXPOSE_HEADERS, list(names)?);
        }
        Ok(())
    }

    /// Answers which methods and headers may be sent. Where all may, those are named that the
    /// browser asked for: `*` means nothing to a request with credentials, and never includes
    /// `Authorization`.
    pub(super) fn preflight(
        &mut self,
        methods: &[String],
        asked_method: Option<HeaderValue>,
        headers: &[String],
        asked_headers: Option<HeaderValue>,
        max_age: u64,
    ) -> Outcome<()> {
        let all = |names: &[String]| names.iter().any(|name| name == "*");
        let methods = if all(methods) {
            asked_method
        } else {
            Some(list(methods)?)
        };
        let headers = match headers {
            names if all(names) => asked_headers,
            [] => None,
            names => Some(list(names)?),
        };
        let named = [
            (ACCESS_CONTROL_ALLOW_METHODS, methods),
            (ACCESS_CONTROL_ALLOW_HEADERS, headers),
            (ACCESS_CONTROL_MAX_AGE, Some(HeaderValue::from(max_age))),
        ];
        for (name, value) in named {
            if let Some(value) = value {
                self.headers.insert(name, value);
            }
        }
        Ok(())
    }

    /// Puts the grant into an answer, in the place of what the backend says of these things: a
    /// browser refuses an answer that says them twice.
    pub(super) fn apply(self, headers: &mut HeaderMap) {
        for name in CORS {
            headers.remove(name);
        }
        if self.exposes_all {
            let mut names: Vec<&str> = headers.keys().map(HeaderName::as_str).collect();
            names.sort_unstable();
            if let Ok(names) = HeaderValue::from_str(&names.join(", ")) {
                headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, names);
            }
        }
        headers.extend(self.headers);
    }
}

fn list(names: &[String]) -> Outcome<HeaderValue> {
    HeaderValue::from_str(&names.join(", ")).map_err(|_| {
        Box::new(Failure::internal(
            "InvalidHeader",
            "The name of a method or header in 'cors' cannot stand in a header.",
        ))
    })
}

/// The answer will have the grant, whoever makes it: an error that a script cannot read is no use
/// to it.
pub(super) fn postpone(run: &mut Run<'_>, grant: Grant) {
    at_the_end(run, |headers| grant.apply(headers));
}

/// The answer will say that it depends on the origin, to those who did not send one too: otherwise a
/// cache gives the answer for one to another (Fetch, CORS protocol and HTTP caches).
pub(super) fn vary(run: &mut Run<'_>) {
    if !std::mem::replace(&mut run.state.varies_by_origin, true) {
        at_the_end(run, |headers| {
            let named = headers.get_all(VARY).iter().any(|value| {
                value.to_str().is_ok_and(|value| {
                    value.split(',').any(|name| {
                        name.trim() == "*" || name.trim().eq_ignore_ascii_case(ORIGIN.as_str())
                    })
                })
            });
            if !named {
                headers.append(VARY, HeaderValue::from_static("Origin"));
            }
        });
    }
}

fn at_the_end(run: &mut Run<'_>, change: impl FnOnce(&mut HeaderMap) + 'static) {
    run.state.postponed.push(Postponed {
        needs: Needs::default(),
        action: Box::new(|run| {
            let response = run.context.response.get_or_insert_with(empty_response);
            change(&mut response.headers);
            Ok(Flow::Next)
        }),
    });
}
