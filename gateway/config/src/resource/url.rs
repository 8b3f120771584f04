//! Addresses of backends: absolute `http` or `https` URLs.

use std::sync::Arc;

use super::fields::Fields;

/// Reads a URL member of 1 to 2000 characters.
pub(crate) fn read(fields: &Fields<'_>, name: &str, is_required: bool) -> Option<Arc<str>> {
    let text = if is_required {
        fields.required_text(name, 1, 2000)?
    } else {
        fields.text(name, 1, 2000)?
    };
    if let Some(fault) = fault(text) {
        fields.problem(name, fault);
        return None;
    }
    Some(Arc::from(text))
}

fn fault(text: &str) -> Option<String> {
    if text.contains("{{") {
        return Some("Named values are not replaced in this URL.".to_owned());
    }
    let uri: http::Uri = match text.parse() {
        Ok(uri) => uri,
        Err(_) => return Some("This is not a URL.".to_owned()),
    };
    match uri.scheme_str() {
        Some("http" | "https") => {}
        Some(other) => return Some(format!("The scheme must be http or https, not `{other}`.")),
        None => return Some("The URL must begin with http:// or https://.".to_owned()),
    }
    let authority = uri.authority()?;
    if authority.as_str().contains('@') {
        return Some("The URL must not contain a user name or password.".to_owned());
    }
    if uri.host().is_none_or(str::is_empty) {
        return Some("The URL has no host.".to_owned());
    }
    let port = authority.as_str().strip_prefix(uri.host().unwrap_or(""));
    if port.is_some_and(|port| !port.is_empty()) && uri.port_u16().is_none_or(|port| port == 0) {
        return Some("The port must be a number from 1 to 65535.".to_owned());
    }
    text.contains('#')
        .then(|| "The URL must not contain a fragment (`#`).".to_owned())
}

#[cfg(test)]
mod tests {
    use super::fault;

    #[test]
    fn only_absolute_http_urls_without_credentials_are_taken() {
        for good in [
            "https://a.test",
            "http://127.0.0.1:8080/base?x=1",
            "https://[::1]:9/",
        ] {
            assert_eq!(fault(good), None, "{good}");
        }
        for bad in [
            "a.test",
            "ftp://a",
            "https://",
            "https://u:p@a",
            "https://a:x",
            "https://a:0",
            "https://a:70000",
            "https://a b",
            "https://{{x}}",
            "//a/b",
            "https://a/#f",
        ] {
            assert!(fault(bad).is_some(), "{bad}");
        }
    }
}
