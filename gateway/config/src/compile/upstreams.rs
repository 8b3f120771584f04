//! Backends: URL, credentials, client certificate.

use std::sync::Arc;

use gateway_tls::key_material::KeyMaterial;

use super::Compilation;
use crate::material::CertificateTable;
use crate::resource::backend::Backend;
use crate::resource::{Body, Kind, ResourcePath};
use crate::resources::Reference;
use crate::upstream::{BackendTable, BackendUrl, Upstream, UpstreamTls};

impl Compilation<'_> {
    pub(super) fn backends(&mut self, certificates: &CertificateTable) -> BackendTable {
        let all = self.touches(Kind::Service) || self.touches(Kind::Certificate);
        let mut table = match self.previous {
            Some(previous) if !all => previous.backends.clone(),
            _ => BackendTable::new(),
        };
        let paths: Vec<ResourcePath> = if all {
            self.resources.iter_kind(Kind::Backend).cloned().collect()
        } else {
            self.to_compile(Kind::Backend)
        };
        for path in paths {
            let key: Arc<str> = Arc::from(path.name().to_ascii_lowercase());
            let Some(body) = self.resources.body(&path).cloned() else {
                table.remove(&key);
                continue;
            };
            let Body::Backend(backend) = &*body else {
                continue;
            };
            if let Some(upstream) = self.backend(&path, backend, certificates) {
                table.insert(key, Arc::new(upstream));
            } else {
                table.remove(&key);
            }
        }
        table
    }

    fn backend(
        &mut self,
        path: &ResourcePath,
        backend: &Backend,
        certificates: &CertificateTable,
    ) -> Option<Upstream> {
        let client = self.client_certificate(path, backend, certificates)?;
        let url = match BackendUrl::parse(&backend.url) {
            Ok(url) => url,
            Err(reason) => {
                self.problem(path, "url", format!("`{}`: {reason}", backend.url));
                return None;
            }
        };
        let tls = url.is_tls.then(|| {
            Arc::new(UpstreamTls::new(
                self.backend_roots(),
                backend.validate_chain,
                backend.validate_name,
                client,
            ))
        });
        let mut headers = Vec::new();
        let mut names: Vec<(&str, String)> = Vec::new();
        for (name, values) in &backend.headers {
            names.extend(values.iter().map(|value| (&**name, value.to_string())));
        }
        if let Some((scheme, parameter)) = &backend.authorization {
            names.push(("authorization", format!("{scheme} {parameter}")));
        }
        for (name, value) in names {
            let parsed = name
                .parse::<http::HeaderName>()
                .ok()
                .zip(http::HeaderValue::from_str(&value).ok());
            match parsed {
                Some((name, mut value)) => {
                    value.set_sensitive(true);
                    headers.push((name, value));
                }
                None => {
                    self.problem(
                        path,
                        "credentials",
                        format!("header `{name}` or its value is not a valid HTTP header"),
                    );
                    return None;
                }
            }
        }
        let encode = |text: &str| {
            let encoded =
                percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC);
            Arc::from(encoded.to_string())
        };
        let query = backend
            .query
            .iter()
            .flat_map(|(name, values)| {
                values
                    .iter()
                    .map(move |value| (encode(name), encode(value)))
            })
            .collect();
        Some(Upstream {
            backend_id: Some(path.name()),
            host: url.host,
            port: url.port,
            base_path: url.path,
            base_query: url.query,
            headers,
            query,
            tls,
        })
    }

    /// The key pair that a backend's credentials name; the outer `None` if one is missing.
    ///
    /// The contract takes ids in `certificateIds` and thumbprints in `certificate`; an entry of
    /// `certificate` that is a resource name is taken as one. Of several, the first with a key is
    /// presented.
    #[expect(
        clippy::option_option,
        reason = "missing certificate against none asked for"
    )]
    fn client_certificate(
        &mut self,
        path: &ResourcePath,
        backend: &Backend,
        certificates: &CertificateTable,
    ) -> Option<Option<Arc<KeyMaterial>>> {
        let named = backend
            .certificate_ids
            .iter()
            .map(|id| (id, certificates.by_id(id), "certificateIds"));
        let pinned = backend
            .certificate_thumbprints
            .iter()
            .map(|t| (t, certificates.by_thumbprint(t), "certificate"));
        let wanted: Vec<_> = named.chain(pinned).collect();
        let mut references = Vec::new();
        let mut material = None;
        let mut missing = false;
        for (name, found, target) in &wanted {
            let Some(found) = found else {
                let message = format!("certificate `{name}` does not exist");
                self.problem(path, &format!("credentials.{target}"), message);
                // Kept as a reference: deleting it is refused as "in use", not as this backend's fault.
                references.push(Reference::Certificate(self.name_before(name)));
                missing = true;
                continue;
            };
            references.push(Reference::Certificate(Arc::from(
                found.id.to_ascii_lowercase(),
            )));
            material = material.or_else(|| found.material.clone());
        }
        self.resources.set_references(path, references);
        if missing {
            return None;
        }
        if material.is_none()
            && let Some((name, ..)) = wanted.first()
        {
            self.problem(
                path,
                "credentials",
                format!("certificate `{name}` was uploaded without its private key"),
            );
            return None;
        }
        Some(material)
    }

    /// The resource name, in lower case, of a removed certificate that was named by id or thumbprint.
    fn name_before(&self, named: &str) -> Arc<str> {
        let removed = self.before.values().find(|resource| {
            matches!(&*resource.body, Body::Certificate(certificate)
                if certificate.facts.thumbprint().eq_ignore_ascii_case(named))
        });
        let name = removed.map_or_else(|| Arc::from(named), |resource| resource.path.name());
        Arc::from(name.to_ascii_lowercase())
    }
}
