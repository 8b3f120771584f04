//! Which documents apply to an API or operation, outermost first: global, product, API, operation.
//! The product's takes part only in requests that come through the product, so that there is one
//! program without any, and one for each product that has a document.

use std::sync::Arc;

use gateway_policy::program::{self, Program, ScopeProgram};

use super::policies::PolicyTable;
use crate::resource::ResourcePath;
use crate::route::Programs;

/// The documents of scopes on top of each other, or why what is below is closed.
type Stack = Result<Vec<Arc<ScopeProgram>>, Arc<str>>;

/// The stacks above or at something.
#[derive(Debug, Clone)]
pub(super) struct Scopes {
    own: Stack,
    /// By product id.
    by_product: Vec<(Arc<str>, Stack)>,
}

impl Scopes {
    /// The global scope, whose document is at `path`.
    pub(super) fn global(path: Option<&ResourcePath>, policies: &PolicyTable) -> Self {
        Self {
            own: with(Ok(Vec::new()), path, policies),
            by_product: Vec::new(),
        }
    }

    /// The same with a stack for the product `id`, if it has a document at `path`.
    pub(super) fn with_product(
        mut self,
        id: &Arc<str>,
        path: &ResourcePath,
        policies: &PolicyTable,
    ) -> Self {
        if policies.contains_key(path) {
            let stack = with(self.own.clone(), Some(path), policies);
            self.by_product.push((Arc::clone(id), stack));
        }
        self
    }

    /// The scopes of something below that may have a document of its own at `path`.
    pub(super) fn below(&self, path: Option<&ResourcePath>, policies: &PolicyTable) -> Self {
        let by_product = self.by_product.iter().map(|(id, stack)| {
            let stack = with(stack.clone(), path, policies);
            (Arc::clone(id), stack)
        });
        Self {
            own: with(self.own.clone(), path, policies),
            by_product: by_product.collect(),
        }
    }

    pub(super) fn link(self) -> Programs {
        let link = |stack: Stack| stack.map(|stack| program::link(&stack));
        Programs::new(
            link(self.own),
            self.by_product
                .into_iter()
                .map(|(id, stack)| (id, link(stack)))
                .collect(),
        )
    }

    /// The program of requests that match nothing below; empty if there is none, because what is
    /// below is closed anyway.
    pub(super) fn link_own(self) -> Arc<Program> {
        program::link(&self.own.unwrap_or_default())
    }
}

fn with(above: Stack, path: Option<&ResourcePath>, policies: &PolicyTable) -> Stack {
    let mut stack = above?;
    if let Some(artefact) = path.and_then(|path| policies.get(path)) {
        stack.push(artefact.program.clone()?);
    }
    Ok(stack)
}
