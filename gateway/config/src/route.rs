//! Which API and operation a request is for.
//!
//! APIs are found by the longest configured path prefix, operations by the most specific URL
//! template: a literal segment beats a parameter, a parameter beats `*`. Letter case does not
//! matter, as in APIM.

use std::cmp::Ordering;
use std::sync::Arc;

use gateway_policy::context;
use gateway_policy::program::Program;
use http::Method;

use crate::upstream::Upstream;

/// An API, ready to serve.
#[derive(Debug)]
pub struct RoutedApi {
    /// What policies see of it.
    pub context: Arc<context::Api>,
    /// Its policies linked with those above.
    pub programs: Programs,
    /// Products it is in.
    pub products: Arc<[RoutedProduct]>,
    /// Where its requests go unless a policy says otherwise.
    pub service: Option<Arc<Upstream>>,
    /// Whether a subscription key is demanded.
    pub subscription_required: bool,
    /// Header that carries the key, lower case.
    pub key_header: http::HeaderName,
    /// Query parameter that carries the key.
    pub key_query: Arc<str>,
    /// Its operations, most specific first.
    pub operations: Arc<[Arc<RoutedOperation>]>,
}

/// An operation, ready to serve.
#[derive(Debug)]
pub struct RoutedOperation {
    /// What policies see of it.
    pub context: Arc<context::Operation>,
    /// Its policies linked with those above.
    pub programs: Programs,
    /// Its URL template.
    pub template: Template,
}

/// A product that an API is in.
#[derive(Debug)]
pub struct RoutedProduct {
    /// What policies see of it.
    pub context: Arc<context::Product>,
    /// Whether requests without a key belong to it.
    pub is_open: bool,
}

/// The programs of an API or operation: which one runs depends on the product a request came through.
#[derive(Debug)]
pub struct Programs {
    own: Result<Arc<Program>, Arc<str>>,
    /// By product id, for products that have a document.
    by_product: Box<[ProductProgram]>,
}

/// A product's id and the program with its document in it.
type ProductProgram = (Arc<str>, Result<Arc<Program>, Arc<str>>);

impl Programs {
    pub(crate) fn new(
        own: Result<Arc<Program>, Arc<str>>,
        by_product: Box<[ProductProgram]>,
    ) -> Self {
        Self { own, by_product }
    }

    /// The program of requests that come through `product`.
    ///
    /// # Errors
    /// Why it is closed, if policies could not be compiled at start-up: answered with 503.
    pub fn of(&self, product: Option<&context::Product>) -> Result<&Arc<Program>, &Arc<str>> {
        let found = product.and_then(|product| {
            self.by_product
                .iter()
                .find(|(id, _)| *id == product.id)
                .map(|(_, program)| program)
        });
        found.unwrap_or(&self.own).as_ref()
    }
}

/// A parsed URL template such as `/o/{id}/?date={date}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    segments: Vec<Segment>,
    /// Query parameter names and the template parameters they bind.
    query: Vec<(Arc<str>, Arc<str>)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    Literal(Arc<str>),
    Parameter(Arc<str>),
    /// `*`, or `{*name}`: the rest of the path. Always last.
    Rest(Option<Arc<str>>),
}

/// A URL template that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct TemplateError(pub String);

