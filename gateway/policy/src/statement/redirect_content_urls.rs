//! `redirect-content-urls`: links to the backend in a response become links to the gateway; in a
//! request the other way around. Headers stay as they are.

use crate::context::{Request, Url};
use crate::document::Element;
use crate::execution::{Flow, Outcome, Run, Target, threw};
use crate::program::{Compiler, Section};

use super::find_and_replace::{find, splice};
use super::{Kind, Policy, Statement, whole_body};

pub(super) const POLICY: Policy = Policy {
    name: "redirect-content-urls",
    sections: &[Section::Inbound, Section::Outbound],
    kind: Kind::Statement(compile),
};

struct RedirectContentUrls;

fn compile(element: &Element, compiler: &mut Compiler<'_>) -> Option<Box<dyn Statement>> {
    compiler.check_attributes(element, &[]);
    compiler.check_empty(element);
    whole_body::need(compiler);
    Some(Box::new(RedirectContentUrls))
}

impl Statement for RedirectContentUrls {
    fn execute(&self, run: &mut Run<'_>) -> Outcome<Flow> {
        let backend = match &run.state.target {
            Target::BaseUrl(url) => Some(url),
            _ => run
                .context
                .api
                .as_ref()
                .and_then(|api| api.service_url.as_ref()),
        };
        let Some(backend) = backend.map(|url| base(url, &url.path)) else {
            return Ok(Flow::Next);
        };
        let prefix = run.context.api.as_ref().map_or("", |api| &*api.path);
        let gateway = gateway(&run.context.request, prefix);
        let (from, to) = match run.section {
            Section::Inbound | Section::Backend => (gateway, backend),
            Section::Outbound | Section::OnError => (backend, gateway),
        };
        let Some(body) = whole_body::read(run)? else {
            return Ok(Flow::Next);
        };
        let mut places = find(&body, from.as_bytes());
        places.retain(|at| ends(body.get(at + from.len()..).unwrap_or(&[])));
        if places.is_empty() {
            return Ok(Flow::Next);
        }
        let grown = body
            .len()
            .saturating_add(places.len().saturating_mul(to.len()));
        run.budget().allocate(grown).map_err(threw)?;
        let content = splice(&body, &places, from.len(), to.as_bytes());
        whole_body::replace(run, content, None);
        Ok(Flow::Next)
    }
}

/// The URL of the API as the client sees it.
fn gateway(request: &Request, prefix: &str) -> String {
    base(&request.original_url, prefix)
}

/// Scheme, host, port if it is not the scheme's own, and path without a slash at its end.
fn base(url: &Url, path: &str) -> String {
    let own = if &*url.scheme == "https" { 443 } else { 80 };
    let host = if url.host.contains(':') {
        format!("[{}]", url.host)
    } else {
        url.host.to_string()
    };
    let mut text = format!("{}://{host}", url.scheme);
    if url.port != own {
        text.push_str(&format!(":{}", url.port));
    }
    let path = path.trim_matches('/');
    if !path.is_empty() {
        text.push('/');
        text.push_str(path);
    }
    text
}

/// Whether a URL's host or last segment ends here: `http://backend` is not the beginning of
/// `http://backend.example.com`.
fn ends(rest: &[u8]) -> bool {
    match rest {
        [] => true,
        [b'.', next, ..] => !next.is_ascii_alphanumeric(),
        [b'.'] => true,
        [next, ..] => {
            !(next.is_ascii_alphanumeric()
                || matches!(next, b'-' | b'_' | b'~' | b'%' | b':' | b'@')
                || !next.is_ascii())
        }
    }
}
