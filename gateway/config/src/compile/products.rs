//! Products: which APIs are in them, and what of them a request consults.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use gateway_policy::context;

use super::Compilation;
use crate::resource::{Body, Kind, ResourcePath};
use crate::route::RoutedProduct;

/// The products of each API, by the API's lower-case name.
pub(super) type Memberships = BTreeMap<Arc<str>, Vec<ResourcePath>>;

impl Compilation<'_> {
    pub(super) fn memberships(&self) -> Memberships {
        let mut memberships = Memberships::new();
        for link in self.resources.iter_kind(Kind::ProductApi) {
            if let Some(product) = link.parent() {
                let api = Arc::from(link.name().to_ascii_lowercase());
                memberships.entry(api).or_default().push(product);
            }
        }
        memberships
    }

    /// APIs, lower case, that are in the product called `product`.
    pub(super) fn apis_in(&self, product: &str) -> BTreeSet<Arc<str>> {
        let Some(path) = ResourcePath::new(Kind::Product, &[product]) else {
            return BTreeSet::new();
        };
        self.resources
            .children(&path)
            .iter()
            .filter(|child| child.kind() == Kind::ProductApi)
            .map(|link| Arc::from(link.name().to_ascii_lowercase()))
            .collect()
    }

    /// The products at `paths` for the API at `api`. At most one of them may be open: a request
    /// without a key would belong to several.
    pub(super) fn products(
        &mut self,
        api: &ResourcePath,
        paths: &[ResourcePath],
    ) -> Arc<[RoutedProduct]> {
        let mut routed: Vec<RoutedProduct> = Vec::with_capacity(paths.len());
        for path in paths {
            if let Some(resource) = self.resources.get(path)
                && let Body::Product(product) = &*resource.body
            {
                routed.push(RoutedProduct {
                    context: Arc::new(context::Product {
                        id: resource.path.name(),
                        name: Arc::clone(&product.display_name),
                        is_published: product.is_published,
                        approval_required: product.approval_required,
                        subscription_required: product.subscription_required,
                        subscriptions_limit: product.subscriptions_limit,
                    }),
                    is_open: product.is_published && !product.subscription_required,
                });
            }
        }
        let open: Vec<Arc<str>> = routed
            .iter()
            .filter(|product| product.is_open)
            .map(|product| Arc::clone(&product.context.id))
            .collect();
        if open.len() > 1 {
            let message = format!(
                "API `{}` would be in several open products ({}): it can be in one that demands no subscription.",
                api.name(),
                open.join(", ")
            );
            let culprit = self.culprit(api, &open);
            self.problem(&culprit, "", message);
            // At start-up: closed to whoever brings no key.
            for product in &mut routed {
                product.is_open = false;
            }
        }
        routed.into()
    }

    /// What the change did to make `api` a member of all of `products`.
    fn culprit(&self, api: &ResourcePath, products: &[Arc<str>]) -> ResourcePath {
        let name = api.name();
        let links = products
            .iter()
            .filter_map(|id| ResourcePath::new(Kind::ProductApi, &[id, &name]));
        let own = products
            .iter()
            .filter_map(|id| ResourcePath::new(Kind::Product, &[id]));
        links
            .chain(own)
            .find(|path| self.dirty.contains(path))
            .unwrap_or_else(|| api.clone())
    }
}
