//! Requests and responses as people write them down.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use gateway_policy::context::{Body, Response, Url};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};

use super::{Unusable, files};

/// Where requests without a host seem to go.
const GATEWAY: &str = "https://gateway.example.com";

/// Reads `METHOD URL`: the URL whole, or only path and query.
///
/// # Errors
/// If one of them is missing or malformed.
pub fn request_line(text: &str) -> Result<(Method, Url), Unusable> {
    let wrong = |problem: &str| {
        Unusable(format!(
            "a request is written \"GET /path?query\" or \"GET https://host/path\": `{text}`: {problem}"
        ))
    };
    let (method, target) = text
        .trim()
        .split_once(' ')
        .ok_or_else(|| wrong("the method or the path is missing"))?;
    let method: Method = method
        .parse()
        .map_err(|_| wrong("the method is no HTTP method"))?;
    let target = target.trim();
    let url = if target.starts_with('/') {
        url(&format!("{GATEWAY}{target}"))
    } else {
        url(target)
    };
    url.map(|url| (method, url))
        .map_err(|Unusable(problem)| wrong(&problem))
}

/// Reads an absolute URL with `http` or `https`.
///
/// # Errors
/// Says what is wrong with it.
pub fn url(text: &str) -> Result<Url, Unusable> {
    let wrong = |problem: &str| Unusable(format!("`{text}` is no URL: {problem}"));
    let uri: Uri = text.parse().map_err(|error| wrong(&format!("{error}")))?;
    let (Some(scheme), Some(host)) = (uri.scheme_str(), uri.host()) else {
        return Err(wrong("scheme or host is missing"));
    };
    let default_port = match scheme {
        "https" => 443,
        "http" => 80,
        _ => return Err(wrong("the scheme must be http or https")),
    };
    Ok(Url {
        scheme: Arc::from(scheme),
        host: Arc::from(host.to_ascii_lowercase()),
        port: uri.port_u16().unwrap_or(default_port),
        path: uri.path().to_owned(),
        query: uri.query().unwrap_or_default().to_owned(),
    })
}

/// A URL as text; the port only if it is not the scheme's.
#[must_use]
pub fn url_text(url: &Url) -> String {
    let mut text = format!("{}://{}", url.scheme, url.host);
    let default_port = if &*url.scheme == "http" { 80 } else { 443 };
    if url.port != default_port {
        text.push_str(&format!(":{}", url.port));
    }
    if !url.path.starts_with('/') {
        text.push('/');
    }
    text.push_str(&url.path);
    if !url.query.is_empty() {
        text.push('?');
        text.push_str(&url.query);
    }
    text
}

/// Reads `Name: value` into `headers`.
///
/// # Errors
/// If it is no header.
pub fn add_header(headers: &mut HeaderMap, text: &str) -> Result<(), Unusable> {
    let wrong = || Unusable(format!("a header is written \"Name: value\": `{text}`"));
    let (name, value) = text.split_once(':').ok_or_else(wrong)?;
    let name: HeaderName = name.trim().parse().map_err(|_| wrong())?;
    let value = HeaderValue::from_str(value.trim()).map_err(|_| wrong())?;
    headers.append(name, value);
    Ok(())
}

/// A body: the text itself, or `@FILE` relative to `directory`.
///
/// # Errors
/// If the file cannot be read.
pub fn body(text: &str, directory: &Path) -> Result<Bytes, Unusable> {
    match text.strip_prefix('@') {
        Some(file) => files::read(&directory.join(file)).map(Bytes::from),
        None => Ok(Bytes::copy_from_slice(text.as_bytes())),
    }
}

/// How a server that is not there behaves.
#[derive(Debug, Clone)]
pub enum Scripted {
    /// It answers.
    Answers(Answering),
    /// It takes too long.
    TimesOut,
    /// It cannot be reached.
    Unreachable,
}

/// The response of a server that is not there.
#[derive(Debug, Clone)]
pub struct Answering {
    /// Status.
    pub status: StatusCode,
    /// Reason phrase; `None` for the standard one.
    pub reason: Option<Arc<str>>,
    /// Headers.
    pub headers: HeaderMap,
    /// Body, empty for none.
    pub body: Bytes,
}

impl Answering {
    /// As policies see it, with its body in memory or still to come.
    #[must_use]
    pub fn to_response(&self, streaming: bool) -> Response {
        Response {
            status: self.status,
            reason: self.reason.clone(),
            headers: self.headers.clone(),
            body: match (self.body.is_empty(), streaming) {
                (true, _) => Body::None,
                (false, true) => Body::Streaming,
                (false, false) => Body::Bytes(self.body.clone()),
            },
        }
    }
}