impl Template {
    /// Parses a template.
    ///
    /// # Errors
    /// Unbalanced braces, an empty or repeated parameter name, or `*` before the end.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let (path, query) = text.split_once('?').unwrap_or((text, ""));
        let path = path.trim_matches('/');
        let mut segments = Vec::new();
        let mut names: Vec<Arc<str>> = Vec::new();
        let mut bind = |name: &str| -> Result<Arc<str>, TemplateError> {
            if name.is_empty() || name.contains(['{', '}']) {
                return Err(TemplateError(format!(
                    "`{{{name}}}` is not a template parameter"
                )));
            }
            if names.iter().any(|known| known.eq_ignore_ascii_case(name)) {
                return Err(TemplateError(format!(
                    "template parameter `{name}` appears twice"
                )));
            }
            let name: Arc<str> = Arc::from(name);
            names.push(Arc::clone(&name));
            Ok(name)
        };
        for part in path.split('/').filter(|_| !path.is_empty()) {
            if matches!(segments.last(), Some(Segment::Rest(_))) {
                return Err(TemplateError("`*` must be the last segment".to_owned()));
            }
            let inner = part
                .strip_prefix('{')
                .and_then(|rest| rest.strip_suffix('}'));
            segments.push(match inner {
                _ if part == "*" => Segment::Rest(None),
                Some(name) => match name.strip_prefix('*') {
                    Some(name) => Segment::Rest(Some(bind(name)?)),
                    None => Segment::Parameter(bind(name)?),
                },
                None if part.contains(['{', '}']) => {
                    return Err(TemplateError(format!(
                        "`{part}`: a parameter must be a whole segment, like `{{id}}`"
                    )));
                }
                None => Segment::Literal(Arc::from(part)),
            });
        }
        let mut bound = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let parameter = pair.split_once('=').and_then(|(name, value)| {
                Some((name, value.strip_prefix('{')?.strip_suffix('}')?))
            });
            let Some((name, parameter)) = parameter else {
                return Err(TemplateError(format!(
                    "`{pair}`: expected `name={{parameter}}`"
                )));
            };
            bound.push((Arc::from(name), bind(parameter)?));
        }
        Ok(Self {
            segments,
            query: bound,
        })
    }

    /// Values of the parameters if `path` (relative to the API, without leading slash) matches.
    fn matches(&self, path: &str, query: &str) -> Option<Vec<(Arc<str>, String)>> {
        let mut parameters = Vec::new();
        let mut rest = Some(path).filter(|path| !path.is_empty());
        for segment in &self.segments {
            match segment {
                Segment::Rest(name) => {
                    if let Some(name) = name {
                        parameters.push((Arc::clone(name), decode(rest.unwrap_or(""))));
                    }
                    return Some(self.with_query(parameters, query));
                }
                Segment::Literal(_) | Segment::Parameter(_) => {
                    let current = rest?;
                    let (head, tail) = match current.split_once('/') {
                        Some((head, tail)) => (head, Some(tail)),
                        None => (current, None),
                    };
                    match segment {
                        Segment::Literal(text) if text.eq_ignore_ascii_case(head) => {}
                        Segment::Parameter(name) if !head.is_empty() => {
                            parameters.push((Arc::clone(name), decode(head)));
                        }
                        _ => return None,
                    }
                    rest = tail;
                }
            }
        }
        // One trailing slash is the same resource, as in APIM.
        matches!(rest, None | Some("")).then(|| self.with_query(parameters, query))
    }

    fn with_query(
        &self,
        mut parameters: Vec<(Arc<str>, String)>,
        query: &str,
    ) -> Vec<(Arc<str>, String)> {
        for (name, parameter) in &self.query {
            let value = query
                .split('&')
                .filter_map(|pair| pair.split_once('='))
                .find(|(key, _)| decode(key).eq_ignore_ascii_case(name));
            if let Some((_, value)) = value {
                parameters.push((Arc::clone(parameter), decode(&value.replace('+', " "))));
            }
        }
        parameters
    }

    /// Whether two templates match exactly the same paths.
    #[must_use]
    pub fn same_paths(&self, other: &Self) -> bool {
        self.segments.len() == other.segments.len()
            && self
                .segments
                .iter()
                .zip(&other.segments)
                .all(|pair| match pair {
                    (Segment::Literal(a), Segment::Literal(b)) => a.eq_ignore_ascii_case(b),
                    (Segment::Parameter(_), Segment::Parameter(_))
                    | (Segment::Rest(_), Segment::Rest(_)) => true,
                    _ => false,
                })
    }

    /// Most specific first.
    #[must_use]
    pub fn precedence(&self, other: &Self) -> Ordering {
        let rank = |segment: Option<&Segment>| match segment {
            Some(Segment::Literal(_)) => 0,
            Some(Segment::Parameter(_)) => 1,
            None => 2,
            Some(Segment::Rest(_)) => 3,
        };
        let longest = self.segments.len().max(other.segments.len());
        (0..longest)
            .map(|i| rank(self.segments.get(i)).cmp(&rank(other.segments.get(i))))
            .find(|order| order.is_ne())
            .unwrap_or(Ordering::Equal)
    }
}

fn decode(text: &str) -> String {
    percent_encoding::percent_decode_str(text)
        .decode_utf8_lossy()
        .into_owned()
}

/// All APIs of a revision.
#[derive(Debug, Clone, Default)]
pub struct RouteTable {
    /// By path prefix: lower case, without slashes around it.
    by_prefix: imbl::HashMap<Arc<str>, Arc<RoutedApi>>,
}

/// The API and operation of a request.
#[derive(Debug)]
pub struct RouteMatch {
    /// The API.
    pub api: Arc<RoutedApi>,
    /// The operation.
    pub operation: Arc<RoutedOperation>,
    /// Values of the template's parameters.
    pub parameters: Vec<(Arc<str>, String)>,
    /// The path below the API's prefix, with a leading slash.
    pub relative_path: String,
}

/// No operation matches.
#[derive(Debug)]
pub struct RouteFailure {
    /// The API whose prefix matches, if there is one; its policies' `on-error` handles the failure.
    pub api: Option<Arc<RoutedApi>>,
}

/// Segments an API prefix may have; more than any real one, and what a lookup does at the most.
const MAX_PREFIX_SEGMENTS: usize = 16;

