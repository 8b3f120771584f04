//! APIs and operations: linked with the policies of their scopes.

use std::collections::BTreeSet;
use std::sync::Arc;

use gateway_policy::context;
use gateway_policy::program::Program;

use super::policies::PolicyTable;
use super::products::Memberships;
use super::scopes::Scopes;
use super::{Compilation, documented};
use crate::resource::api::{Api, Operation};
use crate::resource::{Body, Kind, ResourcePath};
use crate::route::{RouteTable, RoutedApi, RoutedOperation, Template};
use crate::upstream::{BackendUrl, Upstream, UpstreamTls};

impl Compilation<'_> {
    pub(super) fn routes(&mut self, policies: &PolicyTable) -> (RouteTable, Arc<Program>) {
        let global_path = ResourcePath::new(Kind::GlobalPolicy, &["policy"]);
        let global = Scopes::global(global_path.as_ref(), policies);
        let relink_all = self.previous.is_none_or(|previous| {
            let artefact = |table: &PolicyTable| {
                global_path
                    .as_ref()
                    .and_then(|p| table.get(p))
                    .map(Arc::as_ptr)
            };
            artefact(&previous.policies) != artefact(policies)
                || (self.touches(Kind::Service) && self.dirty.contains(&ResourcePath::service()))
        });
        let mut table = match self.previous {
            Some(previous) if !relink_all => previous.routes.clone(),
            _ => RouteTable::default(),
        };
        let names = if relink_all {
            self.resources
                .iter_kind(Kind::Api)
                .map(|path| lower(&path.name()))
                .collect()
        } else {
            self.stale_apis(policies)
        };
        let memberships = if names.is_empty() {
            Memberships::new()
        } else {
            self.memberships()
        };
        for name in &names {
            if let Some(path) = ResourcePath::new(Kind::Api, &[name])
                && let Some(Body::Api(old)) = self.before.get(&path).map(|r| &*r.body)
            {
                table.remove(&old.path);
            }
        }
        for name in names {
            let Some(path) = ResourcePath::new(Kind::Api, &[&name]) else {
                continue;
            };
            let Some(resource) = self.resources.get(&path) else {
                continue;
            };
            let Body::Api(api) = &*resource.body else {
                continue;
            };
            if let Some(other) = table
                .get(&api.path)
                .filter(|other| lower(&other.context.id) != name)
            {
                let message = format!(
                    "API `{}` has the path `{}` already",
                    other.context.id, api.path
                );
                self.problem(&resource.path, "path", message);
                continue;
            }
            let products = memberships.get(&name).map(Vec::as_slice);
            let products = products.unwrap_or_default();
            let routed = self.api(&resource.path, api, products, &global, policies);
            table.insert(Arc::new(routed));
        }
        (table, global.link_own())
    }

    /// Names of APIs whose own resources, operations or compiled policies changed.
    fn stale_apis(&self, policies: &PolicyTable) -> BTreeSet<Arc<str>> {
        let of_api = [
            Kind::Api,
            Kind::Operation,
            Kind::ApiPolicy,
            Kind::OperationPolicy,
        ];
        let name = |path: &ResourcePath| path.ids().first().map(|id| lower(id));
        let mut stale: BTreeSet<Arc<str>> = self
            .dirty
            .iter()
            .filter(|path| of_api.contains(&path.kind()))
            .filter_map(name)
            .collect();
        let mut products: BTreeSet<Arc<str>> = BTreeSet::new();
        for path in self.dirty {
            match path.kind() {
                Kind::ProductApi => {
                    stale.insert(lower(&path.name()));
                }
                Kind::Product => products.extend(name(path)),
                _ => {}
            }
        }
        if let Some(previous) = self.previous {
            for difference in previous.policies.diff(policies) {
                let path = match difference {
                    imbl::ordmap::DiffItem::Add(path, _)
                    | imbl::ordmap::DiffItem::Remove(path, _) => path,
                    imbl::ordmap::DiffItem::Update { old: (path, _), .. } => path,
                };
                match path.kind() {
                    Kind::GlobalPolicy => {}
                    Kind::ProductPolicy => products.extend(name(path)),
                    _ => stale.extend(name(path)),
                }
            }
        }
        for product in products {
            stale.extend(self.apis_in(&product));
        }
        stale
    }

    fn api(
        &mut self,
        path: &ResourcePath,
        api: &Api,
        products: &[ResourcePath],
        global: &Scopes,
        policies: &PolicyTable,
    ) -> RoutedApi {
        let policy_path = path
            .ids()
            .first()
            .and_then(|id| ResourcePath::new(Kind::ApiPolicy, &[id, "policy"]));
        let products = self.products(path, products);
        let above = products.iter().fold(global.clone(), |scopes, product| {
            let id = &product.context.id;
            match ResourcePath::new(Kind::ProductPolicy, &[id, "policy"]) {
                Some(at) => scopes.with_product(id, &at, policies),
                None => scopes,
            }
        });
        let own = above.below(policy_path.as_ref(), policies);
        let mut operations: Vec<Arc<RoutedOperation>> = Vec::new();
        for resource in self.resources.list(Kind::Operation, Some(path)) {
            let Body::Operation(operation) = &*resource.body else {
                continue;
            };
            if let Some(routed) = self.operation(&resource.path, operation, &own, policies) {
                operations.push(Arc::new(routed));
            }
        }
        operations.sort_by(|a, b| {
            let any_method = |o: &RoutedOperation| &*o.context.method == "*";
            a.template
                .precedence(&b.template)
                .then(any_method(a).cmp(&any_method(b)))
        });
        let url = self.service_url(path, api);
        let key_header = api
            .key_header
            .parse()
            .unwrap_or_else(|_| http::HeaderName::from_static("ocp-apim-subscription-key"));
        RoutedApi {
            context: Arc::new(context::Api {
                id: path.name(),
                name: Arc::clone(&api.display_name),
                path: Arc::clone(&api.path),
                revision: Arc::clone(&api.revision),
                version: Arc::clone(&api.version),
                service_url: url.as_ref().map(BackendUrl::to_policy_url),
                protocols: api.protocols.clone(),
                key_header: Arc::clone(&api.key_header),
                key_query: Arc::clone(&api.key_query),
            }),
            service: url.map(|url| Arc::new(self.service_upstream(url))),
            subscription_required: api.subscription_required,
            key_header,
            key_query: Arc::clone(&api.key_query),
            operations: operations.into(),
            products,
            programs: own.link(),
        }
    }

    fn operation(
        &mut self,
        path: &ResourcePath,
        operation: &Operation,
        api: &Scopes,
        policies: &PolicyTable,
    ) -> Option<RoutedOperation> {
        let template = match Template::parse(&operation.url_template) {
            Ok(template) => template,
            Err(error) => {
                self.problem(path, "urlTemplate", error.to_string());
                return None;
            }
        };
        let ids: Vec<&str> = path
            .ids()
            .iter()
            .map(|id| &**id)
            .chain(["policy"])
            .collect();
        let own = api.below(
            ResourcePath::new(Kind::OperationPolicy, &ids).as_ref(),
            policies,
        );
        Some(RoutedOperation {
            context: Arc::new(context::Operation {
                id: path.name(),
                name: Arc::clone(&operation.display_name),
                method: Arc::clone(&operation.method),
                url_template: Arc::clone(&operation.url_template),
                template_parameters: documented::template_parameters(&operation.properties),
                request: documented::request(&operation.properties),
                responses: documented::responses(&operation.properties),
            }),
            template,
            programs: own.link(),
        })
    }

    fn service_url(&mut self, path: &ResourcePath, api: &Api) -> Option<BackendUrl> {
        let text = api.service_url.as_deref().filter(|url| !url.is_empty())?;
        match BackendUrl::parse(text) {
            Ok(url) => Some(url),
            Err(reason) => {
                self.problem(path, "serviceUrl", format!("`{text}`: {reason}"));
                None
            }
        }
    }

    fn service_upstream(&self, url: BackendUrl) -> Upstream {
        let tls = url
            .is_tls
            .then(|| Arc::new(UpstreamTls::new(self.backend_roots(), true, true, None)));
        Upstream {
            backend_id: None,
            host: url.host,
            port: url.port,
            base_path: url.path,
            base_query: url.query,
            headers: Vec::new(),
            query: Vec::new(),
            tls,
        }
    }
}

fn lower(name: &str) -> Arc<str> {
    Arc::from(name.to_ascii_lowercase())
}