impl Default for Answering {
    /// An empty 200.
    fn default() -> Self {
        Self {
            status: StatusCode::OK,
            reason: None,
            headers: HeaderMap::new(),
            body: Bytes::new(),
        }
    }
}

/// Reads what a server answers: a status line such as `200 OK`, the word `timeout` or `unreachable`, or
/// the name of a file with a whole response.
///
/// # Errors
/// If it is none of them.
pub fn scripted(text: &str, directory: &Path) -> Result<Scripted, Unusable> {
    match text.trim() {
        "timeout" => return Ok(Scripted::TimesOut),
        "unreachable" => return Ok(Scripted::Unreachable),
        _ => {}
    }
    if let Some((status, reason)) = status_line(text) {
        return Ok(Scripted::Answers(Answering {
            status,
            reason,
            ..Answering::default()
        }));
    }
    let path: PathBuf = directory.join(text);
    let content = files::read_text(&path).map_err(|Unusable(problem)| {
        Unusable(format!(
            "an answer is a status line such as \"200 OK\", \"timeout\", \"unreachable\" or a file: {problem}"
        ))
    })?;
    whole_response(&content)
        .map(Scripted::Answers)
        .map_err(|Unusable(problem)| Unusable::file(&path, problem))
}

/// Reads a response as HTTP/1.1 writes it: status line, headers, an empty line, body.
fn whole_response(text: &str) -> Result<Answering, Unusable> {
    let (head, body) = ["\r\n\r\n", "\n\n"]
        .iter()
        .find_map(|end| text.split_once(end))
        .unwrap_or((text, ""));
    let mut lines = head.lines();
    let first = lines.next().unwrap_or_default();
    let (status, reason) = status_line(first).ok_or_else(|| {
        Unusable(format!(
            "it must begin with a status line such as `HTTP/1.1 200 OK`, not with `{first}`"
        ))
    })?;
    let mut headers = HeaderMap::new();
    for line in lines.filter(|line| !line.trim().is_empty()) {
        add_header(&mut headers, line)?;
    }
    Ok(Answering {
        status,
        reason,
        headers,
        body: Bytes::copy_from_slice(body.as_bytes()),
    })
}

/// `HTTP/1.1 200 OK`, `200 OK` or `200`.
fn status_line(text: &str) -> Option<(StatusCode, Option<Arc<str>>)> {
    let text = text.trim();
    let text = match text.split_once(' ') {
        Some((version, rest)) if version.starts_with("HTTP/") => rest.trim(),
        _ => text,
    };
    let (code, reason) = text.split_once(' ').unwrap_or((text, ""));
    if code.len() != 3 {
        return None;
    }
    let status = code.parse().ok()?;
    let reason = reason.trim();
    let standard = StatusCode::canonical_reason(&status).unwrap_or_default();
    let reason = (!reason.is_empty() && reason != standard).then(|| Arc::from(reason));
    Some((status, reason))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_a_method_and_a_path_or_a_url() {
        let (method, url) = request_line("POST /orders/17?x=1").unwrap();
        assert_eq!(method, Method::POST);
        assert_eq!(url_text(&url), "https://gateway.example.com/orders/17?x=1");
        let (_, url) = request_line("GET http://a.example:8080/b").unwrap();
        assert_eq!(url_text(&url), "http://a.example:8080/b");
        for wrong in ["", "GET", "GET ftp://a/b", "G(T /a", "GET orders"] {
            assert!(request_line(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_answer_is_a_status_line_or_a_file_or_a_failure() {
        let here = Path::new(".");
        let Ok(Scripted::Answers(answer)) = scripted("404 Gone fishing", here) else {
            panic!("an answer");
        };
        assert_eq!(
            (answer.status.as_u16(), answer.reason.as_deref()),
            (404, Some("Gone fishing"))
        );
        assert!(matches!(scripted("timeout", here), Ok(Scripted::TimesOut)));
        assert!(scripted("no-such-file.http", here).is_err());
        let whole = whole_response("HTTP/1.1 201 Created\nX-A: b\n\n{\"a\":1}\n\nz").unwrap();
        assert_eq!(whole.headers.get("x-a").unwrap(), "b");
        assert_eq!(whole.body, "{\"a\":1}\n\nz");
        assert!(whole_response("<html>").is_err());
    }
}