impl RouteTable {
    /// Finds the operation for `path` (as it came, percent-encoded) and `query` (without `?`).
    ///
    /// # Errors
    /// [`RouteFailure`] if there is none. A path with a `.` or `..` segment, encoded or not, matches
    /// nothing: what it means is decided differently by different backends.
    pub fn find(
        &self,
        path: &str,
        query: &str,
        method: &Method,
    ) -> Result<RouteMatch, RouteFailure> {
        let trimmed = path.strip_prefix('/').unwrap_or(path);
        if trimmed.split('/').any(is_dot_segment) {
            return Err(RouteFailure { api: None });
        }
        let Some((api, relative)) = self.find_api(trimmed) else {
            return Err(RouteFailure { api: None });
        };
        let found = api.operations.iter().find_map(|operation| {
            let configured: &str = &operation.context.method;
            if configured != "*" && !configured.eq_ignore_ascii_case(method.as_str()) {
                return None;
            }
            Some((operation, operation.template.matches(relative, query)?))
        });
        match found {
            Some((operation, parameters)) => Ok(RouteMatch {
                operation: Arc::clone(operation),
                parameters,
                relative_path: format!("/{relative}"),
                api: Arc::clone(api),
            }),
            None => Err(RouteFailure {
                api: Some(Arc::clone(api)),
            }),
        }
    }

    fn find_api<'t, 'p>(&'t self, path: &'p str) -> Option<(&'t Arc<RoutedApi>, &'p str)> {
        let lowered = path.to_ascii_lowercase();
        let ends = lowered
            .match_indices('/')
            .map(|(at, _)| at)
            .chain([lowered.len()])
            .take(MAX_PREFIX_SEGMENTS);
        let mut found = self.by_prefix.get("").map(|api| (api, path));
        for end in ends {
            let (Some(prefix), Some(rest)) = (lowered.get(..end), path.get(end..)) else {
                break;
            };
            if let Some(api) = self.by_prefix.get(prefix).filter(|_| !prefix.is_empty()) {
                found = Some((api, rest.strip_prefix('/').unwrap_or(rest)));
            }
        }
        found
    }

    /// The table with `api` under its prefix.
    pub(crate) fn insert(&mut self, api: Arc<RoutedApi>) {
        self.by_prefix.insert(prefix_key(&api.context.path), api);
    }

    /// The table without the API at `prefix`.
    pub(crate) fn remove(&mut self, prefix: &str) {
        self.by_prefix.remove(&prefix_key(prefix));
    }

    /// The API at exactly this prefix.
    #[must_use]
    pub fn get(&self, prefix: &str) -> Option<&Arc<RoutedApi>> {
        self.by_prefix.get(&prefix_key(prefix))
    }

    /// All APIs, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<RoutedApi>> {
        self.by_prefix.values()
    }
}

/// The key of an API prefix: two APIs with one key would answer for the same requests.
#[must_use]
pub fn prefix_key(path: &str) -> Arc<str> {
    Arc::from(path.trim_matches('/').to_ascii_lowercase())
}

fn is_dot_segment(segment: &str) -> bool {
    let segment = segment.split(';').next().unwrap_or(segment);
    let mut dots = 0;
    let mut rest = segment;
    while !rest.is_empty() {
        if let Some(tail) = rest.strip_prefix('.') {
            rest = tail;
        } else if let Some(tail) = rest
            .strip_prefix("%2e")
            .or_else(|| rest.strip_prefix("%2E"))
        {
            rest = tail;
        } else {
            return false;
        }
        dots += 1;
    }
    dots == 1 || dots == 2
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(text: &str) -> Template {
        Template::parse(text).unwrap()
    }

    #[test]
    fn a_template_binds_its_parameters_decoded() {
        let bound = template("/o/{id}/?date={date}")
            .matches("o/a%20b", "x=1&date=2026-01-01")
            .unwrap();
        let bound: Vec<(&str, &str)> = bound.iter().map(|(k, v)| (&**k, v.as_str())).collect();
        assert_eq!(bound, [("id", "a b"), ("date", "2026-01-01")]);
    }

    #[test]
    fn a_template_matches_whole_segments_only() {
        assert!(template("/o/{id}").matches("o/1/2", "").is_none());
        assert!(template("/o/{id}").matches("o/", "").is_none());
        assert!(template("/o").matches("o/", "").is_some());
        assert!(template("/").matches("", "").is_some());
        assert!(template("/*").matches("any/thing", "").is_some());
        assert!(template("/a/*").matches("b/c", "").is_none());
    }

    #[test]
    fn more_specific_templates_come_first() {
        let mut templates = [
            template("/*"),
            template("/{a}/x"),
            template("/o/x"),
            template("/o/{id}"),
        ];
        templates.sort_by(Template::precedence);
        assert_eq!(
            templates,
            [
                template("/o/x"),
                template("/o/{id}"),
                template("/{a}/x"),
                template("/*")
            ]
        );
    }

    #[test]
    fn a_broken_template_is_refused_with_its_part() {
        for (text, part) in [
            ("/{a", "{a"),
            ("/{a}/{A}", "A"),
            ("/*/x", "*"),
            ("/x?y", "y"),
            ("/{}", "{}"),
        ] {
            let error = Template::parse(text).unwrap_err();
            assert!(error.0.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn dot_segments_are_seen_in_every_spelling() {
        for segment in [".", "..", "%2e", "%2E.", ".%2e;x"] {
            assert!(is_dot_segment(segment), "{segment}");
        }
        for segment in ["", "...", "a.", ".a", "%2f"] {
            assert!(!is_dot_segment(segment), "{segment}");
        }
    }
}
